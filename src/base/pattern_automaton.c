/* base/pattern_automaton.c - runs an expression over a text, once in each direction
 * that it needs.
 *
 * A state is the set of leaves that took the character before, and what that character
 * was to assertions. Where a state leads with a symbol - the class of the next
 * character and the lookarounds that hold here - is found out once and kept in a table,
 * so that most characters cost one look into it. States that are too many are forgotten
 * and begun anew: the table is a memory of bounded size, and the steps are counted that
 * fill it. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/pattern_parts.h"
#include "base/random.h"
#include "base/text.h"

#define TABLE_BYTES     ((size_t)256 << 10) /* of one program, as a rule */
#define LEAST_STATES    16
#define MOST_STATES     65536
#define FIRST_STATES    4
#define CHARACTERS_STEP 8 /* characters by the table alone that are a step */
#define SYMBOLS_STEP    16
#define BEYOND_STEPS    2                  /* of a character beyond ASCII */
#define PROPERTY_STEPS  8                  /* of asking PCRE2 for a property of one */
#define KEPT_BYTES      ((size_t)64 << 10) /* of tables of lookarounds */

/* What a table says: 0 not known yet, else the next state + 1 and two bits. */
#define ACCEPTS 1u /* it matches before that symbol */
#define DEAD    2u /* it never will from then on */
#define TARGET  2

/* What stands at one side of a place. */
#define SIDE_EDGE    1u
#define SIDE_WORD    2u
#define SIDE_NEWLINE 4u
#define SIDE_FINAL   8u /* the newline that is the last character */

struct automaton {
	const struct program *program;
	size_t words;   /* of a state: a bit for each leaf */
	uint64_t *bits; /* `words` for each state */
	uint8_t *sides; /* of each state: what it read last */
	uint32_t *table;
	uint32_t *slots; /* state + 1, by hash; a power of two, over twice the states */
	uint32_t count;
	uint32_t capacity;
	uint32_t most;
	/* To find out where a state leads: */
	uint64_t *next;
	uint32_t *stack;
	uint32_t *seen; /* `generation`: that instruction was reached */
	uint32_t generation;
	uint32_t *leaves; /* that were reached */
};

struct machine {
	const struct expression *expression;
	struct automaton automata[1 + PATTERN_LOOKS];
	uint64_t seed;
	struct property_scratch *scratch;
	uint64_t *holds[PATTERN_LOOKS]; /* a bit for each place in the text */
	size_t hold_words;
	size_t bytes;
};

struct search {
	struct machine *machine;
	const char *text;
	size_t length;
	uint64_t steps;
	uint64_t most;
	size_t looks_known;
	int failure;
};

/* --- memory --- */

static void *need(struct machine *machine, size_t count, size_t bytes_each)
{
	machine->bytes += count * bytes_each;
	return calloc(count + 1, bytes_each);
}

static void automaton_release(struct automaton *automaton)
{
	free(automaton->bits);
	free(automaton->sides);
	free(automaton->table);
	free(automaton->slots);
	free(automaton->next);
	free(automaton->stack);
	free(automaton->seen);
	free(automaton->leaves);
}

void machine_free(struct machine *machine)
{
	if (machine == NULL)
		return;
	for (size_t i = 0; i < machine->expression->program_count; i++)
		automaton_release(&machine->automata[i]);
	for (size_t i = 0; i < PATTERN_LOOKS; i++)
		free(machine->holds[i]);
	property_scratch_free(machine->scratch);
	free(machine);
}

size_t machine_bytes(const struct machine *machine)
{
	return machine->bytes;
}

static uint64_t hash_state(const struct machine *machine,
			   const struct automaton *automaton, const uint64_t *bits,
			   uint8_t side)
{
	uint64_t hash = machine->seed ^ side;
	for (size_t i = 0; i < automaton->words; i++) {
		hash = (hash ^ bits[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	return hash ^ hash >> 32;
}

/* Where a state is among the slots, or would be. */
static uint32_t *find_slot(const struct machine *machine,
			   const struct automaton *automaton, const uint64_t *bits,
			   uint8_t side)
{
	size_t mask = (size_t)automaton->capacity * 4 - 1;
	size_t at = hash_state(machine, automaton, bits, side) & mask;
	size_t bytes = automaton->words * sizeof(*bits);
	for (;; at = (at + 1) & mask) {
		uint32_t state = automaton->slots[at];
		if (state == 0)
			break;
		if (automaton->sides[state - 1] == side &&
		    memcmp(automaton->bits + (state - 1) * automaton->words, bits,
			   bytes) == 0)
			break;
	}
	return &automaton->slots[at];
}

static bool resize(void *array, size_t count, size_t bytes_each)
{
	void **slot = array;
	void *larger = realloc(*slot, count * bytes_each);
	if (larger == NULL)
		return false;
	*slot = larger;
	return true;
}

static int grow(struct machine *machine, struct automaton *automaton)
{
	uint32_t capacity =
		automaton->capacity == 0 ? FIRST_STATES : automaton->capacity * 2;
	size_t symbols = machine->expression->symbol_count;
	if (!resize(&automaton->bits, capacity * (automaton->words + 1),
		    sizeof(*automaton->bits)) ||
	    !resize(&automaton->sides, capacity, sizeof(*automaton->sides)) ||
	    !resize(&automaton->table, capacity * symbols, sizeof(*automaton->table)) ||
	    !resize(&automaton->slots, (size_t)capacity * 4, sizeof(*automaton->slots)))
		return ERROR_MEMORY;
	machine->bytes += (capacity - automaton->capacity) *
			  (automaton->words * 8 + symbols * 4 + 17);
	automaton->capacity = capacity;
	memset(automaton->slots, 0, (size_t)capacity * 4 * sizeof(*automaton->slots));
	for (uint32_t i = 0; i < automaton->count; i++)
		*find_slot(machine, automaton, automaton->bits + i * automaton->words,
			   automaton->sides[i]) = i + 1;
	return 0;
}

/* The state that has these bits; a new one when there is none. There is room. */
static uint32_t intern(struct search *search, struct automaton *automaton,
		       const uint64_t *bits, uint8_t side)
{
	size_t symbols = search->machine->expression->symbol_count;
	uint32_t *slot = find_slot(search->machine, automaton, bits, side);
	if (*slot != 0)
		return *slot - 1;
	uint32_t state = automaton->count++;
	memmove(automaton->bits + state * automaton->words, bits,
		automaton->words * sizeof(*bits));
	automaton->sides[state] = side;
	memset(automaton->table + state * symbols, 0,
	       symbols * sizeof(*automaton->table));
	search->steps += symbols / SYMBOLS_STEP + automaton->words;
	*slot = state + 1;
	return state;
}

/* State 0: nothing was read. */
static void begin(struct search *search, struct automaton *automaton)
{
	automaton->count = 0;
	memset(automaton->slots, 0,
	       (size_t)automaton->capacity * 4 * sizeof(*automaton->slots));
	memset(automaton->bits, 0, automaton->words * sizeof(*automaton->bits));
	intern(search, automaton, automaton->bits, SIDE_EDGE);
}

static bool automaton_init(struct machine *machine, struct automaton *automaton,
			   const struct program *program)
{
	size_t symbols = machine->expression->symbol_count;
	automaton->program = program;
	automaton->words = (program->leaf_count + 63) / 64;
	size_t most = TABLE_BYTES / (automaton->words * 8 + symbols * 4);
	automaton->most = most < LEAST_STATES  ? LEAST_STATES
			  : most > MOST_STATES ? MOST_STATES
					       : (uint32_t)most;
	automaton->next = need(machine, automaton->words, sizeof(*automaton->next));
	automaton->stack = need(machine, program->count, sizeof(*automaton->stack));
	automaton->seen = need(machine, program->count, sizeof(*automaton->seen));
	automaton->leaves =
		need(machine, program->leaf_count, sizeof(*automaton->leaves));
	return automaton->next != NULL && automaton->stack != NULL &&
	       automaton->seen != NULL && automaton->leaves != NULL &&
	       grow(machine, automaton) == 0;
}

struct machine *machine_new(const struct expression *expression)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	if (machine == NULL)
		return NULL;
	machine->expression = expression;
	machine->bytes = sizeof(*machine);
	struct search search = { .machine = machine };
	random_bytes(&machine->seed, sizeof(machine->seed));
	if (expression->property_count > 0)
		machine->scratch = property_scratch_new(expression->properties[0]);
	bool complete = expression->property_count == 0 || machine->scratch != NULL;
	for (size_t i = 0; complete && i < expression->program_count; i++) {
		complete = automaton_init(machine, &machine->automata[i],
					  &expression->programs[i]);
		if (complete)
			begin(&search, &machine->automata[i]);
	}
	if (complete)
		return machine;
	machine_free(machine);
	return NULL;
}

/* --- where a state leads --- */

/* What a symbol is to assertions. */
static uint8_t side_of(const struct expression *expression, uint32_t symbol)
{
	uint32_t class = symbol >> expression->look_count;
	if (class == expression->class_count)
		return SIDE_EDGE;
	if (class == expression->class_count + 1)
		return SIDE_NEWLINE | SIDE_FINAL;
	uint32_t c = expression->intervals[class >> expression->property_count];
	if (c == '\n')
		return SIDE_NEWLINE;
	bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' ||
		    (c >= 'a' && c <= 'z');
	return word && expression->borders ? SIDE_WORD : 0;
}

static bool holds(enum assertion assertion, unsigned int left, unsigned int right)
{
	switch (assertion) {
	case ASSERTION_START:
		return (left & SIDE_EDGE) != 0;
	case ASSERTION_END:
		return (right & SIDE_EDGE) != 0;
	case ASSERTION_END_OR_NEWLINE:
		return (right & (SIDE_EDGE | SIDE_FINAL)) != 0;
	case ASSERTION_LINE_START:
		return (left & SIDE_EDGE) != 0 ||
		       ((left & SIDE_NEWLINE) != 0 && (right & SIDE_EDGE) == 0);
	case ASSERTION_LINE_END:
		return (right & (SIDE_EDGE | SIDE_NEWLINE)) != 0;
	case ASSERTION_BORDER:
		return (left & SIDE_WORD) != (right & SIDE_WORD);
	case ASSERTION_NO_BORDER:
		return (left & SIDE_WORD) == (right & SIDE_WORD);
	}
	return false;
}

struct place {
	struct automaton *automaton;
	unsigned int left;
	unsigned int right;
	uint32_t looks; /* bits: those that hold */
	size_t depth;
	size_t reached;
	bool accepts;
};

static void reach(struct place *place, uint32_t at)
{
	struct automaton *automaton = place->automaton;
	if (automaton->seen[at] == automaton->generation)
		return;
	automaton->seen[at] = automaton->generation;
	automaton->stack[place->depth++] = at;
}

static void follow(struct place *place, uint32_t at)
{
	const struct instruction *instruction =
		&place->automaton->program->instructions[at];
	uint32_t value = instruction->value;
	bool passes = true;
	switch ((enum instruction_kind)instruction->kind) {
	case INSTRUCTION_MATCH:
		place->accepts = true;
		return;
	case INSTRUCTION_LEAF:
		place->automaton->leaves[place->reached++] = value;
		return;
	case INSTRUCTION_JUMP:
		reach(place, value);
		return;
	case INSTRUCTION_SPLIT:
		reach(place, value);
		break;
	case INSTRUCTION_ASSERTION:
		passes = holds((enum assertion)value, place->left, place->right);
		break;
	case INSTRUCTION_LOOK:
		passes = (place->looks >> value & 1) != 0;
		break;
	case INSTRUCTION_LOOK_NOT:
		passes = (place->looks >> value & 1) == 0;
		break;
	}
	if (passes)
		reach(place, at + 1);
}

/* Every leaf that can take the next character. Returns the steps that it took. */
static size_t reach_leaves(struct place *place, uint32_t state)
{
	struct automaton *automaton = place->automaton;
	const struct program *program = automaton->program;
	const uint64_t *bits = automaton->bits + state * automaton->words;
	size_t steps = automaton->words + 1;
	if (++automaton->generation == 0) {
		memset(automaton->seen, 0, program->count * sizeof(*automaton->seen));
		automaton->generation = 1;
	}
	if (!program->anchored || state == 0)
		reach(place, 0);
	for (size_t word = 0; word < automaton->words; word++)
		for (uint64_t left = bits[word]; left != 0; left &= left - 1) {
			size_t leaf = word * 64 + (size_t)__builtin_ctzll(left);
			reach(place, program->leaves[leaf].at + 1);
		}
	for (; place->depth > 0; steps++)
		follow(place, automaton->stack[--place->depth]);
	return steps;
}

/* The leaves that take a character of the symbol, as bits of `next`; whether any. */
static bool take_character(const struct expression *expression, struct place *place,
			   uint32_t symbol)
{
	struct automaton *automaton = place->automaton;
	uint32_t class = symbol >> expression->look_count;
	uint32_t count = (uint32_t)expression->property_count;
	uint32_t character = '\n';
	uint8_t properties = 0;
	bool any = false;
	memset(automaton->next, 0, automaton->words * sizeof(*automaton->next));
	if (class == expression->class_count)
		return false;
	if (class < expression->class_count) {
		character = expression->intervals[class >> count];
		properties = (uint8_t)(class & ((1u << count) - 1));
	} else {
		class = expression->ascii['\n'];
		properties = (uint8_t)(class & ((1u << count) - 1));
	}
	for (size_t i = 0; i < place->reached; i++) {
		uint32_t leaf = automaton->leaves[i];
		const struct character_set *set =
			&expression->sets[automaton->program->leaves[leaf].set];
		if (!set_has(set, character, properties))
			continue;
		automaton->next[leaf / 64] |= UINT64_C(1) << leaf % 64;
		any = true;
	}
	return any;
}

/* Room for one more state; when there are too many, all are forgotten. */
static int make_room(struct search *search, struct automaton *automaton, bool *forgot)
{
	*forgot = false;
	if (automaton->count < automaton->capacity)
		return 0;
	if (automaton->capacity < automaton->most)
		return grow(search->machine, automaton);
	begin(search, automaton);
	*forgot = true;
	return 0;
}

/* What the table says of a state and a symbol, found out. 0: failed. */
static uint32_t find_out(struct search *search, struct automaton *automaton,
			 uint32_t state, uint32_t symbol)
{
	const struct expression *expression = search->machine->expression;
	const struct program *program = automaton->program;
	uint8_t read = automaton->sides[state];
	uint8_t side = side_of(expression, symbol);
	struct place place = { .automaton = automaton,
			       .left = program->back ? side : read,
			       .right = program->back ? read : side,
			       .looks = symbol & ((1u << expression->look_count) - 1) };
	bool forgot = false;
	search->steps += reach_leaves(&place, state) + place.reached;
	bool any = take_character(expression, &place, symbol);
	search->failure = search->steps > search->most
				  ? ERROR_LIMIT
				  : make_room(search, automaton, &forgot);
	if (search->failure != 0)
		return 0;
	uint32_t to = intern(search, automaton, automaton->next, side);
	uint32_t entry = (to + 1) << TARGET | (place.accepts ? ACCEPTS : 0) |
			 (program->anchored && !any ? DEAD : 0);
	if (!forgot)
		automaton->table[(size_t)state * expression->symbol_count + symbol] =
			entry;
	return entry;
}

/* --- over a text --- */

static void spend(struct search *search, uint64_t steps)
{
	search->steps += steps;
	if (search->steps > search->most)
		search->failure = ERROR_LIMIT;
}

/* The class of the character at a place, and its bytes. */
static uint32_t class_ahead(struct search *search, size_t at, size_t *width)
{
	const struct expression *expression = search->machine->expression;
	uint32_t character;
	if (at == search->length) {
		*width = 0;
		return expression->class_count;
	}
	unsigned char byte = (unsigned char)search->text[at];
	if (byte < 0x80) {
		*width = 1;
		if (byte == '\n' && expression->final_newline &&
		    at + 1 == search->length)
			return expression->class_count + 1;
		return expression->ascii[byte];
	}
	*width = text_utf8_next(search->text + at, search->length - at, &character);
	spend(search, BEYOND_STEPS + expression->property_count * PROPERTY_STEPS);
	return expression_class(expression, character, search->text + at, *width,
				search->machine->scratch);
}

static uint32_t class_behind(struct search *search, size_t at, size_t *width)
{
	if (at == 0) {
		*width = 0;
		return search->machine->expression->class_count;
	}
	size_t start = at - 1;
	while (((unsigned char)search->text[start] & 0xc0) == 0x80)
		start--;
	return class_ahead(search, start, width);
}

static uint32_t symbol_at(struct search *search, size_t at, bool back, size_t *width)
{
	uint32_t symbol =
		back ? class_behind(search, at, width) : class_ahead(search, at, width);
	symbol <<= search->machine->expression->look_count;
	for (size_t i = 0; i < search->looks_known; i++)
		symbol |= (uint32_t)(search->machine->holds[i][at / 64] >> at % 64 & 1)
			  << i;
	return symbol;
}

/* Reads all of the text, or until it matches when `found` is NULL; else `found` gets a
 * bit for each place where it does. 1, 0, or -1: failed. */
static int run(struct search *search, struct automaton *automaton, uint64_t *found)
{
	size_t symbols = search->machine->expression->symbol_count;
	bool back = automaton->program->back;
	size_t at = back ? search->length : 0;
	size_t end = search->length - at;
	uint32_t state = 0;
	spend(search, 1 + search->length / CHARACTERS_STEP);
	while (search->failure == 0) {
		size_t width;
		uint32_t symbol = symbol_at(search, at, back, &width);
		uint32_t entry = automaton->table[state * symbols + symbol];
		if (entry == 0)
			entry = find_out(search, automaton, state, symbol);
		if ((entry & ACCEPTS) != 0) {
			if (found == NULL)
				return 1;
			found[at / 64] |= UINT64_C(1) << at % 64;
		}
		if (at == end || (entry & DEAD) != 0)
			break;
		at = back ? at - width : at + width;
		state = (entry >> TARGET) - 1;
	}
	return search->failure != 0 ? -1 : 0;
}

static int prepare_looks(struct search *search)
{
	struct machine *machine = search->machine;
	size_t words = search->length / 64 + 1;
	for (size_t i = 0; i < machine->expression->look_count; i++) {
		if (words > machine->hold_words &&
		    !resize(&machine->holds[i], words, sizeof(uint64_t)))
			return ERROR_MEMORY;
		memset(machine->holds[i], 0, words * sizeof(uint64_t));
	}
	if (words > machine->hold_words)
		machine->hold_words = words;
	return 0;
}

/* Long texts are rare: what only they need is not kept. */
static void forget_looks(struct machine *machine)
{
	if (machine->hold_words * sizeof(uint64_t) <= KEPT_BYTES)
		return;
	for (size_t i = 0; i < PATTERN_LOOKS; i++) {
		free(machine->holds[i]);
		machine->holds[i] = NULL;
	}
	machine->hold_words = 0;
}

int machine_search(struct machine *machine, const char *subject, size_t length,
		   uint64_t most, uint64_t *steps)
{
	struct search search = {
		.machine = machine, .text = subject, .length = length, .most = most
	};
	size_t looks = machine->expression->look_count;
	int result = 0;
	if (looks > 0)
		search.failure = prepare_looks(&search);
	for (; search.failure == 0 && search.looks_known < looks; search.looks_known++)
		run(&search, &machine->automata[search.looks_known],
		    machine->holds[search.looks_known]);
	if (search.failure == 0)
		result = run(&search, &machine->automata[looks], NULL);
	forget_looks(machine);
	*steps += search.steps;
	return search.failure != 0 ? search.failure : result;
}
