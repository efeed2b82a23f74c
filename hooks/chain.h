/* hooks/chain.h - the hook that stood in our place before `gitgate init`. */
#ifndef HOOKS_CHAIN_H
#define HOOKS_CHAIN_H

#include <stddef.h>

struct error;

#define CHAIN_SUFFIX ".gitgate-saved"

/* The name of the hook that we are: our script hands it over as the only argument (git
 * gives none); without it the name by which we were called. May be NULL. */
const char *chain_hook(int argc, char **argv);

/* Becomes the saved hook beside `hook`, with the environment and standard input that
 * git gave to us. Returns 0 when there is none (or it is not executable: git would not
 * run it either); otherwise only with an error. */
int chain_run(const char *hook, char **environment, const void *input, size_t length,
	      struct error *err);

#endif
