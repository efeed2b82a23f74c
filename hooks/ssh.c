/* hooks/ssh.c - gitgate-ssh: what git starts instead of ssh when the service fetches.
 *
 * git's GIT_SSH takes a program without arguments, GIT_SSH_COMMAND a shell: this is the
 * program that adds the one argument, so no shell is needed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SSH_FAILED 255 /* ssh's own status for errors */

int main(int argc, char **argv)
{
	static char name[] = "ssh", option[] = "-F";
	char *config = getenv("GITGATE_SSH_CONFIG");

	if (!config || config[0] != '/') {
		fprintf(stderr, "gitgate-ssh: GITGATE_SSH_CONFIG must name a file\n");
		return SSH_FAILED;
	}
	char **arguments = calloc((size_t)argc + 3, sizeof(*arguments));
	if (!arguments) {
		fprintf(stderr, "gitgate-ssh: out of memory\n");
		return SSH_FAILED;
	}
	arguments[0] = name;
	arguments[1] = option;
	arguments[2] = config;
	for (int i = 1; i < argc; i++)
		arguments[i + 2] = argv[i];
	execvp(name, arguments);
	fprintf(stderr, "gitgate-ssh: cannot run ssh: %s\n", strerror(errno));
	free(arguments);
	return SSH_FAILED;
}
