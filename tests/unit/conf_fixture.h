/* tests/unit/conf_fixture.h - a directory of configuration files for one test case. */
#ifndef TESTS_UNIT_CONF_FIXTURE_H
#define TESTS_UNIT_CONF_FIXTURE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "unit.h"

#define ALICE_KEY                                                                      \
	"ssh-ed25519 "                                                                 \
	"AAAAC3NzaC1lZDI1NTE5AAAAICeXsPSaf/Z911ZLtMKoTxEU6RmB6NLRrtys/LfeFxgW "        \
	"alice@example.org"
#define BOB_KEY                                                                        \
	"ssh-ed25519 "                                                                 \
	"AAAAC3NzaC1lZDI1NTE5AAAAIFA6lytJje2C/JvAcw49zkJFqlBfjxlTw+FUiQbjqSbg "        \
	"bob@example.org"

struct fixture {
	char *directory;
	char *file; /* gitgate.yaml in it */
};

static inline void fixture_write(const struct fixture *fixture, const char *name,
				 const char *text)
{
	char *path = path_join(fixture->directory, name);
	char *slash = strrchr(path, '/');
	struct error err = ERROR_INIT;
	*slash = '\0';
	ck_assert_int_eq(path_make_directories(path, 0700, &err), 0);
	*slash = '/';
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
	ck_assert_int_eq(fclose(file), 0);
	free(path);
}

static inline struct fixture fixture_new(const char *text)
{
	struct fixture fixture = { 0 };
	struct error err = ERROR_INIT;
	ck_assert_msg(path_make_temporary(&fixture.directory, "conf", &err) == 0, "%s",
		      err.text);
	fixture.file = path_join(fixture.directory, "gitgate.yaml");
	fixture_write(&fixture, "gitgate.yaml", text);
	return fixture;
}

static inline void fixture_free(struct fixture *fixture)
{
	struct error err = ERROR_INIT;
	char *slash = strrchr(fixture->directory, '/');
	*slash = '\0';
	int parent = open(fixture->directory, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(parent, 0);
	ck_assert_int_eq(path_remove_tree(parent, slash + 1, &err), 0);
	close(parent);
	free(fixture->directory);
	free(fixture->file);
}

/* "LINE:COLUMN: " (NULL: any) follows the file's name, and the message holds the text.
 */
static inline void expect_problem(const struct error *err, const char *yaml,
				  const char *file, const char *place,
				  const char *message)
{
	char start[64];
	if (place == NULL)
		snprintf(start, sizeof(start), "%s:", file);
	else
		snprintf(start, sizeof(start), "%s:%s: ", file, place);
	ck_assert_msg(strstr(err->text, start) != NULL,
		      "place '%s' is not in '%s' for:\n%s", start, err->text, yaml);
	ck_assert_msg(strstr(err->text, message) != NULL,
		      "'%s' is not in '%s' for:\n%s", message, err->text, yaml);
}

#endif
