/* hooks/crash.h - a crash refuses the push and says so.
 *
 * Libraries that we link crash when memory ends (libgit2 1.5 and OpenSSL 3.0 do, in
 * their initialization and while reading configuration); whoever pushes should not be
 * left with "died of signal 11". */
#ifndef HOOKS_CRASH_H
#define HOOKS_CRASH_H

/* From now on SIGSEGV and the like end the process with a message and status 1. Not in
 * builds with sanitizers, which report crashes themselves. */
void crash_guard(void);

#endif
