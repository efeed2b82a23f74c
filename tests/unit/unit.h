/* tests/unit/unit.h - the main of every unit test: runs the named cases with libcheck
 * and prints TAP. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

/* UNIT_MAIN("module", case_a, case_b): a case that runs over 60 s fails (it may run
 * under sanitizers on a slow machine). */
#define UNIT_MAIN(module, ...)                                                         \
	int main(void)                                                                 \
	{                                                                              \
		const TTest *const cases[] = { __VA_ARGS__ };                          \
		Suite *suite = suite_create(module);                                   \
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {        \
			TCase *group = tcase_create(module);                           \
			tcase_set_timeout(group, 60);                                  \
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
