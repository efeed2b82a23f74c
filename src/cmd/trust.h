/* cmd/trust.h - what the halves of `gitgate trust` share. */
#ifndef CMD_TRUST_H
#define CMD_TRUST_H

#include "cmd/check.h"

struct arena;
struct buf;
struct error;
struct policy;

/* The command line, and what it works with. */
struct trust {
	struct check check; /* floor, repository, ref, json */
	bool raw;
	const char *rekor;   /* proof: address of the log */
	const char *git_dir; /* proof: the repository; NULL: the one here */
	const char *ca_file;
	const char *forge;  /* import: address of the forge whose users are named; NULL:
			       files are */
	const char *name;   /* import: whose everything is; NULL: as the files say */
	const char *output; /* import: a new file; NULL: standard output */
	struct arena *arena;
	struct policy *policy; /* trust_policy() */
	struct buf *out;
	int code; /* exit code when nothing fails */
};

/* The floor that is given and the nearest .gitgate.yaml. */
int trust_policy(struct trust *trust, struct error *err);

/* cmd/trust_import.c: principals from files of keys. */
int trust_import(struct trust *trust, char **operands, struct error *err);
/* cmd/trust_test.c: who signed a commit, and whether it counts. */
int trust_test(struct trust *trust, char **operands, struct error *err);
/* cmd/trust_proof.c: log entries about objects, stored for the gates. */
int trust_proof(struct trust *trust, char **operands, struct error *err);

#endif
