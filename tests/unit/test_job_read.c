/* tests/unit/test_job_read.c - the body of the profile "read": every delivery gets its
 * answer, whatever the others are. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/path.h"
#include "ipc/message.h"
#include "job/read.h"
#include "unit.h"

#define MEMORY ((size_t)64 << 20)
#define PUSH                                                                           \
	"{\"ref\":\"refs/heads/main\",\"before\":\"1111111111111111111111111111111111" \
	"111111\",\"after\":\"2222222222222222222222222222222222222222\","             \
	"\"repository\":{\"full_name\":\"acme/shop\"},\"sender\":{\"login\":\"ann\"}}"

struct talk {
	struct channel here;
	struct channel there;
	pthread_t job;
	struct arena *arena;
};

static void *run(void *data)
{
	struct talk *talk = data;
	return (void *)(intptr_t)job_read(&talk->there);
}

static void begin(struct talk *talk)
{
	int fds[2];
	*talk = (struct talk){ .arena = arena_new(MEMORY) };
	ck_assert_int_eq(channel_pair(fds, NULL), 0);
	ck_assert_int_eq(channel_open(&talk->here, fds[0], false, NULL), 0);
	ck_assert_int_eq(channel_open(&talk->there, fds[1], false, NULL), 0);
	ck_assert_int_eq(pthread_create(&talk->job, NULL, run, talk), 0);
}

static int end(struct talk *talk)
{
	void *result;
	ck_assert_int_eq(pthread_join(talk->job, &result), 0);
	channel_close(&talk->here);
	channel_close(&talk->there);
	arena_free(talk->arena);
	return (int)(intptr_t)result;
}

static void ask(struct talk *talk, const char *kind, uint64_t count)
{
	struct msg_read request = { .source = "forge", .kind = kind, .count = count };
	ck_assert_int_eq(
		channel_send(&talk->here, MESSAGE_read, &request, NULL, 0, NULL), 0);
}

static void give(struct talk *talk, uint64_t delivery, const char *body, int fd)
{
	struct msg_read_item item = { .delivery = delivery, .event = "push" };
	if (body != NULL)
		item.body = (struct msg_bytes){ body, strlen(body) };
	ck_assert_int_eq(channel_send(&talk->here, MESSAGE_read_item, &item, &fd,
				      fd < 0 ? 0 : 1, NULL),
			 0);
}

static void *receive(struct talk *talk, enum message_type wanted)
{
	enum message_type type;
	void *message;
	ck_assert_int_eq(
		channel_receive(&talk->here, talk->arena, &type, &message, NULL, NULL),
		1);
	ck_assert_int_eq((int)type, (int)wanted);
	return message;
}

static void expect_push(struct talk *talk, uint64_t delivery)
{
	const struct msg_hint_row *row = receive(talk, MESSAGE_hint_row);
	ck_assert_uint_eq(row->delivery, delivery);
	ck_assert_str_eq(row->kind, "push");
	ck_assert_str_eq(row->name, "acme/shop");
	ck_assert_str_eq(row->ref, "refs/heads/main");
	ck_assert_str_eq(row->sender, "ann");
	const struct msg_read_done *done = receive(talk, MESSAGE_read_done);
	ck_assert_uint_eq(done->delivery, delivery);
	ck_assert_int_eq(done->code, 0);
}

static void expect_failure(struct talk *talk, uint64_t delivery, int code)
{
	const struct msg_read_done *done = receive(talk, MESSAGE_read_done);
	ck_assert_uint_eq(done->delivery, delivery);
	ck_assert_int_eq(done->code, code);
	ck_assert(done->text != NULL && done->text[0] != '\0');
}

/* Its offset is left at its end, as control does. */
static int memory_of(const char *text, size_t length)
{
	int fd = memfd_create("delivery", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, text, length, NULL), 0);
	return fd;
}

START_TEST(bad_deliveries_spoil_no_others)
{
	struct talk talk;
	begin(&talk);
	ask(&talk, "github", 5);
	give(&talk, 1, PUSH, -1);
	give(&talk, 2, "{\"ref\":", -1);
	give(&talk, 3, NULL, -1);
	give(&talk, 4, "{\"ref\":\"refs/heads/main\"}", -1);
	give(&talk, 5, PUSH, -1);
	expect_push(&talk, 1);
	expect_failure(&talk, 2, ERROR_SYNTAX);
	expect_failure(&talk, 3, ERROR_SYNTAX);
	expect_failure(&talk, 4, ERROR_SYNTAX);
	expect_push(&talk, 5);
	ck_assert_int_eq(end(&talk), 0);
}
END_TEST

START_TEST(large_bodies_come_as_descriptors)
{
	struct talk talk;
	size_t length = ((size_t)2 << 20) + strlen(PUSH);
	char *body = malloc(length);
	ck_assert_ptr_nonnull(body);
	memset(body, ' ', length);
	memcpy(body + length - strlen(PUSH), PUSH, strlen(PUSH));
	int fd = memory_of(body, length);
	int sealed = memory_of(PUSH, strlen(PUSH));
	int empty = memory_of("", 0);
	ck_assert_int_eq(
		fcntl(sealed, F_ADD_SEALS,
		      F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL),
		0);
	begin(&talk);
	ask(&talk, "github", 3);
	give(&talk, 1, NULL, fd);
	give(&talk, 2, NULL, sealed);
	give(&talk, 3, NULL, empty);
	expect_push(&talk, 1);
	expect_push(&talk, 2);
	expect_failure(&talk, 3, ERROR_SYNTAX);
	ck_assert_int_eq(end(&talk), 0);
	close(fd);
	close(sealed);
	close(empty);
	free(body);
}
END_TEST

START_TEST(a_body_over_the_limit_is_not_read)
{
	struct talk talk;
	int fd = memory_of("", 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)1 << 40), 0);
	begin(&talk);
	ask(&talk, "gitea", 2);
	give(&talk, 1, NULL, fd);
	give(&talk, 2, PUSH, -1);
	expect_failure(&talk, 1, ERROR_LIMIT);
	expect_push(&talk, 2);
	ck_assert_int_eq(end(&talk), 0);
	close(fd);
}
END_TEST

START_TEST(a_kind_that_is_none_fails_each)
{
	struct talk talk;
	begin(&talk);
	ask(&talk, "svn", 1);
	give(&talk, 1, PUSH, -1);
	expect_failure(&talk, 1, ERROR_USAGE);
	ck_assert_int_eq(end(&talk), 0);
}
END_TEST

START_TEST(a_channel_that_ends_early_ends_the_job)
{
	struct talk talk;
	begin(&talk);
	ask(&talk, "github", 2);
	give(&talk, 1, PUSH, -1);
	expect_push(&talk, 1);
	shutdown(talk.here.fd, SHUT_WR);
	ck_assert_int_eq(end(&talk), 1);
	begin(&talk);
	give(&talk, 1, PUSH, -1);
	ck_assert_int_eq(end(&talk), 1);
}
END_TEST

UNIT_MAIN("job", bad_deliveries_spoil_no_others, large_bodies_come_as_descriptors,
	  a_body_over_the_limit_is_not_read, a_kind_that_is_none_fails_each,
	  a_channel_that_ends_early_ends_the_job)
