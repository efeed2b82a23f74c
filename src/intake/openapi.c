/* intake/openapi.c - the API's document (OpenAPI 3.1): made of the table of routes and
 * the rows of model/messages.def, so that it cannot say anything else. */
#include "intake/state.h"

#include <string.h>

#include "base/error.h"

#define REF     "#/components/schemas/"
#define NAME_AT 64

/* --- small pieces --- */

static void begin(struct json *json, const char *key)
{
	json_key(json, key);
	json_object(json);
}

static void put_ref(struct json *json, const char *key, const char *name)
{
	char text[NAME_AT + sizeof(REF)];
	struct buf out = BUF_INIT(sizeof(text));

	buf_addf(&out, REF "%s", name);
	begin(json, key);
	json_put_string(json, "$ref", out.data);
	json_object_end(json);
	buf_release(&out);
}

static void put_type(struct json *json, const char *type, bool or_null)
{
	if (!or_null) {
		json_put_string(json, "type", type);
		return;
	}
	json_key(json, "type");
	json_array(json);
	json_string(json, type);
	json_string(json, "null");
	json_array_end(json);
}

static void put_text(struct json *json, const char *key, const char *format)
{
	begin(json, key);
	json_put_string(json, "type", "string");
	if (format)
		json_put_string(json, "format", format);
	json_object_end(json);
}

/* --- schemas --- */

static void put_pattern(struct json *json, const char *pattern)
{
	put_type(json, "string", true);
	json_put_string(json, "pattern", pattern);
}

static void put_list(struct json *json, const char *type, const char *pattern)
{
	json_put_string(json, "type", "array");
	begin(json, "items");
	json_put_string(json, "type", type);
	if (pattern)
		json_put_string(json, "pattern", pattern);
	json_object_end(json);
}

#define OID_PATTERN    "^([0-9a-f]{40}|[0-9a-f]{64})$"
#define DIGEST_PATTERN "^[0-9a-f]{64}$"

static void put_kind(struct json *json, enum message_kind kind)
{
	switch (kind) {
	case MESSAGE_KIND_U64:
		put_type(json, "integer", false);
		json_put_unsigned(json, "minimum", 0);
		return;
	case MESSAGE_KIND_I64:
		put_type(json, "integer", false);
		return;
	case MESSAGE_KIND_TIME:
		put_type(json, "string", true);
		json_put_string(json, "format", "date-time");
		return;
	case MESSAGE_KIND_BOOL:
		put_type(json, "boolean", false);
		return;
	case MESSAGE_KIND_STRING:
	case MESSAGE_KIND_BYTES:
		put_type(json, "string", true);
		return;
	case MESSAGE_KIND_OID:
		put_pattern(json, OID_PATTERN);
		return;
	case MESSAGE_KIND_DIGEST:
		put_pattern(json, DIGEST_PATTERN);
		return;
	case MESSAGE_KIND_STRINGS:
		put_list(json, "string", NULL);
		return;
	case MESSAGE_KIND_OIDS:
		put_list(json, "string", OID_PATTERN);
		return;
	}
}

static const char *purpose_of(enum message_type type)
{
	switch (type) {
	case MESSAGE_NONE:
		break;
#define MESSAGE_BEGIN(number, name, purpose)                                           \
	case MESSAGE_##name:                                                           \
		return purpose;
#define MESSAGE_FIELD(message, id, kind, field, json)
#define MESSAGE_END(name)
#include "model/messages.def"
#undef MESSAGE_BEGIN
#undef MESSAGE_FIELD
#undef MESSAGE_END
	}
	return "";
}

static void write_row(struct json *json, enum message_type type)
{
	const struct message_row *row = message_row(type);

	begin(json, row->name);
	json_put_string(json, "type", "object");
	json_put_string(json, "description", purpose_of(type));
	begin(json, "properties");
	for (size_t i = 0; i < row->field_count; i++) {
		if (!*row->fields[i].json)
			continue;
		begin(json, row->fields[i].json);
		put_kind(json, row->fields[i].kind);
		json_object_end(json);
	}
	json_object_end(json);
	json_key(json, "required");
	json_array(json);
	for (size_t i = 0; i < row->field_count; i++)
		if (*row->fields[i].json)
			json_string(json, row->fields[i].json);
	json_array_end(json);
	json_put_boolean(json, "additionalProperties", false);
	json_object_end(json);
}

static void put_required(struct json *json, const char *const *names, size_t count)
{
	json_key(json, "required");
	json_array(json);
	for (size_t i = 0; i < count; i++)
		json_string(json, names[i]);
	json_array_end(json);
}

static void write_error_schema(struct json *json)
{
	static const char *const members[] = { "code", "message" };
	static const char *const outer[] = { "error" };

	begin(json, "error");
	json_put_string(json, "type", "object");
	begin(json, "properties");
	begin(json, "error");
	json_put_string(json, "type", "object");
	begin(json, "properties");
	begin(json, "code");
	json_put_string(json, "type", "string");
	json_key(json, "enum");
	json_array(json);
	for (int row = 1; row < ERROR_ROW_COUNT; row++)
		json_string(json, error_name(-row));
	json_array_end(json);
	json_object_end(json);
	put_text(json, "message", NULL);
	json_object_end(json);
	put_required(json, members, 2);
	json_object_end(json);
	json_object_end(json);
	put_required(json, outer, 1);
	json_object_end(json);
}

/* {"id": ..., "text": ...} of commands, {"delivery": ...} of hints and webhooks. */
static void write_done_schema(struct json *json, const char *name, const char *key,
			      bool has_text)
{
	const char *const names[] = { key, "text" };

	begin(json, name);
	json_put_string(json, "type", "object");
	begin(json, "properties");
	begin(json, key);
	put_kind(json, MESSAGE_KIND_U64);
	json_object_end(json);
	if (has_text) {
		begin(json, "text");
		put_type(json, "string", true);
		json_object_end(json);
	}
	json_object_end(json);
	put_required(json, names, has_text ? 2 : 1);
	json_object_end(json);
}

static void write_schemas(struct json *json)
{
	const struct route *route;

	begin(json, "schemas");
	write_error_schema(json);
	write_done_schema(json, "done", "id", true);
	write_done_schema(json, "stored", "delivery", false);
	for (size_t i = 0; (route = route_at(i)) != NULL; i++)
		if (route->action == ROUTE_QUERY)
			write_row(json, route->row);
	json_object_end(json);
}

/* --- parameters and bodies --- */

static bool is_number(unsigned int parameter)
{
	return parameter & (PARAMETER_BEFORE | PARAMETER_LIMIT | PARAMETER_ID |
			    PARAMETER_NUMBER | PARAMETER_AFTER);
}

static void write_query_parameter(struct json *json, const struct route *route,
				  const struct route_name *parameter)
{
	json_object(json);
	json_put_string(json, "name", parameter->name);
	json_put_string(json, "in", "query");
	json_put_string(json, "description", parameter->help);
	json_put_boolean(json, "required", route->must & parameter->bit);
	begin(json, "schema");
	json_put_string(json, "type", is_number(parameter->bit) ? "integer" : "string");
	if (is_number(parameter->bit))
		json_put_unsigned(json, "minimum",
				  parameter->bit == PARAMETER_AFTER ? 0 : 1);
	else
		json_put_unsigned(json, "minLength", 1);
	if (parameter->bit == PARAMETER_LIMIT)
		json_put_unsigned(json, "maximum", 200);
	json_object_end(json);
	json_object_end(json);
}

static void write_path_parameter(struct json *json, const struct route *route)
{
	const char *hole = strchr(route->path, '{');
	char name[NAME_AT];
	size_t length = hole ? strcspn(hole + 1, "}") : 0;

	if (!hole || length >= sizeof(name))
		return;
	memcpy(name, hole + 1, length);
	name[length] = '\0';
	json_object(json);
	json_put_string(json, "name", name);
	json_put_string(json, "in", "path");
	json_put_boolean(json, "required", true);
	begin(json, "schema");
	json_put_string(json, "type",
			route->subject == SUBJECT_ID ? "integer" : "string");
	json_object_end(json);
	json_object_end(json);
}

static void write_parameters(struct json *json, const struct route *route)
{
	bool query = route->action == ROUTE_QUERY || route->action == ROUTE_EVENTS;

	if (!(query && route->may) && !route->subject)
		return;
	json_key(json, "parameters");
	json_array(json);
	write_path_parameter(json, route);
	for (size_t i = 0; query && i < PARAMETERS_MAX; i++)
		if (route->may & parameter_names[i].bit)
			write_query_parameter(json, route, &parameter_names[i]);
	json_array_end(json);
}

static void write_key(struct json *json, const struct route_name *key)
{
	begin(json, key->name);
	json_put_string(json, "description", key->help);
	switch ((enum command_key)key->bit) {
	case COMMAND_KEY_COMMIT:
		put_pattern(json, OID_PATTERN);
		break;
	case COMMAND_KEY_GENERATION:
		put_type(json, "integer", true);
		json_put_unsigned(json, "minimum", 1);
		break;
	case COMMAND_KEY_RELEASE:
		put_type(json, "boolean", true);
		break;
	case COMMAND_KEY_REASON:
	case COMMAND_KEY_NAME:
		put_type(json, "string", true);
		break;
	case COMMAND_KEY_SCOPES:
		put_list(json, "string", "^(read|poll|deploy)$");
		break;
	case COMMAND_KEY_EXPIRES:
		put_type(json, "string", true);
		json_put_string(json, "format", "date-time");
		break;
	case COMMAND_KEY_DIGEST:
		put_pattern(json, DIGEST_PATTERN);
		break;
	}
	json_object_end(json);
}

static void write_hint_properties(struct json *json)
{
	static const char *const texts[] = { "repository", "path", "pusher" };
	static const char *const members[] = { "ref", "old", "new" };

	for (size_t i = 0; i < 3; i++) {
		begin(json, texts[i]);
		put_type(json, "string", true);
		json_object_end(json);
	}
	begin(json, "refs");
	json_put_string(json, "type", "array");
	begin(json, "items");
	json_put_string(json, "type", "object");
	begin(json, "properties");
	for (size_t i = 0; i < 3; i++)
		put_text(json, members[i], NULL);
	json_object_end(json);
	put_required(json, members, 3);
	json_object_end(json);
	json_object_end(json);
}

static void write_body(struct json *json, const struct route *route)
{
	if (!route_is_post(route))
		return;
	begin(json, "requestBody");
	json_put_boolean(json, "required", route->action != ROUTE_COMMAND);
	begin(json, "content");
	begin(json, "application/json");
	begin(json, "schema");
	json_put_string(json, "type", "object");
	if (route->action != ROUTE_HOOK) {
		begin(json, "properties");
		if (route->action == ROUTE_HINT)
			write_hint_properties(json);
		for (size_t i = 0; i < COMMAND_KEYS_MAX; i++)
			if (route->may & command_key_names[i].bit)
				write_key(json, &command_key_names[i]);
		json_object_end(json);
		json_put_boolean(json, "additionalProperties", false);
	}
	for (int level = 0; level < 4; level++)
		json_object_end(json);
}

/* --- answers --- */

static void begin_answer(struct json *json, const char *status, const char *help,
			 const char *type)
{
	begin(json, status);
	json_put_string(json, "description", help);
	begin(json, "content");
	begin(json, type);
}

static void end_answer(struct json *json)
{
	json_object_end(json);
	json_object_end(json);
	json_object_end(json);
}

static void write_rows(struct json *json, const struct route *route)
{
	static const char *const members[] = { "items", "next" };

	begin_answer(json, "200",
		     "a page of rows; next: where the next one begins, or 0",
		     "application/json");
	begin(json, "schema");
	json_put_string(json, "type", "object");
	begin(json, "properties");
	begin(json, "items");
	json_put_string(json, "type", "array");
	put_ref(json, "items", message_row(route->row)->name);
	json_object_end(json);
	begin(json, "next");
	put_kind(json, MESSAGE_KIND_U64);
	json_object_end(json);
	json_object_end(json);
	put_required(json, members, 2);
	json_object_end(json);
	end_answer(json);
}

static void write_text_answer(struct json *json, const char *type, const char *schema)
{
	begin_answer(json, "200", "the answer", type);
	begin(json, "schema");
	json_put_string(json, "type", schema);
	json_object_end(json);
	end_answer(json);
}

static void write_good_answer(struct json *json, const struct route *route)
{
	switch (route->action) {
	case ROUTE_UNKNOWN:
		break;
	case ROUTE_HEALTH:
	case ROUTE_READY:
	case ROUTE_METRICS:
		write_text_answer(json, "text/plain", "string");
		break;
	case ROUTE_INDEX:
	case ROUTE_OPENAPI:
		write_text_answer(json, "application/json", "object");
		break;
	case ROUTE_EVENTS:
		write_text_answer(json, "text/event-stream", "string");
		break;
	case ROUTE_QUERY:
		write_rows(json, route);
		break;
	case ROUTE_HINT:
	case ROUTE_COMMAND:
	case ROUTE_HOOK:
		begin_answer(json, "202", "it is stored", "application/json");
		put_ref(json, "schema",
			route->action == ROUTE_COMMAND ? "done" : "stored");
		end_answer(json);
		break;
	}
}

static void write_answers(struct json *json, const struct route *route)
{
	begin(json, "responses");
	write_good_answer(json, route);
	if (route->action == ROUTE_READY) {
		begin_answer(json, "503", "not ready", "text/plain");
		begin(json, "schema");
		json_put_string(json, "type", "string");
		json_object_end(json);
		end_answer(json);
	}
	begin_answer(json, "default", "what was wrong", "application/json");
	put_ref(json, "schema", "error");
	end_answer(json);
	json_object_end(json);
}

/* --- operations --- */

static void write_security(struct json *json, const struct route *route)
{
	json_key(json, "security");
	json_array(json);
	/* {}: the local socket, or anonymous-read. */
	json_object(json);
	json_object_end(json);
	if (scope_name(route->scope)) {
		json_object(json);
		json_key(json, "token");
		json_array(json);
		json_array_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_description(struct json *json, const struct route *route)
{
	const char *scope = scope_name(route->scope);
	struct buf text = BUF_INIT(256);

	if (route->scope == SCOPE_LOCAL)
		buf_add_string(&text, "On the local socket only.");
	else if (scope)
		buf_addf(&text, "Over a network: a token with the scope '%s'.", scope);
	if (text.length)
		json_put_string(json, "description", text.data);
	buf_release(&text);
}

static void write_operation(struct json *json, const struct route *route)
{
	begin(json, route_is_post(route) ? "post" : "get");
	json_put_string(json, "summary", route->help);
	write_description(json, route);
	write_parameters(json, route);
	write_body(json, route);
	write_answers(json, route);
	write_security(json, route);
	json_object_end(json);
}

static bool stands_before(size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(route_at(i)->path, route_at(index)->path) == 0)
			return true;
	return false;
}

/* Two routes of one path are two operations of it. */
static void write_paths(struct json *json)
{
	const struct route *route, *other;

	begin(json, "paths");
	for (size_t i = 0; (route = route_at(i)) != NULL; i++) {
		if (stands_before(i))
			continue;
		begin(json, route->path);
		for (size_t j = i; (other = route_at(j)) != NULL; j++)
			if (strcmp(other->path, route->path) == 0)
				write_operation(json, other);
		json_object_end(json);
	}
	json_object_end(json);
}

void openapi_write(struct buf *out)
{
	struct json json;

	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "openapi", "3.1.0");
	begin(&json, "info");
	json_put_string(&json, "title", "gitgate");
	json_put_string(&json, "version", PACKAGE_VERSION);
	json_put_string(&json, "description",
			"Lists are pages, newest first. Absent values are null, 0, "
			"false or [].");
	json_object_end(&json);
	write_paths(&json);
	begin(&json, "components");
	begin(&json, "securitySchemes");
	begin(&json, "token");
	json_put_string(&json, "type", "http");
	json_put_string(&json, "scheme", "bearer");
	json_object_end(&json);
	json_object_end(&json);
	write_schemas(&json);
	json_object_end(&json);
	json_object_end(&json);
}
