/* control/control.c - the loop: wait, take everything, commit once, then answer and
 * start. */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/path.h"
#include "base/user.h"
#include "control/state.h"

#define ROUND_ARENA_BYTES ((size_t)512 << 20)
/* Then nothing more is taken up from intake: by what a round holds, of which its
 * answers are a part, and by answers that intake has not read. Together they stay below
 * message.queue_bytes. */
#define ROUND_FULL_BYTES  ((size_t)64 << 20)
#define UNREAD_FULL_BYTES ((size_t)16 << 20)
#define STATE_EVERY       (5 * CLOCK_SECOND)
#define PRUNE_EVERY       (3600 * CLOCK_SECOND)
#define POLL_MAX          1024

int control_write(struct control *control)
{
	struct error err = ERROR_INIT;

	if (store_in_transaction(control->store))
		return 0;
	int rc = store_begin(control->store, &err);
	if (rc != 0)
		control_fail(control, 3, &err);
	return rc;
}

void control_fail(struct control *control, int status, const struct error *err)
{
	if (control->exit_status >= 0)
		return;
	log_error("control stops", LOG_E(err));
	control->exit_status = err->code == ERROR_NO_SPACE ? CONTROL_FULL : status;
}

/* The floor policy as sealed memory, handed to every judge. */
static int make_floor(const struct config *config, struct error *err)
{
	int fd FD_CLOSING = memfd_create("floor", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return error_set_errno(err, errno, "cannot make sealed memory");
	int rc = fd_write_all(fd, config->floor, config->floor_length, err);
	if (rc != 0)
		return rc;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0)
		return error_set_errno(err, errno, "cannot seal the policy");
	int kept = fd;
	fd = -1;
	return kept;
}

static int ensure_rows(struct control *control, struct error *err)
{
	int rc = store_begin(control->store, err);

	for (size_t i = 0; rc == 0 && i < control->config->repository_count; i++)
		rc = store_repository_ensure(
			control->store, control->config->repositories[i].name, err);
	for (size_t i = 0; rc == 0 && i < control->config->target_count; i++)
		rc = store_target_ensure(control->store,
					 control->config->targets[i].name, err);
	for (size_t i = 0; rc == 0 && i < control->config->source_count; i++)
		rc = store_source_ensure(control->store,
					 control->config->sources[i].name,
					 control->config->sources[i].options.kind, err);
	if (rc == 0)
		return store_commit(control->store, err);
	store_rollback(control->store);
	return rc;
}

static enum log_level level_of(const char *word)
{
	static const char *const words[] = { "debug", "info", "warning", "error" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum log_level)i;
	return LOG_LEVEL_INFO;
}

/* Takes a configuration into use: all or nothing. */
static int use_config(struct control *control, struct config *config, struct error *err)
{
	struct config *old = control->config;
	int floor = make_floor(config, err);

	if (floor < 0)
		return floor;
	control->config = config;
	int rc = ensure_rows(control, err);
	if (rc != 0) {
		control->config = old;
		close(floor);
		return rc;
	}
	if (old)
		close(control->floor_fd);
	control->floor_fd = floor;
	log_set_level(level_of(config->server.log_level));
	schedule_reset(control, old);
	config_free(old);
	return 0;
}

static void reload(struct control *control)
{
	struct error err = ERROR_INIT;
	struct config *config = NULL;
	struct buf names = BUF_INIT(4096);

	int rc = config_load(&config, control->setup->config_file, &err);
	if (rc == 0) {
		config_restart_needed(control->config, config, &names);
		rc = use_config(control, config, &err);
		if (rc != 0)
			config_free(config);
		else
			schedule_again(control);
		if (rc == 0)
			sources_send(control);
	}
	if (rc != 0)
		log_error("the configuration was not reloaded; the old one stays in "
			  "effect",
			  LOG_E(&err));
	else if (names.length)
		log_warning("the configuration was reloaded; some options need a "
			    "restart",
			    LOG_S("options", names.data));
	else
		log_info("the configuration was reloaded");
	buf_release(&names);
}

static void drain(struct control *control)
{
	if (control->draining)
		return;
	control->draining = true;
	control->drain_deadline = clock_monotonic() + control->config->server.drain;
	control->next_state = 0;
	log_info("draining", LOG_U("running", control->running));
}

static void take_signals(struct control *control, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(control);
		else
			drain(control);
	}
}

/* --- channels --- */

static enum part part_by_name(const char *name)
{
	return strcmp(name, "zygote") == 0   ? PART_ZYGOTE
	       : strcmp(name, "runner") == 0 ? PART_RUNNER
					     : PART_INTAKE;
}

static void part_lost(struct control *control, enum part part)
{
	channel_close(&control->parts[part]);
	control->part_there[part] = false;
	if (part == PART_ZYGOTE)
		jobs_lost(control);
}

static void take_part(struct control *control, const char *name, int fd)
{
	struct error err = ERROR_INIT;
	enum part part = part_by_name(name);

	if (control->part_there[part])
		part_lost(control, part);
	if (fd < 0 || channel_open(&control->parts[part], fd, true, &err) != 0) {
		control_fail(control, 3, &err);
		return;
	}
	control->part_there[part] = true;
	control->next_state = 0;
	if (part == PART_ZYGOTE)
		control->observer_stale = true;
	if (part == PART_INTAKE) {
		channel_cork(&control->parts[part]); /* until the round's end */
		sources_send(control);
	}
}

static void read_keeper(struct control *control)
{
	struct error err = ERROR_INIT;
	enum message_type type;
	void *message;
	int fds[MESSAGE_FDS_MAX];
	int rc;

	while ((rc = channel_receive(&control->keeper, control->round, &type, &message,
				     fds, &err)) == 1)
		if (type == MESSAGE_part)
			take_part(control, ((struct msg_part *)message)->name, fds[0]);
	if (rc < 0)
		control_fail(control, 3, &err);
}

static bool is_full(const struct control *control, enum part part)
{
	const struct channel *channel = &control->parts[part];

	return arena_used(control->round) >= ROUND_FULL_BYTES ||
	       (!channel->closed && channel_waiting(channel) >= UNREAD_FULL_BYTES);
}

static void read_part(struct control *control, enum part part)
{
	struct error err = ERROR_INIT;
	enum message_type type;
	void *message;
	int fds[MESSAGE_FDS_MAX];
	int rc = 0;

	while (!is_full(control, part) &&
	       (rc = channel_receive(&control->parts[part], control->round, &type,
				     &message, part == PART_INTAKE ? fds : NULL,
				     &err)) == 1) {
		if (part == PART_INTAKE)
			request_take(control, type, message, fds);
		else if (type == MESSAGE_ended)
			log_debug(
				"a job ended",
				LOG_U("job", ((struct msg_ended *)message)->job),
				LOG_U("status", ((struct msg_ended *)message)->status));
	}
	if (rc < 0) {
		log_warning("a standing process is gone", LOG_U("part", part),
			    LOG_E(&err));
		part_lost(control, part);
	}
}

/* --- a round --- */

/* Writes what is queued; the events to wait for then. A closed channel is found by
 * reading.
 */
static short flush(struct channel *channel)
{
	bool pending = false;

	if (channel_flush(channel, &pending, NULL) != 0)
		return POLLIN;
	return (short)((pending ? POLLOUT : 0) |
		       (channel_waiting(channel) < UNREAD_FULL_BYTES ? POLLIN : 0));
}

static void wait_for_work(struct control *control, int signals, int64_t until,
			  struct pollfd *polls, struct job **jobs, nfds_t *count)
{
	nfds_t used = 0;

	polls[used++] = (struct pollfd){ signals, POLLIN, 0 };
	polls[used++] = (struct pollfd){ control->keeper.fd, POLLIN, 0 };
	for (int i = 0; i < PARTS_MAX; i++)
		polls[used++] =
			control->part_there[i]
				? (struct pollfd){ control->parts[i].fd,
						   flush(&control->parts[i]), 0 }
				: (struct pollfd){ -1, 0, 0 };
	for (struct job *job = control->jobs; job && used < POLL_MAX; job = job->next) {
		jobs[used] = job;
		polls[used++] = job->started
					? (struct pollfd){ job->channel.fd,
							   flush(&job->channel), 0 }
					: (struct pollfd){ -1, 0, 0 };
	}
	int64_t wait = until - clock_monotonic();
	int milliseconds = wait <= 0                  ? 0
			   : wait > 60 * CLOCK_SECOND ? 60000
						      : (int)(wait / 1000) + 1;
	if (poll(polls, used, control->backup_request ? 0 : milliseconds) < 0)
		for (nfds_t i = 0; i < used; i++)
			polls[i].revents = 0;
	*count = used;
}

static void take_everything(struct control *control, int signals,
			    const struct pollfd *polls, struct job **jobs, nfds_t count)
{
	if (polls[0].revents)
		take_signals(control, signals);
	if (polls[1].revents)
		read_keeper(control);
	for (int i = 0; i < PARTS_MAX; i++)
		if (control->part_there[i] && polls[2 + i].revents & ~POLLOUT)
			read_part(control, (enum part)i);
	for (nfds_t i = 2 + PARTS_MAX; i < count; i++)
		if (!jobs[i]->finished && polls[i].revents & ~POLLOUT)
			job_hear(control, jobs[i]);
}

static void send_answers(struct control *control)
{
	struct error err = ERROR_INIT;

	for (struct answer *answer = control->answers; answer; answer = answer->next)
		if (control->part_there[PART_INTAKE] &&
		    channel_send(&control->parts[PART_INTAKE], answer->type,
				 answer->message, NULL, 0, &err) != 0) {
			part_lost(control, PART_INTAKE);
			break;
		}
	control->answers = NULL;
	control->answers_end = &control->answers;
	if (control->part_there[PART_INTAKE])
		flush(&control->parts[PART_INTAKE]);
}

/* Tells keeper (its watchdog) and intake (/readyz) how we are. */
static void send_state(struct control *control, int64_t now)
{
	bool ready = control->part_there[PART_ZYGOTE] &&
		     control->part_there[PART_INTAKE] && !control->draining;
	struct msg_state state = { .ready = ready, .draining = control->draining };

	if (now < control->next_state && ready == control->told_ready)
		return;
	control->next_state = now + STATE_EVERY;
	control->told_ready = ready;
	channel_send(&control->keeper, MESSAGE_state, &state, NULL, 0, NULL);
	if (control->part_there[PART_INTAKE] &&
	    channel_send(&control->parts[PART_INTAKE], MESSAGE_state, &state, NULL, 0,
			 NULL) == 0)
		flush(&control->parts[PART_INTAKE]);
}

static void commit(struct control *control)
{
	struct error err = ERROR_INIT;

	if (!store_in_transaction(control->store))
		return;
	if (control->exit_status > 0) {
		store_rollback(control->store);
		return;
	}
	if (store_commit(control->store, &err) != 0) {
		control_fail(control, 3, &err);
		return;
	}
	metric_add(METRIC_COMMITS, 1);
}

static void prune(struct control *control, int64_t now)
{
	struct error err = ERROR_INIT;

	if (now < control->next_prune)
		return;
	control->next_prune = now + PRUNE_EVERY;
	if (control_write(control) == 0 &&
	    (store_prune(control->store,
			 clock_now() - control->config->server.retention, &err) != 0 ||
	     store_body_prune(control->store,
			      clock_now() - control->config->server.delivery_retention,
			      &err) != 0))
		log_warning("old work was not deleted", LOG_E(&err));
}

static bool drained(struct control *control, int64_t now)
{
	return control->draining &&
	       (control->running == 0 || now >= control->drain_deadline);
}

static void loop(struct control *control, int signals)
{
	static struct pollfd polls[POLL_MAX];
	static struct job *jobs[POLL_MAX];
	int64_t until = 0;

	while (control->exit_status < 0) {
		nfds_t count;
		wait_for_work(control, signals, until, polls, jobs, &count);
		control->round = arena_new(ROUND_ARENA_BYTES);
		if (!control->round)
			abort(); /* the keeper starts us again; nothing was taken yet */
		control->round_webhooks = 0;
		control->round_number++;
		take_everything(control, signals, polls, jobs, count);
		int64_t now = clock_monotonic();
		jobs_expire(control, now);
		until = schedule(control, now);
		if (control->backup_request)
			commit(control);
		backup_continue(control);
		prune(control, now);
		commit(control);
		if (control->exit_status <= 0) {
			send_answers(control);
			if (!jobs_start_prepared(control))
				until = 0;
			send_state(control, now);
		}
		jobs_collect(control);
		if (drained(control, now))
			control->exit_status = 0;
		if (control->next_state < until)
			until = control->next_state;
		arena_free(control->round);
		control->round = NULL;
	}
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The store's directory for writing, configuration and secrets for reading. */
static int confine(struct control *control, const struct config *config,
		   struct error *err)
{
	struct sandbox_state state;
	struct arena *arena = arena_new(1 << 20);
	size_t count = 0;
	const char **read = arena_array(
		arena, 8 + 4 * config->repository_count + 4 * config->source_count,
		sizeof(*read));
	char *directory = arena_string(arena, config->server.store);
	char *folder = arena_string(arena, config->file);

	if (!read || !directory || !folder) {
		arena_free(arena);
		return error_set(err, ERROR_MEMORY, "out of memory");
	}
	if (strrchr(directory, '/'))
		*strrchr(directory, '/') = '\0';
	if (strrchr(folder, '/'))
		*strrchr(folder, '/') = '\0';
	read[count++] = *folder ? folder : "/";
	read[count++] = "/etc/passwd";
	read[count++] = "/etc/group";
	read[count++] = "/etc/nsswitch.conf";
	read[count++] = "/etc/localtime";
	for (size_t i = 0; i < config->repository_count; i++) {
		const struct conf_repository *options =
			&config->repositories[i].options;
		const char *files[] = { options->password_file, options->ssh_key_file,
					options->known_hosts_file, options->ca_file };
		for (size_t j = 0; j < 4; j++)
			if (is_set(files[j]))
				read[count++] = files[j];
	}
	for (size_t i = 0; i < config->source_count; i++) {
		const struct conf_source *options = &config->sources[i].options;
		const char *files[] = { options->secrets_file, options->token_file,
					options->app_key, options->ca_file };
		for (size_t j = 0; j < 4; j++)
			if (is_set(files[j]))
				read[count++] = files[j];
	}
	const char *write[] = { directory };
	struct sandbox_paths paths = {
		.read = read, .read_count = count, .write = write, .write_count = 1
	};
	int rc = sandbox_enter(PROFILE_CONTROL, &paths, &control->setup->sandbox,
			       &state, err);
	arena_free(arena);
	return rc;
}

/* Rights are given up before the store is opened: its files belong to the user of
 * control. */
static int start(struct control *control, int keeper_fd, struct error *err)
{
	struct config *config = NULL;

	user_is(0, "root"); /* loads what names of users need, while it can be loaded */
	int rc = config_load(&config, control->setup->config_file, err);
	if (rc == 0)
		rc = confine(control, config, err);
	if (rc == 0)
		rc = store_open(&control->store, config->server.store, STORE_CREATE,
				err);
	if (rc == 0)
		rc = use_config(control, config, err);
	if (rc != 0) {
		config_free(config);
		return rc;
	}
	rc = deployments_recover(control);
	if (rc != 0)
		return error_set(err, rc, "the store could not be taken up");
	return channel_open(&control->keeper, keeper_fd, true, err);
}

static void stop(struct control *control)
{
	for (struct job *job = control->jobs; job; job = job->next)
		job_finish(control, job);
	jobs_collect(control);
	store_backup_free(control->backup);
	free(control->backup_path);
	store_close(control->store);
	for (int i = 0; i < PARTS_MAX; i++)
		if (control->part_there[i])
			channel_close(&control->parts[i]);
	channel_close(&control->keeper);
	if (control->config)
		close(control->floor_fd);
	for (size_t i = 0; i < control->forge_count; i++)
		config_secret_wipe(control->forges[i].token);
	config_free(control->config);
	arena_free(control->watch_arena);
}

int control_main(int keeper_fd, const struct control_setup *setup)
{
	struct error err = ERROR_INIT;
	struct control control = { .setup = setup, .floor_fd = -1, .exit_status = -1 };
	int signals = block_signals();

	control.answers_end = &control.answers;
	log_set_process("control");
	if (start(&control, keeper_fd, &err) != 0) {
		log_error("control cannot start", LOG_E(&err));
		control.exit_status = err.code == ERROR_NO_SPACE       ? CONTROL_FULL
				      : err.code == ERROR_STORE_LOCKED ? CONTROL_LOCKED
				      : error_is_retryable(err.code)   ? 3
								       : 2;
	} else {
		log_info("control is up", LOG_S("store", control.config->server.store),
			 LOG_U("repositories", control.config->repository_count),
			 LOG_U("targets", control.config->target_count));
		loop(&control, signals);
	}
	int status = control.exit_status;
	stop(&control);
	close(signals);
	return status;
}
