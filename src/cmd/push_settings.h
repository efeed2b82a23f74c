/* cmd/push_settings.h - the file of git's configuration by which a repository asks for
 * signed pushes.
 *
 * It holds the secret that nonces are made with, so it stands apart from the
 * repository's config, which includes it and which others may read: with the config's
 * mode, but nothing for others. */
#ifndef CMD_PUSH_SETTINGS_H
#define CMD_PUSH_SETTINGS_H

#include <stdbool.h>

struct error;

#define PUSH_SETTINGS_FILE "gitgate/push" /* beneath the repository */

/* Whether the file is there. */
bool push_settings_exist(const char *repository);
/* Writes the file, with a new secret unless another one is configured already. */
int push_settings_write(const char *repository, bool with_secret, struct error *err);

#endif
