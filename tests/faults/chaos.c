/* tests/faults/chaos.c - what a shell is too slow for: kills processes of a running
 * service in the middle of their work, and watches a target from outside.
 *
 *   chaos kill KEEPER SEED LOG NAME=COUNT...   SIGKILLs random processes named gg-NAME,
 *       each as often as said; a line "NAME PID" each
 *   chaos stop KEEPER NAME                     SIGSTOPs the next gg-NAME, prints its
 * pid chaos watch DIRECTORY LOG                  a line "LINK NUMBER" for each thing
 * that `current` is; NUMBER from its file "number", which must equal its file "again"
 *
 * A judge or deploy job that follows a killed one is let live: three crashes in a row
 * are a quarantine, which is another test. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#define PLANS_MAX  16
#define PIDS_MAX   256
#define NAME_BYTES 16
#define PATIENCE   3.0   /* seconds: then another kind is killed first */
#define GIVE_UP    300.0 /* a busy machine takes 130 */

struct plan {
	char name[NAME_BYTES];
	int left;
	bool standing; /* is started again by the keeper */
	pid_t spared;  /* the job after a killed one */
	bool spare;
};

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t state;

/* splitmix64: the same numbers for the same seed everywhere. */
static uint64_t next_random(void)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static useconds_t random_below(useconds_t bound)
{
	return (useconds_t)(next_random() % bound);
}

static size_t read_file(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, out, size - 1);
	if (fd >= 0)
		close(fd);
	out[length > 0 ? length : 0] = '\0';
	return length > 0 ? (size_t)length : 0;
}

static size_t children(pid_t pid, pid_t *out)
{
	char path[64], text[4096];
	size_t count = 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	read_file(path, text, sizeof(text));
	char *at = text, *end;
	for (long child = strtol(at, &end, 10); end != at && count < PIDS_MAX;
	     child = strtol(at, &end, 10)) {
		out[count++] = (pid_t)child;
		at = end;
	}
	return count;
}

static bool is_named(pid_t pid, const char *name)
{
	char path[64], text[64], wanted[32];
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	snprintf(wanted, sizeof(wanted), "gg-%s\n", name);
	read_file(path, text, sizeof(text));
	return strcmp(text, wanted) == 0;
}

/* Among the keeper's children and theirs; 0: there is none now. */
static pid_t find(pid_t keeper, const char *name, pid_t except)
{
	pid_t parts[PIDS_MAX], jobs[PIDS_MAX];
	size_t part_count = children(keeper, parts);
	for (size_t i = 0; i < part_count; i++) {
		if (parts[i] != except && is_named(parts[i], name))
			return parts[i];
		size_t job_count = children(parts[i], jobs);
		for (size_t j = 0; j < job_count; j++)
			if (jobs[j] != except && is_named(jobs[j], name))
				return jobs[j];
	}
	return 0;
}

static bool is_alive(pid_t keeper)
{
	return kill(keeper, 0) == 0;
}

/* Waits for one; up to 3 ms later, so that all parts of its work are hit. */
static pid_t await(pid_t keeper, struct plan *plan)
{
	double until = now() + PATIENCE;
	while (now() < until && is_alive(keeper)) {
		pid_t pid = find(keeper, plan->name, plan->spared);
		if (pid != 0 && plan->spare) {
			plan->spared = pid;
			plan->spare = false;
			continue;
		}
		if (pid != 0) {
			usleep(random_below(plan->standing ? 100000 : 3000));
			return is_named(pid, plan->name) ? pid : 0;
		}
		usleep(150);
	}
	return 0;
}

static struct plan *choose(struct plan *plans, size_t count)
{
	int total = 0;
	for (size_t i = 0; i < count; i++)
		total += plans[i].left;
	if (total == 0)
		return NULL;
	int ticket = (int)(next_random() % (uint64_t)total);
	for (size_t i = 0; i < count; i++) {
		ticket -= plans[i].left;
		if (ticket < 0)
			return &plans[i];
	}
	return NULL;
}

static bool read_plan(const char *text, struct plan *plan)
{
	const char *equals = strchr(text, '=');
	static const char *const standing[] = { "control", "zygote", "runner", "intake",
						"observe" };
	if (equals == NULL || equals - text >= NAME_BYTES)
		return false;
	memset(plan, 0, sizeof(*plan));
	memcpy(plan->name, text, (size_t)(equals - text));
	plan->left = (int)strtol(equals + 1, NULL, 10);
	for (size_t i = 0; i < sizeof(standing) / sizeof(standing[0]); i++)
		plan->standing |= strcmp(standing[i], plan->name) == 0;
	return true;
}

static int do_kill(pid_t keeper, const char *log_name, char **words, int count)
{
	struct plan plans[PLANS_MAX];
	struct plan *plan;
	double started = now();
	FILE *log = fopen(log_name, "w");
	if (log == NULL || count > PLANS_MAX)
		return 2;
	for (int i = 0; i < count; i++)
		if (!read_plan(words[i], &plans[i]))
			return 2;
	while ((plan = choose(plans, (size_t)count)) != NULL) {
		if (!is_alive(keeper) || now() - started > GIVE_UP) {
			fprintf(log, "# %s\n",
				is_alive(keeper) ? "too slow" : "the keeper ended");
			break;
		}
		pid_t pid = await(keeper, plan);
		if (pid == 0 || kill(pid, SIGKILL) != 0)
			continue;
		fprintf(log, "%s %d\n", plan->name, (int)pid);
		fflush(log);
		plan->left--;
		plan->spare = strcmp(plan->name, "judge") == 0 ||
			      strcmp(plan->name, "deploy") == 0;
		usleep(20000 + random_below(plan->standing ? 500000 : 150000));
	}
	fclose(log);
	return plan == NULL ? 0 : 1;
}

static int do_stop(pid_t keeper, const char *name)
{
	double until = now() + 20;
	while (now() < until) {
		pid_t pid = find(keeper, name, 0);
		if (pid != 0 && kill(pid, SIGSTOP) == 0) {
			printf("%d\n", (int)pid);
			return 0;
		}
	}
	return 1;
}

static void read_at(int directory, const char *name, char *out, size_t size)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, out, size - 1);
	if (fd >= 0)
		close(fd);
	out[length > 0 ? length : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static void look(const char *link, char *last, FILE *log)
{
	char path[PATH_MAX], number[32], again[32];
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0)
		return;
	path[length] = '\0';
	if (strcmp(path, last) == 0)
		return;
	snprintf(last, PATH_MAX, "%s", path);
	int directory = open(link, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	read_at(directory, "number", number, sizeof(number));
	read_at(directory, "again", again, sizeof(again));
	if (directory >= 0)
		close(directory);
	fprintf(log, "%s %s\n", path, strcmp(number, again) == 0 ? number : "TORN");
	fflush(log);
}

static int do_watch(const char *directory, const char *log_name)
{
	char link[PATH_MAX], last[PATH_MAX] = "", events[65536];
	FILE *log = fopen(log_name, "w");
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	snprintf(link, sizeof(link), "%s/current", directory);
	if (log == NULL || fd < 0 ||
	    inotify_add_watch(fd, directory, IN_MOVED_TO | IN_CREATE) < 0)
		return 2;
	for (;;) {
		struct pollfd polls = { fd, POLLIN, 0 };
		look(link, last, log);
		poll(&polls, 1, 100);
		while (read(fd, events, sizeof(events)) > 0)
			look(link, last, log);
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc >= 6 && strcmp(argv[1], "kill") == 0) {
		state = strtoull(argv[3], NULL, 10);
		return do_kill((pid_t)strtol(argv[2], NULL, 10), argv[4], argv + 5,
			       argc - 5);
	}
	if (argc == 4 && strcmp(argv[1], "stop") == 0)
		return do_stop((pid_t)strtol(argv[2], NULL, 10), argv[3]);
	if (argc == 4 && strcmp(argv[1], "watch") == 0)
		return do_watch(argv[2], argv[3]);
	fprintf(stderr, "usage: chaos kill|stop|watch ...\n");
	return 2;
}
