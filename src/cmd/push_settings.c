/* cmd/push_settings.c - writes what git needs to be asked for signed pushes. */
#include "cmd/push_settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/random.h"
#include "cmd/git.h"
#include "model/policy.h"

#define SECRET_BYTES 32

bool push_settings_wanted(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].push != NULL)
			return true;
	return false;
}

/* git verifies certificates too, for variables that nobody here believes: without a
 * list of signers it would complain to whoever pushes. */
static int write_text(struct buf *text, bool with_secret, struct error *err)
{
	unsigned char secret[SECRET_BYTES];
	char hex[2 * SECRET_BYTES + 1];

	buf_add_string(text, "# Written by gitgate init: what rules of kind push "
			     "need.\n"
			     "[receive]\n"
			     "\thideRefs = refs/gitgate\n");
	if (with_secret) {
		random_bytes(secret, sizeof(secret));
		hex_encode(secret, sizeof(secret), hex);
		buf_addf(text, "\tcertNonceSeed = %s\n", hex);
		explicit_bzero(secret, sizeof(secret));
		explicit_bzero(hex, sizeof(hex));
	}
	buf_add_string(text, "[gpg \"ssh\"]\n\tallowedSignersFile = /dev/null\n");
	return buf_status(text, PUSH_SETTINGS_FILE, err);
}

static int write_file(const char *repository, bool with_secret, struct error *err)
{
	struct buf text = BUF_INIT(4096);
	struct stat status;
	char config[PATH_MAX], file[PATH_MAX];

	snprintf(config, sizeof(config), "%s/config", repository);
	snprintf(file, sizeof(file), "%s/" PUSH_SETTINGS_FILE, repository);
	if (stat(config, &status) != 0)
		return error_set_errno(err, errno, "'%s'", config);
	int rc = write_text(&text, with_secret, err);
	if (rc == 0)
		rc = path_write_atomic(file, text.data, text.length,
				       0600 | (status.st_mode & 0040), err);
	if (text.data)
		explicit_bzero(text.data, text.length);
	buf_release(&text);
	return rc;
}

/* A value of include.path comes or goes; what else is included stays. */
static int change_include(const char *repository, const char *home, bool add,
			  struct error *err)
{
	char config[PATH_MAX];
	const char *const arguments[] = {
		"config",       "--file",
		config,         add ? "--add" : "--unset-all",
		"include.path", add ? PUSH_SETTINGS_FILE : "^" PUSH_SETTINGS_FILE "$",
		NULL,
	};
	int status;

	snprintf(config, sizeof(config), "%s/config", repository);
	/* What is not there need not be taken out. */
	return git_run(home, arguments, add ? NULL : &status, NULL, err);
}

int push_settings_set(const char *repository, const char *home, struct error *err)
{
	char directory[PATH_MAX], file[PATH_MAX];
	const char *const ask[] = {
		directory, "config", "--get", "receive.certNonceSeed", NULL,
	};
	int no_secret = 0;
	int rc = 0;

	snprintf(directory, sizeof(directory), "--git-dir=%s", repository);
	snprintf(file, sizeof(file), "%s/" PUSH_SETTINGS_FILE, repository);
	if (!path_exists(file)) {
		rc = git_run(home, ask, &no_secret, NULL, err);
		if (rc == 0)
			rc = write_file(repository, no_secret != 0, err);
	}
	if (rc == 0)
		rc = change_include(repository, home, false, err);
	return rc == 0 ? change_include(repository, home, true, err) : rc;
}

int push_settings_remove(const char *repository, const char *home, struct error *err)
{
	char file[PATH_MAX];

	snprintf(file, sizeof(file), "%s/" PUSH_SETTINGS_FILE, repository);
	int rc = change_include(repository, home, false, err);
	if (rc == 0 && unlink(file) != 0 && errno != ENOENT)
		rc = error_set_errno(err, errno, "cannot remove '%s'", file);
	return rc;
}
