/* hooks/chain.h - the hook that stood in our place before `gitgate init`. */
#ifndef HOOKS_CHAIN_H
#define HOOKS_CHAIN_H

#include <stddef.h>

struct error;

#define CHAIN_SUFFIX ".gitgate-saved"

/* Becomes the saved hook beside `hook` (argv[0]: the name by which git called us), with
 * the environment and standard input that git gave to us. Returns 0 when there is none
 * (or it is not executable: git would not run it either); otherwise only with an
 * error. */
int chain_run(const char *hook, char **environment, const void *input, size_t length,
	      struct error *err);

#endif
