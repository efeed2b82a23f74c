/* doc/kubernetes_changes.h - whose CustomResourceDefinitions differ between two states
 * of some files. What counts is the definition's spec and its file: one that gets
 * another label does not change. One that moves does: where several files define a
 * kind, the first one's definition holds.
 *
 * Threads: one at a time. */
#ifndef DOC_KUBERNETES_CHANGES_H
#define DOC_KUBERNETES_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct kubernetes_changes;
struct node;

int kubernetes_changes_new(struct kubernetes_changes **out, struct error *err);
void kubernetes_changes_free(struct kubernetes_changes *changes);
/* Takes in the definitions of a document (a List of them, too), as they are, or as they
 * were `before`; what is no definition is passed over. The document may be freed
 * afterwards. ERROR_MEMORY. `path` is that of its file. */
int kubernetes_changes_add(struct kubernetes_changes *changes, const char *path,
			   bool before, const struct node *root, struct error *err);

/* One kind of which the definition differs. */
struct kubernetes_change {
	const char *group;
	const char *kind;
	const char *path; /* of the file with the new definition, or the old one */
	bool removed;     /* there is none any more */
};

/* When all is taken in, and before it is asked. ERROR_MEMORY. */
int kubernetes_changes_finish(struct kubernetes_changes *changes, struct error *err);
/* The n-th, or NULL behind the last. */
const struct kubernetes_change *kubernetes_changes_item(
	const struct kubernetes_changes *changes, size_t index);
/* That of "group/version/Kind", or NULL. */
const struct kubernetes_change *kubernetes_changes_find(
	const struct kubernetes_changes *changes, const char *kind);

#endif
