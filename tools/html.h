/* html.h - text and numbers into a page of HTML5 that is well-formed XML too, so that a
 * parser of either can check it.
 *
 * Text may come from strangers. What could be markup is written as a character
 * reference. Control characters, invalid UTF-8, and characters that are not seen
 * or turn the direction of writing are written as \xHH, an octet each, and a
 * backslash is doubled, so that nothing looks like another text. Markup is
 * the program's own and goes out as it is. Errors stay with the stream (ferror()).
 */
#ifndef TOOLS_HTML_H
#define TOOLS_HTML_H

#include <stdint.h>
#include <stdio.h>

/* For elements and for quoted attributes. NULL and "" give "-". */
void html_text(FILE *out, const char *text);
/* For what is copied out of the page: line feeds and tabs stay, no backslash is
 * doubled. The caller's own text, with strangers' words already escaped in it. */
void html_code(FILE *out, const char *text);
/* The same with markup before and behind. */
void html_put_text(FILE *out, const char *before, const char *text, const char *behind);

/* "1,234,567" */
void html_number(FILE *out, uint64_t n);
void html_put_number(FILE *out, const char *before, uint64_t n, const char *behind);
/* "1 message", "2 messages" */
void html_plural(FILE *out, uint64_t n, const char *one, const char *many);
/* "12 %", "0.4 %", "under 0.1 %"; of nothing: "0 %" */
void html_share(FILE *out, uint64_t n, uint64_t of);
/* "2026-11-22", UTC */
void html_day(FILE *out, int64_t utc_ms);

#endif
