/* base/pattern_program.c - trees to programs, and characters to classes. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/pattern_parts.h"
#include "base/text.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define ASCII_END   128u

/* --- programs --- */

struct emitter {
	struct arena *arena;
	struct instruction *instructions;
	size_t count;
	size_t capacity;
	struct leaf *leaves;
	size_t leaf_count;
	size_t leaf_capacity;
	bool back;
	int failure;
};

static uint32_t emit(struct emitter *emitter, enum instruction_kind kind,
		     uint32_t value)
{
	if (emitter->failure != 0)
		return 0;
	struct instruction *instruction =
		ARENA_PUSH(emitter->arena, &emitter->instructions, &emitter->count,
			   &emitter->capacity);
	if (instruction == NULL) {
		emitter->failure = ERROR_MEMORY;
		return 0;
	}
	*instruction = (struct instruction){ kind, value };
	return (uint32_t)emitter->count - 1;
}

/* A jump or split that was made before goes to what comes next. */
static void land(struct emitter *emitter, uint32_t at)
{
	if (emitter->failure == 0)
		emitter->instructions[at].value = (uint32_t)emitter->count;
}

static void emit_leaf(struct emitter *emitter, uint32_t set)
{
	struct leaf *leaf = ARENA_PUSH(emitter->arena, &emitter->leaves,
				       &emitter->leaf_count, &emitter->leaf_capacity);
	if (leaf == NULL) {
		emitter->failure = ERROR_MEMORY;
		return;
	}
	leaf->set = set;
	leaf->at = emit(emitter, INSTRUCTION_LEAF, (uint32_t)emitter->leaf_count - 1);
}

static void emit_tree(struct emitter *emitter, const struct tree *tree);

static void emit_choice(struct emitter *emitter, const struct tree *choice)
{
	uint32_t jump = UINT32_MAX; /* the last one; each names the one before */
	for (const struct tree *t = choice->first; t != NULL; t = t->next) {
		if (t->next == NULL) {
			emit_tree(emitter, t);
			break;
		}
		uint32_t split = emit(emitter, INSTRUCTION_SPLIT, 0);
		emit_tree(emitter, t);
		jump = emit(emitter, INSTRUCTION_JUMP, jump);
		land(emitter, split);
	}
	while (emitter->failure == 0 && jump != UINT32_MAX) {
		uint32_t before = emitter->instructions[jump].value;
		land(emitter, jump);
		jump = before;
	}
}

/* What may be there, but need not, up to so many times; each can end the whole. */
static void emit_optional(struct emitter *emitter, const struct tree *item,
			  uint32_t times)
{
	uint32_t split = UINT32_MAX;
	for (uint32_t i = 0; i < times && emitter->failure == 0; i++) {
		split = emit(emitter, INSTRUCTION_SPLIT, split);
		emit_tree(emitter, item);
	}
	while (emitter->failure == 0 && split != UINT32_MAX) {
		uint32_t before = emitter->instructions[split].value;
		land(emitter, split);
		split = before;
	}
}

static void emit_repeat(struct emitter *emitter, const struct tree *repeat)
{
	for (uint32_t i = 0; i < repeat->minimum && emitter->failure == 0; i++)
		emit_tree(emitter, repeat->first);
	if (repeat->maximum != REPEAT_FOREVER) {
		emit_optional(emitter, repeat->first,
			      repeat->maximum - repeat->minimum);
		return;
	}
	uint32_t split = emit(emitter, INSTRUCTION_SPLIT, 0);
	emit_tree(emitter, repeat->first);
	emit(emitter, INSTRUCTION_JUMP, split);
	land(emitter, split);
}

static void emit_sequence(struct emitter *emitter, const struct tree *sequence)
{
	const struct tree *t = emitter->back ? sequence->last : sequence->first;
	for (; t != NULL && emitter->failure == 0;
	     t = emitter->back ? t->previous : t->next)
		emit_tree(emitter, t);
}

static void emit_tree(struct emitter *emitter, const struct tree *tree)
{
	switch (tree->kind) {
	case TREE_EMPTY:
		break;
	case TREE_SET:
		emit_leaf(emitter, tree->value);
		break;
	case TREE_SEQUENCE:
		emit_sequence(emitter, tree);
		break;
	case TREE_CHOICE:
		emit_choice(emitter, tree);
		break;
	case TREE_REPEAT:
		emit_repeat(emitter, tree);
		break;
	case TREE_ASSERTION:
		emit(emitter, INSTRUCTION_ASSERTION, tree->value);
		break;
	case TREE_LOOK:
		emit(emitter, tree->unwanted ? INSTRUCTION_LOOK_NOT : INSTRUCTION_LOOK,
		     tree->value);
		break;
	}
}

/* Whether a way from the start takes a character, or matches, without having passed
 * the very start. `seen` has a byte for each instruction; ways are followed by a stack
 * of at most as many. */
static bool starts_anywhere(const struct emitter *emitter, bool *seen, uint32_t *stack)
{
	const struct instruction *instructions = emitter->instructions;
	size_t depth = 0;
	stack[depth++] = 0;
	seen[0] = true;
	while (depth > 0) {
		uint32_t at = stack[--depth];
		uint32_t next[2] = { at + 1, at + 1 };
		uint32_t value = instructions[at].value;
		switch ((enum instruction_kind)instructions[at].kind) {
		case INSTRUCTION_MATCH:
		case INSTRUCTION_LEAF:
			return true;
		case INSTRUCTION_SPLIT:
			next[1] = value;
			break;
		case INSTRUCTION_JUMP:
			next[0] = next[1] = value;
			break;
		case INSTRUCTION_ASSERTION:
			if (value == ASSERTION_START)
				continue;
			break;
		case INSTRUCTION_LOOK:
		case INSTRUCTION_LOOK_NOT:
			break;
		}
		for (int i = 0; i < 2; i++) {
			if (seen[next[i]])
				continue;
			seen[next[i]] = true;
			stack[depth++] = next[i];
		}
	}
	return false;
}

static int find_anchor(const struct emitter *emitter, struct program *program)
{
	bool *seen = arena_array(emitter->arena, emitter->count, sizeof(*seen));
	uint32_t *stack = arena_array(emitter->arena, emitter->count, sizeof(*stack));
	if (seen == NULL || stack == NULL)
		return ERROR_MEMORY;
	program->anchored = !starts_anywhere(emitter, seen, stack);
	return 0;
}

static uint64_t sum_sizes(const struct tree *list, uint64_t each);

/* The instructions that it will be; far too many are UINT32_MAX. */
static uint64_t tree_size(const struct tree *tree)
{
	uint64_t size = 0;
	switch (tree->kind) {
	case TREE_EMPTY:
		break;
	case TREE_SET:
	case TREE_ASSERTION:
	case TREE_LOOK:
		size = 1;
		break;
	case TREE_SEQUENCE:
		size = sum_sizes(tree, 0);
		break;
	case TREE_CHOICE:
		size = sum_sizes(tree, 2) - 2;
		break;
	case TREE_REPEAT:
		size = tree_size(tree->first);
		if (tree->maximum == REPEAT_FOREVER)
			size = (tree->minimum + UINT64_C(1)) * size + 2;
		else
			size = tree->minimum * size +
			       (tree->maximum - tree->minimum) * (size + 1);
		break;
	}
	return size < UINT32_MAX ? size : UINT32_MAX;
}

static uint64_t sum_sizes(const struct tree *list, uint64_t each)
{
	uint64_t size = 0;
	for (const struct tree *t = list->first; t != NULL; t = t->next)
		size += tree_size(t) + each;
	return size;
}

static void *copy(const void *items, size_t count, size_t bytes_each)
{
	void *result = calloc(count + 1, bytes_each);
	if (result != NULL && count > 0)
		memcpy(result, items, count * bytes_each);
	return result;
}

static int add_program(struct expression *expression, struct arena *arena,
		       const struct tree *tree, bool back)
{
	struct program *program = &expression->programs[expression->program_count++];
	struct emitter emitter = { .arena = arena, .back = back };
	if (expression->size + tree_size(tree) >=
	    limits_default.values[LIMIT_REGEX_STATES])
		return PATTERN_NOT_OURS;
	emit_tree(&emitter, tree);
	emit(&emitter, INSTRUCTION_MATCH, 0);
	if (emitter.failure != 0)
		return emitter.failure;
	program->instructions = copy(emitter.instructions, emitter.count,
				     sizeof(*emitter.instructions));
	program->leaves =
		copy(emitter.leaves, emitter.leaf_count, sizeof(*emitter.leaves));
	if (program->instructions == NULL || program->leaves == NULL)
		return ERROR_MEMORY;
	program->count = (uint32_t)emitter.count;
	program->leaf_count = (uint32_t)emitter.leaf_count;
	program->back = back;
	expression->size += emitter.count;
	return back ? 0 : find_anchor(&emitter, program);
}

static int add_programs(struct expression *expression,
			const struct parsed_pattern *parsed)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < parsed->look_count; i++)
		status = add_program(expression, parsed->arena, parsed->looks[i].body,
				     parsed->looks[i].ahead);
	expression->look_count = parsed->look_count;
	return status != 0
		       ? status
		       : add_program(expression, parsed->arena, parsed->root, false);
}

/* --- sets --- */

static int copy_sets(struct expression *expression, const struct parsed_pattern *parsed)
{
	size_t count = 0;
	for (size_t i = 0; i < parsed->set_count; i++)
		count += parsed->sets[i].range_count;
	expression->sets =
		calloc(1, parsed->set_count * sizeof(struct character_set) +
				  (count + 1) * sizeof(struct character_range));
	if (expression->sets == NULL)
		return ERROR_MEMORY;
	struct character_range *ranges =
		(struct character_range *)(expression->sets + parsed->set_count);
	for (size_t i = 0; i < parsed->set_count; i++) {
		struct character_set *set = &expression->sets[i];
		*set = parsed->sets[i];
		if (set->range_count > 0)
			memcpy(ranges, set->ranges, set->range_count * sizeof(*ranges));
		set->ranges = ranges;
		ranges += set->range_count;
	}
	return 0;
}

/* --- classes --- */

struct borders {
	struct arena *arena;
	bool ascii[ASCII_END + 1]; /* the first one behind ASCII, too */
	uint32_t *beyond;
	size_t count;
	size_t capacity;
	bool failed;
};

static void add_border(struct borders *borders, uint32_t character)
{
	if (character <= ASCII_END) {
		borders->ascii[character] = true;
		return;
	}
	uint32_t *border = ARENA_PUSH(borders->arena, &borders->beyond, &borders->count,
				      &borders->capacity);
	if (border == NULL)
		borders->failed = true;
	else
		*border = character;
}

static void add_borders_of_set(struct borders *borders, const struct character_set *set)
{
	bool before = false;
	for (uint32_t c = 0; c < ASCII_END; c++) {
		bool has = (set->ascii[c / 64] >> c % 64 & 1) != 0;
		if (has != before)
			add_border(borders, c);
		before = has;
	}
	for (uint32_t i = 0; i < set->range_count; i++) {
		add_border(borders, set->ranges[i].first);
		if (set->ranges[i].last < LAST_CHARACTER)
			add_border(borders, set->ranges[i].last + 1);
	}
}

static int compare_characters(const void *left, const void *right)
{
	const uint32_t *a = left;
	const uint32_t *b = right;
	return (*a > *b) - (*a < *b);
}

/* Where the text asks for words, and for newlines. */
static void add_borders_of_sides(struct borders *borders, bool words)
{
	static const unsigned char parts[] = { '0', '9' + 1, 'A', 'Z' + 1,
					       '_', '_' + 1, 'a', 'z' + 1 };
	add_border(borders, 0);
	add_border(borders, '\n');
	add_border(borders, '\n' + 1);
	add_border(borders, ASCII_END);
	for (size_t i = 0; words && i < sizeof(parts); i++)
		add_border(borders, parts[i]);
}

static int make_intervals(struct expression *expression,
			  const struct parsed_pattern *parsed)
{
	struct borders borders = { .arena = parsed->arena };
	add_borders_of_sides(&borders, parsed->borders);
	for (size_t i = 0; i < parsed->set_count; i++)
		add_borders_of_set(&borders, &parsed->sets[i]);
	uint32_t *intervals = calloc(ASCII_END + 1 + borders.count, sizeof(*intervals));
	expression->intervals = intervals;
	if (borders.failed || intervals == NULL)
		return ERROR_MEMORY;
	uint32_t count = 0;
	for (uint32_t c = 0; c <= ASCII_END; c++)
		if (borders.ascii[c])
			intervals[count++] = c;
	if (borders.count > 1)
		qsort(borders.beyond, borders.count, sizeof(*borders.beyond),
		      compare_characters);
	for (size_t i = 0; i < borders.count; i++)
		if (borders.beyond[i] != intervals[count - 1])
			intervals[count++] = borders.beyond[i];
	expression->interval_count = count;
	return 0;
}

static uint32_t interval_of(const struct expression *expression, uint32_t character)
{
	uint32_t first = 0;
	uint32_t end = expression->interval_count;
	while (end - first > 1) {
		uint32_t middle = first + (end - first) / 2;
		if (character < expression->intervals[middle])
			end = middle;
		else
			first = middle;
	}
	return first;
}

uint32_t expression_class(const struct expression *expression, uint32_t character,
			  const char *bytes, size_t length,
			  struct property_scratch *scratch)
{
	uint32_t properties = 0;
	for (size_t i = 0; i < expression->property_count; i++)
		if (property_has(expression->properties[i], bytes, length, scratch))
			properties |= 1u << i;
	return interval_of(expression, character) << expression->property_count |
	       properties;
}

static int add_properties(struct expression *expression,
			  const struct parsed_pattern *parsed)
{
	for (size_t i = 0; i < parsed->property_count; i++) {
		struct property *property = property_new(parsed->properties[i]);
		if (property == NULL)
			return PATTERN_NOT_OURS;
		expression->properties[expression->property_count++] = property;
	}
	return 0;
}

static int fill_ascii(struct expression *expression)
{
	struct property_scratch *scratch = NULL;
	if (expression->property_count > 0) {
		scratch = property_scratch_new(expression->properties[0]);
		if (scratch == NULL)
			return ERROR_MEMORY;
	}
	for (uint32_t c = 0; c < ASCII_END; c++) {
		char byte = (char)c;
		expression->ascii[c] =
			(uint16_t)expression_class(expression, c, &byte, 1, scratch);
	}
	property_scratch_free(scratch);
	return 0;
}

static int make_classes(struct expression *expression,
			const struct parsed_pattern *parsed)
{
	int status = make_intervals(expression, parsed);
	if (status == 0)
		status = add_properties(expression, parsed);
	if (status != 0)
		return status;
	uint64_t classes = (uint64_t)expression->interval_count
			   << parsed->property_count;
	uint64_t symbols = (classes + 2) << parsed->look_count;
	if (symbols > PATTERN_SYMBOLS)
		return PATTERN_NOT_OURS;
	expression->class_count = (uint32_t)classes;
	expression->symbol_count = (uint32_t)symbols;
	return fill_ascii(expression);
}

/* --- expressions --- */

static bool asks_for(const struct expression *expression, enum assertion assertion)
{
	for (size_t i = 0; i < expression->program_count; i++) {
		const struct program *program = &expression->programs[i];
		for (uint32_t k = 0; k < program->count; k++)
			if (program->instructions[k].kind == INSTRUCTION_ASSERTION &&
			    program->instructions[k].value == assertion)
				return true;
	}
	return false;
}

static int build(struct expression *expression, const struct parsed_pattern *parsed)
{
	int status = add_programs(expression, parsed);
	if (status == 0)
		status = copy_sets(expression, parsed);
	if (status == 0)
		status = make_classes(expression, parsed);
	expression->borders = parsed->borders;
	expression->final_newline = asks_for(expression, ASSERTION_END_OR_NEWLINE);
	return status;
}

int expression_new(struct expression **out, const char *text, size_t length)
{
	struct parsed_pattern parsed = { .arena = arena_new(ARENA_BYTES) };
	struct expression *expression = calloc(1, sizeof(*expression));
	int status = parsed.arena == NULL || expression == NULL ? ERROR_MEMORY : 0;
	if (status == 0)
		status = pattern_parse(&parsed, text, length);
	if (status == 0)
		status = build(expression, &parsed);
	arena_free(parsed.arena);
	if (status == 0)
		*out = expression;
	else
		expression_free(expression);
	return status;
}

void expression_free(struct expression *expression)
{
	if (expression == NULL)
		return;
	for (size_t i = 0; i < expression->program_count; i++) {
		free(expression->programs[i].instructions);
		free(expression->programs[i].leaves);
	}
	for (size_t i = 0; i < expression->property_count; i++)
		property_free(expression->properties[i]);
	free(expression->intervals);
	free(expression->sets);
	free(expression);
}
