/* cluster/parts.c - the parts of an access: files, tokens, certificates, keys. */
#include "cluster/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "net/http_address.h"

/* Several kubeconfigs as trees, and what they name. */
#define ARENA_BYTES ((size_t)64 << 20)

struct cluster_access *cluster_access_new(struct error *err)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct cluster_access *access =
		arena ? arena_new_of(arena, struct cluster_access) : NULL;

	if (!access) {
		arena_free(arena);
		error_set(err, ERROR_MEMORY, "no memory for the access to a cluster");
		return NULL;
	}
	access->arena = arena;
	access->namespace = "default";
	return access;
}

int cluster_access_end(struct cluster_access **out, struct cluster_access *access,
		       int code)
{
	if (code == 0)
		*out = access;
	else
		cluster_access_free(access);
	return code;
}

void cluster_access_free(struct cluster_access *access)
{
	if (!access)
		return;
	struct arena *arena = access->arena;
	arena_wipe(arena);
	arena_free(arena);
}

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "no memory for the access to a cluster");
}

int cluster_text(struct cluster_access *access, const char **out, struct error *err,
		 const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	const char *copy = length < 0 ? NULL : arena_string(access->arena, text);
	free(length < 0 ? NULL : text);
	if (!copy)
		return no_memory(err);
	*out = copy;
	return 0;
}

/* --- files --- */

static int read_whole(int fd, const char *name, size_t maximum, char *text,
		      size_t *length, struct error *err)
{
	size_t count = 0;

	while (count < maximum) {
		ssize_t got = read(fd, text + count, maximum - count);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "cannot read '%s'", name);
		if (got == 0)
			break;
		count += (size_t)got;
	}
	*length = count;
	return 0;
}

int cluster_file_read(struct cluster_access *access, const char *name, size_t maximum,
		      struct cluster_file *out, struct error *err)
{
	FD_CLOSING int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	size_t length = 0;

	if (fd < 0)
		return error_set_errno(err, errno, "cannot open '%s'", name);
	if (fstat(fd, &status) != 0)
		return error_set_errno(err, errno, "cannot examine '%s'", name);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_CONFIG, "'%s' is not a regular file", name);
	if ((uintmax_t)status.st_size > maximum)
		return error_set(err, ERROR_LIMIT, "'%s' is over %zu bytes", name,
				 maximum);
	size_t size = (size_t)status.st_size;
	char *text = arena_alloc(access->arena, size + 1);
	int rc = text ? read_whole(fd, name, size, text, &length, err) : no_memory(err);
	if (rc != 0)
		return rc;
	*out = (struct cluster_file){ text, length, (status.st_mode & S_IRWXO) != 0 };
	return 0;
}

void cluster_expose(struct cluster_access *access, const char *name, bool open)
{
	if (open && !access->exposed)
		access->exposed = arena_string(access->arena, name);
}

/* --- tokens, certificates, keys --- */

static bool is_blank(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

int cluster_set_token(struct cluster_access *access, char *text, size_t length,
		      const char *what, struct error *err)
{
	while (length > 0 && is_blank(text[length - 1]))
		text[--length] = '\0';
	while (length > 0 && is_blank(*text)) {
		text++;
		length--;
	}
	if (length == 0)
		return error_set(err, ERROR_CONFIG, "%s holds no token", what);
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return error_set(err, ERROR_CONFIG,
					 "%s is not one token: it holds a byte that "
					 "tokens have not",
					 what);
	access->token = text;
	return 0;
}

int cluster_set_pem(const char **out, const char *text, size_t length, const char *what,
		    struct error *err)
{
	if (strlen(text) != length || !strstr(text, "-----BEGIN "))
		return error_set(err, ERROR_CONFIG,
				 "%s holds no PEM, which has a line that begins with "
				 "-----BEGIN",
				 what);
	*out = text;
	return 0;
}

int cluster_set_key(struct cluster_access *access, const char *text, size_t length,
		    const char *what, struct error *err)
{
	const char *key = NULL;

	int rc = cluster_set_pem(&key, text, length, what, err);
	if (rc != 0)
		return rc;
	if (!strstr(text, "PRIVATE KEY-----"))
		return error_set(err, ERROR_CONFIG, "%s holds no private key", what);
	if (strstr(text, "ENCRYPTED"))
		return error_set(err, ERROR_CONFIG,
				 "%s has a password, and nobody is here to be asked: "
				 "openssl pkey -in FILE -out OTHER takes it off",
				 what);
	access->key = key;
	return 0;
}

/* "'FILE'" as the subject of an error. */
static int read_named(struct cluster_access *access, const char *name, size_t maximum,
		      struct cluster_file *file, const char **what, struct error *err)
{
	int rc = cluster_file_read(access, name, maximum, file, err);

	return rc == 0 ? cluster_text(access, what, err, "'%s'", name) : rc;
}

int cluster_read_token(struct cluster_access *access, const char *name,
		       struct error *err)
{
	struct cluster_file file;
	const char *what;

	int rc = read_named(access, name, CLUSTER_TOKEN_BYTES, &file, &what, err);
	if (rc != 0)
		return rc;
	cluster_expose(access, name, file.open);
	return cluster_set_token(access, file.text, file.length, what, err);
}

int cluster_read_pem(struct cluster_access *access, const char **out, const char *name,
		     struct error *err)
{
	struct cluster_file file;
	const char *what;

	int rc = read_named(access, name, CLUSTER_PEM_BYTES, &file, &what, err);
	return rc == 0 ? cluster_set_pem(out, file.text, file.length, what, err) : rc;
}

int cluster_read_key(struct cluster_access *access, const char *name, struct error *err)
{
	struct cluster_file file;
	const char *what;

	int rc = read_named(access, name, CLUSTER_PEM_BYTES, &file, &what, err);
	if (rc != 0)
		return rc;
	cluster_expose(access, name, file.open);
	return cluster_set_key(access, file.text, file.length, what, err);
}

/* --- the server --- */

int cluster_set_server(struct cluster_access *access, const char *address,
		       struct error *err)
{
	struct http_address parts;

	if (!http_address_parse(address, &parts) || strpbrk(address, "?#"))
		return error_set(err, ERROR_CONFIG,
				 "the server '%.200s' is no address like "
				 "https://HOST:PORT/PATH, without a user and a query",
				 strchr(address, '@') ? "" : address);
	char *server = arena_string(access->arena, address);
	if (!server)
		return no_memory(err);
	while (text_ends_with(server, "/"))
		server[strlen(server) - 1] = '\0';
	access->server = server;
	return 0;
}

int cluster_check_identity(const struct cluster_access *access, struct error *err)
{
	bool secure = strncasecmp(access->server, "https:", 6) == 0;
	bool somebody = access->token || access->certificate;

	if (!secure && somebody)
		return error_set(err, ERROR_CONFIG,
				 "tokens and certificates do not go to '%.200s', which "
				 "is not https: everybody on the way could read them",
				 access->server);
	if (secure && !somebody)
		return error_set(err, ERROR_CONFIG,
				 "nothing says who we are to '%.200s': neither a token "
				 "nor a client certificate",
				 access->server);
	return 0;
}
