/* hooks/crash.c - the last words of a hook. */
#include "hooks/crash.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#ifdef WITH_SANITIZERS
void crash_guard(void)
{
}
#else
static char stack[16384]; /* of the handler: the process's own may be what is used up */

static void refuse(int signal_number)
{
	static const char message[] = "gitgate: push refused: the hook crashed, or ran "
				      "out of memory\n"
				      "  mend: try again; if it stays so, an "
				      "administrator can run the hook\n"
				      "      by hand, or 'gitgate doctor'\n";
	ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);

	(void)signal_number;
	(void)ignored;
	_exit(1);
}

void crash_guard(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
	const stack_t alternative = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = refuse, .sa_flags = SA_ONSTACK };

	/* Without it the process dies of the signal, which refuses too. */
	sigaltstack(&alternative, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}
#endif
