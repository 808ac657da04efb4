/* mails - the messages of a corpus, as an MTA would hand them to a milter.
 *
 * A corpus is a folder with the file `index`, one message a line, its columns
 * parted by tabs:
 *
 *   FILE  CLIENT-NAME  ADDRESS  HELO  MAIL-FROM  RCPT-TO  DMARC  SPF  DKIM
 *
 * FILE (below the folder) is the message with CRLF or LF. The envelope addresses
 * stand in angle brackets. The last three are the results that are expected, "-"
 * for any. Lines that begin with # are skipped. bench/corpus.py makes such folders.
 *
 * Everything is read once and then only looked at, from any thread.
 */
#ifndef BENCH_MAILS_H
#define BENCH_MAILS_H

#include <stddef.h>

enum { RESULT_DMARC, RESULT_SPF, RESULT_DKIM, RESULTS };

struct field {
	const char *name, *value;       /* the value follows the colon; folds are a bare LF */
	size_t name_octets, value_octets;
};

struct mail {
	const char *file, *client_name, *address, *helo, *sender, *recipient;
	const char *wanted[RESULTS];
	struct field *fields;
	size_t field_count;
	const char *body;               /* lines end in CRLF */
	size_t body_octets;
};

struct mails {
	struct mail *rows;
	size_t count;
};

/* Ends the program with a message when the folder is no corpus. */
void mails_read(struct mails *mails, const char *folder);

#endif
