/* doc/schema_run_value.c - checks of scalars, and of how many there are. */
#include <string.h>

#include "base/error.h"
#include "base/pattern.h"
#include "base/text.h"
#include "doc/number.h"
#include "doc/schema_format.h"
#include "doc/schema_report.h"
#include "doc/schema_run.h"

/* In a step. */
#define DIGITS_READ    4
#define DIGITS_DIVIDED 1
#define BYTES_COMPARED 64

#define SEARCH_STEPS 24 /* of a search, besides its own */

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
	if (check->node->kind == NODE_DECIMAL &&
	    !run_bytes(check->run, check->node->length, DIGITS_READ))
		return false;
	if ((run_type_of(check->node) & check->subschema->types) != 0)
		return true;
	return report_types(check, check->subschema->types);
}

static bool numbers_equal(const struct image_string *constant, const struct node *node)
{
	struct number left;
	struct number right;
	number_read(&left, constant->text, constant->length);
	number_read(&right, node->text, node->length);
	return number_compare(&left, &right) == NUMBER_EQUAL;
}

static bool is_number(unsigned int kind)
{
	return kind == NODE_INTEGER || kind == NODE_DECIMAL;
}

/* Recursion is as deep as the document. False, too, when the run failed. */
static bool value_equal(struct run *run, uint32_t offset, const struct node *node)
{
	const struct schema *schema = run->schema;
	const struct image_value *value = image_at(schema, offset);
	const struct image_string *text = image_at(schema, value->data);
	const struct image_list *list = image_at(schema, value->data);
	if (is_number(value->kind) && is_number(node->kind))
		return run_bytes(run, (uint64_t)text->length + node->length,
				 DIGITS_READ) &&
		       numbers_equal(text, node);
	if (value->kind != node->kind)
		return false;
	switch ((enum node_kind)value->kind) {
	case NODE_NULL:
		return true;
	case NODE_BOOLEAN:
		return (value->truth != 0) == node_boolean(node);
	case NODE_STRING:
		return text->length == node->length &&
		       run_bytes(run, text->length, BYTES_COMPARED) &&
		       memcmp(text->text, node->text, text->length) == 0;
	case NODE_SEQUENCE:
		if (list->count != node->length)
			return false;
		for (uint32_t i = 0; i < list->count; i++)
			if (!value_equal(run, list->items[i], &node->items[i]))
				return false;
		return true;
	case NODE_MAPPING:
		if (list->count != 2 * (uint64_t)node->length)
			return false;
		for (uint32_t i = 0; i < list->count; i += 2) {
			const struct image_string *key =
				image_at(schema, list->items[i]);
			const struct node *other =
				node_get_bytes(node, key->text, key->length);
			if (other == NULL ||
			    !value_equal(run, list->items[i + 1], other))
				return false;
		}
		return true;
	case NODE_UNKNOWN:
	case NODE_INTEGER:
	case NODE_DECIMAL:
		break;
	}
	return false;
}

bool run_equals(struct run *run, uint32_t constant, const struct node *node)
{
	return value_equal(run, constant, node);
}

bool check_constants(const struct check *check)
{
	const struct image_list *list = check_at(check, check->operation->a);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct image_value *value = check_at(check, list->items[i]);
		if (!run_steps(check->run, value->weight))
			return false;
		if (value_equal(check->run, list->items[i], check->node))
			return true;
	}
	return check->run->failure == 0 && report_constants(check);
}

/* A short decimal integer, without number_read(). */
static bool read_short(const struct node *node, int64_t *out)
{
	uint32_t at = node->length > 0 && node->text[0] == '-';
	int64_t value = 0;
	if (node->kind != NODE_INTEGER || node->length > 18 || at == node->length)
		return false;
	for (uint32_t i = at; i < node->length; i++) {
		if (node->text[i] < '0' || node->text[i] > '9')
			return false;
		value = value * 10 + (node->text[i] - '0');
	}
	*out = at > 0 ? -value : value;
	return true;
}

static enum number_order compare(const struct image_bound *bound,
				 const struct image_string *text,
				 const struct node *node)
{
	int64_t value;
	if (bound->fits != 0 && read_short(node, &value))
		return value < bound->value    ? NUMBER_LESS
		       : value == bound->value ? NUMBER_EQUAL
					       : NUMBER_GREATER;
	struct number number;
	struct number other;
	number_read(&number, node->text, node->length);
	number_read(&other, text->text, text->length);
	return number_compare(&number, &other);
}

static bool is_multiple(const struct image_string *text, const struct node *node)
{
	struct number number;
	struct number divisor;
	number_read(&number, node->text, node->length);
	number_read(&divisor, text->text, text->length);
	return number_is_multiple(&number, &divisor);
}

bool check_bound(const struct check *check)
{
	enum operation_kind kind = (enum operation_kind)check->operation->kind;
	if (!is_number(check->node->kind))
		return true;
	const struct image_bound *bound = check_at(check, check->operation->a);
	const struct image_string *text = check_at(check, bound->text);
	uint64_t digits = (uint64_t)text->length + check->node->length;
	bool divides = kind == OPERATION_MULTIPLE_OF;
	bool valid;
	if (!run_bytes(check->run, digits, divides ? DIGITS_DIVIDED : DIGITS_READ))
		return false;
	if (divides) {
		valid = is_multiple(text, check->node);
	} else {
		enum number_order order = compare(bound, text, check->node);
		bool minimum = kind == OPERATION_MINIMUM ||
			       kind == OPERATION_EXCLUSIVE_MINIMUM;
		bool inclusive = kind == OPERATION_MINIMUM || kind == OPERATION_MAXIMUM;
		valid = order == (minimum ? NUMBER_GREATER : NUMBER_LESS) ||
			(inclusive && order == NUMBER_EQUAL);
	}
	return valid || report_bound(check);
}

bool check_length(const struct check *check)
{
	const struct node *node = check->node;
	uint64_t count = check_count_of(check);
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
	enum operation_kind kind = (enum operation_kind)check->operation->kind;
	uint64_t wanted = check_count_of(check);
	bool items = kind == OPERATION_MIN_ITEMS || kind == OPERATION_MAX_ITEMS;
	bool minimum = kind == OPERATION_MIN_ITEMS || kind == OPERATION_MIN_PROPERTIES;
	if (check->node->kind != (items ? NODE_SEQUENCE : NODE_MAPPING))
		return true;
	uint64_t count = node_count(check->node);
	if (minimum ? count >= wanted : count <= wanted)
		return true;
	return report_count(check, count, items ? "item" : "property",
			    items ? "items" : "properties");
}

int run_search(struct run *run, uint32_t pattern, const struct node *text)
{
	uint64_t steps = SEARCH_STEPS;
	int found = pattern_search_counted(run->schema->patterns[pattern], text->text,
					   text->length, &steps, run->err);
	if (found < 0)
		run_fail(run, found);
	return run_steps(run, steps) ? found : -1;
}

bool check_pattern(const struct check *check)
{
	if (check->node->kind != NODE_STRING)
		return true;
	int found = run_search(check->run, check->operation->a, check->node);
	if (found < 0)
		return false;
	return found == 1 || report_pattern(check);
}

bool check_format(const struct check *check)
{
	const struct node *node = check->node;
	if (node->kind != NODE_STRING)
		return true;
	if (!run_steps(check->run, node->length / 8))
		return false;
	int matches = format_matches((enum schema_format)check->operation->a,
				     node->text, node->length, check->run->err);
	if (matches < 0)
		return run_fail(check->run, matches);
	return matches == 1 || report_format(check);
}
