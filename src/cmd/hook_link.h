/* cmd/hook_link.h - a link to a program of ours in a directory of git's hooks.
 *
 * A hook of others that stands there is kept as <path>.gitgate-saved, and hooks/chain.c
 * runs it after ours. At no moment is there no hook where there was one. */
#ifndef CMD_HOOK_LINK_H
#define CMD_HOOK_LINK_H

struct error;

#define HOOK_SAVED ".gitgate-saved"

enum hook_standing { HOOK_NOTHING, HOOK_OURS, HOOK_OTHER };

/* What stands at `path`. A link to a program with this base name is ours, wherever it
 * was installed. */
int hook_link_look(const char *path, const char *program, enum hook_standing *out,
		   struct error *err);

/* ERROR_EXISTS when another hook stands there and the place to keep it is taken. Doing
 * it twice changes nothing. */
int hook_link_put(const char *path, const char *program, const char *target,
		  struct error *err);

/* Takes our link away and puts the kept hook back. What is not ours stays. */
int hook_link_remove(const char *path, const char *program, struct error *err);

#endif
