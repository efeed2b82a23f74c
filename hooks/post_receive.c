/* hooks/post_receive.c - gitgate-post-receive: tells the service which refs moved.
 *
 * A hint, nothing more: the service looks for itself, and finds the same at its next
 * poll. So nothing that happens here fails a push. Before it the certificate of a
 * signed push is kept, so that the service can judge it. Links nothing but base/ and
 * net/. */
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/path.h"
#include "hooks/chain.h"
#include "hooks/record.h"
#include "hooks/remote.h"
#include "hooks/updates.h"
#include "net/local.h"

/* In the repository: the socket's name, written by `gitgate init`. Empty: there is no
 * service to tell. (Asking git's configuration would cost a process at every push.) */
#define SOCKET_FILE   "gitgate/socket"
#define SETTINGS_FILE "gitgate/push"
#define HINT_PATH     "/api/v1/hints"
#define HINT_BYTES    ((size_t)8 << 20)
#define TIMEOUT       (2 * CLOCK_SECOND)

static const char *pusher(void)
{
	const char *name = getenv("GL_USER");

	if (!name || !*name)
		name = getenv("REMOTE_USER");
	if (name && *name)
		return name;
	const struct passwd *user = getpwuid(geteuid());
	return user ? user->pw_name : NULL;
}

static void write_id(struct json *json, const char *key, const struct oid *id)
{
	char hex[OID_HEX_BYTES];

	oid_hex(id, hex);
	json_put_string(json, key, hex);
}

static int write_hint(struct buf *out, const char *repository,
		      const struct updates *updates, struct error *err)
{
	struct json json;

	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "path", repository);
	json_key(&json, "refs");
	json_array(&json);
	for (size_t i = 0; i < updates->count; i++) {
		json_object(&json);
		json_put_string(&json, "ref", updates->items[i].ref);
		write_id(&json, "old", &updates->items[i].old_id);
		write_id(&json, "new", &updates->items[i].new_id);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_put_string(&json, "pusher", pusher());
	json_object_end(&json);
	return buf_status(out, "the hint", err);
}

/* The first line of the repository's file; "" when it is empty. */
static int read_socket(char *repository, struct buf *out, struct error *err)
{
	char *path = path_join(repository, SOCKET_FILE);

	if (!path)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = buf_read_file(out, path, err);
	free(path);
	if (rc == 0)
		buf_truncate(out, strcspn(out->data, "\n"));
	return rc;
}

static int send_hint(const char *socket, const struct buf *hint, struct error *err)
{
	struct local_reply reply;

	int rc = local_request(socket, "POST", HINT_PATH, hint->data, hint->length,
			       TIMEOUT, &reply, err);
	if (rc == 0 && (reply.status < 200 || reply.status > 299))
		rc = error_set(err, ERROR_DENIED,
			       "the service at '%s' answered with HTTP status %d",
			       socket, reply.status);
	local_reply_release(&reply);
	return rc;
}

/* Only where `gitgate init` had git ask for certificates. */
static void keep_certificate(const char *repository)
{
	const char *certificate = getenv("GIT_PUSH_CERT");
	char *settings = path_join(repository, SETTINGS_FILE);
	struct error err = ERROR_INIT;

	if (certificate && *certificate && settings && path_exists(settings) &&
	    record_push(repository, certificate, &err) != 0)
		remote_say("gitgate: the signed push could not be recorded, so the "
			   "service will not know it: %s",
			   err.text);
	free(settings);
}

static int tell(const struct updates *updates, struct error *err)
{
	const char *git_dir = getenv("GIT_DIR");
	struct buf socket = BUF_INIT(PATH_MAX);
	struct buf hint = BUF_INIT(HINT_BYTES);
	char repository[PATH_MAX];

	if (!realpath(git_dir && *git_dir ? git_dir : ".", repository))
		return error_set(err, ERROR_NOT_FOUND,
				 "git did not say which repository this is");
	keep_certificate(repository);
	int rc = read_socket(repository, &socket, err);
	if (rc == 0 && socket.length > 0) {
		rc = write_hint(&hint, repository, updates, err);
		if (rc == 0)
			rc = send_hint(socket.data, &hint, err);
	}
	buf_release(&hint);
	buf_release(&socket);
	return rc;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct updates updates;

	if (updates_read(&updates, STDIN_FILENO, &limits_default, &err) == 0)
		tell(&updates, &err);
	if (err.code != 0)
		remote_say("gitgate: %s; the deployment waits for the next poll",
			   err.text);
	error_clear(&err);
	chain_run(chain_hook(argc, argv), environ, updates.text.data,
		  updates.text.length, &err);
	if (err.code != 0)
		remote_say("gitgate: %s", err.text);
	updates_release(&updates);
	return 0;
}
