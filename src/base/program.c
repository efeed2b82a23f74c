/* base/program.c - finding gitgate's own programs. */
#include "base/program.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"

int program_self(char **out, struct error *err)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length <= 0)
		return error_set_errno(err, errno, "cannot find the running program");
	self[length] = '\0';
	char *copy = strdup(self);
	if (!copy)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*out = copy;
	return 0;
}

int program_find(char **out, const char *name, struct error *err)
{
	char *self = NULL;
	char *found = NULL;

	int rc = program_self(&self, err);
	if (rc != 0)
		return rc;
	*(strrchr(self, '/') + 1) = '\0';
	found = path_join(self, name);
	if (found && access(found, X_OK) != 0) {
		free(found);
		found = path_join(GITGATE_LIBEXECDIR, name);
	}
	free(self);
	if (!found)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (access(found, X_OK) != 0) {
		rc = error_set_errno(err, errno, "cannot run '%s'", found);
		free(found);
		return rc;
	}
	*out = found;
	return 0;
}
