/* file_checks.h - faults for files that somebody else could change, each with the
 * command that mends it. Only where settings_load_guarded() asks: a daemon obeys
 * its files, a tool only reads them. Private to lib/settings.
 */
#ifndef SETTINGS_FILE_CHECKS_H
#define SETTINGS_FILE_CHECKS_H

#include "settings/apply.h"

/* A settings file, an include or a list has been read: root, or who runs this, may
 * be its owner. Not alignd's own user when root reads it: from the next start on it
 * could have what it likes done by root. */
void file_checks_read(struct fault_list *faults, struct place place, const char *name,
		      const char *path);
/* User and group have to be there; of the files and folders that options name alignd's
 * user may be the owner, too. */
void file_checks_options(struct loader *loader);

#endif
