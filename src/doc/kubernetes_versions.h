/* doc/kubernetes_versions.h - kinds whose apiVersion goes or is gone; for doc/ only. */
#ifndef DOC_KUBERNETES_VERSIONS_H
#define DOC_KUBERNETES_VERSIONS_H

struct kubernetes_retirement {
	const char *version;     /* "extensions/v1beta1" */
	const char *kind;        /* NULL: all of them */
	unsigned int deprecated; /* since 1.N */
	unsigned int removed;    /* since 1.N */
	const char *replacement; /* "apps/v1"; NULL: there is none */
};

/* What is known of a kind ("extensions/v1beta1", "Deployment"), or NULL. */
const struct kubernetes_retirement *kubernetes_retirement(const char *version,
							  const char *kind);
/* The N of "1.N"; 0 when it is nothing of that form. */
unsigned int kubernetes_minor(const char *version);

#endif
