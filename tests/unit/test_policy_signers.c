/* tests/unit/test_policy_signers.c - signatures by way of OpenSSH's CAs and X.509:
 * every reason and its twin, the edges of validity. */
#include "unit.h"

#include "model/krl.h"
#include "policy_scene.h"

#define CA      "SHA256:ca"
#define CLAIMED (SCENE_TIME - SCENE_HOUR)

static const char *by[] = { "alice" };
static const char *alices[] = { "alice", "alice@example.org" };
static const char *bobs[] = { "bob" };
static const char *named[] = { "carol", "alice" };
static const char *emails[] = { "email:Alice@example.org" };
static struct certificate_fact certificate;
static struct x509_fact x509;
static struct principal_authority authorities[2];
static struct principal_x509 identities[2];
static struct krl krl;
static struct krl_range range;
static struct krl_key_id key_id;
static const char *listed[] = { SCENE_KEY };

static void prepare(struct scene *scene)
{
	scene->signatures = (struct rule_signatures){ .by = { by, 1, 1 } };
	scene->rules[0].signatures = &scene->signatures;
	scene->principals[0].key_count = 0;
	scene->principals[0].origin = ORIGIN_SERVER;
	scene->principals[1].origin = ORIGIN_SERVER;
	krl = (struct krl){ .file = "the-list" };
	scene->policy.krls = &krl;
	scene->policy.krl_count = 1;
}

static void prepare_certificate(struct scene *scene)
{
	prepare(scene);
	certificate = (struct certificate_fact){ .ca = CA,
						 .ca_sha1 = "ca",
						 .serial = 7,
						 .key_id = "the-id",
						 .principals = named,
						 .principal_count = 2,
						 .valid_after = CLAIMED,
						 .valid_before = SCENE_TIME + 1 };
	authorities[0] = (struct principal_authority){ .fingerprint = CA,
						       .names = { alices, 2, 2 },
						       .valid_after = CLAIMED,
						       .valid_before = SCENE_TIME };
	authorities[1] = (struct principal_authority){ .fingerprint = CA,
						       .names = { bobs, 1, 1 } };
	scene->principals[0].authorities = &authorities[0];
	scene->principals[0].authority_count = 1;
	scene->principals[1].authorities = &authorities[1];
	scene->principals[1].authority_count = 1;
	scene->commits[0].signature.certificate = &certificate;
	scene->commits[0].signature.sha1 = "key";
}

static void spoil_ca(struct scene *scene)
{
	(void)scene;
	certificate.ca = "SHA256:another";
}

static void spoil_plain(struct scene *scene)
{
	scene->principals[0].key_count = 1;
	certificate.ca = "SHA256:another";
}

static void spoil_name(struct scene *scene)
{
	(void)scene;
	certificate.principal_count = 1;
}

static void spoil_names(struct scene *scene)
{
	(void)scene;
	authorities[1].names = authorities[0].names;
}

static void spoil_signer(struct scene *scene)
{
	(void)scene;
	certificate.principals = bobs;
	certificate.principal_count = 1;
}

static void spoil_early(struct scene *scene)
{
	(void)scene;
	certificate.valid_after = CLAIMED + 1;
}

static void spoil_late(struct scene *scene)
{
	(void)scene;
	certificate.valid_before = SCENE_TIME;
}

static void spoil_ca_early(struct scene *scene)
{
	(void)scene;
	authorities[0].valid_after = CLAIMED + 1;
}

static void spoil_ca_late(struct scene *scene)
{
	(void)scene;
	authorities[0].valid_before = SCENE_TIME - 1;
}

static void revoke(struct scene *scene, const char *fingerprint)
{
	scene->revocations[0] = (struct revocation){ fingerprint, "lost", 0 };
	scene->policy.revocation_count = 1;
}

static void spoil_ca_revoked(struct scene *scene)
{
	revoke(scene, CA);
}

static void spoil_key_revoked(struct scene *scene)
{
	revoke(scene, SCENE_KEY);
}

static void spoil_serial(struct scene *scene)
{
	(void)scene;
	range = (struct krl_range){ NULL, 7, 7 };
	krl.ranges = &range;
	krl.range_count = 1;
}

static void spoil_key_id(struct scene *scene)
{
	(void)scene;
	key_id = (struct krl_key_id){ CA, "the-id" };
	krl.key_ids = &key_id;
	krl.key_id_count = 1;
}

static void spoil_listed(struct scene *scene)
{
	(void)scene;
	krl.fingerprints = (struct strings){ listed, 1, 1 };
}

static void spoil_ca_listed(struct scene *scene)
{
	static const char *cas[] = { "ca" };
	(void)scene;
	krl.sha1 = (struct strings){ cas, 1, 1 };
}

static const struct scene_case certificate_cases[] = {
	{ "unknown CA", spoil_ca, ERROR_RULE_SIGNATURE_UNKNOWN_CA, "SHA256:another" },
	{ "a known key with a certificate", spoil_plain,
	  ERROR_RULE_SIGNATURE_UNKNOWN_CA, "speaks for no principal" },
	{ "another name", spoil_name, ERROR_RULE_SIGNATURE_CERTIFICATE_NAME,
	  "'carol'" },
	{ "two people", spoil_names, ERROR_RULE_SIGNATURE_CERTIFICATE_NAMES, "2" },
	{ "somebody else", spoil_signer, ERROR_RULE_SIGNATURE_NOT_ALLOWED, "'bob'" },
	{ "too early", spoil_early, ERROR_RULE_SIGNATURE_CERTIFICATE_EARLY,
	  "only from" },
	{ "too late", spoil_late, ERROR_RULE_SIGNATURE_CERTIFICATE_LATE, "only until" },
	{ "CA too early", spoil_ca_early, ERROR_RULE_SIGNATURE_CA_EARLY, "only from" },
	{ "CA too late", spoil_ca_late, ERROR_RULE_SIGNATURE_CA_LATE, "only until" },
	{ "CA revoked", spoil_ca_revoked, ERROR_RULE_SIGNATURE_CA_REVOKED, "lost" },
	{ "key revoked", spoil_key_revoked, ERROR_RULE_SIGNATURE_KEY_REVOKED, "lost" },
	{ "serial listed", spoil_serial, ERROR_RULE_SIGNATURE_LISTED, "the serial" },
	{ "key id listed", spoil_key_id, ERROR_RULE_SIGNATURE_LISTED, "the key id" },
	{ "key listed", spoil_listed, ERROR_RULE_SIGNATURE_LISTED, "its key" },
	{ "CA listed", spoil_ca_listed, ERROR_RULE_SIGNATURE_LISTED, "its CA's key" },
};

START_TEST(certificates_are_refused_for_each_reason)
{
	SCENE_RUN(certificate_cases, prepare_certificate);
}
END_TEST

static void prepare_x509(struct scene *scene)
{
	prepare(scene);
	x509 = (struct x509_fact){ .subject = "CN=Alice",
				   .issuer = "CN=CA",
				   .serial = "0A",
				   .names = emails,
				   .name_count = 1,
				   .signed_at = CLAIMED,
				   .chain = X509_CHAIN_GOOD,
				   .by_server = true,
				   .valid_after = CLAIMED,
				   .valid_before = SCENE_TIME,
				   .lists_until = SCENE_TIME };
	identities[0] = (struct principal_x509){ .email = "alice@example.org",
						 .issuer = "CN=CA",
						 .serial = "0a",
						 .subject = "CN=Alice",
						 .san = "email:Alice@example.org" };
	identities[1] = (struct principal_x509){ .subject = "CN=Bob" };
	scene->principals[0].x509 = &identities[0];
	scene->principals[0].x509_count = 1;
	scene->principals[1].x509 = &identities[1];
	scene->principals[1].x509_count = 1;
	scene->commits[0].signature.format = "x509";
	scene->commits[0].signature.x509 = &x509;
}

static void spoil_chain(struct scene *scene)
{
	(void)scene;
	x509.chain = X509_CHAIN_BAD;
	x509.code = ERROR_X509_UNKNOWN_AUTHORITY;
	x509.reason = "no issuer";
}

static void spoil_untraced(struct scene *scene)
{
	(void)scene;
	x509.chain = X509_UNTRACED;
}

static void spoil_email(struct scene *scene)
{
	(void)scene;
	identities[0].email = "alice@example.com";
}

static void spoil_subject(struct scene *scene)
{
	(void)scene;
	identities[0].subject = "CN=alice";
}

static void spoil_san(struct scene *scene)
{
	(void)scene;
	identities[0].san = "email:alice@example.org";
}

static void spoil_issuer(struct scene *scene)
{
	(void)scene;
	identities[0].issuer = "CN=Another CA";
}

static void spoil_serial_number(struct scene *scene)
{
	(void)scene;
	identities[0].serial = "0B";
}

static void spoil_identities(struct scene *scene)
{
	(void)scene;
	identities[1] = identities[0];
}

static void spoil_origin(struct scene *scene)
{
	(void)scene;
	x509.by_server = false;
}

static void spoil_x509_early(struct scene *scene)
{
	(void)scene;
	x509.valid_after = CLAIMED + 1;
}

static void spoil_x509_late(struct scene *scene)
{
	(void)scene;
	x509.valid_before = SCENE_TIME - CLOCK_SECOND;
}

static void spoil_signed_early(struct scene *scene)
{
	(void)scene;
	x509.signed_at = CLAIMED - 1;
}

static void spoil_signed_late(struct scene *scene)
{
	(void)scene;
	x509.signed_at = SCENE_TIME + CLOCK_SECOND;
}

static void spoil_lists(struct scene *scene)
{
	(void)scene;
	x509.lists_until = SCENE_TIME - 1;
}

static const struct scene_case x509_cases[] = {
	{ "bad chain", spoil_chain, ERROR_X509_UNKNOWN_AUTHORITY, "no issuer" },
	{ "untraced", spoil_untraced, ERROR_RULE_SIGNATURE_X509_UNTRACED,
	  "not traced" },
	{ "another address", spoil_email, ERROR_RULE_SIGNATURE_X509_NAME, "CN=Alice" },
	{ "another subject", spoil_subject, ERROR_RULE_SIGNATURE_X509_NAME,
	  "CN=Alice" },
	{ "another name", spoil_san, ERROR_RULE_SIGNATURE_X509_NAME, "CN=Alice" },
	{ "another issuer", spoil_issuer, ERROR_RULE_SIGNATURE_X509_NAME, "CN=Alice" },
	{ "another serial", spoil_serial_number, ERROR_RULE_SIGNATURE_X509_NAME,
	  "CN=Alice" },
	{ "two people", spoil_identities, ERROR_RULE_SIGNATURE_X509_NAMES, "2" },
	{ "by the repository", spoil_origin, ERROR_RULE_SIGNATURE_X509_ORIGIN,
	  "the repository's" },
	{ "too early", spoil_x509_early, ERROR_RULE_SIGNATURE_X509_EARLY, "only from" },
	{ "too late", spoil_x509_late, ERROR_RULE_SIGNATURE_X509_LATE, "only until" },
	{ "signed too early", spoil_signed_early, ERROR_RULE_SIGNATURE_X509_EARLY,
	  "signed, it says" },
	{ "signed too late", spoil_signed_late, ERROR_RULE_SIGNATURE_X509_LATE,
	  "signed, it says" },
	{ "lists out of date", spoil_lists, ERROR_RULE_SIGNATURE_X509_LISTS,
	  "current only until" },
};

START_TEST(x509_is_refused_for_each_reason)
{
	SCENE_RUN(x509_cases, prepare_x509);
}
END_TEST

static struct sigstore_fact sigstore;
static struct principal_sigstore by_sigstore[2];

static void prepare_sigstore(struct scene *scene)
{
	prepare(scene);
	sigstore = (struct sigstore_fact){ .issuer = "https://issuer.example.org",
					   .logged_at = CLAIMED };
	x509 = (struct x509_fact){ .subject = "",
				   .issuer = "CN=sigstore-intermediate",
				   .serial = "0A",
				   .names = emails,
				   .name_count = 1,
				   .chain = X509_CHAIN_GOOD,
				   .by_server = true,
				   .sigstore = &sigstore };
	by_sigstore[0] = (struct principal_sigstore){ .issuer = "https://"
								"issuer.example.org",
						      .subject = "Alice@example.org",
						      .valid_after = CLAIMED,
						      .valid_before = SCENE_TIME };
	by_sigstore[1] = (struct principal_sigstore){ .issuer = "https://"
								"issuer.example.org",
						      .subject = "bob@example.org" };
	scene->principals[0].sigstore = &by_sigstore[0];
	scene->principals[0].sigstore_count = 1;
	scene->principals[1].sigstore = &by_sigstore[1];
	scene->principals[1].sigstore_count = 1;
	scene->commits[0].signature.format = "x509";
	scene->commits[0].signature.x509 = &x509;
	scene->commits[0].signature.made_at = CLAIMED;
}

static void spoil_entry(struct scene *scene)
{
	(void)scene;
	x509.chain = X509_CHAIN_BAD;
	x509.code = ERROR_REKOR_NONE;
	x509.reason = "no entry";
}

static void spoil_sigstore_subject(struct scene *scene)
{
	(void)scene;
	by_sigstore[0].subject = "alice@example.org"; /* another case */
}

/* A URI that looks like her address is not her. */
static void spoil_sigstore_kind(struct scene *scene)
{
	static const char *uris[] = { "uri:Alice@example.org" };
	(void)scene;
	x509.names = uris;
}

/* As X.509 she is known, but no authority of X.509 said so. */
static void spoil_sigstore_only_x509(struct scene *scene)
{
	identities[0] = (struct principal_x509){ .email = "alice@example.org" };
	scene->principals[0].x509 = &identities[0];
	scene->principals[0].x509_count = 1;
	scene->principals[0].sigstore_count = 0;
}

/* And the other way round. */
static void spoil_only_sigstore(struct scene *scene)
{
	(void)scene;
	x509.sigstore = NULL;
}

static void spoil_sigstore_issuer(struct scene *scene)
{
	(void)scene;
	sigstore.issuer = "https://issuer.example.org/";
}

static void spoil_sigstore_two(struct scene *scene)
{
	(void)scene;
	by_sigstore[1] = by_sigstore[0];
}

static void spoil_sigstore_early(struct scene *scene)
{
	scene->commits[0].signature.made_at = CLAIMED - 1;
}

static void spoil_sigstore_claim(struct scene *scene)
{
	scene->commits[0].committer.when = CLAIMED - 1;
}

static void spoil_sigstore_late(struct scene *scene)
{
	(void)scene;
	by_sigstore[0].valid_before = SCENE_TIME - 1;
}

static void spoil_sigstore_future(struct scene *scene)
{
	by_sigstore[0].valid_before = 0;
	scene->commits[0].signature.made_at = SCENE_TIME + 25 * SCENE_HOUR;
}

static const struct scene_case sigstore_cases[] = {
	{ "no proof", spoil_entry, ERROR_REKOR_NONE, "no entry" },
	{ "untraced", spoil_untraced, ERROR_RULE_SIGNATURE_X509_UNTRACED,
	  "not traced" },
	{ "another subject", spoil_sigstore_subject, ERROR_RULE_SIGNATURE_SIGSTORE_NAME,
	  "Alice@example.org" },
	{ "another kind of subject", spoil_sigstore_kind,
	  ERROR_RULE_SIGNATURE_SIGSTORE_NAME, "Alice@example.org" },
	{ "only known as X.509", spoil_sigstore_only_x509,
	  ERROR_RULE_SIGNATURE_SIGSTORE_NAME, "Alice@example.org" },
	{ "X.509 of the same name", spoil_only_sigstore, ERROR_RULE_SIGNATURE_X509_NAME,
	  "Alice@example.org" },
	{ "another issuer", spoil_sigstore_issuer, ERROR_RULE_SIGNATURE_SIGSTORE_ISSUER,
	  "'https://issuer.example.org/'" },
	{ "two people", spoil_sigstore_two, ERROR_RULE_SIGNATURE_SIGSTORE_NAMES, "2" },
	{ "by the repository", spoil_origin, ERROR_RULE_SIGNATURE_SIGSTORE_ORIGIN,
	  "the repository's" },
	{ "before the identity", spoil_sigstore_early,
	  ERROR_RULE_SIGNATURE_SIGSTORE_EARLY, "was signed at" },
	{ "claimed before the identity", spoil_sigstore_claim,
	  ERROR_RULE_SIGNATURE_SIGSTORE_EARLY, "it says" },
	{ "after the identity", spoil_sigstore_late, ERROR_RULE_SIGNATURE_SIGSTORE_LATE,
	  "only until" },
	{ "from the future", spoil_sigstore_future, ERROR_RULE_SIGNATURE_FUTURE,
	  "but was received" },
};

START_TEST(sigstore_is_refused_for_each_reason)
{
	SCENE_RUN(sigstore_cases, prepare_sigstore);
}
END_TEST

UNIT_MAIN("policy/signers", certificates_are_refused_for_each_reason,
	  x509_is_refused_for_each_reason, sigstore_is_refused_for_each_reason)
