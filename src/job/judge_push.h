/* job/judge_push.h - the push by which changes come, for rules of kind push.
 *
 * At the hook: what git says about the one push that is received. Believed is only
 * which blob holds the certificate and whether the nonce holds; the rest is read from
 * the blob's bytes. The certificate is read once, however many refs are pushed. */
#ifndef JOB_JUDGE_PUSH_H
#define JOB_JUDGE_PUSH_H

#include <stdbool.h>
#include <stddef.h>

#include "model/facts.h"
#include "repo/push_certificate.h"

struct arena;
struct error;
struct limits;
struct repo;

/* As git tells its hook, see githooks(5) and git-receive-pack(1). */
struct push_told {
	const char *certificate;  /* GIT_PUSH_CERT: an object id; NULL: not signed */
	const char *nonce_status; /* GIT_PUSH_CERT_NONCE_STATUS; NULL: not said */
	const char *nonce;        /* GIT_PUSH_CERT_NONCE */
	const struct push_update *updates;
	size_t update_count;
	const char *const *options;
	size_t option_count;
};

struct judge_push {
	enum push_knowledge knowledge;
	/* Of one that was received: everything but the signature, which each policy
	 * looks at with its own keys. */
	struct push_fact fact;
	struct push_certificate text;
};

/* What is said where there is no push yet, and where only those are known that the hook
 * kept in the repository (hooks/record.h). */
extern const struct judge_push judge_push_to_come;
extern const struct judge_push judge_push_recorded;

/* Reads and compares; a certificate that is wrong is told in the fact. Everything lives
 * in the arena. ERROR_MEMORY, or that the object database cannot be read. */
int judge_push_read(struct judge_push *out, struct arena *arena, struct repo *repo,
		    const struct push_told *told, const struct limits *limits,
		    struct error *err);

/* The certificate in a blob: text and fact (identity, pushee, nonce). A code and reason
 * in fact->certificate when it cannot be read. ERROR_MEMORY. */
int judge_push_certificate(struct push_fact *fact, struct push_certificate *text,
			   struct arena *arena, struct repo *repo, const struct oid *id,
			   const struct limits *limits, struct error *err);

/* --- for collect_push.c and recorded_pushes.c --- */
struct collector;
int collect_push_signature(const struct collector *collector, struct push_fact *fact,
			   const struct push_certificate *text, struct error *err);
int collect_recorded_pushes(struct collector *collector, struct error *err);

#endif
