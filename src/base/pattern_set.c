/* base/pattern_set.c - sets of characters: ranges, put together in any order. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/pattern_parts.h"

#define ASCII_END   0x80u
#define KELVIN_SIGN 0x212au /* a 'k' for who does not look at case */
#define LONG_S      0x017fu
#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static int push(struct set_builder *builder, uint32_t first, uint32_t last)
{
	struct character_range *range = ARENA_PUSH(builder->arena, &builder->ranges,
						   &builder->count, &builder->capacity);
	if (range == NULL)
		return ERROR_MEMORY;
	*range = (struct character_range){ first, last };
	return 0;
}

/* The letters of a range that are also in 'from' to 'from' + 25, in the other case. */
static int push_other_case(struct set_builder *builder, uint32_t first, uint32_t last,
			   uint32_t from, uint32_t to)
{
	uint32_t low = first > from ? first : from;
	uint32_t high = last < from + 25 ? last : from + 25;
	if (low > high)
		return 0;
	int status = push(builder, low - from + to, high - from + to);
	if (status == 0 && low <= from + 10 && high >= from + 10)
		status = push(builder, KELVIN_SIGN, KELVIN_SIGN);
	if (status == 0 && low <= from + 18 && high >= from + 18)
		status = push(builder, LONG_S, LONG_S);
	return status;
}

int set_add(struct set_builder *builder, uint32_t first, uint32_t last)
{
	int status = push(builder, first, last);
	if (status != 0 || !builder->caseless)
		return status;
	if (last >= ASCII_END)
		return PATTERN_NOT_OURS;
	status = push_other_case(builder, first, last, 'a', 'A');
	return status != 0 ? status : push_other_case(builder, first, last, 'A', 'a');
}

static const struct type {
	char letter;
	size_t count;
	struct character_range ranges[4];
} types[] = {
	{ 'd', 1, { { '0', '9' } } },
	{ 's', 2, { { '\t', '\r' }, { ' ', ' ' } } },
	{ 'w', 4, { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } } },
};

static const struct type *type_of(char letter)
{
	for (size_t i = 0; i < ROWS(types); i++)
		if (types[i].letter == (letter | 0x20))
			return &types[i];
	return NULL;
}

bool set_is_type(char letter)
{
	return type_of(letter) != NULL;
}

int set_add_type(struct set_builder *builder, char letter)
{
	const struct type *type = type_of(letter);
	bool opposite = (letter & 0x20) == 0;
	uint32_t from = 0;
	int status = 0;
	for (size_t i = 0; status == 0 && i < type->count; i++) {
		const struct character_range *range = &type->ranges[i];
		status = opposite ? push(builder, from, range->first - 1)
				  : push(builder, range->first, range->last);
		from = range->last + 1;
	}
	return status == 0 && opposite ? push(builder, from, LAST_CHARACTER) : status;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct character_range *a = left;
	const struct character_range *b = right;
	return (a->first > b->first) - (a->first < b->first);
}

/* Sorts what is beyond ASCII, and joins what touches. */
static size_t join(struct character_range *ranges, size_t count)
{
	size_t kept = 0;
	qsort(ranges, count, sizeof(*ranges), compare_ranges);
	for (size_t i = 0; i < count; i++) {
		struct character_range *last = kept > 0 ? &ranges[kept - 1] : NULL;
		if (last == NULL || ranges[i].first > last->last + 1)
			ranges[kept++] = ranges[i];
		else if (ranges[i].last > last->last)
			last->last = ranges[i].last;
	}
	return kept;
}

int set_finish(struct set_builder *builder, struct character_set *out)
{
	size_t beyond = 0;
	*out = (struct character_set){ .properties = builder->properties,
				       .not_properties = builder->not_properties,
				       .negated = builder->negated };
	for (size_t i = 0; i < builder->count; i++) {
		struct character_range range = builder->ranges[i];
		for (uint32_t c = range.first; c <= range.last && c < ASCII_END; c++)
			out->ascii[c / 64] |= UINT64_C(1) << c % 64;
		if (range.last < ASCII_END)
			continue;
		if (range.first < ASCII_END)
			range.first = ASCII_END;
		builder->ranges[beyond++] = range;
	}
	if (beyond > 1)
		beyond = join(builder->ranges, beyond);
	out->ranges = builder->ranges;
	out->range_count = (uint32_t)beyond;
	return 0;
}

static bool in_ranges(const struct character_set *set, uint32_t character)
{
	size_t first = 0;
	size_t end = set->range_count;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		if (character < set->ranges[middle].first)
			end = middle;
		else if (character > set->ranges[middle].last)
			first = middle + 1;
		else
			return true;
	}
	return false;
}

bool set_has(const struct character_set *set, uint32_t character, uint8_t properties)
{
	bool has = character < ASCII_END
			   ? (set->ascii[character / 64] >> character % 64 & 1) != 0
			   : in_ranges(set, character);
	has = has || (properties & set->properties) != 0 ||
	      (~properties & set->not_properties) != 0;
	return has != set->negated;
}
