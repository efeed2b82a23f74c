/* doc/write.c - a tree as JSON text. */
#include "doc/doc.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

static void write_string(struct buf *out, const struct node *node)
{
	struct json json;
	size_t length;
	const char *text = node_json_text(node, &length);
	json_begin(&json, out);
	json_bytes(&json, text, length);
}

static int write_number(struct buf *out, const struct node *node, struct error *err)
{
	size_t length;
	const char *text = node_json_text(node, &length);
	if (strpbrk(text, "nN") != NULL)
		return error_set(err, ERROR_SYNTAX,
				 "the number '%s' at %u:%u has no form in JSON", text,
				 node_line(node), node_column(node));
	buf_add(out, text, length);
	return 0;
}

static int write_items(struct buf *out, const struct node *node, bool mapping,
		       struct error *err)
{
	int status = 0;
	buf_add_byte(out, mapping ? '{' : '[');
	for (size_t i = 0; status == 0 && i < node_count(node); i++) {
		if (i > 0)
			buf_add_byte(out, ',');
		if (mapping) {
			write_string(out, node_key(node, i));
			buf_add_byte(out, ':');
		}
		status = doc_write_json(out, node_item(node, i), err);
	}
	buf_add_byte(out, mapping ? '}' : ']');
	return status;
}

/* "!!int" only says what is known; "!Ref" means something that JSON cannot say. */
static bool has_own_tag(const struct node *node)
{
	const char *tag = node_tag(node);
	return tag != NULL && strcmp(tag, "!") != 0 && strncmp(tag, "!!", 2) != 0;
}

int doc_write_json(struct buf *out, const struct node *node, struct error *err)
{
	if (has_own_tag(node))
		return error_set(err, ERROR_SYNTAX,
				 "the tag '%s' at %u:%u has no form in JSON",
				 node_tag(node), node_line(node), node_column(node));
	switch (node_kind(node)) {
	case NODE_UNKNOWN:
	case NODE_NULL:
		buf_add_string(out, "null");
		return 0;
	case NODE_BOOLEAN:
		buf_add_string(out, node_boolean(node) ? "true" : "false");
		return 0;
	case NODE_INTEGER:
	case NODE_DECIMAL:
		return write_number(out, node, err);
	case NODE_STRING:
		write_string(out, node);
		return 0;
	case NODE_SEQUENCE:
		return write_items(out, node, false, err);
	case NODE_MAPPING:
		return write_items(out, node, true, err);
	}
	return 0;
}
