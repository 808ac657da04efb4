/* slice.h - a borrowed view of octets, with its length.
 *
 * Text from strangers is handled as slices: nothing relies on a NUL, and an
 * embedded NUL is an octet like any other. A slice owns nothing; whoever makes
 * it says how long the octets live. Comparisons without case fold ASCII only
 * and never look at the locale.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	const char *data;
	size_t len;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })
/* for "%.*s"; only for text known to be printable */
#define SLICE_ARG(s) (int)(s).len, (s).data

struct slice slice_of(const char *text);      /* NULL gives an empty slice */
struct slice slice_new(const char *data, size_t len);
struct slice slice_from(struct slice s, size_t offset);         /* offset is cut at the end */
struct slice slice_until(struct slice s, size_t end);
bool slice_equal(struct slice a, struct slice b);
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *text);                /* exact */
bool slice_is_nocase(struct slice a, const char *text);
bool slice_starts_nocase(struct slice s, const char *prefix);
/* index of the first `c`, or s.len */
size_t slice_find(struct slice s, char c);
struct slice slice_trim(struct slice s, const char *octets);    /* both ends */
struct slice slice_trim_wsp(struct slice s);                    /* SP and TAB */
/* Cuts the part before the next `c` off *rest; false when *rest was used up
 * (after the last part rest->data is NULL). */
bool slice_split(struct slice *rest, char c, struct slice *part_r);
/* 1*DIGIT without sign, at most `max`; false otherwise, *value_r untouched */
bool slice_number(struct slice s, uint64_t max, uint64_t *value_r);
/* octets of the well-formed UTF-8 sequence that s begins with; 0 when none */
size_t slice_utf8_octets(struct slice s);
bool slice_is_utf8(struct slice s);           /* well-formed UTF-8 (RFC 3629), NUL allowed */

char ascii_lower(char c);
bool ascii_is_alpha(char c);
bool ascii_is_digit(char c);
bool ascii_is_alnum(char c);

#endif
