/* safe_path.h - who else could change what a path leads to.
 *
 * A path is safe when nobody but root and the given owners can change the file,
 * or put another in its place: that takes every folder and every link on the
 * way, from the root folder down. A folder with the sticky bit may be passed (in
 * it nobody can replace what belongs to somebody else). A group whose only
 * member is the owner counts as the owner. What an access list grants shows in
 * the group's bits, so it counts as well.
 *
 * Asks the system's user and group databases for names: for starts and reloads.
 */
#ifndef BASE_SAFE_PATH_H
#define BASE_SAFE_PATH_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/arena.h"

enum safe_path_kind {
	SAFE_PATH_READ = 0,             /* a file that is read */
	SAFE_PATH_SECRET,               /* and that not everybody may read */
	SAFE_PATH_FOLDER,               /* in which only the owners may make files */
	SAFE_PATH_MADE,                 /* a file that is made or written in such a folder */
};

struct safe_path_owners {
	uid_t uids[2];                  /* beside root; the last should own what is written */
	unsigned n;
};

/* NULL: safe, or there is nothing (who opens it will say so). Otherwise what is
 * wrong and the command that mends it, in `arena`. A relative path begins at the
 * working folder. */
const char *safe_path_fault(struct arena *arena, const char *path, enum safe_path_kind kind,
			    const struct safe_path_owners *owners);

/* One step of the way: a folder or link that leads to the file (is_passage), or
 * the file itself. `is_own_group`: nobody but the owner is in the file's group. */
enum safe_path_problem {
	SAFE_PATH_SAFE = 0,
	SAFE_PATH_OWNER,                /* belongs to somebody else */
	SAFE_PATH_GROUP_WRITES,
	SAFE_PATH_OTHERS_WRITE,
	SAFE_PATH_OTHERS_READ,
};
enum safe_path_problem safe_path_judge(const struct stat *status, bool is_own_group, bool is_passage,
				       enum safe_path_kind kind, const struct safe_path_owners *owners);

#endif
