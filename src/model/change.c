/* model/change.c - what kind of update a change is, and which ref names are safe.
 *
 * Source: git-check-ref-format(1), narrowed to what can be shown and passed on. */
#include "model/change.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define REF_BYTES 255

enum change_kind change_kind(const struct change *change)
{
	bool had = !oid_is_null(&change->old_id);
	bool has = !oid_is_null(&change->new_id);
	if (had && has)
		return CHANGE_UPDATE;
	if (has)
		return CHANGE_CREATE;
	return had ? CHANGE_DELETE : CHANGE_UNKNOWN;
}

const char *change_kind_name(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_CREATE:
		return "create";
	case CHANGE_UPDATE:
		return "update";
	case CHANGE_DELETE:
		return "delete";
	case CHANGE_UNKNOWN:
		break;
	}
	return "unknown";
}

/* What is wrong with one component, or NULL. */
static const char *component_problem(const char *component, size_t length)
{
	static const char lock[] = ".lock";
	const size_t lock_length = sizeof(lock) - 1;
	if (length == 0)
		return "has an empty component";
	if (component[0] == '.')
		return "has a component that begins with '.'";
	if (component[0] == '-')
		return "has a component that begins with '-'";
	if (length >= lock_length &&
	    memcmp(component + length - lock_length, lock, lock_length) == 0)
		return "has a component that ends with '.lock'";
	return NULL;
}

static const char *components_problem(const char *ref)
{
	for (const char *component = ref;;) {
		size_t length = strcspn(component, "/");
		const char *problem = component_problem(component, length);
		if (problem != NULL || component[length] == '\0')
			return problem;
		component += length + 1;
	}
}

static const char *character_problem(const char *ref, size_t length)
{
	for (size_t i = 0; i < length;) {
		uint32_t code_point;
		size_t bytes = text_utf8_next(ref + i, length - i, &code_point);
		if (bytes == 0)
			return "is not UTF-8";
		if (!text_is_shown(code_point))
			return "holds a character that cannot be shown";
		i += bytes;
	}
	if (strpbrk(ref, " ~^:?*[\\") != NULL)
		return "holds one of the characters that git forbids";
	if (strstr(ref, "..") != NULL)
		return "holds '..'";
	if (strstr(ref, "@{") != NULL)
		return "holds '@{'";
	return NULL;
}

static const char *ref_problem(const char *ref)
{
	if (!text_starts_with(ref, "refs/"))
		return "does not begin with 'refs/'";
	size_t length = strlen(ref);
	if (length > REF_BYTES)
		return "is longer than 255 bytes";
	if (ref[length - 1] == '.')
		return "ends with '.'";
	const char *problem = character_problem(ref, length);
	return problem != NULL ? problem : components_problem(ref);
}

int ref_check(const char *ref, struct error *err)
{
	const char *problem = ref_problem(ref);
	if (problem == NULL)
		return 0;
	return error_set(err, ERROR_UNSAFE_PATH, "ref '%.*s' %s", REF_BYTES, ref,
			 problem);
}
