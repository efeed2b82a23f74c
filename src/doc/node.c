/* doc/node.c - reading the tree: places, scalars, look-up, equality, copies. */
#include "doc/node.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "doc/number.h"

enum node_kind node_kind(const struct node *node)
{
	return node == NULL ? NODE_UNKNOWN : (enum node_kind)node->kind;
}

const char *node_kind_name(enum node_kind kind)
{
	switch (kind) {
	case NODE_UNKNOWN:
		break;
	case NODE_NULL:
		return "null";
	case NODE_BOOLEAN:
		return "boolean";
	case NODE_INTEGER:
		return "integer";
	case NODE_DECIMAL:
		return "number";
	case NODE_STRING:
		return "string";
	case NODE_SEQUENCE:
		return "array";
	case NODE_MAPPING:
		return "object";
	}
	return "unknown";
}

uint32_t node_line(const struct node *node)
{
	return node == NULL ? 0 : node->line;
}

uint32_t node_column(const struct node *node)
{
	return node == NULL ? 0 : node->column;
}

const char *node_text(const struct node *node, size_t *length)
{
	bool has_text = node != NULL && !node_is_container(node);
	const char *text = has_text ? node->text : "";
	size_t count = has_text ? node->length : 0;
	if (has_text && (node->flags & NODE_FLAG_MENDED) != 0) {
		text += count + 1;
		count = strlen(text);
	}
	if (length != NULL)
		*length = count;
	return text;
}

const char *node_json_text(const struct node *node, size_t *length)
{
	bool has_text = node != NULL && !node_is_container(node);
	if (length != NULL)
		*length = has_text ? node->length : 0;
	return has_text ? node->text : "";
}

bool node_boolean(const struct node *node)
{
	return node != NULL && (node->flags & NODE_FLAG_TRUE) != 0;
}

int node_integer(const struct node *node, int64_t *out)
{
	if (node_kind(node) != NODE_INTEGER)
		return ERROR_LIMIT;
	return number_to_int64(node->text, out);
}

const char *node_tag(const struct node *node)
{
	if (node == NULL || (node->flags & NODE_FLAG_TAGGED) == 0)
		return NULL;
	const void *behind =
		node_is_container(node) ? (const void *)node_head(node) : node->text;
	const char *tag;
	memcpy(&tag, (const char *)behind - sizeof(tag), sizeof(tag));
	return tag;
}

bool node_is_plain(const struct node *node)
{
	return node != NULL && (node->flags & NODE_FLAG_PLAIN) != 0;
}

size_t node_count(const struct node *node)
{
	return node != NULL && node_is_container(node) ? node->length : 0;
}

const struct node *node_item(const struct node *node, size_t index)
{
	if (index >= node_count(node))
		return NULL;
	return node->kind == NODE_SEQUENCE ? &node->items[index]
					   : &node->pairs[index].value;
}

const struct node *node_key(const struct node *node, size_t index)
{
	if (node_kind(node) != NODE_MAPPING || index >= node->length)
		return NULL;
	return &node->pairs[index].key;
}

static bool key_is(const struct node *key, const char *text, size_t length)
{
	return key->length == length && memcmp(key->text, text, length) == 0;
}

const struct pair *mapping_find(const struct node *mapping, const char *key,
				size_t length)
{
	const struct node_head *head = node_head(mapping);
	const struct pair *pairs = mapping->pairs;
	if (head->slots == NULL) {
		for (uint32_t i = 0; i < mapping->length; i++)
			if (key_is(&pairs[i].key, key, length))
				return &pairs[i];
		return NULL;
	}
	uint32_t slot = (uint32_t)map_hash(key, length) & head->mask;
	for (; head->slots[slot] != 0; slot = (slot + 1) & head->mask) {
		const struct pair *pair = &pairs[head->slots[slot] - 1];
		if (key_is(&pair->key, key, length))
			return pair;
	}
	return NULL;
}

const struct node *node_get_bytes(const struct node *node, const char *key,
				  size_t length)
{
	if (node_kind(node) != NODE_MAPPING)
		return NULL;
	const struct pair *pair = mapping_find(node, key, length);
	return pair == NULL ? NULL : &pair->value;
}

const struct node *node_get(const struct node *node, const char *key)
{
	return node_get_bytes(node, key, strlen(key));
}

static bool is_number(const struct node *node)
{
	return node->kind == NODE_INTEGER || node->kind == NODE_DECIMAL;
}

static bool numbers_equal(const struct node *a, const struct node *b)
{
	struct number left;
	struct number right;
	number_read(&left, a->text, a->length);
	number_read(&right, b->text, b->length);
	return number_compare(&left, &right) == NUMBER_EQUAL;
}

static bool mappings_equal(const struct node *a, const struct node *b)
{
	for (uint32_t i = 0; i < a->length; i++) {
		const struct pair *pair = &a->pairs[i];
		const struct pair *other =
			mapping_find(b, pair->key.text, pair->key.length);
		if (other == NULL || !node_equal(&pair->value, &other->value))
			return false;
	}
	return true;
}

/* Recursion is as deep as the tree, whose depth was limited when it was built. */
bool node_equal(const struct node *a, const struct node *b)
{
	if (a == b)
		return true;
	if (a == NULL || b == NULL)
		return false;
	if (is_number(a) && is_number(b))
		return numbers_equal(a, b);
	if (a->kind != b->kind)
		return false;
	switch ((enum node_kind)a->kind) {
	case NODE_NULL:
		return true;
	case NODE_BOOLEAN:
		return node_boolean(a) == node_boolean(b);
	case NODE_STRING:
		return key_is(a, b->text, b->length);
	case NODE_SEQUENCE:
		if (a->length != b->length)
			return false;
		for (uint32_t i = 0; i < a->length; i++)
			if (!node_equal(&a->items[i], &b->items[i]))
				return false;
		return true;
	case NODE_MAPPING:
		return a->length == b->length && mappings_equal(a, b);
	case NODE_UNKNOWN:
	case NODE_INTEGER:
	case NODE_DECIMAL:
		break;
	}
	return false;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t words[2] = { a, b };
	return map_hash(words, sizeof(words));
}

uint64_t node_hash(const struct node *node)
{
	uint64_t hash = 0;
	switch ((enum node_kind)node->kind) {
	case NODE_UNKNOWN:
	case NODE_NULL:
		break;
	case NODE_BOOLEAN:
		hash = node_boolean(node);
		break;
	case NODE_INTEGER:
	case NODE_DECIMAL: {
		struct number number;
		number_read(&number, node->text, node->length);
		return mix(NODE_DECIMAL, number_hash(&number));
	}
	case NODE_STRING:
		hash = map_hash(node->text, node->length);
		break;
	case NODE_SEQUENCE:
		for (uint32_t i = 0; i < node->length; i++)
			hash = mix(hash, node_hash(&node->items[i]));
		break;
	case NODE_MAPPING: /* a sum, so that order does not count */
		for (uint32_t i = 0; i < node->length; i++) {
			const struct pair *pair = &node->pairs[i];
			hash += mix(map_hash(pair->key.text, pair->key.length),
				    node_hash(&pair->value));
		}
		break;
	}
	return mix(node->kind, hash);
}

/* As deep as the tree. */
void node_end_texts(const struct node *root)
{
	if (node_is_container(root)) {
		uint32_t count = root->length << (root->kind == NODE_MAPPING);
		for (uint32_t i = 0; i < count; i++)
			node_end_texts(&root->items[i]);
	} else if (root->length > 0) {
		((char *)(uintptr_t)root->text)[root->length] = '\0';
	}
}
