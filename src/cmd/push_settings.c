/* cmd/push_settings.c - writes what git needs to be asked for signed pushes. */
#include "cmd/push_settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/random.h"

#define SECRET_BYTES 32

bool push_settings_exist(const char *repository)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" PUSH_SETTINGS_FILE, repository);
	return path_exists(path);
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

int push_settings_write(const char *repository, bool with_secret, struct error *err)
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
