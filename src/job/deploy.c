/* job/deploy.c - brings a target to exactly the manifests that were judged, or looks
 * whether it still is as it was left. */
#include "job/deploy.h"

#include <fcntl.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "ipc/message.h"
#include "job/grant.h"
#include "model/manifests.h"
#include "target/target.h"

/* For tables of 200,000 files, several times over; the manifests themselves are mapped.
 */
#define ARENA_MAXIMUM ((size_t)1 << 30)
#define SEALS         (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define GRANTS        2 /* to activate, and to activate the earlier release */
#define TIMEOUT       (60 * CLOCK_SECOND) /* when control names none */

struct grants {
	int fds[GRANTS]; /* -1: none, or used */
	int64_t timeout;
};

struct errand {
	struct channel *channel;
	struct arena *arena;
	const struct msg_deploy *request;
	int fds[MESSAGE_FDS_MAX];
	struct grants grants;
	struct target_activate activate;
	struct target target;
	struct target_result result;
};

/* --- the activate command --- */

static const char *last_line(const struct msg_ran *ran, char *out, size_t size)
{
	const char *bytes = ran->output.data;
	size_t end = ran->output.length;
	while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == '\0'))
		end--;
	size_t start = end;
	while (start > 0 && bytes[start - 1] != '\n')
		start--;
	if (end == start)
		return ran->text != NULL ? ran->text : "it said nothing";
	snprintf(out, size, "%.*s", (int)(end - start < size ? end - start : size - 1),
		 bytes + start);
	return out;
}

static int judge_end(const struct msg_ran *ran, struct error *err)
{
	char line[512];
	if (ran->code == 0 && ran->status == 0)
		return 0;
	if (ran->code == 0)
		return error_set(err, ERROR_CHILD,
				 "it ended with status %" PRIu64 ": %s", ran->status,
				 last_line(ran, line, sizeof(line)));
	return error_set(err, ran->code == ERROR_TIMEOUT ? ERROR_TIMEOUT : ERROR_CHILD,
			 "%s", ran->text != NULL ? ran->text : "it could not be run");
}

/* target_activate.run: uses up one grant. */
static int run_activate(void *data, const char *const *environment, struct error *err)
{
	struct grants *grants = data;
	const struct msg_ran *ran = NULL;
	int which = 0;
	while (which < GRANTS && grants->fds[which] < 0)
		which++;
	if (which == GRANTS)
		return error_set(err, ERROR_CHILD, "it may not be run again");
	int fd = grants->fds[which];
	grants->fds[which] = -1;
	struct arena *arena = arena_new(ARENA_MAXIMUM);
	if (arena == NULL) {
		close(fd);
		return error_set(err, ERROR_CHILD, "out of memory");
	}
	struct msg_run run = { .environment = { .items = environment } };
	while (environment[run.environment.count] != NULL)
		run.environment.count++;
	int code = grant_run(fd, &run, grants->timeout, arena, &ran, err);
	if (code == 0)
		code = judge_end(ran, err);
	arena_free(arena);
	return code;
}

/* --- the manifests --- */

static int map_manifests(int fd, const void **block, size_t *length, struct error *err)
{
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS)
		return error_set(err, ERROR_MANIFESTS,
				 "the manifests are not sealed: somebody could still "
				 "change them");
	struct stat status;
	if (fstat(fd, &status) != 0 || status.st_size <= 0)
		return error_set(err, ERROR_MANIFESTS, "the manifests are empty");
	void *address =
		mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (address == MAP_FAILED)
		return error_set_errno(err, errno, "cannot map the manifests");
	*block = address;
	*length = (size_t)status.st_size;
	return 0;
}

/* What was checked is what is applied: the block must carry the digest that was judged.
 */
static int read_manifests(struct errand *errand, struct manifests *out,
			  struct error *err)
{
	const void *block = NULL;
	size_t length = 0;
	int code = map_manifests(errand->fds[0], &block, &length, err);
	if (code == 0)
		/* Stays mapped until the process ends: entries point into it. */
		code = manifests_read(out, errand->arena, block, length, err);
	if (code != 0)
		return code;
	if (digest_is_none(&errand->request->manifests) ||
	    !digest_equal(&out->digest, &errand->request->manifests))
		return error_set(err, ERROR_MANIFESTS,
				 "the manifests are not those that were judged");
	if (!oid_equal(&out->commit, &errand->request->commit))
		return error_set(err, ERROR_MANIFESTS,
				 "the manifests are of the commit %s, not of %s",
				 oid_text(&out->commit),
				 oid_text(&errand->request->commit));
	return 0;
}

/* --- the modes --- */

static int say_phase(struct errand *errand, const char *phase, struct error *err)
{
	struct msg_deploy_phase message = { .phase = phase };
	return channel_send(errand->channel, MESSAGE_deploy_phase, &message, NULL, 0,
			    err);
}

static int apply(struct errand *errand, struct error *err)
{
	const struct msg_deploy *request = errand->request;
	struct manifests manifests = { 0 };
	struct target_result *result = &errand->result;
	int code = read_manifests(errand, &manifests, err);
	if (code == 0)
		code = say_phase(errand, "planning", err);
	if (code == 0)
		code = target_plan(&errand->target, request->generation, &manifests,
				   errand->arena, result, err);
	if (code == 0)
		code = say_phase(errand, "applying", err);
	if (code == 0)
		code = target_apply(&errand->target, request->generation, &manifests,
				    errand->arena, result, err);
	if (code == 0)
		code = say_phase(errand, "verifying", err);
	if (code != 0)
		return code;
	struct target_result health;
	return target_verify(&errand->target, request->generation, result->release,
			     &result->listing, errand->arena, &health, err);
}

static int look(struct errand *errand, struct error *err)
{
	const struct msg_deploy *request = errand->request;
	bool verifies = strcmp(request->mode, "verify") == 0;
	if (request->release == NULL || digest_is_none(&request->listing))
		return error_set(err, ERROR_MESSAGE,
				 "there is no release to compare with");
	int code = verifies ? say_phase(errand, "verifying", err) : 0;
	if (code != 0)
		return code;
	return (verifies ? target_verify : target_observe)(
		&errand->target, request->generation, request->release,
		&request->listing, errand->arena, &errand->result, err);
}

/* Fills the target from the request, and hands the descriptors to who needs them. */
static int understand(struct errand *errand, struct error *err)
{
	const struct msg_deploy *request = errand->request;
	if (request->target == NULL || request->kind == NULL || request->mode == NULL ||
	    request->generation == 0)
		return error_set(err, ERROR_MESSAGE, "an errand is not whole");
	bool applies = strcmp(request->mode, "apply") == 0;
	if (!applies && strcmp(request->mode, "observe") != 0 &&
	    strcmp(request->mode, "verify") != 0)
		return error_set(err, ERROR_MESSAGE, "the mode '%s' is not known",
				 request->mode);
	if (applies && errand->fds[0] < 0)
		return error_set(err, ERROR_MESSAGE, "the manifests did not come");
	bool activates = applies && request->has_activate;
	if (activates && errand->fds[1] < 0)
		return error_set(err, ERROR_MESSAGE,
				 "the grant for the activate command did not come");
	for (int i = 0; activates && i < GRANTS; i++) {
		errand->grants.fds[i] = errand->fds[1 + i];
		errand->fds[1 + i] = -1;
	}
	errand->grants.timeout = request->timeout > 0 ? request->timeout : TIMEOUT;
	errand->activate = (struct target_activate){ .run = run_activate,
						     .data = &errand->grants };
	errand->target =
		(struct target){ .name = request->target,
				 .kind = request->kind,
				 .path = request->path,
				 .paths = request->paths.items,
				 .path_count = request->paths.count,
				 .keep = request->keep,
				 .activate = activates ? &errand->activate : NULL };
	return 0;
}

static int answer(struct errand *errand, int code, const struct error *err)
{
	const struct target_result *result = &errand->result;
	struct msg_deployed deployed = {
		.code = code,
		.text = code != 0 ? err->text : result->detail,
		.release = result->release,
		.listing = result->listing,
		.files = result->files,
		.changed = result->changed,
		.drift = result->drift,
		.generation = result->generation,
		.in_doubt = result->in_doubt,
	};
	struct error cause = ERROR_INIT;
	if (channel_send(errand->channel, MESSAGE_deployed, &deployed, NULL, 0,
			 &cause) == 0)
		return 0;
	log_error("a deployment's end could not be told", LOG_E(&cause));
	return 1;
}

static int run_errand(struct errand *errand, struct error *err)
{
	int code = understand(errand, err);
	if (code != 0)
		return code;
	return strcmp(errand->request->mode, "apply") == 0 ? apply(errand, err)
							   : look(errand, err);
}

int job_deploy(struct channel *channel)
{
	struct errand errand = { .channel = channel,
				 .arena = arena_new(ARENA_MAXIMUM),
				 .fds = { -1, -1, -1, -1 },
				 .grants = { .fds = { -1, -1 } } };
	enum message_type type;
	void *message;
	struct error err = ERROR_INIT;
	int status = 1;
	int code = errand.arena == NULL
			   ? error_set(&err, ERROR_MEMORY, "out of memory for a job")
			   : channel_receive(channel, errand.arena, &type, &message,
					     errand.fds, &err);
	if (code == 1 && type != MESSAGE_deploy)
		code = error_set(&err, ERROR_MESSAGE, "it is not an errand to deploy");
	if (code == 1) {
		errand.request = message;
		code = run_errand(&errand, &err);
		status = answer(&errand, code, &err);
	} else {
		log_error("a deployment could not begin", LOG_E(&err));
	}
	for (int i = 0; i < MESSAGE_FDS_MAX; i++)
		fd_close(&errand.fds[i]);
	for (int i = 0; i < GRANTS; i++)
		fd_close(&errand.grants.fds[i]);
	arena_free(errand.arena);
	return status;
}
