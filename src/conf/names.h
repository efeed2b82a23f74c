/* conf/names.h - what may be a name, a ref, an address or a file name in configuration
 * and policies.
 *
 * Every check returns 0 or ERROR_CONFIG with what is wrong and what to write instead;
 * none knows where the text stood (conf/reader.h adds that). */
#ifndef CONF_NAMES_H
#define CONF_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;

/* Sources, repositories and targets: [a-z0-9][a-z0-9._-]{0,63}. They become file names.
 */
int name_check(const char *name, struct error *err);
/* Principals, groups, rules: the same and capital letters, '@' and '+'. */
int name_check_person(const char *name, struct error *err);
/* A user of this machine, or with `groups` also "@group". */
int name_check_user(const char *name, bool groups, struct error *err);

/* A full ref name as git check-ref-format allows it, beginning with "refs/". */
int name_check_ref(const char *ref, struct error *err);
/* A glob over full ref names: begins with "refs/" or with a star. */
int name_check_ref_glob(const char *glob, struct error *err);
int name_check_email(const char *email, struct error *err);
/* A login at a forge: printable, without blanks, at most 255 bytes. */
int name_check_login(const char *login, struct error *err);
/* "missingSpaceBeforeDate=ignore" */
int name_check_fsck(const char *setting, struct error *err);
/* "127.0.0.1:8420", "[::1]:8420", "unix:/path" */
int name_check_listen(const char *address, struct error *err);

/* An address ("::1") or a network ("10.0.0.0/8") without bits beyond its prefix. */
int name_check_network(const char *network, struct error *err);
/* The value of a header's name: "X-Hub-Signature-256". */
int name_check_header(const char *name, struct error *err);
/* The base of other addresses: http:// or https://, host, perhaps port and path; no
 * user, query or fragment, at most one slash at the end. */
int name_check_web(const char *url, struct error *err);
/* The full name of a repository at a forge: components of letters, digits, '.', '_',
 * '-' and '~' between single slashes, from `minimum` to `maximum` of them. */
int name_check_full(const char *name, size_t minimum, size_t maximum,
		    struct error *err);

enum url_scheme { URL_UNKNOWN = 0, URL_HTTPS, URL_SSH, URL_FILE };
/* https://, ssh:// or file:// without credentials. */
int name_check_url(const char *url, enum url_scheme *scheme, struct error *err);
/* The TCP port that such an address, or one of http, leads to; 0: none, it is a file's.
 */
uint16_t name_url_port(const char *url);

/* An absolute file name in the arena: relative ones are below `directory` (NULL: stay
 * as they are); without empty and "." components. Also ERROR_MEMORY. */
int name_path(struct arena *arena, const char *directory, const char *written,
	      const char **out, struct error *err);
/* Whether `path` is `directory` or lies in it; both as name_path() writes them. */
bool name_path_within(const char *path, const char *directory);

#endif
