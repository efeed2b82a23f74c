/* conf/reader.h - typed values out of a document tree, with the place in every error.
 *
 * The same readers serve the configuration's options (options.def) and the policy's
 * (model/rules.def). Every function returns 0 or a negative code and then has set
 * "file:line:column: message"; outputs are untouched on failure. Values live in the
 * reader's arena and borrow nothing from the tree. */
#ifndef CONF_READER_H
#define CONF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/policy.h"

struct arena;
struct buf;
struct docs;
struct error;
struct node;

enum value_type {
	VALUE_UNKNOWN = 0,
	VALUE_BOOLEAN,  /* bool */
	VALUE_COUNT,    /* uint64_t */
	VALUE_SIZE,     /* uint64_t, bytes */
	VALUE_DURATION, /* int64_t, microseconds; the row's range is in seconds */
	VALUE_STRING,   /* const char * */
	VALUE_PATH,     /* const char *, absolute */
	VALUE_STRINGS,  /* struct strings */
	VALUE_PATHS,    /* struct strings of absolute names */
	VALUE_WORD,     /* const char *, one of the words that the row's help quotes */
	VALUE_PATTERN,  /* struct pattern * */
	VALUE_GLOBS,    /* struct strings */
	VALUE_NAMES,    /* struct strings */
	VALUE_FILE,     /* const char *, as written */
	VALUE_TYPE_COUNT
};

/* One option: what may be written and where it goes. */
struct option_row {
	enum value_type type;
	const char *key;
	const char *value; /* the default as text; "": none */
	uint64_t minimum;
	uint64_t maximum; /* both 0: any */
	const char *unit;
	bool restart;
	const char *help;
	size_t offset; /* in the section's struct */
};

struct reader {
	const char *file;      /* as errors show it */
	struct arena *arena;   /* where values go */
	const char *directory; /* what PATH values are relative to; NULL: as written */
};

enum value_type value_type_by_name(const char *name); /* "BOOLEAN" */
const char *value_type_name(enum value_type type);    /* "yes or no", for manuals */

/* Parses one file that holds at most one document. *out is NULL for an empty one, else
 * a mapping in `trees`. */
int reader_parse(const struct reader *reader, const char *text, size_t length,
		 struct arena *trees, const struct node **out, struct error *err);

/* Sets "file:line:column: ..." and returns the code. */
int reader_fail(const struct reader *reader, const struct node *node, struct error *err,
		const char *format, ...) __attribute__((format(printf, 4, 5)));
int reader_fail_code(const struct reader *reader, const struct node *node, int code,
		     struct error *err, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
int reader_no_memory(const struct reader *reader, struct error *err);
/* "file:line:column" in the reader's arena, or "?" without memory. */
const char *reader_place(const struct reader *reader, const struct node *node);

/* What was found, for messages: "'text'", "a list", "nothing". */
#define READER_SHOWN_BYTES 96
const char *reader_shown(const struct node *node, char out[READER_SHOWN_BYTES]);

int reader_mapping(const struct reader *reader, const struct node *node,
		   const char *what, struct error *err);
/* Refuses the key at `key` unless it is one of the names, with the nearest one. */
int reader_known(const struct reader *reader, const struct node *key, const char *what,
		 const char *const *names, size_t count, struct error *err);
/* The same for every key of a mapping. */
int reader_known_keys(const struct reader *reader, const struct node *mapping,
		      const char *what, const char *const *names, size_t count,
		      struct error *err);

/* A string that is not empty and holds no NUL. */
int reader_string(const struct reader *reader, const struct node *node,
		  const char *what, const char **out, struct error *err);
int reader_boolean(const struct reader *reader, const struct node *node,
		   const char *what, bool *out, struct error *err);
/* A list of strings; a single string is a list of one. */
int reader_strings(const struct reader *reader, const struct node *node,
		   const char *what, struct strings *out, struct error *err);
int reader_time(const struct reader *reader, const struct node *node, const char *what,
		int64_t *out, struct error *err);
/* The node of the n-th string that reader_strings() read. */
const struct node *reader_strings_node(const struct node *node, size_t index);

/* Any type but PATTERN and NULL-able ones: see the table in reader.c. GLOBS are
 * checked. */
int reader_value(const struct reader *reader, const struct node *node,
		 const struct option_row *row, void *field, struct error *err);
/* Writes the row's default. 0 or ERROR_MEMORY. */
int value_default(struct arena *arena, const struct option_row *row, void *field);
/* As YAML that reader_value() reads back to the same value. */
void value_write(enum value_type type, const void *field, struct buf *out);
bool value_equal(enum value_type type, const void *a, const void *b);
void duration_write(int64_t duration, struct buf *out); /* "1h30m" */
void size_write(uint64_t bytes, struct buf *out);       /* "64KiB" */
/* YAML's quoted or plain form, whichever is needed. */
void string_write(const char *string, struct buf *out);

/* The words that a help text quotes: at most `maximum`, in the arena. */
#define WORDS_MAXIMUM 16
size_t words_of(struct arena *arena, const char *help, const char **words,
		size_t maximum);

int strings_add(struct arena *arena, struct strings *strings, const char *string);

#endif
