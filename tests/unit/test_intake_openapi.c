/* tests/unit/test_intake_openapi.c - the API's document says what is so: every route is
 * in it, every reference leads somewhere, and rows as they are written follow their
 * schemas. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "doc/doc.h"
#include "doc/schema.h"
#include "intake/state.h"
#include "unit.h"

#define URI "https://gitgate.invalid/openapi.json"

static const struct node *parse(struct arena *arena, const char *text, size_t length)
{
	struct doc_problem problem = { 0 };
	struct docs docs = { 0 };

	int rc = docs_parse(&docs, arena, DOC_JSON, text, length, &limits_default,
			    &problem);
	ck_assert_msg(rc == 0, "%s: %.300s", problem.message, text);
	ck_assert_uint_eq(docs.count, 1);
	return docs.roots[0];
}

static const struct node *document(struct arena *arena)
{
	struct buf text = BUF_INIT((size_t)4 << 20);

	openapi_write(&text);
	ck_assert_int_eq(text.failed, 0);
	const struct node *root =
		parse(arena, arena_string(arena, text.data), text.length);
	buf_release(&text);
	return root;
}

static const struct node *operation_of(const struct node *root,
				       const struct route *route)
{
	const struct node *path = node_get(node_get(root, "paths"), route->path);

	return node_get(path, route_is_post(route) ? "post" : "get");
}

static size_t bits(unsigned int set)
{
	return (size_t)__builtin_popcount(set);
}

START_TEST(every_route_is_in_the_document_and_nothing_else)
{
	struct arena *arena = arena_new((size_t)64 << 20);
	const struct node *root = document(arena);
	const struct node *paths = node_get(root, "paths");
	const struct route *route;
	size_t routes = 0, operations = 0;

	ck_assert_str_eq(node_text(node_get(root, "openapi"), NULL), "3.1.0");
	for (; (route = route_at(routes)) != NULL; routes++) {
		const struct node *operation = operation_of(root, route);
		ck_assert_msg(operation != NULL, "%s", route->path);
		ck_assert_uint_gt(
			strlen(node_text(node_get(operation, "summary"), NULL)), 5);
		bool query =
			route->action == ROUTE_QUERY || route->action == ROUTE_EVENTS;
		size_t wanted = (query ? bits(route->may) : 0) +
				(strchr(route->path, '{') ? 1 : 0);
		ck_assert_uint_eq(node_count(node_get(operation, "parameters")),
				  wanted);
		ck_assert_int_eq(node_get(operation, "requestBody") != NULL,
				 route_is_post(route));
		const struct node *answers = node_get(operation, "responses");
		ck_assert_ptr_nonnull(node_get(answers, "default"));
		ck_assert_ptr_nonnull(
			node_get(answers, route_is_post(route) ? "202" : "200"));
		ck_assert_int_eq(route->subject != SUBJECT_NONE,
				 strchr(route->path, '{') != NULL);
	}
	for (size_t i = 0; i < node_count(paths); i++)
		operations += node_count(node_item(paths, i));
	ck_assert_uint_eq(operations, routes);
	arena_free(arena);
}
END_TEST

static size_t check_references(const struct node *root, const struct node *node)
{
	size_t count = 0;

	if (node_kind(node) == NODE_MAPPING && node_get(node, "$ref")) {
		const char *text = node_text(node_get(node, "$ref"), NULL);
		const char *prefix = "#/components/schemas/";
		ck_assert_int_eq(strncmp(text, prefix, strlen(prefix)), 0);
		const struct node *schemas =
			node_get(node_get(root, "components"), "schemas");
		ck_assert_msg(node_get(schemas, text + strlen(prefix)) != NULL, "%s",
			      text);
		count++;
	}
	if (node_kind(node) == NODE_MAPPING || node_kind(node) == NODE_SEQUENCE)
		for (size_t i = 0; i < node_count(node); i++)
			count += check_references(root, node_item(node, i));
	return count;
}

START_TEST(every_reference_leads_somewhere)
{
	struct arena *arena = arena_new((size_t)64 << 20);
	const struct node *root = document(arena);

	ck_assert_uint_gt(check_references(root, root), 30);
	arena_free(arena);
}
END_TEST

/* --- rows and their schemas --- */

static void tell_problem(void *data, const struct schema_problem *problem)
{
	snprintf(data, 256, "%s", problem->message);
}

static void check_against(struct arena *arena, const struct node *root,
			  const char *name, const char *text, int valid)
{
	struct schema_resource resource = { URI, root };
	struct schema_options options = { .resources = &resource,
					  .resource_count = 1,
					  .assert_formats = true };
	struct buf reference = BUF_INIT(512);
	struct schema *schema = NULL;
	struct error err = ERROR_INIT;
	char said[256] = "";
	struct schema_sink sink = { tell_problem, said, 1 };

	buf_addf(&reference, "{\"$ref\":\"" URI "#/components/schemas/%s\"}", name);
	const struct node *main_root =
		parse(arena, arena_string(arena, reference.data), reference.length);
	ck_assert_msg(schema_compile(&schema, name, main_root, &options, &err) == 0,
		      "%s", err.text);
	const struct node *row = parse(arena, text, strlen(text));
	int result = schema_validate(schema, row, &limits_default, &sink, &err);
	ck_assert_msg(result == valid, "%s: %s %s: %s", name, said, err.text, text);
	schema_free(schema);
	buf_release(&reference);
}

/* A value in every field. */
static void fill(const struct message_row *row, char *message)
{
	static const char *const words[] = { "a", "b" };
	static const struct oid ids[1] = { { .length = 20, .bytes = { 1 } } };

	for (size_t i = 0; i < row->field_count; i++) {
		void *at = message + row->fields[i].offset;
		switch (row->fields[i].kind) {
		case MESSAGE_KIND_U64:
			*(uint64_t *)at = 1763700000;
			break;
		case MESSAGE_KIND_I64:
			*(int64_t *)at = -7;
			break;
		case MESSAGE_KIND_TIME:
			*(int64_t *)at = INT64_C(1763700000123456);
			break;
		case MESSAGE_KIND_BOOL:
			*(bool *)at = true;
			break;
		case MESSAGE_KIND_STRING:
			*(const char **)at = "text";
			break;
		case MESSAGE_KIND_BYTES:
			*(struct msg_bytes *)at = (struct msg_bytes){ "\1\2", 2 };
			break;
		case MESSAGE_KIND_OID:
			*(struct oid *)at = ids[0];
			break;
		case MESSAGE_KIND_DIGEST:
			memset(at, 7, sizeof(struct digest));
			break;
		case MESSAGE_KIND_STRINGS:
			*(struct msg_strings *)at = (struct msg_strings){ words, 2 };
			break;
		case MESSAGE_KIND_OIDS:
			*(struct msg_oids *)at = (struct msg_oids){ ids, 1 };
			break;
		}
	}
}

static const char *write_row(struct arena *arena, enum message_type type,
			     const void *message)
{
	struct buf out = BUF_INIT((size_t)1 << 20);
	struct json json;

	json_begin(&json, &out);
	json_object(&json);
	message_json(&json, type, message);
	json_object_end(&json);
	const char *copy = arena_string(arena, out.data);
	buf_release(&out);
	return copy;
}

START_TEST(rows_follow_their_schemas)
{
	struct arena *arena = arena_new((size_t)256 << 20);
	const struct node *root = document(arena);
	const struct route *route;

	for (size_t i = 0; (route = route_at(i)) != NULL; i++) {
		if (route->action != ROUTE_QUERY)
			continue;
		const struct message_row *row = message_row(route->row);
		void *message = arena_alloc(arena, row->size);
		check_against(arena, root, row->name,
			      write_row(arena, row->type, message), 1);
		fill(row, message);
		check_against(arena, root, row->name,
			      write_row(arena, row->type, message), 1);
		/* and not everything does */
		check_against(arena, root, row->name, "{}", 0);
	}
	arena_free(arena);
}
END_TEST

START_TEST(errors_follow_their_schema)
{
	struct arena *arena = arena_new((size_t)64 << 20);
	const struct node *root = document(arena);

	check_against(arena, root, "error",
		      "{\"error\":{\"code\":\"unauthenticated\",\"message\":\"m\"}}",
		      1);
	check_against(arena, root, "error",
		      "{\"error\":{\"code\":\"what\",\"message\":\"m\"}}", 0);
	check_against(arena, root, "stored", "{\"delivery\":1}", 1);
	check_against(arena, root, "done", "{\"id\":1,\"text\":null}", 1);
	arena_free(arena);
}
END_TEST

UNIT_MAIN("intake openapi", every_route_is_in_the_document_and_nothing_else,
	  every_reference_leads_somewhere, rows_follow_their_schemas,
	  errors_follow_their_schema)
