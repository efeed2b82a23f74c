/* doc/tree.c - builds a tree from the events of a parser, under limits. */
#include "doc/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "doc/symbol.h"

#define SHOWN_KEY  60
#define TEXT_BLOCK 1024

char *tree_keep_text(struct arena *arena, const char *text, size_t length)
{
	char *kept = length > SIZE_MAX - DOC_TEXT_ROOM
			     ? NULL
			     : arena_alloc(arena, length + DOC_TEXT_ROOM);
	if (kept != NULL && length > 0)
		memcpy(kept, text, length);
	return kept;
}

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
	tree->root = (struct node){ 0 };
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

/* Texts stand side by side in blocks; a large one has its own. */
static char *text_room(struct tree *tree, size_t bytes)
{
	if (bytes > TEXT_BLOCK / 4)
		return arena_alloc(tree->arena, bytes + DOC_TEXT_ROOM);
	if (bytes > tree->text_room) {
		tree->text = arena_alloc(tree->arena, TEXT_BLOCK + DOC_TEXT_ROOM);
		tree->text_room = tree->text == NULL ? 0 : TEXT_BLOCK;
	}
	if (bytes > tree->text_room)
		return NULL;
	char *room = tree->text;
	tree->text += bytes;
	tree->text_room -= bytes;
	return room;
}

/* The tag's address, the text and, where it differs, what was written. */
static char *copy_text(struct tree *tree, const struct scalar *scalar)
{
	size_t tag = scalar->tag == NULL ? 0 : sizeof(scalar->tag);
	size_t written = scalar->written == NULL ? 0 : scalar->written_length + 1;
	char *text = text_room(tree, tag + scalar->length + 1 + written);
	if (text == NULL)
		return NULL;
	memcpy(text, &scalar->tag, tag);
	text += tag;
	memcpy(text, scalar->text, scalar->length);
	text[scalar->length] = '\0';
	if (written == 0)
		return text;
	char *behind = text + scalar->length + 1;
	memcpy(behind, scalar->written, scalar->written_length);
	behind[scalar->written_length] = '\0';
	return text;
}

/* Where the text is to stand; NULL: out of memory. */
static const char *place_text(struct tree *tree, const struct scalar *scalar)
{
	static const char empty[DOC_TEXT_ROOM];
	if (scalar->tag != NULL || scalar->written != NULL)
		return copy_text(tree, scalar);
	if (scalar->length == 0)
		return empty;
	if (scalar->text >= tree->source && scalar->text < tree->source_end)
		return scalar->text;
	if (scalar->length >= scalar->room_length)
		return copy_text(tree, scalar);
	return memcpy(scalar->room, scalar->text, scalar->length);
}

int tree_scalar(struct tree *tree, const struct scalar *scalar, struct node *out)
{
	int status = count_node(tree, scalar->place);
	if (status != 0)
		return status;
	const char *text = place_text(tree, scalar);
	if (text == NULL)
		return problem_memory(tree->problem, scalar->place);
	*out = (struct node){
		.kind = (uint8_t)scalar->kind,
		.flags = (uint8_t)(scalar->flags |
				   (scalar->tag != NULL ? NODE_FLAG_TAGGED : 0) |
				   (scalar->written != NULL ? NODE_FLAG_MENDED : 0)),
		.length = (uint32_t)scalar->length,
		.line = scalar->place.line,
		.column = scalar->place.column,
		.text = text,
	};
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

static bool is_merge_key(const struct tree *tree, const struct node *key)
{
	return tree->merges && node_is_plain(key) && key->length == 2 &&
	       memcmp(key->text, "<<", 2) == 0;
}

/* Keys count by their text: 80 and "80" are one key. */
static int make_key(struct tree *tree, struct node *key, struct place place)
{
	if (node_is_container(key))
		return problem_set(tree->problem, ERROR_SYNTAX, place,
				   "use a string as key; for a text that starts with a "
				   "bracket or brace, put it in quotes",
				   "a key of a mapping is %s",
				   key->kind == NODE_MAPPING ? "a mapping itself"
							     : "a sequence");
	if (key->kind == NODE_NULL && key->length == 0)
		return problem_set(tree->problem, ERROR_SYNTAX, place,
				   "write the key before the colon, or \"\" for an "
				   "empty one",
				   "a key of a mapping is missing");
	if (is_merge_key(tree, key))
		tree->frames[tree->depth - 1].has_merge = true;
	key->kind = NODE_STRING;
	key->flags &= NODE_FLAG_PLAIN;
	key->symbol = symbol_of(key->text, key->length);
	return 0;
}

int tree_add(struct tree *tree, const struct node *node, struct place place)
{
	if (tree->depth == 0) {
		tree->root = *node;
		return 0;
	}
	bool key = tree_wants_key(tree);
	struct node *pending = grow(tree->pending, tree->pending_count,
				    &tree->pending_capacity, sizeof(*pending));
	if (pending == NULL)
		return problem_memory(tree->problem, place);
	tree->pending = pending;
	struct node *slot = &pending[tree->pending_count++];
	*slot = *node;
	return key ? make_key(tree, slot, place) : 0;
}

const struct node *tree_root(const struct tree *tree)
{
	return arena_copy(tree->arena, &tree->root, sizeof(tree->root));
}

/* Room for the children of a container, behind its tag's address and its head. */
static struct node_head *new_head(const struct tree *tree, const struct frame *frame,
				  size_t capacity, size_t bytes_each)
{
	size_t tag = frame->tag == NULL ? 0 : sizeof(struct node_head);
	size_t bytes;
	if (__builtin_mul_overflow(capacity, bytes_each, &bytes) ||
	    __builtin_add_overflow(bytes, tag + sizeof(struct node_head), &bytes))
		return NULL;
	char *room = arena_alloc(tree->arena, bytes);
	if (room == NULL)
		return NULL;
	if (tag > 0)
		memcpy(room + tag - sizeof(frame->tag), &frame->tag,
		       sizeof(frame->tag));
	struct node_head *head = (struct node_head *)(void *)(room + tag);
	head->weight = 1;
	return head;
}

/* What is below a container, counted. */
static void add_children(struct node *node, struct node_head *head)
{
	size_t count = (size_t)node->length << (node->kind == NODE_MAPPING);
	for (size_t i = 0; i < count; i++) {
		const struct node *child = &node->items[i];
		if (__builtin_add_overflow(head->weight, node_weight(child),
					   &head->weight))
			head->weight = UINT32_MAX;
		if (node_is_container(child) && child->height >= node->height)
			node->height = child->height < UINT16_MAX ? child->height + 1
								  : UINT16_MAX;
	}
}

static int close_sequence(struct tree *tree, const struct frame *frame,
			  struct node *node)
{
	size_t count = tree->pending_count - frame->first;
	struct node_head *head = new_head(tree, frame, count, sizeof(struct node));
	if (head == NULL)
		return problem_memory(tree->problem, frame->place);
	struct node *items = (struct node *)(void *)(head + 1);
	if (count > 0)
		memcpy(items, tree->pending + frame->first, count * sizeof(*items));
	node->items = items;
	node->length = (uint32_t)count;
	add_children(node, head);
	return 0;
}

/* A mapping that is being filled. Its table, if any, has room for `capacity` pairs. */
struct filling {
	struct node *mapping;
	struct pair *pairs; /* of the mapping */
	uint32_t *slots;
	uint32_t mask;
	uint32_t before_merge; /* pairs before the merge key */
};

static bool filling_begin(struct filling *filling, const struct tree *tree,
			  const struct frame *frame, size_t capacity)
{
	struct node_head *head = new_head(tree, frame, capacity, sizeof(struct pair));
	if (head == NULL)
		return false;
	filling->pairs = (struct pair *)(void *)(head + 1);
	filling->mapping->pairs = filling->pairs;
	if (capacity <= MAPPING_LINEAR)
		return true;
	size_t size = 2 * MAPPING_LINEAR;
	while (size < 2 * capacity)
		size *= 2;
	filling->slots = arena_array(tree->arena, size, sizeof(*filling->slots));
	filling->mask = (uint32_t)(size - 1);
	head->slots = filling->slots;
	head->mask = filling->mask;
	return filling->slots != NULL;
}

static bool same_text(const struct node *a, const struct node *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* The pair that has this key already, or NULL and the pair is in. */
static const struct pair *filling_add(struct filling *filling, const struct pair *pair)
{
	const struct node *key = &pair->key;
	struct pair *pairs = filling->pairs;
	uint32_t count = filling->mapping->length;
	uint32_t slot = 0;
	if (filling->slots == NULL) {
		for (uint32_t i = 0; i < count; i++)
			if (same_text(&pairs[i].key, key))
				return &pairs[i];
	} else {
		slot = (uint32_t)map_hash(key->text, key->length) & filling->mask;
		for (; filling->slots[slot] != 0; slot = (slot + 1) & filling->mask)
			if (same_text(&pairs[filling->slots[slot] - 1].key, key))
				return &pairs[filling->slots[slot] - 1];
		filling->slots[slot] = count + 1;
	}
	pairs[count] = *pair;
	filling->mapping->length = count + 1;
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
		right = value->items[i].kind == NODE_MAPPING;
		*count += value->items[i].length;
	}
	if (right)
		return 0;
	return problem_set(tree->problem, ERROR_SYNTAX, place, mend,
			   "the merge key '<<' needs a mapping or a sequence of "
			   "mappings");
}

static int refuse_overridden(struct tree *tree, const struct pair *own)
{
	const struct node *key = &own->key;
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
		const struct pair *own = filling_add(filling, &source->pairs[i]);
		if (own != NULL && tree->merge_at_end &&
		    own < filling->pairs + filling->before_merge)
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
		status = merge(tree, filling, &value->items[i]);
	return status;
}

static int fill_own(struct tree *tree, const struct frame *frame,
		    struct filling *filling, const struct node **merge_source)
{
	const struct node *merge_key = NULL;
	for (size_t i = frame->first; i < tree->pending_count; i += 2) {
		const struct pair *pair = (const struct pair *)&tree->pending[i];
		const struct pair *present = NULL;
		if (frame->has_merge && is_merge_key(tree, &pair->key)) {
			if (merge_key != NULL)
				return duplicate_key(tree, &pair->key, merge_key);
			merge_key = &pair->key;
			filling->before_merge = filling->mapping->length;
			*merge_source = &pair->value;
		} else {
			present = filling_add(filling, pair);
		}
		if (present != NULL)
			return duplicate_key(tree, &pair->key, &present->key);
	}
	return 0;
}

static int close_mapping(struct tree *tree, const struct frame *frame,
			 struct node *node)
{
	size_t capacity = (tree->pending_count - frame->first) / 2;
	const struct node *pending = tree->pending;
	int status = 0;
	for (size_t i = frame->first; frame->has_merge && i < tree->pending_count;
	     i += 2)
		if (status == 0 && is_merge_key(tree, &pending[i]))
			status = count_merged(tree, &pending[i], &pending[i + 1],
					      &capacity);
	if (status != 0)
		return status;
	struct filling filling = { .mapping = node };
	if (!filling_begin(&filling, tree, frame, capacity))
		return problem_memory(tree->problem, frame->place);
	const struct node *merge_source = NULL;
	status = fill_own(tree, frame, &filling, &merge_source);
	if (status == 0 && merge_source != NULL)
		status = merge_value(tree, &filling, merge_source);
	if (status != 0)
		return status;
	add_children(node, (struct node_head *)(void *)filling.pairs - 1);
	return 0;
}

int tree_close(struct tree *tree, struct node *out)
{
	const struct frame *frame = &tree->frames[tree->depth - 1];
	struct node node = { .kind = (uint8_t)frame->kind,
			     .flags = frame->tag != NULL ? NODE_FLAG_TAGGED : 0,
			     .height = 1,
			     .line = frame->place.line,
			     .column = frame->place.column };
	int status = frame->kind == NODE_SEQUENCE ? close_sequence(tree, frame, &node)
						  : close_mapping(tree, frame, &node);
	if (status != 0)
		return status;
	tree->pending_count = frame->first;
	tree->depth--;
	*out = node;
	return 0;
}
