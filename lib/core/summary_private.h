/* summary_private.h - what header, reply and log line have in common. Private
 * to the summary files.
 */
#ifndef CORE_SUMMARY_PRIVATE_H
#define CORE_SUMMARY_PRIVATE_H

#include "core/summary.h"

bool summary_is_exempt(const struct evidence *e);
/* The author whose result is the message's, and what was found; NULL: none. */
const struct author *summary_author(const struct evidence *e, const struct verdict *v);
const struct author_verdict *summary_judged(const struct evidence *e, const struct verdict *v);
/* Would the signature's domain be aligned, as far as one can tell? Its own
 * Organizational Domain is not looked up when it did not pass. */
bool summary_is_related(const struct author *author, const char *d);
bool summary_is_related_to_any(const struct evidence *e, const char *d);
/* Of a temperror or permerror, ours; NULL. */
const char *summary_result_reason(const struct evidence *e, const struct verdict *v);
/* "none" when there is none. */
const char *summary_disposition(enum disposition d);
/* What was chosen or done, in the words of a published policy. */
enum disposition summary_as_disposition(enum action action);

#endif
