/* repo/open.c - opens repositories: libgit2 told to read nothing but the repository. */
#include <errno.h>
#include <git2/config.h>
#include <git2/sys/odb_backend.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/path.h"
#include "repo/handle.h"

#define SHA1_BYTES 20

/* Above the 1 and 2 that libgit2 gives the repository's own objects. */
#define QUARANTINE_PRIORITY 10

/* Packs are mapped in windows; a judge reads here and there, not through. */
#define WINDOW_BYTES  ((size_t)32 << 20)
#define WINDOWS_BYTES ((size_t)512 << 20)
#define CACHE_BYTES   ((ssize_t)16 << 20)

static pthread_once_t init_once = PTHREAD_ONCE_INIT;
static int init_result;

static int forget_search_paths(void)
{
	static const git_config_level_t levels[] = {
		GIT_CONFIG_LEVEL_PROGRAMDATA,
		GIT_CONFIG_LEVEL_SYSTEM,
		GIT_CONFIG_LEVEL_XDG,
		GIT_CONFIG_LEVEL_GLOBAL,
	};
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "") != 0)
			return -1;
	return 0;
}

/* Debian's libgit2 reads every certificate authority of the system when it is set up
 * (mbed TLS, 5 ms, at every push), for connections that we never make through it. The
 * linker finds these first, so there are none: a connection of libgit2's would fail, as
 * it should. Where libgit2 uses another TLS library nobody calls them. */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);
int mbedtls_x509_crt_parse_path(void *chain, const char *path);

int mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	(void)chain;
	(void)path;
	return 0;
}

int mbedtls_x509_crt_parse_path(void *chain, const char *path)
{
	(void)chain;
	(void)path;
	return 0;
}

static void init(void)
{
	if (git_libgit2_init() < 0 || forget_search_paths() != 0 ||
	    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) != 0 ||
	    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1) != 0 ||
	    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, WINDOW_BYTES) != 0 ||
	    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, WINDOWS_BYTES) != 0 ||
	    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, CACHE_BYTES) != 0)
		init_result = ERROR_UNSUPPORTED;
}

int repo_library_init(struct error *err)
{
	pthread_once(&init_once, init);
	if (init_result != 0)
		return error_set(err, init_result,
				 "libgit2 cannot be set up: its version or build lacks "
				 "an option");
	return 0;
}

int repo_git_error(struct error *err, int git_code, int otherwise, const char *what)
{
	const git_error *last = git_error_last();
	const char *text = last != NULL && last->message != NULL ? last->message
								 : "no reason given";
	int code = otherwise;
	if (git_code == GIT_ENOTFOUND)
		code = ERROR_NOT_FOUND;
	else if (git_code == GIT_EMISMATCH)
		code = ERROR_OBJECT_HASH;
	else if (last != NULL && last->klass == GIT_ERROR_NOMEMORY)
		code = ERROR_MEMORY;
	return error_set(err, code, "%s: %s", what, text);
}

void repo_oid_from_git(struct oid *out, const git_oid *id)
{
	oid_set_bytes(out, id->id, SHA1_BYTES);
}

int repo_oid_to_git(git_oid *out, const struct repo *repo, const struct oid *id,
		    struct error *err)
{
	if (id->length != repo->hash_bytes)
		return error_set(err, ERROR_NOT_FOUND,
				 "'%s' is not an object id of the repository '%s'",
				 oid_text(id), repo->path);
	git_oid_fromraw(out, id->bytes);
	return 0;
}

/* A file of the repository whose mere content would change what its history is. */
static int refuse_file(const struct repo *repo, const char *name, int code,
		       const char *what, struct error *err)
{
	struct stat status;
	char *path = path_join(repo->path, name);
	if (path == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = 0;
	if (stat(path, &status) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			rc = error_set_errno(err, errno, "cannot examine '%s'", path);
	} else if (status.st_size != 0) {
		rc = error_set(err, code, "the repository '%s' %s ('%s' is not empty)",
			       repo->path, what, name);
	}
	free(path);
	return rc;
}

static int refuse_false_history(const struct repo *repo, struct error *err)
{
	int rc = refuse_file(repo, "shallow", ERROR_REPO_SHALLOW,
			     "is shallow: parts of its history are missing; run 'git "
			     "fetch --unshallow'",
			     err);
	if (rc == 0)
		rc = refuse_file(repo, "info/grafts", ERROR_REPO_GRAFTS,
				 "has grafts, which change its history; remove them",
				 err);
	return rc;
}

/* Both real paths; the quarantine must be a directory below the object directory. */
static int check_quarantine(const struct repo *repo, const char *quarantine,
			    char real[PATH_MAX], struct error *err)
{
	char objects[PATH_MAX];
	char *path = path_join(repo->path, "objects");
	if (path == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	const char *found = realpath(path, objects);
	free(path);
	if (found == NULL)
		return error_set_errno(err, errno, "cannot find the objects of '%s'",
				       repo->path);
	if (realpath(quarantine, real) == NULL)
		return error_set_errno(err, errno, "cannot find the quarantine '%s'",
				       quarantine);
	size_t length = strlen(objects);
	struct stat status;
	if (strncmp(real, objects, length) != 0 || real[length] != '/' ||
	    stat(real, &status) != 0 || !S_ISDIR(status.st_mode))
		return error_set(err, ERROR_UNSAFE_PATH,
				 "the quarantine '%s' does not lie beneath '%s'", real,
				 objects);
	return 0;
}

static int add_backend(const struct repo *repo, int made, git_odb_backend *backend,
		       struct error *err)
{
	if (made == 0) {
		made = git_odb_add_backend(repo->odb, backend, QUARANTINE_PRIORITY);
		if (made != 0)
			backend->free(backend);
	}
	if (made != 0)
		return repo_git_error(err, made, ERROR_IO,
				      "the quarantine cannot be read");
	return 0;
}

static int add_quarantine(struct repo *repo, const char *quarantine, struct error *err)
{
	char real[PATH_MAX];
	git_odb_backend *backend = NULL;
	int rc = check_quarantine(repo, quarantine, real, err);
	if (rc == 0) {
		int made = git_odb_backend_pack(&backend, real);
		rc = add_backend(repo, made, backend, err);
	}
	if (rc == 0) {
		int made = git_odb_backend_loose(&backend, real, -1, 0, 0, 0);
		rc = add_backend(repo, made, backend, err);
	}
	if (rc != 0)
		return rc;
	repo->quarantine = strdup(real);
	return repo->quarantine ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

static int refuse_other_hash(void *data, const char *value)
{
	const char **found = data;
	if (strcasecmp(value, "sha1") == 0)
		return 0;
	*found = "another hash than SHA-1";
	return ERROR_REPO_FORMAT;
}

/* Looked at before libgit2 does: 1.5 loses memory when it meets a format it does not
 * know. A .git file leads elsewhere; there libgit2 looks alone. */
static int check_format(const struct repo *repo, const char *path, struct error *err)
{
	struct stat status;
	const char *format = NULL;
	char *git = path_join(path, ".git");
	bool work_tree = git != NULL && lstat(git, &status) == 0;
	int rc = git == NULL ? ERROR_MEMORY : 0;
	if (rc == 0 && (!work_tree || S_ISDIR(status.st_mode))) {
		char *config = path_join(work_tree ? git : path, "config");
		rc = config == NULL
			     ? ERROR_MEMORY
			     : config_file_each(config,
						repo->limits.values[LIMIT_CONFIG_BYTES],
						"extensions.objectFormat",
						refuse_other_hash, &format, err);
		free(config);
	}
	free(git);
	if (format != NULL)
		return error_set(err, rc,
				 "the repository '%s' uses %s, which this libgit2 "
				 "cannot read",
				 path, format);
	return rc == ERROR_MEMORY ? error_set(err, rc, "out of memory") : rc;
}

static int not_opened(const char *path, int git_code, struct error *err)
{
	const git_error *last = git_error_last();
	int code = git_code == GIT_ENOTFOUND ? ERROR_NOT_FOUND : ERROR_REPO_FORMAT;
	if (last != NULL && last->klass == GIT_ERROR_NOMEMORY)
		code = ERROR_MEMORY;
	return error_set(err, code, "'%s' cannot be opened as a git repository: %s",
			 path, last != NULL ? last->message : "no reason given");
}

static int open_handle(struct repo *repo, const char *path, struct error *err)
{
	int rc = check_format(repo, path, err);
	if (rc != 0)
		return rc;
	rc = git_repository_open_ext(&repo->handle, path, GIT_REPOSITORY_OPEN_NO_SEARCH,
				     NULL);
	if (rc != 0)
		return not_opened(path, rc, err);
	rc = git_repository_odb(&repo->odb, repo->handle);
	if (rc != 0)
		return repo_git_error(err, rc, ERROR_IO,
				      "the repository's objects cannot be read");
	repo->path = realpath(git_repository_commondir(repo->handle), NULL);
	if (repo->path == NULL)
		return error_set_errno(err, errno, "cannot find '%s'", path);
	return 0;
}

int repo_open(struct repo **out, const char *path, const struct repo_options *options,
	      struct error *err)
{
	int rc = repo_library_init(err);
	if (rc != 0)
		return rc;
	struct repo *repo = calloc(1, sizeof(*repo));
	if (repo == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	bool own_limits = options != NULL && options->limits != NULL;
	repo->limits = own_limits ? *options->limits : limits_default;
	repo->hash_bytes = SHA1_BYTES;
	rc = open_handle(repo, path, err);
	if (rc == 0)
		rc = refuse_false_history(repo, err);
	if (rc == 0 && options != NULL && options->quarantine != NULL)
		rc = add_quarantine(repo, options->quarantine, err);
	if (rc != 0) {
		repo_close(repo);
		return rc;
	}
	*out = repo;
	return 0;
}

int repo_add_objects(struct repo *repo, const char *directory, struct error *err)
{
	int rc = git_odb_add_disk_alternate(repo->odb, directory);
	if (rc != 0)
		return repo_git_error(err, rc, ERROR_IO,
				      "a directory of objects cannot be read");
	return 0;
}

void repo_close(struct repo *repo)
{
	if (repo == NULL)
		return;
	git_odb_free(repo->odb);
	git_repository_free(repo->handle);
	free(repo->quarantine);
	free(repo->path);
	free(repo);
}

const char *repo_path(const struct repo *repo)
{
	return repo->path;
}

size_t repo_hash_bytes(const struct repo *repo)
{
	return repo->hash_bytes;
}

const char *repo_library_version(void)
{
	static char version[32];
	int major, minor, revision;

	git_libgit2_version(&major, &minor, &revision);
	snprintf(version, sizeof(version), "%d.%d.%d", major, minor, revision);
	return version;
}
