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
struct policy;

#define PUSH_SETTINGS_FILE "gitgate/push" /* beneath the repository */

/* Whether a rule asks for signed pushes. */
bool push_settings_wanted(const struct policy *policy);

/* Writes the file and has the config include it, with the rights of this process. Where
 * a secret is configured already it stays (several machines that serve one repository
 * over HTTP share theirs), and what was written once is left, or a push that is under
 * way would fail. `home` as for git_run(). */
int push_settings_set(const char *repository, const char *home, struct error *err);
int push_settings_remove(const char *repository, const char *home, struct error *err);

#endif
