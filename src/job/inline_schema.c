/* job/inline_schema.c - the schemas that documents name themselves. */
#include "job/inline_schema.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "model/policy.h"

#define MARK       "yaml-language-server:"
#define KEY        "$schema="
#define NAME_BYTES 4096

/* The name in a comment line, or NULL; its length in *length. */
static const char *name_in(const char *line, size_t line_length, size_t *length)
{
	const char *end = line + line_length;
	while (line < end && (*line == ' ' || *line == '#'))
		line++;
	if ((size_t)(end - line) < strlen(MARK) ||
	    memcmp(line, MARK, strlen(MARK)) != 0)
		return NULL;
	const char *key = memmem(line, (size_t)(end - line), KEY, strlen(KEY));
	if (key == NULL)
		return NULL;
	key += strlen(KEY);
	for (*length = 0; key + *length < end; ++*length)
		if (strchr(" \t\r", key[*length]) != NULL)
			break;
	return *length > 0 ? key : NULL;
}

const char **inline_schema_lines(struct arena *arena, const struct docs *docs,
				 const char *text, size_t length)
{
	const char **names = arena_array(arena, docs->count + 1, sizeof(*names));
	const char *end = text + length;
	uint32_t number = 1;
	size_t index = 0;
	if (names == NULL || memmem(text, length, MARK, strlen(MARK)) == NULL)
		return names;
	for (const char *at = text; at < end; number++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t line = (size_t)((stop == NULL ? end : stop) - at);
		size_t name_length = 0;
		/* A line belongs to the document that begins behind it. */
		while (index < docs->count && node_line(docs->roots[index]) < number)
			index++;
		const char *name = memchr(at, '#', line) == NULL
					   ? NULL
					   : name_in(at, line, &name_length);
		if (name != NULL && index < docs->count && names[index] == NULL) {
			names[index] = arena_copy(arena, name, name_length);
			if (names[index] == NULL)
				return NULL;
		}
		at += line + 1;
	}
	return names;
}

const char *inline_schema_name(const struct node *root, const char *line)
{
	const struct node *own = node_get(root, "$schema");
	return node_kind(own) == NODE_STRING ? node_text(own, NULL) : line;
}

/* Removes the last component; false: there is none. */
static bool go_up(char *path, size_t *length)
{
	if (*length == 0)
		return false;
	while (*length > 0 && path[*length - 1] != '/')
		--*length;
	*length -= *length > 0;
	path[*length] = '\0';
	return true;
}

/* "../a.json", seen from "deploy/web/app.yaml", as "deploy/a.json"; false: it leads out
 * of the tree, or is too long. */
static bool resolve(char out[NAME_BYTES], const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash - path);
	if (length + strlen(name) + 2 > NAME_BYTES)
		return false;
	memcpy(out, path, length);
	out[length] = '\0';
	while (*name != '\0') {
		size_t part = strcspn(name, "/");
		if (part == 2 && strncmp(name, "..", 2) == 0) {
			if (!go_up(out, &length))
				return false;
		} else if (part > 0 && !(part == 1 && *name == '.')) {
			length += (size_t)snprintf(out + length, NAME_BYTES - length,
						   "%s%.*s", length > 0 ? "/" : "",
						   (int)part, name);
		}
		name += part + (name[part] == '/');
	}
	return true;
}

static bool is_named(const struct inline_schema *schema, const char *name,
		     const char *resolved)
{
	if (schema->id != NULL && strcmp(schema->id, name) == 0)
		return true;
	return strcmp(schema->name, name) == 0 || strcmp(schema->name, resolved) == 0;
}

const struct schema *inline_schema_find(const struct rule *rule, const char *path,
					const char *name)
{
	char plain[NAME_BYTES];
	char resolved[NAME_BYTES];
	size_t length = strlen(name);
	length -= length > 0 && name[length - 1] == '#';
	if (length >= sizeof(plain))
		return NULL;
	memcpy(plain, name, length);
	plain[length] = '\0';
	if (!resolve(resolved, path, plain))
		resolved[0] = '\0';
	for (size_t i = 0; i < rule->schema->inline_schemas.count; i++)
		if (is_named(&rule->inline_schemas[i], plain, resolved))
			return rule->inline_schemas[i].compiled;
	return NULL;
}
