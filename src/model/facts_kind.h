/* model/facts_kind.h - the kinds of facts: what the judge collects, by need. */
#ifndef MODEL_FACTS_KIND_H
#define MODEL_FACTS_KIND_H

enum facts_kind {
	FACTS_REF = 1,        /* the change itself, and whether it is a fast-forward */
	FACTS_COMMITS = 2,    /* every commit of the range */
	FACTS_SIGNATURES = 4, /* and its signature */
	FACTS_FILES = 8,      /* every path that a commit of the range changes */
	FACTS_DOCUMENTS =
		16,         /* documents at the new tip that differ from the old one */
	FACTS_REVIEWS = 32, /* the merge request and its reviews: from a forge */
	FACTS_TOUCHED = 64, /* which rules about signatures with paths each commit
			       concerns */
	FACTS_PUSH = 128,   /* the certificate of the push: from git's hook */
};

#endif
