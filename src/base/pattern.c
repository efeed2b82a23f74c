/* base/pattern.c - regular expressions: by an automaton of our own where that can do
 * it, else by PCRE2; bounded in steps and memory. */
#include "base/pattern.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/pattern_parts.h"
#include "base/text.h"

#define KEPT_BYTES   ((size_t)16 << 20) /* of idle machines, all together */
#define BYTES_STEP   16                 /* bytes that are seen to be UTF-8 in a step */
#define BYTES_STATE  8                  /* of PCRE2's code that count as one of ours */
#define SHOWN_LENGTH 100

/* One of expression and backtracker. Of machines one is kept for the next search. */
struct pattern {
	struct expression *expression;
	struct backtracker *backtracker;
	_Atomic(struct machine *) idle;
	char text[];
};

static atomic_size_t idle_bytes;

static int no_memory(const char *text, struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for pattern '%.*s'",
			 SHOWN_LENGTH, text);
}

static int over_limit(const char *text, enum limit limit, const char *what,
		      struct error *err)
{
	return error_set(err, ERROR_LIMIT,
			 "pattern '%.*s' %s, over the limit %s (%llu); make it simpler",
			 SHOWN_LENGTH, text, what, limit_name(limit),
			 (unsigned long long)limits_default.values[limit]);
}

/* What is not ours is PCRE2's, and so are all mistakes. */
static int compile(struct pattern *pattern, size_t length, struct error *err)
{
	int status = expression_new(&pattern->expression, pattern->text, length);
	if (status == PATTERN_NOT_OURS)
		return backtracker_new(&pattern->backtracker, pattern->text, length,
				       err);
	return status == 0 ? 0 : no_memory(pattern->text, err);
}

int pattern_new(struct pattern **out, const char *text, struct error *err)
{
	uint64_t most = limits_default.values[LIMIT_REGEX_BYTES];
	size_t length = strnlen(text, (size_t)most + 1);
	if (length > most)
		return over_limit(text, LIMIT_REGEX_BYTES, "is too long", err);
	struct pattern *pattern = calloc(1, sizeof(*pattern) + length + 1);
	if (pattern == NULL)
		return no_memory(text, err);
	memcpy(pattern->text, text, length);
	int status = compile(pattern, length, err);
	if (status == 0)
		*out = pattern;
	else
		free(pattern);
	return status;
}

void pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	struct machine *machine = atomic_load(&pattern->idle);
	if (machine != NULL)
		atomic_fetch_sub(&idle_bytes, machine_bytes(machine));
	machine_free(machine);
	expression_free(pattern->expression);
	backtracker_free(pattern->backtracker);
	free(pattern);
}

const char *pattern_text(const struct pattern *pattern)
{
	return pattern->text;
}

size_t pattern_states(const struct pattern *pattern)
{
	return pattern->expression != NULL
		       ? pattern->expression->size
		       : backtracker_bytes(pattern->backtracker) / BYTES_STATE;
}

static struct machine *machine_take(struct pattern *pattern)
{
	struct machine *machine = atomic_exchange(&pattern->idle, NULL);
	if (machine == NULL)
		return machine_new(pattern->expression);
	atomic_fetch_sub(&idle_bytes, machine_bytes(machine));
	return machine;
}

/* Kept, when no other thread's is, and not too many are. */
static void machine_give(struct pattern *pattern, struct machine *machine)
{
	struct machine *none = NULL;
	size_t bytes = machine_bytes(machine);
	if (atomic_fetch_add(&idle_bytes, bytes) + bytes <= KEPT_BYTES &&
	    atomic_compare_exchange_strong(&pattern->idle, &none, machine))
		return;
	atomic_fetch_sub(&idle_bytes, bytes);
	machine_free(machine);
}

static int search_by_automaton(struct pattern *pattern, const char *subject,
			       size_t length, uint64_t most, uint64_t *steps)
{
	struct machine *machine = machine_take(pattern);
	if (machine == NULL)
		return ERROR_MEMORY;
	int result = machine_search(machine, subject, length, most, steps);
	machine_give(pattern, machine);
	return result;
}

/* A machine that is kept is no part of what the pattern is. */
static struct pattern *writable(const struct pattern *pattern)
{
	return (struct pattern *)(uintptr_t)pattern;
}

int pattern_search_counted(const struct pattern *pattern, const char *subject,
			   size_t length, uint64_t *steps, struct error *err)
{
	uint64_t most = limits_default.values[LIMIT_REGEX_STEPS];
	uint64_t own = length / BYTES_STEP;
	int result = ERROR_LIMIT;
	subject = length == 0 ? "" : subject;
	if (own < most) {
		if (!text_is_utf8(subject, length))
			return error_set(err, ERROR_PATTERN,
					 "pattern '%.*s' cannot be applied: the text "
					 "is not UTF-8",
					 SHOWN_LENGTH, pattern->text);
		result = pattern->expression != NULL
				 ? search_by_automaton(writable(pattern), subject,
						       length, most, &own)
				 : backtracker_search(pattern->backtracker, subject,
						      length, most, &own, err);
	}
	*steps += own;
	if (result == ERROR_LIMIT)
		return over_limit(pattern->text, LIMIT_REGEX_STEPS,
				  "took too many steps", err);
	if (result == ERROR_MEMORY)
		return no_memory(pattern->text, err);
	if (result < 0)
		error_context(err, "pattern '%.*s'", SHOWN_LENGTH, pattern->text);
	return result;
}

int pattern_search(const struct pattern *pattern, const char *subject, size_t length,
		   struct error *err)
{
	uint64_t steps = 0;
	return pattern_search_counted(pattern, subject, length, &steps, err);
}
