/* tests/unit/test_conf_memory.c - every allocation in turn fails (T3): a configuration
 * or policy is refused whole, never read in part, and nothing leaks (the sanitizer
 * looks). */
#include "conf/config.h"
#include "conf_fixture.h"
#include "failing_memory.h"

#define TEXT                                                                           \
	"admins: [root, '@wheel']\nlog-level: debug\n"                                 \
	"sources: {hub: {kind: gitea, api: 'http://h/v1/', token-file: t}}\n"          \
	"repositories: {shop: {path: /srv/shop.git, source: hub, name: a/shop, "       \
	"anchor: {refs/heads/main: root}}}\n"                                          \
	"targets: {web: {repository: shop, directory: {path: /srv/web}}}\n"            \
	"principals: {alice: {email: a@example.org, ssh: '" ALICE_KEY "'}}\n"          \
	"groups: {all: [some], some: [alice]}\nrevoked-keys-file: revoked\n"           \
	"rules:\n"                                                                     \
	"  - {name: a, signatures: {by: [all]}, commits: {message: '^x'}}\n"           \
	"  - {name: b, repositories: [shop], schema: {file: schema.json}}\n"

static struct fixture scene(void)
{
	struct fixture fixture = fixture_new(TEXT);
	fixture_write(&fixture, "revoked", BOB_KEY "\n");
	fixture_write(&fixture, "schema.json", "{\"type\": \"object\"}");
	return fixture;
}

/* The digest of the floor, by the service's way or by the hook's. */
static int read_floor(const struct fixture *fixture, bool hook, struct digest *out,
		      struct error *err)
{
	struct config *config = NULL;
	struct policy *policy = NULL;
	int code = hook ? config_load_floor(&policy, fixture->file, "shop", NULL, err)
			: config_load(&config, fixture->file, err);
	if (code != 0)
		ck_assert(config == NULL && policy == NULL);
	if (code == 0 && !hook)
		code = policy_from_pack(&policy, config->floor, config->floor_length,
					"shop", err);
	if (code == 0)
		code = policy_finish(policy, err);
	if (code == 0)
		*out = policy->digest;
	policy_free(policy);
	config_free(config);
	return code;
}

static void fail_each(bool hook)
{
	struct fixture fixture = scene();
	struct digest expected = { 0 };
	struct error err = ERROR_INIT;
	ck_assert_msg(read_floor(&fixture, hook, &expected, &err) == 0, "%s", err.text);
	unsigned long points = 0;
	for (;; points++) {
		struct digest found = { 0 };
		error_clear(&err);
		one_failed = false;
		countdown = points + 1;
		int code = read_floor(&fixture, hook, &found, &err);
		countdown = 0;
		if (code != 0)
			ck_assert_msg(err.code == code && err.text[0] != '\0',
				      "allocation %lu: %d", points, code);
		else
			ck_assert_msg(digest_equal(&found, &expected),
				      "allocation %lu: another policy", points);
		if (!one_failed)
			break;
	}
	ck_assert_uint_gt(points, 20);
	fixture_free(&fixture);
}

START_TEST(a_service_without_memory_reads_nothing_in_part)
{
	fail_each(false);
}
END_TEST

START_TEST(a_hook_without_memory_reads_nothing_in_part)
{
	fail_each(true);
}
END_TEST

UNIT_MAIN("conf/memory", a_service_without_memory_reads_nothing_in_part,
	  a_hook_without_memory_reads_nothing_in_part)
