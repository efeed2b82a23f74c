/* base/user.c - users and groups of the system. */
#include "base/user.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "base/error.h"

int user_find(const char *name, uid_t *uid, gid_t *gid, struct error *err)
{
	const struct passwd *entry = getpwnam(name);

	if (!entry)
		return error_set(err, ERROR_NOT_FOUND, "there is no user '%s'", name);
	*uid = entry->pw_uid;
	*gid = entry->pw_gid;
	return 0;
}

bool user_is(uid_t uid, const char *name)
{
	const struct passwd *entry = getpwnam(name);

	return entry && entry->pw_uid == uid;
}

bool user_is_in_group(uid_t uid, const char *name)
{
	const struct group *group = getgrnam(name);

	if (!group)
		return false;
	gid_t gid = group->gr_gid;
	for (char **member = group->gr_mem; *member; member++)
		if (user_is(uid, *member))
			return true;
	const struct passwd *entry = getpwuid(uid);
	return entry && entry->pw_gid == gid;
}

void user_name(uid_t uid, char out[USER_NAME_BYTES])
{
	const struct passwd *entry = getpwuid(uid);

	if (entry)
		snprintf(out, USER_NAME_BYTES, "%s", entry->pw_name);
	else
		snprintf(out, USER_NAME_BYTES, "uid %u", (unsigned int)uid);
}
