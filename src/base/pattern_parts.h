/* base/pattern_parts.h - what the parts of base/pattern.c share; for them only.
 *
 * A pattern is parsed (pattern_parse.c) into a tree over sets of characters
 * (pattern_set.c), laid out as programs (pattern_program.c) and run as an automaton
 * (pattern_automaton.c): every search reads the text once, forth or back, for the
 * pattern and for each lookaround in it. What a finite automaton cannot do -
 * backreferences - and what is rare goes to PCRE2 (pattern_backtrack.c). The language
 * is PCRE2's: who parses here and who parses there must not change what a pattern
 * means. */
#ifndef BASE_PATTERN_PARTS_H
#define BASE_PATTERN_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;

/* Not an error: PCRE2 must take the pattern, or say what is wrong with it. */
#define PATTERN_NOT_OURS 1

#define PATTERN_PROPERTIES 4 /* different \p{...} in one pattern */
#define PATTERN_LOOKS      4 /* lookarounds in one pattern */
#define PATTERN_SYMBOLS    4096
#define LAST_CHARACTER     0x10ffffu

/* --- sets of characters --- */

struct character_range {
	uint32_t first;
	uint32_t last;
};

struct character_set {
	uint64_t ascii[2];
	const struct character_range *ranges; /* from 0x80 on, rising, apart */
	uint32_t range_count;
	uint8_t properties;     /* bits: it has what has one of these ... */
	uint8_t not_properties; /* ... and what has not one of these */
	bool negated;
};

/* A set that is being put together. */
struct set_builder {
	struct arena *arena;
	struct character_range *ranges;
	size_t count;
	size_t capacity;
	uint8_t properties;
	uint8_t not_properties;
	bool negated;
	bool caseless;
};

/* ERROR_MEMORY, or PATTERN_NOT_OURS: letters beyond ASCII without case. */
int set_add(struct set_builder *builder, uint32_t first, uint32_t last);
/* What \d, \w, \s and \D, \W, \S stand for; false: no such letter. */
bool set_is_type(char letter);
int set_add_type(struct set_builder *builder, char letter);
int set_finish(struct set_builder *builder, struct character_set *out);
/* Whether a character is in it, which has these of the properties. */
bool set_has(const struct character_set *set, uint32_t character, uint8_t properties);

/* --- trees --- */

enum assertion {
	ASSERTION_START = 1,      /* \A, and ^ */
	ASSERTION_END,            /* \z */
	ASSERTION_END_OR_NEWLINE, /* \Z, and $ */
	ASSERTION_LINE_START,     /* ^ with (?m) */
	ASSERTION_LINE_END,       /* $ with (?m) */
	ASSERTION_BORDER,         /* \b */
	ASSERTION_NO_BORDER,      /* \B */
};

enum tree_kind {
	TREE_EMPTY = 1,
	TREE_SET,
	TREE_SEQUENCE,
	TREE_CHOICE,
	TREE_REPEAT,
	TREE_ASSERTION,
	TREE_LOOK,
};

#define REPEAT_FOREVER UINT32_MAX

struct tree {
	enum tree_kind kind;
	uint32_t value; /* index of a set or a lookaround, or enum assertion */
	bool unwanted;  /* a lookaround that must not hold */
	uint32_t minimum;
	uint32_t maximum;
	struct tree *first; /* child, and the last one */
	struct tree *last;
	struct tree *next; /* beside this one */
	struct tree *previous;
};

struct look {
	const struct tree *body;
	bool ahead;
};

struct parsed_pattern {
	struct arena *arena; /* everything lives there */
	const struct tree *root;
	struct character_set *sets;
	size_t set_count;
	size_t set_capacity;
	struct look looks[PATTERN_LOOKS]; /* inner ones first */
	size_t look_count;
	const char *properties[PATTERN_PROPERTIES]; /* "\p{Lu}" */
	size_t property_count;
	bool borders; /* somebody asks whether a word begins or ends */
};

/* 0, PATTERN_NOT_OURS, ERROR_MEMORY. `parsed` has its arena, all else is zero. */
int pattern_parse(struct parsed_pattern *parsed, const char *text, size_t length);

struct property;
struct property_scratch;

/* --- programs --- */

enum instruction_kind {
	INSTRUCTION_MATCH = 1,
	INSTRUCTION_LEAF,  /* takes a character; `value`: index of the leaf */
	INSTRUCTION_SPLIT, /* goes on behind it, and at `value` */
	INSTRUCTION_JUMP,  /* goes on at `value` */
	INSTRUCTION_ASSERTION,
	INSTRUCTION_LOOK,
	INSTRUCTION_LOOK_NOT,
};

struct instruction {
	uint32_t kind;
	uint32_t value;
};

struct leaf {
	uint32_t set;
	uint32_t at; /* its instruction */
};

struct program {
	struct instruction *instructions;
	struct leaf *leaves;
	uint32_t count;
	uint32_t leaf_count;
	bool back;     /* reads from the end to the start */
	bool anchored; /* matches nowhere but from the very start */
};

/* A pattern to be run: immutable. Characters that no set tells apart are of one class:
 * the interval between two borders they are in, and the properties that they have. */
struct expression {
	struct character_set *sets;
	struct program programs[1 + PATTERN_LOOKS]; /* lookarounds first */
	size_t program_count;
	size_t look_count;
	uint32_t *intervals; /* their first characters */
	uint32_t interval_count;
	struct property *properties[PATTERN_PROPERTIES];
	size_t property_count;
	bool borders;
	bool final_newline; /* somebody asks for it */
	uint32_t class_count;
	uint32_t
		symbol_count; /* classes, the end, a final newline; times lookarounds */
	uint16_t ascii[128];  /* classes */
	size_t size;          /* instructions */
};

/* 0, PATTERN_NOT_OURS (also over the limit regex.states), ERROR_MEMORY. */
int expression_new(struct expression **out, const char *text, size_t length);
void expression_free(struct expression *expression);
/* The class of a character, whose bytes are given. `scratch` when there are properties.
 */
uint32_t expression_class(const struct expression *expression, uint32_t character,
			  const char *bytes, size_t length,
			  struct property_scratch *scratch);

/* --- running --- */

struct machine;

/* What remembers states of a search for the next one, of one expression. */
struct machine *machine_new(const struct expression *expression);
void machine_free(struct machine *machine);
size_t machine_bytes(const struct machine *machine);
/* 1 found, 0 not, ERROR_LIMIT, ERROR_MEMORY; both without a text. The subject is UTF-8.
 * *steps grows, by at most `most` and a little. */
int machine_search(struct machine *machine, const char *subject, size_t length,
		   uint64_t most, uint64_t *steps);

/* --- PCRE2 --- */

struct backtracker;

/* ERROR_PATTERN, ERROR_LIMIT, ERROR_MEMORY, with texts. */
int backtracker_new(struct backtracker **out, const char *text, size_t length,
		    struct error *err);
void backtracker_free(struct backtracker *backtracker);
size_t backtracker_bytes(const struct backtracker *backtracker);
/* As machine_search(); also ERROR_PATTERN, with a text. */
int backtracker_search(const struct backtracker *backtracker, const char *subject,
		       size_t length, uint64_t most, uint64_t *steps,
		       struct error *err);

/* A property of characters by PCRE2: "\p{Lu}". NULL: there is no such, or no memory. */
struct property *property_new(const char *text);
void property_free(struct property *property);
/* What asking for properties needs; for any of them. NULL: no memory. */
struct property_scratch *property_scratch_new(const struct property *property);
void property_scratch_free(struct property_scratch *scratch);
bool property_has(const struct property *property, const char *bytes, size_t length,
		  struct property_scratch *scratch);

#endif
