/* doc/schema_report.h - says what is wrong with a document, for people; for doc/ only.
 *
 * Every function returns false, and does nothing else while the run only decides. */
#ifndef DOC_SCHEMA_REPORT_H
#define DOC_SCHEMA_REPORT_H

#include <string.h>

#include "doc/schema_run.h"

/* How near a document came to fit one branch of anyOf or oneOf. */
struct closeness {
	unsigned int count;       /* of problems */
	unsigned int least_depth; /* of the outermost one */
	unsigned int types;       /* that the value itself should have had */
	bool wrong_type;          /* the value itself is of another type */
	bool wrong_kind; /* a constant of the value or of its properties differs */
};

/* A line that is put together; what does not fit is cut. Nothing in it needs to be
 * escaped. */
struct line {
	size_t length;
	char text[1024]; /* not cleared as a whole: it would cost more than the words */
};

static inline void line_clear(struct line *line)
{
	line->length = 0;
	line->text[0] = '\0';
}

/* Adds as much as there is room for. */
void line_fill(struct line *line, const char *bytes);

static inline void line_add_bytes(struct line *line, const char *bytes, size_t length)
{
	if (length >= sizeof(line->text) - line->length) {
		line_fill(line, bytes);
		return;
	}
	memcpy(line->text + line->length, bytes, length);
	line->length += length;
	line->text[line->length] = '\0';
}

static inline void line_add_text(struct line *line, const char *text)
{
	line_add_bytes(line, text, strlen(text));
}

void line_add(struct line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Escaped and cut to about 60 bytes. */
void line_add_shown(struct line *line, const char *text, size_t length);
/* The same in the quotes given. */
void line_add_quoted(struct line *line, char quote, const char *text, size_t length);
/* "string \"two\"", "array" */
void line_add_value(struct line *line, const struct node *node);
/* "a string or an integer" */
void line_add_types(struct line *line, unsigned int types);
/* "/token", as in a JSON Pointer, escaped to be shown. */
void line_add_token(struct line *line, const char *token, size_t length);

#define LEVELS            32
#define PROBLEMS_MEASURED 50 /* of a branch */

/* The path that was written last, in both forms. What the next one has in common with
 * it from the root on stays. */
struct paths {
	const struct path *written; /* it is this one, and it still stands */
	struct line pointer;        /* "/spec/replicas" */
	struct line dotted;         /* "spec.replicas" */
	unsigned int depth;         /* of the levels that are known */
	struct {
		const struct node *child;
		uint16_t pointer_end;
		uint16_t dotted_end;
	} levels[LEVELS];
};

void paths_begin(struct paths *paths);
void paths_write_again(struct paths *paths, const struct path *path);

static inline void paths_write(struct paths *paths, const struct path *path)
{
	if (path == NULL || path != paths->written)
		paths_write_again(paths, path);
}

/* The path written last is gone. */
static inline void paths_leave(struct paths *paths)
{
	paths->written = NULL;
}

struct report {
	const struct schema_sink *sink;
	size_t count;
	size_t maximum;
	bool measuring; /* nothing is said: a branch is tried */
	unsigned int base_depth;
	struct closeness closeness;
	uint32_t forms; /* the branch at hand is the closest of so many; 0: none is */
	struct paths paths;
	struct line message; /* of the problem at hand */
	struct line mend;    /* of it, once it was asked for */
};

void report_begin(struct report *report, const struct schema_sink *sink);

static inline bool report_is_full(const struct report *report)
{
	return report->measuring ? report->closeness.count >= PROBLEMS_MEASURED
				 : report->count >= report->maximum;
}

/* Whether to go on to the next thing after `valid`: to decide, one fault is enough. */
static inline bool run_goes_on(const struct run *run, bool valid)
{
	return run->failure == 0 &&
	       (valid || (run->report != NULL && !report_is_full(run->report)));
}

/* "spec.replicas", "the document" */
void report_subject(struct line *line, const struct check *check,
		    const struct path *path);

/* What is wrong, besides what the check knows. The words are found only when somebody
 * is told, and how to mend it only when somebody asks. */
struct complaint {
	const struct check *check;
	void (*say)(struct line *line, const struct complaint *complaint);
	/* NULL: there is nothing to suggest; it may find nothing, too */
	void (*suggest)(struct line *mend, const struct complaint *complaint);
	const struct path *path; /* NULL: the check's */
	const struct node *node; /* NULL: the check's */
	const struct node *key;  /* the place, when it is a key's; NULL: the node's */
	const char *keyword;     /* NULL: the operation's */
	unsigned int types;      /* of a value of another type */
	bool constant;           /* a constant differs */
	union {                  /* what the words are about, each its own */
		struct {
			const struct image_string *name;
			const struct image_string *because;
		} required;
		const struct image_object *object;
		struct {
			uint64_t found;
			const char *one;
			const char *many;
		} count;
		struct {
			uint32_t first;
			uint32_t second;
		} pair;
	};
};

/* Tells the sink, or measures. */
bool report_complaint(const struct complaint *complaint);

/* Where the unknown name of a complaint belongs (schema_place.c); false: that cannot be
 * said. */
bool suggest_place(struct line *mend, const struct complaint *complaint);
/* The name of the one property of an object (or the one that is required) that takes a
 * value of the kind that stands in the object's place; NULL: there is none. */
const struct image_string *property_for(const struct check *check);
/* That object; NULL: none is described. */
const struct image_object *object_expected(const struct check *check);
/* The name of the one property of an object that is a map for such values under any
 * name; NULL: there is none, or several. */
const struct image_string *map_for(const struct check *check,
				   const struct image_object *object,
				   const struct node *value);
/* The one property that a schema needs, where it says nothing else; NULL: it says more,
 * or less. */
const struct image_string *needed_name(const struct check *check, uint32_t index);
/* Whether the items of the list that is expected are objects that know a name. */
bool items_know(const struct check *check, const struct node *key);

/* --- one for each thing that can be wrong (schema_message.c) --- */
bool report_never(const struct check *check);
/* The types that would be right: TYPE_*. */
bool report_types(const struct check *check, unsigned int types);
bool report_constants(const struct check *check);
bool report_bound(const struct check *check);
bool report_count(const struct check *check, uint64_t found, const char *one,
		  const char *many);
bool report_pattern(const struct check *check);
bool report_format(const struct check *check);
bool report_required(const struct check *check, const struct image_string *name,
		     const struct image_string *because);
/* `object` knows what would be allowed; NULL: nobody does. */
bool report_unknown(const struct check *check, const struct pair *pair,
		    const struct image_object *object);
bool report_contains(const struct check *check, uint64_t found);
bool report_equal_items(const struct check *check, uint32_t first, uint32_t second);
bool report_not(const struct check *check);
bool report_too_many(const struct check *check, uint32_t first, uint32_t second);

/* anyOf and oneOf that nothing fits: the problems of the branch that came closest. */
bool report_branches(const struct check *check);

#endif
