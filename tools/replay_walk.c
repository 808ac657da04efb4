#include "replay_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/slice.h"

#define MAX_DEPTH 64

const struct name_row replay_fault_names[] = {
	{ FAULT_NONE, "-" },
	{ FAULT_EMPTY, "0 octets" },
	{ FAULT_TOO_LARGE, "over 50 MB" },
	{ FAULT_BINARY, "binary, no message" },
	{ FAULT_NUL, "NUL in the header" },
	{ FAULT_NO_HEADER, "no header" },
	{ FAULT_NO_FROM_LINE, "mbox without a \"From \" line" },
	{ FAULT_OTHER_FILE, "other files: neither *.eml nor mbox" },
	{ FAULT_NOT_REGULAR, "no regular file" },
	{ FAULT_LINKED_DIRECTORY, "symbolic link to a directory, not followed" },
	{ FAULT_LOOP, "symbolic links in a loop" },
	{ FAULT_TOO_DEEP, "directories nested too deep" },
	{ FAULT_GONE, "not there, or no longer" },
	{ FAULT_UNREADABLE, "cannot be read" },
	{ FAULT_REPEATED, "the same message twice at one place" },
	{ 0, NULL },
};

enum place { PLACE_TREE = 0, PLACE_MAILDIR, PLACE_MESSAGES };

struct walk {
	const struct replay_visitor *visitor;
	unsigned depth;
};

static bool visit_directory(struct walk *w, const char *path, const char *key, enum place place);

enum replay_fault replay_fault_of(int code)
{
	switch (code) {
	case ELOOP: return FAULT_LOOP;
	case ENOENT: case ENOTDIR: return FAULT_GONE;
	default: return FAULT_UNREADABLE;
	}
}

static bool say(struct walk *w, enum replay_fault fault, const char *path)
{
	w->visitor->fault(w->visitor->context, fault, path);
	return true;
}

/* ---- what a file is, by its name and its first octets ---- */

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n >= m && slice_equal_nocase(slice_new(name + n - m, m), slice_of(suffix));
}

/* "17" or Cyrus' "17." */
static bool is_number(const char *name)
{
	size_t n = strspn(name, "0123456789");

	return n > 0 && (name[n] == '\0' || strcmp(name + n, ".") == 0);
}

static bool begins_as_mbox(const char *path, int *errno_r)
{
	char start[5];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, start, sizeof(start)) : -1;

	*errno_r = n < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return n == sizeof(start) && memcmp(start, "From ", 5) == 0;
}

/* `named`: PATH itself, which is taken for a message when nothing speaks against it. */
static enum replay_fault classify(const char *path, enum place place, bool named,
				  enum replay_kind *kind_r)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	bool mbox, is_message = place == PLACE_MESSAGES || ends_in(name, ".eml") || is_number(name);
	int code = 0;

	*kind_r = REPLAY_MESSAGE;
	if (is_message)
		return FAULT_NONE;
	mbox = begins_as_mbox(path, &code);
	if (code != 0)
		return replay_fault_of(code);
	if (mbox) {
		*kind_r = REPLAY_MBOX;
		return FAULT_NONE;
	}
	if (ends_in(name, ".mbox") || strcmp(name, "mbox") == 0)
		return FAULT_NO_FROM_LINE;
	return named ? FAULT_NONE : FAULT_OTHER_FILE;
}

/* ---- the walk ---- */

static bool visit_file(struct walk *w, const char *path, const char *key, const struct stat *st,
		       enum place place, bool named)
{
	struct replay_file file = {
		.path = path, .key = key, .octets = (uint64_t)st->st_size,
		.changed_ms = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000,
	};
	enum replay_fault fault;

	if (st->st_size == 0)
		return say(w, FAULT_EMPTY, path);
	fault = classify(path, place, named, &file.kind);
	if (fault != FAULT_NONE)
		return say(w, fault, path);
	if (file.kind == REPLAY_MESSAGE && file.octets > REPLAY_MAX_OCTETS)
		return say(w, FAULT_TOO_LARGE, path);
	return w->visitor->file(w->visitor->context, &file);
}

static bool is_directory(struct arena *arena, const char *path, const char *name)
{
	struct stat st;

	return lstat(arena_printf(arena, "%s/%s", path, name), &st) == 0 && S_ISDIR(st.st_mode);
}

/* What a directory inside of another is. */
static enum place place_of(struct arena *arena, enum place parent, const char *path, const char *name)
{
	if (parent == PLACE_MAILDIR && (strcmp(name, "cur") == 0 || strcmp(name, "new") == 0))
		return PLACE_MESSAGES;
	return is_directory(arena, path, "cur") && is_directory(arena, path, "new") ? PLACE_MAILDIR :
	       PLACE_TREE;
}

/* cur/1.x:2,S and new/1.x are one message: 1.x beside them. */
static const char *key_of(struct arena *arena, const char *key, const char *name, enum place place)
{
	const char *flags = place == PLACE_MESSAGES ? strstr(name, ":2,") : NULL;
	size_t n = flags != NULL ? (size_t)(flags - name) : strlen(name);

	return arena_printf(arena, "%s/%.*s", key, (int)n, name);
}

static bool visit_entry(struct walk *w, const char *parent, const char *parent_key, const char *name,
			enum place place)
{
	struct arena *arena = arena_new();
	const char *path = arena_printf(arena, "%s/%s", parent, name);
	const char *key = key_of(arena, parent_key, name, place);
	enum place inside;
	struct stat st;
	bool is_link = false, go_on = true;
	int code = lstat(path, &st);

	if (code == 0 && S_ISLNK(st.st_mode)) {
		is_link = true;
		code = stat(path, &st);
	}
	inside = code == 0 && S_ISDIR(st.st_mode) ? place_of(arena, place, path, name) : PLACE_TREE;
	if (code != 0)
		say(w, replay_fault_of(errno), path);
	else if (S_ISDIR(st.st_mode) && is_link)
		say(w, FAULT_LINKED_DIRECTORY, path);
	else if (S_ISDIR(st.st_mode) && place == PLACE_MAILDIR && strcmp(name, "tmp") == 0)
		go_on = true;           /* deliveries that were never finished */
	else if (S_ISDIR(st.st_mode))
		go_on = visit_directory(w, path, inside == PLACE_MESSAGES ? parent_key : key, inside);
	else if (!S_ISREG(st.st_mode))
		say(w, FAULT_NOT_REGULAR, path);
	else if (place != PLACE_MAILDIR)        /* there: indexes and the like */
		go_on = visit_file(w, path, key, &st, place, false);
	arena_free(arena);
	return go_on;
}

/* ".Sent" is a folder of a Maildir; elsewhere hidden files are no mail. */
static bool is_skipped(const char *name, enum place place)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	return name[0] == '.' && place != PLACE_MAILDIR;
}

static bool visit_directory(struct walk *w, const char *path, const char *key, enum place place)
{
	struct dirent *entry;
	bool go_on = true;
	DIR *dir;

	if (w->depth >= MAX_DEPTH)
		return say(w, FAULT_TOO_DEEP, path);
	dir = opendir(path);
	if (dir == NULL)
		return say(w, replay_fault_of(errno), path);
	w->depth++;
	while (go_on && (entry = readdir(dir)) != NULL)
		if (!is_skipped(entry->d_name, place))
			go_on = visit_entry(w, path, key, entry->d_name, place);
	w->depth--;
	closedir(dir);
	return go_on;
}

/* A PATH of cur or new itself is a folder of messages. */
static bool visit_named(struct walk *w, struct arena *arena, const char *path, const char *key)
{
	const char *name = strrchr(key, '/');
	struct stat st;

	if (stat(path, &st) != 0)
		return say(w, replay_fault_of(errno), path);
	if (S_ISDIR(st.st_mode) && (strcmp(name, "/cur") == 0 || strcmp(name, "/new") == 0))
		return visit_directory(w, path, arena_strndup(arena, key, (size_t)(name - key)),
				       PLACE_MESSAGES);
	if (S_ISDIR(st.st_mode))
		return visit_directory(w, path, key, place_of(arena, PLACE_TREE, path, ""));
	if (!S_ISREG(st.st_mode))
		return say(w, FAULT_NOT_REGULAR, path);
	return visit_file(w, path, key, &st, PLACE_TREE, true);
}

bool replay_walk(const char *path, const struct replay_visitor *visitor)
{
	struct walk w = { .visitor = visitor };
	char *key = realpath(path, NULL);
	struct arena *arena;
	bool go_on;

	if (key == NULL)
		return say(&w, replay_fault_of(errno), path);
	arena = arena_new();
	go_on = visit_named(&w, arena, path, key);
	arena_free(arena);
	free(key);
	return go_on;
}
