/* cmd/versions.c - versions of the libraries that this process runs with. */
#include "cmd/versions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/pattern.h"
#include "base/program.h"
#include "base/spawn.h"
#include "base/text.h"
#include "doc/doc.h"
#include "intake/intake.h"
#include "repo/repo.h"
#include "sandbox/sandbox.h"
#include "store/store.h"

/* Faults that were seen in one version, or are known to end with one. */
static const struct {
	const char *name;
	const char *seen;   /* in this version, or NULL */
	const char *mended; /* by this version, or NULL */
	const char *fault;
} faults[] = {
	{ "SQLite", NULL, "3.51.3",
	  "two connections that write at once can damage the log: gitgate has one, and "
	  "for itself alone" },
	{ "libgit2", "1.5.1", NULL,
	  "takes a signature in a commit's message for its own: gitgate splits commits "
	  "itself" },
	{ "libmicrohttpd", "0.9.75", NULL,
	  "a byte now and then keeps a connection open for ever: gitgate has deadlines "
	  "of its own" },
};

/* Whether version a comes before b. */
static bool is_before(const char *a, const char *b)
{
	while (*a || *b) {
		unsigned long one = 0, other = 0;
		for (; *a >= '0' && *a <= '9'; a++)
			one = one * 10 + (unsigned long)(*a - '0');
		for (; *b >= '0' && *b <= '9'; b++)
			other = other * 10 + (unsigned long)(*b - '0');
		if (one != other)
			return one < other;
		if ((*a && *a != '.') || (*b && *b != '.'))
			return false;
		a += *a == '.';
		b += *b == '.';
	}
	return false;
}

static void add(struct library_version *out, const char *name, const char *version)
{
	/* Some libraries put their name in front. */
	const char *number = version ? version + strcspn(version, "0123456789") : "";

	*out = (struct library_version){ .name = name };
	text_escape_into(out->version, sizeof(out->version), number,
			 strcspn(number, " "));
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(faults[i].name, name) == 0 &&
		    (faults[i].mended ? is_before(out->version, faults[i].mended)
				      : strcmp(out->version, faults[i].seen) == 0))
			out->fault = faults[i].fault;
}

/* Of the library that only gitgate-trust-compile is linked with: it says so itself. */
static void add_librnp(struct library_version *out)
{
	struct spawn_result result = { 0 };
	char *program = NULL;

	*out = (struct library_version){
		.name = "librnp",
		.fault = "gitgate-trust-compile does not run: OpenPGP keys that were "
			 "not compiled before cannot be read",
	};
	if (program_find(&program, "gitgate-trust-compile", NULL) != 0)
		return;
	const char *const arguments[] = { program, "--version", NULL };
	const struct spawn spawn = { .arguments = arguments, .directory = "/" };
	if (spawn_run(&spawn, &result, NULL) == 0 && result.status == 0) {
		char *line = result.output.data;
		line[strcspn(line, "\n")] = '\0';
		add(out, "librnp", line);
	}
	spawn_result_release(&result);
	free(program);
}

size_t library_versions(struct library_version *out)
{
	const struct {
		const char *name;
		const char *version;
	} libraries[] = {
		{ "libgit2", repo_library_version() },
		{ "libyaml", doc_library_version() },
		{ "SQLite", store_engine_version() },
		{ "OpenSSL", hash_library_version() },
		{ "PCRE2", pattern_library_version() },
		{ "libmicrohttpd", intake_library_version() },
		{ "libseccomp", sandbox_library_version() },
	};
	size_t count = sizeof(libraries) / sizeof(libraries[0]);

	for (size_t i = 0; i < count; i++)
		add(&out[i], libraries[i].name, libraries[i].version);
	add_librnp(&out[count++]);
	return count;
}
