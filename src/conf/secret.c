/* conf/secret.c - secrets, read when used and wiped afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "conf/config.h"

#define SECRET_BYTES 65536

static int check_file(int fd, const char *file, struct error *err)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return error_set_errno(err, errno, "cannot examine '%s'", file);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_CONFIG,
				 "the secret's file '%s' is not a regular file", file);
	if ((status.st_mode & 007) != 0)
		return error_set(err, ERROR_PERMISSION,
				 "the secret's file '%s' is open to every user of this "
				 "machine (mode %04o); use chmod o-rwx",
				 file, (unsigned int)status.st_mode & 07777);
	return 0;
}

static int read_whole(int fd, const char *file, char *room, size_t *length,
		      struct error *err)
{
	*length = 0;
	for (;;) {
		ssize_t got = read(fd, room + *length, SECRET_BYTES + 1 - *length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "cannot read '%s'", file);
		if (got == 0)
			return 0;
		*length += (size_t)got;
		if (*length > SECRET_BYTES)
			return error_set(err, ERROR_LIMIT,
					 "the secret's file '%s' is over %d bytes",
					 file, SECRET_BYTES);
	}
}

static int cut_line(char *room, size_t length, const char *file, struct error *err)
{
	const char *end = memchr(room, '\n', length);
	size_t line = end == NULL ? length : (size_t)(end - room);
	if (line > 0 && room[line - 1] == '\r')
		line--;
	if (memchr(room, '\0', line) != NULL)
		return error_set(err, ERROR_CONFIG,
				 "the secret's file '%s' holds a NUL byte", file);
	if (line == 0)
		return error_set(err, ERROR_CONFIG,
				 "the first line of the secret's file '%s' is empty",
				 file);
	/* What follows the first line is nobody's business. */
	explicit_bzero(room + line, length - line);
	room[line] = '\0';
	return 0;
}

int config_secret(const char *file, char **out, struct error *err)
{
	FD_CLOSING int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open the secret's file '%s'",
				       file);
	int code = check_file(fd, file, err);
	if (code != 0)
		return code;
	char *room = calloc(1, SECRET_BYTES + 2);
	if (room == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", file);
	size_t length = 0;
	code = read_whole(fd, file, room, &length, err);
	if (code == 0)
		code = cut_line(room, length, file, err);
	if (code != 0) {
		explicit_bzero(room, SECRET_BYTES + 2);
		free(room);
		return code;
	}
	*out = room;
	return 0;
}

void config_secret_wipe(char *secret)
{
	if (secret == NULL)
		return;
	explicit_bzero(secret, strlen(secret));
	free(secret);
}
