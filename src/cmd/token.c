/* cmd/token.c - `gitgate token`: bearer tokens of the HTTP interface. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/service.h"
#include "cmd/table.h"
#include "cmd/token_text.h"
#include "doc/doc.h"

#define OUTPUT_BYTES ((size_t)4 << 20)
#define BODY_BYTES   65536
#define PATH_BYTES   256
#define TIMEOUT      (30 * CLOCK_SECOND)

struct token {
	struct service service;
	const char *config;
	const char *socket;
	const char *scope;
	const char *expires;
	bool json;
	bool colour;
	char text[TOKEN_TEXT_BYTES]; /* of a fresh one */
	char until[CLOCK_TEXT_BYTES];
};

/* --- create --- */

static int write_body(struct token *token, const char *name, struct buf *body,
		      struct error *err)
{
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	int64_t expires = 0;
	struct json json;

	json_begin(&json, body);
	json_object(&json);
	json_put_string(&json, "name", name);
	json_key(&json, "scopes");
	int rc = token_scopes(token->scope, &json, err);
	if (rc == 0)
		rc = token_expiry(token->expires, clock_now(), &expires, err);
	if (rc == 0)
		rc = token_make(token->text, &digest, err);
	if (rc != 0)
		return rc;
	if (expires) {
		clock_format(expires, 0, token->until);
		json_put_string(&json, "expires", token->until);
	}
	digest_hex(&digest, hex);
	json_put_string(&json, "digest", hex);
	json_object_end(&json);
	return buf_status(body, "the request", err);
}

static int revoke_token(struct token *token, uint64_t id, struct error *err)
{
	const struct node *answer;
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/api/v1/tokens/%llu/revoke",
		 (unsigned long long)id);
	return service_post(&token->service, path, NULL, TIMEOUT, &answer, err);
}

static void write_created(const struct token *token, const char *name, uint64_t id,
			  struct buf *out)
{
	struct json json;

	if (!token->json) {
		buf_addf(out, "%s\n", token->text);
		return;
	}
	json_begin(&json, out);
	json_object(&json);
	json_put_unsigned(&json, "id", id);
	json_put_string(&json, "name", name);
	json_put_string(&json, "expires_at", token->until[0] ? token->until : NULL);
	json_put_string(&json, "token", token->text);
	json_object_end(&json);
	buf_add_byte(out, '\n');
}

/* The only time that it is shown: when it cannot be, nobody has it, and nobody shall.
 */
static int show_created(struct token *token, const char *name, uint64_t id)
{
	struct buf out = BUF_INIT(BODY_BYTES);

	write_created(token, name, id, &out);
	int rc = cmd_write(&out);
	if (rc != 0 && revoke_token(token, id, NULL) == 0)
		fputs("gitgate: the token could not be shown: it was revoked\n",
		      stderr);
	else if (rc == 0 && !token->json && isatty(STDOUT_FILENO))
		fprintf(stderr, "This is shown once; %s%s.\n",
			token->until[0] ? "it ends at " : "it does not end by itself",
			token->until);
	if (out.length)
		explicit_bzero(out.data, out.length);
	buf_release(&out);
	return rc;
}

static int create(struct token *token, const char *name, struct error *err)
{
	struct buf body = BUF_INIT(BODY_BYTES);
	const struct node *answer;
	uint64_t id = 0;

	int rc = write_body(token, name, &body, err);
	if (rc == 0)
		rc = service_open(&token->service, token->socket, token->config, false,
				  err);
	if (rc == 0)
		rc = service_post(&token->service, "/api/v1/tokens", body.data, TIMEOUT,
				  &answer, err);
	if (rc == 0)
		id = row_number(answer, "id");
	buf_release(&body);
	rc = rc == 0 ? show_created(token, name, id) : cmd_fail(err);
	explicit_bzero(token->text, sizeof(token->text));
	return rc;
}

/* --- list --- */

static const char *token_state(const struct node *row)
{
	int64_t expires = row_time(row, "expires_at");

	if (row_time(row, "revoked_at"))
		return "revoked";
	return expires && expires <= clock_now() ? "expired" : "valid";
}

static void write_table(struct token *token, const struct node *rows, struct buf *out)
{
	static const char *const headings[] = { "ID",      "NAME", "SCOPES", "STATE",
						"CREATED", "ENDS", "USED" };
	struct arena *arena = token->service.arena;
	struct table table;

	table_init(&table, arena, 7);
	for (size_t i = 0; i < 7; i++)
		table_add(&table, TONE_FAINT, headings[i]);
	for (size_t i = 0; i < node_count(rows); i++) {
		const struct node *row = node_item(rows, i);
		const char *state = token_state(row);
		char ends[CLOCK_TEXT_BYTES] = "never";
		if (row_time(row, "expires_at"))
			clock_format(row_time(row, "expires_at"), 0, ends);
		table_addf(&table, TONE_PLAIN, "%llu",
			   (unsigned long long)row_number(row, "id"));
		table_add(&table, TONE_STRONG, row_text(row, "name"));
		table_add(&table, TONE_PLAIN, row_text(row, "scopes"));
		table_add(&table, state_tone(state), state);
		table_add(&table, TONE_PLAIN,
			  age_text(arena, row_time(row, "created_at")));
		table_add(&table, TONE_PLAIN, ends);
		table_add(&table, TONE_PLAIN,
			  age_text(arena, row_time(row, "used_at")));
	}
	table_write(&table, token->colour, "", out);
}

static int read_tokens(struct token *token, const struct node **rows, struct error *err)
{
	struct msg_query query = { .what = "tokens" };

	return service_list(&token->service, &query, rows, NULL, err);
}

static int list(struct token *token, struct error *err)
{
	struct buf out = BUF_INIT(OUTPUT_BYTES);
	const struct node *rows = NULL;
	struct json json;

	int rc = service_open(&token->service, token->socket, token->config, true, err);
	if (rc == 0)
		rc = read_tokens(token, &rows, err);
	if (rc == 0 && token->json) {
		json_begin(&json, &out);
		json_object(&json);
		json_key(&json, "items");
		json_node(&json, rows);
		json_object_end(&json);
		buf_add_byte(&out, '\n');
	} else if (rc == 0) {
		if (token->service.store)
			buf_add_string(&out, "(the service is not running)\n");
		if (node_count(rows))
			write_table(token, rows, &out);
		else
			buf_add_string(&out, "there are no tokens\n");
	}
	rc = rc == 0 ? cmd_write(&out) : cmd_fail(err);
	buf_release(&out);
	return rc;
}

/* --- revoke --- */

static int not_found(const struct node *rows, const char *given, struct error *err)
{
	const char *names[64];
	size_t count = 0;

	for (size_t i = 0; i < node_count(rows) && count < 64; i++)
		if (row_text(node_item(rows, i), "name"))
			names[count++] = row_text(node_item(rows, i), "name");
	const char *nearest = text_nearest(given, names, count);
	return nearest ? error_set(err, ERROR_NOT_FOUND,
				   "there is no valid token '%s'; did you mean '%s'?",
				   given, nearest)
		       : error_set(err, ERROR_NOT_FOUND, "there is no valid token '%s'",
				   given);
}

/* A name goes before an id: somebody may have called a token "7". */
static int find_token(struct token *token, const char *given, uint64_t *id,
		      struct error *err)
{
	const struct node *rows;
	uint64_t number = 0;

	int rc = read_tokens(token, &rows, err);
	if (rc != 0)
		return rc;
	if (text_parse_u64(given, &number) != 0)
		number = 0;
	*id = 0;
	for (size_t i = 0; i < node_count(rows); i++) {
		const struct node *row = node_item(rows, i);
		const char *name = row_text(row, "name");
		if (row_time(row, "revoked_at"))
			continue;
		if (name && strcmp(name, given) == 0)
			*id = row_number(row, "id");
		else if (number && !*id && row_number(row, "id") == number)
			*id = number;
	}
	return *id ? 0 : not_found(rows, given, err);
}

static int end_token(struct token *token, const char *given, struct error *err)
{
	char shown[256];
	uint64_t id = 0;

	int rc =
		service_open(&token->service, token->socket, token->config, false, err);
	if (rc == 0)
		rc = find_token(token, given, &id, err);
	if (rc == 0)
		rc = revoke_token(token, id, err);
	if (rc != 0)
		return cmd_fail(err);
	if (token->json)
		printf("{\"id\":%llu}\n", (unsigned long long)id);
	else
		printf("token %s is revoked\n",
		       text_escape_into(shown, sizeof(shown), given, strlen(given)));
	return 0;
}

/* --- the command --- */

int cmd_token(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct token token = { .config = CMD_CONFIG_FILE,
			       .colour = cmd_colour(STDOUT_FILENO) };
	const struct cmd_option options[] = {
		{ "scope", 's', "LIST",
		  "create: what it may: read, poll, deploy, with commas between",
		  &token.scope, NULL },
		{ "expires", 'e', "TIME",
		  "create: when it ends: 90d, 2030-12-31 (by default it does not)",
		  &token.expires, NULL },
		{ "json", 0, NULL, "as JSON", NULL, &token.json },
		{ "config", 'c', "FILE", "the configuration (" CMD_CONFIG_FILE ")",
		  &token.config, NULL },
		{ "socket", 0, "PATH", "the service's local socket", &token.socket,
		  NULL },
	};
	int operands;

	int rc = cmd_parse(argc, argv, "token", options,
			   sizeof(options) / sizeof(options[0]), &operands);
	if (rc != 0)
		return rc - 1;
	const char *verb = operands < argc ? argv[operands] : "";
	int rest = argc - operands - 1;
	bool creates = strcmp(verb, "create") == 0;
	if (!creates && (token.scope || token.expires))
		return cmd_usage("token", "--scope and --expires are for 'create'");
	if (creates && rest == 1)
		rc = create(&token, argv[operands + 1], &err);
	else if (strcmp(verb, "list") == 0 && rest == 0)
		rc = list(&token, &err);
	else if (strcmp(verb, "revoke") == 0 && rest == 1)
		rc = end_token(&token, argv[operands + 1], &err);
	else
		rc = cmd_usage("token", "create NAME --scope LIST, list, or revoke "
					"ID|NAME");
	service_close(&token.service);
	return rc;
}
