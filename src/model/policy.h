/* model/policy.h - policy as data: who, and which rules.
 *
 * Built by conf/policy.h, evaluated by policy/evaluate.h. All text lives in the arena
 * of the policy; immutable once built. */
#ifndef MODEL_POLICY_H
#define MODEL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/facts_kind.h"
#include "model/finding.h"

struct arena;
struct certificate_fact;
struct krl;
struct openpgp_ring;
struct pattern;
struct policy_bundle;
struct schema;
struct sigstore;
struct x509_authorities;
struct x509_fact;

struct strings {
	const char **items;
	size_t count;
	size_t capacity;
};

enum origin { ORIGIN_UNKNOWN = 0, ORIGIN_SERVER, ORIGIN_REPOSITORY };

/* A login at a source, or at all sources of one kind. */
struct principal_login {
	const char *source; /* its name, or the kind: "gitea" */
	const char *login;  /* compared without regard to case */
};

/* A public key of a principal. Times are inclusive; 0: no bound. */
struct principal_key {
	const char *text; /* one OpenSSH public key line: type, base64, comment; NULL
			     for other keys */
	const char *fingerprint; /* "SHA256:..." as ssh-keygen prints it; of OpenPGP 40
				    upper-case digits */
	const char *certificate; /* of an OpenPGP key: the fingerprint of its primary
				    key; NULL otherwise */
	int64_t valid_after;
	int64_t valid_before;
};

/* An OpenSSH CA whose certificates speak for a principal. */
struct principal_authority {
	const char *fingerprint; /* of the CA's key */
	struct strings names;    /* a certificate must name one of these */
	int64_t valid_after;     /* inclusive; 0: no bound */
	int64_t valid_before;
};

/* An X.509 identity: all that is not NULL must be in the certificate. */
struct principal_x509 {
	const char *email;   /* compared without regard to case */
	const char *subject; /* RFC 2253, as openssl x509 -subject -nameopt RFC2253 */
	const char *san;     /* "email:...", "uri:...", "dns:..." */
	const char *issuer;  /* RFC 2253 */
	const char *serial;  /* hexadecimal */
};

/* An identity that Sigstore vouches for: both exactly as in the certificate. */
struct principal_sigstore {
	const char *issuer;   /* who says who the signer is: "https://..." */
	const char *subject;  /* an address or a URI */
	int64_t valid_after;  /* inclusive; 0: no bound */
	int64_t valid_before; /* inclusive */
};

struct principal {
	const char *name;
	enum origin origin;
	int64_t valid_after; /* inclusive; 0: no bound */
	int64_t valid_before;
	struct strings emails; /* compared without regard to case */
	struct principal_key *keys;
	size_t key_count;
	size_t key_capacity;
	struct principal_login *logins;
	size_t login_count;
	size_t login_capacity;
	struct principal_authority *authorities;
	size_t authority_count;
	size_t authority_capacity;
	struct principal_x509 *x509;
	size_t x509_count;
	size_t x509_capacity;
	struct principal_sigstore *sigstore;
	size_t sigstore_count;
	size_t sigstore_capacity;
};

struct group {
	const char *name;
	enum origin origin;
	struct strings members; /* names of principals; nested groups are resolved when
				   built */
};

/* A key that no longer counts. since 0: for nothing (compromised); otherwise signatures
 * claimed and received before it still do (superseded, retired). */
struct revocation {
	const char *fingerprint;
	const char *reason;
	int64_t since;
};

/* Who may excuse commits from rules: of the server alone. */
struct waiver_right {
	struct strings by;    /* principals and groups of the server */
	struct strings rules; /* globs of rules' names; empty: all */
};

/* One struct rule_<kind> for each row of rules.def. */
typedef bool rule_BOOLEAN;
typedef uint64_t rule_SIZE;
typedef uint64_t rule_COUNT;
typedef const char *rule_STRING;
typedef struct strings rule_STRINGS;
typedef struct pattern *rule_PATTERN;
typedef struct strings rule_GLOBS;
typedef struct strings rule_NAMES;
typedef const char *rule_FILE;
typedef const char *rule_WORD;

#define RULE_BEGIN(kind, facts, help)                    struct rule_##kind {
#define RULE_OPTION(kind, type, field, key, value, help) rule_##type field;
#define RULE_END(kind)                                                                 \
	}                                                                              \
	;
#include "model/rules.def"
#undef RULE_BEGIN
#undef RULE_OPTION
#undef RULE_END

enum rule_kind {
#define RULE_BEGIN(kind, facts, help) RULE_KIND_##kind,
#define RULE_OPTION(kind, type, field, key, value, help)
#define RULE_END(kind)
#include "model/rules.def"
#undef RULE_BEGIN
#undef RULE_OPTION
#undef RULE_END
	RULE_KIND_COUNT
};

/* A schema that documents may name. */
struct inline_schema {
	const char *name; /* of its file, beneath the policy's directory */
	const char *id;   /* its $id; NULL: it has none */
	struct schema *compiled;
};

struct rule {
	const char *name;
	enum origin origin;
	enum severity severity; /* a warning too when its whole policy is warn-only */
	struct strings on_repositories; /* globs; only in the server's policy */
	struct strings on_refs;         /* globs of full names; empty: all */
	struct strings on_paths;        /* globs; empty: all. They narrow files and
					   schema, signatures to commits and approvals
					   to changes that touch one; other kinds look
					   at whole changes and commits */
	const char *directory; /* FILE options are relative to it: see policy_files */
	/* exactly the blocks that stand under the rule; NULL: absent */
#define RULE_BEGIN(kind, facts, help) struct rule_##kind *kind;
#define RULE_OPTION(kind, type, field, key, value, help)
#define RULE_END(kind)
#include "model/rules.def"
#undef RULE_BEGIN
#undef RULE_OPTION
#undef RULE_END
	struct schema *compiled_schema; /* of schema->file; NULL without one */
	struct policy_bundle
		*kubernetes;                  /* schema->kubernetes, see
						 conf/policy_bundle.h;     NULL without one */
	struct inline_schema *inline_schemas; /* of schema->inline_schemas, in order */
	struct digest schema_digest; /* of the schema's bytes and the rule's options:
					key of cached document facts */
};

struct policy {
	struct arena *arena;
	struct principal *principals;
	size_t principal_count;
	size_t principal_capacity;
	struct group *groups;
	size_t group_count;
	size_t group_capacity;
	struct revocation *revocations;
	size_t revocation_count;
	size_t revocation_capacity;
	struct waiver_right *waiver_rights;
	size_t waiver_right_count;
	size_t waiver_right_capacity;
	struct krl *krls; /* see model/krl.h */
	size_t krl_count;
	size_t krl_capacity;
	struct x509_authorities *authorities; /* see trust/x509.h; NULL: none */
	struct sigstore *sigstore;            /* see trust/sigstore.h; NULL: none */
	struct openpgp_ring *openpgp; /* trust/openpgp_ring.h; NULL: no such keys */
	struct rule *rules;
	size_t rule_count;
	size_t rule_capacity;
	struct digest digest; /* of every byte it was built from */
};

const struct principal *policy_principal(const struct policy *policy, const char *name);
/* Whether a principal counted at a time. */
bool principal_counts_at(const struct principal *principal, int64_t when);
/* The principal that holds a key, and the key itself. NULL: nobody's. */
const struct principal *policy_principal_by_key(const struct policy *policy,
						const char *fingerprint,
						const struct principal_key **key);
/* The principals for whom a certificate speaks: names of its own that the entry of its
 * CA has too. `found` gets the first, and its entry; the answer is how many there are,
 * or -1 when nobody has its CA. */
int policy_principal_by_certificate(const struct policy *policy,
				    const struct certificate_fact *certificate,
				    const struct principal **found,
				    const struct principal_authority **authority);
/* How many principals have this X.509 identity, and the first. */
int policy_principal_by_x509(const struct policy *policy, const struct x509_fact *x509,
			     const struct principal **found);
/* The same for an identity that Sigstore vouches for (x509->sigstore is there), and the
 * entry of the first. `elsewhere`: somebody has this subject, but by another issuer. */
int policy_principal_by_sigstore(const struct policy *policy,
				 const struct x509_fact *x509,
				 const struct principal **found,
				 const struct principal_sigstore **identity,
				 bool *elsewhere);
/* The principal with this login under this name of a source or kind. NULL: nobody's. */
const struct principal *policy_principal_by_login(const struct policy *policy,
						  const char *source,
						  const char *login);
const struct revocation *policy_revocation(const struct policy *policy,
					   const char *fingerprint);
/* Whether a principal is named by, or a member of a group in, a list of names. */
bool policy_names_include(const struct policy *policy, const struct strings *names,
			  const char *principal);

/* Whether a rule speaks about this repository and ref. */
bool rule_applies(const struct rule *rule, const char *repository, const char *ref);
/* Whether a rule speaks about this path (true when the rule has no paths). */
bool rule_covers(const struct rule *rule, const char *path);
/* Which facts the rules that apply need: a mask of enum facts_kind. */
unsigned int policy_facts_needed(const struct policy *policy, const char *repository,
				 const char *ref);
/* Whether every rule that refuses what is pushed to a ref refuses it on another one
 * too: the same rule, or one that demands the same of the same people or fewer.
 * Warnings and rules about the ref itself do not count (model/policy_guards.c). */
bool policy_guards_as_well(const struct policy *policy, const char *repository,
			   const char *ref, const char *other);

/* Whether what this key signs was made by the forge, by a rule that lets such commits
 * count when git makes the same again. */
bool rule_is_forge_key(const struct policy *policy, const struct rule *rule,
		       const char *fingerprint);

/* Rows of rules.def as data. */
struct rule_option_row {
	const char *type; /* "BOOLEAN", ... */
	const char *key;
	const char *value; /* default as text */
	const char *help;
	size_t offset; /* in struct rule_<kind> */
};
struct rule_kind_row {
	const char *name;
	unsigned int facts;
	const char *help;
	size_t size;   /* of struct rule_<kind> */
	size_t offset; /* of its pointer in struct rule */
	const struct rule_option_row *options;
	size_t option_count;
};
extern const struct rule_kind_row rule_kind_rows[RULE_KIND_COUNT];

bool strings_have(const struct strings *strings, const char *string);

#endif
