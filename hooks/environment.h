/* hooks/environment.h - what a hook takes from its environment: a named list, as data.
 *
 * Git and the front ends before it (sshd, gitolite, a web server) hand over variables
 * that whoever pushes may have influenced. Nothing but the list in environment.c is
 * looked at, and no library or child of ours sees any of it. */
#ifndef HOOKS_ENVIRONMENT_H
#define HOOKS_ENVIRONMENT_H

struct environment {
	char **original; /* as git gave it: for the hook that was there before ours */
};

/* Takes the environment away from the process. */
void environment_take(struct environment *out);

/* The value of a variable that is on the list, or NULL (also for an empty one). */
const char *environment_get(const struct environment *environment, const char *name);

/* Who pushes, as the transport says: gitolite's user, the web server's. NULL: it does
 * not say. */
const char *environment_pusher(const struct environment *environment);

#endif
