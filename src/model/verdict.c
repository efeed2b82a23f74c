/* model/verdict.c - collects findings and ends in pass or fail. */
#include "model/finding.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

/* What one finding may show. A path of git.path_bytes fits when every byte of it has to
 * be escaped. */
#define TEXT_BYTES  4096
#define PATH_BYTES  16640
#define NAME_BYTES  256
#define ARENA_BYTES ((size_t)64 << 20)

int verdict_init(struct verdict *verdict, struct error *err)
{
	memset(verdict, 0, sizeof(*verdict));
	verdict->arena = arena_new(ARENA_BYTES);
	if (verdict->arena == NULL)
		return error_set(err, ERROR_MEMORY, "no memory for a verdict");
	return 0;
}

void verdict_release(struct verdict *verdict)
{
	arena_free(verdict->arena);
	memset(verdict, 0, sizeof(*verdict));
}

/* Without its arena a verdict can neither take findings nor be concluded. */
static int lose(struct verdict *verdict, struct error *err)
{
	verdict_release(verdict);
	return error_set(err, ERROR_MEMORY, "no memory for a finding");
}

/* An escaped copy of at most `room` bytes; false: out of memory. */
static bool copy_text(struct arena *arena, const char **out, const char *text,
		      size_t room)
{
	char escaped[PATH_BYTES];
	*out = NULL;
	if (text == NULL)
		return true;
	text_escape_into(escaped, room, text, strlen(text));
	*out = arena_string(arena, escaped);
	return *out != NULL;
}

static bool copy_waiver(struct arena *arena, struct finding *finding)
{
	const struct finding_waiver *waiver = finding->waiver;
	struct finding_waiver *copy = arena_new_of(arena, struct finding_waiver);
	finding->waiver = copy;
	if (copy == NULL)
		return false;
	*copy = *waiver;
	return copy_text(arena, &copy->by, waiver->by, NAME_BYTES) &&
	       copy_text(arena, &copy->reason, waiver->reason, TEXT_BYTES);
}

static bool copy_finding(struct verdict *verdict, const struct finding *finding)
{
	struct finding *copy = ARENA_PUSH(verdict->arena, &verdict->findings,
					  &verdict->count, &verdict->capacity);
	if (copy == NULL)
		return false;
	*copy = *finding;
	if (copy->waiver != NULL && !copy_waiver(verdict->arena, copy))
		return false;
	return copy_text(verdict->arena, &copy->rule,
			 finding->rule == NULL ? "gitgate" : finding->rule,
			 NAME_BYTES) &&
	       copy_text(verdict->arena, &copy->kind, finding->kind, NAME_BYTES) &&
	       copy_text(verdict->arena, &copy->message,
			 finding->message == NULL ? error_meaning(finding->code)
						  : finding->message,
			 TEXT_BYTES) &&
	       copy_text(verdict->arena, &copy->mend, finding->mend, TEXT_BYTES) &&
	       copy_text(verdict->arena, &copy->path, finding->path, PATH_BYTES);
}

int verdict_add(struct verdict *verdict, const struct finding *finding,
		struct error *err)
{
	if (verdict->arena == NULL)
		return lose(verdict, err);
	if (verdict->count >= limits_default.values[LIMIT_FINDINGS])
		verdict->dropped++;
	else if (!copy_finding(verdict, finding))
		return lose(verdict, err);
	if (finding->waiver != NULL)
		verdict->waived++;
	else if (finding->severity == SEVERITY_WARNING)
		verdict->warnings++;
	else
		verdict->errors++;
	return 0;
}

static bool is_further(const struct finding *one, const struct finding *other)
{
	if (one->line != other->line)
		return one->line > other->line;
	return one->column > other->column;
}

void verdict_order(struct verdict *verdict, size_t first)
{
	for (size_t i = first; i < verdict->count; i++) {
		struct finding finding = verdict->findings[i];
		size_t at = i;

		for (; at > first && is_further(&verdict->findings[at - 1], &finding);
		     at--)
			verdict->findings[at] = verdict->findings[at - 1];
		verdict->findings[at] = finding;
	}
}

void verdict_conclude(struct verdict *verdict)
{
	if (verdict->arena == NULL)
		return;
	verdict->result = verdict->errors == 0 ? VERDICT_PASS : VERDICT_FAIL;
}

const char *severity_name(enum severity severity)
{
	switch (severity) {
	case SEVERITY_WARNING:
		return "warning";
	case SEVERITY_UNKNOWN:
	case SEVERITY_ERROR:
		break;
	}
	return "error";
}

const char *verdict_name(enum verdict_result result)
{
	switch (result) {
	case VERDICT_PASS:
		return "pass";
	case VERDICT_FAIL:
		return "fail";
	case VERDICT_UNKNOWN:
		break;
	}
	return "unknown";
}

enum verdict_result verdict_by_name(const char *name)
{
	if (name != NULL && strcmp(name, "pass") == 0)
		return VERDICT_PASS;
	if (name != NULL && strcmp(name, "fail") == 0)
		return VERDICT_FAIL;
	return VERDICT_UNKNOWN;
}
