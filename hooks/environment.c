/* hooks/environment.c - the variables that a hook may look at. */
#include "hooks/environment.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Names; one that ends in '*' stands for all that begin so. */
static const char *const kept[] = {
	"GIT_DIR",
	"GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_QUARANTINE_PATH",
	"GIT_PUSH_CERT*",
	"GIT_PUSH_OPTION_*",
	"GL_USER",
	"GL_REPO",
	"REMOTE_USER",
};

static bool is_kept(const char *name)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		size_t length = strlen(kept[i]);
		if (strcmp(kept[i], name) == 0)
			return true;
		if (kept[i][length - 1] == '*' &&
		    strncmp(kept[i], name, length - 1) == 0)
			return true;
	}
	return false;
}

void environment_take(struct environment *out)
{
	static char *nothing[] = { NULL };

	out->original = environ;
	environ = nothing;
}

const char *environment_get(const struct environment *environment, const char *name)
{
	size_t length = strlen(name);

	if (!is_kept(name))
		return NULL;
	for (char **entry = environment->original; entry && *entry; entry++) {
		const char *value = *entry + length + 1;
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
			return *value ? value : NULL;
	}
	return NULL;
}

const char *environment_pusher(const struct environment *environment)
{
	const char *pusher = environment_get(environment, "GL_USER");

	return pusher ? pusher : environment_get(environment, "REMOTE_USER");
}
