/* job/fetch_proofs.h - stored log entries of signatures come along with a repository
 * that is read in place: what its hook believed, the service is to look at too. */
#ifndef JOB_FETCH_PROOFS_H
#define JOB_FETCH_PROOFS_H

struct error;

/* Copies those (PROOF_DIRECTORY) that are new, or were stored again, from a local
 * repository, bare or not, to a mirror. Links and what has another name than an object
 * id are passed over. 0, or a negative code: some did not come. */
int fetch_proofs(const char *source, const char *mirror, struct error *err);

#endif
