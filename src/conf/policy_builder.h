/* conf/policy_builder.h - a policy while it is being read; inside conf/ only. */
#ifndef CONF_POLICY_BUILDER_H
#define CONF_POLICY_BUILDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "conf/policy_parse.h"
#include "conf/reader.h"
#include "model/policy.h"

struct hasher;

/* A compiled key among the files of a floor: named by the digest of the key's bytes. */
#define POLICY_COMPILED_PREFIX "openpgp:"
#define POLICY_COMPILED_NAME_BYTES                                                     \
	(sizeof(POLICY_COMPILED_PREFIX) - 1 + DIGEST_HEX_BYTES)
int policy_compiled_name(const void *bytes, size_t length,
			 char name[POLICY_COMPILED_NAME_BYTES], struct error *err);

/* Where a name was given first. */
struct definition {
	const char *what; /* "principal", "group", "rule" */
	enum origin origin;
	const char *place;
	size_t index; /* in the policy's array */
};

/* A name that must exist at the end. */
struct name_use {
	const struct reader *reader;
	const struct node *node;
	const char *name;
	enum origin origin;
};

/* A group as written; parallel to policy->groups. */
struct group_source {
	const struct reader *reader;
	const struct node *members;
	struct strings names;
	enum { GROUP_UNSEEN = 0, GROUP_OPEN, GROUP_RESOLVED } state;
};

struct policy_builder {
	struct policy policy; /* first: policy_new() hands out its address */
	struct arena *trees;  /* documents, needed until policy_finish() */
	struct hasher *hasher;
	struct map people; /* name -> definition of a principal or group */
	struct map folded; /* the same in lower case: names must differ in more */
	struct map emails; /* of the server's principals, in lower case -> definition */
	struct map rules;  /* name -> definition */
	struct map keys;   /* fingerprint -> definition of its principal */
	struct map logins; /* "source login" -> definition of its principal */
	struct name_use *uses;
	size_t use_count;
	size_t use_capacity;
	struct group_source *groups;
	size_t group_count;
	size_t group_capacity;
	size_t member_count; /* of all resolved groups, against policy.members */
	struct pattern **patterns;
	size_t pattern_count;
	size_t pattern_capacity;
	struct schema **schemas;
	size_t schema_count;
	size_t schema_capacity;
	struct found_bundle *bundles;
	size_t bundle_count;
	size_t bundle_capacity;
	bool server_warns;
	bool repository_warns;
	bool finished;
};

/* One file being added. */
struct addition {
	struct policy_builder *builder;
	const struct reader *reader; /* lives as long as the policy */
	enum origin origin;
	const struct policy_loader *loader;
	const char *repository;
};

/* Refuses a name that is there already; else remembers it. */
int builder_define(const struct addition *addition, struct map *map,
		   const struct node *node, const char *what, const char *name,
		   size_t index, struct error *err);
int builder_use_name(const struct addition *addition, const struct node *node,
		     const char *name, struct error *err);
/* Loads a file that the policy names at `node`; its bytes go into the digest. */
int builder_load(const struct addition *addition, const struct node *node,
		 const char *name, struct policy_file *out, struct error *err);
/* The same of a bundle of schemas, which may be larger and is read later; what is known
 * of it is put into the policy's digest by the caller, who closes it, too. */
int builder_find(const struct addition *addition, const struct node *node,
		 const char *name, struct policy_source *out, struct error *err);
/* Feeds everything that a node says, but not its form, to a hasher. */
void builder_hash(struct hasher *hasher, const struct node *node);

/* conf/policy_people.c */
int builder_add_principals(const struct addition *addition, const struct node *node,
			   struct error *err);
/* Reads a public key line at a node: its text (NULL: not wanted) and fingerprint. */
int builder_ssh_line(const struct addition *addition, const struct node *node,
		     const char *what, const char **text, const char **fingerprint,
		     struct error *err);
/* Reads valid-after and valid-before of a mapping. */
int builder_validity(const struct addition *addition, const struct node *node,
		     int64_t *after, int64_t *before, struct error *err);
/* Gives a key to a principal; refuses one that is there already. */
int builder_add_key(const struct addition *addition, const struct node *node,
		    size_t principal, const struct principal_key *key,
		    struct error *err);
int builder_add_groups(const struct addition *addition, const struct node *node,
		       struct error *err);
int builder_resolve_groups(struct policy_builder *builder, struct error *err);
int builder_check_uses(const struct policy_builder *builder, struct error *err);

/* One key belongs to one principal, and stands there once. */
int builder_claim_key(const struct addition *addition, const struct node *node,
		      size_t principal, const char *fingerprint, struct error *err);

/* conf/policy_openpgp.c: the certificates at `key`, which count within `bounds`. */
int builder_add_openpgp(const struct addition *addition, const struct node *node,
			const struct node *key, size_t principal,
			const struct principal_key *bounds, struct error *err);

/* conf/policy_revoked.c */
int builder_push_revocation(const struct addition *addition, const char *fingerprint,
			    const char *reason, int64_t since, struct error *err);
int builder_add_revoked(const struct addition *addition, const struct node *node,
			struct error *err);
int builder_add_revoked_file(const struct addition *addition, const struct node *node,
			     struct error *err);

/* conf/policy_trust.c */
int builder_add_ssh_ca(const struct addition *addition, const struct node *node,
		       size_t principal, struct error *err);
int builder_add_x509(const struct addition *addition, const struct node *node,
		     size_t principal, struct error *err);
int builder_add_allowed_signers(const struct addition *addition,
				const struct node *node, struct error *err);
int builder_add_authorities(const struct addition *addition, const struct node *node,
			    struct error *err);
int builder_add_lists(const struct addition *addition, const struct node *node,
		      struct error *err);

/* conf/policy_sigstore.c: roots, and identities of principals. */
int builder_add_sigstore(const struct addition *addition, const struct node *node,
			 struct error *err);
int builder_add_sigstore_identity(const struct addition *addition,
				  const struct node *node, size_t principal,
				  struct error *err);

/* conf/policy_waivers.c */
int builder_add_waivers(const struct addition *addition, const struct node *node,
			struct error *err);

/* conf/policy_schema.c: compiles what a rule of kind schema names at `node`. */
int builder_add_schemas(const struct addition *addition, const struct node *node,
			struct rule *rule, struct error *err);

/* conf/policy_kubernetes.c: finds the bundle that a rule of kind schema names at
 * `node`. What tells it from others goes to the hasher. */
int builder_add_kubernetes(const struct addition *addition, const struct node *node,
			   struct rule *rule, struct hasher *hasher, struct error *err);

/* conf/policy_bundle.c: a bundle that is found, but not opened; it takes the source,
 * also when it fails. Where what it is cannot be known otherwise, it is opened. */
struct bundle_pin {
	const char *place;    /* for errors: "file:line:column" */
	struct digest digest; /* none: any will do */
};
int bundle_new(struct policy_bundle **out, const char *name, const char *place,
	       const struct policy_source *source, const struct bundle_pin *pin,
	       struct error *err);
void bundle_free(struct policy_bundle *bundle);
/* Differs where the schemas differ: the pin, or what the source says. */
const struct digest *bundle_identity(const struct policy_bundle *bundle);

/* What later rules of the same file that name the same bundle share. */
struct found_bundle {
	const struct reader *reader;
	const char *name;
	struct digest pin;
	struct policy_bundle *bundle;
};

/* conf/policy_rules.c */
int builder_add_rules(const struct addition *addition, const struct node *node,
		      struct error *err);

#endif
