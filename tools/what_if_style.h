/* what_if_style.h - the look of what-if's page: one style sheet, in the page itself. */
#ifndef TOOLS_WHAT_IF_STYLE_H
#define TOOLS_WHAT_IF_STYLE_H

extern const char what_if_style[];

#endif
