/* Paths: which are safe, and file operations that stay beneath their directory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "unit.h"

/* A private directory, entered: every test starts in an empty one. */
static char *place;
static int root;

static void enter_place(void)
{
	ck_assert_int_eq(path_make_temporary(&place, "gitgate-path", NULL), 0);
	ck_assert_int_eq(chdir(place), 0);
	root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static void leave_place(void)
{
	struct error err = ERROR_INIT;
	fd_close(&root);
	ck_assert_int_eq(chdir("/"), 0);
	int slash = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(path_remove_tree(slash, place + 1, &err) == 0, "%s", err.text);
	fd_close(&slash);
	ck_assert(!path_exists(place));
	free(place);
}

static void write_file(const char *name, const char *text)
{
	ck_assert_int_eq(path_write_atomic(name, text, strlen(text), 0644, NULL), 0);
}

START_TEST(names_are_joined)
{
	static const struct {
		const char *directory;
		const char *name;
		const char *joined;
	} cases[] = {
		{ "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "", "b", "b" },
		{ "a", "/b", "/b" }, { "/", "b", "/b" },   { "a/b", "c/d", "a/b/c/d" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *joined = path_join(cases[i].directory, cases[i].name);
		ck_assert_str_eq(joined, cases[i].joined);
		free(joined);
	}
}
END_TEST

START_TEST(safe_paths_pass)
{
	static const char *const paths[] = {
		"a",
		"a/b/c.yaml",
		".gitignore",
		".github/workflows/x.yml",
		"a/.gitattributes",
		"gitgate",
		".git-x/y",
		"git~2",
		"x.git",
		"...",
		"a b",
		"trailing.",
		"gr\xc3\xbcn",
		"a:b",
		"\xe2\x80\x8b",
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct error err = ERROR_INIT;
		ck_assert_msg(path_check(paths[i], strlen(paths[i]), 4096, &err) == 0,
			      "%s", err.text);
	}
}
END_TEST

START_TEST(unsafe_paths_are_refused)
{
	static const struct {
		const char *path;
		const char *reason;
	} cases[] = {
		{ "", "empty" },
		{ "/a", "absolute" },
		{ "/", "absolute" },
		{ "a//b", "empty component" },
		{ "a/", "empty component" },
		{ ".", "'.'" },
		{ "..", "'..'" },
		{ "a/../b", "'..'" },
		{ "a/./b", "'.'" },
		{ "a/..", "'..'" },
		{ ".git", ".git" },
		{ ".git/config", ".git" },
		{ "a/.GIT/x", ".git" },
		{ ".giT", ".git" },
		{ ".git.", ".git" },
		{ ".git ", ".git" },
		{ ".git . .", ".git" },
		{ "git~1", ".git" },
		{ "GIT~1/x", ".git" },
		{ "git~1. ", ".git" },
		{ ".g\xe2\x80\x8cit", ".git" },
		{ "\xef\xbb\xbf.git", ".git" },
		{ ".git\xe2\x80\x8d", ".git" },
		{ ".gi\xe2\x81\xaat/x", ".git" },
		{ ".git::$INDEX_ALLOCATION", ".git" },
		{ ".git:x", ".git" },
		{ ".git :x", ".git" },
		{ "a\\b", "backslash" },
		{ "a\nb", "control" },
		{ "a\x7f", "control" },
		{ "a\xff", "UTF-8" },
		{ "\xc0\xae\xc0\xae/x", "UTF-8" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		int code = path_check(cases[i].path, strlen(cases[i].path), 4096, &err);
		ck_assert_msg(code == ERROR_UNSAFE_PATH, "'%s'", cases[i].path);
		ck_assert_msg(strstr(err.text, cases[i].reason) != NULL, "%s",
			      err.text);
	}
	ck_assert_int_eq(path_check("a\0b", 3, 4096, NULL), ERROR_UNSAFE_PATH);
	ck_assert_int_eq(path_check("abc", 3, 2, NULL), ERROR_UNSAFE_PATH);
	ck_assert_int_eq(path_check("abc", 3, 3, NULL), 0);
	char longer[256];
	memset(longer, 'a', sizeof(longer));
	ck_assert_int_eq(path_check(longer, 255, 4096, NULL), 0);
	ck_assert_int_eq(path_check(longer, 256, 4096, NULL), ERROR_UNSAFE_PATH);
}
END_TEST

/* From now on the kernel of this process has no openat2(2). */
static void forbid_openat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void check_opening(void)
{
	static const struct {
		const char *path;
		int flags;
		int code;
	} cases[] = {
		{ "dir/file", O_RDONLY, 0 },
		{ "dir", O_RDONLY | O_DIRECTORY, 0 },
		{ "dir/", O_RDONLY, 0 },
		{ ".", O_RDONLY, 0 },
		{ "./dir/./file", O_RDONLY, 0 },
		{ "dir/new", O_WRONLY | O_CREAT | O_EXCL, 0 },
		{ "dir/file", O_WRONLY | O_CREAT | O_EXCL, ERROR_EXISTS },
		{ "dir/missing", O_RDONLY, ERROR_NOT_FOUND },
		{ "missing/file", O_RDONLY, ERROR_NOT_FOUND },
		{ "", O_RDONLY, ERROR_NOT_FOUND },
		{ "dir/file/x", O_RDONLY, ERROR_IO },
		{ "dir/file/", O_RDONLY, ERROR_IO },
		{ "link-to-dir/file", O_RDONLY, ERROR_UNSAFE_PATH },
		{ "link-to-dir", O_RDONLY | O_DIRECTORY, ERROR_UNSAFE_PATH },
		{ "dir/link-to-file", O_RDONLY, ERROR_UNSAFE_PATH },
		{ "dir/link-to-file", O_WRONLY | O_CREAT | O_TRUNC, ERROR_UNSAFE_PATH },
		{ "dir/dangling", O_WRONLY | O_CREAT, ERROR_UNSAFE_PATH },
		{ "..", O_RDONLY, ERROR_UNSAFE_PATH },
		{ "dir/../dir/file", O_RDONLY, ERROR_UNSAFE_PATH },
		{ "dir/..", O_RDONLY, ERROR_UNSAFE_PATH },
		{ "/etc/passwd", O_RDONLY, ERROR_UNSAFE_PATH },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		int fd = path_open_beneath(root, cases[i].path, cases[i].flags, 0600,
					   &err);
		if (cases[i].code == 0)
			ck_assert_msg(fd >= 0, "'%s': %s", cases[i].path, err.text);
		else
			ck_assert_msg(fd == cases[i].code, "'%s': %d %s", cases[i].path,
				      fd, err.text);
		ck_assert_int_eq(err.code, cases[i].code);
		if (fd >= 0)
			ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		fd_close(&fd);
	}
	ck_assert(!path_exists("outside"));
	char longer[300];
	memset(longer, 'a', sizeof(longer));
	longer[299] = '\0';
	ck_assert_int_lt(path_open_beneath(root, longer, O_RDONLY, 0, NULL), 0);
}

static void make_tree_for_opening(void)
{
	ck_assert_int_eq(mkdir("dir", 0700), 0);
	write_file("dir/file", "x");
	ck_assert_int_eq(symlink("dir", "link-to-dir"), 0);
	ck_assert_int_eq(symlink("file", "dir/link-to-file"), 0);
	ck_assert_int_eq(symlink("../outside", "dir/dangling"), 0);
}

START_TEST(opening_stays_beneath)
{
	enter_place();
	make_tree_for_opening();
	check_opening();
	leave_place();
}
END_TEST

START_TEST(opening_stays_beneath_on_old_kernels)
{
	enter_place();
	make_tree_for_opening();
	forbid_openat2();
	check_opening();
	leave_place();
}
END_TEST

static void check_parents(void)
{
	struct stat status;
	ck_assert_int_eq(symlink("/tmp", "link"), 0);
	write_file("file", "x");
	ck_assert_int_eq(path_make_parents(root, "a/b/c/file", 0700, NULL), 0);
	ck_assert_int_eq(path_make_parents(root, "a/b/c/file", 0700, NULL), 0);
	ck_assert_int_eq(path_make_parents(root, "plain", 0700, NULL), 0);
	ck_assert(!path_exists("plain"));
	ck_assert_int_eq(stat("a/b/c", &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0700);
	ck_assert(!path_exists("a/b/c/file"));
	static const char *const bad[] = { "link/x/y", "../x/y", "a/../../x/y",
					   "/tmp/x" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(path_make_parents(root, bad[i], 0700, NULL),
				 ERROR_UNSAFE_PATH);
	ck_assert_int_lt(path_make_parents(root, "file/x/y", 0700, NULL), 0);
	ck_assert(!path_exists("link/x"));
}

START_TEST(parents_are_made_beneath)
{
	enter_place();
	check_parents();
	leave_place();
}
END_TEST

START_TEST(parents_are_made_beneath_on_old_kernels)
{
	enter_place();
	forbid_openat2();
	check_parents();
	leave_place();
}
END_TEST

START_TEST(trees_are_removed_without_following_links)
{
	enter_place();
	ck_assert_int_eq(path_make_directories("keep/x", 0700, NULL), 0);
	ck_assert_int_eq(path_make_directories("tree/a/b", 0700, NULL), 0);
	write_file("keep/file", "kept");
	write_file("tree/a/b/file", "x");
	write_file("tree/.hidden", "x");
	ck_assert_int_eq(symlink("../keep", "tree/link"), 0);
	ck_assert_int_eq(symlink("keep", "link"), 0);
	ck_assert_int_eq(mkfifo("tree/fifo", 0600), 0);
	ck_assert_int_eq(path_remove_tree(root, "tree", NULL), 0);
	ck_assert(!path_exists("tree"));
	ck_assert_int_eq(path_remove_tree(root, "tree", NULL), 0);
	ck_assert_int_eq(path_remove_tree(root, "missing/tree", NULL), 0);
	ck_assert_int_eq(path_remove_tree(root, "link/x", NULL), ERROR_UNSAFE_PATH);
	ck_assert_int_eq(path_remove_tree(root, "link", NULL), 0);
	ck_assert(path_exists("keep/file") && path_exists("keep/x"));
	static const char *const bad[] = { ".", "..", "keep/..", "/tmp", "", "keep/" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;
		ck_assert_msg(path_remove_tree(root, bad[i], &err) == ERROR_UNSAFE_PATH,
			      "'%s': %s", bad[i], err.text);
	}
	ck_assert_int_eq(path_remove_tree(root, "keep/file", NULL), 0);
	ck_assert(path_exists("keep/x"));
	leave_place();
}
END_TEST

START_TEST(deep_trees_need_few_descriptors)
{
	enter_place();
	int at = dup(root);
	for (int depth = 0; depth < 3000; depth++) {
		ck_assert_int_eq(mkdirat(at, "d", 0700), 0);
		int file = openat(at, "f", O_CREAT | O_WRONLY, 0600);
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		close(file);
		close(at);
		at = next;
	}
	close(at);
	struct rlimit few = { 100, 100 };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	struct error err = ERROR_INIT;
	ck_assert_msg(path_remove_tree(root, "d", &err) == 0, "%s", err.text);
	ck_assert(!path_exists("d"));
	leave_place();
}
END_TEST

START_TEST(files_are_written_whole)
{
	enter_place();
	struct buf buf = BUF_INIT(100);
	struct stat status;
	umask(077);
	write_file("file", "one");
	ck_assert_int_eq(stat("file", &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0644);
	ck_assert_int_eq(path_write_atomic("./file", "two", 3, 0600, NULL), 0);
	ck_assert_int_eq(buf_read_file(&buf, "file", NULL), 0);
	ck_assert_str_eq(buf.data, "two");
	ck_assert_int_eq(stat("file", &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	struct error err = ERROR_INIT;
	ck_assert_int_eq(path_write_atomic("none/file", "x", 1, 0600, &err),
			 ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "'none/file'"));
	/* A failure leaves nothing behind. */
	ck_assert_int_eq(mkdir("dir", 0700), 0);
	ck_assert_int_lt(path_write_atomic("dir", "x", 1, 0600, NULL), 0);
	ck_assert_int_eq(unlink("file"), 0);
	ck_assert_int_eq(rmdir("dir"), 0);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(place), 0);
	fd_close(&root);
	free(place);
	buf_release(&buf);
}
END_TEST

START_TEST(directories_are_made_with_their_parents)
{
	enter_place();
	ck_assert_int_eq(path_make_directories("a/b//c/", 0700, NULL), 0);
	ck_assert_int_eq(path_make_directories("a/b/c", 0700, NULL), 0);
	ck_assert_int_eq(path_make_directories("/tmp", 0700, NULL), 0);
	ck_assert_int_eq(path_make_directories("/", 0700, NULL), 0);
	write_file("file", "x");
	ck_assert_int_eq(path_make_directories("file/x", 0700, NULL), ERROR_IO);
	ck_assert_int_eq(path_make_directories("file", 0700, NULL), ERROR_IO);
	char *absolute = path_join(place, "d/e");
	ck_assert_int_eq(path_make_directories(absolute, 0700, NULL), 0);
	ck_assert(path_exists("d/e"));
	free(absolute);
	leave_place();
}
END_TEST

START_TEST(temporary_directories_are_private)
{
	enter_place();
	struct stat status;
	char *name = NULL;
	setenv("TMPDIR", place, 1);
	ck_assert_int_eq(path_make_temporary(&name, "x", NULL), 0);
	ck_assert_int_eq(strncmp(name, place, strlen(place)), 0);
	ck_assert_int_eq(stat(name, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
	free(name);
	name = NULL;
	setenv("TMPDIR", "/nonexistent", 1);
	ck_assert_int_eq(path_make_temporary(&name, "x", NULL), ERROR_NOT_FOUND);
	ck_assert_ptr_null(name);
	leave_place();
}
END_TEST

START_TEST(failed_writes_and_syncs_are_errors)
{
	struct error err = ERROR_INIT;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(fd_write_all(full, "x", 1, &err), ERROR_NO_SPACE);
	fd_close(&full);
	ck_assert_int_eq(full, -1);
	fd_close(&full);
	error_clear(&err);
	ck_assert_int_eq(fd_sync(-1, "name", &err), ERROR_IO);
	ck_assert_ptr_nonnull(strstr(err.text, "'name'"));
}
END_TEST

UNIT_MAIN("base_path", names_are_joined, safe_paths_pass, unsafe_paths_are_refused,
	  opening_stays_beneath, opening_stays_beneath_on_old_kernels,
	  parents_are_made_beneath, parents_are_made_beneath_on_old_kernels,
	  trees_are_removed_without_following_links, deep_trees_need_few_descriptors,
	  files_are_written_whole, directories_are_made_with_their_parents,
	  temporary_directories_are_private, failed_writes_and_syncs_are_errors)
