/* forge/set_up.c - the list of checks of a set-up, and those that every forge has. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/call.h"

#define CHECK_BYTES     2048
#define CLOCK_TOLERANCE (60 * CLOCK_SECOND)
#define CLOCK_WINDOW    (5 * 60 * CLOCK_SECOND) /* of signed timestamps */

/* --- checks --- */

void call_check(struct call_checks *checks, enum forge_check_result result,
		const char *what, const char *mend, const char *format, ...)
{
	char text[CHECK_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	struct forge_check *check = ARENA_PUSH(checks->arena, &checks->items,
					       &checks->count, &checks->capacity);
	if (check == NULL) {
		checks->failed = true;
		return;
	}
	*check = (struct forge_check){ .result = result,
				       .what = arena_string(checks->arena, what),
				       .text = arena_string(checks->arena, text),
				       .mend = arena_string(checks->arena, mend) };
	if (check->what == NULL || check->text == NULL ||
	    (check->mend == NULL) != (mend == NULL))
		checks->failed = true;
}

void call_check_clock(struct call_checks *checks, int64_t date)
{
	char offset[CLOCK_TEXT_BYTES];
	int64_t difference = date - clock_now();
	if (date == 0) {
		call_check(checks, FORGE_CHECK_UNKNOWN, "clock", NULL,
			   "the forge does not say its time");
		return;
	}
	int64_t size = difference < 0 ? -difference : difference;
	duration_format(size, offset);
	enum forge_check_result result = size <= CLOCK_TOLERANCE ? FORGE_CHECK_GOOD
					 : size <= CLOCK_WINDOW  ? FORGE_CHECK_WARNING
								 : FORGE_CHECK_BAD;
	call_check(checks, result, "clock",
		   result == FORGE_CHECK_GOOD ? NULL
					      : "set this machine's clock (timedatectl "
						"set-ntp true), or "
						"the forge's; signed webhooks are "
						"refused over 5 minutes "
						"apart",
		   result == FORGE_CHECK_GOOD ? "both clocks agree within %s"
		   : difference < 0           ? "the forge's clock is %s behind ours"
					      : "the forge's clock is %s ahead of ours",
		   offset);
}

int call_checks_take(const struct call_checks *checks, struct forge_check **out,
		     size_t *count, struct error *err)
{
	if (checks->failed)
		return error_set(err, ERROR_MEMORY, "out of memory for checks");
	*out = checks->items;
	*count = checks->count;
	return 0;
}

/* --- webhooks --- */

int call_hook_add(struct call_hooks *hooks, const char *id, struct error *err)
{
	const char **item =
		ARENA_PUSH(hooks->arena, &hooks->ids, &hooks->count, &hooks->capacity);
	if (item == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for webhooks");
	*item = id;
	return 0;
}

void call_hook_events(struct call_hooks *hooks, const struct node *list,
		      const char *push, const char *prefix)
{
	for (size_t i = 0; node_kind(list) == NODE_SEQUENCE && i < node_count(list);
	     i++) {
		const struct node *item = node_item(list, i);
		const char *event =
			node_kind(item) == NODE_STRING ? node_text(item, NULL) : "";
		if (strcmp(event, push) == 0)
			hooks->pushes = true;
		if (text_starts_with(event, prefix))
			hooks->merge_requests = true;
	}
}

const struct node *call_hook_find(const struct call_reply *page, const char *path,
				  const char *url)
{
	const struct node *list = page->body;
	for (size_t i = 0; node_kind(list) == NODE_SEQUENCE && i < node_count(list);
	     i++) {
		const struct node *found = call_child(node_item(list, i), path);
		if (node_kind(found) == NODE_STRING &&
		    strcmp(node_text(found, NULL), url) == 0)
			return node_item(list, i);
	}
	return NULL;
}

int call_hook_send(struct forge *forge, const struct call *call, struct buf *body,
		   struct arena *arena, struct call_reply *reply, struct error *err)
{
	int code = forge_call(forge, call, arena, reply, NULL, err);
	if (body->capacity > 0)
		explicit_bzero(body->data, body->length);
	buf_release(body);
	return code;
}

void call_check_hook(struct call_checks *checks, const struct call_hooks *hooks)
{
	static const char mend[] = "run 'gitgate forge hook'";
	if (hooks->count == 0)
		call_check(checks, FORGE_CHECK_BAD, "webhook", mend,
			   "none sends to '%s'", hooks->url);
	else if (!hooks->active)
		call_check(checks, FORGE_CHECK_BAD, "webhook", mend,
			   "that to '%s' is switched off", hooks->url);
	else if (!hooks->pushes || !hooks->merge_requests)
		call_check(checks, FORGE_CHECK_BAD, "webhook", mend,
			   "that to '%s' does not send %s", hooks->url,
			   hooks->pushes ? "merge requests" : "pushes");
	else if (hooks->count > 1)
		call_check(checks, FORGE_CHECK_WARNING, "webhook", mend,
			   "%zu send to '%s': every event comes as often", hooks->count,
			   hooks->url);
	else
		call_check(checks, FORGE_CHECK_GOOD, "webhook", NULL, "sends to '%s'",
			   hooks->url);
}

bool call_check_hook_url(struct call_checks *checks, const char *url)
{
	if (url != NULL && url[0] != '\0')
		return true;
	call_check(checks, FORGE_CHECK_UNKNOWN, "webhook",
		   "set 'public-url' in the configuration",
		   "under which address the forge reaches gitgate is not known");
	return false;
}

int call_hook_done(struct arena *arena, const char *done,
		   const struct forge_set_up *set_up, const char **text,
		   struct error *err)
{
	const char *line = arena_printf(arena, "%s the webhook of '%s' to '%s'", done,
					set_up->name, set_up->hook_url);
	if (line == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a line");
	*text = line;
	return 0;
}
