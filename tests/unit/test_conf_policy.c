/* tests/unit/test_conf_policy.c - policies: what is taken, what is refused, where; and
 * that a repository adds and never loosens. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/pattern.h"
#include "conf/config.h"
#include "conf/policy_parse.h"
#include "conf_bundle.h"
#include "conf_fixture.h"
#include "editors.h"

#define ALICE       "principals: {alice: {ssh: '" ALICE_KEY "'}}\n"
#define FINGERPRINT "SHA256:0123456789abcdefghijklmnopqrstuvwxyzABCDEFE"

/* Files that policies of these tests may name. */
static const struct policy_file texts[] = {
	{ "schema.json", "{\"type\": \"object\"}", 18 },
	{ "two.yaml", "a: 1\n---\nb: 1\n", 14 },
	{ "broken.json", "{", 1 },
	{ "revoked", "# old laptops\n\n" FINGERPRINT "\n  " BOB_KEY "\r\n",
	  sizeof("# old laptops\n\n" FINGERPRINT "\n  " BOB_KEY "\r\n") - 1 },
	{ "revoked-bad", "# x\n" FINGERPRINT "\nssh-foo AAAA\n",
	  sizeof("# x\n" FINGERPRINT "\nssh-foo AAAA\n") - 1 },
	{ "revoked-empty", "", 0 },
	{ "revoked.krl", "SSHKRL\n\0", 8 },
	{ "signers", "# x\nalice,bob " ALICE_KEY "\n",
	  sizeof("# x\nalice,bob " ALICE_KEY "\n") - 1 },
	{ "signers-server", "* " BOB_KEY "\n", sizeof("* " BOB_KEY "\n") - 1 },
	{ "signers-bad", "# x\nalice nothing " ALICE_KEY "\n",
	  sizeof("# x\nalice nothing " ALICE_KEY "\n") - 1 },
	{ "wrong.json", "{\"type\": \"objekt\"}", 18 },
};

static int load_text(void *data, const char *name, struct policy_file *out,
		     struct error *err)
{
	int *loads = data;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].name, name) == 0) {
			*out = texts[i];
			if (loads != NULL)
				(*loads)++;
			return 0;
		}
	return error_set(err, ERROR_NOT_FOUND, "no file '%s'", name);
}

static const struct policy_loader loader = { load_text, NULL, NULL, NULL };

static struct policy_file file_of(const char *name, const char *text)
{
	return (struct policy_file){ name, text, text == NULL ? 0 : strlen(text) };
}

/* A floor (may be NULL) and a repository's file (may be NULL), finished. */
static int build(struct policy **out, const char *server, const char *repository,
		 struct error *err)
{
	struct policy *policy = NULL;
	struct policy_file floor =
		file_of("gitgate.yaml", server == NULL ? "" : server);
	struct policy_file own = file_of(".gitgate.yaml", repository);
	int code = policy_new(&policy, err);
	if (code == 0 && server != NULL)
		code = policy_add_server(policy, &floor, &loader, "shop", err);
	if (code == 0 && repository != NULL)
		code = policy_add_repository(policy, &own, &loader, err);
	if (code == 0)
		code = policy_finish(policy, err);
	if (code == 0)
		*out = policy;
	else
		policy_free(policy);
	if (code == 0 && server != NULL)
		editors_must_take(server, true);
	if (code == 0 && repository != NULL)
		editors_must_take(repository, false);
	return code;
}

static struct policy *built(const char *server, const char *repository)
{
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	ck_assert_msg(build(&policy, server, repository, &err) == 0, "%s\n%s", err.text,
		      repository);
	return policy;
}

struct bad {
	const char *yaml;
	const char *place;
	const char *message;
};

static const struct bad bad[] = {
	/* form */
	{ "rulse: []\n", "1:1",
	  "unknown key of a policy 'rulse'; did you mean 'rules'?" },
	{ "workers: 3\n", "1:1", "unknown key of a policy 'workers'" },
	{ ALICE "waivers: {by: [alice]}\n", "2:1",
	  "unknown key of a policy 'waivers'" },
	{ "version: 2\n", "1:10", "'version' must be 1, found '2'" },
	{ "version: '1'\n", "1:10", "'version' must be 1" },
	{ "[]\n", "1:1", "must be a mapping" },
	{ "rules: []\nrules: []\n", "2:1", "rules" },
	{ "rules: [\n", "2:1", "" },
	{ "warn-only: sometimes\n", "1:12", "must be true or false" },
	{ "a: &a [*a]\n", "1:8", "" },
	/* principals */
	{ "principals: [alice]\n", "1:13", "'principals' must be a mapping" },
	{ "principals: {alice: x}\n", "1:21", "'alice' must be a mapping" },
	{ "principals: {'a b': {}}\n", "1:14", "'a b' cannot be a name" },
	{ "principals: {a: {emial: x}}\n", "1:18", "did you mean 'email'?" },
	{ "principals: {a: {email: x}}\n", "1:25", "'x' is not an e-mail address" },
	{ "principals: {a: {email: [x@y, 'a b@c']}}\n", "1:31",
	  "is not an e-mail address" },
	{ "principals: {a: {ssh: 5}}\n", "1:23", "must be a list of public keys" },
	{ "principals: {a: {ssh: [ssh-dss AAAA]}}\n", "1:24", "not a usable ssh key" },
	{ "principals: {a: {ssh: ['ssh-ed25519 AAAA']}}\n", "1:24",
	  "not a usable ssh key" },
	{ "principals: {a: {ssh: [{valid-after: 2026-01-01}]}}\n", "1:24",
	  "needs 'key'" },
	{ "principals: {a: {ssh: [{kye: x}]}}\n", "1:25", "did you mean 'key'?" },
	{ "principals: {a: {ssh: {key: '" ALICE_KEY "', valid-after: soon}}}\n", NULL,
	  "must be a date or time" },
	{ "principals: {a: {ssh: {key: '" ALICE_KEY "', valid-after: 1969-01-01}}}\n",
	  NULL, "after 1970" },
	{ "principals:\n  a:\n    ssh:\n      valid-after: 2026-01-02\n"
	  "      valid-before: 2026-01-01\n      key: " ALICE_KEY "\n",
	  "5:21", "later than 'valid-after'" },
	{ "principals:\n  a: {ssh: '" ALICE_KEY "'}\n  b: {ssh: '" ALICE_KEY "'}\n",
	  "3:12", "is that of principal 'a' already: .gitgate.yaml:2:12" },
	{ "principals:\n  a:\n    ssh:\n    - " ALICE_KEY "\n    - " ALICE_KEY "\n",
	  "5:7", "stands there already" },
	{ "principals: {a: {forge: alice}}\n", "1:25", "'forge' must be a mapping" },
	{ "principals: {a: {forge: {gitea: {x: y}}}}\n", "1:33", "must be a list" },
	{ "principals: {a: {forge: {gitea: ''}}}\n", "1:33", "must not be empty" },
	{ "principals: {a: {forge: {gitea: [x, 'y z']}}}\n", "1:37",
	  "'y z' is not a login" },
	{ "principals: {a: {forge: {Gitea: x}}}\n", "1:26", "names sources or kinds" },
	{ "principals: {a: {forge: {gitea: x, gitea: y}}}\n", NULL, "gitea" },
	{ "principals:\n  a: {forge: {gitea: x}}\n  b: {forge: {gitea: X}}\n", "3:22",
	  "the login 'X' at 'gitea' is that of principal 'a' already: "
	  ".gitgate.yaml:2:22" },
	{ "principals: {a: {forge: {gitea: [x, x]}}}\n", "1:37",
	  "is that of principal 'a' already" },
	/* groups */
	{ "groups: {g: [x]}\n", "1:14", "no principal or group is named 'x'" },
	{ ALICE "groups: {g: [alcie]}\n", "2:14", "did you mean 'alice'?" },
	{ "groups: {g: [g]}\n", "1:14", "contains itself" },
	{ "groups: {a: [b], b: [c], c: [a]}\n", "1:30", "contains itself" },
	{ ALICE "groups: {alice: []}\n", "2:10", "'alice' is there already" },
	{ "groups: {g: {}}\n", "1:13", "must be a list" },
	{ "groups: {a: [b], b: [c], c: [d], d: [e], e: [f], f: [g], g: [h], h: [i], i: "
	  "[j], j: [k], k: [l], l: [m], m: [n], n: [o], o: [p], p: [q], q: [r], r: "
	  "[s], s: []}\n",
	  NULL, "nested over 16 levels" },
	/* revoked keys */
	{ "revoked-keys: x\n", "1:15", "must be a list" },
	{ "revoked-keys: [SHA256:short]\n", "1:16", "not a fingerprint" },
	{ "revoked-keys: [ssh-foo AAAA]\n", "1:16", "neither a public key nor" },
	{ "revoked-keys: [{reason: x}]\n", "1:16", "needs 'ssh'" },
	{ "revoked-keys: [{ssh: '" FINGERPRINT "', sinc: x}]\n", NULL,
	  "did you mean 'since'?" },
	{ "revoked-keys: [{ssh: '" FINGERPRINT "', since: x}]\n", NULL,
	  "must be a date or time" },
	{ "revoked-keys: [{ssh: '" FINGERPRINT "', since: 2026-01-01}]\n", NULL,
	  "'since' needs a 'reason'" },
	{ "revoked-keys: [{ssh: '" FINGERPRINT "', reason: stolen}]\n", NULL,
	  "'superseded' or 'retired'" },
	{ "revoked-keys: [{ssh: '" FINGERPRINT "', note: 1}]\n", NULL, "'note'" },
	{ "revoked-keys: [{ssh: '" FINGERPRINT "', x509: y}]\n", "1:16",
	  "either 'ssh' or 'openpgp' or 'x509'" },
	{ "revoked-keys: [{x509: abcd}]\n", "1:23", "64 digits" },
	{ "revoked-keys: [{x509: '" FINGERPRINT "'}]\n", "1:23", "64 digits" },
	{ "principals: {a: {valid-before: x}}\n", NULL, "must be a date or time" },
	{ "principals: {a: {valid-after: 2026-02-01, valid-before: 2026-01-01}}\n",
	  NULL, "must be later than" },
	{ "revoked-keys-file: none\n", "1:20", "no file 'none'" },
	{ "revoked-keys-file: ../x\n", "1:20", "'../x'" },
	{ "revoked-keys-file: /etc/x\n", "1:20", "'/etc/x'" },
	{ "revoked-keys-file: .git/x\n", "1:20", "'.git/x'" },
	{ "revoked-keys-file: revoked.krl\n", "1:20",
	  "binary OpenSSH revocation list" },
	/* who vouches */
	{ "principals: {a: {ssh-ca: 1}}\n", "1:26", "must be a list of public keys" },
	{ "principals: {a: {ssh-ca: [{principals: [a]}]}}\n", "1:27", "needs 'key'" },
	{ "principals: {a: {ssh-ca: [{key: '" ALICE_KEY "', principal: [a]}]}}\n", NULL,
	  "did you mean 'principals'?" },
	{ "principals: {a: {ssh-ca: [ssh-foo AAAA]}}\n", "1:27",
	  "not a usable ssh key" },
	{ "principals: {a: {x509: [x]}}\n", "1:25", "must be a mapping" },
	{ "principals: {a: {x509: {issuer: CN=CA}}}\n", "1:24", "everybody's" },
	{ "principals: {a: {x509: {san: alice}}}\n", "1:30", "must begin with" },
	{ "principals: {a: {x509: {mail: a@b}}}\n", "1:25", "did you mean 'email'?" },
	{ "principals: {a: {sigstore: [x]}}\n", "1:29", "must be a mapping" },
	{ "principals: {a: {sigstore: {subject: a@b}}}\n", "1:28",
	  "needs 'issuer' and 'subject'" },
	{ "principals: {a: {sigstore: {issuer: x}}}\n", "1:28",
	  "needs 'issuer' and 'subject'" },
	{ "principals: {a: {sigstore: {issuer: x, subject: a}}}\n", "1:49",
	  "an address" },
	{ "principals: {a: {sigstore: {issuer: x, subject: '*@b'}}}\n", "1:49",
	  "compared exactly" },
	{ "principals: {a: {sigstore: {issuers: x, subject: a@b}}}\n", "1:29",
	  "did you mean 'issuer'?" },
	{ "sigstore: x\n", "1:11", "must be a mapping" },
	{ "sigstore: {}\n", "1:11", "needs authorities" },
	{ "sigstore: {rekor-key: x}\n", "1:12", "did you mean 'rekor-keys'?" },
	{ "allowed-signers: none\n", "1:18", "no file 'none'" },
	{ "allowed-signers: signers-bad\n", "1:18", "signers-bad:2: " },
	{ "principals: {alice: {}, bob: {}}\nallowed-signers: signers\n", "2:18",
	  "signers:2: " },
	{ "authorities: none\n", "1:14", "no file 'none'" },
	{ "authorities: revoked-empty\n", "1:14", "no self-signed certificate" },
	{ "revoked: {krl: none}\n", "1:16", "no file 'none'" },
	{ "revoked: {krl: revoked}\n", "1:16", "not a binary OpenSSH" },
	{ "revoked: {krl: revoked.krl}\n", "1:16",
	  "'revoked.krl': the revocation list "
	  "ends within its format" },
	{ "revoked: {crl: none}\n", "1:16", "no file 'none'" },
	{ "revoked: {crl: [revoked-empty]}\n", "1:17", "no revocation list" },
	{ "revoked: {lists: x}\n", "1:11", "unknown key" },
	/* rules */
	{ "rules: {}\n", "1:8", "'rules' must be a list, found a mapping" },
	{ "rules: [x]\n", "1:9", "must be a mapping" },
	{ "rules: [{files: {}}]\n", "1:9", "needs a 'name'" },
	{ "rules: [{name: a}]\n", "1:9",
	  "asks for nothing; it needs one of: refs, commits" },
	{ "rules: [{name: a, refs: [refs/heads/main]}]\n", "1:9", "asks for nothing" },
	{ "rules: [{name: gitgate, files: {}}]\n", "1:16", "is the gate's own" },
	{ "rules: [{name: 'a b', files: {}}]\n", "1:16", "cannot be a name" },
	{ "rules: [{name: a, files: {}}, {name: a, files: {}}]\n", "1:38",
	  "rule 'a' is there already: .gitgate.yaml:1:16" },
	{ "rules: [{name: a, fils: {}}]\n", "1:19", "did you mean 'files'?" },
	{ "rules: [{name: a, severity: bad, files: {}}]\n", "1:29",
	  "'error' or 'warn'" },
	{ "rules: [{name: a, refs: main, files: {}}]\n", "1:25",
	  "use refs/heads/main" },
	{ "rules: [{name: a, refs: [refs/heads/x, heads/y], files: {}}]\n", "1:40",
	  "use refs/heads/y" },
	{ "rules: [{name: a, refs: {only: [main]}}]\n", "1:33", "use refs/heads/main" },
	{ "rules: [{name: a, refs: [], files: {}}]\n", "1:25", "must not be empty" },
	{ "rules: [{name: a, paths: ['['], files: {}}]\n", "1:27", "" },
	{ "rules: [{name: a, repositories: [x], files: {}}]\n", "1:33",
	  "belongs to the server's rules" },
	{ "rules: [{name: a, files: {max-size: big}}]\n", "1:37", "must be a size" },
	{ "rules: [{name: a, files: {maxsize: 1}}]\n", "1:27",
	  "unknown option of 'files': 'maxsize'; did you mean 'max-size'?" },
	{ "rules: [{name: a, files: {symlinks: follow}}]\n", "1:37",
	  "must be 'allow', 'inside' or 'forbid'" },
	{ "rules: [{name: a, files: {forbid: ['[a']}}]\n", "1:36", "" },
	{ "rules: [{name: a, files: []}]\n", "1:26", "'files' must be a mapping" },
	{ "rules: [{name: a, commits: {message: '('}}]\n", "1:38", "wrong at offset" },
	{ "rules: [{name: a, commits: {linear: 1}}]\n", "1:37",
	  "must be true or false" },
	{ "rules: [{name: a, signatures: {}}]\n", "1:31", "'signatures' needs 'by'" },
	{ "rules: [{name: a, signatures: {by: []}}]\n", "1:31", "needs 'by'" },
	{ "rules: [{name: a, signatures: {by: [bob]}}]\n", "1:37",
	  "no principal or group is named 'bob'" },
	{ ALICE "rules: [{name: a, signatures: {by: alice, forge-merges: "
		"recompute}}]\n",
	  "2:31", "'forge-merges: recompute' needs 'forge-keys'" },
	{ ALICE "rules: [{name: a, signatures: {by: alice, forge-merges: yes}}]\n",
	  "2:57", "must be 'refuse' or 'recompute'" },
	{ ALICE "rules: [{name: a, signatures: {by: alice, forge-keys: [web]}}]\n",
	  "2:56", "no principal or group is named 'web'" },
	{ "rules: [{name: a, approvals: {}}]\n", "1:30", "'approvals' needs 'from'" },
	{ "rules: [{name: a, approvals: {count: 2, from: []}}]\n", "1:30",
	  "needs 'from'" },
	{ "rules: [{name: a, approvals: {from: [bob]}}]\n", "1:38",
	  "no principal or group is named 'bob'" },
	{ ALICE "rules: [{name: a, approvals: {count: 0, from: alice}}]\n", "2:38",
	  "'count' must be 1 or more" },
	{ ALICE "rules: [{name: a, approvals: {count: -1, from: alice}}]\n", "2:38",
	  "count" },
	{ ALICE "rules: [{name: a, approvals: {count: 1.5, from: alice}}]\n", "2:38",
	  "count" },
	{ ALICE "rules: [{name: a, approvals: {not-autor: false, from: alice}}]\n",
	  "2:31", "did you mean 'not-author'?" },
	{ "rules: [{name: a, refs: {creat: false}}]\n", "1:26",
	  "did you mean 'create'?" },
	{ "rules: [{name: a, schema: {file: none.json}}]\n", "1:34",
	  "no file 'none.json'" },
	{ "rules: [{name: a, schema: {file: two.yaml}}]\n", "1:34",
	  "must hold one document" },
	{ "rules: [{name: a, schema: {kinds: [x]}}]\n", "1:27", "it needs 'file'" },
	{ "rules: [{name: a, schema: {file: wrong.json}}]\n", "1:34", "wrong.json" },
};

START_TEST(bad_policies_are_refused_with_their_place)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		int code = build(&policy, NULL, bad[i].yaml, &err);
		ck_assert_msg(code < 0, "accepted:\n%s", bad[i].yaml);
		ck_assert_int_eq(code, err.code);
		expect_problem(&err, bad[i].yaml, ".gitgate.yaml", bad[i].place,
			       bad[i].message);
	}
}
END_TEST

START_TEST(problems_in_named_files_name_those_files)
{
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(build(&policy, NULL,
			       "rules: [{name: a, schema: {file: broken.json}}]\n",
			       &err),
			 ERROR_SYNTAX);
	expect_problem(&err, "", "broken.json", "1:2", "");
	error_clear(&err);
	ck_assert_int_lt(build(&policy, NULL, "revoked-keys-file: revoked-bad\n", &err),
			 0);
	expect_problem(&err, "", "revoked-bad", "3:1", "neither a public key");
}
END_TEST

START_TEST(a_whole_policy_is_read)
{
	struct policy *policy =
		built(NULL, "version: 1\n"
			    "principals:\n"
			    "  alice:\n"
			    "    email: [alice@example.org, a@example.org]\n"
			    "    ssh: {key: '" ALICE_KEY "', valid-after: 2026-01-01,\n"
			    "      valid-before: 2026-06-01T12:00:00Z}\n"
			    "  bob: {email: bob@example.org, ssh: ['" BOB_KEY "'],\n"
			    "    forge: {gitea: [bob, bobby], work: Bob}}\n"
			    "groups: {all: [team, alice], team: [bob, alice], none: "
			    "[]}\n"
			    "revoked-keys: [" FINGERPRINT ", {ssh: '" BOB_KEY
			    "', reason: retired, since: 2026-03-01}]\n"
			    "rules:\n"
			    "  - name: tags\n"
			    "    refs: {only: [refs/tags/*], update: false, name: "
			    "'^refs/'}\n"
			    "  - name: all\n"
			    "    refs: [refs/heads/main, '**']\n"
			    "    paths: ['deploy/**']\n"
			    "    severity: warn\n"
			    "    signatures: {by: [all, bob], user-verified: true}\n"
			    "    commits: {message: '^feat', linear: true}\n"
			    "    files: {max-size: 1MiB, forbid: ['*.p12'], symlinks: "
			    "forbid}\n"
			    "    schema: {file: schema.json, kinds: [Deployment]}\n"
			    "  - {name: bare, files: {}}\n"
			    "  - {name: two, approvals: {count: 2, from: all}}\n"
			    "  - name: one\n"
			    "    approvals: {from: [bob], not-author: false,\n"
			    "      no-objections: false}\n");
	const struct principal *alice = policy_principal(policy, "alice");
	ck_assert_uint_eq(alice->emails.count, 2);
	ck_assert_uint_eq(alice->key_count, 1);
	ck_assert_str_eq(alice->keys[0].text, ALICE_KEY);
	ck_assert_int_eq(alice->keys[0].valid_after, 1767225600 * CLOCK_SECOND);
	ck_assert_int_eq(alice->keys[0].valid_before, 1780315200 * CLOCK_SECOND);
	/* as ssh-keygen -l prints it */
	ck_assert_str_eq(alice->keys[0].fingerprint, "SHA256:ibN+"
						     "qtzEMGFI0diBvNrFzsMWlEN0DQ4wOaXbb"
						     "AeKayg");
	ck_assert_uint_eq(policy->groups[0].members.count, 2);
	ck_assert_uint_eq(policy->groups[2].members.count, 0);
	ck_assert_uint_eq(policy->revocation_count, 2);
	ck_assert_int_eq(policy->revocations[0].since, 0);
	ck_assert_str_eq(policy->revocations[1].reason, "retired");

	const struct principal *bob = policy_principal(policy, "bob");
	ck_assert_ptr_eq(policy_principal_by_login(policy, "gitea", "BOBBY"), bob);
	ck_assert_ptr_eq(policy_principal_by_login(policy, "work", "bob"), bob);
	ck_assert_ptr_null(policy_principal_by_login(policy, "work", "bobby"));
	ck_assert_ptr_null(policy_principal_by_login(policy, "github", "bob"));

	ck_assert_uint_eq(policy->rule_count, 5);
	const struct rule_approvals *two = policy->rules[3].approvals;
	ck_assert_uint_eq(two->count, 2);
	ck_assert(two->not_author && two->no_objections);
	const struct rule_approvals *one = policy->rules[4].approvals;
	ck_assert_uint_eq(one->count, 1);
	ck_assert_uint_eq(one->from.count, 1);
	ck_assert(!one->not_author && !one->no_objections);
	const struct rule *tags = &policy->rules[0];
	ck_assert(!tags->refs->update && tags->refs->create && tags->refs->force);
	ck_assert_str_eq(pattern_text(tags->refs->name), "^refs/");
	ck_assert(rule_applies(tags, "shop", "refs/tags/v1"));
	ck_assert(!rule_applies(tags, "shop", "refs/heads/main"));
	ck_assert_int_eq(tags->severity, SEVERITY_ERROR);
	ck_assert_ptr_null(tags->commits);
	const struct rule *all = &policy->rules[1];
	ck_assert_int_eq(all->origin, ORIGIN_REPOSITORY);
	ck_assert_int_eq(all->severity, SEVERITY_WARNING);
	ck_assert_ptr_null(all->refs);
	ck_assert_uint_eq(all->on_refs.count, 2);
	ck_assert_uint_eq(all->signatures->by.count, 2);
	ck_assert(all->signatures->user_verified && !all->signatures->committer);
	ck_assert_uint_eq(all->files->max_size, 1 << 20);
	ck_assert_str_eq(all->files->symlinks, "forbid");
	ck_assert_ptr_nonnull(all->compiled_schema);
	ck_assert(!digest_is_none(&all->schema_digest));
	const struct rule *bare = &policy->rules[2];
	ck_assert_str_eq(bare->files->symlinks, "inside");
	ck_assert(!bare->files->submodules);
	ck_assert_uint_eq(bare->files->max_size, 0);
	policy_free(policy);
}
END_TEST

static const struct {
	const char *server;
	const char *repository;
	const char *message;
} overrides[] = {
	{ "principals: {alice: {}}\n", ALICE,
	  "principal 'alice' is the server's principal" },
	{ "groups: {alice: []}\n", ALICE, "principal 'alice' is the server's group" },
	{ "groups: {g: []}\n", "groups: {g: []}\n", "group 'g' is the server's group" },
	{ ALICE, "groups: {alice: []}\n", "group 'alice' is the server's principal" },
	{ "rules: [{name: r, files: {}}]\n", "rules: [{name: r, files: {}}]\n",
	  "rule 'r' is the server's rule" },
	{ "rules: [{name: r, repositories: [other], files: {}}]\n",
	  "rules: [{name: r, commits: {}}]\n", "rule 'r' is the server's rule" },
	{ "principals: {alice: {forge: {gitea: alice}}}\n",
	  "principals: {mallory: {forge: {gitea: Alice}}}\n",
	  "the login 'Alice' at 'gitea' is that of principal 'alice' already" },
	{ ALICE, "principals: {mallory: {ssh: '" ALICE_KEY "'}}\n",
	  "is that of principal 'alice' already" },
	{ ALICE, "principals: {Alice: {ssh: '" BOB_KEY "'}}\n",
	  "differs only in case from the principal" },
	{ ALICE "groups: {staff: [alice]}\n", "groups: {STAFF: []}\n",
	  "differs only in case from the group" },
	{ ALICE "groups: {staff: [alice]}\n", "principals: {Staff: {}}\n",
	  "differs only in case from the group" },
	{ "principals: {a: {email: A@Example.org}}\n",
	  "principals: {b: {email: [b@x.org, a@example.ORG]}}\n",
	  "is that of the server's principal 'a'" },
};

START_TEST(a_repository_cannot_redefine_what_the_server_says)
{
	for (size_t i = 0; i < sizeof(overrides) / sizeof(overrides[0]); i++) {
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		int code = build(&policy, overrides[i].server, overrides[i].repository,
				 &err);
		ck_assert_msg(code == ERROR_POLICY_OVERRIDE, "%d %s for:\n%s", code,
			      err.text, overrides[i].repository);
		expect_problem(&err, overrides[i].repository, ".gitgate.yaml", NULL,
			       overrides[i].message);
	}
}
END_TEST

START_TEST(a_server_does_not_lean_on_a_repository)
{
	/* The names exist, but only because the repository says so. */
	static const char *const floors[] = {
		"groups: {g: [alice]}\n",
		"rules: [{name: r, signatures: {by: [alice]}}]\n",
	};
	for (size_t i = 0; i < 2; i++) {
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		ck_assert_int_lt(build(&policy, floors[i], ALICE, &err), 0);
		expect_problem(&err, floors[i], "gitgate.yaml", NULL,
			       "no principal or group is named 'alice'");
	}
}
END_TEST

START_TEST(who_may_waive_is_the_servers_to_say)
{
	static const struct bad wrong[] = {
		{ "waivers: [alice]\n", "2:11", "waivers" },
		{ "waivers: {rules: [a]}\n", "2:10", "'waivers' needs 'by'" },
		{ "waivers: {by: []}\n", "2:10", "'waivers' needs 'by'" },
		{ "waivers: {by: [bob]}\n", "2:16",
		  "no principal or group is named 'bob'" },
		{ "waivers: {by: alice, rules: []}\n", "2:29", "must not be empty" },
		{ "waivers: {by: alice, rule: [a]}\n", "2:22",
		  "did you mean 'rules'?" },
		{ "waivers: {by: alice, repositories: ['[']}\n", "2:37", "glob" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[1024];
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		snprintf(text, sizeof(text), "%s%s", ALICE, wrong[i].yaml);
		/* Bob is there, but by the repository's word. */
		ck_assert_msg(build(&policy, text,
				    "principals: {bob: {ssh: '" BOB_KEY "'}}\n",
				    &err) < 0,
			      "%s", text);
		expect_problem(&err, text, "gitgate.yaml", wrong[i].place,
			       wrong[i].message);
	}
	struct policy *policy = built(ALICE "groups: {team: [alice]}\n"
					    "waivers:\n"
					    "  - {by: team, rules: ['main-*'], "
					    "repositories: [shop]}\n"
					    "  - {by: [alice, team]}\n"
					    "  - {by: alice, repositories: [market]}\n",
				      "");
	ck_assert_uint_eq(policy->waiver_right_count, 2);
	ck_assert_str_eq(policy->waiver_rights[0].rules.items[0], "main-*");
	ck_assert_uint_eq(policy->waiver_rights[1].by.count, 2);
	ck_assert_uint_eq(policy->waiver_rights[1].rules.count, 0);
	struct digest before = policy->digest;
	policy_free(policy);
	policy = built(ALICE "waivers: {by: alice}\n", "");
	ck_assert_uint_eq(policy->waiver_right_count, 1);
	ck_assert(!digest_equal(&before, &policy->digest));
	policy_free(policy);
}
END_TEST

START_TEST(a_repository_adds_to_what_the_server_says)
{
	struct policy *policy = built(ALICE "groups: {admins: [alice]}\nworkers: "
					    "3\nwarn-only: true\n"
					    "rules: [{name: floor, signatures: {by: "
					    "[admins]}}]\n",
				      "principals: {bob: {ssh: '" BOB_KEY "'}}\n"
				      "groups: {team: [admins, bob]}\n"
				      "revoked-keys-file: revoked\n"
				      "rules: [{name: own, signatures: {by: [team, "
				      "alice]}}]\n");
	ck_assert_uint_eq(policy->rule_count, 2);
	ck_assert_int_eq(policy->rules[0].origin, ORIGIN_SERVER);
	ck_assert_int_eq(policy->rules[0].severity, SEVERITY_WARNING);
	ck_assert_int_eq(policy->rules[1].severity, SEVERITY_ERROR);
	ck_assert(
		policy_names_include(policy, &policy->rules[1].signatures->by, "bob"));
	ck_assert(
		!policy_names_include(policy, &policy->rules[0].signatures->by, "bob"));
	ck_assert_uint_eq(policy->revocation_count, 2);
	ck_assert_ptr_nonnull(policy_revocation(policy, FINGERPRINT));
	policy_free(policy);
}
END_TEST

START_TEST(a_repositorys_warn_only_spares_its_own_rules_only)
{
	struct policy *policy =
		built("rules: [{name: floor, files: {}}]\n", "warn-only: true\nrules: "
							     "[{name: own, files: "
							     "{}}]\n");
	ck_assert_int_eq(policy->rules[0].severity, SEVERITY_ERROR);
	ck_assert_int_eq(policy->rules[1].severity, SEVERITY_WARNING);
	policy_free(policy);
}
END_TEST

START_TEST(rules_of_other_repositories_are_left_out)
{
	static const char text[] = "rules:\n"
				   "  - {name: a, repositories: [shop], files: {}}\n"
				   "  - {name: b, repositories: ['inf*'], schema: "
				   "{file: schema.json}}\n"
				   "  - {name: c, files: {}}\n";
	static const struct {
		const char *repository;
		size_t rules;
		int loads;
	} cases[] = {
		{ "shop", 2, 0 }, { "infra", 2, 1 }, { "x", 1, 0 }, { NULL, 3, 1 }
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int loads = 0;
		struct policy_loader counting = { load_text, &loads, NULL, NULL };
		struct policy *policy = NULL;
		struct policy_file file = file_of("gitgate.yaml", text);
		struct error err = ERROR_INIT;
		ck_assert_int_eq(policy_new(&policy, &err), 0);
		ck_assert_msg(policy_add_server(policy, &file, &counting,
						cases[i].repository, &err) == 0,
			      "%s", err.text);
		ck_assert_int_eq(policy_finish(policy, &err), 0);
		ck_assert_uint_eq(policy->rule_count, cases[i].rules);
		ck_assert_int_eq(loads, cases[i].loads);
		policy_free(policy);
	}
}
END_TEST

static struct digest digest_of_texts(const char *server, const char *repository)
{
	struct policy *policy = built(server, repository);
	struct digest digest = policy->digest;
	policy_free(policy);
	return digest;
}

START_TEST(the_digest_follows_what_is_said_not_how)
{
	static const char rules[] = "rules: [{name: a, files: {max-size: 5}}]\n";
	static const char same[] = "# a comment\nrules:\n  - name: a\n    files:\n"
				   "      max-size: 5\n";
	static const char other[] = "rules: [{name: a, files: {max-size: 6}}]\n";
	struct digest first = digest_of_texts(rules, NULL);
	struct digest equal = digest_of_texts(same, NULL);
	struct digest changed = digest_of_texts(other, NULL);
	struct digest moved = digest_of_texts(NULL, rules);
	struct digest served = digest_of_texts("workers: 9\nrules: [{name: a, files: "
					       "{max-size: 5}}]\n",
					       "# nothing\n");
	ck_assert(digest_equal(&first, &equal));
	ck_assert(digest_equal(&first, &served));
	ck_assert(!digest_equal(&first, &changed));
	ck_assert(!digest_equal(&first, &moved));
	struct digest listed = digest_of_texts("revoked-keys-file: revoked\n", NULL);
	struct digest empty =
		digest_of_texts("revoked-keys-file: revoked-empty\n", NULL);
	ck_assert(!digest_equal(&listed, &empty));
}
END_TEST

START_TEST(schema_digests_follow_schema_and_options)
{
	struct policy *policy = built(NULL, "rules:\n"
					    "  - {name: a, schema: {file: "
					    "schema.json}}\n"
					    "  - {name: b, paths: [x], schema: {file: "
					    "schema.json}}\n"
					    "  - {name: c, schema: {file: schema.json, "
					    "kinds: [x]}}\n"
					    "  - {name: d, schema: {}}\n");
	const struct rule *rules = policy->rules;
	ck_assert(digest_equal(&rules[0].schema_digest, &rules[1].schema_digest));
	ck_assert(!digest_equal(&rules[0].schema_digest, &rules[2].schema_digest));
	ck_assert(!digest_equal(&rules[0].schema_digest, &rules[3].schema_digest));
	ck_assert_ptr_null(rules[3].compiled_schema);
	policy_free(policy);
}
END_TEST

START_TEST(a_policy_over_the_limit_is_refused_by_name)
{
	size_t size = (1u << 20) + 1;
	char *text = malloc(size + 1);
	memset(text, '#', size);
	text[size] = '\0';
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(build(&policy, NULL, text, &err), ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "policy.bytes"));
	free(text);
}
END_TEST

START_TEST(groups_that_multiply_are_refused_by_name)
{
	/* 12 levels, each 3 times as many uses: names multiply only in work. */
	struct buf text = BUF_INIT(1 << 20);
	buf_add_string(&text, "principals:\n");
	for (int i = 0; i < 2000; i++)
		buf_addf(&text, "  p%d: {}\n", i);
	buf_add_string(&text, "groups:\n  g0: [p0");
	for (int i = 1; i < 2000; i++)
		buf_addf(&text, ", p%d", i);
	buf_add_string(&text, "]\n");
	for (int i = 1; i < 60; i++)
		buf_addf(&text, "  g%d: [g0]\n", i);
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(build(&policy, NULL, text.data, &err), ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "policy.members"));
	buf_release(&text);
}
END_TEST

START_TEST(a_pack_gives_the_same_floor)
{
	static const char first[] = "rules: [{name: a, schema: {file: schema.json}}]\n";
	static const char second[] = "revoked-keys-file: revoked\n" ALICE;
	struct policy_file files[] = { file_of("/etc/gitgate.yaml", first),
				       file_of("/etc/r.yaml", second), texts[0],
				       texts[3] };
	struct buf block = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;
	ck_assert_int_eq(policy_files_pack(&block, files, 4, 2, &err), 0);
	struct policy *direct = NULL;
	struct policy *packed = NULL;
	ck_assert_int_eq(policy_new(&direct, &err), 0);
	ck_assert_int_eq(policy_add_server(direct, &files[0], &loader, NULL, &err), 0);
	ck_assert_int_eq(policy_add_server(direct, &files[1], &loader, NULL, &err), 0);
	ck_assert_int_eq(policy_finish(direct, &err), 0);
	ck_assert_msg(policy_from_pack(&packed, block.data, block.length, NULL, &err) ==
			      0,
		      "%s", err.text);
	ck_assert_int_eq(policy_finish(packed, &err), 0);
	ck_assert(digest_equal(&direct->digest, &packed->digest));
	ck_assert_uint_eq(packed->rule_count, 1);
	ck_assert_uint_eq(packed->revocation_count, 2);
	policy_free(direct);
	policy_free(packed);

	/* Cut or lengthened anywhere it is refused. */
	for (size_t length = 0; length < block.length; length++) {
		struct policy *cut = NULL;
		ck_assert_int_lt(policy_from_pack(&cut, block.data, length, NULL, NULL),
				 0);
		ck_assert_ptr_null(cut);
	}
	buf_add_byte(&block, 0);
	ck_assert_int_eq(
		policy_from_pack(&packed, block.data, block.length, NULL, &err),
		ERROR_MESSAGE);
	buf_release(&block);
}
END_TEST

/* What the service hands to its jobs and what the hook reads itself. */
START_TEST(the_hooks_floor_is_that_of_the_service)
{
	struct fixture fixture = fixture_new("workers: 3\n" ALICE "rules: [{name: a, "
					     "schema: {file: "
					     "schemas/"
					     "app.json, kubernetes: " BUNDLE_NAME "}}]"
					     "\n");
	fixture_write(&fixture, "schemas/app.json", "{\"type\": \"object\"}");
	fixture_write_bundle(&fixture);
	fixture_write(&fixture, "revoked", FINGERPRINT "\n");
	fixture_write(&fixture, "repositories.d/a.yaml",
		      "repositories: {shop: {path: /srv/shop.git}}\n");
	fixture_write(&fixture, "repositories.d/b.yaml",
		      "revoked-keys-file: revoked\nrules: [{name: b, repositories: "
		      "[other], files: {}}]\n");
	struct config *config = NULL;
	struct policy *service = NULL;
	struct policy *hook = NULL;
	struct error err = ERROR_INIT;
	ck_assert_msg(config_load(&config, fixture.file, &err) == 0, "%s", err.text);
	ck_assert_msg(policy_from_pack(&service, config->floor, config->floor_length,
				       "shop", &err) == 0,
		      "%s", err.text);
	ck_assert_msg(config_load_floor(&hook, fixture.file, "shop", NULL, &err) == 0,
		      "%s", err.text);
	ck_assert_int_eq(policy_finish(service, &err), 0);
	ck_assert_int_eq(policy_finish(hook, &err), 0);
	ck_assert_uint_eq(hook->rule_count, 1);
	ck_assert_uint_eq(service->rule_count, 1);
	ck_assert_uint_eq(hook->revocation_count, 1);
	ck_assert(digest_equal(&service->digest, &hook->digest));
	policy_free(service);
	policy_free(hook);
	config_free(config);
	fixture_free(&fixture);
}
END_TEST

START_TEST(the_hook_refuses_what_it_cannot_read)
{
	static const struct {
		const char *yaml;
		const char *message;
	} cases[] = {
		{ "rulez: []\n", "did you mean 'rules'?" },
		{ "rules: [\n", "gitgate.yaml:2:1" },
		{ "revoked-keys-file: none\n", "gitgate.yaml:1:20" },
		{ "rules: [{name: a, schema: {file: none}}]\n", "gitgate.yaml:1:34" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture fixture = fixture_new(cases[i].yaml);
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		ck_assert_int_lt(
			config_load_floor(&policy, fixture.file, NULL, NULL, &err), 0);
		ck_assert_ptr_null(policy);
		ck_assert_msg(strstr(err.text, cases[i].message) != NULL, "%s",
			      err.text);
		fixture_free(&fixture);
	}
}
END_TEST

/* A repository's file of signers speaks about the repository's people alone. */
START_TEST(signers_of_a_repository_leave_the_servers_people_alone)
{
	struct policy *policy = built("principals: {alice: {ssh: '" ALICE_KEY "'}}\n",
				      "principals: {bob: {}}\nallowed-signers: "
				      "signers-server\n");
	const struct principal *alice = policy_principal(policy, "alice");
	const struct principal *bob = policy_principal(policy, "bob");
	ck_assert_uint_eq(alice->key_count, 1);
	ck_assert_uint_eq(bob->key_count, 1);
	policy_free(policy);
}
END_TEST

/* --- OpenPGP keys --- */

#define PRIMARY_BODY                                                                   \
	"046b01425d16092b06010401da470f010107402e9bf6df95d5730dcbdbb00c1a254fc10a7aa6" \
	"df6b4d6062e327beb7ac59b1a0"
#define SUBKEY_BODY                                                                    \
	"046b01425d16092b06010401da470f010107402e9bf6df95d5730dcbdbb00c1a254fc10a7aa6" \
	"df6b4d6062e327beb7ac59b1a1"
static const char compiled_lines[] =
	"gitgate-openpgp-2\n"
	"primary not-signing 1000 0 valid 0 " PRIMARY_BODY "\n"
	"subkey sign 2000 5000 retired 4000 " SUBKEY_BODY "\n";

/* Whatever the file holds, but for "broken". */
static int compile_same(void *data, const void *bytes, size_t length,
			struct policy_file *out, struct error *err)
{
	static char text[1024];
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	(void)data;
	if (length == 6 && memcmp(bytes, "broken", 6) == 0)
		return error_set(err, ERROR_OPENPGP_CERTIFICATE_READER, "no key");
	ck_assert_int_eq(digest_of(compiled_lines, strlen(compiled_lines), &digest), 0);
	digest_hex(&digest, hex);
	snprintf(text, sizeof(text), "%ssha256 %s\n", compiled_lines, hex);
	*out = (struct policy_file){ "", text, strlen(text) };
	return 0;
}

static int load_key(void *data, const char *name, struct policy_file *out,
		    struct error *err)
{
	(void)data;
	(void)err;
	*out = (struct policy_file){ name, name, strlen(name) };
	return 0;
}

static int build_openpgp(struct policy **out, const char *text, struct error *err)
{
	const struct policy_loader keys = { load_key, NULL, compile_same, NULL };
	struct policy_file file = file_of("gitgate.yaml", text);
	struct policy *policy = NULL;
	ck_assert_int_eq(policy_new(&policy, err), 0);
	int code = policy_add_server(policy, &file, &keys, "shop", err);
	if (code == 0)
		code = policy_finish(policy, err);
	if (code == 0)
		*out = policy;
	else
		policy_free(policy);
	return code;
}

START_TEST(openpgp_keys_become_keys_of_the_principal)
{
	static const char *const texts_of_it[] = {
		"principals: {alice: {openpgp: key.asc}}",
		"principals: {alice: {openpgp: [key.asc]}}",
		"principals: {alice: {openpgp: [{key: key.asc}]}}",
		"principals: {alice: {openpgp: [\"-----BEGIN PGP x\"]}}",
	};
	for (size_t i = 0; i < sizeof(texts_of_it) / sizeof(texts_of_it[0]); i++) {
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		ck_assert_msg(build_openpgp(&policy, texts_of_it[i], &err) == 0, "%s",
			      err.text);
		const struct principal *alice = policy_principal(policy, "alice");
		ck_assert_uint_eq(alice->key_count, 2);
		ck_assert_str_eq(alice->keys[1].certificate,
				 alice->keys[0].fingerprint);
		ck_assert_int_eq(alice->keys[0].valid_after, 1000 * CLOCK_SECOND);
		ck_assert_int_eq(alice->keys[0].valid_before, 0);
		ck_assert_int_eq(alice->keys[1].valid_after, 2000 * CLOCK_SECOND);
		ck_assert_int_eq(alice->keys[1].valid_before, 5000 * CLOCK_SECOND - 1);
		ck_assert_ptr_null(
			policy_revocation(policy, alice->keys[0].fingerprint));
		ck_assert_int_eq(
			policy_revocation(policy, alice->keys[1].fingerprint)->since,
			4000 * CLOCK_SECOND);
		policy_free(policy);
	}
}
END_TEST

START_TEST(bounds_of_the_policy_narrow_those_of_the_key)
{
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	ck_assert_msg(build_openpgp(&policy,
				    "principals: {alice: {openpgp: {key: k, "
				    "valid-after: 1970-01-01T00:50:00Z, "
				    "valid-before: 1970-01-01T01:00:00Z}}}",
				    &err) == 0,
		      "%s", err.text);
	const struct principal *alice = policy_principal(policy, "alice");
	ck_assert_int_eq(alice->keys[1].valid_after, 3000 * CLOCK_SECOND);
	ck_assert_int_eq(alice->keys[1].valid_before, 3600 * CLOCK_SECOND);
	ck_assert_int_eq(alice->keys[0].valid_before, 3600 * CLOCK_SECOND);
	policy_free(policy);
}
END_TEST

START_TEST(openpgp_mistakes_are_refused_with_their_place)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{ "principals: {alice: {openpgp: 1}}", ":1:31: 'openpgp' must be" },
		{ "principals: {alice: {openpgp: [{file: x}]}}", "'file'" },
		{ "principals: {alice: {openpgp: [{valid-after: 2026-01-01}]}}", "needs"
										 " '"
										 "key"
										 "'" },
		{ "principals: {alice: {openpgp: broken}}", ":1:31: not a usable "
							    "OpenPGP key: no key" },
		{ "principals: {alice: {openpgp: [a, b]}}", "stands there already" },
		{ "principals: {alice: {openpgp: a}, bob: {openpgp: b}}", "is that of "
									  "principal "
									  "'alice' "
									  "already" },
		{ "revoked-keys: [{ssh: x, openpgp: y}]", "either 'ssh' or 'openpgp'" },
		{ "revoked-keys: [{reason: x}]", "or 'openpgp', its fingerprint" },
		{ "revoked-keys: [0123456789ABCDEF0123456789ABCDEF0123456]", "neither "
									     "a public "
									     "key nor "
									     "a "
									     "fingerpri"
									     "nt" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		ck_assert_msg(build_openpgp(&policy, cases[i].text, &err) < 0, "%s",
			      cases[i].text);
		ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
	}
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(build(&policy,
			       "principals: {alice: {openpgp: '-----BEGIN PGP x'}}",
			       NULL, &err),
			 ERROR_UNSUPPORTED);
}
END_TEST

START_TEST(openpgp_keys_are_revoked_by_fingerprint)
{
	static const char *const forms[] = {
		"revoked-keys: [\"0123456789ABCDEF0123456789ABCDEF01234567\"]",
		"revoked-keys: [\"0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 "
		"4567\"]",
		"revoked-keys: [{openpgp: "
		"\"0123456789abcdef0123456789abcdef01234567\", "
		"reason: compromised, note: lost}]",
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		ck_assert_msg(build_openpgp(&policy, forms[i], &err) == 0, "%s",
			      err.text);
		ck_assert_ptr_nonnull(policy_revocation(policy, "0123456789ABCDEF012345"
								"6789ABCDEF01234567"));
		policy_free(policy);
	}
}
END_TEST

UNIT_MAIN("conf/policy", signers_of_a_repository_leave_the_servers_people_alone,
	  openpgp_keys_become_keys_of_the_principal,
	  bounds_of_the_policy_narrow_those_of_the_key,
	  openpgp_mistakes_are_refused_with_their_place,
	  openpgp_keys_are_revoked_by_fingerprint,
	  bad_policies_are_refused_with_their_place,
	  problems_in_named_files_name_those_files, a_whole_policy_is_read,
	  a_repository_cannot_redefine_what_the_server_says,
	  a_server_does_not_lean_on_a_repository, who_may_waive_is_the_servers_to_say,
	  a_repository_adds_to_what_the_server_says,
	  a_repositorys_warn_only_spares_its_own_rules_only,
	  rules_of_other_repositories_are_left_out,
	  the_digest_follows_what_is_said_not_how,
	  schema_digests_follow_schema_and_options,
	  a_policy_over_the_limit_is_refused_by_name,
	  groups_that_multiply_are_refused_by_name, a_pack_gives_the_same_floor,
	  the_hooks_floor_is_that_of_the_service, the_hook_refuses_what_it_cannot_read)
