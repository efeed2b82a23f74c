/* tests/unit/tampering.h - what the tables of tampering tell of each row, so that
 * tests/check/tampering.sh can count over all of them.
 *
 * A kind of tampering is a row with a code of its own, met in a branch of its own. A
 * variant comes to the same refusal by other means: it is tried, and not counted. Both
 * have a genuine twin, which differs in what is tampered with alone.
 * Lines on standard output, as comments of TAP; '|' stands in no name:
 *
 *     # kind|OBJECT|CODE|FILE:LINE|NAME
 *     # variant|OBJECT|CODE|FILE:LINE|NAME
 *     # genuine|OBJECT|NAME */
#ifndef TESTS_UNIT_TAMPERING_H
#define TESTS_UNIT_TAMPERING_H

#include <stdbool.h>

/* A row begins: the object ("SSH signature") and what is done to it. */
void tampering_begin(const char *object, const char *name);

/* Its genuine twin was looked at; `code` 0: accepted. Fails the test otherwise. */
void tampering_twin(int code);

/* The tampered one was looked at, after its twin. Fails when `code` is not `expected`,
 * or was not given by any branch since. */
void tampering_refused(int code, int expected, bool variant);

/* A genuine one, of a form of its own, was accepted (`code` 0). */
void tampering_genuine(const char *object, const char *name, int code);

#endif
