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

/* Runs git as the user would: with their environment and terminal, so that it can ask
 * for the passphrase of a key or for a password. `arguments` begin with "git" and end
 * with NULL; `input` (NULL: none is given) is its standard input. Any status but 0 is
 * ERROR_CHILD. */
int git_in_foreground(const char *const *arguments, const struct buf *input,
		      struct error *err);

#endif
