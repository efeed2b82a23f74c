/* cmd/trust_import_forge.c - `gitgate trust import --from-forge=ADDRESS USER...`: the
 * keys that a forge shows of its users.
 *
 * GitHub, GitLab, Gitea and Forgejo show them to everybody at USER.keys and USER.gpg.
 * Whoever answers there says whose keys count, so it must be https, and nothing is
 * followed to another host. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "cmd/trust.h"
#include "cmd/trust_import.h"
#include "conf/names.h"
#include "net/http.h"
#include "net/http_address.h"

#define TIMEOUT     (30 * CLOCK_SECOND)
#define AUTHORITIES ((size_t)4 << 20)
#define PATH_BYTES  4096
#define BLANKS      " \t\r\n"
#define NOT_FOUND   404
#define OK          200

struct forge {
	struct import *import;
	struct http_client *client;
	const char *address;
};

/* In the clear only from this machine. */
static int check_address(const char *address, struct error *err)
{
	static const char *const here[] = { "localhost", "127.0.0.1", "[::1]" };
	struct http_address parsed;
	bool local = false;

	if (!http_address_parse(address, &parsed))
		return error_set(err, ERROR_USAGE,
				 "'%s' is not the address of a forge: https://HOST",
				 address);
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		local |= strcmp(parsed.host, here[i]) == 0;
	if (!parsed.secure && !local)
		return error_set(err, ERROR_USAGE,
				 "keys are not taken from '%s': anybody on the way "
				 "could put others in their place; https is needed",
				 address);
	return 0;
}

static int connect_to(const struct trust *trust, const char *address,
		      struct http_client **out, struct error *err)
{
	struct buf authorities = BUF_INIT(AUTHORITIES);
	int rc = trust->ca_file ? buf_read_file(&authorities, trust->ca_file, err) : 0;
	const struct http_options options = {
		.base = address,
		.accept = "*/*",
		.authorities = trust->ca_file ? authorities.data : NULL,
		.timeout = TIMEOUT,
	};

	if (rc == 0)
		rc = http_client_new(out, &options, err);
	buf_release(&authorities);
	return rc;
}

/* Nobody's: a forge answers with nothing, or with an empty block that says so. */
static bool is_empty(const char *text)
{
	return text[strspn(text, BLANKS)] == '\0' || strstr(text, "\nNote: This user "
								  "hasn't uploaded any "
								  "GPG keys.");
}

static int take(struct forge *forge, const char *user, const char *what,
		const struct http_reply *reply, bool *shown, struct error *err)
{
	const char *place = arena_printf(forge->import->arena, "%s/%s.%s",
					 forge->address, user, what);

	if (!place)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (reply->status == NOT_FOUND)
		return 0;
	if (reply->status != OK)
		return error_set(err, ERROR_NETWORK, "'%s' answered %d", place,
				 reply->status);
	*shown = true;
	if (is_empty(reply->body.data))
		return 0;
	return import_read(forge->import, place, reply->body.data, reply->body.length,
			   err);
}

static int ask(struct forge *forge, const char *user, const char *what, bool *shown,
	       struct error *err)
{
	struct buf path = BUF_INIT(PATH_BYTES);
	struct http_reply reply = { .status = 0 };

	buf_add_byte(&path, '/');
	http_escape(&path, user);
	buf_addf(&path, ".%s", what);
	int rc = buf_status(&path, "an address", err);
	if (rc == 0)
		rc = http_request(forge->client, "GET", path.data, NULL, NULL, 0,
				  &reply, err);
	if (rc == 0) {
		rc = take(forge, user, what, &reply, shown, err);
		http_reply_release(&reply);
	}
	buf_release(&path);
	return rc;
}

/* All that is shown of a login is one person's. */
static int import_user(struct forge *forge, const struct trust *trust, const char *user,
		       struct error *err)
{
	bool keys = false, rings = false;
	int rc = name_check_person(user, err);

	if (rc != 0)
		return rc;
	forge->import->name = trust->name ? trust->name : user;
	rc = ask(forge, user, "keys", &keys, err);
	if (rc == 0)
		rc = ask(forge, user, "gpg", &rings, err);
	if (rc == 0 && !keys && !rings)
		rc = error_set(err, ERROR_NOT_FOUND, "'%s' knows no user '%s'",
			       forge->address, user);
	return rc;
}

int import_from_forge(struct import *import, const struct trust *trust, char **users,
		      struct error *err)
{
	size_t length = strlen(trust->forge);
	struct forge forge = { .import = import };
	int rc = check_address(trust->forge, err);

	if (rc == 0 && trust->forge[length - 1] == '/')
		length--;
	forge.address = arena_copy(import->arena, trust->forge, length);
	if (rc == 0 && !forge.address)
		rc = error_set(err, ERROR_MEMORY, "out of memory");
	if (rc == 0)
		rc = connect_to(trust, forge.address, &forge.client, err);
	for (; rc == 0 && *users; users++)
		rc = import_user(&forge, trust, *users, err);
	http_client_free(forge.client);
	return rc == 0 ? 0 : error_context(err, "--from-forge");
}
