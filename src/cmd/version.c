/* cmd/version.c - `gitgate version`: ours, and those of the libraries. */
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/versions.h"

int cmd_version(int argc, char **argv)
{
	bool json = false;
	const struct cmd_option options[] = { { "json", 0, NULL, "as JSON", NULL,
						&json } };
	struct library_version versions[LIBRARIES_MAX];
	struct buf out = BUF_INIT(65536);
	struct json writer;
	int operands;

	int rc = argc > 1 ? cmd_parse(argc, argv, "version", options, 1, &operands) : 0;
	if (rc != 0)
		return rc - 1;
	size_t count = library_versions(versions);
	if (json) {
		json_begin(&writer, &out);
		json_object(&writer);
		json_put_string(&writer, "gitgate", PACKAGE_VERSION);
		for (size_t i = 0; i < count; i++)
			json_put_string(&writer, versions[i].name, versions[i].version);
		json_object_end(&writer);
		buf_add_byte(&out, '\n');
	} else {
		buf_addf(&out, "gitgate %s\n", PACKAGE_VERSION);
		for (size_t i = 0; i < count; i++)
			buf_addf(&out, "  %-14s %s\n", versions[i].name,
				 versions[i].version);
	}
	rc = cmd_write(&out);
	buf_release(&out);
	return rc;
}
