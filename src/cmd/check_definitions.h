/* cmd/check_definitions.h - where `gitgate check --files` finds definitions of kinds.
 */
#ifndef CMD_CHECK_DEFINITIONS_H
#define CMD_CHECK_DEFINITIONS_H

struct definition_reader;
struct error;

/* collector->each_file (job/judge.h): each file beneath the directory whose name `data`
 * points to (const char *const *; the name may be NULL: none), which is the policy's.
 */
int check_each_definition_file(void *data, const struct definition_reader *reader,
			       struct error *err);

#endif
