/* cmd/hook_file.h - a small script in a directory of git's hooks, which becomes a
 * program of ours.
 *
 * Not a link: git takes a link that leads nowhere for no hook at all, so an upgrade or
 * a removed package would open the gate. A script whose program is gone fails, and that
 * refuses the push. A hook of others that stands there is kept as <path>.gitgate-saved,
 * and hooks/chain.c runs it after ours. At no moment is there no hook where there was
 * one. */
#ifndef CMD_HOOK_FILE_H
#define CMD_HOOK_FILE_H

struct error;

#define HOOK_SAVED ".gitgate-saved"

enum hook_standing { HOOK_NOTHING, HOOK_OURS, HOOK_OTHER };

/* What stands at `path`. */
int hook_file_look(const char *path, enum hook_standing *out, struct error *err);

/* ERROR_EXISTS when another hook stands there and the place to keep it is taken. Doing
 * it twice changes nothing. */
int hook_file_put(const char *path, const char *program, struct error *err);

/* Takes our hook away and puts the kept one back. What is not ours stays. */
int hook_file_remove(const char *path, struct error *err);

#endif
