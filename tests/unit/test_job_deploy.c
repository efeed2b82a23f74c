/* tests/unit/test_job_deploy.c - the deploy job: only sealed manifests with the digest
 * that was judged; a command whose end is unknown leaves doubt. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "ipc/message.h"
#include "job/deploy.h"
#include "test_target_fixture.h"

#define ALL_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* How the pretended runner answers. */
enum runner_way {
	RUNNER_ABSENT = 0,
	RUNNER_SUCCEEDS,
	RUNNER_FAILS,     /* status 3 */
	RUNNER_REFUSES,   /* could not start it */
	RUNNER_TIMES_OUT, /* ended it */
	RUNNER_DIES,      /* after it was told to begin */
	RUNNER_SILENT,    /* never answers */
};

struct runner {
	enum runner_way way;
	int fd;
	pthread_t thread;
	size_t runs;
	char environment[512];
};

static void answer_run(struct runner *runner, struct channel *channel)
{
	static const char output[] = "starting\nthe port is taken\n";
	struct msg_ran ran = { 0 };
	if (runner->way == RUNNER_FAILS) {
		ran.status = 3;
		ran.output = (struct msg_bytes){ output, strlen(output) };
	}
	if (runner->way == RUNNER_REFUSES) {
		ran.code = ERROR_NOT_FOUND;
		ran.text = "no such program";
	}
	if (runner->way == RUNNER_TIMES_OUT) {
		ran.code = ERROR_TIMEOUT;
		ran.text = "it took longer than 1 s";
	}
	channel_send(channel, MESSAGE_ran, &ran, NULL, 0, NULL);
}

static void *run_runner(void *data)
{
	struct runner *runner = data;
	struct channel channel;
	struct arena *arena = arena_new(1 << 22);
	enum message_type type;
	void *message;
	channel_open(&channel, runner->fd, false, NULL);
	if (channel_receive(&channel, arena, &type, &message, NULL, NULL) == 1 &&
	    type == MESSAGE_run) {
		const struct msg_run *run = message;
		runner->runs++;
		for (size_t i = 0; i < run->environment.count; i++) {
			size_t used = strlen(runner->environment);
			snprintf(runner->environment + used,
				 sizeof(runner->environment) - used, "%s\n",
				 run->environment.items[i]);
		}
		if (runner->way == RUNNER_SILENT)
			channel_receive(&channel, arena, &type, &message, NULL, NULL);
		else if (runner->way != RUNNER_DIES)
			answer_run(runner, &channel);
	}
	channel_close(&channel);
	arena_free(arena);
	return NULL;
}

struct deployment {
	struct fixture fixture;
	struct msg_deploy request;
	int manifests; /* -1: none is sent */
	struct runner runners[2];
	struct msg_deployed deployed;
	char phases[128];
};

struct job {
	struct channel channel;
	intptr_t status;
};

static void *run_job(void *data)
{
	struct job *job = data;
	job->status = job_deploy(&job->channel);
	channel_close(&job->channel);
	return NULL;
}

/* --- manifests in a memfd --- */

struct packing {
	int fd;
};

static int load_entry(void *data, const struct manifest *entry, const void **bytes,
		      struct error *err)
{
	(void)data;
	(void)err;
	*bytes = entry->data;
	return 0;
}

static int write_bytes(void *data, const void *bytes, size_t length, struct error *err)
{
	const struct packing *packing = data;
	return fd_write_all(packing->fd, bytes, length, err);
}

static void pack(struct deployment *deployment, unsigned char commit, int seals)
{
	struct manifests manifests =
		MANIFESTS(&deployment->fixture, commit, { "bin/run", PROGRAM, "run\n" },
			  { "index.html", PLAIN, commit == 1 ? "one\n" : "more\n" });
	digest_of("policy", 6, &manifests.policy);
	struct packing packing = { memfd_create("manifests",
						MFD_CLOEXEC | MFD_ALLOW_SEALING) };
	ck_assert_int_ge(packing.fd, 0);
	struct manifests_io io = { load_entry, write_bytes, &packing };
	ck_assert_int_eq(manifests_write(&manifests, &io,
					 &deployment->request.manifests,
					 &deployment->fixture.err),
			 0);
	if (seals != 0)
		ck_assert_int_eq(fcntl(packing.fd, F_ADD_SEALS, seals), 0);
	fd_close(&deployment->manifests);
	deployment->manifests = packing.fd;
	deployment->request.commit = manifests.commit;
}

/* --- one errand --- */

static void deployment_open(struct deployment *deployment)
{
	*deployment = (struct deployment){ .manifests = -1 };
	fixture_open(&deployment->fixture);
	deployment->request = (struct msg_deploy){
		.target = "site",
		.kind = "directory",
		.mode = "apply",
		.path = deployment->fixture.root,
		.keep = 3,
		.generation = 1,
		.timeout = 5 * CLOCK_SECOND,
	};
	pack(deployment, 1, ALL_SEALS);
}

static void deployment_close(struct deployment *deployment)
{
	fd_close(&deployment->manifests);
	fixture_close(&deployment->fixture);
}

static int start_runners(struct deployment *deployment, int fds[2])
{
	int count = 0;
	for (int i = 0; i < 2; i++) {
		struct runner *runner = &deployment->runners[i];
		if (runner->way == RUNNER_ABSENT)
			continue;
		int pair[2];
		ck_assert_int_eq(channel_pair(pair, NULL), 0);
		runner->fd = pair[1];
		runner->runs = 0;
		runner->environment[0] = '\0';
		ck_assert_int_eq(
			pthread_create(&runner->thread, NULL, run_runner, runner), 0);
		fds[count++] = pair[0];
	}
	return count;
}

static void take_answers(struct deployment *deployment, struct channel *control)
{
	enum message_type type = MESSAGE_NONE;
	while (type != MESSAGE_deployed) {
		void *message;
		ck_assert_int_eq(channel_receive(control, deployment->fixture.arena,
						 &type, &message, NULL, NULL),
				 1);
		if (type == MESSAGE_deployed) {
			deployment->deployed = *(const struct msg_deployed *)message;
			continue;
		}
		ck_assert_int_eq(type, MESSAGE_deploy_phase);
		const struct msg_deploy_phase *phase = message;
		size_t used = strlen(deployment->phases);
		snprintf(deployment->phases + used, sizeof(deployment->phases) - used,
			 "%s ", phase->phase);
	}
}

/* Runs the job; the code of its answer. */
static int64_t run(struct deployment *deployment)
{
	int pair[2];
	int fds[3];
	int count = 0;
	struct channel control;
	struct job job;
	pthread_t thread;
	deployment->phases[0] = '\0';
	ck_assert_int_eq(channel_pair(pair, NULL), 0);
	ck_assert_int_eq(channel_open(&control, pair[0], false, NULL), 0);
	ck_assert_int_eq(channel_open(&job.channel, pair[1], false, NULL), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_job, &job), 0);
	if (deployment->manifests >= 0)
		fds[count++] = fcntl(deployment->manifests, F_DUPFD_CLOEXEC, 0);
	count += start_runners(deployment, fds + count);
	ck_assert_int_eq(channel_send(&control, MESSAGE_deploy, &deployment->request,
				      fds, count, NULL),
			 0);
	for (int i = 0; i < count; i++)
		close(fds[i]);
	take_answers(deployment, &control);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(job.status, 0);
	channel_close(&control);
	for (int i = 0; i < 2; i++)
		if (deployment->runners[i].way != RUNNER_ABSENT)
			pthread_join(deployment->runners[i].thread, NULL);
	return deployment->deployed.code;
}

static const char *live(struct deployment *deployment)
{
	return fixture_read(&deployment->fixture, "current/index.html");
}

START_TEST(applies_what_was_judged_and_says_its_phases)
{
	struct deployment deployment;
	deployment_open(&deployment);
	ck_assert_msg(run(&deployment) == 0, "%s", deployment.deployed.text);
	ck_assert_str_eq(deployment.phases, "planning applying verifying ");
	ck_assert_str_eq(deployment.deployed.release, "1-0101010101");
	ck_assert_uint_eq(deployment.deployed.generation, 1);
	ck_assert_uint_eq(deployment.deployed.files, 2);
	ck_assert(!digest_is_none(&deployment.deployed.listing));
	ck_assert_str_eq(live(&deployment), "one\n");
	deployment_close(&deployment);
}
END_TEST

START_TEST(observes_and_verifies)
{
	struct deployment deployment;
	deployment_open(&deployment);
	ck_assert_int_eq(run(&deployment), 0);
	deployment.request.release = deployment.deployed.release;
	deployment.request.listing = deployment.deployed.listing;
	fd_close(&deployment.manifests);
	deployment.request.mode = "observe";
	ck_assert_int_eq(run(&deployment), 0);
	ck_assert(!deployment.deployed.drift);
	deployment.request.mode = "verify";
	ck_assert_int_eq(run(&deployment), 0);
	fixture_write(&deployment.fixture, "current/index.html", "two\n");
	ck_assert_int_eq(run(&deployment), ERROR_TARGET);
	deployment.request.mode = "observe";
	ck_assert_int_eq(run(&deployment), 0);
	ck_assert(deployment.deployed.drift);
	ck_assert_str_eq(deployment.deployed.text, "'index.html' has other content");
	deployment_close(&deployment);
}
END_TEST

START_TEST(manifests_that_could_change_are_refused)
{
	static const int seals[] = { 0,
				     F_SEAL_WRITE,
				     F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW,
				     F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
				     F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL,
				     F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_SEAL };
	struct deployment deployment;
	deployment_open(&deployment);
	for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
		pack(&deployment, 1, seals[i]);
		ck_assert_int_eq(run(&deployment), ERROR_MANIFESTS);
		ck_assert_ptr_null(live(&deployment));
	}
	/* A file is no sealed memory at all. */
	fixture_write(&deployment.fixture, "file", "x");
	fd_close(&deployment.manifests);
	deployment.manifests =
		open(fixture_path(&deployment.fixture, "file"), O_RDONLY);
	ck_assert_int_eq(run(&deployment), ERROR_MANIFESTS);
	fd_close(&deployment.manifests);
	ck_assert_int_eq(run(&deployment), ERROR_MESSAGE);
	deployment_close(&deployment);
}
END_TEST

START_TEST(other_manifests_than_judged_are_refused)
{
	struct deployment deployment;
	deployment_open(&deployment);
	struct msg_deploy right = deployment.request;
	deployment.request.manifests.bytes[31] ^= 1;
	ck_assert_int_eq(run(&deployment), ERROR_MANIFESTS);
	memset(&deployment.request.manifests, 0, sizeof(struct digest));
	ck_assert_int_eq(run(&deployment), ERROR_MANIFESTS);
	deployment.request = right;
	deployment.request.commit.bytes[0] ^= 1;
	ck_assert_int_eq(run(&deployment), ERROR_MANIFESTS);
	/* The right digest over a block that was changed. */
	deployment.request = right;
	char block[512];
	ssize_t length = pread(deployment.manifests, block, sizeof(block), 0);
	ck_assert_int_gt(length, 0);
	block[length - 40] ^= 1;
	int fd = memfd_create("manifests", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ck_assert_int_eq(fd_write_all(fd, block, (size_t)length, NULL), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, ALL_SEALS), 0);
	fd_close(&deployment.manifests);
	deployment.manifests = fd;
	ck_assert_int_eq(run(&deployment), ERROR_MANIFESTS);
	ck_assert_ptr_null(live(&deployment));
	deployment_close(&deployment);
}
END_TEST

START_TEST(errands_that_are_not_whole_are_refused)
{
	struct deployment deployment;
	deployment_open(&deployment);
	struct msg_deploy right = deployment.request;
	deployment.request.mode = "destroy";
	ck_assert_int_eq(run(&deployment), ERROR_MESSAGE);
	deployment.request = right;
	deployment.request.generation = 0;
	ck_assert_int_eq(run(&deployment), ERROR_MESSAGE);
	deployment.request = right;
	deployment.request.target = NULL;
	ck_assert_int_eq(run(&deployment), ERROR_MESSAGE);
	deployment.request = right;
	deployment.request.has_activate = true;
	ck_assert_int_eq(run(&deployment), ERROR_MESSAGE);
	deployment.request = right;
	deployment.request.mode = "verify";
	ck_assert_int_eq(run(&deployment), ERROR_MESSAGE);
	deployment.request = right;
	deployment.request.kind = "teapot";
	ck_assert_int_eq(run(&deployment), ERROR_UNSUPPORTED);
	ck_assert_ptr_null(live(&deployment));
	deployment_close(&deployment);
}
END_TEST

START_TEST(activates_through_the_grant)
{
	struct deployment deployment;
	deployment_open(&deployment);
	deployment.request.has_activate = true;
	deployment.runners[0].way = RUNNER_SUCCEEDS;
	ck_assert_int_eq(run(&deployment), 0);
	ck_assert_uint_eq(deployment.runners[0].runs, 1);
	ck_assert_str_eq(deployment.runners[0].environment, "GITGATE_TARGET="
							    "site\nGITGATE_RELEASE=1-"
							    "0101010101\n"
							    "GITGATE_COMMIT="
							    "01010101010101010101010101"
							    "01010101010101\n"
							    "GITGATE_GENERATION=1\n");
	/* The same again is one effect. */
	ck_assert_int_eq(run(&deployment), 0);
	ck_assert_uint_eq(deployment.runners[0].runs, 0);
	deployment_close(&deployment);
}
END_TEST

START_TEST(failed_activation_brings_the_earlier_release_back)
{
	static const struct {
		enum runner_way first;
		enum runner_way second;
		int code;
		const char *says;
	} cases[] = {
		{ RUNNER_FAILS, RUNNER_SUCCEEDS, ERROR_CHILD, "the port is taken" },
		{ RUNNER_FAILS, RUNNER_SUCCEEDS, ERROR_CHILD,
		  "the earlier release '1-0101010101' is live again" },
		{ RUNNER_FAILS, RUNNER_FAILS, ERROR_CHILD,
		  "but activating it failed too" },
		{ RUNNER_FAILS, RUNNER_ABSENT, ERROR_CHILD, "may not be run again" },
		{ RUNNER_REFUSES, RUNNER_SUCCEEDS, ERROR_CHILD, "no such program" },
		{ RUNNER_TIMES_OUT, RUNNER_SUCCEEDS, ERROR_TIMEOUT, "longer than 1 s" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct deployment deployment;
		deployment_open(&deployment);
		ck_assert_int_eq(run(&deployment), 0);
		pack(&deployment, 2, ALL_SEALS);
		deployment.request.generation = 2;
		deployment.request.has_activate = true;
		deployment.runners[0].way = cases[i].first;
		deployment.runners[1].way = cases[i].second;
		ck_assert_int_eq(run(&deployment), cases[i].code);
		ck_assert_msg(strstr(deployment.deployed.text, cases[i].says) != NULL,
			      "%s", deployment.deployed.text);
		ck_assert(!deployment.deployed.in_doubt);
		ck_assert_str_eq(live(&deployment), "one\n");
		ck_assert_uint_eq(deployment.runners[0].runs, 1);
		if (cases[i].second != RUNNER_ABSENT)
			ck_assert_ptr_nonnull(strstr(deployment.runners[1].environment,
						     "GITGATE_RELEASE=1-0101010101\n"
						     "GITGATE_COMMIT="
						     "0101010101010101"));
		deployment_close(&deployment);
	}
}
END_TEST

START_TEST(unknown_end_leaves_doubt_and_no_second_run)
{
	static const enum runner_way ways[] = { RUNNER_DIES, RUNNER_SILENT };
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct deployment deployment;
		deployment_open(&deployment);
		deployment.request.has_activate = true;
		deployment.request.timeout = 1000;
		deployment.runners[0].way = ways[i];
		ck_assert_int_eq(run(&deployment), ERROR_CLOSED);
		ck_assert(deployment.deployed.in_doubt);
		ck_assert_uint_eq(deployment.runners[0].runs, 1);
		/* Tried again it says so again, and runs nothing. */
		deployment.runners[0].way = RUNNER_SUCCEEDS;
		ck_assert_int_eq(run(&deployment), ERROR_CLOSED);
		ck_assert(deployment.deployed.in_doubt);
		ck_assert_uint_eq(deployment.runners[0].runs, 0);
		/* The next generation is a decision of somebody's. */
		deployment.request.generation = 2;
		ck_assert_int_eq(run(&deployment), 0);
		ck_assert_uint_eq(deployment.runners[0].runs, 1);
		deployment_close(&deployment);
	}
}
END_TEST

START_TEST(runner_that_is_gone_before_is_a_plain_failure)
{
	struct deployment deployment;
	deployment_open(&deployment);
	int pair[2];
	struct channel control;
	struct channel job;
	int grant[2];
	ck_assert_int_eq(channel_pair(grant, NULL), 0);
	close(grant[1]);
	ck_assert_int_eq(channel_pair(pair, NULL), 0);
	ck_assert_int_eq(channel_open(&control, pair[0], false, NULL), 0);
	ck_assert_int_eq(channel_open(&job, pair[1], false, NULL), 0);
	deployment.request.has_activate = true;
	int fds[2] = { deployment.manifests, grant[0] };
	ck_assert_int_eq(channel_send(&control, MESSAGE_deploy, &deployment.request,
				      fds, 2, NULL),
			 0);
	ck_assert_int_eq(job_deploy(&job), 0);
	take_answers(&deployment, &control);
	ck_assert_int_eq(deployment.deployed.code, ERROR_CHILD);
	ck_assert(!deployment.deployed.in_doubt);
	close(grant[0]);
	channel_close(&job);
	channel_close(&control);
	deployment_close(&deployment);
}
END_TEST

START_TEST(nothing_or_nonsense_asked_ends_without_effect)
{
	int pair[2];
	struct channel job;
	ck_assert_int_eq(channel_pair(pair, NULL), 0);
	ck_assert_int_eq(channel_open(&job, pair[1], false, NULL), 0);
	close(pair[0]);
	ck_assert_int_eq(job_deploy(&job), 1);
	channel_close(&job);
	struct channel control;
	ck_assert_int_eq(channel_pair(pair, NULL), 0);
	ck_assert_int_eq(channel_open(&control, pair[0], false, NULL), 0);
	ck_assert_int_eq(channel_open(&job, pair[1], false, NULL), 0);
	struct msg_observe other = { 0 };
	ck_assert_int_eq(channel_send(&control, MESSAGE_observe, &other, NULL, 0, NULL),
			 0);
	ck_assert_int_eq(job_deploy(&job), 1);
	channel_close(&job);
	channel_close(&control);
}
END_TEST

UNIT_MAIN("deploy", applies_what_was_judged_and_says_its_phases, observes_and_verifies,
	  manifests_that_could_change_are_refused,
	  other_manifests_than_judged_are_refused,
	  errands_that_are_not_whole_are_refused, activates_through_the_grant,
	  failed_activation_brings_the_earlier_release_back,
	  unknown_end_leaves_doubt_and_no_second_run,
	  runner_that_is_gone_before_is_a_plain_failure,
	  nothing_or_nonsense_asked_ends_without_effect)
