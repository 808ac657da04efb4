/* fuzz.h - what the fuzz targets share.
 *
 * A target is a function fuzz_NAME(data, size): it hands the octets to one part of
 * alignd and ends the process (FUZZ_NEED) when something does not hold that must
 * hold whatever the octets are. It keeps nothing between calls that could change
 * what a later call finds. libFuzzer calls it through libfuzzer.c; replay.c, with any
 * compiler, runs it over seeds/NAME and findings/NAME.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

typedef void fuzz_target(const uint8_t *data, size_t size);
fuzz_target fuzz_path, fuzz_from, fuzz_authres, fuzz_record, fuzz_signature, fuzz_keyrecord, fuzz_received,
	    fuzz_arc, fuzz_message, fuzz_spf, fuzz_settings, fuzz_journal, fuzz_convert, fuzz_mailbox, fuzz_packet,
	    fuzz_canon, fuzz_address, fuzz_domain, fuzz_json, fuzz_lines;

#define FUZZ_NEED(condition) \
	((condition) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #condition))
void fuzz_failed(const char *file, int line, const char *condition) __attribute__((noreturn));

struct slice fuzz_slice(const uint8_t *data, size_t size);
/* The next line of *rest, which lacks nothing but its line feed; "" at the end. */
struct slice fuzz_line(struct slice *rest);
/* A copy up to the first NUL. */
const char *fuzz_text(struct arena *arena, struct slice s);
/* Equal, where no data is not the same as no octets. */
bool fuzz_same(struct slice a, struct slice b);
bool fuzz_same_text(const char *a, const char *b);      /* NULL is a value too */

#endif
