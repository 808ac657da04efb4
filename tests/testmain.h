/* testmain.h - what every unit test program shares.
 *
 * Rows are { name, input, wanted }; run them with tcase_add_loop_test and print
 * the row's name when one fails. heap_copy() gives an input without a NUL
 * behind it, so that sanitizers see every overread.
 */
#ifndef TESTMAIN_H
#define TESTMAIN_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"

#define N_ROWS(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

/* How often a long loop goes round: whole, or shorter where the same loop runs again under
 * a sanitizer or valgrind (ALIGND_TEST_EFFORT=short; HACKING). What is looked at stays the same. */
static inline unsigned effort(unsigned whole, unsigned shorter)
{
	const char *text = getenv("ALIGND_TEST_EFFORT");

	return text != NULL && strcmp(text, "short") == 0 ? shorter : whole;
}

/* Freed with free((void *)copy.data). */
static inline struct slice heap_copy(const char *text, size_t len)
{
	char *copy = mem_alloc(len > 0 ? len : 1);

	if (len > 0)
		memcpy(copy, text, len);
	return slice_new(copy, len);
}

#define TEST_MAIN(suite) \
	int main(void) \
	{ \
		SRunner *runner = srunner_create(suite); \
		int failed; \
		srunner_run_all(runner, CK_ENV); \
		failed = srunner_ntests_failed(runner); \
		srunner_free(runner); \
		return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
	}

#endif
