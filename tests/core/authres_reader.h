/* authres_reader.h - a second reader of Authentication-Results, for tests of the
 * writer: from the grammar of RFC 8601 2.2 and strict about it, so that what it does
 * not understand is a fault of what was written.
 */
#ifndef TESTS_AUTHRES_READER_H
#define TESTS_AUTHRES_READER_H

#include <stdbool.h>
#include <stddef.h>

struct authres_read_property { char name[64], value[1024]; };
struct authres_read_result {
	char method[32], result[32], comment[256], reason[512];
	struct authres_read_property properties[8];
	unsigned n_comments, n_properties;
};
struct authres_reader {
	const char *at;                 /* NUL-terminated, unfolded */
	char id[256], none_comment[256];
	struct authres_read_result results[24];
	unsigned n_results;
	bool none;
};

/* `text`: the value as authres_text() gives it. `unfolded` (2 * LIMIT_AUTHRES_OCTETS
 * is enough) lives as long as the reader. False: it is no field. */
bool authres_read(struct authres_reader *r, const char *text, char *unfolded, size_t size);

#endif
