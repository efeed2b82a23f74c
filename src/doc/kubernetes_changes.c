/* doc/kubernetes_changes.c - definitions of kinds before and after, compared. */
#include "doc/kubernetes_changes.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/map.h"
#include "doc/kubernetes.h"
#include "doc/node.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define SPEC_BYTES  ((size_t)64 << 20) /* as JSON; the document is bounded already */
#define LIST_DEPTH  4
#define KIND_BYTES  512

/* What is said of one kind in one way in one file. */
struct defined {
	const char *name; /* "group/Kind" */
	const char *group;
	const char *kind;
	const char *before; /* the file, when it stood there; NULL: it did not */
	const char *after;  /* the same of now */
};

struct kubernetes_changes {
	struct arena *arena;
	struct map said;  /* "digest group/Kind path" -> struct defined */
	struct map kinds; /* "group/Kind" -> struct kubernetes_change */
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for definitions");
}

int kubernetes_changes_new(struct kubernetes_changes **out, struct error *err)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct kubernetes_changes *changes =
		arena == NULL ? NULL : arena_new_of(arena, struct kubernetes_changes);
	if (changes == NULL) {
		arena_free(arena);
		return no_memory(err);
	}
	changes->arena = arena;
	*out = changes;
	return 0;
}

void kubernetes_changes_free(struct kubernetes_changes *changes)
{
	if (changes == NULL)
		return;
	map_release(&changes->said);
	map_release(&changes->kinds);
	arena_free(changes->arena);
}

/* What JSON cannot say, or is too long, counts as changed: no side equals the other. */
static int digest_definition(const struct node *root, bool before, struct digest *out,
			     struct error *err)
{
	const char *side = before ? "before" : "after";
	struct buf text = BUF_INIT(SPEC_BYTES);
	buf_add_string(&text, node_text(node_get(root, "apiVersion"), NULL));
	bool whole = doc_write_json(&text, node_get(root, "spec"), NULL) == 0 &&
		     text.failed == 0;
	int status = whole ? digest_of(text.data, text.length, out)
			   : digest_of(side, strlen(side), out);
	bool failed = text.failed == ERROR_MEMORY || status != 0;
	buf_release(&text);
	return failed ? no_memory(err) : 0;
}

static struct defined *defined_new(struct kubernetes_changes *changes, char *key,
				   const char *group, const char *kind)
{
	struct defined *defined = arena_new_of(changes->arena, struct defined);
	if (defined == NULL)
		return NULL;
	*defined = (struct defined){ .name = arena_printf(changes->arena, "%s/%s",
							  group, kind),
				     .group = arena_string(changes->arena, group),
				     .kind = arena_string(changes->arena, kind) };
	bool whole = defined->name != NULL && defined->group != NULL &&
		     defined->kind != NULL &&
		     map_put(&changes->said, key, strlen(key), defined) == 0;
	return whole ? defined : NULL;
}

static int add_definition(struct kubernetes_changes *changes, const char *path,
			  bool before, const struct node *root, struct error *err)
{
	const struct node *spec = node_get(root, "spec");
	const char *group = node_text(node_get(spec, "group"), NULL);
	const char *kind = node_text(node_get(node_get(spec, "names"), "kind"), NULL);
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	/* Nobody can follow it. */
	if (group == NULL || kind == NULL)
		return 0;
	int status = digest_definition(root, before, &digest, err);
	if (status != 0)
		return status;
	digest_hex(&digest, hex);
	/* Where several files define a kind, the first one's definition counts. */
	char *key = arena_printf(changes->arena, "%s %s/%s %s", hex, group, kind, path);
	const char *kept = arena_string(changes->arena, path);
	if (key == NULL || kept == NULL)
		return no_memory(err);
	struct defined *defined = map_get(&changes->said, key, strlen(key));
	if (defined == NULL)
		defined = defined_new(changes, key, group, kind);
	if (defined == NULL)
		return no_memory(err);
	*(before ? &defined->before : &defined->after) = kept;
	return 0;
}

static int add_all(struct kubernetes_changes *changes, const char *path, bool before,
		   const struct node *root, unsigned int depth, struct error *err)
{
	const struct node *items = node_get(root, "items");
	int status = 0;
	if (kubernetes_is_definition(root))
		return add_definition(changes, path, before, root, err);
	if (node_kind(items) != NODE_SEQUENCE || depth == LIST_DEPTH)
		return 0;
	for (size_t i = 0; status == 0 && i < node_count(items); i++)
		status = add_all(changes, path, before, node_item(items, i), depth + 1,
				 err);
	return status;
}

int kubernetes_changes_add(struct kubernetes_changes *changes, const char *path,
			   bool before, const struct node *root, struct error *err)
{
	return add_all(changes, path, before, root, 0, err);
}

static int add_change(struct kubernetes_changes *changes, const struct defined *defined,
		      struct error *err)
{
	size_t length = strlen(defined->name);
	struct kubernetes_change *change =
		map_get(&changes->kinds, defined->name, length);
	if (change == NULL) {
		change = arena_new_of(changes->arena, struct kubernetes_change);
		if (change == NULL ||
		    map_put(&changes->kinds, defined->name, length, change) != 0)
			return no_memory(err);
		*change = (struct kubernetes_change){ defined->group, defined->kind,
						      defined->before, true };
	}
	if (defined->after != NULL) {
		change->path = defined->after;
		change->removed = false;
	}
	return 0;
}

int kubernetes_changes_finish(struct kubernetes_changes *changes, struct error *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < changes->said.count; i++) {
		const struct defined *defined = changes->said.entries[i].value;
		if (defined->before == NULL || defined->after == NULL)
			status = add_change(changes, defined, err);
	}
	return status;
}

const struct kubernetes_change *kubernetes_changes_item(
	const struct kubernetes_changes *changes, size_t index)
{
	return index < changes->kinds.count ? changes->kinds.entries[index].value
					    : NULL;
}

const struct kubernetes_change *kubernetes_changes_find(
	const struct kubernetes_changes *changes, const char *kind)
{
	char name[KIND_BYTES];
	const char *version = strchr(kind, '/');
	const char *last = strrchr(kind, '/');
	/* Those without a group are nobody's to define. */
	if (version == NULL || version == last || strlen(kind) >= sizeof(name))
		return NULL;
	int length = snprintf(name, sizeof(name), "%.*s%s", (int)(version - kind), kind,
			      last);
	return map_get(&changes->kinds, name, (size_t)length);
}
