/* target/directory.c - the directory driver: releases beside each other, and one link
 * that says which is live.
 *
 * An apply goes in this order, and a crash anywhere leaves what the same apply, done
 * again, brings to the same end:
 *   1. the tree, as .new-<name>, synced; renamed; its list; releases/ synced
 *   2. the record: this generation, activate pending
 *   3. `current`, by renaming a link over it; the root synced
 *   4. the record: activate begun; the command; the record: done
 *   5. releases beyond `keep` are removed
 * From 2 on an older generation is refused. A crash within 4 leaves "begun": whether
 * the command did its work nobody knows, so it is not run again for this generation.
 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "target/directory.h"
#include "target/drivers.h"
#include "target/target.h"

struct work {
	const struct target *target;
	uint64_t generation;
	const struct manifests *manifests;
	struct arena *arena;
	struct target_result *out;
	struct directory directory;
	struct directory_listing listing;
	char name[DIRECTORY_NAME_BYTES];
	bool wrote; /* the release was written, not found */
};

static bool is_live(const struct work *work)
{
	return strcmp(work->directory.live, work->name) == 0;
}

/* --- plan --- */

/* Old never overwrites new, and a generation belongs to one commit for ever. */
static int check_generation(struct work *work, struct error *err)
{
	const struct directory *directory = &work->directory;
	uint64_t found = directory_generation(directory);
	work->out->generation = found;
	if (found > work->generation)
		return error_set(err, ERROR_TARGET_NEWER,
				 "'%s' holds generation %" PRIu64 ", above %" PRIu64,
				 directory->path, found, work->generation);
	bool recorded = directory->record.generation == work->generation &&
			strcmp(directory->record.release, work->name) != 0;
	bool linked = directory_name_generation(directory->live) == work->generation &&
		      !is_live(work);
	if (!recorded && !linked)
		return 0;
	return error_set(err, ERROR_TARGET_NEWER,
			 "'%s' holds generation %" PRIu64 " as '%s', not as '%s'",
			 directory->path, work->generation,
			 recorded ? directory->record.release : directory->live,
			 work->name);
}

static int check_link(const struct directory *directory, struct error *err)
{
	if (directory->link != DIRECTORY_LINK_OTHER)
		return 0;
	return error_set(err, ERROR_TARGET,
			 "'%s/" DIRECTORY_CURRENT "' is not a symbolic link, and "
			 "gitgate did not make it: move it away",
			 directory->path);
}

/* What is live now, as far as its own list can be read. */
static void count_changes(struct work *work, struct directory_changes *out)
{
	struct directory_listing old = { 0 };
	if (directory_has_release(&work->directory, work->directory.live) &&
	    directory_listing_read(&old, work->directory.releases, work->directory.live,
				   work->arena, NULL) != 0)
		old = (struct directory_listing){ 0 };
	directory_listing_compare(&old, &work->listing, out);
}

/* Everything that is known before the first write; `out` is filled. */
static int prepare(struct work *work, struct error *err)
{
	if (work->generation == 0 || oid_is_null(&work->manifests->commit))
		return error_set(err, ERROR_MANIFESTS,
				 "a deployment has no generation or no commit");
	directory_name(work->generation, &work->manifests->commit, work->name);
	int code = check_generation(work, err);
	if (code == 0)
		code = check_link(&work->directory, err);
	if (code == 0)
		code = directory_listing_make(&work->listing, work->target,
					      work->manifests, work->arena, err);
	if (code != 0)
		return code;
	struct directory_changes changes;
	count_changes(work, &changes);
	struct target_result *out = work->out;
	out->release = arena_string(work->arena, work->name);
	out->detail = arena_printf(work->arena,
				   "%" PRIu64 " added, %" PRIu64 " changed, %" PRIu64
				   " removed",
				   changes.added, changes.changed, changes.removed);
	if (out->release == NULL || out->detail == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a plan");
	out->listing = work->listing.digest;
	out->files = work->listing.count;
	out->changed = changes.added + changes.changed + changes.removed;
	return 0;
}

static int plan(const struct target *target, uint64_t generation,
		const struct manifests *manifests, struct arena *arena,
		struct target_result *out, struct error *err)
{
	struct work work = { .target = target,
			     .generation = generation,
			     .manifests = manifests,
			     .arena = arena,
			     .out = out };
	int code = directory_open(&work.directory, target, false, err);
	if (code != 0)
		return code;
	code = prepare(&work, err);
	directory_close(&work.directory);
	return code;
}

/* --- apply: the release --- */

/* Whether the release is there already, whole and unchanged. */
static bool is_written(const struct work *work)
{
	if (!directory_has_release(&work->directory, work->name))
		return false;
	struct directory_listing found = { 0 };
	if (directory_listing_read(&found, work->directory.releases, work->name,
				   work->arena, NULL) != 0 ||
	    !digest_equal(&found.digest, &work->listing.digest))
		return false;
	struct directory_differences differences;
	directory_differences_init(&differences);
	bool same = directory_compare(work->directory.releases, work->name,
				      &work->listing, &differences, NULL) == 0 &&
		    differences.count == 0;
	directory_differences_release(&differences);
	return same;
}

static int record_activate(struct work *work, enum directory_activate how,
			   struct error *err)
{
	struct directory_record record = work->directory.record;
	record.activate = how;
	return directory_write_record(&work->directory, &record, err);
}

static int write_release(struct work *work, struct error *err)
{
	if (is_written(work))
		return 0;
	work->wrote = true;
	int code = 0;
	/* What is live changes now: the command has to run for it, even if we do not
	 * live to see the end of this. */
	if (is_live(work) && work->target->activate != NULL &&
	    work->directory.record.generation == work->generation)
		code = record_activate(work, DIRECTORY_ACTIVATE_PENDING, err);
	if (code != 0)
		return code;
	return directory_release_write(&work->directory, work->name, is_live(work),
				       &work->listing, work->arena, err);
}

/* --- apply: the switch --- */

/* This generation is live already, and nothing is left to do. */
static bool is_settled(const struct work *work)
{
	const struct directory_record *record = &work->directory.record;
	bool ended = record->activate == DIRECTORY_ACTIVATE_DONE ||
		     record->activate == DIRECTORY_ACTIVATE_NONE;
	return !work->wrote && is_live(work) && ended &&
	       record->generation == work->generation &&
	       digest_equal(&record->listing, &work->listing.digest);
}

/* The release to go back to when activating fails: what is live now, or what was meant
 * to be. */
static void find_previous(const struct directory *directory,
			  struct directory_record *record)
{
	const struct directory_record *before = &directory->record;
	const char *name = directory->live;
	if (strcmp(name, record->release) == 0 || name[0] == '\0')
		name = before->activate == DIRECTORY_ACTIVATE_FAILED ||
				       strcmp(before->release, record->release) == 0
			       ? before->previous
			       : before->release;
	if (!directory_has_release(directory, name))
		return;
	snprintf(record->previous, sizeof(record->previous), "%s", name);
	if (strcmp(name, before->release) == 0)
		record->previous_commit = before->commit;
	else if (strcmp(name, before->previous) == 0)
		record->previous_commit = before->previous_commit;
}

static int make_live(struct work *work, struct error *err)
{
	struct directory_record record = {
		.generation = work->generation,
		.commit = work->manifests->commit,
		.listing = work->listing.digest,
		.activate = work->target->activate != NULL ? DIRECTORY_ACTIVATE_PENDING
							   : DIRECTORY_ACTIVATE_NONE,
	};
	memcpy(record.release, work->name, sizeof(record.release));
	find_previous(&work->directory, &record);
	/* Also when it was found written: the sync may be what failed last time. */
	int code = fd_sync(work->directory.releases, DIRECTORY_RELEASES, err);
	if (code == 0)
		code = directory_write_record(&work->directory, &record, err);
	if (code == 0 && !is_live(work))
		code = directory_switch(&work->directory, work->name, err);
	return code;
}

/* --- apply: the activate command --- */

static int run_command(const struct work *work, const char *name,
		       const struct oid *commit, struct error *err)
{
	char hex[OID_HEX_BYTES];
	oid_hex(commit, hex);
	struct arena *arena = work->arena;
	const char *const environment[] = {
		arena_printf(arena, "GITGATE_TARGET=%s", work->target->name),
		arena_printf(arena, "GITGATE_RELEASE=%s", name),
		arena_printf(arena, "GITGATE_COMMIT=%s", hex),
		arena_printf(arena, "GITGATE_GENERATION=%" PRIu64,
			     directory_name_generation(name)),
		NULL,
	};
	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]) - 1; i++)
		if (environment[i] == NULL)
			return error_set(err, ERROR_MEMORY,
					 "out of memory for the environment");
	return work->target->activate->run(work->target->activate->data, environment,
					   err);
}

/* After a command that failed: the earlier release again. Always an error. */
static int go_back(struct work *work, int code, const struct error *cause,
		   struct error *err)
{
	const struct directory_record *record = &work->directory.record;
	struct error trouble = ERROR_INIT;
	if (record_activate(work, DIRECTORY_ACTIVATE_FAILED, &trouble) != 0)
		return error_set(err, code, "activate failed (%s), and then: %s",
				 cause->text, trouble.text);
	if (!directory_has_release(&work->directory, record->previous))
		return error_set(err, code,
				 "activate failed (%s); there is no earlier release to "
				 "go back to",
				 cause->text);
	if (directory_switch(&work->directory, record->previous, &trouble) != 0)
		return error_set(err, code,
				 "activate failed (%s), and the earlier release could "
				 "not be made live: %s",
				 cause->text, trouble.text);
	if (run_command(work, record->previous, &record->previous_commit, &trouble) !=
	    0)
		return error_set(err, code,
				 "activate failed (%s); the earlier release '%s' is "
				 "live again, but activating it failed too: %s",
				 cause->text, record->previous, trouble.text);
	return error_set(err, code,
			 "activate failed (%s); the earlier release '%s' is live again",
			 cause->text, record->previous);
}

static int activate(struct work *work, struct error *err)
{
	int code = record_activate(work, DIRECTORY_ACTIVATE_BEGUN, err);
	if (code != 0)
		return code;
	struct error cause = ERROR_INIT;
	code = run_command(work, work->name, &work->manifests->commit, &cause);
	if (code == ERROR_CLOSED) {
		work->out->in_doubt = true;
		return error_set(err, code,
				 "the activate command was begun and its end is "
				 "unknown: %s",
				 cause.text);
	}
	if (code != 0)
		return go_back(work, code, &cause, err);
	code = record_activate(work, DIRECTORY_ACTIVATE_DONE, err);
	work->out->in_doubt = code != 0;
	return code;
}

/* A second run would be a silent one. */
static int check_doubt(struct work *work, struct error *err)
{
	const struct directory_record *record = &work->directory.record;
	if (work->target->activate == NULL || record->generation != work->generation ||
	    record->activate != DIRECTORY_ACTIVATE_BEGUN)
		return 0;
	work->out->in_doubt = true;
	return error_set(err, ERROR_CLOSED,
			 "the activate command of generation %" PRIu64 " was begun and "
			 "its end is "
			 "unknown; it is "
			 "not run again: "
			 "deploy again when you have looked",
			 work->generation);
}

/* --- apply: the whole --- */

/* What crashes left; and the release whose command failed last time, or failures one
 * after the other would fill the disk. */
static int clean_up(const struct work *work, struct error *err)
{
	const struct directory *directory = &work->directory;
	const struct directory_record *record = &directory->record;
	int code = directory_clean(directory, err);
	if (code != 0 || record->activate != DIRECTORY_ACTIVATE_FAILED ||
	    strcmp(record->release, work->name) == 0 ||
	    strcmp(record->release, directory->live) == 0)
		return code;
	return directory_remove_release(directory, record->release, err);
}

static int apply_opened(struct work *work, struct error *err)
{
	int code = prepare(work, err);
	if (code == 0)
		code = check_doubt(work, err);
	if (code == 0)
		code = clean_up(work, err);
	if (code == 0)
		code = write_release(work, err);
	if (code != 0 || is_settled(work))
		return code;
	code = make_live(work, err);
	if (code == 0 && work->target->activate != NULL)
		code = activate(work, err);
	if (code != 0)
		return code;
	struct error trouble = ERROR_INIT;
	if (directory_prune(&work->directory, work->target->keep, work->arena,
			    &trouble) != 0)
		log_warning("old releases could not be removed",
			    LOG_S("target", work->target->name), LOG_E(&trouble));
	return 0;
}

static int apply(const struct target *target, uint64_t generation,
		 const struct manifests *manifests, struct arena *arena,
		 struct target_result *out, struct error *err)
{
	struct work work = { .target = target,
			     .generation = generation,
			     .manifests = manifests,
			     .arena = arena,
			     .out = out };
	int code = directory_open(&work.directory, target, true, err);
	if (code != 0)
		return code;
	code = apply_opened(&work, err);
	if (code == 0)
		out->generation = generation;
	directory_close(&work.directory);
	return code;
}

/* --- observe, verify --- */

static int found_drift(struct target_result *out, struct arena *arena, const char *text,
		       struct error *err)
{
	out->drift = true;
	out->detail = arena_string(arena, text);
	return out->detail != NULL
		       ? 0
		       : error_set(err, ERROR_MEMORY, "out of memory for a difference");
}

/* What is wrong with the link to what is live; NULL: nothing. */
static const char *link_fault(const struct directory *directory, const char *release,
			      struct arena *arena)
{
	switch (directory->link) {
	case DIRECTORY_LINK_UNKNOWN:
	case DIRECTORY_LINK_MISSING:
		return "'" DIRECTORY_CURRENT "' is missing";
	case DIRECTORY_LINK_FOREIGN:
		return "'" DIRECTORY_CURRENT "' leads to something that is not a "
		       "release";
	case DIRECTORY_LINK_OTHER:
		return "'" DIRECTORY_CURRENT "' is not a symbolic link";
	case DIRECTORY_LINK_RELEASE:
		break;
	}
	if (strcmp(directory->live, release) == 0)
		return NULL;
	const char *text =
		arena_printf(arena, "'" DIRECTORY_CURRENT "' leads to the release '%s'",
			     directory->live);
	return text != NULL ? text : "'" DIRECTORY_CURRENT "' leads to another release";
}

static int compare_release(const struct directory *directory, const char *release,
			   const struct digest *digest, struct arena *arena,
			   struct target_result *out, struct error *err)
{
	struct error cause = ERROR_INIT;
	struct directory_listing listing = { 0 };
	int code = directory_listing_read(&listing, directory->releases, release, arena,
					  &cause);
	if (code == ERROR_MEMORY || code == ERROR_IO)
		return error_set(err, code, "%s", cause.text);
	if (code != 0)
		return found_drift(out, arena, cause.text, err);
	if (!digest_equal(&listing.digest, digest))
		return found_drift(out, arena, "the release's list of files differs",
				   err);
	struct directory_differences differences;
	directory_differences_init(&differences);
	code = directory_compare(directory->releases, release, &listing, &differences,
				 err);
	out->files = listing.count;
	out->changed = differences.count;
	if (code == 0 && differences.count > 0) {
		const char *text = differences.text.data;
		const char *whole =
			differences.count > 3
				? arena_printf(arena, "%s, and %" PRIu64 " more", text,
					       differences.count - 3)
				: text;
		code = found_drift(out, arena, whole != NULL ? whole : text, err);
	}
	directory_differences_release(&differences);
	return code;
}

static int observe(const struct target *target, uint64_t generation,
		   const char *release, const struct digest *listing,
		   struct arena *arena, struct target_result *out, struct error *err)
{
	(void)generation;
	struct directory directory;
	int code = directory_open(&directory, target, false, err);
	if (code != 0)
		return code;
	out->generation = directory_generation(&directory);
	const char *fault = link_fault(&directory, release, arena);
	if (fault != NULL)
		code = found_drift(out, arena, fault, err);
	else if (directory.releases < 0)
		code = found_drift(out, arena, "'" DIRECTORY_RELEASES "' is missing",
				   err);
	else
		code = compare_release(&directory, release, listing, arena, out, err);
	directory_close(&directory);
	if (code == 0) {
		out->release = arena_string(arena, release);
		out->listing = *listing;
	}
	return code;
}

static int verify(const struct target *target, uint64_t generation, const char *release,
		  const struct digest *listing, struct arena *arena,
		  struct target_result *out, struct error *err)
{
	int code = observe(target, generation, release, listing, arena, out, err);
	if (code != 0 || !out->drift)
		return code;
	return error_set(err, ERROR_TARGET, "what is live is not what was deployed: %s",
			 out->detail);
}

const struct target_driver target_directory = {
	.kind = "directory",
	.plan = plan,
	.apply = apply,
	.verify = verify,
	.observe = observe,
};
