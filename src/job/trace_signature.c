/* job/trace_signature.c - who vouches for the certificate of a signature. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "job/judge.h"
#include "model/facts.h"
#include "model/policy.h"
#include "repo/repo.h"
#include "trust/sigstore.h"
#include "trust/x509.h"

static int use_proof(struct arena *arena, const char *path, const struct oid *id,
		     struct signature_fact *fact, struct error *err)
{
	struct buf proof = BUF_INIT(limits_default.values[LIMIT_SIGSTORE_PROOF_BYTES]);
	int rc = buf_read_file(&proof, path, err);

	if (rc == 0 && sigstore_use_stored(fact, arena, oid_text(id), proof.data,
					   proof.length) != 0)
		rc = error_set(err, ERROR_MEMORY, "out of memory");
	buf_release(&proof);
	return rc;
}

/* Nobody signs this file: what is in it is checked as what comes with a signature. */
static int find_proof(struct arena *arena, const struct repo *repo,
		      const struct oid *id, struct signature_fact *fact,
		      struct error *err)
{
	const char *path = arena_printf(arena, "%s/%s/%s", repo_path(repo),
					PROOF_DIRECTORY, oid_text(id));

	if (!path)
		return error_set(err, ERROR_MEMORY, "out of memory");
	return path_exists(path) ? use_proof(arena, path, id, fact, err) : 0;
}

int trace_signature(const struct collector *collector, const struct oid *id,
		    struct signature_fact *fact, struct error *err)
{
	const struct policy *policy = collector->policy;
	int rc = 0;

	if (fact->status != SIGNATURE_GOOD || !fact->x509)
		return 0;
	if (!fact->x509->sigstore)
		return x509_trace(fact, policy->authorities, err);
	if (!fact->x509->sigstore->entry)
		rc = find_proof(collector->arena, collector->judge->repo, id, fact,
				err);
	return rc == 0 ? sigstore_trace(fact, collector->arena, policy->sigstore, err)
		       : rc;
}
