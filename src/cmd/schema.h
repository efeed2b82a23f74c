/* cmd/schema.h - what the parts of `gitgate schema` share. */
#ifndef CMD_SCHEMA_H
#define CMD_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/hash.h"

struct error;
struct kubernetes_bundle;
struct kubernetes_import;

/* The command line. */
struct schema_command {
	const char *version; /* of Kubernetes; NULL: what the sources say */
	const char *output;
	const char *server;
	const char *kubeconfig;
	const char *context;
	const char *token_file;
	const char *ca_file;
	const char *path; /* "spec.template" */
	const char *skip; /* kinds, with commas between them */
	bool cluster;     /* the one that kubectl speaks to */
	bool ignore_missing;
	bool no_strict;
	bool json;
};

/* A bundle's file. */
struct bundle_file {
	struct buf bytes;
	struct digest digest; /* of all of them: what a policy pins */
	struct kubernetes_bundle *bundle;
};

/* Release it also after a failure. */
int bundle_file_open(struct bundle_file *file, const char *name, struct error *err);
void bundle_file_release(struct bundle_file *file);

/* The subcommands; the exit code. */
int schema_import(const struct schema_command *command, char **sources, int count);
int schema_list(const struct schema_command *command, char **files, int count);
int schema_show(const struct schema_command *command, char **operands, int count);
int schema_test(const struct schema_command *command, char **operands, int count);

/* --- cmd/schema_fetch.c: sources over the network, into the import --- */

/* An address: one document, or, when it ends with a slash, a directory as kubeconform
 * has them, of which _definitions.json is taken. */
int schema_fetch_address(struct kubernetes_import *import, const char *address,
			 const struct schema_command *command, struct error *err);
/* Whether a running cluster is a source. */
bool schema_wants_cluster(const struct schema_command *command);
/* What it publishes: OpenAPI 3.0, or 2.0 where there is none. */
int schema_fetch_cluster(struct kubernetes_import *import,
			 const struct schema_command *command, struct error *err);

#endif
