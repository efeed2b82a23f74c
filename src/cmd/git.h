/* cmd/git.h - asking git. */
#ifndef CMD_GIT_H
#define CMD_GIT_H

struct buf;
struct error;

/* Runs git with the arguments (at most 10, then NULL), without hooks' or our own
 * environment but with the user's configuration: `home` NULL is $HOME. Adds the first
 * line of its output to `line` (NULL: not wanted). `status` NULL: any status but 0 is
 * ERROR_CHILD. */
int git_run(const char *home, const char *const *arguments, int *status,
	    struct buf *line, struct error *err);

#endif
