/* doc/schema_run_value.c - checks of scalars, and of how many there are. */
#include <string.h>

#include "base/error.h"
#include "base/pattern.h"
#include "base/text.h"
#include "doc/schema_report.h"
#include "doc/schema_run.h"

/* All bits of types that a value has. */
unsigned int run_type_of(const struct node *node)
{
	switch ((enum node_kind)node->kind) {
	case NODE_UNKNOWN:
		break;
	case NODE_NULL:
		return TYPE_NULL;
	case NODE_BOOLEAN:
		return TYPE_BOOLEAN;
	case NODE_INTEGER:
		return TYPE_INTEGER | TYPE_NUMBER | TYPE_INTEGER_BY_TEXT;
	case NODE_DECIMAL: {
		struct number number;
		number_read(&number, node->text, node->length);
		return number_is_integral(&number) ? TYPE_NUMBER | TYPE_INTEGER
						   : TYPE_NUMBER;
	}
	case NODE_STRING:
		return TYPE_STRING;
	case NODE_SEQUENCE:
		return TYPE_ARRAY;
	case NODE_MAPPING:
		return TYPE_OBJECT;
	}
	return 0;
}

bool check_type(const struct check *check)
{
	if ((run_type_of(check->node) & check->operation->types) != 0)
		return true;
	return report_type(check);
}

bool check_constants(const struct check *check)
{
	const struct constants *constants = check->operation->constants;
	for (uint32_t i = 0; i < constants->count; i++) {
		if (!run_steps(check->run, constants->nodes[i]->weight))
			return false;
		if (node_equal(constants->nodes[i], check->node))
			return true;
	}
	return report_constants(check);
}

bool check_bound(const struct check *check)
{
	const struct operation *operation = check->operation;
	if (check->node->kind != NODE_INTEGER && check->node->kind != NODE_DECIMAL)
		return true;
	struct number number;
	number_read(&number, check->node->text, check->node->length);
	const struct number *bound = &operation->bound->number;
	bool valid;
	if (operation->kind == OPERATION_MULTIPLE_OF) {
		valid = number_is_multiple(&number, bound);
	} else {
		enum number_order order = number_compare(&number, bound);
		bool minimum = operation->kind == OPERATION_MINIMUM ||
			       operation->kind == OPERATION_EXCLUSIVE_MINIMUM;
		bool inclusive = operation->kind == OPERATION_MINIMUM ||
				 operation->kind == OPERATION_MAXIMUM;
		valid = order == (minimum ? NUMBER_GREATER : NUMBER_LESS) ||
			(inclusive && order == NUMBER_EQUAL);
	}
	return valid || report_bound(check);
}

bool check_length(const struct check *check)
{
	const struct node *node = check->node;
	uint64_t count = check->operation->count;
	if (node->kind != NODE_STRING)
		return true;
	bool minimum = check->operation->kind == OPERATION_MIN_LENGTH;
	/* A character has 1 to 4 bytes. */
	if (minimum ? node->length / 4 >= count : node->length <= count)
		return true;
	if (!run_steps(check->run, node->length / 64))
		return false;
	uint64_t length = text_utf8_count(node->text, node->length);
	if (minimum ? length >= count : length <= count)
		return true;
	return report_count(check, length, "character", "characters");
}

bool check_count(const struct check *check)
{
	enum operation_kind kind = check->operation->kind;
	bool items = kind == OPERATION_MIN_ITEMS || kind == OPERATION_MAX_ITEMS;
	bool minimum = kind == OPERATION_MIN_ITEMS || kind == OPERATION_MIN_PROPERTIES;
	if (check->node->kind != (items ? NODE_SEQUENCE : NODE_MAPPING))
		return true;
	uint64_t count = node_count(check->node);
	if (minimum ? count >= check->operation->count
		    : count <= check->operation->count)
		return true;
	return report_count(check, count, items ? "item" : "property",
			    items ? "items" : "properties");
}

bool check_pattern(const struct check *check)
{
	const struct node *node = check->node;
	if (node->kind != NODE_STRING)
		return true;
	if (!run_steps(check->run, 8 + node->length / 16))
		return false;
	int found = pattern_search(check->operation->pattern->pattern, node->text,
				   node->length, check->run->err);
	if (found < 0)
		return run_fail(check->run, found);
	return found == 1 || report_pattern(check);
}

bool check_format(const struct check *check)
{
	const struct node *node = check->node;
	if (node->kind != NODE_STRING)
		return true;
	if (!run_steps(check->run, node->length / 16))
		return false;
	int matches = format_matches(check->operation->format, node->text, node->length,
				     check->run->err);
	if (matches < 0)
		return run_fail(check->run, matches);
	return matches == 1 || report_format(check);
}
