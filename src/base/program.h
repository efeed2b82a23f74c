/* base/program.h - finding gitgate's own programs, installed or in a build directory.
 */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

struct error;

/* The absolute name of a program of ours ("gitgate-pre-receive"): beside the running
 * one when it stands there (a build directory), otherwise in the directory it is
 * installed to. Caller frees. ERROR_NOT_FOUND. */
int program_find(char **out, const char *name, struct error *err);

/* The absolute name of the running program. Caller frees. */
int program_self(char **out, struct error *err);

#endif
