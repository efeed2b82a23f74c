/* tests/unit/test_conf_bundle.c - bundles of schemas that a policy names: what is known
 * of them at once, and when they are opened. */
#include <pthread.h>

#include "base/arena.h"
#include "base/hash.h"
#include "conf/policy_bundle.h"
#include "conf/policy_parse.h"
#include "conf_bundle.h"
#include "model/policy.h"
#include "unit.h"

/* A bundle as a file that is read late. */
struct late {
	struct buf bytes;
	const char *identity;
	size_t glance; /* bytes of the beginning that are known */
	int reads;
	int closes;
	int failure; /* of reading */
};

static int load_nothing(void *data, const char *name, struct policy_file *out,
			struct error *err)
{
	(void)data;
	(void)out;
	return error_set(err, ERROR_NOT_FOUND, "no '%s'", name);
}

static int read_late(void *data, struct buf *out, struct error *err)
{
	struct late *late = data;
	late->reads++;
	if (late->failure != 0)
		return error_set(err, late->failure, "the disk is gone");
	buf_add(out, late->bytes.data, late->bytes.length);
	return 0;
}

static void close_late(void *data)
{
	struct late *late = data;
	late->closes++;
}

static int find_late(void *data, const char *name, struct policy_source *out,
		     struct error *err)
{
	struct late *late = data;
	(void)name;
	(void)err;
	*out = (struct policy_source){ .bytes = late->bytes.data,
				       .length = late->glance,
				       .size = late->bytes.length,
				       .identity = late->identity,
				       .read = read_late,
				       .close = close_late,
				       .data = late };
	return 0;
}

static struct late late_new(void)
{
	struct late late = { .bytes = conf_bundle() };
	late.glance = late.bytes.length < 4096 ? late.bytes.length : 4096;
	return late;
}

/* The policy of one rule, or what is wrong with it. */
static int load(struct late *late, const char *options, struct policy **out,
		struct error *err)
{
	const struct policy_loader loader = { load_nothing, late, NULL, find_late };
	char text[512];
	snprintf(text, sizeof(text),
		 "rules: [{name: a, schema: {kubernetes: k.bundle%s}}]\n", options);
	const struct policy_file file = { "gitgate.yaml", text, strlen(text) };
	struct policy *policy = NULL;
	ck_assert_int_eq(policy_new(&policy, err), 0);
	int code = policy_add_server(policy, &file, &loader, NULL, err);
	if (code == 0)
		code = policy_finish(policy, err);
	if (code == 0)
		*out = policy;
	else
		policy_free(policy);
	return code;
}

static struct policy *loaded(struct late *late, const char *options)
{
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	ck_assert_msg(load(late, options, &policy, &err) == 0, "%s", err.text);
	return policy;
}

static void pin_of(const struct late *late, char out[128])
{
	char hex[DIGEST_HEX_BYTES];
	struct digest digest;
	ck_assert_int_eq(digest_of(late->bytes.data, late->bytes.length, &digest), 0);
	digest_hex(&digest, hex);
	snprintf(out, 128, ", kubernetes-digest: 'sha256:%s'", hex);
}

START_TEST(a_bundle_is_read_when_it_is_opened_and_once)
{
	struct late late = late_new();
	struct policy *policy = loaded(&late, "");
	const struct kubernetes_bundle *one = NULL;
	const struct kubernetes_bundle *two = NULL;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(late.reads, 0);
	struct policy_bundle *bundle = policy->rules[0].kubernetes;
	ck_assert_msg(policy_bundle_open(bundle, &one, &err) == 0, "%s", err.text);
	ck_assert_int_eq(policy_bundle_open(bundle, &two, &err), 0);
	ck_assert_int_eq(policy_open_bundles(policy, &err), 0);
	ck_assert_ptr_eq(one, two);
	ck_assert_int_eq(late.reads, 1);
	ck_assert_int_eq(late.closes, 0);
	policy_free(policy);
	ck_assert_int_eq(late.closes, 1);
	buf_release(&late.bytes);
}
END_TEST

#define ANOTHER_RULE "}}, {name: b, schema: {kubernetes: k.bundle"

START_TEST(rules_share_a_bundle_unless_their_pins_differ)
{
	char pin[128];
	char options[512];
	struct late late = late_new();
	pin_of(&late, pin);
	struct policy *policy = loaded(&late, ANOTHER_RULE);
	struct error err = ERROR_INIT;
	ck_assert_ptr_eq(policy->rules[0].kubernetes, policy->rules[1].kubernetes);
	ck_assert_int_eq(policy_open_bundles(policy, &err), 0);
	policy_free(policy);
	ck_assert_int_eq(late.reads, 1);
	ck_assert_int_eq(late.closes, 1);
	snprintf(options, sizeof(options), ANOTHER_RULE "%s", pin);
	policy = loaded(&late, options);
	ck_assert_ptr_ne(policy->rules[0].kubernetes, policy->rules[1].kubernetes);
	policy_free(policy);
	ck_assert_int_eq(late.closes, 3);
	buf_release(&late.bytes);
}
END_TEST

static void *open_it(void *data)
{
	const struct kubernetes_bundle *bundle = NULL;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(policy_bundle_open(data, &bundle, &err), 0);
	return (void *)(uintptr_t)bundle;
}

START_TEST(threads_open_it_once)
{
	struct late late = late_new();
	struct policy *policy = loaded(&late, "");
	pthread_t threads[8];
	void *results[8];
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, open_it,
						policy->rules[0].kubernetes),
				 0);
	for (size_t i = 0; i < 8; i++) {
		pthread_join(threads[i], &results[i]);
		ck_assert_ptr_nonnull(results[i]);
		ck_assert_ptr_eq(results[i], results[0]);
	}
	ck_assert_int_eq(late.reads, 1);
	policy_free(policy);
	buf_release(&late.bytes);
}
END_TEST

/* What is wrong is said each time, and nothing is read again. */
START_TEST(a_failure_stays)
{
	struct late late = late_new();
	struct policy *policy = loaded(&late, "");
	const struct kubernetes_bundle *bundle = NULL;
	late.failure = ERROR_IO;
	for (int i = 0; i < 2; i++) {
		struct error err = ERROR_INIT;
		ck_assert_int_eq(
			policy_bundle_open(policy->rules[0].kubernetes, &bundle, &err),
			ERROR_IO);
		ck_assert_str_eq(err.text, "gitgate.yaml:1:40: the disk is gone");
	}
	ck_assert_ptr_null(bundle);
	ck_assert_int_eq(late.reads, 1);
	policy_free(policy);
	buf_release(&late.bytes);
}
END_TEST

/* What can be known of it without reading it. */
START_TEST(the_beginning_is_looked_at_at_once)
{
	static const struct {
		const char *options;
		size_t byte;    /* that is changed */
		size_t shorter; /* than it was */
		const char *said;
	} cases[] = {
		{ "", 0, 0, "gitgate.yaml:1:40: 'k.bundle' is no bundle of schemas" },
		{ "", SIZE_MAX, 8, "the bundle 'k.bundle' is cut or was changed" },
		{ "", SIZE_MAX, SIZE_MAX, "'k.bundle' is no bundle of schemas" },
		{ ", kubernetes-digest: '1.33'", SIZE_MAX, 0,
		  "gitgate.yaml:1:69: 'kubernetes-digest' must be 'sha256:' and 64" },
		{ ", kubernetes-digest: 'sha256:12'", SIZE_MAX, 0, "and 64 digits" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct late late = late_new();
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		if (cases[i].byte != SIZE_MAX)
			late.bytes.data[cases[i].byte] ^= 1;
		size_t length = late.bytes.length;
		buf_truncate(&late.bytes,
			     cases[i].shorter > length ? 0 : length - cases[i].shorter);
		if (late.glance > late.bytes.length)
			late.glance = late.bytes.length;
		ck_assert_int_ne(load(&late, cases[i].options, &policy, &err), 0);
		ck_assert_msg(strstr(err.text, cases[i].said) != NULL, "%s", err.text);
		ck_assert_int_eq(late.reads, 0);
		/* What was found is closed. */
		ck_assert_int_eq(late.closes, strstr(err.text, "digits") == NULL);
		buf_release(&late.bytes);
	}
}
END_TEST

/* A pin is compared with all of it; without one, what stands there counts. */
START_TEST(all_of_it_is_looked_at_when_it_is_opened)
{
	char pin[128];
	for (int pinned = 0; pinned < 2; pinned++) {
		struct late late = late_new();
		const struct kubernetes_bundle *bundle = NULL;
		struct error err = ERROR_INIT;
		pin_of(&late, pin);
		/* Its last byte is of the document in it, which nothing else guards. */
		late.bytes.data[late.bytes.length - 1] = ' ';
		struct policy *policy = loaded(&late, pinned ? pin : "");
		ck_assert_int_eq(
			policy_bundle_open(policy->rules[0].kubernetes, &bundle, &err),
			pinned ? ERROR_CONFIG : 0);
		if (pinned)
			ck_assert_msg(strncmp(err.text,
					      "gitgate.yaml:1:69: 'k.bundle' has "
					      "another digest: sha256:",
					      57) == 0,
				      "%s", err.text);
		policy_free(policy);
		buf_release(&late.bytes);
	}
}
END_TEST

START_TEST(a_beginning_that_says_too_little_is_no_reason_to_guess)
{
	struct late late = late_new();
	late.glance = 112; /* the header, but not that of the schemas */
	struct policy *policy = loaded(&late, "");
	ck_assert_int_eq(late.reads, 1);
	policy_free(policy);
	buf_release(&late.bytes);
}
END_TEST

START_TEST(what_changes_meanwhile_is_refused)
{
	struct late late = late_new();
	const struct kubernetes_bundle *bundle = NULL;
	struct error err = ERROR_INIT;
	struct policy *policy = loaded(&late, "");
	/* Of Kubernetes 1.34, it says now; what was seen first stays as it was. */
	struct buf seen = late.bytes;
	late.bytes = conf_bundle();
	char *version = memmem(late.bytes.data, 200, "1.33", 4);
	ck_assert_ptr_nonnull(version);
	version[3] = '4';
	ck_assert_int_eq(policy_bundle_open(policy->rules[0].kubernetes, &bundle, &err),
			 ERROR_CONFIG);
	ck_assert_msg(strstr(err.text, "was changed while it was in use") != NULL, "%s",
		      err.text);
	policy_free(policy);
	buf_release(&seen);
	buf_release(&late.bytes);
}
END_TEST

/* What is remembered of documents, and the policy itself, is known by it. */
START_TEST(another_bundle_makes_another_policy)
{
	char pin[128];
	struct late late = late_new();
	struct late other = late_new();
	pin_of(&late, pin);
	char *version = memmem(other.bytes.data, 200, "1.33", 4);
	version[3] = '2';
	const struct {
		struct late *late;
		const char *options;
		const char *identity;
		int group; /* those of one have one digest of the schema rule */
	} cases[] = {
		{ &late, "", NULL, 0 },      { &late, "", NULL, 0 },
		{ &other, "", NULL, 1 },     { &late, "", "blob 1", 2 },
		{ &other, "", "blob 1", 2 }, { &late, "", "blob 2", 3 },
		{ &late, pin, NULL, 4 },     { &late, pin, "blob 1", 4 },
	};
	size_t count = sizeof(cases) / sizeof(cases[0]);
	struct digest digests[8][2];
	for (size_t i = 0; i < count; i++) {
		cases[i].late->identity = cases[i].identity;
		struct policy *policy = loaded(cases[i].late, cases[i].options);
		digests[i][0] = policy->digest;
		digests[i][1] = policy->rules[0].schema_digest;
		policy_free(policy);
	}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			for (int k = 0; k < 2; k++)
				ck_assert_msg(
					digest_equal(&digests[i][k], &digests[j][k]) ==
						(cases[i].group == cases[j].group),
					"%zu %zu %d", i, j, k);
	ck_assert_int_eq(late.reads + other.reads, 0);
	buf_release(&late.bytes);
	buf_release(&other.bytes);
}
END_TEST

UNIT_MAIN("conf/bundle", a_bundle_is_read_when_it_is_opened_and_once,
	  rules_share_a_bundle_unless_their_pins_differ, threads_open_it_once,
	  a_failure_stays, the_beginning_is_looked_at_at_once,
	  all_of_it_is_looked_at_when_it_is_opened,
	  a_beginning_that_says_too_little_is_no_reason_to_guess,
	  what_changes_meanwhile_is_refused, another_bundle_makes_another_policy)
