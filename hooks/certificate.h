/* hooks/certificate.h - what git tells its hook about a signed push. */
#ifndef HOOKS_CERTIFICATE_H
#define HOOKS_CERTIFICATE_H

struct arena;
struct environment;
struct error;
struct judge_push;
struct repo;
struct updates;

/* Reads the push's certificate, if there is one. Lives in the arena. Push options that
 * git counts but does not name: ERROR_SYNTAX. */
int certificate_read(struct judge_push *out, struct arena *arena,
		     const struct environment *environment,
		     const struct updates *updates, struct repo *repo,
		     struct error *err);

#endif
