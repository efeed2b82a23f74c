/* hooks/deadline.c - refuses when judging takes too long. */
#include "hooks/deadline.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/error.h"

/* Written before the alarm is armed: the handler must not format anything. */
static char message[256];

static void refuse(int signal_number)
{
	(void)signal_number;
	ssize_t ignored = write(STDERR_FILENO, message, strlen(message));
	(void)ignored;
	_exit(1);
}

int deadline_set(uint64_t seconds, struct error *err)
{
	struct itimerval timer = { .it_value = { .tv_sec = (time_t)seconds } };
	struct sigaction action = { .sa_handler = refuse };
	sigset_t unblocked;

	deadline_clear();
	snprintf(message, sizeof(message),
		 "gitgate: push refused: it could not be judged within %llu s\n"
		 "  mend: push fewer commits at a time, or ask an administrator to "
		 "raise\n"
		 "      gitgate.timeout in the repository's configuration\n",
		 (unsigned long long)seconds);
	sigemptyset(&unblocked);
	sigaddset(&unblocked, SIGALRM);
	sigaddset(&unblocked, SIGTERM);
	if (sigaction(SIGALRM, &action, NULL) != 0 ||
	    sigprocmask(SIG_UNBLOCK, &unblocked, NULL) != 0 ||
	    setitimer(ITIMER_REAL, &timer, NULL) != 0)
		return error_set_errno(err, errno, "cannot set a deadline");
	return 0;
}

void deadline_clear(void)
{
	struct itimerval never = { 0 };

	setitimer(ITIMER_REAL, &never, NULL);
}
