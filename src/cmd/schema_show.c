/* cmd/schema_show.c - `gitgate schema show`: the kinds of a bundle, and what stands in
 * one of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/schema.h"
#include "cmd/table.h"
#include "doc/doc.h"
#include "doc/kubernetes.h"

#define OUTPUT_BYTES ((size_t)16 << 20)
#define ARENA_BYTES  ((size_t)1 << 30)
#define REFERENCES   16 /* that lead to others */
#define WIDTH        72 /* of a description in a table */

struct view {
	const struct schema_command *command;
	const char *file;
	const struct kubernetes_bundle *bundle;
	const struct node *document;
	struct arena *arena;
	struct buf *out;
	struct error *err;
};

/* --- the kinds --- */

static void show_kinds(const struct view *view)
{
	struct json json;
	const char *kind;

	json_begin(&json, view->out);
	if (view->command->json)
		json_array(&json);
	for (size_t i = 0; (kind = kubernetes_bundle_kind(view->bundle, i)); i++) {
		if (view->command->json) {
			json_string(&json, kind);
		} else {
			text_escape_string(view->out, kind);
			buf_add_byte(view->out, '\n');
		}
	}
	if (view->command->json) {
		json_array_end(&json);
		buf_add_byte(view->out, '\n');
	}
}

/* "Deployment" is enough where only one kind is called so. */
static int find_kind(const struct view *view, const char *name, const char **out)
{
	const char *names[64];
	size_t count = 0;
	size_t found = 0;
	const char *kind;

	for (size_t i = 0; (kind = kubernetes_bundle_kind(view->bundle, i)); i++) {
		const char *last = strrchr(kind, '/');
		if (strcmp(kind, name) == 0) {
			*out = kind;
			return 0;
		}
		if (last && strcmp(last + 1, name) == 0) {
			*out = kind;
			found++;
		}
		if (count == sizeof(names) / sizeof(names[0])) {
			names[0] = text_nearest(name, names, count);
			count = names[0] != NULL;
		}
		names[count++] = last ? last + 1 : kind;
	}
	if (found == 1)
		return 0;
	if (found > 1)
		return error_set(view->err, ERROR_USAGE,
				 "'%s' has %zu kinds called '%s': name one with group "
				 "and version, like '%s'",
				 view->file, found, name, *out);
	const char *nearest = count ? text_nearest(name, names, count) : NULL;
	return error_set(view->err, ERROR_NOT_FOUND, "'%s' has no kind '%s'%s%s%s",
			 view->file, name, nearest ? "; did you mean '" : "",
			 nearest ? nearest : "", nearest ? "'?" : "");
}

/* --- one of them --- */

static const struct node *resolve(const struct view *view, const struct node *schema)
{
	static const char prefix[] = "#/definitions/";

	for (int i = 0; i < REFERENCES; i++) {
		const char *reference = node_text(node_get(schema, "$ref"), NULL);
		if (!reference || !text_starts_with(reference, prefix))
			break;
		schema = node_get(node_get(view->document, "definitions"),
				  reference + strlen(prefix));
	}
	return schema;
}

/* What stands in lists and maps is what a path goes on with. */
static const struct node *inside(const struct view *view, const struct node *schema)
{
	for (int i = 0; i < REFERENCES; i++) {
		const struct node *items = node_get(schema, "items");
		const struct node *values = node_get(schema, "additionalProperties");
		if (node_get(schema, "properties"))
			break;
		if (items)
			schema = resolve(view, items);
		else if (node_kind(values) == NODE_MAPPING)
			schema = resolve(view, values);
		else
			break;
	}
	return schema;
}

static int descend(const struct view *view, const struct node **schema)
{
	char *path = arena_string(view->arena, view->command->path);
	char *rest = NULL;

	if (view->command->path && !path)
		return error_set(view->err, ERROR_MEMORY, "out of memory");
	for (char *name = path ? strtok_r(path, ".", &rest) : NULL; name;
	     name = strtok_r(NULL, ".", &rest)) {
		const struct node *fields = node_get(inside(view, *schema), "propertie"
									    "s");
		const struct node *field = node_get(fields, name);
		if (!field)
			return error_set(view->err, ERROR_NOT_FOUND,
					 "there is no field '%s' in '%s'", name,
					 view->command->path);
		*schema = resolve(view, field);
	}
	return 0;
}

static void add_types(struct buf *out, const struct node *type)
{
	if (node_kind(type) != NODE_SEQUENCE) {
		buf_add_string(out, type ? node_text(type, NULL) : "any");
		return;
	}
	for (size_t i = 0; i < node_count(type); i++)
		buf_addf(out, "%s%s", i ? " or " : "",
			 node_text(node_item(type, i), NULL));
}

/* "string", "list of object", "map of string", "quantity" */
static void add_type(const struct view *view, struct buf *out,
		     const struct node *schema, int depth)
{
	const struct node *items = node_get(schema, "items");
	const struct node *values = node_get(schema, "additionalProperties");
	const char *format = node_text(node_get(schema, "format"), NULL);

	if (items && depth < REFERENCES) {
		buf_add_string(out, "list of ");
		add_type(view, out, resolve(view, items), depth + 1);
	} else if (node_kind(values) == NODE_MAPPING && depth < REFERENCES) {
		buf_add_string(out, "map of ");
		add_type(view, out, resolve(view, values), depth + 1);
	} else if (strcmp(format, "quantity") == 0) {
		buf_add_string(out, "quantity");
	} else {
		add_types(out, node_get(schema, "type"));
		if (*format)
			buf_addf(out, " (%s)", format);
	}
}

static bool is_required(const struct node *schema, const char *name)
{
	const struct node *required = node_get(schema, "required");

	for (size_t i = 0; i < node_count(required); i++)
		if (strcmp(node_text(node_item(required, i), NULL), name) == 0)
			return true;
	return false;
}

static const char *description_of(const struct node *field, const struct node *target)
{
	const struct node *own = node_get(field, "description");

	return node_text(own ? own : node_get(target, "description"), NULL);
}

static void show_field(const struct view *view, const struct node *parent, size_t index,
		       struct table *table, struct json *json)
{
	const struct node *fields = node_get(parent, "properties");
	const struct node *field = node_item(fields, index);
	const struct node *target = resolve(view, field);
	const char *name = node_text(node_key(fields, index), NULL);
	const char *description = description_of(field, target);
	struct buf type = BUF_INIT(4096);
	char shown[WIDTH + 1] = "";

	add_type(view, &type, target, 0);
	if (json) {
		json_object(json);
		json_put_string(json, "name", name);
		json_put_string(json, "type", type.data);
		json_put_boolean(json, "required", is_required(parent, name));
		json_put_string(json, "description", description);
		json_object_end(json);
	} else {
		if (*description)
			text_escape_into(shown, sizeof(shown), description,
					 strcspn(description, "\n"));
		table_add(table, TONE_STRONG, name);
		table_add(table, TONE_PLAIN, type.data);
		table_add(table, TONE_PLAIN,
			  is_required(parent, name) ? "required" : "");
		table_add(table, TONE_FAINT, shown);
	}
	buf_release(&type);
}

static void show_fields(const struct view *view, const char *kind,
			const struct node *schema)
{
	const struct node *parent = inside(view, schema);
	const char *path = view->command->path;
	const char *description = node_text(node_get(schema, "description"), NULL);
	struct buf type = BUF_INIT(4096);
	struct table table;
	struct json json;

	add_type(view, &type, schema, 0);
	table_init(&table, view->arena, 4);
	table.headless = true;
	json_begin(&json, view->out);
	if (view->command->json) {
		json_object(&json);
		json_put_string(&json, "kind", kind);
		json_put_string(&json, "path", path);
		json_put_string(&json, "type", type.data);
		json_put_string(&json, "description", description);
		json_key(&json, "fields");
		json_array(&json);
	} else {
		buf_addf(view->out, "%s%s%s: %s\n", kind, path ? " " : "",
			 path ? path : "", type.data);
		if (*description) {
			text_escape_string(view->out, description);
			buf_add_byte(view->out, '\n');
		}
	}
	for (size_t i = 0; i < node_count(node_get(parent, "properties")); i++)
		show_field(view, parent, i, &table, view->command->json ? &json : NULL);
	if (view->command->json) {
		json_array_end(&json);
		json_object_end(&json);
		buf_add_byte(view->out, '\n');
	} else {
		table_write(&table, cmd_colour(1), "  ", view->out);
	}
	buf_release(&type);
}

static int show_kind(struct view *view, const char *name)
{
	struct doc_problem problem;
	struct docs docs = { 0 };
	const char *kind = NULL;
	size_t length = 0;

	int rc = find_kind(view, name, &kind);
	if (rc != 0)
		return rc;
	const char *text = kubernetes_bundle_document(view->bundle, &length);
	rc = docs_parse(&docs, view->arena, DOC_JSON, text, length, &limits_default,
			&problem);
	if (rc != 0)
		return error_set(view->err, rc, "'%s': %s", view->file,
				 problem.message);
	view->document = docs.roots[0];
	const char *definition = node_text(
		node_get(node_get(node_get(view->document, "kinds"), kind), "definitio"
									    "n"),
		NULL);
	const struct node *schema =
		definition
			? node_get(node_get(view->document, "definitions"), definition)
			: NULL;
	if (!schema)
		return error_set(view->err, ERROR_SCHEMA,
				 "'%s' does not describe the kind '%s'; import it "
				 "again",
				 view->file, kind);
	rc = descend(view, &schema);
	if (rc == 0)
		show_fields(view, kind, schema);
	return rc;
}

int schema_show(const struct schema_command *command, char **operands, int count)
{
	struct buf out = BUF_INIT(OUTPUT_BYTES);
	struct error err = ERROR_INIT;
	struct bundle_file file;
	struct view view = { .command = command, .out = &out, .err = &err };

	if (count == 0 || count > 2)
		return cmd_usage("schema", "show needs the FILE of a bundle, and may "
					   "have a KIND");
	if (command->path && count == 1)
		return cmd_usage("schema", "--path needs a KIND");
	view.file = operands[0];
	view.arena = arena_new(ARENA_BYTES);
	int rc = view.arena ? bundle_file_open(&file, operands[0], &err)
			    : error_set(&err, ERROR_MEMORY, "out of memory");
	if (rc == 0) {
		view.bundle = file.bundle;
		if (count == 2)
			rc = show_kind(&view, operands[1]);
		else
			show_kinds(&view);
	}
	rc = rc == 0 ? cmd_write(&out) : cmd_fail(&err);
	if (view.arena)
		bundle_file_release(&file);
	arena_free(view.arena);
	buf_release(&out);
	return rc;
}
