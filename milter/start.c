#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "callbacks.h"
#include "log.h"

#define ARENAS 4        /* threads come and go; each arena keeps what it once needed */
#define HOLD_TRIES 500                  /* five seconds in all */
#define HOLD_PAUSE_US 10000

static char text[512];                  /* of the last error */
static char socket_path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
static struct stat socket_was;
static char pid_path[512];
static int ready_pipe = -1;

static int fail(const char **error_r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static int fail(const char **error_r, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	*error_r = text;
	return -1;
}

/* "local:PATH", "unix:PATH" or a bare path; NULL for the inet kinds. */
static const char *unix_path(const char *spec)
{
	struct slice s = slice_of(spec);

	if (slice_starts_nocase(s, "local:") || slice_starts_nocase(s, "unix:"))
		return strchr(spec, ':') + 1;
	return spec[0] == '/' ? spec : NULL;
}

/* libmilter wants numeric addresses in brackets. */
static void library_spec(const char *spec, char *out_r, size_t size)
{
	const char *at = strchr(spec, '@');
	struct address address;

	if (at != NULL && address_parse(slice_of(at + 1), &address))
		snprintf(out_r, size, "%.*s@[%s]", (int)(at - spec), spec, at + 1);
	else
		snprintf(out_r, size, "%s", spec);
}

/* libmilter would remove the socket of a living daemon too. */
static int refuse_living(const char *path, const char **error_r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat status;
	int fd, is_served;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(error_r, "socket %s: the path is too long", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (lstat(path, &status) != 0)
		return errno == ENOENT ? 0 : fail(error_r, "socket %s: %s", path, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return fail(error_r, "socket %s: something that is no socket is in its place", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	is_served = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
		    errno == EAGAIN;
	close(fd);
	return is_served ? fail(error_r, "socket %s: another daemon serves it, "
				 "perhaps alignd runs already", path) : 0;
}

static bool is_set(const char *name)
{
	return name != NULL && name[0] != '\0';
}

/* Whom to become as root, and for whom the socket is; both untouched when the
 * settings do not say and we are not root. */
static int find_account(const struct settings *settings, uid_t *uid_r, gid_t *gid_r,
			const char **error_r)
{
	const struct passwd *user;
	const struct group *group;

	if (geteuid() == 0) {
		user = is_set(settings->user) ? getpwnam(settings->user) : getpwuid(0);
		if (user == NULL)
			return fail(error_r, "user \"%s\" does not exist: systemd-sysusers alignd.conf "
				    "makes \"alignd\", or set another user", settings->user);
		*uid_r = user->pw_uid;
		*gid_r = user->pw_gid;
	}
	if (!is_set(settings->group))
		return 0;
	group = getgrnam(settings->group);
	if (group == NULL)
		return fail(error_r, "group \"%s\" does not exist: set another group, or \"\" for "
			    "the user's own", settings->group);
	*gid_r = group->gr_gid;
	return 0;
}

static bool folder_of(const char *path, char folder[sizeof(socket_path)])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return false;
	snprintf(folder, sizeof(socket_path), "%.*s", (int)(slash - path), path);
	return true;
}

/* Who starts is alone in the socket's folder while he looks whether it is free and takes it:
 * of two at one time the second finds the first there. Whoever may read the folder can hold
 * it for ever: that does not stop the start. A descriptor to be closed, or -1. */
static int hold_folder(const char *path)
{
	char folder[sizeof(socket_path)];
	int fd = folder_of(path, folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	for (int tries = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
		if (errno != EWOULDBLOCK || tries == HOLD_TRIES)
			break;
		usleep(HOLD_PAUSE_US);
	}
	return fd;
}

/* A folder with the set-group-id bit gives its group to what is made in it. */
static bool folder_gives_group(const char *path)
{
	char folder[sizeof(socket_path)];
	struct stat status;

	return folder_of(path, folder) && stat(folder, &status) == 0 && (status.st_mode & S_ISGID) != 0;
}

/* Nothing is changed that is right: the unit forbids chown, and need not allow it. */
static int give(const char *path, uid_t uid, gid_t gid)
{
	struct stat now;

	if (lstat(path, &now) == 0 && (uid == (uid_t)-1 || now.st_uid == uid) &&
	    (gid == (gid_t)-1 || now.st_gid == gid))
		return 0;
	return chown(path, uid, gid);
}

/* Started as root, the socket is the user's. A group that is set gets it, else
 * the group that the folder gives; without either, as root, the user's. */
static int own_socket(const struct settings *settings, const char *path, const char **error_r)
{
	bool is_root = geteuid() == 0;
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;

	if (find_account(settings, &uid, &gid, error_r) != 0)
		return -1;
	if (!is_set(settings->group) && folder_gives_group(path))
		gid = (gid_t)-1;
	if (give(path, is_root ? uid : (uid_t)-1, gid) != 0)
		return fail(error_r, "socket %s: it cannot be given to user and group: %s; not root: set "
			    "group = \"\"; and give its folder the group and the set-group-id bit (chmod g+s)",
			    path, strerror(errno));
	if (chmod(path, settings->socket_mode) != 0 || lstat(path, &socket_was) != 0)
		return fail(error_r, "socket %s: %s", path, strerror(errno));
	memcpy(socket_path, path, strlen(path) + 1);
	return 0;
}

/* What a postmaster can do about it. */
static const char *socket_hint(int reason)
{
	switch (reason) {
	case 0:
		return "; does the name behind @ have an address?";
	case ENOENT:
		return "; its folder has to exist before the start (systemd-tmpfiles --create "
		       "alignd.conf makes /run/alignd, install -d -o alignd -g postfix -m 2750 "
		       "one below Postfix's queue)";
	case EACCES:
	case EPERM:
		return "; its folder has to be writable for the user that starts alignd";
	case EADDRINUSE:
		return "; another program has this port: ss -lntp shows which";
	case EADDRNOTAVAIL:
		return "; this host does not have that address";
	default:
		return "";
	}
}

static int open_socket(const struct settings *settings, const char *path, const char **error_r)
{
	const char *problem = NULL;
	char spec[512];
	mode_t mask;
	int opened, reason;

	if (path != NULL && refuse_living(path, error_r) != 0)
		return -1;
	library_spec(settings->socket, spec, sizeof(spec));
	/* The mode is right from the moment the socket can be connected to. */
	mask = umask(~settings->socket_mode & 0777);
	errno = 0;
	opened = callbacks_open(spec, path != NULL, &problem);
	reason = errno;
	umask(mask);
	if (opened != 0)
		return fail(error_r, "socket %s: %s%s%s%s", settings->socket, problem,
			    reason != 0 ? ": " : "", reason != 0 ? strerror(reason) : "",
			    socket_hint(reason));
	return path != NULL ? own_socket(settings, path, error_r) : 0;
}

int start_open_socket(const struct settings *settings, const char **error_r)
{
	const char *path = unix_path(settings->socket);
	int held = path != NULL ? hold_folder(path) : -1;
	int code = open_socket(settings, path, error_r);

	if (held >= 0)
		close(held);
	return code;
}

/* The number of a socket that is open is given to no other file. */
static bool is_ours(const char *path)
{
	struct stat now;

	return lstat(path, &now) == 0 && now.st_dev == socket_was.st_dev &&
	       now.st_ino == socket_was.st_ino;
}

int start_check_socket(const char **error_r)
{
	if (socket_path[0] == '\0' || is_ours(socket_path))
		return 0;
	return fail(error_r, "socket %s: another daemon has taken it, perhaps alignd was started twice",
		    socket_path);
}

void start_remove_socket(void)
{
	if (socket_path[0] != '\0' && is_ours(socket_path) && unlink(socket_path) != 0)
		log_event(LOG_WARNING, "stop", "socket", socket_path, "problem", strerror(errno), NULL);
}

static void wait_for_child(int fd)
{
	unsigned char code;
	ssize_t got;

	do
		got = read(fd, &code, 1);
	while (got < 0 && errno == EINTR);
	_exit(got == 1 ? code : 71);    /* EX_OSERR: it ended without a word */
}

int start_background(const char **error_r)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail(error_r, "no pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		return fail(error_r, "no new process: %s", strerror(errno));
	if (child > 0) {
		close(ends[1]);
		wait_for_child(ends[0]);
	}
	close(ends[0]);
	ready_pipe = ends[1];
	setsid();
	return 0;
}

void start_report(int exit_code)
{
	unsigned char code = (unsigned char)exit_code;
	int null;

	if (ready_pipe < 0)
		return;
	if (exit_code == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int fd = 0; null >= 0 && fd < 3; fd++)
			dup2(null, fd);
		if (chdir("/") != 0)
			log_event(LOG_WARNING, "start", "problem", "no way to the root folder", NULL);
	}
	if (write(ready_pipe, &code, 1) != 1)
		log_event(LOG_WARNING, "start", "problem", "whoever started the daemon is gone", NULL);
	close(ready_pipe);
	ready_pipe = -1;
}

const char *start_user(void)
{
	const struct passwd *me = getpwuid(geteuid());

	return me != NULL ? me->pw_name : "unknown";
}

static void note_other_user(const char *wanted)
{
	if (is_set(wanted) && strcmp(start_user(), wanted) != 0)
		log_event(LOG_NOTICE, "start", "note", "not root: stays the user that started it",
			  "user", start_user(), "settings", wanted, NULL);
}

int start_drop_privileges(const struct settings *settings, const char **error_r)
{
	uid_t uid = 0;
	gid_t gid = 0;

	if (geteuid() != 0) {
		note_other_user(settings->user);
		return 0;
	}
	if (find_account(settings, &uid, &gid, error_r) != 0)
		return -1;
	if (uid == 0) {
		log_event(LOG_WARNING, "start", "note", "runs as root, since the settings say so", NULL);
		return 0;
	}
	if (initgroups(settings->user, gid) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return fail(error_r, "cannot become user \"%s\": %s", settings->user, strerror(errno));
	if (setuid(0) == 0 || geteuid() == 0)
		return fail(error_r, "cannot give up root for user \"%s\"", settings->user);
	return 0;
}

void start_raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	mem_tune(ARENAS);
}

int start_write_pid(const char *path, const char **error_r)
{
	FILE *file;
	int fd;

	if (!is_set(path))
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL) {
		fail(error_r, "pid_file %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	/* what does not fit the buffer fails, at the latest, when it is closed */
	fprintf(file, "%ld\n", (long)getpid());
	if (fclose(file) != 0)
		return fail(error_r, "pid_file %s: %s", path, strerror(errno));
	snprintf(pid_path, sizeof(pid_path), "%s", path);
	return 0;
}

void start_remove_pid(void)
{
	if (pid_path[0] != '\0' && unlink(pid_path) != 0)
		log_event(LOG_WARNING, "stop", "pid_file", pid_path, "problem", strerror(errno), NULL);
}
