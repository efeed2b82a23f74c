/* tests/unit/test_trust_oracle.c - who signed, and whether it counts: what the policy
 * says next to what ssh-keygen -Y verify says, for the same files, keys and times.
 *
 * Where they differ, the row says why; doc/gitgate-policy.5 lists the reasons. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "conf/policy_parse.h"
#include "model/facts.h"
#include "model/finding.h"
#include "model/policy.h"
#include "policy/evaluate.h"
#include "scratch.h"
#include "trust/signature.h"

#define MESSAGE "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n"
/* 2026-06-01T00:00:00Z */
#define NOON INT64_C(1780272000)
#define DAY  86400
/* Later than any build: the time of receipt is what counts here. */
#define NOW (INT64_C(4000000000) * CLOCK_SECOND)

/* Certificates of `key` by `ca`; all but the last arguments are the same. */
enum certificate {
	NONE,
	PLAIN,
	OF_BOB,
	OF_BOTH,
	OF_ADDRESS,
	NOBODYS,
	SPAN,
	PAST,
	FUTURE,
	OF_HOST,
	FORCED,
	SOURCE,
	CRITICAL,
	NO_SERIAL,
	CERTIFICATES
};
static const char *const certificate_arguments[CERTIFICATES][8] = {
	[PLAIN] = { "-n", "alice", "-z", "7" },
	[OF_BOB] = { "-n", "bob", "-z", "7" },
	[OF_BOTH] = { "-n", "carol,alice", "-z", "7" },
	[OF_ADDRESS] = { "-n", "alice@example.org", "-z", "7" },
	[NOBODYS] = { "-z", "7" },
	[SPAN] = { "-n", "alice", "-V", "20260501000000:20260701000000" },
	[PAST] = { "-n", "alice", "-V", "20260401000000:20260501000000" },
	[FUTURE] = { "-n", "alice", "-V", "20260701000000:20260801000000" },
	[OF_HOST] = { "-h", "-n", "alice" },
	[FORCED] = { "-n", "alice", "-O", "force-command=/bin/true" },
	[SOURCE] = { "-n", "alice", "-O", "source-address=192.0.2.0/24" },
	[CRITICAL] = { "-n", "alice", "-O", "critical:be-nice@example.org=x" },
	[NO_SERIAL] = { "-n", "alice" },
};

enum list {
	NO_LIST,
	OF_KEY,
	OF_OTHER,
	OF_CA,
	OF_SERIAL,
	OF_OTHER_SERIAL,
	OF_RANGE,
	OF_MANY,
	OF_ANOTHER_CA,
	OF_ID,
	OF_OTHER_ID,
	OF_SHA256,
	OF_SHA1,
	OF_CERTIFICATE,
	OF_NOTHING,
	LISTS
};
/* Specifications for ssh-keygen -k; %K is the key's line. */
static const char *const list_specifications[LISTS] = {
	[OF_SERIAL] = "serial: 7\n",
	[OF_OTHER_SERIAL] = "serial: 8\n",
	[OF_RANGE] = "serial: 5-9\n",
	[OF_MANY] = "serial: 1\nserial: 3\nserial: 7\nserial: 9\nserial: 11\nserial: "
		    "14\n",
	[OF_ANOTHER_CA] = "serial: 7\n",
	[OF_ID] = "id: the-id\n",
	[OF_OTHER_ID] = "id: the-id2\n",
	[OF_SHA256] = "sha256: %K",
	[OF_SHA1] = "sha1: %K",
	[OF_NOTHING] = "",
};

struct situation {
	const char *name;
	const char *signers; /* %K the key, %C the CA, %O another key */
	enum certificate certificate;
	enum list list;
	int64_t when;        /* days from NOON */
	const char *differs; /* why gitgate says no where ssh-keygen says yes */
};

#define NOT_SKIPPED "a line that cannot be read refuses the file"
#define NO_ZONE     "a time must say that it is UTC"
static const struct situation situations[] = {
	{ "a key", "alice %K\n", NONE, NO_LIST, 0, NULL },
	{ "another key", "alice %O\n", NONE, NO_LIST, 0, NULL },
	{ "of an address", "alice@example.org %K\n", NONE, NO_LIST, 0, NULL },
	{ "of somebody else", "bob %K\n", NONE, NO_LIST, 0, NULL },
	{ "of a pattern", "al?ce %K\n", NONE, NO_LIST, 0, NULL },
	{ "of a domain", "*@example.org %K\n", NONE, NO_LIST, 0, NULL },
	{ "of another domain", "*@example.com %K\n", NONE, NO_LIST, 0, NULL },
	{ "of a list", "bob,alice %K\n", NONE, NO_LIST, 0, NULL },
	{ "of all but her", "*,!alice,!alice@* %K\n", NONE, NO_LIST, 0, NULL },
	{ "of another case", "Alice %K\n", NONE, NO_LIST, 0, NULL },
	{ "in quotes", "\"alice\" %K\n", NONE, NO_LIST, 0, NULL },
	{ "with a comment", "# x\n\nalice %K alice's\n", NONE, NO_LIST, 0, NULL },
	{ "second line", "alice %O\nalice %K\n", NONE, NO_LIST, 0, NULL },
	{ "for git", "alice namespaces=\"git\" %K\n", NONE, NO_LIST, 0, NULL },
	{ "for git and files", "alice namespaces=\"file,git\" %K\n", NONE, NO_LIST, 0,
	  NULL },
	{ "for g*", "alice namespaces=\"g*\" %K\n", NONE, NO_LIST, 0, NULL },
	{ "for files", "alice namespaces=\"file\" %K\n", NONE, NO_LIST, 0, NULL },
	{ "for all but git", "alice namespaces=\"*,!git\" %K\n", NONE, NO_LIST, 0,
	  NULL },
	{ "valid after", "alice valid-after=\"20260531Z\" %K\n", NONE, NO_LIST, 0,
	  NULL },
	{ "valid after now", "alice valid-after=\"20260601Z\" %K\n", NONE, NO_LIST, 0,
	  NULL },
	{ "valid later", "alice valid-after=\"20260602Z\" %K\n", NONE, NO_LIST, 0,
	  NULL },
	{ "valid before", "alice valid-before=\"20260602Z\" %K\n", NONE, NO_LIST, 0,
	  NULL },
	{ "valid before now", "alice valid-before=\"20260601Z\" %K\n", NONE, NO_LIST, 0,
	  NULL },
	{ "valid no more", "alice valid-before=\"20260531Z\" %K\n", NONE, NO_LIST, 0,
	  NULL },
	{ "valid to the second", "alice valid-before=\"20260531235959Z\" %K\n", NONE,
	  NO_LIST, 0, NULL },
	{ "of a span",
	  "alice valid-after=\"202605310000Z\",valid-before=\"20260602Z\" %K\n", NONE,
	  NO_LIST, 0, NULL },
	{ "without a zone", "alice valid-after=\"20260531\" %K\n", NONE, NO_LIST, 0,
	  NO_ZONE },
	{ "a bad line before", "alice restrict %O\nalice %K\n", NONE, NO_LIST, 0,
	  NOT_SKIPPED },
	{ "a bad line", "alice restrict %K\n", NONE, NO_LIST, 0, NULL },
	{ "an option twice", "alice namespaces=\"git\",namespaces=\"git\" %K\n", NONE,
	  NO_LIST, 0, NULL },
	{ "a span that ends first",
	  "alice valid-after=\"20260531Z\",valid-before=\"20260530Z\" %K\n", NONE,
	  NO_LIST, 0, NULL },
	{ "the key as a CA", "alice cert-authority %K\n", NONE, NO_LIST, 0, NULL },
	{ "the same key twice", "alice %K\nalice %K\n", NONE, NO_LIST, 0,
	  "a key stands in one place, so that taking it away takes it away" },

	{ "a certificate", "alice cert-authority %C\n", PLAIN, NO_LIST, 0, NULL },
	{ "without cert-authority", "alice %C\n", PLAIN, NO_LIST, 0, NULL },
	{ "its key is known", "alice %K\n", PLAIN, NO_LIST, 0, NULL },
	{ "by another CA", "alice cert-authority %O\n", PLAIN, NO_LIST, 0, NULL },
	{ "by a CA of a pattern", "* cert-authority %C\n", PLAIN, NO_LIST, 0, NULL },
	{ "by a CA of others", "bob cert-authority %C\n", PLAIN, NO_LIST, 0, NULL },
	{ "of another name", "* cert-authority %C\n", OF_BOB, NO_LIST, 0, NULL },
	{ "of two names", "* cert-authority %C\n", OF_BOTH, NO_LIST, 0, NULL },
	{ "of her address", "*@example.org cert-authority %C\n", OF_ADDRESS, NO_LIST, 0,
	  NULL },
	{ "of her address by a CA of her name", "alice cert-authority %C\n", OF_ADDRESS,
	  NO_LIST, 0, NULL },
	{ "of nobody", "* cert-authority %C\n", NOBODYS, NO_LIST, 0, NULL },
	{ "in its span", "alice cert-authority %C\n", SPAN, NO_LIST, 0, NULL },
	{ "at its first second", "alice cert-authority %C\n", SPAN, NO_LIST, -31,
	  NULL },
	{ "before it", "alice cert-authority %C\n", SPAN, NO_LIST, -32, NULL },
	{ "at its end", "alice cert-authority %C\n", SPAN, NO_LIST, 30, NULL },
	{ "a day before its end", "alice cert-authority %C\n", SPAN, NO_LIST, 29,
	  NULL },
	{ "past", "alice cert-authority %C\n", PAST, NO_LIST, 0, NULL },
	{ "to come", "alice cert-authority %C\n", FUTURE, NO_LIST, 0, NULL },
	{ "of a host", "alice cert-authority %C\n", OF_HOST, NO_LIST, 0, NULL },
	{ "for one command", "alice cert-authority %C\n", FORCED, NO_LIST, 0, NULL },
	{ "from one network", "alice cert-authority %C\n", SOURCE, NO_LIST, 0, NULL },
	{ "with an unknown demand", "alice cert-authority %C\n", CRITICAL, NO_LIST, 0,
	  "a critical option that is not known refuses" },
	{ "by a CA of the past", "alice cert-authority,valid-before=\"20260501Z\" %C\n",
	  PLAIN, NO_LIST, 0, NULL },
	{ "by a CA for files", "alice cert-authority,namespaces=\"file\" %C\n", PLAIN,
	  NO_LIST, 0, NULL },

	{ "a list of the key", "alice %K\n", NONE, OF_KEY, 0, NULL },
	{ "a list of another", "alice %K\n", NONE, OF_OTHER, 0, NULL },
	{ "a list of nothing", "alice %K\n", NONE, OF_NOTHING, 0, NULL },
	{ "a list of its SHA-256", "alice %K\n", NONE, OF_SHA256, 0, NULL },
	{ "a list of its SHA-1", "alice %K\n", NONE, OF_SHA1, 0, NULL },
	{ "a list of serials and a key", "alice %K\n", NONE, OF_SERIAL, 0, NULL },
	{ "a list of the certificate's key", "alice cert-authority %C\n", PLAIN, OF_KEY,
	  0, NULL },
	{ "a list of the CA", "alice cert-authority %C\n", PLAIN, OF_CA, 0, NULL },
	{ "a list of the serial", "alice cert-authority %C\n", PLAIN, OF_SERIAL, 0,
	  NULL },
	{ "a list of another serial", "alice cert-authority %C\n", PLAIN,
	  OF_OTHER_SERIAL, 0, NULL },
	{ "a list of a range", "alice cert-authority %C\n", PLAIN, OF_RANGE, 0, NULL },
	{ "a list of a bitmap", "alice cert-authority %C\n", PLAIN, OF_MANY, 0, NULL },
	{ "a list of another CA's serial", "alice cert-authority %C\n", PLAIN,
	  OF_ANOTHER_CA, 0, NULL },
	{ "a list of the id", "alice cert-authority %C\n", PLAIN, OF_ID, 0, NULL },
	{ "a list of another id", "alice cert-authority %C\n", PLAIN, OF_OTHER_ID, 0,
	  NULL },
	{ "a list of its key's SHA-256", "alice cert-authority %C\n", PLAIN, OF_SHA256,
	  0, NULL },
	{ "a list of its key's SHA-1", "alice cert-authority %C\n", PLAIN, OF_SHA1, 0,
	  NULL },
	{ "a list of the certificate", "alice cert-authority %C\n", PLAIN,
	  OF_CERTIFICATE, 0, NULL },
	{ "no serial and a range", "alice cert-authority %C\n", NO_SERIAL, OF_RANGE, 0,
	  NULL },
};
#define SITUATIONS (sizeof(situations) / sizeof(situations[0]))

static struct scratch scratch;
static struct {
	char *key;
	char *ca;
	char *other;
} lines;

static void make_keys(void)
{
	static const char *const names[] = { "key", "ca", "other" };
	char **texts[] = { &lines.key, &lines.ca, &lines.other };
	scratch_open(&scratch);
	for (size_t i = 0; i < 3; i++) {
		char file[16];
		size_t length;
		scratch_key(&scratch, names[i], "ed25519", "");
		snprintf(file, sizeof(file), "%s.pub", names[i]);
		*texts[i] = scratch_read(&scratch, file, &length);
		(*texts[i])[strcspn(*texts[i], "\n")] = '\0';
	}
	scratch_write(&scratch, "message", MESSAGE, strlen(MESSAGE));
}

static void free_keys(void)
{
	free(lines.key);
	free(lines.ca);
	free(lines.other);
	scratch_close(&scratch);
}

static void expand(struct buf *out, const char *template)
{
	for (const char *at = template; *at != '\0'; at++) {
		if (at[0] != '%') {
			buf_add_byte(out, (unsigned char)*at);
			continue;
		}
		at++;
		buf_add_string(out, *at == 'K'   ? lines.key
				    : *at == 'C' ? lines.ca
						 : lines.other);
	}
}

static void write_expanded(const char *name, const char *template)
{
	struct buf text = BUF_INIT(1 << 16);
	expand(&text, template);
	scratch_write(&scratch, name, text.data, text.length);
	buf_release(&text);
}

static void make_certificate(enum certificate certificate)
{
	const char *arguments[20] = { "ssh-keygen", "-q", "-s", "ca", "-I", "the-id" };
	size_t count = 6;
	for (size_t i = 0; i < 8 && certificate_arguments[certificate][i] != NULL; i++)
		arguments[count++] = certificate_arguments[certificate][i];
	arguments[count++] = "key.pub";
	arguments[count] = NULL;
	scratch_do(&scratch, arguments);
}

/* The signature of the message, as text. */
static char *sign(enum certificate certificate, size_t *length)
{
	DO(&scratch, "rm", "-f", "message.sig");
	if (certificate != NONE)
		make_certificate(certificate);
	DO(&scratch, "ssh-keygen", "-q", "-Y", "sign", "-f",
	   certificate != NONE ? "key-cert.pub" : "key.pub", "-n", "git", "message");
	return scratch_read(&scratch, "message.sig", length);
}

static void make_list(enum list list)
{
	DO(&scratch, "rm", "-f", "list");
	switch (list) {
	case NO_LIST:
	case LISTS:
		return;
	case OF_KEY:
		DO(&scratch, "ssh-keygen", "-q", "-k", "-f", "list", "key.pub");
		return;
	case OF_OTHER:
		DO(&scratch, "ssh-keygen", "-q", "-k", "-f", "list", "other.pub");
		return;
	case OF_CA:
		DO(&scratch, "ssh-keygen", "-q", "-k", "-f", "list", "ca.pub");
		return;
	case OF_CERTIFICATE:
		DO(&scratch, "ssh-keygen", "-q", "-k", "-f", "list", "key-cert.pub");
		return;
	case OF_ANOTHER_CA:
	case OF_SERIAL:
	case OF_OTHER_SERIAL:
	case OF_RANGE:
	case OF_MANY:
	case OF_ID:
	case OF_OTHER_ID:
	case OF_SHA256:
	case OF_SHA1:
	case OF_NOTHING:
		break;
	}
	write_expanded("specification", list_specifications[list]);
	DO(&scratch, "ssh-keygen", "-q", "-k", "-f", "list", "-s",
	   list == OF_ANOTHER_CA ? "other.pub" : "ca.pub", "specification");
}

static bool ssh_keygen_says(const struct situation *situation, const char *identity)
{
	char when[64] = "-Overify-time=";
	char text[CLOCK_TEXT_BYTES];
	char *output = NULL;
	size_t at = strlen(when);
	clock_format((NOON + situation->when * DAY) * CLOCK_SECOND, 0, text);
	for (const char *digit = text; *digit != '\0'; digit++)
		if (*digit >= '0' && *digit <= '9')
			when[at++] = *digit;
	when[at] = '\0';
	const char *arguments[] = { "ssh-keygen",
				    "-Y",
				    "verify",
				    "-f",
				    "signers",
				    "-I",
				    identity,
				    "-n",
				    "git",
				    "-s",
				    "message.sig",
				    when,
				    situation->list != NO_LIST ? "-r" : NULL,
				    "list",
				    NULL };
	int status = scratch_try(&scratch, MESSAGE, strlen(MESSAGE), &output, NULL,
				 arguments);
	free(output);
	return status == 0;
}

static int load(void *data, const char *name, struct policy_file *out,
		struct error *err)
{
	struct policy_file *files = data;
	for (size_t i = 0; i < 2; i++)
		if (strcmp(files[i].name, name) == 0) {
			*out = files[i];
			return 0;
		}
	return error_set(err, ERROR_NOT_FOUND, "no file '%s'", name);
}

static bool evaluate(const struct policy *policy, const struct situation *situation,
		     const struct signature_fact *signature, char why[256])
{
	struct change change = { .repository = "shop",
				 .ref = "refs/heads/main",
				 .old_id = { .length = 20, .bytes = { 1 } },
				 .new_id = { .length = 20, .bytes = { 2 } },
				 .received_at = (NOON + situation->when * DAY) *
						CLOCK_SECOND };
	struct commit_fact commit = {
		.id = change.new_id,
		.author = { "Alice", "alice@example.org", change.received_at },
		.committer = { "Alice", "alice@example.org", change.received_at },
		.message = "m",
		.message_length = 1,
		.signature = *signature,
	};
	struct facts facts = { .change = &change,
			       .kinds = FACTS_REF | FACTS_COMMITS | FACTS_SIGNATURES,
			       .commits = &commit,
			       .commit_count = 1 };
	struct verdict verdict = { .result = VERDICT_UNKNOWN };
	ck_assert_int_eq(policy_evaluate(policy, &facts, NOW, &verdict, NULL), 0);
	bool passes = verdict.result == VERDICT_PASS;
	snprintf(why, 256, "%s", verdict.count != 0 ? verdict.findings[0].message : "");
	verdict_release(&verdict);
	return passes;
}

static bool gitgate_says(const struct situation *situation, const char *armor,
			 size_t length, char why[256])
{
	static const char text[] = "principals: {alice: {email: alice@example.org}}\n"
				   "allowed-signers: signers\n"
				   "rules: [{name: signed, signatures: {by: "
				   "[alice]}}]\n";
	static const char with_list[] = "revoked: {krl: list}\n";
	struct policy_file files[2] = { { "signers", NULL, 0 }, { "list", NULL, 0 } };
	struct policy_loader loader = { .load = load, .data = files };
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	struct buf all = BUF_INIT(1 << 16);
	char *signers = scratch_read(&scratch, "signers", &files[0].length);
	char *list = NULL;
	bool passes = false;
	buf_add_string(&all, text);
	files[0].bytes = signers;
	if (situation->list != NO_LIST) {
		buf_add_string(&all, with_list);
		list = scratch_read(&scratch, "list", &files[1].length);
		files[1].bytes = list;
	}
	struct policy_file file = { "gitgate.yaml", all.data, all.length };
	ck_assert_int_eq(policy_new(&policy, &err), 0);
	int rc = policy_add_server(policy, &file, &loader, NULL, &err);
	if (rc == 0)
		rc = policy_finish(policy, &err);
	snprintf(why, 256, "%.250s", err.text);
	if (rc == 0) {
		struct arena *arena = arena_new(1 << 20);
		struct signature_fact signature;
		struct trust_span payload = { MESSAGE, strlen(MESSAGE) };
		ck_assert_int_eq(signature_verify(&signature, arena, &payload, 1, armor,
						  length, NULL),
				 0);
		passes = evaluate(policy, situation, &signature, why);
		arena_free(arena);
	}
	policy_free(policy);
	buf_release(&all);
	free(list);
	free(signers);
	return passes;
}

START_TEST(what_ssh_keygen_says_is_said)
{
	size_t good = 0;
	size_t differing = 0;
	make_keys();
	for (size_t i = 0; i < SITUATIONS; i++) {
		const struct situation *situation = &situations[i];
		char why[256];
		size_t length;
		write_expanded("signers", situation->signers);
		char *armor = sign(situation->certificate, &length);
		make_list(situation->list);
		bool theirs = ssh_keygen_says(situation, "alice") ||
			      ssh_keygen_says(situation, "alice@example.org");
		bool ours = gitgate_says(situation, armor, length, why);
		if (situation->differs != NULL)
			ck_assert_msg(theirs && !ours, "'%s' does not differ",
				      situation->name);
		else
			ck_assert_msg(ours == theirs,
				      "'%s': ssh-keygen says %s, not %s (%s)",
				      situation->name, theirs ? "yes" : "no",
				      ours ? "yes" : "no", why);
		good += ours;
		differing += situation->differs != NULL;
		free(armor);
	}
	printf("# %zu situations, %zu good, %zu differ for a reason\n", SITUATIONS,
	       good, differing);
	free_keys();
}
END_TEST

UNIT_MAIN("trust/oracle", what_ssh_keygen_says_is_said)
