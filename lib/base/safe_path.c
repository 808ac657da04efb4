#include "base/safe_path.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40                    /* as many as the kernel follows */

/* A path on its way through the file system; all text is in the arena. */
struct walk {
	struct arena *arena;
	const struct safe_path_owners *owners;
	enum safe_path_kind kind;
	const char *done;               /* without links; "" is the root folder */
	const char *left;               /* "b/c" */
	unsigned links;
	const char *fault;
};

static bool is_owner(const struct safe_path_owners *owners, uid_t uid)
{
	for (unsigned i = 0; i < owners->n; i++)
		if (owners->uids[i] == uid)
			return true;
	return uid == 0;
}

enum safe_path_problem safe_path_judge(const struct stat *status, bool is_own_group, bool is_passage,
				       enum safe_path_kind kind, const struct safe_path_owners *owners)
{
	mode_t mode = status->st_mode;

	if (!is_owner(owners, status->st_uid))
		return SAFE_PATH_OWNER;
	if (S_ISLNK(mode) || (is_passage && (mode & S_ISVTX) != 0))
		return SAFE_PATH_SAFE;
	if ((mode & S_IWOTH) != 0)
		return SAFE_PATH_OTHERS_WRITE;
	if ((mode & S_IWGRP) != 0 && !is_own_group)
		return SAFE_PATH_GROUP_WRITES;
	if (!is_passage && kind == SAFE_PATH_SECRET && (mode & S_IROTH) != 0)
		return SAFE_PATH_OTHERS_READ;
	return SAFE_PATH_SAFE;
}

/* By convention a user's own group has its name and no further member. */
static bool is_own_group(const struct stat *status)
{
	const struct passwd *user = getpwuid(status->st_uid);
	const struct group *group;

	if (user == NULL || user->pw_gid != status->st_gid)
		return false;
	group = getgrgid(status->st_gid);
	if (group == NULL || strcmp(group->gr_name, user->pw_name) != 0)
		return false;
	for (char **member = group->gr_mem; *member != NULL; member++)
		if (strcmp(*member, user->pw_name) != 0)
			return false;
	return true;
}

static const char *user_name(struct arena *arena, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user != NULL ? arena_strdup(arena, user->pw_name) :
			      arena_printf(arena, "%lu", (unsigned long)uid);
}

static const char *group_name(struct arena *arena, gid_t gid)
{
	const struct group *group = getgrgid(gid);

	return group != NULL ? arena_strdup(arena, group->gr_name) :
			       arena_printf(arena, "%lu", (unsigned long)gid);
}

/* What is wrong with one step, and what to do about it. */
static const char *words(const struct walk *walk, const struct stat *status, bool is_passage,
			 enum safe_path_problem problem, const char *path)
{
	static const char *const bits[] = { "o-w", "go-w" };
	unsigned mode = (unsigned)status->st_mode & 07777;
	bool is_roots = is_passage || walk->kind == SAFE_PATH_READ || walk->owners->n == 0;

	switch (problem) {
	case SAFE_PATH_SAFE:
		break;
	case SAFE_PATH_OWNER:
		return arena_printf(walk->arena, "%s belongs to user %s, who can change it; mend: chown %s%s %s",
				    path, user_name(walk->arena, status->st_uid),
				    S_ISLNK(status->st_mode) ? "-h " : "", user_name(walk->arena, is_roots ?
				    0 : walk->owners->uids[walk->owners->n - 1]), path);
	case SAFE_PATH_GROUP_WRITES:
		return arena_printf(walk->arena, "%s can be changed by group %s (mode %04o); mend: chmod g-w %s",
				    path, group_name(walk->arena, status->st_gid), mode, path);
	case SAFE_PATH_OTHERS_WRITE:
		return arena_printf(walk->arena, "%s can be changed by every user of this host (mode %04o); "
				    "mend: chmod %s %s", path, mode, bits[(mode & S_IWGRP) != 0], path);
	case SAFE_PATH_OTHERS_READ:
		return arena_printf(walk->arena, "%s can be read by every user of this host (mode %04o); "
				    "mend: chmod o-r %s", path, mode, path);
	}
	return NULL;
}

static void check_step(struct walk *walk, const struct stat *status, bool is_passage, const char *path)
{
	enum safe_path_problem problem =
		safe_path_judge(status, is_own_group(status), is_passage, walk->kind, walk->owners);

	walk->fault = words(walk, status, is_passage, problem, path);
}

/* Takes the next name off what is left; NULL when nothing is. */
static const char *next_name(struct walk *walk)
{
	const char *begin = walk->left + strspn(walk->left, "/");
	size_t len = strcspn(begin, "/");

	walk->left = begin + len + strspn(begin + len, "/");
	return len > 0 ? arena_strndup(walk->arena, begin, len) : NULL;
}

/* What the link says goes before what is left. */
static bool follow(struct walk *walk, const char *link)
{
	char target[PATH_MAX];
	ssize_t len = readlink(link, target, sizeof(target));

	if (len <= 0 || (size_t)len == sizeof(target) || ++walk->links > LINKS_MAX)
		return false;
	walk->left = arena_printf(walk->arena, "%.*s/%s", (int)len, target, walk->left);
	if (target[0] == '/')
		walk->done = "";
	return true;
}

static const char *folder_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? arena_strndup(arena, path, (size_t)(slash - path)) : "";
}

/* The way ended in "." or "..", at a folder that was looked at as a passage. */
static bool check_end(struct walk *walk)
{
	const char *path = walk->done[0] != '\0' ? walk->done : "/";
	struct stat status;

	if (lstat(path, &status) == 0)
		check_step(walk, &status, false, path);
	return false;
}

/* One name further. False: the end, a fault, or nothing is there. */
static bool step(struct walk *walk)
{
	const char *name = next_name(walk), *path;
	struct stat status;
	bool is_last;

	if (name == NULL)
		return check_end(walk);
	if (strcmp(name, ".") == 0)
		return true;
	if (strcmp(name, "..") == 0) {
		walk->done = folder_of(walk->arena, walk->done);
		return true;
	}
	path = arena_printf(walk->arena, "%s/%s", walk->done, name);
	if (lstat(path, &status) != 0)
		return false;
	is_last = walk->left[0] == '\0' && !S_ISLNK(status.st_mode);
	check_step(walk, &status, !is_last, path);
	if (walk->fault != NULL || S_ISLNK(status.st_mode))
		return walk->fault == NULL && follow(walk, path);
	walk->done = path;
	return !is_last;
}

static const char *fault_of(struct arena *arena, const char *path, enum safe_path_kind kind,
			    const struct safe_path_owners *owners)
{
	struct walk walk = { arena, owners, kind, "", path, 0, NULL };
	struct stat root;

	if (lstat("/", &root) == 0)
		check_step(&walk, &root, true, "/");
	while (walk.fault == NULL && step(&walk))
		;
	return walk.fault;
}

static const char *absolute(struct arena *arena, const char *path)
{
	char here[PATH_MAX];

	if (path[0] == '/' || getcwd(here, sizeof(here)) == NULL)
		return path;
	return arena_printf(arena, "%s/%s", here, path);
}

const char *safe_path_fault(struct arena *arena, const char *path, enum safe_path_kind kind,
			    const struct safe_path_owners *owners)
{
	const char *whole = absolute(arena, path), *fault = NULL;

	if (kind == SAFE_PATH_MADE)
		fault = fault_of(arena, folder_of(arena, whole), SAFE_PATH_FOLDER, owners);
	return fault != NULL ? fault : fault_of(arena, whole, kind, owners);
}
