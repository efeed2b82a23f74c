/* conf/policy_parse.h - policy files to model/policy.h.
 *
 * A policy is built in two steps from texts that are given (no I/O here): the server's
 * floor first, then the repository's own file. The second can add, never loosen: it
 * cannot redefine a principal, group or rule name of the first (ERROR_POLICY_OVERRIDE).
 * Errors carry "file:line:column: " and the nearest valid name for an unknown key. */
#ifndef CONF_POLICY_PARSE_H
#define CONF_POLICY_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct error;
struct policy;

/* A file by name; its bytes are borrowed. */
struct policy_file {
	const char *name; /* as errors show it: "/etc/gitgate/gitgate.yaml",
			     ".gitgate.yaml", "schemas/app.json" */
	const char *bytes;
	size_t length;
};

/* A file that is read when it is needed: as much of it as can be had at no cost. */
struct policy_source {
	/* Its beginning, borrowed; all of it where `read` is NULL. May be empty where
	 * there is an identity. */
	const char *bytes;
	size_t length;
	uint64_t size; /* of the whole */
	/* Differs where the content differs: "blob 3f1c...". NULL: the beginning of a
	 * bundle says it. */
	const char *identity;
	/* Appends all of it. */
	int (*read)(void *data, struct buf *out, struct error *err);
	void (*close)(void *data); /* NULL: there is nothing to close */
	void *data;                /* lives as long as the policy */
};

/* Gives the content of a file that a policy names (FILE options, revoked-keys-file), by
 * its name relative to the policy's root; bytes stay valid as long as the policy.
 * ERROR_NOT_FOUND with the reason. */
struct policy_loader {
	int (*load)(void *data, const char *name, struct policy_file *out,
		    struct error *err);
	void *data;
	/* Gives the compiled form (trust/openpgp_ring.h) of an OpenPGP key file's
	 * bytes. NULL: such keys are refused here. */
	int (*compile)(void *data, const void *bytes, size_t length,
		       struct policy_file *out, struct error *err);
	/* As load(), of a large file. What it gives is closed with the policy. NULL: it
	 * is loaded at once. */
	int (*find)(void *data, const char *name, struct policy_source *out,
		    struct error *err);
};

/* Compiles OpenPGP keys into `out`; `data` of the loader that it is for. */
typedef int policy_compile(void *data, struct buf *out, const void *bytes,
			   size_t length, struct error *err);
/* The same with the result in an arena, for loaders. */
int policy_compile_into(struct arena *arena, policy_compile *compile, void *data,
			const void *bytes, size_t length, struct policy_file *out,
			struct error *err);
/* policy_compile: in this process, without librnp. */
int policy_compile_here(void *data, struct buf *out, const void *bytes, size_t length,
			struct error *err);
/* policy_compile: by gitgate-trust-compile. `data` is the name of a directory that
 * keeps what was compiled, or NULL. */
int policy_compile_by_program(void *data, struct buf *out, const void *bytes,
			      size_t length, struct error *err);

int policy_new(struct policy **out, struct error *err);
void policy_free(struct policy *policy);

/* Adds the keys principals, groups, revoked-keys, revoked-keys-file, rules and
 * warn-only of one file, and waivers of a server's. For its files other top-level keys
 * are the configuration's business and skipped; in a repository's file they are
 * refused. `repository` is the name by which rules with `repositories:` are kept or
 * dropped (NULL: keep all). */
int policy_add_server(struct policy *policy, const struct policy_file *file,
		      const struct policy_loader *loader, const char *repository,
		      struct error *err);
int policy_add_repository(struct policy *policy, const struct policy_file *file,
			  const struct policy_loader *loader, struct error *err);
/* Resolves names, checks that they exist, computes the digest: SHA-256 over all that
 * the policy keys of the files say (not over comments, layout or the rest of
 * gitgate.yaml) and over the bytes of the files that they name; of bundles of schemas
 * over what tells them apart (conf/policy_bundle.h). The server's names are looked for
 * among the server's alone. Afterwards the policy is immutable; after a
 * failure it can only be freed. */
int policy_finish(struct policy *policy, struct error *err);

/* A set of files as one block of bytes, for handing a floor to a job (big-endian u32
 * count, u32 server_count; each file u32 length, name, u32 length, bytes). The first
 * `server_count` are policies, the rest are files that they name. */
int policy_files_pack(struct buf *out, const struct policy_file *files, size_t count,
		      size_t server_count, struct error *err);
/* Builds the floor from such a block, which must stay valid as long as the policy:
 * policy_new() and policy_add_server() for each; policy_finish() is the caller's, after
 * the repository's own file. */
int policy_from_pack(struct policy **out, const void *block, size_t length,
		     const char *repository, struct error *err);

#endif
