/* Buffers: they grow to their maximum, failure sticks, data always ends in NUL. */
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "unit.h"

START_TEST(empty_buffer_is_an_empty_string)
{
	struct buf buf = BUF_INIT(10);
	ck_assert_str_eq(buf.data, "");
	buf_add(&buf, NULL, 0);
	buf_reset(&buf);
	buf_release(&buf);
	ck_assert_str_eq(buf.data, "");
	ck_assert_uint_eq(buf.maximum, 10);
}
END_TEST

START_TEST(additions_are_appended)
{
	struct buf buf = BUF_INIT(SIZE_MAX);
	buf_add_string(&buf, "abc");
	buf_add_byte(&buf, 'd');
	buf_add(&buf, "e\0f", 3);
	buf_addf(&buf, "%d-%s", 7, "x");
	ck_assert_mem_eq(buf.data, "abcde\0f7-x", 11);
	ck_assert_uint_eq(buf.length, 10);
	ck_assert_int_eq(buf_status(&buf, "x", NULL), 0);
	buf_truncate(&buf, 3);
	ck_assert_str_eq(buf.data, "abc");
	buf_truncate(&buf, 30);
	ck_assert_uint_eq(buf.length, 3);
	buf_release(&buf);
}
END_TEST

START_TEST(long_formats_fit)
{
	struct buf buf = BUF_INIT(100000);
	for (size_t width = 250; width < 262; width++) {
		buf_reset(&buf);
		buf_addf(&buf, "<%*s>", (int)width, "x");
		ck_assert_uint_eq(buf.length, width + 2);
		ck_assert_uint_eq(strlen(buf.data), width + 2);
		ck_assert_int_eq(buf.data[width + 1], '>');
	}
	buf_release(&buf);
}
END_TEST

START_TEST(the_maximum_is_exact_and_sticks)
{
	for (size_t maximum = 0; maximum < 200; maximum += 7) {
		struct buf buf = BUF_INIT(maximum);
		for (size_t i = 0; i < maximum; i++)
			buf_add_byte(&buf, 'x');
		ck_assert_int_eq(buf.failed, 0);
		buf_add_byte(&buf, 'y');
		ck_assert_int_eq(buf.failed, ERROR_LIMIT);
		buf_truncate(&buf, 0);
		buf_add_byte(&buf, 'y');
		ck_assert_uint_eq(buf.length, 0);
		struct error err = ERROR_INIT;
		ck_assert_int_eq(buf_status(&buf, "the answer", &err), ERROR_LIMIT);
		ck_assert_ptr_nonnull(strstr(err.text, "'the answer'"));
		ck_assert_ptr_null(buf_detach(&buf, NULL));
		buf_reset(&buf);
		ck_assert_int_eq(buf.failed, 0);
		buf_release(&buf);
	}
}
END_TEST

START_TEST(sizes_do_not_wrap)
{
	struct buf buf = BUF_INIT(SIZE_MAX);
	buf_add_byte(&buf, 'x');
	ck_assert_ptr_null(buf_reserve(&buf, SIZE_MAX));
	ck_assert_int_eq(buf.failed, ERROR_LIMIT);
	buf_reset(&buf);
	ck_assert_ptr_null(buf_reserve(&buf, SIZE_MAX - 1));
	ck_assert_int_eq(buf.failed, ERROR_LIMIT);
	buf_release(&buf);
}
END_TEST

START_TEST(detached_memory_belongs_to_the_caller)
{
	struct buf buf = BUF_INIT(100);
	size_t length = 99;
	char *nothing = buf_detach(&buf, &length);
	ck_assert_str_eq(nothing, "");
	ck_assert_uint_eq(length, 0);
	free(nothing);
	buf_add_string(&buf, "abc");
	char *something = buf_detach(&buf, &length);
	ck_assert_str_eq(something, "abc");
	ck_assert_uint_eq(length, 3);
	free(something);
	ck_assert_uint_eq(buf.length, 0);
	buf_release(&buf);
}
END_TEST

/* Reads through a pipe that holds `count` bytes into a buffer of at most `maximum`. */
static int read_pipe(struct buf *buf, size_t count, size_t maximum)
{
	int ends[2];
	char bytes[40000];
	memset(bytes, 'z', sizeof(bytes));
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], bytes, count), (ssize_t)count);
	close(ends[1]);
	buf_init(buf, maximum);
	int code = buf_read_fd(buf, ends[0], NULL);
	close(ends[0]);
	return code;
}

START_TEST(descriptors_are_read_to_their_end)
{
	static const size_t counts[] = { 0, 1, 16383, 16384, 16385, 40000 };
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct buf buf;
		ck_assert_int_eq(read_pipe(&buf, counts[i], counts[i]), 0);
		ck_assert_uint_eq(buf.length, counts[i]);
		ck_assert_uint_eq(strlen(buf.data), counts[i]);
		buf_release(&buf);
		if (counts[i] == 0)
			continue;
		ck_assert_int_eq(read_pipe(&buf, counts[i], counts[i] - 1),
				 ERROR_LIMIT);
		ck_assert_int_eq(buf.failed, ERROR_LIMIT);
		buf_release(&buf);
	}
}
END_TEST

START_TEST(only_regular_files_are_read)
{
	char *directory;
	ck_assert_int_eq(path_make_temporary(&directory, "gitgate-buf", NULL), 0);
	char *file = path_join(directory, "file");
	char *fifo = path_join(directory, "fifo");
	ck_assert_int_eq(path_write_atomic(file, "hello", 5, 0600, NULL), 0);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	struct buf buf = BUF_INIT(5);
	ck_assert_int_eq(buf_read_file(&buf, file, NULL), 0);
	ck_assert_str_eq(buf.data, "hello");
	ck_assert_int_eq(buf_read_file(&buf, fifo, NULL), ERROR_IO);
	ck_assert_int_eq(buf_read_file(&buf, directory, NULL), ERROR_IO);
	ck_assert_int_eq(buf_read_file(&buf, "/nonexistent/file", NULL),
			 ERROR_NOT_FOUND);
	ck_assert_int_eq(buf_read_file(&buf, file, NULL), ERROR_LIMIT);
	buf_release(&buf);
	unlink(file);
	unlink(fifo);
	rmdir(directory);
	free(file);
	free(fifo);
	free(directory);
}
END_TEST

UNIT_MAIN("base_buf", empty_buffer_is_an_empty_string, additions_are_appended,
	  long_formats_fit, the_maximum_is_exact_and_sticks, sizes_do_not_wrap,
	  detached_memory_belongs_to_the_caller, descriptors_are_read_to_their_end,
	  only_regular_files_are_read)
