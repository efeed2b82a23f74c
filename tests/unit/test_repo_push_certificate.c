/* tests/unit/test_repo_push_certificate.c - push certificates are split as git wrote
 * them; what it never writes is refused, each in its own words. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "repo/push_certificate.h"
#include "tampering.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z "0000000000000000000000000000000000000000"

#define VERSION "certificate version 0.1\n"
#define PUSHER  "pusher SHA256:key  1795253400 +0100\n"
#define PUSHEE  "pushee git.example.org:acme/shop.git\n"
#define NONCE   "nonce 1795253399-0123456789abcdef\n"
#define OPTION  "push-option ci skip\n"
#define FIRST   A " " B " refs/heads/main\n"
#define SECOND  Z " " B " refs/tags/v1\n"
#define BEGIN   "-----BEGIN SSH SIGNATURE-----\n"
#define END     "-----END SSH SIGNATURE-----\n"
#define GENUINE                                                                        \
	VERSION PUSHER PUSHEE NONCE OPTION "\n" FIRST SECOND BEGIN "U1NIU0lH\n" END

static int split(struct push_certificate *out, struct arena *arena, const char *text,
		 size_t length, struct error *err)
{
	return push_certificate_split(out, arena, text, length, 20, &limits_default,
				      err);
}

static void assert_span(struct span span, const char *text)
{
	ck_assert_msg(span.length == strlen(text) &&
			      memcmp(span.bytes, text, span.length) == 0,
		      "'%.*s' is not '%s'", (int)span.length, span.bytes, text);
}

START_TEST(what_git_writes_is_split)
{
	struct arena *arena = arena_new(1 << 20);
	struct push_certificate found;
	struct error err = ERROR_INIT;
	ck_assert_msg(split(&found, arena, GENUINE, strlen(GENUINE), &err) == 0, "%s",
		      err.text);
	assert_span(found.pusher, "SHA256:key");
	ck_assert_int_eq(found.seconds, 1795253400);
	assert_span(found.pushee, "git.example.org:acme/shop.git");
	assert_span(found.nonce, "1795253399-0123456789abcdef");
	ck_assert_uint_eq(found.option_count, 1);
	assert_span(found.options[0], "ci skip");
	ck_assert_uint_eq(found.update_count, 2);
	ck_assert_str_eq(found.updates[0].ref, "refs/heads/main");
	ck_assert_str_eq(oid_text(&found.updates[0].old_id), A);
	ck_assert_str_eq(oid_text(&found.updates[0].new_id), B);
	ck_assert(oid_is_null(&found.updates[1].old_id));
	ck_assert_str_eq(found.updates[1].ref, "refs/tags/v1");
	ck_assert_uint_eq(found.payload.length + found.signature.length,
			  strlen(GENUINE));
	ck_assert_ptr_eq(found.signature.bytes,
			 found.payload.bytes + found.payload.length);
	ck_assert_int_eq(strncmp(found.signature.bytes, BEGIN, strlen(BEGIN)), 0);
	arena_free(arena);
}
END_TEST

/* What may be there or not, and who may be named. */
START_TEST(other_forms_that_git_writes_are_split)
{
	static const struct {
		const char *name;
		const char *text;
	} cases[] = {
		{ "without pushee", VERSION PUSHER NONCE "\n" FIRST BEGIN END },
		{ "without nonce", VERSION PUSHER PUSHEE "\n" FIRST BEGIN END },
		{ "with a pusher alone", VERSION PUSHER "\n" FIRST BEGIN END },
		{ "by name and address", VERSION "pusher Alice <a@example.org> 5 "
						 "-0000\n"
						 "\n" FIRST BEGIN END },
		{ "by key id", VERSION "pusher 0xDEADBEEF! 1795253400 +0530\n"
				       "\n" FIRST BEGIN END },
		{ "with options, one empty",
		  VERSION PUSHER OPTION "push-option \n" OPTION "\n" FIRST BEGIN END },
		{ "signed by OpenPGP", VERSION PUSHER "\n" FIRST "-----BEGIN PGP "
						      "SIGNATURE-----\n\n=\n-----END "
						      "PGP "
						      "SIGNATURE-----\n" },
		{ "signed by X.509", VERSION PUSHER "\n" FIRST "-----BEGIN SIGNED "
						    "MESSAGE-----\nM\n-----"
						    "END SIGNED MESSAGE-----\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_new(1 << 20);
		struct push_certificate found;
		tampering_genuine("push certificate", cases[i].name,
				  split(&found, arena, cases[i].text,
					strlen(cases[i].text), NULL));
		arena_free(arena);
	}
}
END_TEST

struct spoil {
	const char *what;
	const char *from; /* a part of GENUINE; "": its end */
	const char *to;
	int code;
	bool variant; /* of a row above with the same code */
};

/* Puts `to` in the place of the first `from`; '\1' stands for NUL. */
static void spoil(struct buf *out, const struct spoil *change)
{
	const char *at =
		*change->from ? strstr(GENUINE, change->from) : strchr(GENUINE, '\0');
	ck_assert_msg(at != NULL, "%s: not in the certificate", change->what);
	buf_add(out, GENUINE, (size_t)(at - GENUINE));
	buf_add_string(out, change->to);
	buf_add_string(out, at + strlen(change->from));
	for (size_t i = 0; i < out->length; i++)
		if (out->data[i] == '\1')
			out->data[i] = '\0';
}

static const struct spoil spoils[] = {
	{ "no bytes", GENUINE, "", ERROR_PUSH_EMPTY, false },
	{ "NUL in a header", "0.1", "0.1\1", ERROR_PUSH_NUL_HEADER, false },
	{ "NUL in an update", "refs/heads/main", "refs/heads/main\1",
	  ERROR_PUSH_NUL_UPDATES, false },
	{ "NUL at the end", "", "\1", ERROR_PUSH_NUL_UPDATES, true },
	{ "cut in a header",
	  PUSHEE NONCE OPTION "\n" FIRST SECOND BEGIN "U1NIU0lH\n" END, "pushee x",
	  ERROR_PUSH_UNTERMINATED, false },
	{ "cut behind the headers", "\n" FIRST SECOND BEGIN "U1NIU0lH\n" END, "\n",
	  ERROR_PUSH_UNSIGNED, false },
	{ "no blank line", OPTION "\n" FIRST SECOND BEGIN "U1NIU0lH\n" END, "",
	  ERROR_PUSH_NO_BLANK, false },
	{ "CR in a header", "0.1\n", "0.1\r\n", ERROR_PUSH_CR, false },
	{ "no name", "nonce ", "nonce", ERROR_PUSH_HEADER_NAME, false },
	{ "continued pushee", PUSHEE, PUSHEE " x\n", ERROR_PUSH_CONTINUATION, false },
	{ "continuation first", VERSION, " x\n" VERSION, ERROR_PUSH_CONTINUATION_FIRST,
	  false },
	{ "no version", VERSION, "", ERROR_PUSH_VERSION_MISSING, false },
	{ "other version", "0.1", "0.2", ERROR_PUSH_VERSION, false },
	{ "no pusher", PUSHER, "", ERROR_PUSH_PUSHER_MISSING, false },
	{ "unknown header", NONCE, NONCE "x y\n", ERROR_PUSH_HEADER_UNKNOWN, false },
	{ "unknown header first", VERSION, "x y\n" VERSION, ERROR_PUSH_HEADER_UNKNOWN,
	  true },
	{ "two pushees", PUSHEE, PUSHEE PUSHEE, ERROR_PUSH_HEADER_TWICE, false },
	{ "two nonces", NONCE, NONCE NONCE, ERROR_PUSH_HEADER_TWICE, true },
	{ "nonce before pushee", PUSHEE NONCE, NONCE PUSHEE, ERROR_PUSH_ORDER, false },
	{ "pusher behind nonce", OPTION, PUSHER OPTION, ERROR_PUSH_ORDER, true },
	{ "nonce behind option", OPTION, OPTION NONCE, ERROR_PUSH_HEADER_TWICE, true },
	{ "pusher without date", "1795253400 +0100", "", ERROR_PUSH_PUSHER_FORM,
	  false },
	{ "pusher without zone", " +0100", "", ERROR_PUSH_PUSHER_FORM, true },
	{ "pusher without name", "SHA256:key ", "", ERROR_PUSH_PUSHER_FORM, true },
	{ "pusher's date no number", "1795253400", "17952534x0", ERROR_PUSH_PUSHER_FORM,
	  true },
	{ "pusher's date too late", "1795253400", "99999999999999",
	  ERROR_PUSH_PUSHER_FORM, true },
	{ "pusher's zone", "+0100", "+01:0", ERROR_PUSH_PUSHER_FORM, true },
	{ "pushee empty", "git.example.org:acme/shop.git", "", ERROR_PUSH_PUSHEE_EMPTY,
	  false },
	{ "nonce empty", "1795253399-0123456789abcdef", "", ERROR_PUSH_NONCE_EMPTY,
	  false },
	{ "no updates", FIRST SECOND, "", ERROR_PUSH_UPDATES_NONE, false },
	{ "blank line", FIRST, FIRST "\n", ERROR_PUSH_UPDATE_ID, false },
	{ "text between", FIRST, FIRST "text\n", ERROR_PUSH_UPDATE_ID, true },
	{ "short id", A " ", "aaaa ", ERROR_PUSH_UPDATE_ID, true },
	{ "upper-case id", A " ", "AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ",
	  ERROR_PUSH_UPDATE_ID, true },
	{ "long id", A " ", A "aaaaaaaaaaaaaaaaaaaaaaaa ", ERROR_PUSH_UPDATE_ID, true },
	{ "two blanks", B " refs/heads/main", B "  refs/heads/main",
	  ERROR_PUSH_UPDATE_REF, false },
	{ "short name", "refs/heads/main", "main", ERROR_PUSH_UPDATE_REF, true },
	{ "no name of a ref", "refs/heads/main", "", ERROR_PUSH_UPDATE_REF, true },
	{ "blank in a name", "refs/heads/main", "refs/heads/main x",
	  ERROR_PUSH_UPDATE_REF, true },
	{ "CR in an update", "main\n", "main\r\n", ERROR_PUSH_UPDATE_CR, false },
	{ "one ref twice", SECOND, FIRST, ERROR_PUSH_UPDATE_TWICE, false },
	{ "not signed", BEGIN "U1NIU0lH\n" END, "", ERROR_PUSH_UNSIGNED, true },
	{ "signature's first line", BEGIN, "-----BEGIN SSH SIGNATURE----- \n",
	  ERROR_PUSH_SIGNATURE_BEGIN, false },
	{ "two signatures", "", BEGIN "U1NIU0lH\n" END, ERROR_PUSH_SIGNATURE_TWICE,
	  false },
	{ "two formats", BEGIN, "-----BEGIN PGP SIGNATURE-----\n" BEGIN,
	  ERROR_PUSH_SIGNATURE_TWICE, true },
	{ "a signature among the updates", FIRST, BEGIN END FIRST,
	  ERROR_PUSH_SIGNATURE_TWICE, true },
	{ "no END", END, "", ERROR_PUSH_SIGNATURE_UNFINISHED, false },
	{ "cut in BEGIN", "\nU1NIU0lH\n" END, "", ERROR_PUSH_SIGNATURE_UNFINISHED,
	  true },
	{ "no last LF", END, "-----END SSH SIGNATURE-----",
	  ERROR_PUSH_SIGNATURE_NEWLINE, false },
	{ "trailing byte", "", "\n", ERROR_PUSH_SIGNATURE_TRAILING, false },
	{ "trailing text", "", "text\n", ERROR_PUSH_SIGNATURE_TRAILING, true },
	{ "CR behind END", END, "-----END SSH SIGNATURE-----\r\n",
	  ERROR_PUSH_SIGNATURE_TRAILING, true },
};

START_TEST(what_git_never_writes_is_refused)
{
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		struct arena *arena = arena_new(1 << 20);
		struct buf text = BUF_INIT(1 << 16);
		struct push_certificate found = { .seconds = 42 };
		struct error err = ERROR_INIT;
		tampering_begin("push certificate", spoils[i].what);
		tampering_twin(split(&(struct push_certificate){ .seconds = 0 }, arena,
				     GENUINE, strlen(GENUINE), NULL));
		spoil(&text, &spoils[i]);
		int rc = split(&found, arena, text.length ? text.data : "", text.length,
			       &err);
		tampering_refused(rc, spoils[i].code, spoils[i].variant);
		ck_assert_int_eq(found.seconds, 42);
		buf_release(&text);
		arena_free(arena);
	}
}
END_TEST

/* Cut anywhere, it is refused: the certificate ends with its signature. */
START_TEST(no_part_is_a_certificate)
{
	for (size_t length = 0; length < strlen(GENUINE); length++) {
		struct arena *arena = arena_new(1 << 20);
		struct push_certificate found;
		struct error err = ERROR_INIT;
		char *text = malloc(length + 1); /* so that reading on is seen */
		memcpy(text, GENUINE, length);
		ck_assert_int_ne(split(&found, arena, text, length, &err), 0);
		free(text);
		arena_free(arena);
	}
}
END_TEST

START_TEST(updates_have_a_limit)
{
	struct limits limits = limits_default;
	struct arena *arena = arena_new(1 << 20);
	struct push_certificate found;
	struct error err = ERROR_INIT;
	limits.values[LIMIT_GIT_REFS_PER_PUSH] = 2;
	ck_assert_int_eq(push_certificate_split(&found, arena, GENUINE, strlen(GENUINE),
						20, &limits, NULL),
			 0);
	limits.values[LIMIT_GIT_REFS_PER_PUSH] = 1;
	ck_assert_int_eq(push_certificate_split(&found, arena, GENUINE, strlen(GENUINE),
						20, &limits, &err),
			 ERROR_LIMIT);
	ck_assert(strstr(err.text, "git.refs_per_push") != NULL);
	arena_free(arena);
}
END_TEST

UNIT_MAIN("repo push certificate", what_git_writes_is_split,
	  other_forms_that_git_writes_are_split, what_git_never_writes_is_refused,
	  no_part_is_a_certificate, updates_have_a_limit)
