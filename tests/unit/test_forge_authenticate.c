/* tests/unit/test_forge_authenticate.c - genuine deliveries of every forge pass, and
 * say what they are. */
#include "forge_request.h"
#include "unit.h"

START_TEST(genuine_deliveries_pass)
{
	for (int kind = FORGE_GITHUB; kind < FORGE_COUNT; kind++) {
		struct forge_authentic out;
		struct request request = genuine((enum forge_kind)kind);
		ck_assert_int_eq(authenticate(&request, &out, NULL), 0);
		ck_assert(!out.weak && !out.form);
		ck_assert_str_eq(out.event, "");
	}
}
END_TEST

START_TEST(each_of_two_secrets_passes)
{
	for (int kind = FORGE_GITHUB; kind < FORGE_COUNT; kind++) {
		struct request request = genuine((enum forge_kind)kind);
		bool standard = kind == FORGE_GITLAB || kind == FORGE_STANDARD;
		request.secrets[1] = standard ? OTHERS : OTHER;
		request.secret_count = 2;
		accepted(&request, "by the first");
		request.secrets[1] = request.secrets[0];
		request.secrets[0] = standard ? OTHERS : OTHER;
		accepted(&request, "by the second");
		request.secrets[1] = request.secrets[0];
		refused(&request, "by neither");
		request.secrets[0] = "";
		refused(&request, "an empty one beside it");
	}
}
END_TEST

START_TEST(githubs_published_example_passes)
{
	struct request request = genuine(FORGE_GITHUB);
	set_body(&request, "Hello, World!");
	set(&request, "X-Hub-Signature-256",
	    "sha256="
	    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
	accepted(&request, "published");
	set(&request, "X-Hub-Signature-256",
	    "sha256="
	    "757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17");
	accepted(&request, "in upper case");
}
END_TEST

START_TEST(standard_signatures_stand_in_lists_and_windows)
{
	char entry[ROOM];
	char list[ROOM];
	struct request request = genuine(FORGE_STANDARD);
	entry_of(&request, KEY, entry);
	snprintf(list, sizeof(list),
		 "v1a,AAAA v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= %.100s",
		 entry);
	set(&request, "webhook-signature", list);
	accepted(&request, "the last of a list");
	request = genuine(FORGE_STANDARD);
	time_as(&request, "1799999700");
	accepted(&request, "300 s ago");
	time_as(&request, "1800000300");
	accepted(&request, "300 s ahead");
}
END_TEST

START_TEST(the_text_tells_the_offset_of_the_clocks)
{
	struct error err = ERROR_INIT;
	struct forge_authentic out;
	struct request request = genuine(FORGE_GITLAB);
	time_as(&request, "1799996400");
	ck_assert_int_eq(authenticate(&request, &out, &err), ERROR_UNAUTHENTICATED);
	ck_assert_ptr_nonnull(strstr(err.text, "3600 s behind"));
	error_clear(&err);
	time_as(&request, "1800003600");
	ck_assert_int_eq(authenticate(&request, &out, &err), ERROR_UNAUTHENTICATED);
	ck_assert_ptr_nonnull(strstr(err.text, "3600 s ahead"));
}
END_TEST

/* --- Gitea and Forgejo --- */

START_TEST(gitea_takes_the_first_header_that_is_there)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	char hub[ROOM];
	struct request request = genuine(FORGE_GITEA);
	hmac_hex(EVP_sha256(), SECRET, BODY, strlen(BODY), hex);
	snprintf(hub, sizeof(hub), "sha256=%s", hex);
	add(&request, "X-Hub-Signature-256", "sha256=");
	accepted(&request, "the others are not asked");
	drop(&request, "X-Gitea-Signature");
	refused(&request, "an empty one of GitHub's name");
	set(&request, "X-Hub-Signature-256", hub);
	accepted(&request, "GitHub's name alone");
	add(&request, "X-Gitea-Signature", "");
	refused(&request, "an empty one in front");
	request = genuine(FORGE_FORGEJO);
	drop(&request, "X-Forgejo-Signature");
	add(&request, "X-Gitea-Signature", hex);
	accepted(&request, "Forgejo by Gitea's name");
	add(&request, "X-Forgejo-Signature", "");
	refused(&request, "an empty one of Forgejo's name");
	request = genuine(FORGE_GITEA);
	drop(&request, "X-Gitea-Signature");
	add(&request, "X-Forgejo-Signature", hex);
	refused(&request, "Gitea by Forgejo's name");
}
END_TEST

/* They sign the JSON that a form carries, GitHub the form. */
START_TEST(forms_are_signed_as_each_forge_does)
{
	struct forge_authentic out;
	struct request request = genuine(FORGE_GITEA);
	set_body(&request, FORM);
	set(&request, "Content-Type", "application/x-www-form-urlencoded");
	ck_assert_int_eq(authenticate(&request, &out, NULL), 0);
	ck_assert(out.form);
	sign_hex(&request, SECRET, FORM);
	refused(&request, "Gitea signs no form");
	request = genuine(FORGE_GITHUB);
	set_body(&request, FORM);
	set(&request, "Content-Type", "application/x-www-form-urlencoded");
	refused(&request, "GitHub signs the form");
	sign_hex(&request, SECRET, FORM);
	ck_assert_int_eq(authenticate(&request, &out, NULL), 0);
	ck_assert(out.form);
}
END_TEST

START_TEST(a_malformed_form_is_refused_though_signed)
{
	static const char *const forms[] = { "",
					     "payload",
					     "payload=%",
					     "payload=%7",
					     "payload=%zz",
					     "payload={}&a=b",
					     "a=b&payload={}",
					     "payload=a b",
					     "Payload={}",
					     "payload=\x01" };
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct request request = genuine(FORGE_FORGEJO);
		set(&request, "Content-Type", "application/x-www-form-urlencoded");
		set_body(&request, forms[i]);
		sign_hex(&request, SECRET, forms[i]);
		refused(&request, forms[i]);
	}
}
END_TEST

/* --- headers --- */

START_TEST(content_types_nobody_reads_are_told_apart)
{
	static const char *const good[] = { "application/json",
					    "APPLICATION/JSON;charset=UTF-8",
					    "application/json ; charset=utf-8" };
	static const char *const bad[] = { "",
					   "text/plain",
					   "application/jsonp",
					   "application/json, text/plain",
					   "application/xml",
					   "multipart/form-data",
					   "application/x-www-form-urlencoded" };
	struct forge_authentic out;
	struct error err = ERROR_INIT;
	struct request request = genuine(FORGE_GITLAB);
	for (size_t i = 0; i < COUNT(good); i++) {
		set(&request, "Content-Type", good[i]);
		accepted(&request, good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		set(&request, "Content-Type", bad[i]);
		ck_assert_int_eq(authenticate(&request, &out, NULL), ERROR_USAGE);
	}
	drop(&request, "Content-Type");
	ck_assert_int_eq(authenticate(&request, &out, &err), ERROR_USAGE);
	by_other_key(&request);
	refused(&request, "not authentic, whatever its type");
}
END_TEST

START_TEST(events_and_ids_come_from_each_forges_headers)
{
	static const struct {
		enum forge_kind kind;
		const char *event;
		const char *event_type;
		const char *id;
	} rows[] = {
		{ FORGE_GITHUB, "X-GitHub-Event", NULL, "X-GitHub-Delivery" },
		{ FORGE_GITLAB, "X-Gitlab-Event", NULL, "webhook-id" },
		{ FORGE_GITEA, "X-Gitea-Event", "X-Gitea-Event-Type",
		  "X-Gitea-Delivery" },
		{ FORGE_FORGEJO, "X-Forgejo-Event", "X-Forgejo-Event-Type",
		  "X-Forgejo-Delivery" },
		{ FORGE_FORGEJO, "X-Gitea-Event", "X-Gitea-Event-Type",
		  "X-Gitea-Delivery" },
		{ FORGE_BITBUCKET_CLOUD, "X-Event-Key", NULL, "X-Request-UUID" },
		{ FORGE_BITBUCKET_SERVER, "X-Event-Key", NULL, "X-Request-Id" },
		{ FORGE_HMAC, NULL, NULL, "X-Request-Id" },
		{ FORGE_STANDARD, NULL, NULL, "webhook-id" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct forge_authentic out;
		struct request request = genuine(rows[i].kind);
		if (rows[i].event != NULL)
			set(&request, rows[i].event, "push");
		if (rows[i].event_type != NULL)
			set(&request, rows[i].event_type, "push_fine");
		set(&request, rows[i].id, "id-1");
		sign_again(&request);
		ck_assert_int_eq(authenticate(&request, &out, NULL), 0);
		ck_assert_str_eq(out.event, rows[i].event == NULL ? "" : "push");
		ck_assert_str_eq(out.event_type,
				 rows[i].event_type == NULL ? "" : "push_fine");
		ck_assert_str_eq(out.forge_id, "id-1");
	}
}
END_TEST

START_TEST(a_header_that_is_twice_or_no_label_is_refused)
{
	char longest[202];
	struct request request = genuine(FORGE_GITHUB);
	add(&request, "X-GitHub-Event", "push");
	add(&request, "X-GitHub-Event", "push");
	refused(&request, "two events");
	request = genuine(FORGE_GITHUB);
	add(&request, "X-GitHub-Event", "push\x1b[2J");
	refused(&request, "control bytes");
	set(&request, "X-GitHub-Event", "p\xc3\xbcsh");
	refused(&request, "not ASCII");
	memset(longest, 'a', sizeof(longest));
	longest[201] = '\0';
	set(&request, "X-GitHub-Event", longest);
	refused(&request, "201 bytes");
	longest[200] = '\0';
	set(&request, "X-GitHub-Event", longest);
	accepted(&request, "200 bytes");
	add(&request, "Content-Type", "application/json");
	refused(&request, "two content types");
}
END_TEST

START_TEST(a_forge_that_is_none_is_refused)
{
	struct request request = genuine(FORGE_GITHUB);
	request.kind = FORGE_UNKNOWN;
	refused(&request, "unknown");
	request.kind = FORGE_COUNT;
	refused(&request, "beyond the last");
}
END_TEST

UNIT_MAIN("forge", genuine_deliveries_pass, each_of_two_secrets_passes,
	  githubs_published_example_passes,
	  standard_signatures_stand_in_lists_and_windows,
	  the_text_tells_the_offset_of_the_clocks,
	  gitea_takes_the_first_header_that_is_there,
	  forms_are_signed_as_each_forge_does,
	  a_malformed_form_is_refused_though_signed,
	  content_types_nobody_reads_are_told_apart,
	  events_and_ids_come_from_each_forges_headers,
	  a_header_that_is_twice_or_no_label_is_refused,
	  a_forge_that_is_none_is_refused)
