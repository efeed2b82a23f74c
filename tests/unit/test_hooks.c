/* tests/unit/test_hooks.c - the small parts of the hooks: what git says, what the
 * environment says, what is said to whoever pushes. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "hooks/environment.h"
#include "hooks/remote.h"
#include "hooks/updates.h"
#include "unit.h"

#define A    "1111111111111111111111111111111111111111"
#define B    "2222222222222222222222222222222222222222"
#define NONE "0000000000000000000000000000000000000000"
#define LONG "3333333333333333333333333333333333333333333333333333333333333333"

static int file_of(const char *text, size_t length)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, text, length, NULL), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int read_updates(struct updates *out, const char *text, size_t length,
			struct error *err)
{
	int fd FD_CLOSING = file_of(text, length);

	return updates_read(out, fd, &limits_default, err);
}

START_TEST(lines_of_git_are_read)
{
	static const char text[] = A " " B " refs/heads/main\n" NONE " " A
				     " refs/tags/v1.0\n" B " " NONE " refs/x\n";
	struct updates updates;

	ck_assert_int_eq(read_updates(&updates, text, sizeof(text) - 1, NULL), 0);
	ck_assert_uint_eq(updates.count, 3);
	ck_assert_str_eq(updates.items[0].ref, "refs/heads/main");
	ck_assert_str_eq(oid_text(&updates.items[0].old_id), A);
	ck_assert_str_eq(oid_text(&updates.items[0].new_id), B);
	ck_assert(oid_is_null(&updates.items[1].old_id));
	ck_assert(oid_is_null(&updates.items[2].new_id));
	/* For the hook behind us they stay what they were. */
	ck_assert_str_eq(updates.text.data, text);
	updates_release(&updates);
}
END_TEST

START_TEST(anything_else_is_refused)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{ "", ERROR_SYNTAX },
		{ "\n", ERROR_SYNTAX },
		{ A " " B " refs/heads/main", ERROR_SYNTAX },
		{ A " " B "\n", ERROR_SYNTAX },
		{ A " " B " \n", ERROR_SYNTAX },
		{ A " " B " refs/\n", ERROR_SYNTAX },
		{ A " " B " HEAD\n", ERROR_SYNTAX },
		{ A " " B " refs/heads/a b\n", ERROR_SYNTAX },
		{ A " " B " refs/heads/a\r\n", ERROR_SYNTAX },
		{ A "  " B " refs/heads/a\n", ERROR_SYNTAX },
		{ " " A " " B " refs/heads/a\n", ERROR_SYNTAX },
		{ A "\t" B "\trefs/heads/a\n", ERROR_SYNTAX },
		{ "1111 " B " refs/heads/a\n", ERROR_SYNTAX },
		{ A "1 " B " refs/heads/a\n", ERROR_SYNTAX },
		{ A " " LONG " refs/heads/a\n", ERROR_SYNTAX },
		{ A " " B " refs/heads/a\n" LONG " " LONG " refs/heads/b\n",
		  ERROR_SYNTAX },
		{ A " " B " refs/heads/a\n" B " " A " refs/heads/a\n", ERROR_SYNTAX },
		{ A " " B " refs/heads/a\n\n", ERROR_SYNTAX },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct updates updates;
		struct error err = ERROR_INIT;
		int rc = read_updates(&updates, cases[i].text, strlen(cases[i].text),
				      &err);
		ck_assert_msg(rc == cases[i].code, "case %zu: %d %s", i, rc, err.text);
		updates_release(&updates);
	}
}
END_TEST

START_TEST(a_nul_byte_and_a_closed_descriptor_are_refused)
{
	static const char text[] = A " " B " refs/heads/a\0b\n";
	struct updates updates;

	ck_assert_int_eq(read_updates(&updates, text, sizeof(text) - 1, NULL),
			 ERROR_SYNTAX);
	updates_release(&updates);
	ck_assert_int_ne(updates_read(&updates, -1, &limits_default, NULL), 0);
	updates_release(&updates);
}
END_TEST

START_TEST(more_refs_than_the_limit_are_refused_by_its_name)
{
	struct limits limits = limits_default;
	struct updates updates;
	struct error err = ERROR_INIT;
	static const char text[] = A " " B " refs/a\n" A " " B " refs/b\n" A " " B " re"
				     "fs/"
				     "c"
				     "\n";
	int fd FD_CLOSING = file_of(text, sizeof(text) - 1);

	limits.values[LIMIT_GIT_REFS_PER_PUSH] = 2;
	ck_assert_int_eq(updates_read(&updates, fd, &limits, &err), ERROR_LIMIT);
	ck_assert(strstr(err.text, "git.refs_per_push") != NULL);
	updates_release(&updates);
}
END_TEST

START_TEST(only_listed_variables_are_seen)
{
	static char path[] = "PATH=/evil", quarantine[] = "GIT_QUARANTINE_PATH=/q",
		    option[] = "GIT_PUSH_OPTION_0=x",
		    empty[] = "GL_USER=", remote[] = "REMOTE_USER=carol",
		    near[] = "GIT_DIRECTORY=/x";
	static char *given[] = { path, quarantine, option, empty, remote, near, NULL };
	char **before = environ;
	struct environment environment;

	environ = given;
	environment_take(&environment);
	char **after = environ;
	environ = before;
	ck_assert_ptr_null(after[0]);
	ck_assert_ptr_eq(environment.original, given);
	ck_assert_ptr_null(environment_get(&environment, "PATH"));
	ck_assert_ptr_null(environment_get(&environment, "GIT_DIR"));
	ck_assert_ptr_null(environment_get(&environment, "GL_USER"));
	ck_assert_str_eq(environment_get(&environment, "GIT_QUARANTINE_PATH"), "/q");
	ck_assert_str_eq(environment_get(&environment, "GIT_PUSH_OPTION_0"), "x");
	ck_assert_str_eq(environment_pusher(&environment), "carol");
}
END_TEST

/* What remote_write() writes to standard error. */
static void written(const char *text, struct buf *out)
{
	int fd = memfd_create("said", MFD_CLOEXEC), saved = dup(STDERR_FILENO);

	ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
	int rc = remote_write(text, strlen(text), NULL);
	dup2(saved, STDERR_FILENO);
	close(saved);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(buf_read_fd(out, fd, NULL), 0);
	close(fd);
}

START_TEST(long_lines_are_broken_at_blanks)
{
	struct buf out = BUF_INIT(65536), text = BUF_INIT(65536);

	for (int i = 0; i < 60; i++)
		buf_addf(&text, "%sword%d", i ? " " : "  mend: ", i);
	buf_add_string(&text, "\nshort\n");
	for (int i = 0; i < 150; i++)
		buf_add_byte(&text, 'x');
	written(text.data, &out);
	size_t words = 0;
	for (char *rest = NULL, *line = strtok_r(out.data, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		ck_assert(strlen(line) <= 92 || line[0] == 'x');
		ck_assert(words == 0 || strncmp(line, "      ", 6) == 0 ||
			  line[0] == 's' || line[0] == 'x');
		for (char *at = strstr(line, "word"); at; at = strstr(at + 1, "word"))
			words++;
	}
	ck_assert_uint_eq(words, 60);
	buf_release(&out);
	buf_release(&text);
}
END_TEST

START_TEST(short_text_stays_as_it_is)
{
	static const char *const texts[] = { "a\n", "\n", "a\n\nb\n", "  a  b \n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf out = BUF_INIT(4096);
		written(texts[i], &out);
		ck_assert_str_eq(out.data, texts[i]);
		buf_release(&out);
	}
}
END_TEST

UNIT_MAIN("hooks", lines_of_git_are_read, anything_else_is_refused,
	  a_nul_byte_and_a_closed_descriptor_are_refused,
	  more_refs_than_the_limit_are_refused_by_its_name,
	  only_listed_variables_are_seen, long_lines_are_broken_at_blanks,
	  short_text_stays_as_it_is)
