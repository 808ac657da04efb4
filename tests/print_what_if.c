/* print_what_if - pages of what-if, for looking at and for checks of HTML:
 *     print_what_if            the names of the samples
 *     print_what_if NAME FILE  writes the page of one
 */
#include <stdio.h>

#include "tools/what_if_sample.h"

int main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	const struct what_if_report *report = argc == 3 ? what_if_sample(arena, argv[1]) : NULL;
	int failed = 0;

	if (argc == 1)
		for (const struct what_if_sample *s = what_if_samples; s->name != NULL; s++)
			puts(s->name);
	else if (report == NULL || what_if_write_html(report, argv[2]) != 0)
		failed = 1;
	if (failed)
		perror("print_what_if");
	arena_free(arena);
	return failed;
}
