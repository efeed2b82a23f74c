/* target/directory_root.c - the root of a directory target: its lock, its record and
 * the link to what is live. */
#include "target/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "target/target.h"

#define RECORD_MAXIMUM 1024 /* bytes; a record has at most 420 */
#define RECORD_FIRST   "gitgate-directory 1"
#define COMMIT_DIGITS  10
#define LINK_PREFIX    DIRECTORY_RELEASES "/"

/* --- names --- */

void directory_name(uint64_t generation, const struct oid *commit,
		    char out[DIRECTORY_NAME_BYTES])
{
	char hex[OID_HEX_BYTES];
	oid_hex(commit, hex);
	snprintf(out, DIRECTORY_NAME_BYTES, "%" PRIu64 "-%.*s", generation,
		 COMMIT_DIGITS, hex);
}

uint64_t directory_name_generation(const char *name)
{
	char digits[24];
	size_t length = strcspn(name, "-");
	const char *commit = name + length + 1;
	if (name[length] != '-' || length == 0 || length >= sizeof(digits) ||
	    name[0] == '0' || strlen(commit) != COMMIT_DIGITS ||
	    strspn(commit, "0123456789abcdef") != COMMIT_DIGITS)
		return 0;
	memcpy(digits, name, length);
	digits[length] = '\0';
	uint64_t generation;
	return text_parse_u64(digits, &generation) == 0 ? generation : 0;
}

/* Of a name that is known to be of our form, or empty. */
static void copy_name(const char *name, char out[DIRECTORY_NAME_BYTES])
{
	size_t length = strnlen(name, DIRECTORY_NAME_BYTES - 1);
	memcpy(out, name, length);
	out[length] = '\0';
}

/* --- small files --- */

int directory_read_file(int parent, const char *name, struct buf *out,
			struct error *err)
{
	/* Without O_NONBLOCK a pipe in its place would stop us for ever. */
	FD_CLOSING int fd = path_open_beneath(parent, name,
					      O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
	if (fd < 0)
		return fd;
	struct stat status;
	if (fstat(fd, &status) != 0)
		return error_set_errno(err, errno, "cannot look at '%s'", name);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_UNSAFE_PATH, "'%s' is not a regular file",
				 name);
	return buf_read_fd(out, fd, err);
}

int directory_write_file(int parent, const char *temporary, const char *name,
			 const void *bytes, size_t length, struct error *err)
{
	int code = path_remove_tree(parent, temporary, err);
	if (code != 0)
		return code;
	FD_CLOSING int fd = path_open_beneath(parent, temporary,
					      O_WRONLY | O_CREAT | O_EXCL, 0600, err);
	if (fd < 0)
		return fd;
	code = fd_write_all(fd, bytes, length, err);
	if (code == 0 && fchmod(fd, 0644) != 0)
		code = error_set_errno(err, errno, "cannot set the mode of '%s'",
				       temporary);
	if (code == 0)
		code = fd_sync(fd, temporary, err);
	if (code == 0 && renameat(parent, temporary, parent, name) != 0)
		code = error_set_errno(err, errno, "cannot rename '%s' to '%s'",
				       temporary, name);
	if (code != 0) {
		unlinkat(parent, temporary, 0);
		error_context(err, "writing '%s'", name);
	}
	return code;
}

/* --- the record --- */

static const char *const activate_names[] = {
	[DIRECTORY_ACTIVATE_UNKNOWN] = "",
	[DIRECTORY_ACTIVATE_NONE] = "none",
	[DIRECTORY_ACTIVATE_PENDING] = "pending",
	[DIRECTORY_ACTIVATE_BEGUN] = "begun",
	[DIRECTORY_ACTIVATE_DONE] = "done",
	[DIRECTORY_ACTIVATE_FAILED] = "failed",
};

#define ACTIVATE_COUNT (sizeof(activate_names) / sizeof(activate_names[0]))

static void record_text(const struct directory_record *record, struct buf *out)
{
	char commit[OID_HEX_BYTES];
	char previous_commit[OID_HEX_BYTES];
	char listing[DIGEST_HEX_BYTES];
	oid_hex(&record->commit, commit);
	oid_hex(&record->previous_commit, previous_commit);
	digest_hex(&record->listing, listing);
	buf_addf(out,
		 RECORD_FIRST "\n"
			      "generation %" PRIu64 "\n"
			      "release %s\n"
			      "commit %s\n"
			      "listing %s\n"
			      "previous %s\n"
			      "previous-commit %s\n"
			      "activate %s\n",
		 record->generation, record->release, commit, listing, record->previous,
		 previous_commit, activate_names[record->activate]);
}

/* Takes the line "key value" off *at; its value, or NULL when another line is there. */
static const char *take_line(char **at, const char *key)
{
	char *line = *at;
	size_t length = strlen(key);
	char *end = strchr(line, '\n');
	if (end == NULL || strncmp(line, key, length) != 0 || line[length] != ' ')
		return NULL;
	*end = '\0';
	*at = end + 1;
	return line + length + 1;
}

/* A name of a release, or "" where that is allowed. */
static bool take_name(char **at, const char *key, bool required,
		      char out[DIRECTORY_NAME_BYTES])
{
	const char *value = take_line(at, key);
	if (value == NULL || (required && value[0] == '\0') ||
	    (value[0] != '\0' && directory_name_generation(value) == 0))
		return false;
	copy_name(value, out);
	return true;
}

static bool take_commit(char **at, const char *key, bool required, struct oid *out)
{
	const char *value = take_line(at, key);
	if (value == NULL)
		return false;
	if (value[0] == '\0' && !required)
		return true;
	return oid_parse(value, strlen(value), out) == 0;
}

static bool take_activate(char **at, enum directory_activate *out)
{
	const char *value = take_line(at, "activate");
	for (size_t i = DIRECTORY_ACTIVATE_NONE; value != NULL && i < ACTIVATE_COUNT;
	     i++)
		if (strcmp(value, activate_names[i]) == 0)
			*out = (enum directory_activate)i;
	return *out != DIRECTORY_ACTIVATE_UNKNOWN;
}

static bool parse_record(char *text, struct directory_record *out)
{
	struct directory_record record = { 0 };
	char *at = strchr(text, '\n');
	if (at == NULL)
		return false;
	*at++ = '\0';
	if (strcmp(text, RECORD_FIRST) != 0)
		return false;
	const char *generation = take_line(&at, "generation");
	if (generation == NULL || text_parse_u64(generation, &record.generation) != 0 ||
	    !take_name(&at, "release", true, record.release) ||
	    !take_commit(&at, "commit", true, &record.commit))
		return false;
	const char *listing = take_line(&at, "listing");
	if (listing == NULL || digest_parse(listing, &record.listing) != 0 ||
	    !take_name(&at, "previous", false, record.previous) ||
	    !take_commit(&at, "previous-commit", false, &record.previous_commit) ||
	    !take_activate(&at, &record.activate) || *at != '\0')
		return false;
	if (record.generation != directory_name_generation(record.release))
		return false;
	*out = record;
	return true;
}

static int read_record(struct directory *directory, struct error *err)
{
	struct error cause = ERROR_INIT;
	struct buf text = BUF_INIT(RECORD_MAXIMUM);
	int code =
		directory_read_file(directory->root, DIRECTORY_RECORD, &text, &cause);
	bool missing = code == ERROR_NOT_FOUND;
	if (code == 0 && (strlen(text.data) != text.length ||
			  !parse_record(text.data, &directory->record)))
		code = error_set(&cause, ERROR_TARGET,
				 "it is damaged; look at what happened, then remove "
				 "it: the "
				 "generation of '" DIRECTORY_CURRENT "' counts without "
				 "it");
	buf_release(&text);
	if (code == 0 || missing)
		return 0;
	return error_set(err, code,
			 "cannot read the record '%s/" DIRECTORY_RECORD "': %s",
			 directory->path, cause.text);
}

int directory_write_record(struct directory *directory,
			   const struct directory_record *record, struct error *err)
{
	struct buf text = BUF_INIT(RECORD_MAXIMUM);
	record_text(record, &text);
	int code = buf_status(&text, "the record of the target", err);
	if (code == 0)
		code = directory_write_file(directory->root, DIRECTORY_RECORD_NEW,
					    DIRECTORY_RECORD, text.data, text.length,
					    err);
	if (code == 0)
		code = fd_sync(directory->root, directory->path, err);
	if (code == 0)
		directory->record = *record;
	buf_release(&text);
	return code;
}

/* --- the link to what is live --- */

static int read_link(struct directory *directory, struct error *err)
{
	char text[PATH_MAX];
	ssize_t length =
		readlinkat(directory->root, DIRECTORY_CURRENT, text, sizeof(text) - 1);
	if (length < 0 && errno == ENOENT) {
		directory->link = DIRECTORY_LINK_MISSING;
		return 0;
	}
	if (length < 0 && errno == EINVAL) {
		directory->link = DIRECTORY_LINK_OTHER;
		return 0;
	}
	if (length < 0)
		return error_set_errno(
			err, errno, "cannot read the link '%s/" DIRECTORY_CURRENT "'",
			directory->path);
	text[length] = '\0';
	directory->link = DIRECTORY_LINK_FOREIGN;
	const char *name = text + strlen(LINK_PREFIX);
	if (text_starts_with(text, LINK_PREFIX) &&
	    directory_name_generation(name) != 0) {
		directory->link = DIRECTORY_LINK_RELEASE;
		copy_name(name, directory->live);
	}
	return 0;
}

int directory_switch(struct directory *directory, const char *name, struct error *err)
{
	static const char temporary[] = DIRECTORY_CURRENT_NEW;
	char text[sizeof(LINK_PREFIX) + DIRECTORY_NAME_BYTES];
	snprintf(text, sizeof(text), LINK_PREFIX "%s", name);
	int code = path_remove_tree(directory->root, temporary, err);
	if (code != 0)
		return code;
	if (symlinkat(text, directory->root, temporary) != 0)
		return error_set_errno(err, errno, "cannot make the link '%s/%s'",
				       directory->path, temporary);
	if (renameat(directory->root, temporary, directory->root, DIRECTORY_CURRENT) !=
	    0) {
		int number = errno;
		unlinkat(directory->root, temporary, 0);
		return error_set_errno(err, number,
				       "cannot switch '%s/" DIRECTORY_CURRENT "'",
				       directory->path);
	}
	directory->link = DIRECTORY_LINK_RELEASE;
	copy_name(name, directory->live);
	return fd_sync(directory->root, directory->path, err);
}

/* --- opening --- */

static int open_root(struct directory *directory, struct error *err)
{
	/* With a slash at its end a link would be followed all the same. */
	char path[PATH_MAX];
	size_t length = strlen(directory->path);
	if (length >= sizeof(path))
		return error_set_errno(err, ENAMETOOLONG,
				       "cannot open the target's directory");
	memcpy(path, directory->path, length + 1);
	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	directory->root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory->root >= 0)
		return 0;
	int number = errno;
	struct stat status;
	if (number == ENOENT)
		return error_set(err, ERROR_NOT_FOUND,
				 "the target's directory '%s' does not exist: make it "
				 "and give it to the user that jobs run as",
				 directory->path);
	if ((number == ENOTDIR || number == ELOOP) && lstat(path, &status) == 0 &&
	    S_ISLNK(status.st_mode))
		return error_set(err, ERROR_UNSAFE_PATH,
				 "the target's directory '%s' is a symbolic link: "
				 "configure where it leads",
				 directory->path);
	return error_set_errno(err, number, "cannot open the target's directory '%s'",
			       directory->path);
}

static int lock_root(struct directory *directory, struct error *err)
{
	if (faccessat(directory->root, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return error_set_errno(err, errno,
				       "cannot write to the target's directory '%s' "
				       "(give it to the user that jobs run as)",
				       directory->path);
	if (flock(directory->root, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(err, ERROR_BUSY,
				 "another deployment to '%s' is still at work",
				 directory->path);
	return error_set_errno(err, errno, "cannot lock the target's directory '%s'",
			       directory->path);
}

/* Descriptor or negative code. The mode is set when the directory is made, whatever the
 * umask; later it is the administrator's. */
static int make_releases(const struct directory *directory, struct error *err)
{
	bool made = mkdirat(directory->root, DIRECTORY_RELEASES, 0755) == 0;
	if (!made && errno != EEXIST)
		return error_set_errno(err, errno, "cannot make it");
	int fd = path_open_beneath(directory->root, DIRECTORY_RELEASES,
				   O_RDONLY | O_DIRECTORY, 0, err);
	if (fd < 0 || !made)
		return fd;
	int code = fchmod(fd, 0755) == 0
			   ? fd_sync(directory->root, directory->path, err)
			   : error_set_errno(err, errno, "cannot set its mode");
	if (code != 0)
		fd_close(&fd);
	return code != 0 ? code : fd;
}

static int open_releases(struct directory *directory, bool writing, struct error *err)
{
	struct error cause = ERROR_INIT;
	int fd = writing ? make_releases(directory, &cause)
			 : path_open_beneath(directory->root, DIRECTORY_RELEASES,
					     O_RDONLY | O_DIRECTORY, 0, &cause);
	if (fd == ERROR_NOT_FOUND && !writing)
		return 0;
	if (fd < 0)
		return error_set(err, fd,
				 "the directory '%s/" DIRECTORY_RELEASES "': %s",
				 directory->path, cause.text);
	directory->releases = fd;
	return 0;
}

int directory_open(struct directory *directory, const struct target *target,
		   bool writing, struct error *err)
{
	*directory =
		(struct directory){ .path = target->path, .root = -1, .releases = -1 };
	if (target->path == NULL || target->path[0] != '/')
		return error_set(err, ERROR_CONFIG,
				 "the target '%s' has no absolute path", target->name);
	int code = open_root(directory, err);
	if (code == 0 && writing)
		code = lock_root(directory, err);
	if (code == 0)
		code = open_releases(directory, writing, err);
	if (code == 0)
		code = read_record(directory, err);
	if (code == 0)
		code = read_link(directory, err);
	if (code != 0)
		directory_close(directory);
	return code;
}

void directory_close(struct directory *directory)
{
	fd_close(&directory->releases);
	fd_close(&directory->root);
}

uint64_t directory_generation(const struct directory *directory)
{
	uint64_t live = directory_name_generation(directory->live);
	return live > directory->record.generation ? live
						   : directory->record.generation;
}

bool directory_has_release(const struct directory *directory, const char *name)
{
	struct stat status;
	return directory->releases >= 0 && directory_name_generation(name) != 0 &&
	       fstatat(directory->releases, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(status.st_mode);
}
