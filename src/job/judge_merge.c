/* job/judge_merge.c - merges a merge request's head into its base by git in the runner,
 * and tells what control knows of it. */
#include "job/judge_merge.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "ipc/message.h"
#include "job/grant.h"
#include "model/facts.h"
#include "model/messages.h"
#include "repo/repo.h"

#define MERGE_TIMEOUT   (180 * CLOCK_SECOND) /* longer than the grant's own */
#define CONFLICT_STATUS 1                    /* of git merge-tree */
#define CONFLICTS_SHOWN 10
#define HIDDEN_MAX      200 /* commits of a base that were not accepted */
#define FIRST_STAGE     '1' /* of a conflict's up to three; then a tab and the name */

/* --- reviews --- */

static enum review_state review_state(const char *name)
{
	static const struct {
		const char *name;
		enum review_state state;
	} states[] = {
		{ "approved", REVIEW_APPROVED },
		{ "changes-requested", REVIEW_CHANGES_REQUESTED },
		{ "commented", REVIEW_COMMENTED },
		{ "dismissed", REVIEW_DISMISSED },
	};

	for (size_t i = 0; name && i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].name, name) == 0)
			return states[i].state;
	return REVIEW_UNKNOWN;
}

int merger_receive(struct merger *merger, struct channel *channel, struct error *err)
{
	uint64_t count = merger->request->review_count;
	enum message_type type;
	void *message;

	int rc = limit_check(&limits_default, LIMIT_FORGE_REVIEWS, count,
			     "the merge request", err);
	if (rc != 0)
		return rc;
	merger->reviews =
		arena_array(merger->arena, count + 1, sizeof(*merger->reviews));
	if (!merger->reviews)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (uint64_t i = 0; i < count; i++) {
		rc = channel_receive(channel, merger->arena, &type, &message, NULL,
				     err);
		if (rc != 1)
			return rc;
		if (type != MESSAGE_review_row)
			return error_set(err, ERROR_MESSAGE,
					 "a review was promised, and did not come");
		const struct msg_review_row *row = message;
		merger->reviews[i] = (struct review_fact){
			.reviewer = row->reviewer,
			.state = review_state(row->state),
			.commit = row->commit,
			.submitted_at = row->submitted_at,
		};
	}
	return 0;
}

bool merger_is_request(const struct merger *merger)
{
	const struct msg_judge *request = merger->request;

	return request->number && request->has_merge && request->base_ref &&
	       request->ref && strcmp(request->base_ref, request->ref) == 0 &&
	       oid_equal(&request->new_id, &request->merge_head);
}

/* --- the merge --- */

/* Numbers of jobs begin again with the service: what is there was left by one that was
 * killed. */
static int make_directory(struct merger *merger, struct error *err)
{
	const char *scratch = merger->request->scratch;

	if (!scratch || *scratch != '/')
		return error_set(err, ERROR_MESSAGE,
				 "no directory is named for a merge");
	int rc = path_remove_named(scratch, err);
	if (rc != 0)
		return rc;
	if (mkdir(scratch, 0700) != 0)
		return error_set_errno(err, errno, "cannot make '%s'", scratch);
	merger->has_directory = true;
	return 0;
}

static const char *next_line(const char **at, const char *end, size_t *length)
{
	const char *line = *at;
	const char *feed = memchr(line, '\n', (size_t)(end - line));

	*length = feed ? (size_t)(feed - line) : (size_t)(end - line);
	*at = feed ? feed + 1 : end;
	return line;
}

/* The tree stands alone on the first line; a warning may come before it. */
static bool find_tree(const struct msg_ran *ran, struct oid *tree)
{
	const char *at = ran->output.data;
	const char *end = at + ran->output.length;

	while (at && at < end) {
		size_t length;
		const char *line = next_line(&at, end, &length);
		if (oid_parse(line, length, tree) == 0)
			return true;
	}
	return false;
}

static int take_tree(struct merger *merger, const struct oid *tree, struct error *err)
{
	enum object_type type;

	int rc = repo_add_objects(merger->repo, merger->request->scratch, err);
	if (rc == 0)
		rc = repo_stat(merger->repo, tree, &type, NULL, err);
	if (rc == 0 && type != OBJECT_TREE)
		rc = error_set(err, ERROR_CHILD, "the merge is not a tree");
	if (rc == 0)
		merger->merge.tree = *tree;
	return rc;
}

/* "100644 <id> 1\tname" for each stage of each file. */
static int list_conflicts(struct merger *merger, const struct msg_ran *ran,
			  struct error *err)
{
	const char *at = ran->output.data;
	const char *end = at + ran->output.length;
	const char *list = "", *last = NULL;
	size_t count = 0, last_length = 0;

	while (at && at < end && list) {
		size_t length;
		const char *line = next_line(&at, end, &length);
		const char *tab = memchr(line, '\t', length);
		if (!tab || tab < line + 2 || tab[-2] != ' ' || tab[-1] < FIRST_STAGE)
			continue;
		size_t name_length = length - (size_t)(tab + 1 - line);
		if (last && name_length == last_length &&
		    memcmp(tab + 1, last, name_length) == 0)
			continue;
		last = tab + 1;
		last_length = name_length;
		if (++count <= CONFLICTS_SHOWN)
			list = arena_printf(merger->arena, "%s%s%.*s", list,
					    *list ? ", " : "", (int)name_length, last);
	}
	if (list && count > CONFLICTS_SHOWN)
		list = arena_printf(merger->arena, "%s and %zu more", list,
				    count - CONFLICTS_SHOWN);
	merger->merge.conflicts = list;
	return list ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

/* What a tool said, on one line. */
static int not_merged(const struct msg_ran *ran, struct error *err)
{
	char said[400];
	size_t length = 0;

	for (size_t i = 0; i < ran->output.length && length < sizeof(said) - 1; i++) {
		char byte = ((const char *)ran->output.data)[i];
		said[length++] = byte == '\n' || byte == '\0' ? ' ' : byte;
	}
	while (length && said[length - 1] == ' ')
		length--;
	said[length] = '\0';
	return error_set(err, ERROR_CHILD, "the merge request cannot be merged: %s",
			 ran->code != 0 && ran->text ? ran->text
			 : length                    ? said
						     : "git said nothing");
}

int merger_run(struct merger *merger, struct error *err)
{
	static const struct msg_run nothing;
	const struct msg_ran *ran = NULL;
	struct oid tree;
	int fd = merger->grant;

	merger->grant = -1;
	if (fd < 0)
		return error_set(err, ERROR_MESSAGE,
				 "the grant for a merge did not come");
	int rc = make_directory(merger, err);
	if (rc != 0) {
		close(fd);
		return rc;
	}
	rc = grant_run(fd, &nothing, MERGE_TIMEOUT, merger->arena, &ran, err);
	if (rc != 0)
		return rc;
	/* git ends with the status of a conflict for other reasons too, without a tree.
	 */
	if (ran->code != 0 || ran->status > CONFLICT_STATUS || !find_tree(ran, &tree))
		return not_merged(ran, err);
	return ran->status == CONFLICT_STATUS ? list_conflicts(merger, ran, err)
					      : take_tree(merger, &tree, err);
}

/* --- facts --- */

static int tree_of(struct merger *merger, const struct oid *id, struct oid *tree,
		   struct error *err)
{
	struct oid commit;

	int rc = repo_peel(merger->repo, id, &commit, err);
	return rc == 0 ? repo_commit_tree(merger->repo, &commit,
					  limits_default.values[LIMIT_GIT_COMMIT_BYTES],
					  tree, err)
		       : rc;
}

/* The head itself is what merging it gives where the base goes on to it. */
static int compare_head(struct merger *merger, bool *same, struct error *err)
{
	const struct msg_judge *request = merger->request;
	struct oid base;

	*same = oid_is_null(&request->merge_base_tip);
	if (*same)
		return 0;
	int rc = repo_peel(merger->repo, &request->merge_base_tip, &base, err);
	if (rc == 0)
		rc = repo_is_ancestor(merger->repo, &base, &request->merge_head, err);
	*same = rc == 1;
	return rc < 0 ? rc : 0;
}

struct hidden_search {
	struct merger *merger;
	struct error *err;
	size_t count;
	bool found;
};

static int look_for_hidden(void *data, const struct oid *id,
			   const struct commit_text *text, const struct object *object,
			   const struct error *problem)
{
	struct hidden_search *search = data;

	(void)object;
	if (!text || problem || ++search->count > HIDDEN_MAX) {
		search->found = true;
		return 1;
	}
	int rc = repo_is_ancestor(search->merger->repo, id,
				  &search->merger->request->merge_head, search->err);
	search->found = rc != 0;
	return rc;
}

/* Reviewers see what the head has and the forge's branch has not. What stands on that
 * branch without having been accepted would come along unseen, where the head holds it
 * too. */
static int holds_unseen(struct merger *merger, bool *unseen, struct error *err)
{
	const struct msg_judge *request = merger->request;
	struct hidden_search search = { .merger = merger, .err = err };
	struct range range = {
		.tips = request->shown_bases.items,
		.tip_count = request->shown_bases.count,
		.hidden = request->trusted.items,
		.hidden_count = request->trusted.count,
	};

	*unseen = false;
	if (range.tip_count == 0)
		return 0;
	int rc = repo_range(merger->repo, &range, look_for_hidden, &search, err);
	if (rc == ERROR_NOT_FOUND || rc == ERROR_LIMIT) {
		error_clear(err);
		search.found = true; /* what was shown is not known here */
		rc = 0;
	}
	*unseen = search.found;
	return rc < 0 ? rc : 0;
}

/* Merged, squashed or rebased: what comes out is the same tree. */
static int compare_trees(struct merger *merger, bool *same, struct error *err)
{
	const struct msg_judge *request = merger->request;
	struct oid tree;

	*same = false;
	if (merger_is_request(merger)) {
		*same = true;
		return 0;
	}
	if (oid_equal(&request->new_id, &request->merge_head))
		return compare_head(merger, same, err);
	if (!request->has_merge)
		return 0;
	int rc = merger_run(merger, err);
	if (rc != 0 || merger->merge.conflicts)
		return rc;
	rc = tree_of(merger, &request->new_id, &tree, err);
	if (rc == 0)
		*same = oid_equal(&tree, &merger->merge.tree);
	return rc;
}

static int compare_content(struct merger *merger, bool *same, struct error *err)
{
	bool unseen = false;

	int rc = compare_trees(merger, same, err);
	if (rc == 0 && *same)
		rc = holds_unseen(merger, &unseen, err);
	*same = *same && !unseen;
	return rc;
}

int merger_describe(void *data, struct merge_request_fact *out, struct error *err)
{
	struct merger *merger = data;
	const struct msg_judge *request = merger->request;
	bool same = false;

	int rc = request->number ? compare_content(merger, &same, err) : 0;
	if (rc != 0)
		return rc;
	*out = (struct merge_request_fact){
		.source = request->source,
		.forge = request->forge,
		.number = request->number,
		.author = request->author,
		.base_ref = request->base_ref,
		.head = request->merge_head,
		.same_content = same,
		.fork = !request->own_head,
		.reviews = merger->reviews,
		.review_count = request->review_count,
	};
	return 0;
}

void merger_close(struct merger *merger)
{
	struct error err = ERROR_INIT;

	recompute_granted_close(&merger->made);
	fd_close(&merger->grant);
	/* What stays behind goes away with a later fetch. */
	if (merger->has_directory &&
	    path_remove_named(merger->request->scratch, &err) != 0)
		log_warning("what a merge made could not be removed",
			    LOG_S("directory", merger->request->scratch), LOG_E(&err));
}
