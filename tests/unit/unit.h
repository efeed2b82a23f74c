/* tests/unit/unit.h - the main of every unit test: runs the named cases with libcheck
 * and prints TAP. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"

/* Whatever SOURCE_DATE_EPOCH says: cases have clocks of their own. */
#define UNIT_BUILT (INT64_C(1793491200) * CLOCK_SECOND) /* 2026-11-01 */

/* UNIT_MAIN("module", case_a, case_b): a case that runs over 300 s fails (it may run
 * under sanitizers on a slow machine that does other things, too). */
#define UNIT_MAIN(module, ...)                                                         \
	int main(void)                                                                 \
	{                                                                              \
		const TTest *const cases[] = { __VA_ARGS__ };                          \
		clock_set_built_for_tests(UNIT_BUILT);                                 \
		Suite *suite = suite_create(module);                                   \
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {        \
			TCase *group = tcase_create(module);                           \
			tcase_set_timeout(group, 300);                                 \
			tcase_add_test(group, cases[i]);                               \
			suite_add_tcase(suite, group);                                 \
		}                                                                      \
		SRunner *runner = srunner_create(suite);                               \
		srunner_set_tap(runner, "-");                                          \
		srunner_run_all(runner, CK_SILENT);                                    \
		int failed = srunner_ntests_failed(runner);                            \
		srunner_free(runner);                                                  \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;                           \
	}

#endif
