/* cmd/owner.c - root writes into other users' directories as these users only: what
 * they could redirect then reaches no further than they do. */
#include "cmd/owner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

int owner_become(const char *path, char **home, struct error *err)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return error_set_errno(err, errno, "cannot examine '%s'", path);
	const struct passwd *owner = getpwuid(status.st_uid);
	char *copy = strdup(owner ? owner->pw_dir : "/");
	if (!copy)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (geteuid() == 0 && status.st_uid != 0) {
		int rc = owner ? initgroups(owner->pw_name, owner->pw_gid)
			       : setgroups(0, NULL);
		if (rc != 0 || setgid(owner ? owner->pw_gid : status.st_gid) != 0 ||
		    setuid(status.st_uid) != 0) {
			free(copy);
			return error_set_errno(err, errno,
					       "cannot become the owner of '%s'", path);
		}
	}
	*home = copy;
	return 0;
}
