/* tests/unit/test_forge_github_app.c - acting as a GitHub App: its own token, and those
 * of its installations. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "doc/doc.h"
#include "forge/call.h"
#include "forge/github.h"
#include "forge_key.h"
#include "forge_scene.h"
#include "unit.h"

#define NOW INT64_C(1795253400)

static struct scene scene;
static struct arena *arena;
static struct forge *forge;
static struct error err;
static int64_t retry_at;

static void begin(const char *token, int64_t expires)
{
	struct msg_forge_session session = { .kind = "github",
					     .app_id = 77,
					     .app_key = forge_key,
					     .installation_token = token,
					     .installation_expires = expires };
	scene_begin(&scene);
	forge = scene_open(&scene, &session);
	arena = arena_new((size_t)64 << 20);
}

static void end(void)
{
	forge_close(forge);
	arena_free(arena);
	scene_end(&scene);
}

/* Any call about a repository. */
static int ask(const char *name)
{
	struct forge_merge_request *all = NULL;
	size_t count = 0;
	err = (struct error)ERROR_INIT;
	return forge_open_merge_requests(forge, name, arena, &all, &count, &retry_at,
					 &err);
}

static void know(const char *name, int installation)
{
	char line[256];
	char body[64];
	snprintf(line, sizeof(line), "GET /repos/%s/installation", name);
	snprintf(body, sizeof(body), "{\"id\":%d}", installation);
	scene_always(&scene, line, 200, body);
	snprintf(line, sizeof(line), "GET /repos/%s/pulls?state=open&per_page=100",
		 name);
	scene_always(&scene, line, 200, "[]");
}

static void sell(int installation, const char *token, int64_t expires)
{
	char line[256];
	char body[256];
	char when[CLOCK_TEXT_BYTES];
	clock_format(expires, 0, when);
	snprintf(line, sizeof(line), "POST /app/installations/%d/access_tokens",
		 installation);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"expires_at\":\"%s\"}", token,
		 when);
	scene_always(&scene, line, 201, body);
}

static const char *credential(size_t request)
{
	const char *field = strstr(scene.requests[request].head, "\r\nAuthorization: "
								 "Bearer ");
	ck_assert_ptr_nonnull(field);
	return field + strlen("\r\nAuthorization: Bearer ");
}

/* --- the App's own token --- */

static void from_base64url(const char *text, size_t length, struct buf *out)
{
	struct buf padded = BUF_INIT(8192);
	for (size_t i = 0; i < length; i++)
		buf_add_byte(&padded, text[i] == '-'   ? '+'
				      : text[i] == '_' ? '/'
						       : (unsigned char)text[i]);
	while (padded.length % 4 != 0)
		buf_add_byte(&padded, '=');
	ck_assert_int_eq(base64_decode(padded.data, padded.length, out), 0);
	buf_release(&padded);
}

START_TEST(token_is_signed_and_short_lived)
{
	EVP_PKEY *key = NULL;
	const char *pem = forge_key_make(2048, &key);
	const char *token = NULL;
	struct buf part = BUF_INIT(8192);
	arena = arena_new((size_t)1 << 20);
	ck_assert_int_eq(github_jwt(pem, 77, NOW * CLOCK_SECOND, arena, &token, &err),
			 0);
	const char *first = strchr(token, '.');
	const char *second = strchr(first + 1, '.');
	ck_assert_ptr_null(strpbrk(token, "+/= \n"));
	from_base64url(token, (size_t)(first - token), &part);
	ck_assert_str_eq(part.data, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
	buf_reset(&part);
	from_base64url(first + 1, (size_t)(second - first - 1), &part);
	ck_assert_str_eq(part.data, "{\"iat\":1795253340,\"exp\":1795253940,"
				    "\"iss\":\"77\"}");
	buf_reset(&part);
	from_base64url(second + 1, strlen(second + 1), &part);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ck_assert_int_eq(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key),
			 1);
	ck_assert_int_eq(EVP_DigestVerify(context, (const unsigned char *)part.data,
					  part.length, (const unsigned char *)token,
					  (size_t)(second - token)),
			 1);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	buf_release(&part);
	arena_free(arena);
}
END_TEST

START_TEST(keys_that_cannot_be_used_are_refused)
{
	static const char *const keys[] = {
		"",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		/* of an elliptic curve: from RFC 8410, section 10.3 */
		"-----BEGIN PRIVATE KEY-----\n"
		"MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
		"-----END PRIVATE KEY-----\n",
	};
	const char *token = NULL;
	arena = arena_new((size_t)1 << 20);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		err = (struct error)ERROR_INIT;
		ck_assert_int_eq(github_jwt(keys[i], 77, NOW, arena, &token, &err),
				 ERROR_USAGE);
		ck_assert_ptr_nonnull(strstr(err.text, "app-key-file"));
	}
	err = (struct error)ERROR_INIT;
	ck_assert_int_eq(
		github_jwt(forge_key_make(1024, NULL), 77, NOW, arena, &token, &err),
		ERROR_USAGE);
	ck_assert_ptr_null(token);
	arena_free(arena);
}
END_TEST

/* --- tokens of installations --- */

START_TEST(token_is_bought_once_a_session)
{
	struct msg_forge_budget budget;
	begin(NULL, 0);
	know("acme/shop", 3);
	sell(3, "ghs_new", clock_now() + 3600 * CLOCK_SECOND);
	ck_assert_int_eq(ask("acme/shop"), 0);
	ck_assert_int_eq(ask("acme/shop"), 0);
	ck_assert_uint_eq(scene.request_count, 4);
	ck_assert_str_eq(scene.requests[0].line, "GET /repos/acme/shop/installation");
	ck_assert_ptr_nonnull(strchr(credential(0), '.'));
	ck_assert_ptr_nonnull(strchr(credential(1), '.'));
	ck_assert(strncmp(credential(2), "ghs_new\r", 8) == 0 ||
		  strcmp(credential(2), "ghs_new") == 0);
	forge_budget(forge, &budget);
	ck_assert_str_eq(budget.installation_token, "ghs_new");
	ck_assert_uint_eq(budget.installation, 3);
	end();
}
END_TEST

START_TEST(token_of_before_is_used_until_it_ends)
{
	begin("ghs_kept", clock_now() + 3600 * CLOCK_SECOND);
	know("acme/shop", 0);
	ck_assert_int_eq(ask("acme/shop"), 0);
	ck_assert_uint_eq(scene.request_count, 2);
	ck_assert_int_eq(strncmp(credential(1), "ghs_kept", 8), 0);
	end();
	begin("ghs_kept", clock_now() + 60 * CLOCK_SECOND);
	know("acme/shop", 0);
	sell(0, "ghs_new", clock_now() + 3600 * CLOCK_SECOND);
	ck_assert_int_eq(ask("acme/shop"), 0);
	ck_assert_int_eq(strncmp(credential(2), "ghs_new", 7), 0);
	end();
}
END_TEST

START_TEST(each_owner_has_its_own_token)
{
	begin(NULL, 0);
	know("acme/shop", 3);
	know("umbrella/lab", 4);
	sell(3, "ghs_acme", clock_now() + 3600 * CLOCK_SECOND);
	sell(4, "ghs_umbrella", clock_now() + 3600 * CLOCK_SECOND);
	ck_assert_int_eq(ask("acme/shop"), 0);
	ck_assert_int_eq(ask("umbrella/lab"), 0);
	ck_assert_int_eq(strncmp(credential(2), "ghs_acme", 8), 0);
	ck_assert_int_eq(strncmp(credential(5), "ghs_umbrella", 12), 0);
	ck_assert_uint_eq(scene_strangers(&scene), 0);
	end();
}
END_TEST

START_TEST(app_that_is_not_installed_says_so)
{
	begin(NULL, 0);
	ck_assert_int_eq(ask("acme/shop"), ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "not installed on 'acme/shop'"));
	end();
}
END_TEST

START_TEST(denied_token_is_not_kept)
{
	struct msg_forge_budget budget;
	begin("ghs_kept", clock_now() + 3600 * CLOCK_SECOND);
	scene_always(&scene, "GET /repos/acme/shop/installation", 200, "{\"id\":0}");
	scene_always(&scene, "GET /repos/acme/shop/pulls?state=open&per_page=100", 403,
		     "{\"message\":\"Resource not accessible by integration\"}");
	ck_assert_int_eq(ask("acme/shop"), ERROR_FORGE_DENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "Pull requests: read"));
	forge_budget(forge, &budget);
	ck_assert_ptr_null(budget.installation_token);
	end();
}
END_TEST

START_TEST(useless_tokens_are_errors)
{
	static const char *const replies[] = {
		"{}",
		"{\"token\":\"\",\"expires_at\":\"2030-01-01T00:00:00Z\"}",
		"{\"token\":\"ghs_x\"}",
		"{\"token\":7,\"expires_at\":\"2030-01-01T00:00:00Z\"}",
	};
	begin(NULL, 0);
	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
		scene_reset(&scene);
		know("acme/shop", 3);
		scene_always(&scene, "POST /app/installations/3/access_tokens", 201,
			     replies[i]);
		ck_assert_int_eq(ask("acme/shop"), ERROR_FORGE);
	}
	end();
}
END_TEST

START_TEST(app_without_a_key_does_not_open)
{
	struct msg_forge_session session = { .kind = "github",
					     .app_id = 77,
					     .api = "http://127.0.0.1:1" };
	ck_assert_int_eq(forge_open(&forge, &session, &err), ERROR_USAGE);
}
END_TEST

UNIT_MAIN("forge/github app", token_is_signed_and_short_lived,
	  keys_that_cannot_be_used_are_refused, token_is_bought_once_a_session,
	  token_of_before_is_used_until_it_ends, each_owner_has_its_own_token,
	  app_that_is_not_installed_says_so, denied_token_is_not_kept,
	  useless_tokens_are_errors, app_without_a_key_does_not_open)
