/* doc/schema_index.c - where schemas stand in the documents given. */
#include "doc/schema_index.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "doc/schema_dialect.h"
#include "doc/schema_metaschema.h"
#include "doc/schema_uri.h"

/* A place that is to be looked at. */
struct visit {
	const struct node *node;
	struct resource *enclosing; /* NULL: the root of a document */
	struct location *location;
};

struct walk {
	struct index *index;
	const char *uri; /* of the document, while its root is looked at */
	struct visit *visits;
	size_t count;
	size_t capacity;
};

int index_error(const struct index *index, int code, const struct node *node,
		const char *format, ...)
{
	char reason[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return error_set(index->err, code, "%s:%u:%u: %s", index->name, node_line(node),
			 node_column(node), reason);
}

static int no_memory(const struct index *index)
{
	return error_set(index->err, ERROR_MEMORY, "out of memory for the schema '%s'",
			 index->name);
}

struct location *location_below(struct arena *arena, struct location *parent,
				const char *token)
{
	struct location *location = arena_new_of(arena, struct location);
	char *kept = arena_string(arena, token);
	if (location == NULL || kept == NULL)
		return NULL;
	*location = (struct location){ 0, parent, kept };
	return location;
}

const char *location_document(struct location *location, const char *main_name)
{
	while (location->parent != NULL)
		location = location->parent;
	return location->token[0] == '\0' ? main_name : location->token;
}

void index_release(struct index *index)
{
	for (size_t i = 0; i < index->resource_count; i++) {
		map_release(&index->resources[i]->anchors);
		map_release(&index->resources[i]->dynamic_anchors);
	}
	map_release(&index->documents);
	map_release(&index->by_uri);
	map_release(&index->by_node);
	map_release(&index->positions);
}

static void *map_value(const void *pointer)
{
	void *value;
	memcpy(&value, &pointer, sizeof(value));
	return value;
}

int index_add_document(struct index *index, const char *uri, const struct node *root)
{
	char *kept = uri_resolve(index->arena, "", uri);
	if (kept == NULL ||
	    map_put(&index->documents, kept, strlen(kept), map_value(root)) != 0)
		return no_memory(index);
	return 0;
}

static struct position *find_position(const struct index *index,
				      const struct node *node,
				      const struct resource *resource)
{
	struct position_key key = { node, resource };
	return map_get(&index->positions, (const char *)&key, sizeof(key));
}

static struct resource *nested_resource(const struct index *index,
					const struct node *node,
					const struct resource *enclosing)
{
	struct position_key key = { node, enclosing };
	return map_get(&index->by_node, (const char *)&key, sizeof(key));
}

static int know_uri(struct index *index, const char *uri, struct resource *resource)
{
	uint64_t most = index->limits->values[LIMIT_SCHEMA_URI_BYTES];
	if (strlen(uri) > most)
		return index_error(index, ERROR_LIMIT, resource->root,
				   "a schema's URI has %zu bytes, over the limit %s "
				   "(%llu)",
				   strlen(uri), limit_name(LIMIT_SCHEMA_URI_BYTES),
				   (unsigned long long)most);
	struct resource *other = map_get(&index->by_uri, uri, strlen(uri));
	if (other != NULL && other->root != resource->root)
		return index_error(index, ERROR_SCHEMA, resource->root,
				   "the URI '%s' names two schemas; the other is at "
				   "%u:%u",
				   uri, node_line(other->root),
				   node_column(other->root));
	if (other == NULL && map_put(&index->by_uri, uri, strlen(uri), resource) != 0)
		return no_memory(index);
	return 0;
}

static int add_resource(struct walk *walk, const struct visit *visit,
			struct resource **out)
{
	struct index *index = walk->index;
	struct resource *resource = arena_new_of(index->arena, struct resource);
	struct position_key *key = arena_new_of(index->arena, struct position_key);
	struct resource **slot =
		ARENA_PUSH(index->arena, &index->resources, &index->resource_count,
			   &index->resource_capacity);
	if (resource == NULL || key == NULL || slot == NULL) {
		index->resource_count -= slot != NULL;
		return no_memory(index);
	}
	*slot = resource;
	resource->index = (uint32_t)index->resource_count - 1;
	resource->root = visit->node;
	resource->location = visit->location;
	int status = dialect_read(index, resource, visit->enclosing);
	if (status != 0)
		return status;
	*key = (struct position_key){ visit->node, visit->enclosing };
	if (map_put(&index->by_node, (const char *)key, sizeof(*key), resource) != 0)
		return no_memory(index);
	*out = resource;
	return 0;
}

/* The identifier of a schema in a draft, or NULL. Before 2019-09, $ref makes all else
 * void. */
static const struct node *identifier_of(enum schema_draft draft,
					const struct node *node)
{
	const struct node *id = node_get(node, draft == SCHEMA_DRAFT_4 ? "id" : "$id");
	if (node_kind(id) != NODE_STRING)
		return NULL;
	bool void_beside_reference = draft <= SCHEMA_DRAFT_7 &&
				     node_kind(node_get(node, "$ref")) == NODE_STRING;
	return void_beside_reference ? NULL : id;
}

static enum schema_draft draft_of_visit(const struct index *index,
					const struct visit *visit)
{
	const struct node *declared = node_get(visit->node, "$schema");
	enum schema_draft draft = SCHEMA_DRAFT_UNKNOWN;
	if (node_kind(declared) == NODE_STRING)
		draft = keyword_draft(declared->text);
	if (draft != SCHEMA_DRAFT_UNKNOWN)
		return draft;
	return visit->enclosing != NULL ? visit->enclosing->draft : index->draft;
}

/* The resource to which the visited schema belongs: its own when it has an identifier
 * or is the root of a document. */
static int find_resource(struct walk *walk, const struct visit *visit,
			 struct resource **out)
{
	struct index *index = walk->index;
	const struct node *id =
		identifier_of(draft_of_visit(index, visit), visit->node);
	bool own = id != NULL && id->text[0] != '#';
	*out = visit->enclosing;
	if (visit->enclosing != NULL && !own)
		return 0;
	struct resource *resource = NULL;
	int status = add_resource(walk, visit, &resource);
	if (status != 0)
		return status;
	/* A custom dialect may have another identifier. */
	id = identifier_of(resource->draft, visit->node);
	own = id != NULL && id->text[0] != '#';
	const char *base = visit->enclosing != NULL ? visit->enclosing->uri : walk->uri;
	resource->uri = uri_resolve(index->arena, base, own ? id->text : "");
	if (resource->uri == NULL)
		return no_memory(index);
	status = know_uri(index, resource->uri, resource);
	if (status == 0 && visit->enclosing == NULL)
		status = know_uri(index, base, resource);
	*out = resource;
	return status;
}

static int add_anchor(struct index *index, struct map *anchors,
		      const struct node *place, const char *name,
		      struct position *position)
{
	struct position *other = map_get(anchors, name, strlen(name));
	if (other != NULL && other != position)
		return index_error(index, ERROR_SCHEMA, place,
				   "the anchor '%s' names two schemas", name);
	if (map_put(anchors, name, strlen(name), position) != 0)
		return no_memory(index);
	return 0;
}

static int read_anchors(struct index *index, struct resource *resource,
			struct position *position)
{
	const struct node *node = position->key.node;
	int status = 0;
	const struct node *id = identifier_of(resource->draft, node);
	if (id != NULL && resource->draft <= SCHEMA_DRAFT_7) {
		const char *name = uri_fragment(index->arena, id->text);
		if (name == NULL)
			return no_memory(index);
		if (name[0] != '\0')
			status = add_anchor(index, &resource->anchors, id, name,
					    position);
	}
	if (resource->draft < SCHEMA_DRAFT_2019_09)
		return status;
	const struct node *anchor = node_get(node, "$anchor");
	if (status == 0 && node_kind(anchor) == NODE_STRING)
		status = add_anchor(index, &resource->anchors, anchor, anchor->text,
				    position);
	if (resource->draft == SCHEMA_DRAFT_2019_09) {
		anchor = node_get(node, "$recursiveAnchor");
		if (status == 0 && node_boolean(anchor) && node == resource->root)
			status = add_anchor(index, &resource->dynamic_anchors, anchor,
					    RECURSIVE_ANCHOR, position);
		return status;
	}
	anchor = node_get(node, "$dynamicAnchor");
	if (status == 0 && node_kind(anchor) == NODE_STRING)
		status = add_anchor(index, &resource->dynamic_anchors, anchor,
				    anchor->text, position);
	return status;
}

static int push_visit(struct walk *walk, const struct node *node,
		      struct resource *enclosing, struct location *parent,
		      const char *token)
{
	struct index *index = walk->index;
	struct location *location =
		token == NULL ? parent : location_below(index->arena, parent, token);
	struct visit *visit =
		ARENA_PUSH(index->arena, &walk->visits, &walk->count, &walk->capacity);
	if (location == NULL || visit == NULL)
		return no_memory(index);
	*visit = (struct visit){ node, enclosing, location };
	return 0;
}

/* The items of a list or the values of a map; with `only_schemas`, no lists of names.
 */
static int push_each(struct walk *walk, const struct node *value,
		     struct resource *resource, struct location *location,
		     bool only_schemas)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < node_count(value); i++) {
		char number[24];
		const struct node *key = node_key(value, i);
		const struct node *item = node_item(value, i);
		snprintf(number, sizeof(number), "%zu", i);
		if (!only_schemas || node_kind(item) != NODE_SEQUENCE)
			status = push_visit(walk, item, resource, location,
					    key != NULL ? key->text : number);
	}
	return status;
}

static int push_children(struct walk *walk, struct resource *resource,
			 const struct keyword *keyword, const struct node *value,
			 struct location *parent)
{
	enum node_kind kind = node_kind(value);
	if (keyword->shape > SHAPE_DEPENDENCIES)
		return 0;
	if (keyword->shape == SHAPE_SCHEMA ||
	    (keyword->shape == SHAPE_ITEMS && kind != NODE_SEQUENCE))
		return push_visit(walk, value, resource, parent, keyword->name);
	bool list =
		keyword->shape == SHAPE_SCHEMA_LIST || keyword->shape == SHAPE_ITEMS;
	/* Other shapes are refused when they are compiled. */
	if (kind != (list ? NODE_SEQUENCE : NODE_MAPPING))
		return 0;
	struct location *location =
		location_below(walk->index->arena, parent, keyword->name);
	if (location == NULL)
		return no_memory(walk->index);
	return push_each(walk, value, resource, location,
			 keyword->shape == SHAPE_DEPENDENCIES);
}

static int add_position(struct index *index, const struct visit *visit,
			const struct resource *resource, struct position **out)
{
	size_t maximum = index->limits->values[LIMIT_SCHEMA_NODES];
	if (index->positions.count >= maximum)
		return index_error(index, ERROR_LIMIT, visit->node,
				   "the schema has %zu subschemas, over the limit %s "
				   "(%zu)",
				   index->positions.count + 1,
				   limit_name(LIMIT_SCHEMA_NODES), maximum);
	struct position *position = arena_new_of(index->arena, struct position);
	if (position == NULL)
		return no_memory(index);
	position->key = (struct position_key){ visit->node, resource };
	position->location = visit->location;
	position->subschema = SCHEMA_NONE;
	if (map_put(&index->positions, (const char *)&position->key,
		    sizeof(position->key), position) != 0)
		return no_memory(index);
	*out = position;
	return 0;
}

/* Names and references are C strings from here on. */
static int check_identifier(const struct index *index, const struct keyword *keyword,
			    const struct node *value)
{
	bool names = keyword->shape == SHAPE_TEXT &&
		     (keyword->name[0] == '$' || strcmp(keyword->name, "id") == 0);
	if (!names || node_kind(value) != NODE_STRING ||
	    memchr(value->text, '\0', value->length) == NULL)
		return 0;
	return index_error(index, ERROR_SCHEMA, value, "'%s' must not hold U+0000",
			   keyword->name);
}

static int look_at(struct walk *walk, const struct visit *visit, struct position **out)
{
	struct index *index = walk->index;
	struct resource *resource =
		nested_resource(index, visit->node, visit->enclosing);
	int status = 0;
	if (resource == NULL)
		status = find_resource(walk, visit, &resource);
	if (status != 0)
		return status;
	*out = find_position(index, visit->node, resource);
	if (*out != NULL)
		return 0;
	status = add_position(index, visit, resource, out);
	if (status == 0)
		status = read_anchors(index, resource, *out);
	for (size_t i = 0; status == 0 && node_kind(visit->node) == NODE_MAPPING &&
			   i < node_count(visit->node);
	     i++) {
		const struct keyword *keyword =
			keyword_of(resource->draft, node_key(visit->node, i));
		const struct node *value = node_item(visit->node, i);
		if (keyword != NULL)
			status = check_identifier(index, keyword, value);
		if (keyword != NULL && status == 0)
			status = push_children(walk, resource, keyword, value,
					       visit->location);
	}
	return status;
}

/* Looks at one place and everything below it. */
static int walk_from(struct walk *walk, const struct visit *start,
		     struct position **out)
{
	struct position *other;
	int status = look_at(walk, start, out);
	while (status == 0 && walk->count > 0) {
		struct visit visit = walk->visits[--walk->count];
		status = look_at(walk, &visit, &other);
	}
	return status;
}

int index_read_document(struct index *index, const char *uri, const struct node *root,
			struct position **out)
{
	char *kept = uri_resolve(index->arena, "", uri);
	if (kept == NULL)
		return no_memory(index);
	struct location *location = location_below(index->arena, NULL, kept);
	if (location == NULL)
		return no_memory(index);
	struct walk walk = { .index = index, .uri = kept };
	struct visit visit = { root, NULL, location };
	const char *name = index->name;
	index->name = kept[0] == '\0' ? index->main_name : kept;
	int status = walk_from(&walk, &visit, out);
	index->name = name;
	return status;
}

int index_position(struct index *index, const struct resource *enclosing,
		   const struct node *node, struct location *location,
		   struct position **out)
{
	const struct resource *own = nested_resource(index, node, enclosing);
	*out = find_position(index, node, own != NULL ? own : enclosing);
	if (*out != NULL)
		return 0;
	struct walk walk = { .index = index };
	struct visit visit = { node, index->resources[enclosing->index], location };
	return walk_from(&walk, &visit, out);
}

/* The resource of a URI, which may be a draft's own; documents are looked at when they
 * are asked for, and all of them when the URI is unknown: an $id within one may be
 * meant. */
static int resource_of(struct index *index, const char *uri, struct resource **out)
{
	struct position *root;
	*out = map_get(&index->by_uri, uri, strlen(uri));
	const struct node *document = map_get(&index->documents, uri, strlen(uri));
	if (*out != NULL)
		return 0;
	if (document == NULL && keyword_draft(uri) != SCHEMA_DRAFT_UNKNOWN) {
		int status = metaschema_read(index, uri, &document);
		if (status != 0)
			return status;
	}
	if (document != NULL) {
		int status = index_read_document(index, uri, document, &root);
		*out = map_get(&index->by_uri, uri, strlen(uri));
		return status;
	}
	for (size_t i = 0; i < index->documents.count; i++) {
		const struct map_entry *entry = &index->documents.entries[i];
		if (map_has(&index->by_uri, entry->key, entry->key_length))
			continue;
		int status =
			index_read_document(index, entry->key, entry->value, &root);
		if (status != 0)
			return status;
	}
	*out = map_get(&index->by_uri, uri, strlen(uri));
	return 0;
}

/* "~1" and "~0" of a JSON Pointer, in place. */
static bool unescape_token(char *token)
{
	char *to = token;
	for (const char *at = token; *at != '\0'; at++) {
		if (*at == '~') {
			at++;
			if (*at != '0' && *at != '1')
				return false;
			*to++ = *at == '0' ? '~' : '/';
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	return true;
}

static const struct node *step_into(const struct node *node, const char *token)
{
	if (node_kind(node) == NODE_MAPPING)
		return node_get(node, token);
	size_t index = 0;
	if (*token == '\0' || strlen(token) > 9 || (*token == '0' && token[1] != '\0'))
		return NULL;
	for (; *token >= '0' && *token <= '9'; token++)
		index = index * 10 + (size_t)(*token - '0');
	return *token == '\0' ? node_item(node, index) : NULL;
}

/* Follows a JSON Pointer from a resource's root; 0 with *out NULL: it leads nowhere. */
static int follow_pointer(struct index *index, const struct resource *resource,
			  char *pointer, struct position **out)
{
	const struct node *node = resource->root;
	struct location *location = resource->location;
	*out = NULL;
	while (pointer != NULL && *pointer == '/') {
		char *token = pointer + 1;
		pointer = strchr(token, '/');
		if (pointer != NULL)
			*pointer = '\0';
		if (!unescape_token(token))
			return 0;
		node = step_into(node, token);
		if (node == NULL)
			return 0;
		const struct resource *nested = nested_resource(index, node, resource);
		resource = nested != NULL ? nested : resource;
		location = location_below(index->arena, location, token);
		if (location == NULL)
			return no_memory(index);
		if (pointer != NULL)
			*pointer = '/';
	}
	if (find_position(index, node, resource) != NULL) {
		*out = find_position(index, node, resource);
		return 0;
	}
	return index_position(index, resource, node, location, out);
}

static int follow_fragment(struct index *index, struct resource *resource,
			   char *fragment, struct position **out, const char **anchor)
{
	*anchor = NULL;
	if (*fragment == '\0') {
		*out = find_position(index, resource->root, resource);
		return 0;
	}
	if (*fragment == '/')
		return follow_pointer(index, resource, fragment, out);
	size_t length = strlen(fragment);
	*out = map_get(&resource->dynamic_anchors, fragment, length);
	if (*out != NULL)
		*anchor = fragment;
	else
		*out = map_get(&resource->anchors, fragment, length);
	return 0;
}

int index_resolve(struct index *index, const struct position *from,
		  const struct node *reference, struct position **out,
		  const char **anchor)
{
	if (node_kind(reference) != NODE_STRING)
		return index_error(index, ERROR_SCHEMA, reference,
				   "a reference must be a string");
	const char *base = from->key.resource->uri;
	char *uri = uri_resolve(index->arena, base, reference->text);
	char *fragment = uri_fragment(index->arena, reference->text);
	if (uri == NULL || fragment == NULL)
		return no_memory(index);
	struct resource *resource = NULL;
	int status = resource_of(index, uri, &resource);
	if (status != 0)
		return status;
	if (resource == NULL)
		return index_error(index, ERROR_SCHEMA, reference,
				   "'%s' refers to '%s', which is not among the "
				   "schemas "
				   "given; nothing is fetched",
				   reference->text, uri);
	status = follow_fragment(index, resource, fragment, out, anchor);
	if (status == 0 && *out == NULL)
		return index_error(index, ERROR_SCHEMA, reference,
				   "'%s' refers to nothing: the schema '%s' has no "
				   "such "
				   "place or anchor",
				   reference->text, uri);
	return status;
}
