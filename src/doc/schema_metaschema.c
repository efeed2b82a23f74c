/* doc/schema_metaschema.c - the schemas of schemas, from the table of keywords. */
#include "doc/schema_metaschema.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"

#define MAXIMUM_BYTES ((size_t)1 << 20)

/* The shapes in the words of JSON Schema. SELF stands for a reference to the
 * metaschema, which differs by draft. */
#define SELF "SELF"
static const char *const shapes[] = {
	[SHAPE_NONE] = "{}",
	[SHAPE_SCHEMA] = SELF,
	[SHAPE_SCHEMA_LIST] = "{type: array, minItems: 1, items: " SELF "}",
	[SHAPE_SCHEMA_MAP] = "{type: object, additionalProperties: " SELF "}",
	[SHAPE_ITEMS] = "{anyOf: [" SELF ", {type: array, items: " SELF "}]}",
	[SHAPE_DEPENDENCIES] = "{type: object, additionalProperties: {anyOf: [" SELF
			       ", {type: array, items: {type: string}}]}}",
	[SHAPE_ANYTHING] = "{}",
	[SHAPE_TEXT] = "{type: string}",
	[SHAPE_FLAG] = "{type: boolean}",
	[SHAPE_COUNT] = "{type: integer, minimum: 0}",
	[SHAPE_NUMBER] = "{type: number}",
	[SHAPE_DIVISOR] = "{type: number, not: {maximum: 0}}",
	[SHAPE_TYPE] = "{anyOf: [{$ref: '#/definitions/kind'}, {type: array, minItems: "
		       "1, uniqueItems: true, items: {$ref: '#/definitions/kind'}}]}",
	[SHAPE_LIST] = "{type: array}",
	[SHAPE_NAMES] = "{type: array, uniqueItems: true, items: {type: string}}",
	[SHAPE_NAMES_MAP] = "{type: object, additionalProperties: {type: array, "
			    "uniqueItems: true, items: {type: string}}}",
	[SHAPE_FLAG_MAP] = "{type: object, additionalProperties: {type: boolean}}",
};

static const char *self_of(enum schema_draft draft)
{
	if (draft == SCHEMA_DRAFT_2019_09)
		return "{$recursiveRef: '#'}";
	return draft == SCHEMA_DRAFT_2020_12 ? "{$dynamicRef: '#meta'}" : "{$ref: '#'}";
}

static const char *anchor_of(enum schema_draft draft)
{
	if (draft == SCHEMA_DRAFT_2019_09)
		return "$recursiveAnchor: true, ";
	return draft == SCHEMA_DRAFT_2020_12 ? "$dynamicAnchor: meta, " : "";
}

static void add_shape(struct buf *out, enum schema_draft draft, const char *shape)
{
	const char *self;
	while ((self = strstr(shape, SELF)) != NULL) {
		buf_add(out, shape, (size_t)(self - shape));
		buf_add_string(out, self_of(draft));
		shape = self + strlen(SELF);
	}
	buf_add_string(out, shape);
}

static void add_keyword(struct buf *out, enum schema_draft draft,
			const struct keyword *keyword)
{
	const char *shape = shapes[keyword->shape];
	if (draft < keyword->first || draft > keyword->last)
		return;
	if (draft == SCHEMA_DRAFT_4 && strncmp(keyword->name, "exclusive", 9) == 0)
		shape = shapes[SHAPE_FLAG];
	if (draft == SCHEMA_DRAFT_4 && strncmp(keyword->name, "additional", 10) == 0)
		shape = "{anyOf: [" SELF ", {type: boolean}]}";
	if (draft == SCHEMA_DRAFT_2020_12 && keyword->shape == SHAPE_ITEMS)
		shape = shapes[SHAPE_SCHEMA];
	buf_addf(out, "%s: ", keyword->name);
	add_shape(out, draft, shape);
	buf_add_string(out, ", ");
}

static void write_metaschema(struct buf *out, const char *uri)
{
	enum schema_draft draft = keyword_draft(uri);
	bool old = draft == SCHEMA_DRAFT_4;
	buf_addf(out, "{$schema: '%s', %s: '%s', %stype: %s, properties: {", uri,
		 old ? "id" : "$id", uri, anchor_of(draft),
		 old ? "object" : "[object, boolean]");
	for (size_t i = 0; keyword_at(i) != NULL; i++)
		add_keyword(out, draft, keyword_at(i));
	buf_add_string(out, "}, definitions: {kind: {enum: [array, boolean, integer, "
			    "'null', number, object, string]}}}");
}

int metaschema_read(struct index *index, const char *uri, const struct node **out)
{
	struct buf text = BUF_INIT(MAXIMUM_BYTES);
	struct docs docs = { NULL, 0 };
	struct doc_problem problem;
	write_metaschema(&text, uri);
	int status = text.failed;
	if (status == 0)
		status = docs_parse(&docs, index->arena, DOC_YAML, text.data,
				    text.length, &limits_default, &problem);
	buf_release(&text);
	if (status != 0)
		return error_set(index->err, status,
				 "the metaschema '%s' cannot be made", uri);
	*out = docs.roots[0];
	return 0;
}
