/* mail_file.h - messages that tests/data/dkim/make.py and arc_make.py have written.
 * Include it after testmain.h.
 */
#ifndef TESTS_AUTH_MAIL_FILE_H
#define TESTS_AUTH_MAIL_FILE_H

#include <stdio.h>

#include "base/buf.h"

/* The file whole, at most `max` octets; "@N@" becomes N letters "a". */
static inline struct buf mail_file(const char *path, size_t max)
{
	struct buf message;
	FILE *file = fopen(path, "rb");
	int c;

	ck_assert_msg(file != NULL, "%s", path);
	buf_init(&message, max);
	while ((c = getc(file)) != EOF) {
		int next = c == '@' ? getc(file) : EOF;
		unsigned n;

		if (next != EOF)
			ungetc(next, file);
		if (next < '0' || next > '9' || fscanf(file, "%u@", &n) != 1)
			buf_add_char(&message, (char)c);
		else
			for (; n > 0; n--)
				buf_add_char(&message, 'a');
	}
	fclose(file);
	ck_assert(!buf_is_full(&message));
	return message;
}

#endif
