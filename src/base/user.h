/* base/user.h - users and groups of the system. */
#ifndef BASE_USER_H
#define BASE_USER_H

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* The ids of a user. ERROR_NOT_FOUND. */
int user_find(const char *name, uid_t *uid, gid_t *gid, struct error *err);
/* Whether a uid is this user's, or a member of this group (by the group's list or its
 * primary one). Unknown names: no. */
bool user_is(uid_t uid, const char *name);
bool user_is_in_group(uid_t uid, const char *group);

#define USER_NAME_BYTES 64
/* The name, or "uid N". */
void user_name(uid_t uid, char out[USER_NAME_BYTES]);

#endif
