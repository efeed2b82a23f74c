/* repo/graph.h - the part of the history that a walk has seen. Inside repo/ only. */
#ifndef REPO_GRAPH_H
#define REPO_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "repo/handle.h"

struct arena;

struct node {
	struct oid id;
	bool hidden;    /* reachable from a hidden commit */
	bool loaded;    /* date and parents are known */
	bool queued;    /* waits in the heap */
	bool popped;    /* its parents were looked at */
	bool malformed; /* its parents are followed only when it is hidden */
	int64_t date;
	uint64_t order; /* among equal dates: who came first */
	struct node **parents;
	size_t parent_count;
	size_t pending; /* children not yet given to the visitor */
};

struct graph {
	struct repo *repo;
	struct arena *arena;
	struct map nodes;
	struct node **heap; /* newest first */
	size_t heap_count;
	size_t heap_capacity;
	struct node **visited; /* popped while visible, in that order */
	size_t visited_count;
	size_t visited_capacity;
	size_t visible;   /* of them, not hidden meanwhile */
	size_t waiting;   /* in the heap, not hidden */
	int64_t earliest; /* date of the oldest visited */
	uint64_t next_order;
	size_t maximum;  /* of `visible` */
	range_seen seen; /* of struct range; NULL: none */
	void *data;
};

int graph_init(struct graph *graph, struct repo *repo, struct error *err);
void graph_release(struct graph *graph);
/* Tags are peeled; what does not exist or is no commit is ignored. */
int graph_add_hidden(struct graph *graph, const struct oid *id, struct error *err);
/* Tags are peeled; what is no commit is an error. `out` may be NULL. */
int graph_add_tip(struct graph *graph, const struct oid *id, struct node **out,
		  struct error *err);
/* Walks until what is hidden is settled, or `until` (may be NULL) has become hidden. */
int graph_walk(struct graph *graph, const struct node *until, struct error *err);

#endif
