/* job/grant.c - uses a grant: asks the runner's child to start, and waits for the end.
 */
#include "job/grant.h"

#include <poll.h>

#include "base/clock.h"
#include "base/error.h"
#include "ipc/message.h"
#include "model/messages.h"

/* The runner ends the tool at its own deadline and then has to say so. */
#define TIMEOUT_GRACE (5 * CLOCK_SECOND)

static int await_end(struct channel *runner, int64_t deadline, struct arena *arena,
		     const struct msg_ran **out, struct error *err)
{
	enum message_type type = MESSAGE_NONE;
	void *message = NULL;
	struct error cause = ERROR_INIT;
	int received = 0;

	while (received == 0) {
		int64_t left = deadline - clock_monotonic();
		struct pollfd poll_fd = { .fd = runner->fd, .events = POLLIN };
		if (left <= 0)
			received = error_set(&cause, ERROR_TIMEOUT,
					     "the runner did not answer in time");
		else if (poll(&poll_fd, 1, (int)(left / 1000) + 1) > 0)
			received = channel_receive(runner, arena, &type, &message, NULL,
						   &cause);
	}
	if (received != 1 || type != MESSAGE_ran)
		return error_set(err, ERROR_CLOSED, "%s",
				 received == 1 ? "the runner answered something else"
					       : cause.text);
	*out = message;
	return 0;
}

static int ask(struct channel *runner, const struct msg_run *run, struct error *err)
{
	struct error cause = ERROR_INIT;
	bool pending = true;

	int rc = channel_send(runner, MESSAGE_run, run, NULL, 0, &cause);
	if (rc == 0)
		rc = channel_flush(runner, &pending, &cause);
	/* A fresh socket has room for what the limits allow; nothing was begun
	 * otherwise. */
	if (rc != 0 || pending)
		return error_set(err, ERROR_CHILD, "the runner cannot be asked: %s",
				 rc != 0 ? cause.text : "it does not listen");
	return 0;
}

int grant_run(int fd, const struct msg_run *run, int64_t timeout, struct arena *arena,
	      const struct msg_ran **out, struct error *err)
{
	struct channel runner;

	if (channel_open(&runner, fd, true, err) != 0)
		return ERROR_CHILD;
	int rc = ask(&runner, run, err);
	if (rc == 0)
		rc = await_end(&runner, clock_monotonic() + timeout + TIMEOUT_GRACE,
			       arena, out, err);
	channel_close(&runner);
	return rc;
}
