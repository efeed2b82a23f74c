/* cmd/owner.h - working with the rights of whoever owns a file. */
#ifndef CMD_OWNER_H
#define CMD_OWNER_H

struct error;

/* Root becomes the owner of `path`, for good; anybody else stays who they are. `home`:
 * the owner's directory; caller frees. */
int owner_become(const char *path, char **home, struct error *err);

#endif
