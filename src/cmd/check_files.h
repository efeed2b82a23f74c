/* cmd/check_files.h - the parts of `gitgate check --files`: which files there are
 * (check_walk.c), what is said about each, by several threads (check_look.c), what
 * became of all (check_summary.c). check_files.c holds them together. */
#ifndef CMD_CHECK_FILES_H
#define CMD_CHECK_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct check;
struct document_fact;
struct error;
struct finding;
struct policy;
struct progress;
struct report_document;

/* What becomes of a file. */
enum file_state {
	FILE_UNJUDGED = 0, /* nobody looked yet: counts as invalid */
	FILE_JUDGED,
	FILE_TEMPLATE, /* of a document, and no rule refuses it for that */
	FILE_BROKEN,   /* no document, and its rule only warns */
	FILE_OTHER,    /* neither YAML nor JSON by its name, or a symbolic link, and
			  nobody asked */
};

struct checked_file {
	const char *path;  /* to open it; "-": standard input */
	const char *shown; /* as the policy's globs see it */
	mode_t mode;       /* st_mode */
	uint64_t size;
	bool named; /* on the command line, not found in a directory */
	/* By check_look(). Documents that are broken are one invalid document. */
	enum file_state state;
	struct report_document *documents;
	size_t document_count;
	size_t invalid; /* documents with an error; 1 for what cannot be read */
	size_t skipped; /* documents of kinds that are not looked at */
	struct document_fact *facts;
	size_t fact_count;
	struct finding *extra; /* about what no rule speaks about; text unescaped */
	size_t extra_count;
	size_t extra_capacity;
};

/* All files in the order of the command line, those of a directory by their names. */
struct file_list {
	struct checked_file *files;
	size_t count;
	size_t capacity;
	size_t ignored; /* files and directories that --ignore left out */
};

/* Finds what the operands mean: files, directories with all beneath, globs that the
 * shell left alone; none: the directory that we are in. What is met twice is looked at
 * once. `root` (NULL: none) is the directory of the policy, by which paths are shown.
 * Everything lives in the arena. ERROR_NOT_FOUND, ERROR_USAGE, ERROR_LIMIT, ... */
int check_walk(struct file_list *out, const struct check *check, char **operands,
	       int operand_count, const char *root, struct arena *arena,
	       struct error *err);

/* What all threads share; see check_look(). */
struct look_options {
	const struct policy *policy; /* NULL: documents must only be well-formed */
	bool only_documents; /* one rule from the command line, which does not say
				which files are documents: names do */
	const char *root; /* of the policy: definitions of kinds are looked for beneath
			     it; NULL: among the files of the list */
	size_t jobs;      /* threads at most; 0: as many as processors */
	struct progress *progress;
};

/* Looks at all files. What is found lives in arenas that stand in `arenas` (one a
 * thread, freed by the caller, also after a failure). A file that cannot be read has a
 * finding that says so. ERROR_MEMORY. */
#define LOOK_THREADS_MAX 32
struct arena_set {
	struct arena *items[LOOK_THREADS_MAX];
};
int check_look(struct file_list *list, const struct look_options *options,
	       struct arena_set *arenas, struct error *err);

/* --- what became of them --- */

struct report_files;
struct verdict;

/* Sorts the verdict's findings by files and lines, and counts. Everything lives in the
 * arena. NULL: out of memory. */
const struct report_files *check_summary(const struct file_list *list,
					 struct verdict *verdict, struct arena *arena);

#endif
