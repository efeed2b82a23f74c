/* doc/tree.c - builds a tree from the events of a parser, under limits. */
#include "doc/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"

#define SHOWN_KEY  60
#define TEXT_BLOCK 1024

void tree_release(struct tree *tree)
{
	free(tree->pending);
	free(tree->frames);
	tree->pending = NULL;
	tree->frames = NULL;
}

void tree_start(struct tree *tree)
{
	tree->pending_count = 0;
	tree->depth = 0;
	tree->nodes = 0;
	tree->root = NULL;
}

/* Room for one element more in a malloc'ed array. */
static void *grow(void *items, size_t count, size_t *capacity, size_t bytes_each)
{
	if (count < *capacity)
		return items;
	size_t larger = *capacity == 0 ? 64 : *capacity * 2;
	void *grown = reallocarray(items, larger, bytes_each);
	if (grown != NULL)
		*capacity = larger;
	return grown;
}

static int count_node(struct tree *tree, struct place place)
{
	tree->nodes++;
	if (tree->nodes <= tree->limits->values[tree->node_limit])
		return 0;
	return problem_limit(tree->problem, tree->limits, tree->node_limit, tree->nodes,
			     place);
}

static struct node *new_node(struct tree *tree, enum node_kind kind, struct place place,
			     const char *tag)
{
	struct node *node;
	if (tag != NULL) {
		struct tagged_node *tagged =
			arena_new_of(tree->arena, struct tagged_node);
		if (tagged == NULL)
			return NULL;
		tagged->tag = tag;
		node = &tagged->node;
		node->flags = NODE_FLAG_TAGGED;
	} else {
		node = arena_new_of(tree->arena, struct node);
		if (node == NULL)
			return NULL;
	}
	node->kind = (uint8_t)kind;
	node->line = place.line;
	node->column = place.column;
	node->weight = 1;
	return node;
}

/* Texts stand side by side in blocks; a large one has its own. */
static char *text_room(struct tree *tree, size_t bytes)
{
	if (bytes > TEXT_BLOCK / 4)
		return arena_alloc(tree->arena, bytes);
	if (bytes > tree->text_room) {
		tree->text = arena_alloc(tree->arena, TEXT_BLOCK);
		tree->text_room = tree->text == NULL ? 0 : TEXT_BLOCK;
	}
	if (bytes > tree->text_room)
		return NULL;
	char *room = tree->text;
	tree->text += bytes;
	tree->text_room -= bytes;
	return room;
}

/* The text and, where it differs, what was written. */
static char *copy_text(struct tree *tree, const struct scalar *scalar)
{
	size_t written = scalar->written == NULL ? 0 : scalar->written_length + 1;
	char *text = text_room(tree, scalar->length + 1 + written);
	if (text == NULL)
		return NULL;
	memcpy(text, scalar->text, scalar->length);
	text[scalar->length] = '\0';
	if (written == 0)
		return text;
	char *behind = text + scalar->length + 1;
	memcpy(behind, scalar->written, scalar->written_length);
	behind[scalar->written_length] = '\0';
	return text;
}

int tree_scalar(struct tree *tree, const struct scalar *scalar, const struct node **out)
{
	int status = count_node(tree, scalar->place);
	if (status != 0)
		return status;
	struct node *node = new_node(tree, scalar->kind, scalar->place, scalar->tag);
	char *text = copy_text(tree, scalar);
	if (node == NULL || text == NULL)
		return problem_memory(tree->problem, scalar->place);
	node->flags |= scalar->flags;
	if (scalar->written != NULL)
		node->flags |= NODE_FLAG_MENDED;
	node->length = (uint32_t)scalar->length;
	node->text = text;
	*out = node;
	return 0;
}

int tree_open(struct tree *tree, enum node_kind kind, struct place place,
	      const char *tag, void *owner)
{
	int status = count_node(tree, place);
	if (status != 0)
		return status;
	if (tree->depth >= tree->limits->values[tree->depth_limit])
		return problem_limit(tree->problem, tree->limits, tree->depth_limit,
				     tree->depth + 1, place);
	struct frame *frames = grow(tree->frames, tree->depth, &tree->frame_capacity,
				    sizeof(struct frame));
	if (frames == NULL)
		return problem_memory(tree->problem, place);
	tree->frames = frames;
	frames[tree->depth++] = (struct frame){ .kind = kind,
						.place = place,
						.tag = tag,
						.first = tree->pending_count,
						.owner = owner };
	return 0;
}

bool tree_wants_key(const struct tree *tree)
{
	if (tree->depth == 0)
		return false;
	const struct frame *frame = &tree->frames[tree->depth - 1];
	return frame->kind == NODE_MAPPING &&
	       (tree->pending_count - frame->first) % 2 == 0;
}

/* The node itself, or a copy where an anchor names it: it stays what it is there. */
static struct node *own_node(struct tree *tree, const struct node *node,
			     struct place place)
{
	if ((node->flags & NODE_FLAG_NAMED) == 0)
		return (struct node *)(uintptr_t)node;
	struct node *copy = new_node(tree, NODE_STRING, place, NULL);
	if (copy == NULL)
		return NULL;
	copy->length = node->length;
	copy->text = node->text;
	return copy;
}

/* Keys count by their text: 80 and "80" are one key. */
static int make_key(struct tree *tree, const struct node *node, struct place place,
		    const struct node **out)
{
	if (node->kind == NODE_SEQUENCE || node->kind == NODE_MAPPING)
		return problem_set(tree->problem, ERROR_SYNTAX, place,
				   "use a string as key; for a text that starts with a "
				   "bracket or brace, put it in quotes",
				   "a key of a mapping is %s",
				   node->kind == NODE_MAPPING ? "a mapping itself"
							      : "a sequence");
	if (node->kind == NODE_NULL && node->length == 0)
		return problem_set(tree->problem, ERROR_SYNTAX, place,
				   "write the key before the colon, or \"\" for an "
				   "empty one",
				   "a key of a mapping is missing");
	struct node *key = own_node(tree, node, place);
	if (key == NULL)
		return problem_memory(tree->problem, place);
	key->kind = NODE_STRING;
	key->flags = node->flags & NODE_FLAG_PLAIN;
	key->hash = node_text_hash(node->text, node->length);
	if (tree->merges && node_is_plain(node) && node->length == 2 &&
	    memcmp(node->text, "<<", 2) == 0)
		tree->frames[tree->depth - 1].has_merge = true;
	*out = key;
	return 0;
}

int tree_add(struct tree *tree, const struct node *node, struct place place)
{
	if (tree->depth == 0) {
		tree->root = node;
		return 0;
	}
	if (tree_wants_key(tree)) {
		int status = make_key(tree, node, place, &node);
		if (status != 0)
			return status;
	}
	const struct node **pending = grow(tree->pending, tree->pending_count,
					   &tree->pending_capacity, sizeof(*pending));
	if (pending == NULL)
		return problem_memory(tree->problem, place);
	tree->pending = pending;
	pending[tree->pending_count++] = node;
	return 0;
}

static void add_weight(struct node *node, const struct node *child)
{
	if (__builtin_add_overflow(node->weight, child->weight, &node->weight))
		node->weight = UINT32_MAX;
	if (child->height >= node->height)
		node->height =
			child->height < UINT16_MAX ? child->height + 1 : UINT16_MAX;
}

static int close_sequence(struct tree *tree, const struct frame *frame,
			  struct node *node)
{
	size_t count = tree->pending_count - frame->first;
	const struct node **items =
		arena_array(tree->arena, count, sizeof(struct node *));
	if (items == NULL)
		return problem_memory(tree->problem, frame->place);
	for (size_t i = 0; i < count; i++) {
		items[i] = tree->pending[frame->first + i];
		add_weight(node, items[i]);
	}
	node->items = items;
	node->length = (uint32_t)count;
	return 0;
}

/* A mapping that is being filled; its table, if any, has room for `capacity` pairs. */
struct filling {
	struct mapping *mapping;
	uint32_t *slots;
	uint32_t count;
	uint32_t before_merge; /* pairs before the merge key */
};

static bool filling_begin(struct filling *filling, struct arena *arena, size_t capacity)
{
	size_t bytes;
	*filling = (struct filling){ 0 };
	if (__builtin_mul_overflow(capacity, sizeof(struct pair), &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(struct mapping), &bytes))
		return false;
	filling->mapping = arena_alloc(arena, bytes);
	if (filling->mapping == NULL || capacity <= MAPPING_LINEAR)
		return filling->mapping != NULL;
	size_t size = 4 * MAPPING_LINEAR;
	while (size < 2 * capacity)
		size *= 2;
	filling->slots = arena_array(arena, size, sizeof(*filling->slots));
	filling->mapping->slots = filling->slots;
	filling->mapping->mask = (uint32_t)(size - 1);
	return filling->slots != NULL;
}

/* The pair that has this key already, or NULL and the pair is in. */
static const struct pair *filling_add(struct filling *filling, struct pair pair)
{
	struct mapping *mapping = filling->mapping;
	const struct node *key = pair.key;
	const struct pair *present = mapping_find(mapping, filling->count, key->text,
						  key->length, key->hash);
	if (present != NULL)
		return present;
	mapping->pairs[filling->count++] = pair;
	if (filling->slots != NULL) {
		uint32_t slot = key->hash & mapping->mask;
		while (filling->slots[slot] != 0)
			slot = (slot + 1) & mapping->mask;
		filling->slots[slot] = filling->count;
	}
	return NULL;
}

static int duplicate_key(struct tree *tree, const struct node *key,
			 const struct node *first)
{
	struct place place = { key->line, key->column };
	int shown = key->length < SHOWN_KEY ? (int)key->length : SHOWN_KEY;
	return problem_set(tree->problem, ERROR_DUPLICATE_KEY, place,
			   "remove one of the two",
			   "the key '%.*s' stands twice in one mapping, first at %u:%u",
			   shown, key->text, first->line, first->column);
}

static bool is_merge_key(const struct tree *tree, const struct node *key)
{
	return tree->merges && node_is_plain(key) && key->length == 2 &&
	       memcmp(key->text, "<<", 2) == 0;
}

/* The pairs that a merge key's value brings at most; its shape is checked. */
static int count_merged(struct tree *tree, const struct node *key,
			const struct node *value, size_t *count)
{
	struct place place = { key->line, key->column };
	static const char mend[] = "give '<<' an alias of a mapping, or a list of such";
	if (value->kind == NODE_MAPPING) {
		*count += value->length;
		return 0;
	}
	bool right = value->kind == NODE_SEQUENCE;
	for (uint32_t i = 0; right && i < value->length; i++) {
		right = value->items[i]->kind == NODE_MAPPING;
		*count += value->items[i]->length;
	}
	if (right)
		return 0;
	return problem_set(tree->problem, ERROR_SYNTAX, place, mend,
			   "the merge key '<<' needs a mapping or a sequence of "
			   "mappings");
}

static int refuse_overridden(struct tree *tree, const struct pair *own)
{
	const struct node *key = own->key;
	int shown = key->length < SHOWN_KEY ? (int)key->length : SHOWN_KEY;
	return problem_set(tree->problem, ERROR_DUPLICATE_KEY, node_place(key),
			   "put '<<' before the other keys",
			   "the key '%.*s' stands before a '<<' that has it too: "
			   "Kubernetes takes the merged one",
			   shown, key->text);
}

static int merge(struct tree *tree, struct filling *filling, const struct node *source)
{
	for (uint32_t i = 0; i < source->length; i++) {
		const struct pair *own =
			filling_add(filling, source->mapping->pairs[i]);
		if (own != NULL && tree->merge_at_end &&
		    own < filling->mapping->pairs + filling->before_merge)
			return refuse_overridden(tree, own);
	}
	return 0;
}

/* Explicit keys win over merged ones; among the merged, the first. */
static int merge_value(struct tree *tree, struct filling *filling,
		       const struct node *value)
{
	if (value->kind == NODE_MAPPING)
		return merge(tree, filling, value);
	int status = 0;
	for (uint32_t i = 0; status == 0 && i < value->length; i++)
		status = merge(tree, filling, value->items[i]);
	return status;
}

static int fill_own(struct tree *tree, const struct frame *frame,
		    struct filling *filling, const struct node **merge_source)
{
	const struct node *merge_key = NULL;
	for (size_t i = frame->first; i < tree->pending_count; i += 2) {
		struct pair pair = { tree->pending[i], tree->pending[i + 1] };
		const struct pair *present = NULL;
		if (frame->has_merge && is_merge_key(tree, pair.key)) {
			if (merge_key != NULL)
				return duplicate_key(tree, pair.key, merge_key);
			merge_key = pair.key;
			filling->before_merge = filling->count;
			*merge_source = pair.value;
		} else {
			present = filling_add(filling, pair);
		}
		if (present != NULL)
			return duplicate_key(tree, pair.key, present->key);
	}
	return 0;
}

static int close_mapping(struct tree *tree, const struct frame *frame,
			 struct node *node)
{
	size_t capacity = (tree->pending_count - frame->first) / 2;
	int status = 0;
	for (size_t i = frame->first; frame->has_merge && i < tree->pending_count;
	     i += 2)
		if (status == 0 && is_merge_key(tree, tree->pending[i]))
			status = count_merged(tree, tree->pending[i],
					      tree->pending[i + 1], &capacity);
	if (status != 0)
		return status;
	struct filling filling;
	if (!filling_begin(&filling, tree->arena, capacity))
		return problem_memory(tree->problem, frame->place);
	const struct node *merge_source = NULL;
	status = fill_own(tree, frame, &filling, &merge_source);
	if (status == 0 && merge_source != NULL)
		status = merge_value(tree, &filling, merge_source);
	if (status != 0)
		return status;
	for (uint32_t i = 0; i < filling.count; i++) {
		add_weight(node, filling.mapping->pairs[i].key);
		add_weight(node, filling.mapping->pairs[i].value);
	}
	node->mapping = filling.mapping;
	node->length = filling.count;
	return 0;
}

int tree_close(struct tree *tree, const struct node **out)
{
	const struct frame *frame = &tree->frames[tree->depth - 1];
	struct node *node = new_node(tree, frame->kind, frame->place, frame->tag);
	if (node == NULL)
		return problem_memory(tree->problem, frame->place);
	node->height = 1;
	int status = frame->kind == NODE_SEQUENCE ? close_sequence(tree, frame, node)
						  : close_mapping(tree, frame, node);
	if (status != 0)
		return status;
	tree->pending_count = frame->first;
	tree->depth--;
	*out = node;
	return 0;
}
