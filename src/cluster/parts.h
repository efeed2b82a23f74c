/* cluster/parts.h - what an access is put together from; for cluster/ only.
 *
 * Texts go into the arena of the access. Names of files in errors are as given. */
#ifndef CLUSTER_PARTS_H
#define CLUSTER_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "cluster/access.h"

#define CLUSTER_PEM_BYTES   ((size_t)1 << 20)
#define CLUSTER_TOKEN_BYTES ((size_t)64 << 10)

/* Empty; NULL with ERROR_MEMORY. */
struct cluster_access *cluster_access_new(struct error *err);
/* Gives `access` to *out, or frees it when `code` is not 0. Returns `code`. */
int cluster_access_end(struct cluster_access **out, struct cluster_access *access,
		       int code);

/* A text of the arena, as arena_printf(). ERROR_MEMORY. */
int cluster_text(struct cluster_access *access, const char **out, struct error *err,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A whole regular file of at most `maximum` bytes, NUL-terminated. `open` (may be NULL)
 * says whether it is open to every user of this machine. */
struct cluster_file {
	char *text;
	size_t length;
	bool open;
};
int cluster_file_read(struct cluster_access *access, const char *name, size_t maximum,
		      struct cluster_file *out, struct error *err);

/* Notes that a secret comes from a file that is open to everybody. */
void cluster_expose(struct cluster_access *access, const char *name, bool open);

/* `text` as a token, certificates, a key: checked, with `what` as the subject of an
 * error. They may be changed: blanks around a token are cut off. ERROR_CONFIG. */
int cluster_set_token(struct cluster_access *access, char *text, size_t length,
		      const char *what, struct error *err);
int cluster_set_pem(const char **out, const char *text, size_t length, const char *what,
		    struct error *err);
int cluster_set_key(struct cluster_access *access, const char *text, size_t length,
		    const char *what, struct error *err);
/* The same, from files. */
int cluster_read_token(struct cluster_access *access, const char *name,
		       struct error *err);
int cluster_read_pem(struct cluster_access *access, const char **out, const char *name,
		     struct error *err);
int cluster_read_key(struct cluster_access *access, const char *name,
		     struct error *err);

/* The address of the server, slashes at its end cut off. ERROR_CONFIG. */
int cluster_set_server(struct cluster_access *access, const char *address,
		       struct error *err);
/* An identity over http, none over https: ERROR_CONFIG. */
int cluster_check_identity(const struct cluster_access *access, struct error *err);

/* By kubeconfigs: `names` of `count` files, of which those that do not exist were left
 * out. In cluster/kubeconfig.c. */
int cluster_read_kubeconfig(struct cluster_access *access, const char *const *names,
			    size_t count, const struct cluster_choice *choice,
			    struct error *err);

#endif
