/* cmd/schema_import.c - `gitgate schema import`: files, directories, addresses and
 * clusters into one bundle. */
#include "cmd/schema.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "doc/doc.h"
#include "doc/kubernetes.h"
#include "doc/kubernetes_import.h"

/* What was looked at, for the line at the end. */
struct sources {
	const struct schema_command *command;
	struct kubernetes_import *import;
	size_t files;
	size_t passed_over; /* of a directory: those that tell of no kind */
	struct error *err;
};

static int add_file(struct sources *sources, const char *path, bool named)
{
	struct buf text = BUF_INIT((size_t)limits_default.values[LIMIT_JSON_DOC_BYTES]);
	struct error cause = ERROR_INIT;
	size_t kinds = 0;

	int rc = buf_read_file(&text, path, sources->err);
	if (rc == 0)
		rc = kubernetes_import_add(sources->import, path, text.data,
					   text.length, &kinds, &cause);
	buf_release(&text);
	/* Beside schemas lie other files. */
	bool other = cause.code == ERROR_SYNTAX && !named;
	if (rc != 0 && cause.code != 0 && !other)
		return error_set(sources->err, rc, "%s", cause.text);
	if (rc != 0 && !other)
		return rc;
	sources->files++;
	sources->passed_over += kinds == 0;
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool is_source(const char *path)
{
	return text_ends_with(path, ".json") || text_ends_with(path, ".yaml") ||
	       text_ends_with(path, ".yml");
}

static int add_path(struct sources *sources, const char *path, bool named,
		    unsigned int depth);

static int add_directory(struct sources *sources, const char *path, unsigned int depth)
{
	struct dirent **entries = NULL;
	int rc = limit_check(&limits_default, LIMIT_GIT_TREE_DEPTH, depth, path,
			     sources->err);

	if (rc != 0)
		return rc;
	int count = scandir(path, &entries, is_visible, alphasort);
	if (count < 0)
		return error_set_errno(sources->err, errno, "cannot list '%s'", path);
	for (int i = 0; i < count; i++) {
		char *below = path_join(path, entries[i]->d_name);
		if (rc == 0)
			rc = below ? add_path(sources, below, false, depth + 1)
				   : error_set(sources->err, ERROR_MEMORY,
					       "out of memory");
		free(below);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

/* `kubectl get --raw` names its files as it likes: those that are named are read. */
static int add_path(struct sources *sources, const char *path, bool named,
		    unsigned int depth)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return error_set_errno(sources->err, errno, "cannot examine '%s'",
				       path);
	if (S_ISDIR(status.st_mode))
		return add_directory(sources, path, depth);
	if (!S_ISREG(status.st_mode) || (!named && !is_source(path)))
		return 0;
	return add_file(sources, path, named);
}

static int add_source(struct sources *sources, const char *source)
{
	if (strstr(source, "://")) {
		sources->files++;
		return schema_fetch_address(sources->import, source, sources->command,
					    sources->err);
	}
	return add_path(sources, source, true, 0);
}

static int choose_version(const struct sources *sources,
			  char out[KUBERNETES_VERSION_BYTES])
{
	const char *given = sources->command->version;
	const char *said = kubernetes_import_version(sources->import);

	if (!given && !said)
		return error_set(sources->err, ERROR_USAGE,
				 "the sources do not say which version of Kubernetes "
				 "they are of: give --kubernetes=1.33");
	int rc = kubernetes_version_read(given ? given : said, out, sources->err);
	if (rc == 0 && said && strcmp(out, said) != 0)
		return error_set(sources->err, ERROR_USAGE,
				 "--kubernetes is %s, but the sources are of %s", out,
				 said);
	return rc;
}

static int write_bundle(struct sources *sources)
{
	struct buf out =
		BUF_INIT((size_t)limits_default.values[LIMIT_SCHEMA_BUNDLE_BYTES]);
	char version[KUBERNETES_VERSION_BYTES];

	int rc = choose_version(sources, version);
	if (rc == 0)
		rc = kubernetes_import_finish(sources->import, version, &out,
					      sources->err);
	if (rc == 0)
		rc = path_write_atomic(sources->command->output, out.data, out.length,
				       0644, sources->err);
	if (rc == 0 && sources->passed_over)
		fprintf(stderr,
			"gitgate: %zu of %zu files tell of no kind of Kubernetes\n",
			sources->passed_over, sources->files);
	buf_release(&out);
	return rc;
}

static int import_all(struct sources *sources, char **names, int count)
{
	int rc = kubernetes_import_new(&sources->import, &limits_default, sources->err);

	for (int i = 0; rc == 0 && i < count; i++)
		rc = add_source(sources, names[i]);
	/* The last one: a definition in a file may say more than what of it is
	 * published. */
	if (rc == 0 && schema_wants_cluster(sources->command))
		rc = schema_fetch_cluster(sources->import, sources->command,
					  sources->err);
	if (rc == 0)
		rc = write_bundle(sources);
	kubernetes_import_free(sources->import);
	return rc;
}

bool schema_wants_cluster(const struct schema_command *command)
{
	return command->cluster || command->server || command->kubeconfig ||
	       command->context;
}

int schema_import(const struct schema_command *command, char **names, int count)
{
	struct error err = ERROR_INIT;
	struct sources sources = { .command = command, .err = &err };
	char *file = (char *)(uintptr_t)command->output;

	if (!command->output)
		return cmd_usage("schema", "import needs --output=FILE");
	if (count == 0 && !schema_wants_cluster(command))
		return cmd_usage("schema", "import needs a SOURCE, --cluster or "
					   "--server");
	if (command->server &&
	    (command->cluster || command->kubeconfig || command->context))
		return cmd_usage("schema", "--server and a kubeconfig say the same: "
					   "which cluster; choose one");
	if (import_all(&sources, names, count) != 0)
		return cmd_fail(&err);
	return schema_list(command, &file, 1);
}
