/* doc/doc.h - YAML and JSON text as one immutable tree, with the place of every key and
 * value.
 *
 * YAML is read by a parser of our own, since what is judged here has to mean what it
 * means to others: all of the YAML test suite is read rightly or refused (the reasons
 * are in tests/unit/test_doc_suites.c).
 *
 * Nodes are opaque, so that their layout can change; everything lives in the arena
 * given at parse time, with a copy of the text that most scalars are parts of. Lines
 * and columns start at 1; columns count code points. Anchors and aliases are resolved
 * under limits; merge keys
 * ("<<") are applied; duplicate keys are refused with both places. Scalars are typed by
 * YAML 1.2's core schema or as Kubernetes does; their exact text is kept, so no number
 * goes through a double. */
#ifndef DOC_DOC_H
#define DOC_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct arena;
struct buf;
struct error;
struct node;

enum node_kind {
	NODE_UNKNOWN = 0,
	NODE_NULL,
	NODE_BOOLEAN,
	NODE_INTEGER, /* by its text: no '.', no exponent; also 0x and 0o in YAML */
	NODE_DECIMAL, /* also .inf and .nan in YAML */
	NODE_STRING,
	NODE_SEQUENCE,
	NODE_MAPPING,
};

/* Where parsing stopped or what it refused. */
struct doc_problem {
	int code; /* ERROR_SYNTAX, ERROR_DUPLICATE_KEY, ERROR_LIMIT, ERROR_ENCODING,
		     ERROR_MEMORY */
	uint32_t line;
	uint32_t column;
	char message[256]; /* escaped, one line */
	char mend[160];    /* what to do; "" when there is nothing useful to say */
};

/* A scalar that readers of YAML understand differently. */
struct doc_note {
	uint32_t line;
	uint32_t column;
	const char *message; /* escaped, one line */
	const char *mend;
};

/* One file's documents. */
struct docs {
	const struct node **roots; /* a stream without documents has count 0 */
	size_t count;
	const struct doc_note *notes; /* in order; the first DOC_NOTES of them */
	size_t note_count;
};

#define DOC_NOTES 100

/* DOC_KUBERNETES is YAML as kubectl and the API server take it (sigs.k8s.io/yaml):
 * scalars by YAML 1.1 as go-yaml v2 has it ("on" is true, 010 is 8, 12:30 is a string);
 * what it drops or mistakes silently is refused.
 *
 * DOC_JSON_ANY_TEXT is JSON in which strings and keys may hold U+0000: only for readers
 * that never take a text as a C string (JSON Schema). */
enum doc_format { DOC_YAML, DOC_JSON, DOC_JSON_ANY_TEXT, DOC_KUBERNETES };

/* By the file name: .json is JSON, everything else YAML. */
enum doc_format doc_format_of(const char *path);

/* 0, or the problem's code. `problem` is needed. JSON is strict RFC 8259 (one
 * document). */
int docs_parse(struct docs *out, struct arena *arena, enum doc_format format,
	       const char *text, size_t length, const struct limits *limits,
	       struct doc_problem *problem);

/* The same as docs_parse() for the file of a name, read as its consumer reads it:
 * DOC_JSON or DOC_YAML by the name; DOC_KUBERNETES for YAML in which a document has an
 * apiVersion and a kind. */
int docs_parse_file(struct docs *out, struct arena *arena, const char *path,
		    const char *text, size_t length, const struct limits *limits,
		    struct doc_problem *problem);

/* True for text that is not a document but a template of one: a Go template action ("{{
 * ... }}") at the start of a line or as a whole mapping value. Used to tell Helm
 * templates from broken YAML. */
bool doc_looks_like_template(const char *text, size_t length);

/* Whether a scalar of a YAML or JSON text may say a word: as it is, or by escapes.
 * False is sure, and much cheaper than reading the text; where the word is more than
 * letters and digits, it is always true. */
bool doc_may_say(const char *text, size_t length, const char *word);

enum node_kind node_kind(const struct node *node); /* NODE_UNKNOWN for NULL */
const char *node_kind_name(
	enum node_kind kind); /* as JSON Schema says: "null", "boolean", "integer",
				 "number", "string", "array", "object" */
uint32_t node_line(const struct node *node);
uint32_t node_column(const struct node *node);

/* Scalars: the decoded text, NUL-terminated (and without a NUL within, but for
 * DOC_JSON_ANY_TEXT); for numbers and booleans as written.
 * `length` may be NULL. */
const char *node_text(const struct node *node, size_t *length);
/* The same with numbers and booleans as JSON writes them: 31 for 0x1F, 1.0 for "1.";
 * .inf and .nan stay. Keys are known by it: 0x1 and 1 are one key. */
const char *node_json_text(const struct node *node, size_t *length);
bool node_boolean(const struct node *node);
/* 0, or ERROR_LIMIT when it is not an integer that fits. */
int node_integer(const struct node *node, int64_t *out);
/* The tag as written ("!Ref") or NULL. */
const char *node_tag(const struct node *node);
/* True for a plain (unquoted) scalar. */
bool node_is_plain(const struct node *node);

/* Sequences and mappings: how many items or pairs. */
size_t node_count(const struct node *node);
const struct node *node_item(
	const struct node *node,
	size_t index); /* of a sequence, or the value of the n-th pair */
const struct node *node_key(const struct node *node,
			    size_t index); /* of a mapping: a NODE_STRING (other scalars
					      as keys count by their text) */
/* The value under a key, or NULL. */
const struct node *node_get(const struct node *node, const char *key);
const struct node *node_get_bytes(const struct node *node, const char *key,
				  size_t length);

/* Equality as JSON Schema means it: 1 equals 1.0, order of keys does not matter. */
bool node_equal(const struct node *a, const struct node *b);

/* Appends a tree as JSON text: compact, keys in their order, strings escaped, numbers
 * digit by digit as they were written. 0, or ERROR_SYNTAX for what JSON cannot say:
 * .inf, .nan, tags of their own. Whether `out` had room says buf_status(). */
int doc_write_json(struct buf *out, const struct node *node, struct error *err);

#endif
