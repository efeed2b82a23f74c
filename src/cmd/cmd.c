/* cmd/cmd.c - what the subcommands share. */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "conf/config.h"
#include "doc/doc.h"
#include "net/local.h"

#define OPTIONS_MAX    32
#define DEFAULT_SOCKET "/run/gitgate/gitgate.sock"

static const struct {
	const char *name;
	const char *arguments;
	const char *help;
} commands[] = {
#define COMMAND(name, arguments, help) { #name, arguments, help },
#include "cmd/commands.def"
#undef COMMAND
};

static void print_help(const char *command, const struct cmd_option *options,
		       size_t count)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, command) == 0)
			printf("Usage: gitgate %s %s\n\n%s\n\n", command,
			       commands[i].arguments, commands[i].help);
	for (size_t i = 0; i < count; i++) {
		char shown[48];
		snprintf(shown, sizeof(shown), "--%s%s%s", options[i].name,
			 options[i].argument ? "=" : "",
			 options[i].argument ? options[i].argument : "");
		printf("  %c%c%c %-24s %s\n", options[i].letter ? '-' : ' ',
		       options[i].letter ? options[i].letter : ' ',
		       options[i].letter ? ',' : ' ', shown, options[i].help);
	}
	printf("      %-24s %s\n", "--help", "this text");
}

int cmd_usage(const char *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "gitgate %s: ", command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\ntry 'gitgate %s --help'\n", command);
	return 2;
}

static int unknown_option(const char *command, const char *given,
			  const struct cmd_option *options, size_t count)
{
	const char *names[OPTIONS_MAX];
	char shown[64];

	for (size_t i = 0; i < count && i < OPTIONS_MAX; i++)
		names[i] = options[i].name;
	text_escape_into(shown, sizeof(shown), given, strlen(given));
	const char *nearest = text_starts_with(given, "--")
				      ? text_nearest(given + 2, names, count)
				      : NULL;
	if (nearest)
		return cmd_usage(command, "unknown option '%s'; did you mean '--%s'?",
				 shown, nearest) +
		       1;
	return cmd_usage(command, "unknown option '%s'", shown) + 1;
}

/* The option that an argument names; *value is what stands behind '=' or in the next
 * one. */
static const struct cmd_option *match(const char *argument,
				      const struct cmd_option *options, size_t count,
				      const char **value)
{
	*value = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(options[i].name);
		if (argument[1] != '-') {
			if (argument[1] == options[i].letter && argument[2] == '\0')
				return &options[i];
			continue;
		}
		if (strncmp(argument + 2, options[i].name, length) != 0)
			continue;
		if (argument[2 + length] == '\0')
			return &options[i];
		if (argument[2 + length] == '=') {
			*value = argument + 3 + length;
			return &options[i];
		}
	}
	return NULL;
}

/* Moves `count` arguments from one place to an earlier one: operands gather behind
 * options, so that both orders work. */
static void move_up(char **argv, int from, int count, int to)
{
	for (int i = 0; i < count; i++) {
		char *moved = argv[from + i];
		for (int j = from + i; j > to + i; j--)
			argv[j] = argv[j - 1];
		argv[to + i] = moved;
	}
}

/* False: it was given too often. */
static bool set_value(const struct cmd_option *option, const char *value)
{
	size_t index = 0;

	if (text_ends_with(option->argument, "..."))
		while (option->value[index])
			index++;
	if (index == CMD_REPEATED)
		return false;
	option->value[index] = value;
	return true;
}

int cmd_parse(int argc, char **argv, const char *command,
	      const struct cmd_option *options, size_t count, int *operands)
{
	int first = 1; /* where the next option goes; operands gather behind it */
	int i = 1;

	while (i < argc) {
		const char *argument = argv[i];
		const char *value;
		if (strcmp(argument, "--") == 0) {
			move_up(argv, i, 1, first);
			first++;
			break;
		}
		if (argument[0] != '-' || argument[1] == '\0') {
			i++;
			continue;
		}
		if (strcmp(argument, "--help") == 0) {
			print_help(command, options, count);
			return 1;
		}
		const struct cmd_option *option =
			match(argument, options, count, &value);
		if (!option)
			return unknown_option(command, argument, options, count);
		int used = 1;
		if (option->argument && !value) {
			if (i + 1 == argc)
				return cmd_usage(command, "option '--%s' needs %s",
						 option->name, option->argument) +
				       1;
			value = argv[i + 1];
			used = 2;
		}
		if (!option->argument && value)
			return cmd_usage(command, "option '--%s' takes no value",
					 option->name) +
			       1;
		if (!option->argument)
			*option->flag = true;
		else if (!set_value(option, value))
			return cmd_usage(command, "option '--%s' is given too often",
					 option->name) +
			       1;
		move_up(argv, i, used, first);
		first += used;
		i += used;
	}
	*operands = first;
	return 0;
}

int cmd_fail(const struct error *err)
{
	fprintf(stderr, "gitgate: %s\n",
		err->text[0] ? err->text : error_meaning(err->code));
	return error_exit_code(err->code);
}

bool cmd_colour(int fd)
{
	const char *term = getenv("TERM");
	const char *refused = getenv("NO_COLOR");

	return isatty(fd) && !(refused && *refused) && term &&
	       strcmp(term, "dumb") != 0;
}

int cmd_write(const struct buf *out)
{
	struct error err = ERROR_INIT;

	if (buf_status(out, "the output", &err) != 0 ||
	    fd_write_all(STDOUT_FILENO, out->data, out->length, &err) != 0)
		return cmd_fail(&err);
	return 0;
}

/* {"error": {"code": ..., "message": ...}} as an error. */
static int answered_error(const struct local_reply *reply, struct error *err)
{
	struct arena *arena = arena_new(1 << 20);
	struct doc_problem problem;
	struct docs docs = { 0 };
	int code = ERROR_INTERNAL;
	const char *text = NULL;

	if (arena && docs_parse(&docs, arena, DOC_JSON, reply->body.data,
				reply->body.length, &limits_default, &problem) == 0) {
		const struct node *error = node_get(docs.roots[0], "error");
		const char *name = node_text(node_get(error, "code"), NULL);
		code = name ? error_by_name(name) : 0;
		text = node_text(node_get(error, "message"), NULL);
	}
	int rc = error_set(err, code ? code : ERROR_INTERNAL, "%s",
			   text ? text : "the service answered with an error");
	arena_free(arena);
	return rc;
}

int cmd_request(const char *socket, const char *method, const char *path,
		const char *body, int64_t timeout, struct local_reply *out,
		struct error *err)
{
	int rc = local_request(socket, method, path, body, body ? strlen(body) : 0,
			       timeout, out, err);

	if (rc == 0 && (out->status < 200 || out->status > 299))
		rc = answered_error(out, err);
	return rc;
}

int cmd_socket(const char *option, const char *config_file, char **out,
	       struct error *err)
{
	struct config *config = NULL;
	const char *name = option ? option : DEFAULT_SOCKET;
	int rc = 0;

	if (!option && path_exists(config_file)) {
		rc = config_load(&config, config_file, err);
		if (rc == 0)
			name = config->server.socket;
	}
	char *copy = rc == 0 ? strdup(name) : NULL;
	config_free(config);
	if (rc == 0 && !copy)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (rc == 0)
		*out = copy;
	return rc;
}
