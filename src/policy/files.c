/* policy/files.c - rules of kind files: what files may be pushed.
 *
 * Deletions bring nothing in and are not asked. */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/pattern.h"
#include "model/facts.h"
#include "policy/evaluation.h"

#define MODE_FILE       0100644
#define MODE_EXECUTABLE 0100755
#define MODE_LINK       0120000
#define MODE_SUBMODULE  0160000

/* Directory and target of a link, each of at most git.path_bytes. */
#define RESOLVED_BYTES ((size_t)16384)

static const char *first_match(const struct strings *globs, const char *path)
{
	for (size_t i = 0; i < globs->count; i++)
		if (glob_match(globs->items[i], path))
			return globs->items[i];
	return NULL;
}

static struct place place_of(const struct file_fact *file)
{
	return (struct place){ .commit = &file->commit, .path = file->path };
}

static int check_size(struct evaluation *evaluation, const struct file_fact *file)
{
	const uint64_t maximum = evaluation->rule->files->max_size;
	const struct place place = place_of(file);
	if (maximum == 0 || file->size <= maximum)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_FILE_SIZE, &place,
			       "take it out of the commit that adds it (git rebase "
			       "-i), or keep it outside of git",
			       "the file has %" PRIu64 " bytes, over max-size %" PRIu64,
			       file->size, maximum);
}

static int check_forbidden(struct evaluation *evaluation, const struct file_fact *file)
{
	const char *glob = first_match(&evaluation->rule->files->forbid, file->path);
	const struct place place = place_of(file);
	if (glob == NULL)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_FILE_FORBIDDEN, &place,
			       "take it out of the commit that adds it (git rebase "
			       "-i); if it is a secret, change that secret",
			       "a path like '%s' is forbidden", glob);
}

static int check_name(struct evaluation *evaluation, const struct file_fact *file)
{
	const struct pattern *name = evaluation->rule->files->name;
	const struct place place = place_of(file);
	struct error problem = ERROR_INIT;
	bool matches;
	int code = evaluation_match(evaluation, name, file->path, strlen(file->path),
				    &matches, &problem);
	if (code != 0 || matches)
		return code;
	if (problem.code != 0)
		return evaluation_find(evaluation, problem.code, &place, NULL,
				       "the path cannot be matched: %s", problem.text);
	return evaluation_find(evaluation, ERROR_RULE_FILE_NAME, &place,
			       "rename it: git mv, then git commit --amend",
			       "the path does not match '%s'", pattern_text(name));
}

static int check_executable(struct evaluation *evaluation, const struct file_fact *file)
{
	const struct strings *allowed = &evaluation->rule->files->executable;
	const struct place place = place_of(file);
	if (file->mode != MODE_EXECUTABLE || allowed->count == 0 ||
	    first_match(allowed, file->path) != NULL)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_FILE_EXECUTABLE, &place,
			       "take the bit away: git update-index --chmod=-x PATH, "
			       "then git commit --amend",
			       "the file must not have the executable bit");
}

static int check_case(struct evaluation *evaluation, const struct file_fact *file)
{
	const struct place place = place_of(file);
	if (!evaluation->rule->files->no_case_collisions || file->collides_with == NULL)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_FILE_CASE, &place,
			       "rename one of the two: git mv, then git commit --amend",
			       "differs from '%.*s' only in case", SHOWN_BYTES,
			       file->collides_with);
}

/* --- symbolic links --- */

static const char *resolved_problem(const struct buf *resolved, struct error *problem)
{
	if (resolved->failed != 0)
		return "is too long";
	if (resolved->length > 0 &&
	    path_check(resolved->data, resolved->length,
		       limits_default.values[LIMIT_GIT_PATH_BYTES], problem) != 0)
		return "leads to an unsafe path";
	return NULL;
}

static int find_leaving(struct evaluation *evaluation, const struct file_fact *file,
			const char *problem, const struct error *unsafe)
{
	const struct place place = place_of(file);
	return evaluation_find(evaluation, ERROR_RULE_FILE_SYMLINK_LEAVES, &place,
			       "point it at a file of this tree by a relative path: ln "
			       "-sfn, git add, "
			       "git commit --amend",
			       "the symbolic link's target '%.*s' %s%s%s", SHOWN_BYTES,
			       file->link_target != NULL ? file->link_target : "",
			       problem, unsafe->code != 0 ? ": " : "", unsafe->text);
}

static int check_inside(struct evaluation *evaluation, const struct file_fact *file)
{
	struct buf resolved = BUF_INIT(RESOLVED_BYTES);
	struct error unsafe = ERROR_INIT;
	int code = 0;
	const char *problem =
		file->link_target == NULL
			? "cannot be read"
			: path_resolve_link(&resolved, file->path, file->link_target);
	if (problem == NULL)
		problem = resolved_problem(&resolved, &unsafe);
	if (resolved.failed == ERROR_MEMORY)
		code = error_set(evaluation->err, ERROR_MEMORY,
				 "no memory to follow a link");
	else if (problem != NULL)
		code = find_leaving(evaluation, file, problem, &unsafe);
	buf_release(&resolved);
	return code;
}

static int check_link(struct evaluation *evaluation, const struct file_fact *file)
{
	const char *word = evaluation->rule->files->symlinks;
	const struct place place = place_of(file);
	if (word != NULL && strcmp(word, "allow") == 0)
		return 0;
	if (word != NULL && strcmp(word, "inside") == 0)
		return check_inside(evaluation, file);
	return evaluation_find(evaluation, ERROR_RULE_FILE_SYMLINK, &place,
			       "put the file itself there, then git commit --amend",
			       "symbolic links are not allowed");
}

static int check_submodule(struct evaluation *evaluation, const struct file_fact *file)
{
	const struct place place = place_of(file);
	if (evaluation->rule->files->submodules)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_FILE_SUBMODULE, &place,
			       "take it out: git rm PATH, then git commit --amend",
			       "submodules are not allowed");
}

static int check_mode(struct evaluation *evaluation, const struct file_fact *file)
{
	const struct place place = place_of(file);
	switch (file->mode) {
	case MODE_FILE:
		return 0;
	case MODE_EXECUTABLE:
		return check_executable(evaluation, file);
	case MODE_LINK:
		return check_link(evaluation, file);
	case MODE_SUBMODULE:
		return check_submodule(evaluation, file);
	}
	return evaluation_find(evaluation, ERROR_RULE_FILE_MODE, &place,
			       "add the file again with git itself",
			       "the mode %o is none that git defines",
			       (unsigned int)file->mode);
}

static int check_file(struct evaluation *evaluation, const struct file_fact *file)
{
	int code = check_size(evaluation, file);
	if (code == 0)
		code = check_forbidden(evaluation, file);
	if (code == 0)
		code = check_name(evaluation, file);
	if (code == 0)
		code = check_case(evaluation, file);
	return code == 0 ? check_mode(evaluation, file) : code;
}

int rule_files_evaluate(struct evaluation *evaluation)
{
	const struct facts *facts = evaluation->facts;
	int code = 0;
	for (size_t i = 0; code == 0 && i < facts->file_count; i++) {
		const struct file_fact *file = &facts->files[i];
		if (file->change != FILE_DELETED &&
		    rule_covers(evaluation->rule, file->path))
			code = check_file(evaluation, file);
	}
	return code;
}
