/* doc/schema_run.h - what the parts of the validator share; for doc/ only.
 *
 * One pass, which allocates nothing when all is well: it ends at the first problem when
 * nobody wants to know more, and reports each otherwise. Paths are chains on the stack,
 * written out only for a report. */
#ifndef DOC_SCHEMA_RUN_H
#define DOC_SCHEMA_RUN_H

#include "doc/schema_image.h"

struct error;
struct report;

/* Where in the document a check is: a step below its parent. */
struct path {
	const struct path *parent; /* NULL: the container is the root */
	const struct node *container;
	const struct node *child; /* an item, or the value of a pair */
	bool is_name;             /* its key itself is checked */
};

/* The key of a path; NULL: it is an item. */
static inline const struct node *path_key(const struct path *path)
{
	return path->container->kind == NODE_MAPPING ? path->child - 1 : NULL;
}

static inline size_t path_index(const struct path *path)
{
	return (size_t)(path->child - path->container->items);
}

/* How many steps it has. */
static inline unsigned int path_depth(const struct path *path)
{
	unsigned int depth = 0;
	for (; path != NULL; path = path->parent)
		depth++;
	return depth;
}

/* The resources that were entered on the way, innermost first. */
struct scope {
	uint32_t resource;
	const struct scope *outer;
};

/* Which pairs or items of one value were evaluated. */
struct marks {
	uint64_t *words;
	size_t count;
	bool all;
	bool allocated;
	size_t taken; /* words of the pool */
};

#define MARK_POOL_WORDS 64
#define RUN_SHORT       64 /* bytes that cost nothing of their own */

struct run {
	const struct schema *schema;
	uint32_t entry; /* of the document */
	const struct limits *limits;
	uint64_t steps;
	uint64_t most_steps; /* of limits */
	uint64_t most_depth;
	bool quick; /* there are no dynamic references: decide() may be used */
	unsigned int depth;
	unsigned int references; /* followed without a step into the document */
	int failure;             /* ERROR_*: everything stops */
	struct error *err;
	struct report *report;     /* NULL: only decide */
	const struct scope *scope; /* kept only for dynamic references */
	uint64_t mark_pool[MARK_POOL_WORDS];
	size_t mark_pool_used;
};

/* A check: an operation of a subschema on a value. */
struct check {
	struct run *run;
	const struct image_schema *subschema;
	const struct image_operation *operation;
	const struct node *node;
	const struct path *path;
	struct marks *marks; /* NULL: nobody wants to know what was evaluated */
};

/* Whether a value fits a subschema. False, too, when the run failed. */
bool run_schema(struct run *run, uint32_t schema, const struct node *node,
		const struct path *path, struct marks *marks);
/* The same without reports. */
bool run_quietly(struct run *run, uint32_t schema, const struct node *node,
		 const struct path *path, struct marks *marks);
/* The value of an item or a pair of the check's. */
bool run_below(const struct check *check, uint32_t schema, uint32_t index);
/* Whether a value equals a constant of the image. */
bool run_equals(struct run *run, uint32_t constant, const struct node *node);
/* Whether a pattern is found in a text: 1, 0, or -1 and the run failed. */
int run_search(struct run *run, uint32_t pattern, const struct node *text);
/* Whether a value fits, when there are no dynamic references, and nobody asks for marks
 * (schema_run_decide.c). */
bool decide(struct run *run, uint32_t schema, const struct node *node,
	    const struct path *path);
/* An object by its table, which has no patterns. */
bool decide_object(struct run *run, const struct image_schema *schema,
		   const struct image_object *object, const struct node *node,
		   const struct path *path);
bool run_over_limit(struct run *run, enum limit limit);

/* Counts work; false when there was too much or the run failed before. */
static inline bool run_steps(struct run *run, uint64_t steps)
{
	run->steps += steps;
	if (__builtin_expect(run->steps > run->most_steps, 0))
		return run_over_limit(run, LIMIT_SCHEMA_STEPS);
	return run->failure == 0;
}

/* The same for the bytes of a long text or number, so many in a step. */
static inline bool run_bytes(struct run *run, uint64_t bytes, unsigned int in_a_step)
{
	return bytes <= RUN_SHORT || run_steps(run, bytes / in_a_step);
}

/* Whether one more level can be entered. */
static inline bool run_has_depth(struct run *run)
{
	if (__builtin_expect(run->depth > run->most_depth, 0))
		return run_over_limit(run, LIMIT_SCHEMA_DEPTH);
	return true;
}

bool run_fail(struct run *run, int code);

static inline const void *check_at(const struct check *check, uint32_t offset)
{
	return image_at(check->run->schema, offset);
}

static inline uint64_t check_count_of(const struct check *check)
{
	return check->operation->a | (uint64_t)check->operation->b << 32;
}

/* Marks of the value at hand, for a schema or a branch; false: out of memory. */
bool marks_begin(struct run *run, struct marks *marks, const struct node *node);
void marks_end(struct run *run, struct marks *marks);
void marks_set(struct marks *marks, size_t index); /* NULL is legal */
void marks_set_all(struct marks *marks);           /* NULL is legal */
bool marks_has(const struct marks *marks, size_t index);
void marks_add(struct marks *to, const struct marks *from); /* `to` may be NULL */

/* --- schema_run_value.c --- */
bool check_type(const struct check *check);
bool check_constants(const struct check *check);
bool check_bound(const struct check *check);
bool check_length(const struct check *check);
bool check_count(const struct check *check);
bool check_pattern(const struct check *check);
bool check_format(const struct check *check);
unsigned int run_type_of(const struct node *node);

/* --- schema_run_container.c --- */
bool check_required(const struct check *check);
bool check_dependencies(const struct check *check);
bool check_property_names(const struct check *check);
bool check_properties(const struct check *check);
bool check_items(const struct check *check);
bool check_contains(const struct check *check);
bool check_unique(const struct check *check);
bool check_unique_keys(const struct check *check); /* schema_run_keys.c */
bool check_unevaluated(const struct check *check);

/* --- schema_run_branch.c --- */
bool check_all_of(const struct check *check);
bool check_any_of(const struct check *check);
bool check_one_of(const struct check *check);
bool check_not(const struct check *check);
bool check_condition(const struct check *check);
bool check_reference(const struct check *check);

#endif
