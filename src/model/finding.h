/* model/finding.h - one thing that a rule has to say, and the verdict over all of them.
 *
 * A verdict owns the text of its findings. Zero is VERDICT_UNKNOWN, which everything
 * treats as "no". */
#ifndef MODEL_FINDING_H
#define MODEL_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/oid.h"

struct arena;
struct error;

enum severity {
	SEVERITY_UNKNOWN = 0, /* counts as an error */
	SEVERITY_ERROR,
	SEVERITY_WARNING,
};

/* By what a finding is waived. */
struct finding_waiver {
	struct oid id;      /* of the waiver's tag */
	const char *by;     /* the principal who signed it */
	const char *reason; /* escaped */
	int64_t until;      /* microseconds */
};

struct finding {
	enum severity severity;
	int code;            /* enum error_code: which of the ways it can be wrong */
	const char *rule;    /* the rule's name in the policy; "gitgate" for findings of
				the gate itself */
	const char *kind;    /* "signatures", ...; NULL with rule "gitgate" */
	const char *message; /* one escaped line: what is wrong */
	const char *mend;    /* one escaped line: what to do; may be NULL */
	struct oid commit;   /* length 0: none */
	const char *path;    /* escaped; NULL: none */
	uint32_t line;       /* from 1; 0: none */
	uint32_t column;
	const struct finding_waiver *waiver; /* it is told, and does not count; NULL:
						not waived */
};

enum verdict_result {
	VERDICT_UNKNOWN = 0,
	VERDICT_PASS,
	VERDICT_FAIL,
};

struct verdict {
	enum verdict_result result;
	struct finding *findings;
	size_t count;
	size_t capacity;
	size_t dropped; /* findings beyond the limit, not kept */
	size_t errors;  /* of all, kept or dropped */
	size_t warnings;
	size_t waived;        /* neither errors nor warnings */
	struct digest policy; /* of the policy that was evaluated */
	struct arena *arena;  /* owns the findings' text */
};

int verdict_init(struct verdict *verdict, struct error *err);
void verdict_release(struct verdict *verdict);

/* Adds a copy of the finding; all its text is escaped on the way in. 0 or ERROR_MEMORY:
 * the verdict is then unknown for good. */
int verdict_add(struct verdict *verdict, const struct finding *finding,
		struct error *err);

/* Puts the findings from the index `first` on, which are one file's, in the order of
 * their places. */
void verdict_order(struct verdict *verdict, size_t first);

/* Ends evaluation: pass without errors, fail otherwise. Never called after a failure.
 */
void verdict_conclude(struct verdict *verdict);

const char *severity_name(enum severity severity);     /* "error", "warning" */
const char *verdict_name(enum verdict_result result);  /* "pass", "fail", "unknown" */
enum verdict_result verdict_by_name(const char *name); /* anything else: unknown */

#endif
