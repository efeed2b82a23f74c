/* job/fetch_log.h - the part of the fetch job that asks a Rekor log: for what gitsign
 * signed in its online mode, and left its proof of time there.
 *
 * What is new in the mirror since the last fetch is looked at once, in the first fetch
 * and when the request says `again` all that was not judged; what the log does not have
 * yet is kept (job/wanted_proofs.h). An entry is stored (PROOF_DIRECTORY) when it is of
 * that object and by the key of its signer; whether the log counts is for each judge to
 * say. Nothing of it makes a fetch fail: without proof those signatures are refused,
 * and it is said why. */
#ifndef JOB_FETCH_LOG_H
#define JOB_FETCH_LOG_H

struct error;
struct fetch_log;
struct msg_fetch;
struct msg_fetched;

/* Before refs of the mirror move. *out NULL when the request names no log. `request`
 * must outlive it. */
int fetch_log_begin(struct fetch_log **out, const struct msg_fetch *request,
		    struct error *err);
/* After they moved: asks, stores, and fills what `result` says of it. May take half a
 * minute and one request's timeout longer. `log` may be NULL. */
void fetch_log_end(struct fetch_log *log, struct msg_fetched *result);
/* Without asking, when a fetch failed; the next one makes up for it. */
void fetch_log_free(struct fetch_log *log);

#endif
