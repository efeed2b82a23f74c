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

static void wipe_room(char *room)
{
	explicit_bzero(room, SECRET_BYTES + 2);
	free(room);
}

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

/* The file's bytes, NUL-terminated, in room of its own: wipe_room(). */
static int read_secret_file(const char *file, char **out, size_t *length,
			    struct error *err)
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
	code = read_whole(fd, file, room, length, err);
	if (code == 0)
		*out = room;
	else
		wipe_room(room);
	return code;
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
	char *room = NULL;
	size_t length = 0;
	int code = read_secret_file(file, &room, &length, err);
	if (code != 0)
		return code;
	code = cut_line(room, length, file, err);
	if (code == 0)
		*out = room;
	else
		wipe_room(room);
	return code;
}

/* The lines that hold something: at most two, as places in `room`. */
static int find_lines(char *room, size_t length, const char *file, const char *lines[2],
		      size_t lengths[2], struct error *err)
{
	size_t count = 0;
	if (memchr(room, '\0', length) != NULL)
		return error_set(err, ERROR_CONFIG,
				 "the secrets' file '%s' holds a NUL byte", file);
	for (const char *at = room; *at != '\0';) {
		size_t whole = strcspn(at, "\n");
		size_t line = whole;
		while (line > 0 && strchr(" \t\r", at[line - 1]) != NULL)
			line--;
		if (line != 0 && count == 2)
			return error_set(err, ERROR_CONFIG,
					 "the secrets' file '%s' holds more than two "
					 "lines; one secret a line, the new one and "
					 "the one that it replaces",
					 file);
		if (line != 0) {
			lines[count] = at;
			lengths[count++] = line;
		}
		at += whole + (at[whole] == '\n' ? 1 : 0);
	}
	if (count == 0)
		return error_set(err, ERROR_CONFIG, "the secrets' file '%s' is empty",
				 file);
	return 0;
}

int config_secrets(const char *file, char *out[2], struct error *err)
{
	char *room = NULL;
	size_t length = 0;
	const char *lines[2] = { NULL, NULL };
	size_t lengths[2] = { 0, 0 };
	char *found[2] = { NULL, NULL };
	int code = read_secret_file(file, &room, &length, err);
	if (code != 0)
		return code;
	code = find_lines(room, length, file, lines, lengths, err);
	for (size_t i = 0; code == 0 && i < 2 && lines[i] != NULL; i++) {
		found[i] = strndup(lines[i], lengths[i]);
		if (found[i] == NULL)
			code = error_set(err, ERROR_MEMORY, "out of memory for '%s'",
					 file);
	}
	wipe_room(room);
	for (size_t i = 0; i < 2; i++)
		if (code == 0)
			out[i] = found[i];
		else
			config_secret_wipe(found[i]);
	return code;
}

void config_secret_wipe(char *secret)
{
	if (secret == NULL)
		return;
	explicit_bzero(secret, strlen(secret));
	free(secret);
}
