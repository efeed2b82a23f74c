/* repo/graph.c - walks the history by date, newest first, and spreads "hidden". */
#include "repo/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "repo/lines.h"

/* Hidden commits looked at after all seems settled, against small errors of clocks; as
 * many as git. */
#define SLOP 5

/* 130 bytes a commit: eight million commits. */
#define GRAPH_BYTES ((size_t)1 << 30)

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory while walking the history");
}

int graph_init(struct graph *graph, struct repo *repo, struct error *err)
{
	*graph = (struct graph){ .repo = repo,
				 .nodes = MAP_INIT,
				 .earliest = INT64_MAX,
				 .arena = arena_new(GRAPH_BYTES) };
	return graph->arena == NULL ? no_memory(err) : 0;
}

void graph_release(struct graph *graph)
{
	map_release(&graph->nodes);
	free(graph->heap);
	free(graph->visited);
	arena_free(graph->arena);
}

static int push_node(struct node ***items, size_t *count, size_t *capacity,
		     struct node *node, struct error *err)
{
	if (*count == *capacity) {
		size_t larger = *capacity == 0 ? 64 : 2 * *capacity;
		struct node **grown = reallocarray(*items, larger, sizeof(**items));
		if (grown == NULL)
			return no_memory(err);
		*items = grown;
		*capacity = larger;
	}
	(*items)[(*count)++] = node;
	return 0;
}

/* --- the heap --- */

static bool comes_before(const struct node *a, const struct node *b)
{
	return a->date != b->date ? a->date > b->date : a->order < b->order;
}

static int heap_push(struct graph *graph, struct node *node, struct error *err)
{
	int rc = push_node(&graph->heap, &graph->heap_count, &graph->heap_capacity,
			   node, err);
	if (rc != 0)
		return rc;
	node->queued = true;
	node->order = graph->next_order++;
	graph->waiting += !node->hidden;
	struct node **heap = graph->heap;
	size_t at = graph->heap_count - 1;
	while (at > 0 && comes_before(node, heap[(at - 1) / 2])) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = node;
	return 0;
}

static struct node *heap_pop(struct graph *graph)
{
	struct node **heap = graph->heap;
	struct node *first = heap[0];
	struct node *last = heap[--graph->heap_count];
	size_t at = 0;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= graph->heap_count)
			break;
		if (child + 1 < graph->heap_count &&
		    comes_before(heap[child + 1], heap[child]))
			child++;
		if (!comes_before(heap[child], last))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
	first->queued = false;
	graph->waiting -= !first->hidden;
	return first;
}

/* --- nodes --- */

static int find_node(struct graph *graph, const struct oid *id, struct node **out,
		     struct error *err)
{
	struct node *node = map_get(&graph->nodes, (const char *)id->bytes, id->length);
	if (node == NULL) {
		node = arena_new_of(graph->arena, struct node);
		if (node == NULL)
			return no_memory(err);
		node->id = *id;
		if (map_put(&graph->nodes, (const char *)node->id.bytes, id->length,
			    node) != 0)
			return no_memory(err);
	}
	*out = node;
	return 0;
}

static void hide_one(struct graph *graph, struct node *node)
{
	node->hidden = true;
	graph->waiting -= node->queued;
	graph->visible -= node->popped;
}

/* Hides a node and every known node behind it. A malformed one that was given up while
 * it was visible goes back to the heap: hidden history is followed as far as git does.
 */
static int hide(struct graph *graph, struct node *node, struct error *err)
{
	struct node **stack = NULL;
	size_t count = 0;
	size_t capacity = 0;
	int rc = node->hidden ? 0 : push_node(&stack, &count, &capacity, node, err);
	while (rc == 0 && count > 0) {
		struct node *at = stack[--count];
		if (at->hidden)
			continue;
		hide_one(graph, at);
		if (at->malformed && at->popped)
			rc = heap_push(graph, at, err);
		for (size_t i = 0; rc == 0 && i < at->parent_count; i++)
			if (!at->parents[i]->hidden)
				rc = push_node(&stack, &count, &capacity,
					       at->parents[i], err);
	}
	free(stack);
	return rc;
}

/* --- reading commits --- */

struct outline {
	struct oid parents[COMMIT_PARENTS_MAX];
	size_t parent_count;
	int64_t date;
};

static bool starts_with(const char *at, const char *end, const char *text)
{
	size_t length = strlen(text);
	return (size_t)(end - at) >= length && memcmp(at, text, length) == 0;
}

/* The line that starts the committer, or NULL; not behind the headers. */
static const char *find_committer(const char *at, const char *end)
{
	while (at < end && *at != '\n') {
		if (starts_with(at, end, "committer "))
			return at;
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		if (line_end == NULL)
			break;
		at = line_end + 1;
	}
	return NULL;
}

/* The committer's date, as well as it can be read: it only orders the walk. */
static int64_t read_date(const char *at, const char *end)
{
	int64_t date = 0;
	at = find_committer(at, end);
	const char *line_end = at != NULL ? memchr(at, '\n', (size_t)(end - at)) : NULL;
	if (line_end == NULL)
		return 0;
	at = memrchr(at, '>', (size_t)(line_end - at));
	if (at == NULL)
		return 0;
	for (at++; at < line_end && *at == ' ';)
		at++;
	for (; at < line_end && *at >= '0' && *at <= '9' && date < INT64_MAX / 16; at++)
		date = date * 10 + (*at - '0');
	return date;
}

/* Parents as git reads them: the lines that follow the tree at once. Behind the maximum
 * they are left out, which hides less. */
static void read_outline(struct outline *out, const struct repo *repo,
			 const struct object *object)
{
	size_t digits = 2 * repo->hash_bytes;
	const char *at = object->bytes;
	const char *end = at + object->length;
	out->parent_count = 0;
	out->date = read_date(at, end);
	if (!starts_with(at, end, "tree ") || (size_t)(end - at) < 5 + digits + 1)
		return;
	at += 5 + digits + 1;
	while (starts_with(at, end, "parent ") &&
	       (size_t)(end - at) >= 7 + digits + 1 &&
	       out->parent_count < COMMIT_PARENTS_MAX) {
		if (oid_parse(at + 7, digits, &out->parents[out->parent_count]) != 0)
			return;
		out->parent_count++;
		at += 7 + digits + 1;
	}
}

static int set_parents(struct graph *graph, struct node *node,
		       const struct outline *outline, struct error *err)
{
	struct node **parents =
		arena_array(graph->arena, outline->parent_count + 1, sizeof(*parents));
	int rc = parents == NULL ? no_memory(err) : 0;
	for (size_t i = 0; rc == 0 && i < outline->parent_count; i++)
		rc = find_node(graph, &outline->parents[i], &parents[i], err);
	for (size_t i = 0; rc == 0 && node->hidden && i < outline->parent_count; i++)
		rc = hide(graph, parents[i], err);
	if (rc != 0)
		return rc;
	node->parents = parents;
	node->parent_count = outline->parent_count;
	return 0;
}

/* What a node cannot tell its parents for is decided by who asks: in the range it is an
 * error or a problem of the commit, in the hidden history the walk ends there (which
 * hides less, so more is judged). */
static int read_node(struct graph *graph, struct node *node, struct outline *outline,
		     struct error *err)
{
	const struct limits *limits = &graph->repo->limits;
	struct error why = ERROR_INIT;
	struct commit_text text;
	struct object object;
	size_t maximum = limits->values[node->hidden ? LIMIT_GIT_BLOB_BYTES
						     : LIMIT_GIT_COMMIT_BYTES];
	int rc = repo_read(graph->repo, &node->id, maximum, &object, &why);
	if (rc == ERROR_LIMIT || (rc == ERROR_NOT_FOUND && node->hidden)) {
		node->malformed = true;
		return 0;
	}
	if (rc != 0)
		return error_set(err, rc, "%s", why.text);
	if (object.type == OBJECT_COMMIT) {
		read_outline(outline, graph->repo, &object);
		node->malformed = !node->hidden &&
				  commit_split(&text, object.bytes, object.length,
					       graph->repo->hash_bytes, NULL) != 0;
		if (graph->seen != NULL && !node->hidden && !node->malformed)
			rc = graph->seen(graph->data, &node->id, &text);
	} else if (!node->hidden) {
		rc = error_set(err, ERROR_OBJECT_TYPE,
			       "the object '%s' stands where a commit must, and is "
			       "none",
			       oid_text(&node->id));
	}
	repo_object_release(&object);
	return rc;
}

/* Reads a node that was not read and puts it into the heap. */
static int enqueue(struct graph *graph, struct node *node, struct error *err)
{
	if (node->loaded)
		return 0;
	struct outline outline = { .parent_count = 0 };
	int rc = read_node(graph, node, &outline, err);
	if (rc == 0)
		rc = set_parents(graph, node, &outline, err);
	if (rc != 0)
		return rc;
	node->date = outline.date;
	node->loaded = true;
	return heap_push(graph, node, err);
}

int graph_add_hidden(struct graph *graph, const struct oid *id, struct error *err)
{
	struct oid commit;
	struct node *node;
	struct error why = ERROR_INIT;
	int rc = repo_peel(graph->repo, id, &commit, &why);
	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc != 0)
		return error_set(err, rc, "%s", why.text);
	rc = find_node(graph, &commit, &node, err);
	if (rc == 0)
		rc = hide(graph, node, err);
	if (rc == 0)
		rc = enqueue(graph, node, err);
	return rc;
}

int graph_add_tip(struct graph *graph, const struct oid *id, struct node **out,
		  struct error *err)
{
	struct oid commit;
	struct node *node;
	int rc = repo_peel(graph->repo, id, &commit, err);
	if (rc == 0)
		rc = find_node(graph, &commit, &node, err);
	if (rc == 0)
		rc = enqueue(graph, node, err);
	if (rc == 0 && out != NULL)
		*out = node;
	return rc;
}

/* --- the walk --- */

static int visit(struct graph *graph, struct node *node, struct error *err)
{
	int rc = push_node(&graph->visited, &graph->visited_count,
			   &graph->visited_capacity, node, err);
	if (rc != 0)
		return rc;
	if (node->date < graph->earliest)
		graph->earliest = node->date;
	if (++graph->visible > graph->maximum)
		return error_set(err, ERROR_LIMIT,
				 "there are more than %zu new commits, over the limit "
				 "%s; raise it, or set an anchor nearer to the tip",
				 graph->maximum,
				 limit_name(LIMIT_GIT_COMMITS_PER_PUSH));
	return 0;
}

static int expand(struct graph *graph, struct node *node, struct error *err)
{
	int rc = 0;
	bool first = !node->popped;
	node->popped = true;
	if (!node->hidden && first)
		rc = visit(graph, node, err);
	if (node->malformed && !node->hidden)
		return rc;
	for (size_t i = 0; rc == 0 && i < node->parent_count; i++)
		rc = enqueue(graph, node->parents[i], err);
	return rc;
}

/* How many hidden commits are still worth a look; 0: the walk is over. */
static int slop_left(const struct graph *graph, int slop)
{
	if (graph->heap_count == 0 || (graph->waiting == 0 && graph->visible == 0))
		return 0;
	if (graph->waiting != 0 || graph->heap[0]->date >= graph->earliest)
		return SLOP;
	return slop - 1;
}

int graph_walk(struct graph *graph, const struct node *until, struct error *err)
{
	int slop = slop_left(graph, SLOP + 1);
	while (slop > 0) {
		if (until != NULL && until->hidden)
			return 0;
		int rc = expand(graph, heap_pop(graph), err);
		if (rc != 0)
			return rc;
		slop = slop_left(graph, slop);
	}
	return 0;
}
