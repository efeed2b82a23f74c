/* tests/bench/bench_judge.c - what the judge job takes without the start of a process.
 *
 * usage: bench_judge CONFIGURATION REPOSITORY ROUNDS (PATH OLD NEW)...
 *
 * Plays control: asks job_judge() over a real channel, in a child that was forked from
 * a warm parent as the zygote forks it, whether the repository at PATH may go from OLD
 * to NEW, and answers its questions for facts. The child takes the time, from the
 * request that lies there to the sent answer. All places and ways have their turn in
 * each round. Prints a line a place, medians in microseconds:
 *
 *     PATH known fresh new open
 *
 * known: facts are remembered, the process has judged before; fresh: facts are
 * remembered, first judgement of the process, so with the page faults of a fork; new:
 * no fact is remembered; open: opening and closing the repository and nothing else. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/map.h"
#include "base/path.h"
#include "conf/config.h"
#include "ipc/message.h"
#include "job/judge.h"
#include "model/finding.h"
#include "repo/repo.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define ROUNDS_MAX  10000

enum way { WAY_KNOWN, WAY_FRESH, WAY_NEW, WAY_OPEN, WAY_COUNT };

struct place {
	const char *path;
	struct oid old_id;
	struct oid new_id;
	int64_t *times[WAY_COUNT];
};

/* A process that judges what it is asked, and tells on a pipe how long it took. */
struct child {
	pid_t pid;
	struct channel channel;
	int times;
};

struct bench {
	const char *repository;
	struct arena *arena;
	struct map facts; /* "kind context key" -> value */
	int floor_fd;
	struct place *places;
	size_t place_count;
	size_t rounds;
};

static _Noreturn void give_up(const struct error *err, const char *what)
{
	fprintf(stderr, "bench_judge: %s: %s\n", what, err->text);
	exit(1);
}

static void must(int rc, const struct error *err, const char *what)
{
	if (rc < 0)
		give_up(err, what);
}

static void must_have(bool there, const char *what)
{
	struct error err = ERROR_INIT;

	if (!there) {
		error_set(&err, ERROR_INTERNAL, "failed");
		give_up(&err, what);
	}
}

/* --- the child --- */

/* The job ends with its process, so it leaves the floor open; one that goes on closes
 * what is above its own two. */
static _Noreturn void judge_all(int fd, int times)
{
	unsigned int above = (unsigned int)(fd > times ? fd : times) + 1;
	struct channel channel;

	if (channel_open(&channel, fd, false, NULL) != 0)
		_exit(1);
	for (;;) {
		struct pollfd waiting = { .fd = fd, .events = POLLIN };
		poll(&waiting, 1, -1);
		int64_t start = clock_monotonic();
		if (job_judge(&channel) != 0)
			_exit(0);
		int64_t taken = clock_monotonic() - start;
		if (fd_write_all(times, &taken, sizeof(taken), NULL) != 0)
			_exit(1);
		close_range(above, ~0U, 0);
	}
}

static void child_start(struct child *child)
{
	struct error err = ERROR_INIT;
	int ends[2], times[2];

	must(channel_pair(ends, &err), &err, "a channel");
	must_have(pipe(times) == 0, "a pipe");
	child->pid = fork();
	must_have(child->pid >= 0, "a process");
	if (child->pid == 0) {
		close(ends[0]);
		close(times[0]);
		judge_all(ends[1], times[1]);
	}
	close(ends[1]);
	close(times[1]);
	child->times = times[0];
	must(channel_open(&child->channel, ends[0], false, &err), &err, "a channel");
}

static void child_end(struct child *child)
{
	channel_close(&child->channel);
	close(child->times);
	waitpid(child->pid, NULL, 0);
}

/* --- control's part --- */

static const char *fact_name(struct arena *arena, const char *kind,
			     const struct digest *context, const struct oid *key)
{
	char hex[DIGEST_HEX_BYTES];

	digest_hex(context, hex);
	const char *name = arena_printf(arena, "%s %s %s", kind, hex, oid_text(key));
	must_have(name, "memory");
	return name;
}

static void learn(struct bench *bench, const struct msg_facts_put *put)
{
	must_have(put->keys.count == put->values.count, "as many values as keys");
	for (size_t i = 0; i < put->keys.count; i++) {
		const char *name = fact_name(bench->arena, put->kind, &put->context,
					     &put->keys.items[i]);
		char *value = arena_string(bench->arena, put->values.items[i]);

		if (!map_has(&bench->facts, name, strlen(name)))
			must_have(value && map_put(&bench->facts, name, strlen(name),
						   value) == 0,
				  "memory");
	}
}

static void answer(const struct bench *bench, struct channel *channel,
		   struct arena *arena, const struct msg_facts_get *get, bool known)
{
	struct oid *keys = arena_array(arena, get->keys.count + 1, sizeof(*keys));
	const char **values = arena_array(arena, get->keys.count + 1, sizeof(*values));
	struct error err = ERROR_INIT;
	size_t count = 0;

	must_have(keys && values, "memory");
	for (size_t i = 0; known && i < get->keys.count; i++) {
		const char *name =
			fact_name(arena, get->kind, &get->context, &get->keys.items[i]);
		values[count] = map_get(&bench->facts, name, strlen(name));
		if (values[count])
			keys[count++] = get->keys.items[i];
	}
	struct msg_facts_known reply = { { keys, count }, { values, count } };
	must(channel_send(channel, MESSAGE_facts_known, &reply, NULL, 0, &err), &err,
	     "facts");
}

static void check_verdict(const struct msg_judged *judged)
{
	if (verdict_by_name(judged->result) == VERDICT_PASS &&
	    judged->changed.count == 1)
		return;
	fprintf(stderr, "bench_judge: '%s' (%s), %zu targets changed\n", judged->result,
		judged->text ? judged->text : "", judged->changed.count);
	exit(1);
}

static void hear_out(struct bench *bench, struct channel *channel, struct arena *arena,
		     bool known)
{
	struct error err = ERROR_INIT;
	enum message_type type = MESSAGE_NONE;
	void *message;

	while (type != MESSAGE_judged) {
		must(channel_receive(channel, arena, &type, &message, NULL, &err), &err,
		     "the judge's answer");
		if (type == MESSAGE_facts_get)
			answer(bench, channel, arena, message, known);
		else if (type == MESSAGE_facts_put)
			learn(bench, message);
		else if (type == MESSAGE_judged)
			check_verdict(message);
	}
}

/* What control asks for a push to the branch that a target follows. */
static int64_t ask(struct bench *bench, struct child *child, const struct place *place,
		   bool known)
{
	static const char *const ref = "refs/heads/main", *const target = "www",
				 *const path = "0:deploy";
	struct msg_judge request = {
		.repository = bench->repository,
		.path = place->path,
		.ref = ref,
		.old_id = place->old_id,
		.new_id = place->new_id,
		.pusher = "alice",
		.received_at = clock_now(),
		.policy_commit = place->old_id,
		.trusted = { &place->old_id, 1 },
		.trusted_refs = { &ref, 1 },
		.from_root = true,
		.watch_targets = { &target, 1 },
		.watch_since = { &place->old_id, 1 },
		.watch_paths = { &path, 1 },
	};
	struct arena *arena = arena_new(ARENA_BYTES);
	struct error err = ERROR_INIT;
	int64_t taken;

	must_have(arena, "memory");
	must(channel_send(&child->channel, MESSAGE_judge, &request, &bench->floor_fd, 1,
			  &err),
	     &err, "the request");
	hear_out(bench, &child->channel, arena, known);
	must_have(read(child->times, &taken, sizeof(taken)) == sizeof(taken), "a time");
	arena_free(arena);
	return taken;
}

static int64_t ask_fresh(struct bench *bench, const struct place *place)
{
	struct child child;

	child_start(&child);
	int64_t taken = ask(bench, &child, place, true);
	child_end(&child);
	return taken;
}

static int64_t time_opening(const struct place *place)
{
	struct error err = ERROR_INIT;
	struct repo *repo = NULL;
	int64_t start = clock_monotonic();

	must(repo_open(&repo, place->path, NULL, &err), &err, place->path);
	repo_close(repo);
	return clock_monotonic() - start;
}

/* The first question of each place fills the memory of facts and warms the child. */
static void run(struct bench *bench)
{
	struct child child;

	child_start(&child);
	for (size_t i = 0; i < bench->place_count; i++)
		ask(bench, &child, &bench->places[i], true);
	for (size_t round = 0; round < bench->rounds; round++)
		for (size_t i = 0; i < bench->place_count; i++) {
			struct place *place = &bench->places[i];
			place->times[WAY_KNOWN][round] =
				ask(bench, &child, place, true);
			place->times[WAY_NEW][round] = ask(bench, &child, place, false);
			place->times[WAY_FRESH][round] = ask_fresh(bench, place);
		}
	child_end(&child);
	/* Afterwards: fresh children come from a parent that opened none. */
	for (size_t round = 0; round < bench->rounds; round++)
		for (size_t i = 0; i < bench->place_count; i++)
			bench->places[i].times[WAY_OPEN][round] =
				time_opening(&bench->places[i]);
}

/* --- the command line and the result --- */

static int by_time(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void print_place(const struct bench *bench, const struct place *place)
{
	printf("%s", place->path);
	for (int way = 0; way < WAY_COUNT; way++) {
		qsort(place->times[way], bench->rounds, sizeof(int64_t), by_time);
		printf(" %lld", (long long)place->times[way][bench->rounds / 2]);
	}
	printf("\n");
}

static void read_place(struct bench *bench, char **words, struct place *place)
{
	place->path = words[0];
	must_have(oid_parse(words[1], strlen(words[1]), &place->old_id) == 0, words[1]);
	must_have(oid_parse(words[2], strlen(words[2]), &place->new_id) == 0, words[2]);
	for (int way = 0; way < WAY_COUNT; way++) {
		place->times[way] =
			arena_array(bench->arena, bench->rounds, sizeof(int64_t));
		must_have(place->times[way], "memory");
	}
}

static int read_floor(const char *file)
{
	struct config *config = NULL;
	struct error err = ERROR_INIT;

	must(config_load(&config, file, &err), &err, file);
	int fd = memfd_create("floor", MFD_CLOEXEC);
	must_have(fd >= 0, "memory");
	must(fd_write_all(fd, config->floor, config->floor_length, &err), &err,
	     "floor");
	config_free(config);
	return fd;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct bench bench = { .arena = arena_new(ARENA_BYTES) };

	if (argc < 7 || (argc - 4) % 3 != 0) {
		fprintf(stderr, "usage: bench_judge CONFIGURATION REPOSITORY ROUNDS "
				"(PATH OLD NEW)...\n");
		return 2;
	}
	bench.repository = argv[2];
	bench.rounds = strtoul(argv[3], NULL, 10);
	must_have(bench.arena && bench.rounds > 0 && bench.rounds <= ROUNDS_MAX, "ROUND"
										 "S");
	bench.place_count = (size_t)(argc - 4) / 3;
	bench.places =
		arena_array(bench.arena, bench.place_count, sizeof(*bench.places));
	must_have(bench.places, "memory");
	for (size_t i = 0; i < bench.place_count; i++)
		read_place(&bench, argv + 4 + 3 * i, &bench.places[i]);
	bench.floor_fd = read_floor(argv[1]);
	must(repo_library_init(&err), &err, "libgit2");
	run(&bench);
	for (size_t i = 0; i < bench.place_count; i++)
		print_place(&bench, &bench.places[i]);
	map_release(&bench.facts);
	arena_free(bench.arena);
	close(bench.floor_fd);
	return 0;
}
