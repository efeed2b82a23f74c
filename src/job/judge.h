/* job/judge.h - judging one change: facts are collected, policy is evaluated.
 *
 * The same function serves the pre-receive hook (in its own process), `gitgate check`
 * and the service's judge job. Fails closed: anything that keeps it from a verdict is
 * an error, which every caller treats as "no". */
#ifndef JOB_JUDGE_H
#define JOB_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "model/change.h"

struct arena;
struct buf;
struct channel;
struct error;
struct facts;
struct merge_request_fact;
struct policy;
struct recompute_step;
struct repo;
struct verdict;

/* Remembered facts: keys are object ids, values short texts. All functions may be NULL.
 */
struct fact_cache {
	/* The value in the arena, or NULL. */
	const char *(*get)(void *data, const char *kind, const struct digest *context,
			   const struct oid *key, struct arena *arena);
	void (*put)(void *data, const char *kind, const struct digest *context,
		    const struct oid *key, const char *value);
	void *data;
	/* Several at once, where asking costs more than answering: a value in the arena
	 * for each key, NULL for those that are not known. */
	void (*get_all)(void *data, const char *kind, const struct digest *context,
			const struct oid *keys, size_t count, const char **values,
			struct arena *arena);
};

/* The merge of change->new_id into change->old_id. */
struct judge_merge {
	struct oid tree;       /* of the result */
	const char *conflicts; /* for people: there is no result; NULL: there is one */
};

struct judge_push; /* job/judge_push.h */

struct judge {
	struct repo *repo;
	const struct change *change;
	/* The commit whose .gitgate.yaml counts (the protected side); length 0: there
	 * is none, the floor judges alone. */
	struct oid policy_commit;
	/* Adds the protected side's own policy from elsewhere than policy_commit
	 * (`gitgate check --policy worktree`). NULL: from policy_commit. */
	int (*own)(void *data, struct policy *policy, struct error *err);
	void *own_data;
	/* Up to where history is trusted: anchors and accepted tips. None and not
	 * from_root: refused. */
	const struct oid *trusted;
	size_t trusted_count;
	/* The ref that each is the tip of; "" (or no list): an anchor, which counts for
	 * every ref. A tip counts only where its ref is guarded as well as the ref
	 * which is judged (policy_guards_as_well()): what others could sign on one ref
	 * does not come to another by way of it. */
	const char *const *trusted_refs;
	bool from_root;
	/* Gives a new policy that holds the server's floor, not yet finished. NULL:
	 * there is no server. */
	int (*floor)(void *data, struct policy **out, struct error *err);
	void *floor_data;
	/* Compiles OpenPGP keys of the repository's own policy (conf/policy_parse.h).
	 * NULL: they are refused. */
	int (*compile)(void *data, struct buf *out, const void *bytes, size_t length,
		       struct error *err);
	void *compile_data;
	/* Not a push but a merge request is judged: what the ref would hold when it
	 * were merged. Commits are those of the new id; the update is never forced.
	 * Both ids are commits. NULL: a push. */
	const struct judge_merge *merge;
	/* Gives the merge request by which the change comes (number 0: none) with its
	 * reviews, but for `emails`; is asked only when a rule needs it. NULL: nobody
	 * here knows. */
	int (*reviews)(void *data, struct merge_request_fact *out, struct error *err);
	void *reviews_data;
	/* Has git make merges again (job/recompute.h); is asked only when a rule wants
	 * it of commits that the forge made. NULL: nobody here can. */
	int (*recompute)(void *data, struct recompute_step *steps, size_t count,
			 struct error *err);
	void *recompute_data;
	/* How the change was pushed. NULL: nobody here knows, and a rule that asks
	 * refuses. */
	const struct judge_push *push;
	const struct fact_cache *cache; /* NULL: none */
	const struct limits *limits;    /* NULL: the defaults */
	/* The command that sets an anchor, for the refusal that needs it. NULL: a
	 * general one. */
	const char *anchor_hint;
};

/* What judging found beside the verdict. */
struct judged {
	size_t commits;
	struct oid
		tip; /* the commit that the new id leads to; length 0 for deletions */
	bool needs_reviews; /* a rule that applies asks for reviews, and `reviews` is
			       NULL */
	bool needs_merges;  /* the same of commits that the forge made, and `recompute`
			     */
};

/* A change of a ref beneath refs/waivers/ is judged by the rule for waivers alone, with
 * the server's trust. Nothing becomes known or trusted by it.
 *
 * 0 with a concluded verdict (verdict_release() by the caller), or an error: no
 * verdict. */
int judge_change(const struct judge *judge, struct verdict *verdict,
		 struct judged *judged, struct error *err);

/* The policy that counts for a change (floor, then the protected side's own). Free with
 * policy_free(). */
int judge_policy(const struct judge *judge, struct policy **out, struct error *err);

/* --- collecting facts, by kind (collect_*.c); everything lives in the arena --- */
struct commit_fact;
struct commit_text;
struct signature_fact;
struct trust_span;
struct catalog_run;
struct definition_reader;
struct shared_definitions;
struct collector {
	const struct judge *judge;
	const struct policy *policy;
	struct arena *arena;
	struct facts *facts;
	struct map by_id;     /* of the commits among the facts; map_release() */
	struct oid tip;       /* commit */
	struct oid tip_tree;  /* or that of the merge */
	struct oid base_tree; /* of the judged old tip; length 0: everything at the tip
				 is new */
	/* Gives the files among which definitions of kinds are looked for
	 * (job/collect_kubernetes.h). NULL: those of tip_tree. */
	int (*each_file)(void *data, const struct definition_reader *reader,
			 struct error *err);
	void *each_file_data;
	struct catalog_run *catalogs;      /* collect_kubernetes_end() frees them */
	struct shared_definitions *shared; /* with other threads; NULL: with nobody */
	bool brings_nothing; /* a merge request that is contained in its base */
	bool needs_merges;   /* see struct judged */
	bool policy_broken; /* what a failure says is wrong with a file of the policy */
};
int collect_commits(struct collector *collector,
		    struct error *err); /* commits, signatures, whether it is forced */
/* The fact about a commit of the range; NULL: it is not in it. */
const struct commit_fact *collect_find(const struct collector *collector,
				       const struct oid *id);
/* The tree of a commit: from the range itself, or read. */
int collect_tree(const struct collector *collector, const struct oid *id,
		 struct oid *tree, struct error *err);
int collect_files(struct collector *collector, struct error *err); /* needs commits */
/* Which rules about signatures of paths each commit concerns; needs commits. A merge
 * concerns what it does not simply take from the side that changed it. */
int collect_touched(struct collector *collector, struct error *err);
int collect_documents(struct collector *collector, struct error *err);
int collect_reviews(struct collector *collector, struct error *err);
int collect_push(struct collector *collector, struct error *err); /* needs nothing */
/* The signatures of annotated tags; needs nothing. */
int collect_tags(struct collector *collector, struct error *err);
/* Makes again what the forge made, where a rule asks; needs commits. */
int collect_forge_made(struct collector *collector, struct error *err);
/* One commit, as repo_range() gives it. */
int collect_commit(const struct collector *collector, const struct oid *id,
		   const struct commit_text *text, const struct error *problem,
		   bool with_signature, struct commit_fact *out, struct error *err);
/* One annotated tag: who made it and who signed it. */
struct commit_fact;
struct tag_text;
int collect_tag(const struct collector *collector, const struct oid *id,
		const struct tag_text *text, struct commit_fact *out,
		struct error *err);
/* What stands, or is to stand, at one ref beneath refs/waivers/. What is no waiver is a
 * fact too. */
struct waiver_fact;
int collect_waiver(const struct collector *collector, const char *ref,
		   const struct oid *id, struct waiver_fact *out, struct error *err);
/* Those about the commits of which the verdict finds something, as far as it is of a
 * rule that they name; needs facts->content. */
int collect_waivers(struct collector *collector, const struct verdict *verdict,
		    struct error *err);
/* One signature of an object: remembered, or verified; and who vouches for it. */
int collect_signature(const struct collector *collector, const struct oid *id,
		      const struct trust_span *payload, size_t payload_count,
		      const char *armor, size_t length, struct signature_fact *out,
		      struct error *err);
/* What a signature's fact depends on beside the object. */
const struct digest *signature_context(const struct collector *collector,
				       const char *armor, size_t length);
/* job/trace_signature.c: who vouches for the certificate of a good signature, by the
 * policy's word of today. One of gitsign without a log entry of its own takes those
 * that are stored in the repository (PROOF_DIRECTORY). Negative: memory, or a stored
 * proof cannot be read. */
#define PROOF_DIRECTORY "gitgate-proofs" /* a file of the object's id for each */
int trace_signature(const struct collector *collector, const struct oid *id,
		    struct signature_fact *fact, struct error *err);
/* job/remember_signature.c */
struct recalled {
	const struct oid *id;
	const struct digest *context;
	struct signature_fact *fact; /* filled in when it is known */
	bool known;
};
#define RECALLED_MAX 32 /* at one time */
void recall_signatures(const struct collector *collector, struct recalled *items,
		       size_t count);
void remember_signature(const struct collector *collector, const struct oid *id,
			const struct digest *context,
			const struct signature_fact *fact);
/* Packs what is beneath `paths` (empty: everything) at a commit into a sealed memfd. */
int emit_manifests(struct repo *repo, const struct oid *commit,
		   const char *const *paths, size_t path_count,
		   const struct digest *policy, const struct limits *limits, int *fd,
		   struct digest *digest, size_t *files, struct error *err);

/* 1 when one of the paths differs between two commits, 0 when all are equal. `since`
 * null: nothing was there, so the paths that exist now differ. */
int paths_changed(struct repo *repo, const struct oid *since, const struct oid *now,
		  const char *const *paths, size_t path_count, struct error *err);

/* The body of the service's judge job. */
int job_judge(struct channel *channel);

/* The append-only cache of the hook: REPO.git/gitgate/facts. Never fails: a cache that
 * cannot be read is empty. */
struct fact_file;
struct fact_file *fact_file_open(const char *repository);
void fact_file_close(struct fact_file *file); /* writes what is new */
struct fact_cache fact_file_cache(struct fact_file *file);

#endif
