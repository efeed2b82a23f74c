/* cmd/main.c - gitgate: finds the subcommand. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/cmd.h"

static const struct {
	const char *name;
	const char *arguments;
	const char *help;
	int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND(name, arguments, help) { #name, arguments, help, cmd_##name },
#include "cmd/commands.def"
#undef COMMAND
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fputs("gitgate - the gate between Git and production\n\n"
	      "Usage: gitgate COMMAND [OPTION...] [ARGUMENT...]\n\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n'gitgate COMMAND --help' says more; so do gitgate(1), gitgate.yaml(5) "
	      "and "
	      "gitgate-policy(5).\n"
	      "Exit codes: 0 ok, 1 denied, 2 usage, 3 error.\n",
	      out);
}

static int unknown_command(const char *name)
{
	const char *names[COMMANDS];

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	const char *nearest = text_nearest(name, names, COMMANDS);
	char shown[64];
	text_escape_into(shown, sizeof(shown), name, strlen(name));
	if (nearest)
		fprintf(stderr, "gitgate: unknown command '%s'; did you mean '%s'?\n",
			shown, nearest);
	else
		fprintf(stderr, "gitgate: unknown command '%s'; see 'gitgate --help'\n",
			shown);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		char *version[] = { argv[1], NULL };
		return cmd_version(1, version);
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return unknown_command(argv[1]);
}
