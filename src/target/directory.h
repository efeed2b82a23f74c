/* target/directory.h - the parts of the directory driver. Only directory*.c include it.
 *
 * On disk, beneath the root:
 *   releases/<generation>-<10 digits of the commit>/  one tree a release, never edited
 *   releases/<name>.list   its list of files; the list's SHA-256 names the content
 *   current                symbolic link to releases/<name>: what is live
 *   .gitgate               the record: the last generation and how far it came
 * Temporary names are .new-<name>, .old-<name>, .new-<name>.list, .current.new and
 * .gitgate.new; what a crash leaves of them is removed by the next apply.
 *
 * Whatever is named beneath the root is opened from its descriptor and never through a
 * symbolic link. An apply holds a lock on the root from its start to its end. */
#ifndef TARGET_DIRECTORY_H
#define TARGET_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/oid.h"

struct arena;
struct error;
struct manifests;
struct target;

#define DIRECTORY_RELEASES    "releases"
#define DIRECTORY_CURRENT     "current"
#define DIRECTORY_RECORD      ".gitgate"
#define DIRECTORY_CURRENT_NEW ".current.new"
#define DIRECTORY_RECORD_NEW  ".gitgate.new"

/* --- names of releases (directory_root.c) --- */

#define DIRECTORY_NAME_BYTES 32 /* 20 digits, a dash, 10 digits, NUL */

void directory_name(uint64_t generation, const struct oid *commit,
		    char out[DIRECTORY_NAME_BYTES]);
/* The generation in a name of exactly our form; 0: it is not one. */
uint64_t directory_name_generation(const char *name);

/* --- the root (directory_root.c) --- */

/* How far the activate command of the recorded generation came. */
enum directory_activate {
	DIRECTORY_ACTIVATE_UNKNOWN = 0,
	DIRECTORY_ACTIVATE_NONE,    /* there is no command */
	DIRECTORY_ACTIVATE_PENDING, /* not begun */
	DIRECTORY_ACTIVATE_BEGUN,   /* while this stands its end is unknown */
	DIRECTORY_ACTIVATE_DONE,
	DIRECTORY_ACTIVATE_FAILED,
};

struct directory_record {
	uint64_t generation; /* 0: there is no record */
	char release[DIRECTORY_NAME_BYTES];
	struct oid commit;
	struct digest listing;
	char previous[DIRECTORY_NAME_BYTES]; /* live before it; "": none */
	struct oid previous_commit;
	enum directory_activate activate;
};

enum directory_link {
	DIRECTORY_LINK_UNKNOWN = 0,
	DIRECTORY_LINK_MISSING,
	DIRECTORY_LINK_RELEASE, /* to releases/<name of our form> */
	DIRECTORY_LINK_FOREIGN, /* to something else */
	DIRECTORY_LINK_OTHER,   /* not a symbolic link at all */
};

struct directory {
	const char *path; /* for messages */
	int root;
	int releases; /* -1: missing; never when opened for writing */
	struct directory_record record;
	enum directory_link link;
	char live[DIRECTORY_NAME_BYTES]; /* where `current` leads; "" unless RELEASE */
};

/* Opens and reads; for writing it also locks (ERROR_BUSY) and makes releases/. Nothing
 * is held after a failure. ERROR_NOT_FOUND, ERROR_PERMISSION, ERROR_UNSAFE_PATH,
 * ERROR_TARGET (a damaged record). */
int directory_open(struct directory *directory, const struct target *target,
		   bool writing, struct error *err);
void directory_close(struct directory *directory);
/* The highest generation that was ever live here, as record and link say. */
uint64_t directory_generation(const struct directory *directory);
bool directory_has_release(const struct directory *directory, const char *name);

/* Writes the record durably. */
int directory_write_record(struct directory *directory,
			   const struct directory_record *record, struct error *err);
/* Lets `current` lead to the release, in one step and durably. */
int directory_switch(struct directory *directory, const char *name, struct error *err);

/* A small file of ours, whole; a link, a pipe or the like is refused. */
int directory_read_file(int parent, const char *name, struct buf *out,
			struct error *err);
/* Whole or not at all; the caller syncs `parent`. */
int directory_write_file(int parent, const char *temporary, const char *name,
			 const void *bytes, size_t length, struct error *err);

/* --- lists of files (directory_listing.c) ---
 *
 * A line a file, sorted by path: six octal digits of mode, size in bytes, SHA-256 of
 * the content (of a link: of where it leads), path. path_check() lets no control byte
 * and no backslash through, so a path stands as it is and ends with its line. */

struct directory_entry {
	const char *path; /* beneath the release */
	uint32_t mode;    /* git's */
	uint64_t size;
	struct digest content;
	const unsigned char *data; /* NULL when the list was read from disk */
};

struct directory_listing {
	struct directory_entry *entries;
	size_t count;
	const char **parents; /* every directory beneath the release, parents first */
	size_t parent_count;
	const char *text; /* the file; NULL when it was read from disk */
	size_t length;
	struct digest digest; /* of the text */
};

/* From manifests: maps names as target->paths says and checks everything; nothing is
 * written before. ERROR_UNSAFE_PATH, ERROR_MANIFESTS, ERROR_NOT_FOUND (no entry),
 * ERROR_LIMIT. */
int directory_listing_make(struct directory_listing *out, const struct target *target,
			   const struct manifests *manifests, struct arena *arena,
			   struct error *err);
/* From releases/<name>.list. ERROR_NOT_FOUND, ERROR_TARGET (damaged). */
int directory_listing_read(struct directory_listing *out, int releases,
			   const char *name, struct arena *arena, struct error *err);

struct directory_changes {
	uint64_t added;
	uint64_t changed;
	uint64_t removed;
};
/* `old` may be empty. */
void directory_listing_compare(const struct directory_listing *old,
			       const struct directory_listing *new,
			       struct directory_changes *out);

/* --- release trees (directory_release.c) --- */

/* Makes releases/<name> and its list hold exactly the listing, durably. `live`: it is
 * what `current` leads to, so the trees are exchanged in one step. */
int directory_release_write(const struct directory *directory, const char *name,
			    bool live, const struct directory_listing *listing,
			    struct arena *arena, struct error *err);

/* --- comparing (directory_compare.c) --- */

struct directory_differences {
	uint64_t count;
	struct buf text; /* names the first ones; escaped */
};
void directory_differences_init(struct directory_differences *differences);
void directory_differences_release(struct directory_differences *differences);
/* Looks at every file of releases/<name>, contents too. 0 whatever it finds. */
int directory_compare(int releases, const char *name,
		      const struct directory_listing *listing,
		      struct directory_differences *differences, struct error *err);

/* --- removing (directory_prune.c) --- */

/* Removes what a crashed apply left behind. */
int directory_clean(const struct directory *directory, struct error *err);
int directory_remove_release(const struct directory *directory, const char *name,
			     struct error *err);
/* Removes old releases: of those with a name of our form the `keep` newest stay, and
 * whatever is live or was live before it. */
int directory_prune(const struct directory *directory, uint64_t keep,
		    struct arena *arena, struct error *err);

#endif
