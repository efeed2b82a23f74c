/* tests/unit/test_ipc_channel.c - frames and descriptors over a socketpair. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "ipc/message.h"
#include "unit.h"

#define ARENA_BYTES ((size_t)64 << 20)

static struct channel left, right;
static struct arena *arena;
static int descriptors_before;

static int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static void open_pair(bool nonblocking)
{
	descriptors_before = count_descriptors();
	int fds[2];
	ck_assert_int_eq(channel_pair(fds, NULL), 0);
	ck_assert_int_eq(channel_open(&left, fds[0], nonblocking, NULL), 0);
	ck_assert_int_eq(channel_open(&right, fds[1], nonblocking, NULL), 0);
	arena = arena_new(ARENA_BYTES);
}

/* Nothing that was received or queued stays open. */
static void close_pair(void)
{
	channel_close(&left);
	channel_close(&right);
	arena_free(arena);
	ck_assert_int_eq(count_descriptors(), descriptors_before);
}

static int send_job(struct channel *channel, uint64_t job, const int *fds, int count)
{
	struct msg_kill_job message = { job };
	return channel_send(channel, MESSAGE_kill_job, &message, fds, count, NULL);
}

/* The job that is received, or the code. */
static int64_t receive_job(struct channel *channel, int *fds, struct error *err)
{
	enum message_type type;
	void *message;
	int code = channel_receive(channel, arena, &type, &message, fds, err);
	if (code != 1)
		return code;
	ck_assert_int_eq(type, MESSAGE_kill_job);
	return (int64_t)((const struct msg_kill_job *)message)->job;
}

static int temporary_file(const char *text)
{
	FILE *file = tmpfile();
	fputs(text, file);
	fflush(file);
	int fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
	fclose(file);
	return fd;
}

static void is_file(int fd, const char *text)
{
	char got[32] = "";
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(pread(fd, got, sizeof(got) - 1, 0), 0);
	ck_assert_str_eq(got, text);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
}

START_TEST(descriptors_stay_with_their_message)
{
	for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
		open_pair(nonblocking != 0);
		int files[4] = { temporary_file("one"), temporary_file("two"),
				 temporary_file("three"), temporary_file("four") };
		ck_assert_int_eq(send_job(&left, 1, NULL, 0), 0);
		ck_assert_int_eq(send_job(&left, 2, &files[0], 1), 0);
		ck_assert_int_eq(send_job(&left, 3, NULL, 0), 0);
		ck_assert_int_eq(send_job(&left, 4, &files[1], 2), 0);
		ck_assert_int_eq(send_job(&left, 5, files, 4), 0);
		int fds[MESSAGE_FDS_MAX];
		ck_assert_int_eq(receive_job(&right, fds, NULL), 1);
		ck_assert_int_eq(fds[0], -1);
		ck_assert_int_eq(receive_job(&right, fds, NULL), 2);
		is_file(fds[0], "one");
		ck_assert_int_eq(fds[1], -1);
		ck_assert_int_eq(receive_job(&right, NULL, NULL), 3);
		ck_assert_int_eq(receive_job(&right, fds, NULL), 4);
		is_file(fds[0], "two");
		is_file(fds[1], "three");
		ck_assert_int_eq(fds[2], -1);
		ck_assert_int_eq(receive_job(&right, fds, NULL), 5);
		is_file(fds[3], "four");
		for (int i = 0; i < 3; i++)
			close(fds[i]);
		for (int i = 0; i < 4; i++)
			close(files[i]);
		close_pair();
	}
}
END_TEST

START_TEST(pieces_become_messages)
{
	open_pair(true);
	struct buf frames = BUF_INIT(1000);
	struct msg_kill_job message = { 77 };
	message_encode(&frames, MESSAGE_kill_job, &message, NULL);
	message_encode(&frames, MESSAGE_kill_job, &message, NULL);
	int64_t received = 0;
	for (size_t i = 0; i < frames.length; i++) {
		ck_assert_int_eq(receive_job(&right, NULL, NULL), 0);
		ck_assert_int_eq(write(left.fd, frames.data + i, 1), 1);
		if (i + 1 == frames.length / 2)
			received += receive_job(&right, NULL, NULL);
	}
	received += receive_job(&right, NULL, NULL);
	ck_assert_int_eq(received, 2 * 77);
	buf_release(&frames);
	close_pair();
}
END_TEST

START_TEST(what_is_not_read_waits_up_to_the_limit)
{
	open_pair(true);
	char *large = calloc(1, 1000000);
	struct msg_reply reply = { .row = { large, 1000000 } };
	struct error err = ERROR_INIT;
	uint64_t sent = 0;
	int code = 0;
	int file = temporary_file("waits");
	while (code == 0) {
		reply.request = sent + 1;
		code = channel_send(&left, MESSAGE_reply, &reply, &file, 1, &err);
		sent += code == 0;
	}
	close(file);
	ck_assert_int_eq(code, ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "message.queue_bytes (67108864)"));
	ck_assert(sent >= 60 && sent <= 68);
	bool pending = true;
	for (uint64_t i = 1; i <= sent;) {
		int fds[MESSAGE_FDS_MAX];
		enum message_type type;
		void *message;
		if (pending)
			ck_assert_int_eq(channel_flush(&left, &pending, NULL), 0);
		code = channel_receive(&right, arena, &type, &message, fds, NULL);
		if (code == 0)
			continue;
		ck_assert_int_eq(code, 1);
		const struct msg_reply *got = message;
		ck_assert_uint_eq(got->request, i++);
		ck_assert_uint_eq(got->row.length, 1000000);
		is_file(fds[0], "waits");
		arena_free(arena);
		arena = arena_new(ARENA_BYTES);
	}
	ck_assert(!pending);
	ck_assert_int_eq(receive_job(&right, NULL, NULL), 0);
	free(large);
	close_pair();
}
END_TEST

START_TEST(sending_goes_on_while_earlier_messages_wait)
{
	open_pair(true);
	char *large = calloc(1, 100000);
	struct msg_reply reply = { .row = { large, 100000 } };
	uint64_t sent = 0, received = 0;
	while (received < 500) {
		int files[2] = { -1, -1 };
		if (sent < 500) {
			reply.request = ++sent;
			int fds = sent % 3 == 0 ? 2 : 0;
			for (int i = 0; i < fds; i++)
				files[i] = temporary_file("kept");
			ck_assert_int_eq(channel_send(&left, MESSAGE_reply, &reply,
						      files, fds, NULL),
					 0);
			for (int i = 0; i < fds; i++)
				close(files[i]);
		}
		if (sent % 7 != 0 && sent < 500)
			continue;
		bool pending;
		ck_assert_int_eq(channel_flush(&left, &pending, NULL), 0);
		int code = 1;
		while (code == 1) {
			int fds[MESSAGE_FDS_MAX];
			enum message_type type;
			void *message;
			code = channel_receive(&right, arena, &type, &message, fds,
					       NULL);
			ck_assert_int_ge(code, 0);
			if (code == 0)
				break;
			const struct msg_reply *got = message;
			ck_assert_uint_eq(got->request, ++received);
			for (int i = 0; i < 2; i++) {
				if (received % 3 == 0)
					is_file(fds[i], "kept");
				else
					ck_assert_int_eq(fds[i], -1);
			}
			arena_free(arena);
			arena = arena_new(ARENA_BYTES);
		}
	}
	free(large);
	close_pair();
}
END_TEST

START_TEST(the_end_between_messages_is_closed)
{
	open_pair(false);
	ck_assert_int_eq(send_job(&left, 9, NULL, 0), 0);
	channel_close(&left);
	ck_assert_int_eq(receive_job(&right, NULL, NULL), 9);
	ck_assert(!right.closed);
	ck_assert_int_eq(receive_job(&right, NULL, NULL), ERROR_CLOSED);
	ck_assert(right.closed);
	/* No signal, either. */
	ck_assert_int_eq(send_job(&right, 9, NULL, 0), ERROR_CLOSED);
	close_pair();
	open_pair(true);
	close(left.fd);
	left.fd = open("/dev/null", O_RDONLY);
	ck_assert_int_eq(send_job(&right, 9, NULL, 0), ERROR_CLOSED);
	ck_assert_int_eq(send_job(&right, 9, NULL, 0), ERROR_CLOSED);
	bool pending;
	ck_assert_int_eq(channel_flush(&right, &pending, NULL), ERROR_CLOSED);
	close_pair();
}
END_TEST

START_TEST(the_end_amid_a_message_is_malformed)
{
	for (int bytes = 1; bytes < 22; bytes++) {
		open_pair(false);
		struct buf frame = BUF_INIT(1000);
		struct msg_kill_job message = { 77 };
		message_encode(&frame, MESSAGE_kill_job, &message, NULL);
		ck_assert_uint_eq(frame.length, 22);
		ck_assert_int_eq(write(left.fd, frame.data, (size_t)bytes), bytes);
		shutdown(left.fd, SHUT_WR);
		ck_assert_int_eq(receive_job(&right, NULL, NULL), ERROR_MESSAGE);
		ck_assert_int_eq(receive_job(&right, NULL, NULL), ERROR_MESSAGE);
		buf_release(&frame);
		close_pair();
	}
}
END_TEST

/* --- hostile peers --- */

static void send_raw(const char *bytes, size_t length, int fd, int copies)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * 32)];
		struct cmsghdr alignment;
	} control;
	memset(&control, 0, sizeof(control));
	char copy[64];
	memcpy(copy, bytes, length);
	struct iovec piece = { copy, length };
	struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	if (copies > 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)copies);
		struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)copies);
		for (int i = 0; i < copies; i++)
			memcpy(CMSG_DATA(rights) + (size_t)i * sizeof(fd), &fd,
			       sizeof(fd));
	}
	ck_assert_int_eq(sendmsg(left.fd, &header, 0), (ssize_t)length);
}

struct raw {
	const char *name;
	struct {
		const char *bytes;
		size_t length;
		int copies;
	} pieces[6];
	bool takes_fds;
};
#define PIECE(bytes, copies)                                                           \
	{                                                                              \
		bytes, sizeof(bytes) - 1, copies                                       \
	}
#define JOB "\22\0\0\0\15\0\1\0\1\0\10\0\0\0\11\0\0\0\0\0\0\0"

static const struct raw raws[] = {
	{ "longer than a message may be", { PIECE("\1\0\20\0", 0) }, true },
	{ "as long as can be", { PIECE("\377\377\377\377", 0) }, true },
	{ "an empty frame", { PIECE("\0\0\0\0", 0) }, true },
	{ "a frame of three bytes", { PIECE("\3\0\0\0\15\0\1", 0) }, true },
	{ "no such message", { PIECE("\4\0\0\0\377\0\1\0", 0) }, true },
	{ "five descriptors", { PIECE(JOB, 5) }, true },
	{ "thirty-two descriptors", { PIECE(JOB, 32) }, true },
	{ "a descriptor unasked", { PIECE(JOB, 1) }, false },
	{ "one too many, piece by piece",
	  { PIECE("\22", 2), PIECE("\0", 2), PIECE("\0", 1) },
	  true },
	{ "a descriptor amid a message",
	  { PIECE("\22\0\0\0\15\0\1\0", 0),
	    PIECE("\1\0\10\0\0\0\11\0\0\0\0\0\0\0", 1) },
	  true },
	{ "malformed with descriptors", { PIECE("\4\0\0\0\15\0\2\0", 3) }, true },
};

START_TEST(hostile_peers_are_cut_off)
{
	for (size_t i = 0; i < sizeof(raws) / sizeof(raws[0]); i++) {
		for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
			open_pair(nonblocking != 0);
			int file = temporary_file("hostile");
			for (int p = 0; raws[i].pieces[p].length > 0; p++)
				send_raw(raws[i].pieces[p].bytes,
					 raws[i].pieces[p].length, file,
					 raws[i].pieces[p].copies);
			send_raw(JOB, sizeof(JOB) - 1, file, 0);
			close(file);
			int fds[MESSAGE_FDS_MAX] = { 55, 55, 55, 55 };
			struct error err = ERROR_INIT;
			int64_t code = receive_job(
				&right, raws[i].takes_fds ? fds : NULL, &err);
			ck_assert_msg(code == ERROR_MESSAGE, "%s: %d", raws[i].name,
				      (int)code);
			ck_assert_msg(fds[0] == 55, "%s: touched", raws[i].name);
			ck_assert_int_eq(err.code, ERROR_MESSAGE);
			/* Nothing after it is read. */
			ck_assert_int_eq(receive_job(&right, fds, NULL), ERROR_MESSAGE);
			close_pair();
		}
	}
}
END_TEST

START_TEST(a_blocking_receive_waits)
{
	open_pair(false);
	pid_t child = fork();
	if (child == 0) {
		usleep(50000);
		send_job(&left, 33, NULL, 0);
		_exit(0);
	}
	ck_assert_int_eq(receive_job(&right, NULL, NULL), 33);
	waitpid(child, NULL, 0);
	close_pair();
}
END_TEST

START_TEST(a_blocking_send_waits_for_a_slow_reader)
{
	open_pair(false);
	pid_t child = fork();
	if (child == 0) {
		close(left.fd);
		enum message_type type;
		void *message;
		for (uint64_t i = 1; i <= 20; i++) {
			usleep(1000);
			struct arena *own = arena_new(ARENA_BYTES);
			if (channel_receive(&right, own, &type, &message, NULL, NULL) !=
				    1 ||
			    ((struct msg_reply *)message)->request != i)
				_exit(1);
			arena_free(own);
		}
		_exit(0);
	}
	char *large = calloc(1, 900000);
	for (uint64_t i = 1; i <= 20; i++) {
		struct msg_reply reply = { .request = i, .row = { large, 900000 } };
		ck_assert_int_eq(
			channel_send(&left, MESSAGE_reply, &reply, NULL, 0, NULL), 0);
	}
	int status = -1;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	free(large);
	close_pair();
}
END_TEST

START_TEST(closing_what_is_not_open_is_legal)
{
	struct channel zeroed;
	memset(&zeroed, 0, sizeof(zeroed));
	channel_close(&zeroed);
	channel_close(&zeroed);
	ck_assert_int_eq(fcntl(0, F_GETFD) >= 0 || errno == EBADF, 1);
	ck_assert_int_eq(send_job(&zeroed, 1, NULL, 0), ERROR_CLOSED);
	open_pair(true);
	close_pair();
	ck_assert_int_eq(send_job(&left, 1, NULL, 0), ERROR_CLOSED);
	enum message_type type;
	void *message;
	ck_assert_int_eq(channel_receive(&left, NULL, &type, &message, NULL, NULL),
			 ERROR_CLOSED);
}
END_TEST

/* Corked: nothing goes out before the flush, then all of it, with its descriptors. */
START_TEST(corked_messages_go_out_together)
{
	int pipe_fds[2], fds[MESSAGE_FDS_MAX];
	bool pending = true;

	open_pair(true);
	channel_cork(&left);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	for (uint64_t i = 1; i <= 20; i++)
		ck_assert_int_eq(send_job(&left, i, pipe_fds, i == 7 ? 2 : 0), 0);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	ck_assert_int_eq(receive_job(&right, fds, NULL), 0);
	ck_assert_int_eq(channel_flush(&left, &pending, NULL), 0);
	ck_assert(!pending);
	for (int64_t i = 1; i <= 20; i++) {
		ck_assert_int_eq(receive_job(&right, fds, NULL), i);
		ck_assert_int_eq(fds[0] >= 0, i == 7);
		for (int j = 0; j < MESSAGE_FDS_MAX; j++)
			if (fds[j] >= 0)
				close(fds[j]);
	}
	close_pair();
}
END_TEST

START_TEST(many_corked_bytes_go_out_by_themselves)
{
	static char row[30000];
	struct msg_reply reply = { .request = 1, .row = { row, sizeof(row) } };
	char bytes[1024];

	open_pair(true);
	channel_cork(&left);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
			channel_send(&left, MESSAGE_reply, &reply, NULL, 0, NULL), 0);
	ck_assert_int_eq(recv(right.fd, bytes, sizeof(bytes), MSG_DONTWAIT),
			 sizeof(bytes));
	close_pair();
}
END_TEST

/* Frames of all sizes, whole ones and parts, by one read or many. */
START_TEST(reading_ahead_gives_every_message)
{
	enum { MESSAGES = 300 };
	char *bytes = calloc(1, 900000);
	uint64_t sent = 0, got = 0;

	open_pair(true);
	channel_read_ahead(&right);
	while (got < MESSAGES) {
		enum message_type type;
		void *message;
		bool pending;
		if (sent < MESSAGES) {
			size_t length = sent % 50 == 49 ? 900000 : (sent * 37) % 5000;
			struct msg_reply reply = { .request = ++sent,
						   .row = { bytes, length } };
			ck_assert_int_eq(channel_send(&left, MESSAGE_reply, &reply,
						      NULL, 0, NULL),
					 0);
		}
		ck_assert_int_eq(channel_flush(&left, &pending, NULL), 0);
		while (sent % 7 == 0 || sent == MESSAGES) {
			int code = channel_receive(&right, arena, &type, &message, NULL,
						   NULL);
			ck_assert_int_ge(code, 0);
			if (code == 0)
				break;
			ck_assert_uint_eq(((struct msg_reply *)message)->request,
					  ++got);
			arena_free(arena);
			arena = arena_new(ARENA_BYTES);
		}
	}
	channel_close(&left);
	ck_assert_int_eq(receive_job(&right, NULL, NULL), ERROR_CLOSED);
	free(bytes);
	close_pair();
}
END_TEST

START_TEST(reading_ahead_takes_no_descriptors_and_no_rest)
{
	int fds[2];

	open_pair(true);
	channel_read_ahead(&right);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(send_job(&left, 1, fds, 1), 0);
	ck_assert_int_eq(receive_job(&right, NULL, NULL), ERROR_MESSAGE);
	close(fds[0]);
	close(fds[1]);
	close_pair();
	open_pair(true);
	channel_read_ahead(&right);
	ck_assert_int_eq(send_job(&left, 1, NULL, 0), 0);
	ck_assert_int_eq(write(left.fd, "\1\0\0", 3), 3);
	shutdown(left.fd, SHUT_WR);
	ck_assert_int_eq(receive_job(&right, NULL, NULL), 1);
	ck_assert_int_eq(receive_job(&right, NULL, NULL), ERROR_MESSAGE);
	close_pair();
	open_pair(true);
	channel_read_ahead(&right);
	ck_assert_int_eq(write(left.fd, "\377\377\377\377", 4), 4);
	ck_assert_int_eq(receive_job(&right, NULL, NULL), ERROR_MESSAGE);
	close_pair();
}
END_TEST

START_TEST(a_pair_is_closed_by_exec)
{
	open_pair(false);
	ck_assert_int_eq(fcntl(left.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fcntl(right.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close_pair();
}
END_TEST

UNIT_MAIN("ipc-channel", descriptors_stay_with_their_message, pieces_become_messages,
	  what_is_not_read_waits_up_to_the_limit,
	  sending_goes_on_while_earlier_messages_wait,
	  the_end_between_messages_is_closed, the_end_amid_a_message_is_malformed,
	  hostile_peers_are_cut_off, a_blocking_receive_waits,
	  a_blocking_send_waits_for_a_slow_reader, closing_what_is_not_open_is_legal,
	  corked_messages_go_out_together, many_corked_bytes_go_out_by_themselves,
	  reading_ahead_gives_every_message,
	  reading_ahead_takes_no_descriptors_and_no_rest, a_pair_is_closed_by_exec)
