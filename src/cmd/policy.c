/* cmd/policy.c - `gitgate policy`: what editors need to know about .gitgate.yaml and
 * gitgate.yaml. */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "conf/config.h"

#define OUTPUT_BYTES ((size_t)16 << 20)

static const struct {
	const char *name;
	void (*write)(struct buf *out);
} schemas[] = {
	{ "policy", config_write_policy_schema },
	{ "configuration", config_write_schema },
};
#define SCHEMAS (sizeof(schemas) / sizeof(schemas[0]))

static int print_schema(const char *which)
{
	const char *names[SCHEMAS];

	for (size_t i = 0; i < SCHEMAS; i++) {
		struct buf out = BUF_INIT(OUTPUT_BYTES);
		names[i] = schemas[i].name;
		if (strcmp(which, schemas[i].name) != 0)
			continue;
		schemas[i].write(&out);
		int code = cmd_write(&out);
		buf_release(&out);
		return code;
	}
	const char *nearest = text_nearest(which, names, SCHEMAS);
	return nearest ? cmd_usage("policy",
				   "there is no schema of '%s'; did you mean '%s'?",
				   which, nearest)
		       : cmd_usage("policy", "schema policy, or schema configuration");
}

int cmd_policy(int argc, char **argv)
{
	int operands;

	int done = cmd_parse(argc, argv, "policy", NULL, 0, &operands);
	if (done != 0)
		return done - 1;
	int count = argc - operands;
	if (count == 0 || strcmp(argv[operands], "schema") != 0)
		return cmd_usage("policy", "schema [policy | configuration]");
	if (count > 2)
		return cmd_usage("policy", "unexpected argument '%s'",
				 argv[operands + 2]);
	return print_schema(count == 2 ? argv[operands + 1] : "policy");
}
