/* cmd/trust_proof.c - `gitgate trust proof OBJECT...`: asks a Rekor log for what
 * gitsign told it of objects in its online mode, and stores that beside the repository,
 * where every gate looks for it. What is stored is believed by nobody: each gate checks
 * it. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/oid.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/git.h"
#include "cmd/trust.h"
#include "job/judge.h"
#include "job/rekor_client.h"

#define TIMEOUT        (30 * CLOCK_SECOND)
#define AUTHORITIES    ((size_t)4 << 20)
#define NAME_BYTES_MAX 4096

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

static int find_repository(const struct trust *trust, char **out, struct error *err)
{
	static const char *const here[] = { "rev-parse", "--path-format=absolute",
					    "--git-common-dir", NULL };
	const char *const there[] = { "-C",
				      trust->git_dir ? trust->git_dir : ".",
				      "rev-parse",
				      "--path-format=absolute",
				      "--git-common-dir",
				      NULL };
	struct buf path = BUF_INIT(PATH_MAX);
	int rc = git_run(NULL, trust->git_dir ? there : here, NULL, &path, err);

	if (rc == 0)
		*out = buf_detach(&path, NULL);
	buf_release(&path);
	return rc == 0 && !*out ? no_memory(err) : rc;
}

/* A full id is taken as it is: the object may not have come here yet. */
static int find_object(const char *revision, struct oid *out, struct error *err)
{
	const char *const what[] = { "rev-parse",        "--verify", "-q",
				     "--end-of-options", revision,   NULL };
	struct buf line = BUF_INIT(NAME_BYTES_MAX);
	int status = 1;
	int rc = 0;

	if (oid_parse(revision, strlen(revision), out) == 0)
		return 0;
	rc = git_run(NULL, what, &status, &line, err);
	if (rc == 0 && (status != 0 || oid_parse(line.data, line.length, out) != 0))
		rc = error_set(err, ERROR_NOT_FOUND,
			       "'%s' is neither a full object id nor found here",
			       revision);
	buf_release(&line);
	return rc;
}

static int store(const struct trust *trust, const char *repository,
		 const struct oid *id, const struct buf *stored, size_t count,
		 struct error *err)
{
	const char *directory =
		arena_printf(trust->arena, "%s/%s", repository, PROOF_DIRECTORY);
	const char *path = arena_printf(trust->arena, "%s/%s",
					directory ? directory : "", oid_text(id));

	if (!directory || !path)
		return no_memory(err);
	int rc = path_make_directories(directory, 0755, err);
	if (rc == 0)
		rc = path_write_atomic(path, stored->data, stored->length, 0644, err);
	if (rc == 0)
		buf_addf(trust->out, "%s: %zu log %s stored in %s\n", oid_text(id),
			 count, count == 1 ? "entry" : "entries", path);
	return rc;
}

static int prove(const struct trust *trust, struct rekor_client *rekor,
		 const char *repository, const char *revision, struct error *err)
{
	struct buf stored = BUF_INIT(limits_default.values[LIMIT_SIGSTORE_PROOF_BYTES]);
	struct oid id;
	size_t count = 0;

	int rc = find_object(revision, &id, err);
	if (rc == 0)
		rc = rekor_client_find(rekor, trust->arena, &id, NULL, NULL, &stored,
				       &count, err);
	if (rc == 0)
		rc = store(trust, repository, &id, &stored, count, err);
	buf_release(&stored);
	return rc;
}

static int connect_to(const struct trust *trust, struct rekor_client **out,
		      struct error *err)
{
	struct buf authorities = BUF_INIT(AUTHORITIES);
	int rc = trust->ca_file ? buf_read_file(&authorities, trust->ca_file, err) : 0;
	const struct rekor_client_options options = {
		.url = trust->rekor,
		.authorities = trust->ca_file ? authorities.data : NULL,
		.timeout = TIMEOUT,
	};

	if (rc == 0)
		rc = rekor_client_new(out, &options, err);
	buf_release(&authorities);
	return rc == 0 ? 0 : error_context(err, "--rekor");
}

int trust_proof(struct trust *trust, char **operands, struct error *err)
{
	struct rekor_client *rekor = NULL;
	char *repository = NULL;

	if (!trust->rekor)
		return error_set(err, ERROR_USAGE,
				 "proof needs --rekor=ADDRESS of the log, for example "
				 "https://rekor.sigstore.dev");
	int rc = find_repository(trust, &repository, err);
	if (rc == 0)
		rc = connect_to(trust, &rekor, err);
	for (; rc == 0 && *operands; operands++)
		rc = prove(trust, rekor, repository, *operands, err);
	rekor_client_free(rekor);
	free(repository);
	return rc;
}
