/* cmd/cmd.h - what the subcommands share: the table, options, output, talking to the
 * service. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;
struct local_reply;

#define CMD_CONFIG_FILE GITGATE_SYSCONFDIR "/gitgate.yaml"

/* One row a subcommand, in cmd/commands.def: COMMAND(name, "arguments", "what it
 * does"); its function is cmd_<name>(), in cmd/<name>.c. argv[0] is the subcommand's
 * name. Returns the exit code: 0 ok, 1 denied, 2 usage, 3 error. */
#define COMMAND(name, arguments, help) int cmd_##name(int argc, char **argv);
#include "cmd/commands.def"
#undef COMMAND

/* Options that a subcommand takes: a table that also prints its --help. */
#define CMD_REPEATED 32
struct cmd_option {
	const char *name;     /* "json" for --json */
	char letter;          /* 0: none */
	const char *argument; /* NULL: a flag; otherwise its name in the help: "FILE";
				 "GLOB...": it may be given CMD_REPEATED times */
	const char *help;
	const char **value; /* set for options with an argument; of repeated ones an
			       array of CMD_REPEATED + 1, NULL behind the last */
	bool *flag;         /* set for flags */
};

/* Parses options up to the first operand or "--". *operands is the index of the first
 * operand. 0; or a finished exit code + 1: --help (1: exit 0) or usage error (3: exit
 * 2), after printing. Unknown options name the nearest valid one. */
int cmd_parse(int argc, char **argv, const char *command,
	      const struct cmd_option *options, size_t count, int *operands);

/* Prints "gitgate: text" to standard error and returns the error's exit code. */
int cmd_fail(const struct error *err);
int cmd_usage(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

bool cmd_colour(int fd); /* a terminal, TERM is not dumb, NO_COLOR not set */
int cmd_write(const struct buf *out); /* to standard output; exit code */

/* One request to the running service: socket from --socket or the configuration;
 * `timeout` in microseconds. A reply of 2xx gives 0; others give the error that the
 * service answered. ERROR_NOT_FOUND when no service answers. */
int cmd_request(const char *socket, const char *method, const char *path,
		const char *body, int64_t timeout, struct local_reply *out,
		struct error *err);
/* The local socket: `option` when given, else from the configuration file, else the
 * built-in default. Caller frees. */
int cmd_socket(const char *option, const char *config_file, char **out,
	       struct error *err);

#endif
