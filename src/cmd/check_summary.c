/* cmd/check_summary.c - what became of the files of `gitgate check --files`. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/text.h"
#include "cmd/check_files.h"
#include "model/finding.h"
#include "policy/report.h"

#define PATH_SHOWN 16640 /* as model/verdict.c escapes them */

/* As the verdict has it; most paths stay as they are. */
static const char *escaped_path(struct arena *arena, const char *path)
{
	char shown[PATH_SHOWN];

	text_escape_into(shown, sizeof(shown), path, strlen(path));
	return strcmp(shown, path) == 0 ? path : arena_string(arena, shown);
}

static void count_file(struct report_files *files, const struct checked_file *from,
		       struct report_file *file)
{
	size_t documents = from->document_count;

	/* Broken from its first byte on. */
	if (from->invalid > documents)
		documents = from->invalid;
	if (from->state == FILE_TEMPLATE || from->state == FILE_BROKEN) {
		documents = 1;
		files->templates += from->state == FILE_TEMPLATE;
		files->skipped++;
		file->skipped = from->state == FILE_TEMPLATE ? "a template of a "
							       "document"
							     : "it cannot be read";
	} else if (documents == 0) {
		file->skipped = "no document in it";
	} else {
		files->invalid += from->invalid;
		files->skipped += from->skipped;
		files->without_schema += from->skipped;
		files->valid += documents - from->invalid - from->skipped;
	}
	files->documents += documents;
}

static const char *reason_of(const struct checked_file *file)
{
	if (file->state != FILE_OTHER)
		return NULL;
	return S_ISLNK(file->mode) ? "a symbolic link" : "neither YAML nor JSON";
}

/* --- the order of findings --- */

struct placed {
	struct finding finding;
	size_t file;  /* index; SIZE_MAX: of none */
	size_t index; /* as the verdict had it */
};

static int by_place(const void *a, const void *b)
{
	const struct placed *one = a, *other = b;

	if (one->file != other->file)
		return one->file < other->file ? -1 : 1;
	if (one->finding.line != other->finding.line)
		return one->finding.line < other->finding.line ? -1 : 1;
	if (one->finding.column != other->finding.column)
		return one->finding.column < other->finding.column ? -1 : 1;
	return one->index < other->index ? -1 : 1;
}

/* `index` has the files' paths, its values point into `files`. */
static int sort_findings(struct verdict *verdict, const struct map *index,
			 const struct report_file *files, bool *met)
{
	struct placed *placed = calloc(verdict->count + 1, sizeof(*placed));

	if (!placed)
		return -1;
	for (size_t i = 0; i < verdict->count; i++) {
		const struct finding *finding = &verdict->findings[i];
		const struct report_file *file =
			finding->path
				? map_get(index, finding->path, strlen(finding->path))
				: NULL;
		placed[i] = (struct placed){ *finding, SIZE_MAX, i };
		if (file) {
			placed[i].file = (size_t)(file - files);
			met[file - files] = true;
		}
	}
	qsort(placed, verdict->count, sizeof(*placed), by_place);
	for (size_t i = 0; i < verdict->count; i++)
		verdict->findings[i] = placed[i].finding;
	free(placed);
	return 0;
}

/* Those that are no documents, and about which nothing is found, go. */
static size_t drop_others(const struct file_list *list, struct report_file *files,
			  const bool *met)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->files[i].state != FILE_OTHER || met[i])
			files[count++] = files[i];
	return count;
}

static int fill(const struct file_list *list, struct verdict *verdict,
		struct report_files *out, struct report_file *files, struct map *index,
		struct arena *arena)
{
	bool *met = arena_array(arena, list->count + 1, sizeof(*met));

	if (!met)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		const struct checked_file *from = &list->files[i];
		struct report_file *file = &files[i];
		file->path = escaped_path(arena, from->shown);
		file->skipped = reason_of(from);
		file->documents = from->documents;
		file->document_count = from->document_count;
		file->invalid = from->invalid;
		if (!file->path ||
		    map_put(index, file->path, strlen(file->path), file) != 0)
			return -1;
		if (from->state != FILE_OTHER)
			count_file(out, from, file);
		else if (S_ISLNK(from->mode))
			out->links++;
		else
			out->others++;
	}
	if (sort_findings(verdict, index, files, met) != 0)
		return -1;
	out->files = files;
	out->count = drop_others(list, files, met);
	out->ignored = list->ignored;
	return 0;
}

const struct report_files *check_summary(const struct file_list *list,
					 struct verdict *verdict, struct arena *arena)
{
	struct report_files *out = arena_new_of(arena, struct report_files);
	struct report_file *files = arena_array(arena, list->count + 1, sizeof(*files));
	struct map index = MAP_INIT;
	int rc = -1;

	if (out && files)
		rc = fill(list, verdict, out, files, &index, arena);
	map_release(&index);
	return rc == 0 ? out : NULL;
}
