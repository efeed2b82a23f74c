/* target/directory_listing.c - the list of files of a release: made from manifests,
 * read back from disk, compared. */
#include "target/directory.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "model/manifests.h"
#include "target/target.h"

#define MODE_FILE    0100644
#define MODE_PROGRAM 0100755
#define MODE_LINK    0120000
#define LINK_MAXIMUM 4095 /* bytes: what symlink(2) takes */

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for a list of files");
}

static bool mode_is_known(uint32_t mode)
{
	return mode == MODE_FILE || mode == MODE_PROGRAM || mode == MODE_LINK;
}

/* --- where a file of the repository goes --- */

/* Length of a configured path without slashes at its end; 0: all of the repository. */
static size_t scope_length(const char *scope)
{
	size_t length = strlen(scope);
	while (length > 0 && scope[length - 1] == '/')
		length--;
	return length == 1 && scope[0] == '.' ? 0 : length;
}

/* What `path` is called beneath `scope`; NULL: it is not beneath it. */
static const char *beneath(const char *path, const char *scope)
{
	size_t length = scope_length(scope);
	if (length == 0)
		return path;
	if (strncmp(path, scope, length) != 0)
		return NULL;
	if (path[length] == '/')
		return path + length + 1;
	if (path[length] != '\0')
		return NULL;
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

static const char *deployed_name(const struct target *target, const char *path)
{
	if (target->path_count == 0)
		return path;
	if (target->path_count == 1)
		return beneath(path, target->paths[0]);
	for (size_t i = 0; i < target->path_count; i++)
		if (beneath(path, target->paths[i]) != NULL)
			return path;
	return NULL;
}

/* --- checks, all before the first byte is written --- */

static size_t depth_of(const char *path)
{
	size_t depth = 0;
	for (const char *at = path; *at != '\0'; at++)
		depth += *at == '/';
	return depth;
}

/* Where a link may lead: up only at its start, and not above the release. A name that
 * is followed by ".." is refused: the name may be a link itself, and then ".." is not
 * where it seems to be. */
static const char *link_fault(const char *path, const char *leads, size_t length)
{
	if (length == 0)
		return "it is empty";
	if (length > LINK_MAXIMUM)
		return "it is too long";
	if (memchr(leads, '\0', length) != NULL)
		return "it holds a NUL";
	if (leads[0] == '/')
		return "it is absolute";
	size_t up = 0;
	bool down = false;
	for (size_t start = 0; start < length;) {
		const char *slash = memchr(leads + start, '/', length - start);
		size_t end = slash == NULL ? length : (size_t)(slash - leads);
		bool is_up = end - start == 2 && memcmp(leads + start, "..", 2) == 0;
		if (is_up && down)
			return "it goes up again after a name";
		bool here = end == start || (end - start == 1 && leads[start] == '.');
		up += is_up;
		down = down || (!is_up && !here);
		start = end + 1;
	}
	return up > depth_of(path) ? "it leaves the release" : NULL;
}

static int check_link(const struct directory_entry *entry, struct error *err)
{
	const char *fault =
		link_fault(entry->path, (const char *)entry->data, (size_t)entry->size);
	if (fault == NULL)
		return 0;
	int shown = (int)(entry->size < 256 ? entry->size : 256);
	return error_set(err, ERROR_UNSAFE_PATH,
			 "the symbolic link '%s' to '%.*s' is not safe: %s",
			 entry->path, shown, (const char *)entry->data, fault);
}

static int check_entry(const struct directory_entry *entry, const char *before,
		       struct error *err)
{
	int code = path_check(entry->path, strlen(entry->path),
			      limits_default.values[LIMIT_GIT_PATH_BYTES], err);
	if (code == 0)
		code = limit_check(&limits_default, LIMIT_TARGET_DEPTH,
				   depth_of(entry->path), entry->path, err);
	if (code != 0)
		return code;
	if (!mode_is_known(entry->mode))
		return error_set(err, ERROR_MANIFESTS,
				 "the file '%s' has the mode %o, which is not deployed",
				 entry->path, (unsigned int)entry->mode);
	if (entry->data == NULL && entry->size != 0)
		return error_set(err, ERROR_MANIFESTS, "the file '%s' has no data",
				 entry->path);
	if (before != NULL && strcmp(before, entry->path) >= 0)
		return error_set(err, ERROR_MANIFESTS,
				 "the file '%s' stands twice or out of order",
				 entry->path);
	return entry->mode == MODE_LINK ? check_link(entry, err) : 0;
}

static const struct directory_entry *entry_find(const struct directory_listing *listing,
						const char *path)
{
	size_t low = 0;
	size_t high = listing->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(listing->entries[middle].path, path);
		if (order == 0)
			return &listing->entries[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* How many bytes at their start two paths have in common, up to and with a slash. */
static size_t common_parents(const char *a, const char *b)
{
	size_t common = 0;
	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '/')
			common = i + 1;
	return common;
}

/* Fills `parents`. What stands beneath one directory stands together, as the list is
 * sorted; so a directory is new when the path before is not beneath it. A directory
 * that is a file or link too is refused: what is beneath would be written through it.
 */
static int find_parents(struct directory_listing *listing, struct arena *arena,
			struct error *err)
{
	size_t capacity = 0;
	const char *before = "";
	for (size_t i = 0; i < listing->count; i++) {
		const char *path = listing->entries[i].path;
		size_t from = common_parents(before, path);
		const char *slash = strchr(path + from, '/');
		for (; slash != NULL; slash = strchr(slash + 1, '/')) {
			const char **parent =
				ARENA_PUSH(arena, &listing->parents,
					   &listing->parent_count, &capacity);
			char *name = arena_copy(arena, path, (size_t)(slash - path));
			if (parent == NULL || name == NULL)
				return no_memory(err);
			if (entry_find(listing, name) != NULL)
				return error_set(err, ERROR_UNSAFE_PATH,
						 "'%s' is a file and a directory too",
						 name);
			*parent = name;
		}
		before = path;
	}
	return 0;
}

/* --- the text --- */

static void add_line(struct buf *out, const struct directory_entry *entry)
{
	char content[DIGEST_HEX_BYTES];
	digest_hex(&entry->content, content);
	buf_addf(out, "%06o %" PRIu64 " %s %s\n", (unsigned int)entry->mode,
		 entry->size, content, entry->path);
}

static int make_text(struct directory_listing *listing, struct arena *arena,
		     struct error *err)
{
	struct buf text =
		BUF_INIT((size_t)limits_default.values[LIMIT_TARGET_LISTING_BYTES]);
	for (size_t i = 0; i < listing->count; i++)
		add_line(&text, &listing->entries[i]);
	int code = buf_status(&text, "the list of files", err);
	if (code == 0) {
		listing->text = arena_copy(arena, text.data, text.length);
		listing->length = text.length;
		if (listing->text == NULL ||
		    digest_of(text.data, text.length, &listing->digest) != 0)
			code = no_memory(err);
	}
	buf_release(&text);
	return code;
}

static int fill_entry(struct directory_entry *entry, const struct target *target,
		      const struct manifest *manifest, const char *before,
		      struct error *err)
{
	/* Names are mapped only after the whole name was found safe. */
	int code = path_check(manifest->path, strlen(manifest->path),
			      limits_default.values[LIMIT_GIT_PATH_BYTES], err);
	if (code != 0)
		return code;
	*entry =
		(struct directory_entry){ .path = deployed_name(target, manifest->path),
					  .mode = manifest->mode,
					  .size = manifest->size,
					  .data = manifest->data };
	if (entry->path == NULL)
		return error_set(err, ERROR_MANIFESTS,
				 "the file '%s' is not beneath the target's paths",
				 manifest->path);
	code = check_entry(entry, before, err);
	if (code == 0 &&
	    digest_of(entry->data, (size_t)entry->size, &entry->content) != 0)
		code = no_memory(err);
	return code;
}

int directory_listing_make(struct directory_listing *out, const struct target *target,
			   const struct manifests *manifests, struct arena *arena,
			   struct error *err)
{
	struct directory_listing listing = { .count = manifests->count };
	/* An empty release would take everything down: more likely a mistake than a
	 * wish, and nothing comes of nothing. */
	if (listing.count == 0)
		return error_set(err, ERROR_NOT_FOUND,
				 "the commit has no file beneath the paths of the "
				 "target '%s'",
				 target->name);
	int code = limit_check(&limits_default, LIMIT_MANIFESTS_FILES, listing.count,
			       "the release", err);
	if (code != 0)
		return code;
	listing.entries = arena_array(arena, listing.count, sizeof(*listing.entries));
	if (listing.entries == NULL)
		return no_memory(err);
	const char *before = NULL;
	for (size_t i = 0; code == 0 && i < listing.count; i++) {
		code = fill_entry(&listing.entries[i], target, &manifests->entries[i],
				  before, err);
		before = listing.entries[i].path;
	}
	if (code == 0)
		code = find_parents(&listing, arena, err);
	if (code == 0)
		code = make_text(&listing, arena, err);
	if (code == 0)
		*out = listing;
	return code;
}

/* --- reading it back --- */

/* Takes what is before `end` off *at and ends it with NUL; NULL: there is no `end`. */
static char *take(char **at, char end)
{
	char *start = *at;
	char *stop = strchr(start, end);
	if (stop == NULL)
		return NULL;
	*stop = '\0';
	*at = stop + 1;
	return start;
}

static bool parse_mode(const char *text, uint32_t *out)
{
	static const uint32_t modes[] = { MODE_FILE, MODE_PROGRAM, MODE_LINK };
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		char shown[8];
		snprintf(shown, sizeof(shown), "%06o", (unsigned int)modes[i]);
		if (strcmp(text, shown) == 0)
			*out = modes[i];
	}
	return *out != 0;
}

static bool parse_line(char **at, struct directory_entry *out, const char *before)
{
	struct directory_entry entry = { 0 };
	const char *mode = take(at, ' ');
	const char *size = mode == NULL ? NULL : take(at, ' ');
	const char *content = size == NULL ? NULL : take(at, ' ');
	entry.path = content == NULL ? NULL : take(at, '\n');
	if (entry.path == NULL || !parse_mode(mode, &entry.mode) ||
	    text_parse_u64(size, &entry.size) != 0 ||
	    digest_parse(content, &entry.content) != 0)
		return false;
	if (path_check(entry.path, strlen(entry.path),
		       limits_default.values[LIMIT_GIT_PATH_BYTES], NULL) != 0 ||
	    depth_of(entry.path) > limits_default.values[LIMIT_TARGET_DEPTH])
		return false;
	if (before != NULL && strcmp(before, entry.path) >= 0)
		return false;
	*out = entry;
	return true;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;
	for (const char *at = strchr(text, '\n'); at != NULL; at = strchr(at + 1, '\n'))
		lines++;
	return lines;
}

/* The lines of the text, which is cut up into paths. */
static int parse_text(struct directory_listing *listing, char *text,
		      struct arena *arena, struct error *err)
{
	listing->count = count_lines(text);
	listing->entries =
		arena_array(arena, listing->count, sizeof(*listing->entries));
	if (listing->entries == NULL)
		return no_memory(err);
	const char *before = NULL;
	for (size_t i = 0; i < listing->count; i++) {
		if (!parse_line(&text, &listing->entries[i], before))
			return error_set(err, ERROR_TARGET,
					 "the list of files is damaged in line %zu",
					 i + 1);
		before = listing->entries[i].path;
	}
	return *text == '\0'
		       ? find_parents(listing, arena, err)
		       : error_set(err, ERROR_TARGET, "the list of files is cut off");
}

int directory_listing_read(struct directory_listing *out, int releases,
			   const char *name, struct arena *arena, struct error *err)
{
	char file[DIRECTORY_NAME_BYTES + sizeof(".list")];
	snprintf(file, sizeof(file), "%s.list", name);
	struct buf text =
		BUF_INIT((size_t)limits_default.values[LIMIT_TARGET_LISTING_BYTES]);
	struct directory_listing listing = { 0 };
	int code = directory_read_file(releases, file, &text, err);
	if (code == 0 && strlen(text.data) != text.length)
		code = error_set(err, ERROR_TARGET, "the list of files holds a NUL");
	if (code == 0) {
		char *lines = arena_copy(arena, text.data, text.length);
		if (lines == NULL ||
		    digest_of(text.data, text.length, &listing.digest) != 0)
			code = no_memory(err);
		else
			code = parse_text(&listing, lines, arena, err);
	}
	buf_release(&text);
	if (code == 0)
		*out = listing;
	return code;
}

/* --- comparing two --- */

void directory_listing_compare(const struct directory_listing *old,
			       const struct directory_listing *new,
			       struct directory_changes *out)
{
	*out = (struct directory_changes){ 0 };
	size_t i = 0;
	size_t j = 0;
	while (i < old->count || j < new->count) {
		int order = i == old->count   ? 1
			    : j == new->count ? -1
					      : strcmp(old->entries[i].path,
						       new->entries[j].path);
		if (order == 0 &&
		    (old->entries[i].mode != new->entries[j].mode ||
		     !digest_equal(&old->entries[i].content, &new->entries[j].content)))
			out->changed++;
		out->added += order > 0;
		out->removed += order < 0;
		i += order <= 0;
		j += order >= 0;
	}
}
