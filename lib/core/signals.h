/* signals.h - signs that a message is what a blatant forgery looks like; in mode
 * override a request to reject stands only while all signals that
 * override.reject_when names hold (RFC 9989 7.4).
 *
 * One row and one small function per signal (signals.c); a signal's bit in a
 * mask is its place in the table. Pure.
 */
#ifndef CORE_SIGNALS_H
#define CORE_SIGNALS_H

#include "base/buf.h"
#include "core/evidence.h"

struct signal_row {
	const char *name;               /* as override.reject_when has it */
	bool (*holds)(const struct evidence *evidence);
	const char *help;               /* when it holds, for manuals and alignctl */
};
extern const struct signal_row signal_rows[];   /* ends with a NULL name */

bool signal_find(struct slice name, unsigned *bit_r);           /* exact; bit: 1u << place */
/* Of the signals in `wanted`, those that do not hold. */
unsigned signals_missing(const struct evidence *evidence, unsigned wanted);
/* Their names with `separator` between; nothing for 0. */
void signals_names(unsigned mask, const char *separator, struct buf *out);

#endif
