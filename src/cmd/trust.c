/* cmd/trust.c - `gitgate trust`: whose keys count, and when; what a file of keys comes
 * to; why a commit's signature counts or not. */
#include "cmd/trust.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "conf/policy_parse.h"
#include "model/policy.h"
#include "trust/openpgp_compiled.h"
#include "trust/openpgp_ring.h"

#define ARENA_BYTES  ((size_t)64 << 20)
#define OUTPUT_BYTES ((size_t)64 << 20)

int trust_policy(struct trust *trust, struct error *err)
{
	char *directory = check_find_policy();
	int rc = !directory && !trust->check.floor
			 ? error_set(err, ERROR_NO_POLICY,
				     "there is no .gitgate.yaml here or above, and no "
				     "--floor FILE is given")
			 : check_begin_policy(&trust->check, &trust->policy, err);
	if (rc == 0 && directory)
		rc = check_add_policy(trust->policy, directory, err);
	if (rc == 0)
		rc = policy_finish(trust->policy, err);
	free(directory);
	return rc;
}

static const char *time_text(struct arena *arena, int64_t when, const char *none)
{
	char text[CLOCK_TEXT_BYTES];

	if (when == 0)
		return none;
	clock_format(when, 0, text);
	return arena_string(arena, text);
}

/* --- show --- */

static const struct revocation *revocation_of(const struct policy *policy,
					      const struct principal_key *key)
{
	const struct revocation *found = policy_revocation(policy, key->fingerprint);

	return found || !key->certificate ? found
					  : policy_revocation(policy, key->certificate);
}

static const char *format_of(const struct principal_key *key)
{
	return key->certificate ? "openpgp" : "ssh";
}

static const char *state_within(int64_t after, int64_t before)
{
	int64_t now = clock_now();

	if (after > now)
		return "not yet valid";
	return before && before < now ? "expired" : "valid";
}

/* Of somebody who does not count now at all; NULL: they do. */
static const char *state_of_principal(const struct principal *principal)
{
	int64_t now = clock_now();

	if (principal_counts_at(principal, now))
		return NULL;
	return principal->valid_after > now ? "principal not yet valid"
					    : "principal expired";
}

static const char *state_of(const struct trust *trust,
			    const struct principal *principal,
			    const struct principal_key *key)
{
	const struct revocation *revocation = revocation_of(trust->policy, key);

	if (revocation && revocation->since == 0)
		return arena_printf(trust->arena, "revoked: %s", revocation->reason);
	if (revocation)
		return arena_printf(trust->arena, "revoked since %s: %s",
				    time_text(trust->arena, revocation->since, ""),
				    revocation->reason);
	const char *state = state_of_principal(principal);

	return state ? state : state_within(key->valid_after, key->valid_before);
}

/* What is known of somebody without a key: by X.509, or by way of Sigstore. */
struct known_by {
	const char *format;
	const char *subject; /* "alice@example.org" */
	const char *issuer;  /* NULL: any */
	int64_t after;
	int64_t before;
};

static const char *first_of(const struct principal_x509 *x509)
{
	return x509->email     ? x509->email
	       : x509->san     ? x509->san
	       : x509->subject ? x509->subject
			       : x509->serial;
}

static size_t known_count(const struct principal *principal)
{
	return principal->x509_count + principal->sigstore_count;
}

static struct known_by known_by(const struct principal *principal, size_t index)
{
	if (index < principal->x509_count) {
		const struct principal_x509 *x509 = &principal->x509[index];
		return (struct known_by){ .format = "x509",
					  .subject = first_of(x509),
					  .issuer = x509->issuer };
	}
	const struct principal_sigstore *one =
		&principal->sigstore[index - principal->x509_count];
	return (struct known_by){ "sigstore", one->subject, one->issuer,
				  one->valid_after, one->valid_before };
}

static const char *state_of_known(const struct principal *principal,
				  const struct known_by *by)
{
	const char *state = state_of_principal(principal);

	return state ? state : state_within(by->after, by->before);
}

static void show_known(const struct trust *trust, struct table *table,
		       const struct principal *principal)
{
	for (size_t i = 0; i < known_count(principal); i++) {
		struct known_by by = known_by(principal, i);
		const char *state = state_of_known(principal, &by);
		table_add(table, TONE_STRONG, principal->name);
		table_add(table, TONE_PLAIN, by.format);
		table_addf(table, TONE_PLAIN, "%s%s%s", by.subject,
			   by.issuer ? " by " : "", by.issuer ? by.issuer : "");
		table_add(table, TONE_PLAIN, time_text(trust->arena, by.after, "-"));
		table_add(table, TONE_PLAIN, time_text(trust->arena, by.before, "-"));
		table_add(table, strcmp(state, "valid") == 0 ? TONE_GOOD : TONE_BAD,
			  state);
	}
}

static void show_known_json(const struct trust *trust, struct json *json,
			    const struct principal *principal)
{
	for (size_t i = 0; i < known_count(principal); i++) {
		struct known_by by = known_by(principal, i);
		json_object(json);
		json_put_string(json, "principal", principal->name);
		json_put_string(json, "format", by.format);
		json_put_string(json, "subject", by.subject);
		if (by.issuer)
			json_put_string(json, "issuer", by.issuer);
		if (by.after)
			json_put_string(json, "from",
					time_text(trust->arena, by.after, ""));
		if (by.before)
			json_put_string(json, "until",
					time_text(trust->arena, by.before, ""));
		json_put_string(json, "state", state_of_known(principal, &by));
		json_object_end(json);
	}
}

static void show_text(const struct trust *trust)
{
	const struct policy *policy = trust->policy;
	struct table table;

	table_init(&table, trust->arena, 6);
	static const char *const heads[] = { "PRINCIPAL", "FORMAT", "KEY",
					     "FROM",      "UNTIL",  "STATE" };
	for (size_t i = 0; i < 6; i++)
		table_add(&table, TONE_FAINT, heads[i]);
	for (size_t i = 0; i < policy->principal_count; i++) {
		const struct principal *principal = &policy->principals[i];
		for (size_t k = 0; k < principal->key_count; k++) {
			const struct principal_key *key = &principal->keys[k];
			const char *state = state_of(trust, principal, key);
			table_add(&table, TONE_STRONG, principal->name);
			table_add(&table, TONE_PLAIN, format_of(key));
			table_add(&table, TONE_PLAIN, key->fingerprint);
			table_add(&table, TONE_PLAIN,
				  time_text(trust->arena, key->valid_after, "-"));
			table_add(&table, TONE_PLAIN,
				  time_text(trust->arena, key->valid_before, "-"));
			table_add(&table,
				  state && strcmp(state, "valid") == 0 ? TONE_GOOD
								       : TONE_BAD,
				  state);
		}
		show_known(trust, &table, principal);
	}
	table_write(&table, cmd_colour(STDOUT_FILENO), "", trust->out);
}

static void show_key_json(const struct trust *trust, struct json *json,
			  const struct principal *principal,
			  const struct principal_key *key)
{
	json_object(json);
	json_key(json, "principal");
	json_string(json, principal->name);
	json_key(json, "format");
	json_string(json, format_of(key));
	json_key(json, "fingerprint");
	json_string(json, key->fingerprint);
	if (key->certificate) {
		json_key(json, "certificate");
		json_string(json, key->certificate);
	}
	if (key->valid_after) {
		json_key(json, "from");
		json_string(json, time_text(trust->arena, key->valid_after, ""));
	}
	if (key->valid_before) {
		json_key(json, "until");
		json_string(json, time_text(trust->arena, key->valid_before, ""));
	}
	json_key(json, "state");
	json_string(json, state_of(trust, principal, key));
	json_object_end(json);
}

static void show_json(const struct trust *trust)
{
	const struct policy *policy = trust->policy;
	struct json json;

	json_begin(&json, trust->out);
	json_array(&json);
	for (size_t i = 0; i < policy->principal_count; i++) {
		for (size_t k = 0; k < policy->principals[i].key_count; k++)
			show_key_json(trust, &json, &policy->principals[i],
				      &policy->principals[i].keys[k]);
		show_known_json(trust, &json, &policy->principals[i]);
	}
	json_array_end(&json);
	buf_add_byte(trust->out, '\n');
}

static int show(struct trust *trust, char **operands, struct error *err)
{
	(void)operands;
	int rc = trust_policy(trust, err);

	if (rc != 0)
		return rc;
	if (trust->check.json)
		show_json(trust);
	else
		show_text(trust);
	return 0;
}

/* --- compile --- */

static const char *revoked_text(struct arena *arena, const struct openpgp_key *key)
{
	switch (key->revoked) {
	case OPENPGP_REVOKED_NOT:
		return "-";
	case OPENPGP_REVOKED_SOFT:
		return arena_printf(
			arena, "since %s",
			time_text(arena, key->revoked_at * CLOCK_SECOND, "1970"));
	case OPENPGP_REVOKED_HARD:
		break;
	}
	return "for ever";
}

static void add_ring(const struct trust *trust, struct table *table, const char *file,
		     const struct openpgp_ring *ring)
{
	for (size_t i = 0; i < openpgp_ring_count(ring); i++) {
		const struct openpgp_key *key = openpgp_ring_key(ring, i);
		bool primary = strcmp(key->fingerprint, key->certificate) == 0;
		table_add(table, TONE_FAINT, primary ? file : "");
		table_addf(table, primary ? TONE_STRONG : TONE_PLAIN, "%s%s",
			   primary ? "" : "  ", key->fingerprint);
		table_add(table, TONE_PLAIN, key->algorithm);
		table_add(table, key->use == OPENPGP_USE_SIGN ? TONE_GOOD : TONE_WARN,
			  openpgp_use_name(key->use));
		table_add(table, TONE_PLAIN,
			  time_text(trust->arena, key->from * CLOCK_SECOND, "1970"));
		table_add(table, TONE_PLAIN,
			  time_text(trust->arena, key->until * CLOCK_SECOND, "-"));
		table_add(table,
			  key->revoked == OPENPGP_REVOKED_NOT ? TONE_PLAIN : TONE_BAD,
			  revoked_text(trust->arena, key));
	}
}

static int compile_file(const struct trust *trust, struct table *table,
			const char *file, struct error *err)
{
	struct buf key = BUF_INIT(limits_default.values[LIMIT_OPENPGP_KEY_BYTES]);
	struct buf text = BUF_INIT(OUTPUT_BYTES);
	struct openpgp_ring *ring = NULL;

	int rc = buf_read_file(&key, file, err);
	if (rc == 0)
		rc = openpgp_compiled(&text, NULL, key.data, key.length, err);
	if (rc == 0 && trust->raw)
		buf_add(trust->out, text.data, text.length);
	if (rc == 0)
		rc = openpgp_ring_new(&ring, err);
	if (rc == 0)
		rc = openpgp_ring_add(ring, text.data, text.length, err);
	if (rc == 0)
		add_ring(trust, table, file, ring);
	openpgp_ring_free(ring);
	buf_release(&key);
	buf_release(&text);
	return rc == 0 ? 0 : error_context(err, "'%s'", file);
}

static int compile(struct trust *trust, char **operands, struct error *err)
{
	struct table table;
	static const char *const heads[] = { "FILE", "KEY",   "ALGORITHM", "USE",
					     "FROM", "UNTIL", "REVOKED" };
	int rc = 0;

	table_init(&table, trust->arena, 7);
	for (size_t i = 0; i < 7; i++)
		table_add(&table, TONE_FAINT, heads[i]);
	for (; rc == 0 && *operands; operands++)
		rc = compile_file(trust, &table, *operands, err);
	if (rc == 0 && !trust->raw)
		table_write(&table, cmd_colour(STDOUT_FILENO), "", trust->out);
	return rc;
}

/* --- the command --- */

static const struct {
	const char *name;
	int least; /* operands */
	int most;
	int (*run)(struct trust *trust, char **operands, struct error *err);
} verbs[] = {
	{ "show", 0, 0, show },
	{ "compile", 1, 1000, compile },
	{ "import", 1, 1000, trust_import },
	{ "test", 1, 1, trust_test },
	{ "proof", 1, 1000, trust_proof },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int do_verb(struct trust *trust, size_t verb, char **operands)
{
	struct buf out = BUF_INIT(OUTPUT_BYTES);
	struct error err = ERROR_INIT;

	trust->arena = arena_new(ARENA_BYTES);
	trust->out = &out;
	int rc = trust->arena ? verbs[verb].run(trust, operands, &err)
			      : error_set(&err, ERROR_MEMORY, "out of memory");
	int code = rc == 0 ? cmd_write(&out) : cmd_fail(&err);
	policy_free(trust->policy);
	arena_free(trust->arena);
	buf_release(&out);
	return code != 0 ? code : trust->code;
}

int cmd_trust(int argc, char **argv)
{
	struct trust trust = { .raw = false };
	const struct cmd_option options[] = {
		{ "floor", 0, "FILE",
		  "the server's configuration: its people count too",
		  &trust.check.floor, NULL },
		{ "repository", 0, "NAME",
		  "the repository's name in the server's rules",
		  &trust.check.repository, NULL },
		{ "ref", 0, "REF",
		  "test: the full name of the ref that a push would update",
		  &trust.check.ref, NULL },
		{ "raw", 0, NULL, "compile: print the compiled form", NULL,
		  &trust.raw },
		{ "rekor", 0, "ADDRESS", "proof: the log, https://...", &trust.rekor,
		  NULL },
		{ "git-dir", 0, "DIRECTORY",
		  "proof: the repository to store in, else the one here",
		  &trust.git_dir, NULL },
		{ "from-forge", 0, "ADDRESS",
		  "import: the operands are users of the forge there, https://...",
		  &trust.forge, NULL },
		{ "ca-file", 0, "FILE",
		  "proof, import: certificate authorities for https, else the "
		  "system's",
		  &trust.ca_file, NULL },
		{ "name", 0, "NAME", "import: whose everything is", &trust.name, NULL },
		{ "output", 0, "FILE", "import: write a new file", &trust.output,
		  NULL },
		{ "json", 0, NULL, "show, test: print JSON", NULL, &trust.check.json },
	};
	const char *names[VERBS];
	int operands;

	int rc = cmd_parse(argc, argv, "trust", options,
			   sizeof(options) / sizeof(options[0]), &operands);
	if (rc != 0)
		return rc - 1;
	const char *word = operands < argc ? argv[operands] : "";
	int rest = argc - operands - 1;
	for (size_t i = 0; i < VERBS; i++) {
		names[i] = verbs[i].name;
		if (strcmp(word, verbs[i].name) != 0)
			continue;
		if (rest < verbs[i].least || rest > verbs[i].most)
			return cmd_usage("trust", "%s wants %s", word,
					 verbs[i].most == 0            ? "no operand"
					 : verbs[i].most == 1          ? "one commit"
					 : verbs[i].run == trust_proof ? "commits or "
									 "tags"
								       : "files of "
									 "keys");
		return do_verb(&trust, i, argv + operands + 1);
	}
	const char *nearest = text_nearest(word, names, VERBS);
	return nearest ? cmd_usage("trust", "unknown '%s'; did you mean '%s'?", word,
				   nearest)
		       : cmd_usage("trust", "show, compile FILE..., import FILE..., "
					    "test COMMIT or proof COMMIT...");
}
