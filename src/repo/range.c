/* repo/range.c - the commits that are new: a walk over raw commits in the order of
 * their dates, as git's limited revision walk.
 *
 * Every commit is a node; "hidden" spreads from a node to its parents, at once and as
 * far as they are known. The walk ends when only hidden commits wait, all older than
 * every visible one, and a few more were looked at: clocks that go wrong can then only
 * make more commits visible, never fewer, because hidden is only what is really
 * reachable. So the cost follows the new commits, not the history behind them. */
#include "repo/graph.h"

#include <stdlib.h>

static int open_graph(struct graph *graph, struct repo *repo, const struct range *range,
		      void *data, struct error *err)
{
	int rc = graph_init(graph, repo, err);
	graph->seen = range->seen;
	graph->data = data;
	graph->maximum = range->maximum != 0
				 ? range->maximum
				 : repo->limits.values[LIMIT_GIT_COMMITS_PER_PUSH];
	for (size_t i = 0; rc == 0 && i < range->hidden_count; i++)
		rc = graph_add_hidden(graph, &range->hidden[i], err);
	for (size_t i = 0; rc == 0 && i < range->tip_count; i++)
		rc = graph_add_tip(graph, &range->tips[i], NULL, err);
	return rc;
}

/* Splits the commit again for the visitor: keeping all of them would cost memory. */
static int emit(struct repo *repo, const struct node *node, range_each each, void *data,
		struct error *err)
{
	struct object object = { .type = OBJECT_UNKNOWN };
	struct commit_text text;
	struct error problem = ERROR_INIT;
	int rc = repo_read(repo, &node->id, repo->limits.values[LIMIT_GIT_COMMIT_BYTES],
			   &object, &problem);
	if (rc == ERROR_LIMIT)
		return each(data, &node->id, NULL, NULL, &problem);
	if (rc != 0)
		return error_set(err, rc, "%s", problem.text);
	rc = commit_split(&text, object.bytes, object.length, repo->hash_bytes,
			  &problem);
	if (rc != 0)
		rc = each(data, &node->id, NULL, &object, &problem);
	else
		rc = each(data, &node->id, &text, &object, NULL);
	repo_object_release(&object);
	return rc;
}

static bool is_visible(const struct node *node)
{
	return node->popped && !node->hidden;
}

static void count_children(struct graph *graph)
{
	for (size_t i = 0; i < graph->visited_count; i++) {
		const struct node *node = graph->visited[i];
		for (size_t j = 0; is_visible(node) && j < node->parent_count; j++)
			node->parents[j]->pending++;
	}
}

/* Parents after all their children: a node is ready when its last child was given. */
static int emit_all(struct graph *graph, range_each each, void *data, struct error *err)
{
	int rc = 0;
	size_t ready = 0;
	size_t given = 0;
	struct node **queue = calloc(graph->visited_count + 1, sizeof(*queue));
	if (queue == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	count_children(graph);
	for (size_t i = 0; i < graph->visited_count; i++)
		if (is_visible(graph->visited[i]) && graph->visited[i]->pending == 0)
			queue[ready++] = graph->visited[i];
	while (rc == 0 && given < ready) {
		const struct node *node = queue[given++];
		rc = emit(graph->repo, node, each, data, err);
		for (size_t i = 0; i < node->parent_count; i++) {
			struct node *parent = node->parents[i];
			if (--parent->pending == 0 && is_visible(parent))
				queue[ready++] = parent;
		}
	}
	free(queue);
	return rc;
}

int repo_range(struct repo *repo, const struct range *range, range_each each,
	       void *data, struct error *err)
{
	struct graph graph;
	int rc = open_graph(&graph, repo, range, data, err);
	if (rc == 0)
		rc = graph_walk(&graph, NULL, err);
	if (rc == 0)
		rc = emit_all(&graph, each, data, err);
	graph_release(&graph);
	return rc;
}

/* The range from the descendant to the ancestor, turned round: an ancestor is hidden by
 * its descendant. */
int repo_is_ancestor(struct repo *repo, const struct oid *ancestor,
		     const struct oid *descendant, struct error *err)
{
	struct graph graph;
	struct node *node = NULL;
	struct oid known;
	int rc = repo_peel(repo, descendant, &known, err);
	if (rc != 0)
		return rc;
	rc = graph_init(&graph, repo, err);
	graph.maximum = SIZE_MAX;
	if (rc == 0)
		rc = graph_add_hidden(&graph, &known, err);
	if (rc == 0)
		rc = graph_add_tip(&graph, ancestor, &node, err);
	if (rc == 0)
		rc = graph_walk(&graph, node, err);
	if (rc == 0)
		rc = node->hidden ? 1 : 0;
	graph_release(&graph);
	return rc;
}
