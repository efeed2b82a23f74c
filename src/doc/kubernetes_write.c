/* doc/kubernetes_write.c - schemas of Kubernetes as those of SCHEMA_DRAFT_KUBERNETES.
 */
#include "doc/kubernetes_write.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/map.h"
#include "base/pattern.h"
#include "base/text.h"
#include "doc/node.h"
#include "doc/schema_pattern.h"

#define DESCRIPTION_BYTES 120

/* How a schema is used. */
enum role {
	ROLE_OPTIONAL = 1, /* a field that need not be there: null is as good */
	ROLE_CHECK = 2,    /* below allOf, anyOf, oneOf, not: it names fields, but the
			      schema around it knows which there are */
	ROLE_RESOURCE = 4, /* a whole object, with apiVersion, kind and metadata */
};

/* One object that is being written. */
struct members {
	struct schema_writer *writer;
	bool any;
};

static int write_schema(struct schema_writer *writer, const struct node *schema,
			unsigned int roles);

static int writer_fail(const struct schema_writer *writer, const struct node *node,
		       const char *what)
{
	return error_set(writer->err, ERROR_SCHEMA, "%s:%u:%u: %s", writer->source,
			 node_line(node), node_column(node), what);
}

static void write_text(struct schema_writer *writer, const char *text, size_t length)
{
	struct json json;
	json_begin(&json, writer->out);
	json_bytes(&json, text, length);
}

static void add_key(struct members *members, const char *key)
{
	struct buf *out = members->writer->out;
	buf_add_byte(out, members->any ? ',' : '{');
	members->any = true;
	write_text(members->writer, key, strlen(key));
	buf_add_byte(out, ':');
}

static void add_raw(struct members *members, const char *key, const char *json)
{
	add_key(members, key);
	buf_add_string(members->writer->out, json);
}

static void end_members(struct members *members)
{
	buf_add_string(members->writer->out, members->any ? "}" : "{}");
}

static int add_node(struct members *members, const char *key, const struct node *value)
{
	add_key(members, key);
	return doc_write_json(members->writer->out, value, members->writer->err);
}

static bool is_true(const struct node *schema, const char *key)
{
	const struct node *value = node_get(schema, key);
	return node_kind(value) == NODE_BOOLEAN && node_boolean(value);
}

static bool is_text(const struct node *node, const char *text)
{
	return node_kind(node) == NODE_STRING && strcmp(node->text, text) == 0;
}

static bool has_text(const struct node *list, const char *text)
{
	for (size_t i = 0; node_kind(list) == NODE_SEQUENCE && i < node_count(list);
	     i++)
		if (is_text(node_item(list, i), text))
			return true;
	return false;
}

/* --- references --- */

const char *reference_name(const struct node *reference)
{
	static const char *const places[] = { "#/definitions/", "#/components/"
								"schemas/" };
	const char *text = node_text(reference, NULL);
	const char *file = text == NULL ? NULL : strchr(text, '#');
	for (size_t i = 0; file != NULL && i < sizeof(places) / sizeof(places[0]); i++)
		if (text_starts_with(file, places[i]))
			return file + strlen(places[i]);
	return NULL;
}

bool is_definition_name(const char *name)
{
	size_t length = strlen(name);
	return length > 0 && length <= 500 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789.-_") == length;
}

/* OpenAPI 3.0 lets nothing stand beside $ref, so it stands alone in allOf. */
static const struct node *reference_of(const struct node *schema)
{
	const struct node *all = node_get(schema, "allOf");
	const struct node *direct = node_get(schema, "$ref");
	if (direct != NULL)
		return direct;
	if (node_kind(all) != NODE_SEQUENCE || node_count(all) != 1 ||
	    node_get(schema, "properties") != NULL || node_get(schema, "type") != NULL)
		return NULL;
	return node_get(node_item(all, 0), "$ref");
}

static int add_reference(struct members *members, const struct node *reference)
{
	const char *name = reference_name(reference);
	if (name == NULL || !is_definition_name(name))
		return writer_fail(members->writer, reference,
				   "'$ref' leads to no definition of this document");
	add_key(members, "$ref");
	buf_addf(members->writer->out, "\"#/definitions/%s\"", name);
	return 0;
}

/* The schema itself, or what it refers to. */
static const struct node *resolve(const struct schema_writer *writer,
				  const struct node *schema)
{
	const struct node *reference = reference_of(schema);
	const char *name = reference == NULL ? NULL : reference_name(reference);
	if (name == NULL || writer->definitions == NULL)
		return schema;
	const struct node *target = map_get(writer->definitions, name, strlen(name));
	return target == NULL ? schema : target;
}

/* --- types --- */

enum special { SPECIAL_NONE = 0, SPECIAL_INT_OR_STRING, SPECIAL_QUANTITY };

static bool is_of_type(const struct node *schema, const char *name)
{
	const struct node *type = node_get(schema, "type");
	return is_text(type, name) || has_text(type, name);
}

/* Whether a list of two schemas says no more than that either of two types will do. */
static bool is_either(const struct node *list, const char *one, const char *other)
{
	if (node_kind(list) != NODE_SEQUENCE || node_count(list) != 2)
		return false;
	const struct node *a = node_item(list, 0);
	const struct node *b = node_item(list, 1);
	return node_count(a) == 1 && node_count(b) == 1 &&
	       ((is_of_type(a, one) && is_of_type(b, other)) ||
		(is_of_type(a, other) && is_of_type(b, one)));
}

static bool takes_either(const struct node *schema, const char *one, const char *other)
{
	return is_either(node_get(schema, "anyOf"), one, other) ||
	       is_either(node_get(schema, "oneOf"), one, other);
}

/* The pattern that generated definitions give for quantities. */
static bool is_quantity_pattern(const struct node *pattern)
{
	return node_kind(pattern) == NODE_STRING && strstr(pattern->text, "[KMGTPE]i)|["
									  "numkMGTPE"
									  "]") != NULL;
}

static enum special special_of(const struct node *schema)
{
	const struct node *format = node_get(schema, "format");
	if (is_true(schema, "x-kubernetes-int-or-string") ||
	    is_text(format, "int-or-string") ||
	    takes_either(schema, "integer", "string"))
		return SPECIAL_INT_OR_STRING;
	if (takes_either(schema, "string", "number"))
		return SPECIAL_QUANTITY;
	return SPECIAL_NONE;
}

static bool is_null_type(const struct node *type)
{
	return is_text(type, "null");
}

/* The type; null is what roles are for. */
static int add_type(struct members *members, const struct node *type)
{
	struct buf *out = members->writer->out;
	if (node_kind(type) != NODE_SEQUENCE)
		return type == NULL ? 0 : add_node(members, "type", type);
	bool any = false;
	add_key(members, "type");
	for (size_t i = 0; i < node_count(type); i++) {
		const struct node *item = node_item(type, i);
		if (is_null_type(item) || node_kind(item) != NODE_STRING)
			continue;
		buf_add_byte(out, any ? ',' : '[');
		write_text(members->writer, item->text, item->length);
		any = true;
	}
	buf_add_string(out, any ? "]" : "[\"null\"]");
	return 0;
}

/* Formats that mean the same in Go as in JSON Schema; others would refuse what the API
 * server takes (a duration of "30s"). */
static void add_format(struct members *members, const struct node *schema,
		       const struct node *format)
{
	static const char *const kept[] = { "date-time", "byte", "ipv4",
					    "ipv6",      "date", "uuid" };
	bool integer = is_text(node_get(schema, "type"), "integer");
	if (node_kind(format) != NODE_STRING)
		return;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strcmp(format->text, kept[i]) == 0) {
			add_key(members, "format");
			write_text(members->writer, format->text, format->length);
		}
	bool small = strcmp(format->text, "int32") == 0;
	if (!integer || (!small && strcmp(format->text, "int64") != 0))
		return;
	if (node_get(schema, "minimum") == NULL)
		add_raw(members, "minimum",
			small ? "-2147483648" : "-9223372036854775808");
	if (node_get(schema, "maximum") == NULL)
		add_raw(members, "maximum",
			small ? "2147483647" : "9223372036854775807");
}

/* OpenAPI 3.0 has flags where JSON Schema has numbers. */
static int add_bound(struct members *members, const struct node *schema,
		     const char *keyword, const char *exclusive)
{
	const struct node *bound = node_get(schema, keyword);
	const struct node *strict = node_get(schema, exclusive);
	int status = 0;
	if (bound != NULL)
		status = add_node(members,
				  is_true(schema, exclusive) ? exclusive : keyword,
				  bound);
	if (status == 0 && strict != NULL && node_kind(strict) != NODE_BOOLEAN)
		status = add_node(members, exclusive, strict);
	return status;
}

/* One that cannot be compiled is Go's alone: it is left to the API server. */
static int add_pattern(struct members *members, const struct node *pattern)
{
	struct pattern *compiled = NULL;
	if (node_kind(pattern) != NODE_STRING ||
	    schema_pattern_new(&compiled, pattern->text, pattern->length, PATTERN_GO,
			       NULL) != 0) {
		members->writer->unchecked = true;
		return 0;
	}
	pattern_free(compiled);
	return add_node(members, "pattern", pattern);
}

/* Kubernetes describes at length; what people look for stands in the first sentences.
 */
static void add_description(struct members *members, const struct node *schema)
{
	const struct node *description = node_get(schema, "description");
	if (node_kind(description) != NODE_STRING)
		return;
	size_t length = description->length;
	if (length > DESCRIPTION_BYTES) {
		length = DESCRIPTION_BYTES;
		while (length > 0 && description->text[length] != ' ')
			length--;
	}
	add_key(members, "description");
	write_text(members->writer, description->text, length);
}

static int add_plain(struct members *members, const struct node *schema)
{
	static const char *const plain[] = {
		"default",  "enum",       "minLength",     "maxLength",    "minItems",
		"maxItems", "multipleOf", "minProperties", "maxProperties"
	};
	int status = 0;
	for (size_t i = 0; status == 0 && i < sizeof(plain) / sizeof(plain[0]); i++) {
		const struct node *value = node_get(schema, plain[i]);
		if (value != NULL)
			status = add_node(members, plain[i], value);
	}
	return status;
}

static int add_scalar_keywords(struct members *members, const struct node *schema)
{
	const struct node *pattern = node_get(schema, "pattern");
	const struct node *type = node_get(schema, "type");
	enum special special = special_of(schema);
	int status = 0;
	if (special == SPECIAL_INT_OR_STRING)
		add_raw(members, "type", "[\"integer\",\"string\"]");
	else if (special == SPECIAL_QUANTITY)
		add_raw(members, "type", "[\"string\",\"number\"]");
	else
		status = add_type(members, type);
	if (status == 0)
		status = add_plain(members, schema);
	if (status == 0)
		status = add_bound(members, schema, "minimum", "exclusiveMinimum");
	if (status == 0)
		status = add_bound(members, schema, "maximum", "exclusiveMaximum");
	if (special == SPECIAL_QUANTITY || is_quantity_pattern(pattern))
		add_raw(members, "format", "\"quantity\"");
	else if (special == SPECIAL_NONE)
		add_format(members, schema, node_get(schema, "format"));
	if (status == 0 && pattern != NULL && !is_quantity_pattern(pattern))
		status = add_pattern(members, pattern);
	return status;
}

/* --- objects --- */

/* The names that are required, for objects of any size. */
static int read_required(const struct schema_writer *writer, const struct node *schema,
			 struct map *out)
{
	const struct node *required = node_get(schema, "required");
	for (size_t i = 0; node_kind(required) == NODE_SEQUENCE && i < required->length;
	     i++) {
		const struct node *name = node_item(required, i);
		if (node_kind(name) == NODE_STRING &&
		    map_put(out, name->text, name->length, out) != 0)
			return error_set(writer->err, ERROR_MEMORY, "out of memory");
	}
	return 0;
}

/* What every object has, unless the schema says it itself. */
static void add_resource_fields(struct members *fields, const struct node *properties)
{
	if (node_get(properties, "apiVersion") == NULL)
		add_raw(fields, "apiVersion", "{\"type\":\"string\"}");
	if (node_get(properties, "kind") == NULL)
		add_raw(fields, "kind", "{\"type\":\"string\"}");
	add_raw(fields, "metadata",
		"{\"$ref\":\"#/definitions/" KUBERNETES_OBJECT_META "\",\"nullable\":"
		"true}");
}

static int add_fields(struct members *members, const struct node *schema,
		      unsigned int roles, const struct map *required)
{
	const struct node *properties = node_get(schema, "properties");
	bool resource = (roles & ROLE_RESOURCE) != 0;
	struct members fields = { members->writer, false };
	int status = 0;
	add_key(members, "properties");
	for (size_t i = 0; status == 0 && i < node_count(properties); i++) {
		const struct node *name = node_key(properties, i);
		bool needed = map_has(required, name->text, name->length);
		if (resource && strcmp(name->text, "metadata") == 0)
			continue;
		add_key(&fields, name->text);
		status = write_schema(members->writer, node_item(properties, i),
				      (roles & ROLE_CHECK) |
					      (needed ? 0 : ROLE_OPTIONAL));
	}
	if (resource)
		add_resource_fields(&fields, properties);
	end_members(&fields);
	return status;
}

static int add_properties(struct members *members, const struct node *schema,
			  unsigned int roles)
{
	const struct node *properties = node_get(schema, "properties");
	struct map required = { 0 };
	if (properties == NULL && (roles & ROLE_RESOURCE) == 0)
		return 0;
	if (properties != NULL && node_kind(properties) != NODE_MAPPING)
		return writer_fail(members->writer, properties,
				   "'properties' must map names to schemas");
	int status = read_required(members->writer, schema, &required);
	if (status == 0)
		status = add_fields(members, schema, roles, &required);
	map_release(&required);
	return status;
}

static int add_required(struct members *members, const struct node *schema,
			unsigned int roles)
{
	const struct node *required = node_get(schema, "required");
	bool resource = (roles & ROLE_RESOURCE) != 0;
	if (required != NULL && node_kind(required) != NODE_SEQUENCE)
		return writer_fail(members->writer, required,
				   "'required' must be a list of names");
	if (!resource)
		return node_count(required) == 0
			       ? 0
			       : add_node(members, "required", required);
	add_raw(members, "required", "[\"apiVersion\",\"kind\"");
	for (size_t i = 0; i < node_count(required); i++) {
		const struct node *name = node_item(required, i);
		if (node_kind(name) != NODE_STRING || is_text(name, "apiVersion") ||
		    is_text(name, "kind"))
			continue;
		buf_add_byte(members->writer->out, ',');
		write_text(members->writer, name->text, name->length);
	}
	buf_add_byte(members->writer->out, ']');
	return 0;
}

/* Whether fields that nobody describes are refused. */
static bool is_closed(const struct schema_writer *writer, const struct node *schema,
		      unsigned int roles)
{
	bool object = is_of_type(schema, "object");
	if ((roles & ROLE_CHECK) != 0 || writer->keeps_unknown ||
	    is_true(schema, "x-kubernetes-preserve-unknown-fields"))
		return false;
	return node_get(schema, "properties") != NULL ||
	       (writer->structural && object) || (roles & ROLE_RESOURCE) != 0;
}

static int add_additional(struct members *members, const struct node *schema,
			  unsigned int roles)
{
	const struct node *additional = node_get(schema, "additionalProperties");
	if (additional == NULL ||
	    (node_kind(additional) == NODE_BOOLEAN &&
	     node_get(schema, "properties") != NULL && !node_boolean(additional))) {
		if (is_closed(members->writer, schema, roles))
			add_raw(members, "additionalProperties", "false");
		return 0;
	}
	add_key(members, "additionalProperties");
	return write_schema(members->writer, additional,
			    (roles & ROLE_CHECK) | ROLE_OPTIONAL);
}

/* --- lists --- */

/* The published schemas of version 2 have no defaults; these keys have one. */
static const char *known_default(const char *key)
{
	return strcmp(key, "protocol") == 0 ? "\"TCP\"" : "null";
}

static int add_list_keys(struct members *members, const struct node *schema,
			 const struct node *keys)
{
	struct schema_writer *writer = members->writer;
	const struct node *item = resolve(writer, node_get(schema, "items"));
	const struct node *fields = node_get(item, "properties");
	struct members defaults = { writer, false };
	int status = 0;
	add_key(members, "x-kubernetes-list-map-keys");
	for (size_t i = 0; status == 0 && i < node_count(keys); i++) {
		const char *key = node_text(node_item(keys, i), NULL);
		if (key == NULL)
			return writer_fail(writer, keys,
					   "'x-kubernetes-list-map-keys' must be a "
					   "list of names");
		const struct node *value =
			node_get(resolve(writer, node_get(fields, key)), "default");
		if (value == NULL)
			add_raw(&defaults, key, known_default(key));
		else
			status = add_node(&defaults, key, value);
	}
	end_members(&defaults);
	return status;
}

static int add_list(struct members *members, const struct node *schema,
		    unsigned int roles)
{
	const struct node *items = node_get(schema, "items");
	const struct node *kind = node_get(schema, "x-kubernetes-list-type");
	const struct node *keys = node_get(schema, "x-kubernetes-list-map-keys");
	bool set = is_text(kind, "set") || is_true(schema, "uniqueItems");
	int status = 0;
	if (set)
		add_raw(members, "uniqueItems", "true");
	if (is_text(kind, "map") && node_kind(keys) == NODE_SEQUENCE &&
	    node_count(keys) > 0)
		status = add_list_keys(members, schema, keys);
	if (status != 0 || items == NULL)
		return status;
	add_key(members, "items");
	return write_schema(members->writer, items, roles & ROLE_CHECK);
}

/* --- combinations --- */

static int add_combination(struct members *members, const struct node *schema,
			   const char *keyword)
{
	const struct node *list = node_get(schema, keyword);
	int status = 0;
	if (list == NULL)
		return 0;
	if (node_kind(list) != NODE_SEQUENCE || node_count(list) == 0)
		return writer_fail(members->writer, list,
				   "it must be a list of schemas");
	add_key(members, keyword);
	buf_add_byte(members->writer->out, '[');
	for (size_t i = 0; status == 0 && i < node_count(list); i++) {
		if (i > 0)
			buf_add_byte(members->writer->out, ',');
		status = write_schema(members->writer, node_item(list, i), ROLE_CHECK);
	}
	buf_add_byte(members->writer->out, ']');
	return status;
}

static int add_combinations(struct members *members, const struct node *schema)
{
	/* That is what the type says already. */
	bool special = takes_either(schema, "integer", "string") ||
		       takes_either(schema, "string", "number");
	const struct node *not = node_get(schema, "not");
	int status = add_combination(members, schema, "allOf");
	if (status == 0 && !special)
		status = add_combination(members, schema, "anyOf");
	if (status == 0 && !special)
		status = add_combination(members, schema, "oneOf");
	if (status != 0 || not == NULL)
		return status;
	add_key(members, "not");
	return write_schema(members->writer, not, ROLE_CHECK);
}

/* --- the whole --- */

static bool is_nullable(const struct node *schema, unsigned int roles)
{
	return (roles & ROLE_OPTIONAL) != 0 || is_true(schema, "nullable") ||
	       has_text(node_get(schema, "type"), "null");
}

static int add_keywords(struct members *members, const struct node *schema,
			unsigned int roles)
{
	int status = add_scalar_keywords(members, schema);
	if (status == 0)
		status = add_properties(members, schema, roles);
	if (status == 0)
		status = add_required(members, schema, roles);
	if (status == 0)
		status = add_additional(members, schema, roles);
	if (status == 0)
		status = add_list(members, schema, roles);
	return status == 0 ? add_combinations(members, schema) : status;
}

static int write_schema(struct schema_writer *writer, const struct node *schema,
			unsigned int roles)
{
	struct members members = { writer, false };
	int status = 0;
	if (node_kind(schema) == NODE_BOOLEAN) {
		buf_add_string(writer->out, node_boolean(schema) ? "true" : "false");
		return 0;
	}
	if (node_kind(schema) != NODE_MAPPING)
		return writer_fail(writer, schema, "a schema must be an object");
	if (is_true(schema, "x-kubernetes-embedded-resource"))
		roles |= ROLE_RESOURCE;
	if (node_get(schema, "x-kubernetes-validations") != NULL)
		writer->unchecked = true;
	add_description(&members, schema);
	if (is_nullable(schema, roles))
		add_raw(&members, "nullable", "true");
	const struct node *reference = reference_of(schema);
	if (reference != NULL) {
		status = add_reference(&members, reference);
	} else {
		status = add_keywords(&members, schema, roles);
	}
	end_members(&members);
	return status;
}

int write_definition(struct schema_writer *writer, const char *name,
		     const struct node *schema)
{
	/* Version 2 calls these strings. */
	if (text_ends_with(name, ".api.resource.Quantity")) {
		buf_add_string(writer->out, "{\"type\":[\"string\",\"number\"],"
					    "\"format\":\"quantity\"}");
		return 0;
	}
	if (text_ends_with(name, ".util.intstr.IntOrString")) {
		buf_add_string(writer->out, "{\"type\":[\"integer\",\"string\"]}");
		return 0;
	}
	return write_schema(writer, schema, 0);
}

int write_resource(struct schema_writer *writer, const struct node *schema)
{
	static const char nothing[] = "{\"type\":\"object\",\"required\":["
				      "\"apiVersion\",\"kind\"]}";
	if (schema != NULL)
		return write_schema(writer, schema, ROLE_RESOURCE);
	buf_add_string(writer->out, nothing);
	return 0;
}

void write_object_meta(struct buf *out)
{
#define TEXT "{\"type\":\"string\",\"nullable\":true}"
#define TEXTS                                                                          \
	"{\"type\":\"object\",\"nullable\":true,\"additionalProperties\":" TEXT "}"
#define COUNT "{\"type\":\"integer\",\"nullable\":true}"
#define TIME  "{\"type\":\"string\",\"format\":\"date-time\",\"nullable\":true}"
	buf_add_string(out, "{\"type\":\"object\",\"additionalProperties\":false,"
			    "\"properties\":{"
			    "\"annotations\":" TEXTS ",\"creationTimestamp\":" TIME
			    ",\"deletionGracePeriodSeconds\":" COUNT ",\"deletionTimest"
			    "amp\":" TIME ",\"finalizers\":{\"type\":\"array\","
			    "\"nullable\":true,"
			    "\"uniqueItems\":true,\"items\":{\"type\":\"string\"}}"
			    ",\"generateName\":" TEXT ",\"generation\":" COUNT
			    ",\"labels\":" TEXTS ",\"managedFields\":{\"type\":"
			    "\"array\",\"nullable\":true}"
			    ",\"name\":" TEXT ",\"namespace\":" TEXT ",\"ownerReference"
			    "s\":{\"type\":"
			    "\"array\","
			    "\"nullable\":"
			    "true,"
			    "\"x-kubernetes-list-map-keys\":{\"uid\":null},\"items\":{"
			    "\"type\":\"object\",\"required\":[\"apiVersion\",\"kind\","
			    "\"name\","
			    "\"uid\"]}},\"resourceVersion\":" TEXT ",\"selfLink\":" TEXT
			    ",\"uid\":" TEXT "}}");
#undef TEXT
#undef TEXTS
#undef COUNT
#undef TIME
}
