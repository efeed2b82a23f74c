/* doc/schema_uri.c - resolves the references of schemas: RFC 3986, section 5.2. */
#include "doc/schema_uri.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"

struct span {
	const char *start;
	size_t length;
};

/* scheme ":" "//" authority path "?" query; parts that are absent have no start. */
struct uri {
	struct span scheme;
	struct span authority;
	struct span path;
	struct span query;
};

static bool is_scheme_character(char c, bool first)
{
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
	return letter || (!first && other);
}

static struct uri split(const char *text)
{
	struct uri uri = { 0 };
	const char *end = text + strcspn(text, "#");
	const char *at = text;
	while (at < end && is_scheme_character(*at, at == text))
		at++;
	if (at > text && at < end && *at == ':') {
		uri.scheme = (struct span){ text, (size_t)(at - text) };
		text = at + 1;
	}
	if (end - text >= 2 && text[0] == '/' && text[1] == '/') {
		size_t length = strcspn(text + 2, "/?#");
		uri.authority = (struct span){ text + 2, length };
		text += 2 + length;
	}
	size_t length = strcspn(text, "?#");
	uri.path = (struct span){ text, length };
	text += length;
	if (text < end)
		uri.query = (struct span){ text + 1, (size_t)(end - text) - 1 };
	return uri;
}

/* Section 5.2.4, in place. `path` of a relative reference may lack the first '/'. */
static void remove_dots(char *path)
{
	char *to = path;
	const char *at = path;
	while (*at != '\0') {
		const char *segment = *at == '/' ? at + 1 : at;
		size_t length = strcspn(segment, "/");
		const char *next = segment + length;
		bool dot = length == 1 && segment[0] == '.';
		bool up = length == 2 && segment[0] == '.' && segment[1] == '.';
		if (up)
			while (to > path && *--to != '/')
				;
		if (dot || up) {
			if (*next == '\0')
				*to++ = '/';
		} else {
			size_t whole = (size_t)(next - at);
			memmove(to, at, whole);
			to += whole;
		}
		at = next;
	}
	*to = '\0';
}

/* Section 5.2.3: the base's path up to its last '/', then the reference's. */
static char *merge_paths(struct arena *arena, const struct uri *base, struct span path)
{
	size_t keep = base->path.length;
	while (keep > 0 && base->path.start[keep - 1] != '/')
		keep--;
	bool slash = base->authority.start != NULL && base->path.length == 0;
	return arena_printf(arena, "%s%.*s%.*s", slash ? "/" : "", (int)keep,
			    base->path.start, (int)path.length, path.start);
}

static char *join(struct arena *arena, const struct uri *uri, const char *path)
{
	bool authority = uri->authority.start != NULL;
	return arena_printf(arena, "%.*s%s%s%.*s%s%s%.*s", (int)uri->scheme.length,
			    uri->scheme.length > 0 ? uri->scheme.start : "",
			    uri->scheme.length > 0 ? ":" : "", authority ? "//" : "",
			    (int)uri->authority.length,
			    authority ? uri->authority.start : "", path,
			    uri->query.start != NULL ? "?" : "", (int)uri->query.length,
			    uri->query.start != NULL ? uri->query.start : "");
}

char *uri_resolve(struct arena *arena, const char *base_text, const char *reference)
{
	struct uri base = split(base_text);
	struct uri uri = split(reference);
	bool inherits_path = false;
	if (uri.scheme.start == NULL) {
		uri.scheme = base.scheme;
		if (uri.authority.start == NULL) {
			uri.authority = base.authority;
			inherits_path = uri.path.length == 0;
			if (inherits_path && uri.query.start == NULL)
				uri.query = base.query;
		}
	}
	bool absolute = uri.path.length > 0 && uri.path.start[0] == '/';
	bool relative =
		!absolute && !inherits_path && split(reference).scheme.start == NULL;
	char *path;
	if (inherits_path)
		path = arena_printf(arena, "%.*s", (int)base.path.length,
				    base.path.start);
	else if (relative && split(reference).authority.start == NULL)
		path = merge_paths(arena, &base, uri.path);
	else
		path = arena_printf(arena, "%.*s", (int)uri.path.length,
				    uri.path.start);
	if (path == NULL)
		return NULL;
	/* "urn:x:." has no segments. */
	if (path[0] == '/' || relative)
		remove_dots(path);
	return join(arena, &uri, path);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *uri_fragment(struct arena *arena, const char *reference)
{
	const char *hash = strchr(reference, '#');
	char *fragment = arena_string(arena, hash == NULL ? "" : hash + 1);
	if (fragment == NULL)
		return NULL;
	char *to = fragment;
	for (const char *at = fragment; *at != '\0'; at++) {
		int high = *at == '%' ? hex_digit(at[1]) : -1;
		int low = high >= 0 ? hex_digit(at[2]) : -1;
		/* %00 would end the text. */
		bool decodes = low >= 0 && high * 16 + low != 0;
		*to++ = decodes ? (char)(high * 16 + low) : *at;
		at += decodes ? 2 : 0;
	}
	*to = '\0';
	return fragment;
}
