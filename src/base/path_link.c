/* base/path_link.c - where symbolic links of a tree lead, from names alone. */
#include "base/path.h"

#include <string.h>

#include "base/buf.h"

/* The directory in which `path` lies. */
static void cut_name(struct buf *path)
{
	const char *slash =
		path->length > 0 ? memrchr(path->data, '/', path->length) : NULL;
	buf_truncate(path, slash != NULL ? (size_t)(slash - path->data) : 0);
}

const char *path_resolve_link(struct buf *out, const char *path, const char *target)
{
	bool named = false;
	if (*target == '\0')
		return "cannot be read";
	if (*target == '/')
		return "is absolute";
	buf_add_string(out, path);
	cut_name(out);
	for (const char *at = target; *at != '\0'; at += strspn(at, "/")) {
		size_t length = strcspn(at, "/");
		if (length == 2 && memcmp(at, "..", 2) == 0) {
			/* A name can be a link itself: what is above it is open. */
			if (named)
				return "goes up again behind a name";
			if (out->length == 0)
				return "points out of the tree";
			cut_name(out);
		} else if (length != 1 || *at != '.') {
			named = true;
			if (out->length > 0)
				buf_add_byte(out, '/');
			buf_add(out, at, length);
		}
		at += length;
	}
	return NULL;
}
