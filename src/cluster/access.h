/* cluster/access.h - where the API server of a Kubernetes cluster is, and who we are to
 * it.
 *
 * Said by a kubeconfig, read as kubectl reads it (cluster/kubeconfig.c); within a pod
 * by its service account; or by an address with files. Sources: kubernetes.io,
 * "kubeconfig (v1)", "Organizing Cluster Access Using kubeconfig Files" (how several
 * files are merged), "Accessing the Kubernetes API from a Pod".
 *
 * Only a token, a client certificate, or both identify us; what would run a program
 * (exec, auth-provider), ask somebody (a key with a password) or not look at the
 * server's certificate (insecure-skip-tls-verify) is refused, and so are a proxy,
 * impersonation and passwords, each with what to do instead. Without any of them there
 * is no access over https: nobody is not somebody. Over http there is never an
 * identity; that is for `kubectl proxy`.
 *
 * Tokens and keys live in the access's own memory, which cluster_access_free() wipes;
 * no error holds a part of one. Files are read when an access is made, whole and
 * bounded; tokens that are renewed want a new access. Threads: any. */
#ifndef CLUSTER_ACCESS_H
#define CLUSTER_ACCESS_H

#include <stddef.h>

struct arena;
struct error;

struct cluster_access {
	const char *name;        /* for messages: "the cluster of context 'prod'" */
	const char *server;      /* "https://host[:port][/path]", no slash at its end */
	const char *server_name; /* what its certificate must name; NULL: the host */
	const char *authorities; /* PEM of the only ones to trust; NULL: the system's */
	const char *token;       /* a bearer token; NULL. Secret */
	const char *certificate; /* PEM, a chain; NULL */
	const char *key;         /* its private key, PEM; NULL without it. Secret */
	const char *namespace;   /* where none is said otherwise: "default" */
	/* A file with a secret of this access that is open to every user of this
	 * machine; NULL: there is none. Programs for people warn, the service refuses.
	 */
	const char *exposed;
	struct arena *arena; /* of all of this */
};

/* What a person said, and what the environment says: the caller reads it, so that
 * nothing here does. All may be NULL. */
struct cluster_choice {
	const char *file;    /* one kubeconfig */
	const char *context; /* NULL: the current one */
	/* In place of what the kubeconfig says: */
	const char *token_file;  /* of the whole identity */
	const char *authorities; /* a file, PEM */
	/* Where `file` is NULL: */
	const char *list; /* $KUBECONFIG: files with colons between them; those that do
			     not exist are passed over */
	const char *home; /* $HOME: its .kube/config, where `list` is NULL or empty */
	/* Where none of these files exists and no context is named: */
	const char *service_host; /* $KUBERNETES_SERVICE_HOST */
	const char *service_port; /* $KUBERNETES_SERVICE_PORT */
	const char *account;      /* the directory of the service account; NULL: where
				     Kubernetes mounts it */
};

/* By the first of `file`, `list`, `home` and the service account that is there.
 * ERROR_CONFIG: a kubeconfig says what is not valid or not supported (the text begins
 * with FILE:LINE:COLUMN); ERROR_NOT_FOUND: no kubeconfig, no such context, a file that
 * is named is not there; ERROR_SYNTAX and others of doc/; ERROR_LIMIT. */
int cluster_access_find(struct cluster_access **out,
			const struct cluster_choice *choice, struct error *err);
/* By an address; `token_file` and `authorities_file` may be NULL. Here https without
 * an identity is possible: a server that lets everybody read. */
int cluster_access_at(struct cluster_access **out, const char *server,
		      const char *token_file, const char *authorities_file,
		      struct error *err);
void cluster_access_free(struct cluster_access *access); /* NULL is legal */

#endif
