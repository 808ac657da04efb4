/* tool_store.h - which store a subcommand works with: that of the settings, or
 * the one of --store.
 */
#ifndef TOOLS_TOOL_STORE_H
#define TOOLS_TOOL_STORE_H

#include "settings/settings.h"
#include "store/store.h"

/* `where` (NULL: the settings): the path of an SQLite file, or a libpq connection
 * string (which has a = or is a URI). 0, or an exit code after it was told. */
int tool_store_options(const char *name, const struct settings *settings, const char *where,
		       struct store_options *out_r);
/* NULL after it was told why not, and what can be done about it; then EX_UNAVAILABLE. */
struct store *tool_store_open(const char *name, const struct store_options *options);
/* Root makes an SQLite file for whoever owns its folder, or the daemon could not
 * write it. Nothing is done to a file that is there. */
void tool_store_own(const struct store_options *options);

#endif
