/* job/definition_changes.h - resources that a change does not touch, but of which it
 * changes the CustomResourceDefinition; inside job/.
 *
 * Definitions of the changed files are compared, before and after. Only when one
 * differs is the tree walked, and only files whose text names its kind are handed on.
 */
#ifndef JOB_DEFINITION_CHANGES_H
#define JOB_DEFINITION_CHANGES_H

#include <stddef.h>

#include "base/oid.h"

struct collector;
struct error;
struct kubernetes_changes;
struct limits;
struct map;
struct rule;

struct changed_file {
	const char *path;
	struct oid before; /* length 0: it was not there, or is no regular file */
	struct oid after;
};

/* Whose definitions changed, for a rule with a bundle. *out NULL: nobody's; else free
 * it with kubernetes_changes_free(). ERROR_MEMORY, or why a file cannot be read. */
int definition_changes(const struct collector *collector, const struct rule *rule,
		       const struct limits *limits, const struct changed_file *files,
		       size_t count, struct kubernetes_changes **out,
		       struct error *err);

struct definition_follower {
	int (*file)(void *data, const char *path, const struct oid *blob,
		    const char *bytes, size_t length);
	void *data;
};

/* Hands on each file of the tip that the rule covers, that is not among `changed` (a
 * map of paths), and that may hold a resource of these kinds. What is too large for a
 * document is passed over. ERROR_LIMIT (schema.searched_files), or what the follower
 * returned. */
int definition_followers(const struct collector *collector, const struct rule *rule,
			 const struct limits *limits,
			 const struct kubernetes_changes *changes,
			 const struct map *changed,
			 const struct definition_follower *follower, struct error *err);

#endif
