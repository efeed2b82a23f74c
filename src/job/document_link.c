/* job/document_link.c - symbolic links where a rule wants documents. */
#include "job/document_link.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "job/collect_kubernetes.h"
#include "job/judge.h"
#include "job/remember_document.h"
#include "repo/repo.h"

#define TARGET_BYTES 4096 /* PATH_MAX; no link can be longer */

/* A file of the tip beneath directories alone, by a path that the rule covers. */
static int is_judged(const struct collector *collector, const struct rule *rule,
		     const char *path, bool *judged, struct error *err)
{
	struct tree_entry entry;
	struct error cause = ERROR_INIT;

	if (!is_document_of(rule, path))
		return 0;
	int rc = repo_tree_find(collector->judge->repo, &collector->tip_tree, path,
				&entry, &cause);
	*judged = rc == 0 && repo_is_file(entry.mode);
	return rc == 0 || rc == ERROR_NOT_FOUND ? 0
						: error_set(err, rc, "%s", cause.text);
}

int document_link_check(const struct collector *collector,
			const struct document_question *question, bool *judged,
			struct error *err)
{
	struct buf target = BUF_INIT(TARGET_BYTES);
	struct buf path = BUF_INIT((size_t)2 * TARGET_BYTES);
	struct object object;

	*judged = false;
	int rc = repo_read(collector->judge->repo, &question->blob, TARGET_BYTES - 1,
			   &object, err);
	if (rc == ERROR_LIMIT) {
		*err = (struct error)ERROR_INIT;
		return 0;
	}
	if (rc != 0)
		return rc;
	bool whole = memchr(object.bytes, '\0', object.length) == NULL;
	buf_add(&target, object.bytes, object.length);
	repo_object_release(&object);
	if (whole && target.length &&
	    !path_resolve_link(&path, question->path, target.data) && !path.failed)
		rc = is_judged(collector, question->rule, path.data, judged, err);
	if (target.failed == ERROR_MEMORY || path.failed == ERROR_MEMORY)
		rc = error_set(err, ERROR_MEMORY, "out of memory");
	buf_release(&target);
	buf_release(&path);
	return rc;
}
