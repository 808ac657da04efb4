#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/names.h"

static const struct name_row facilities[] = {
	{ LOG_MAIL, "mail" }, { LOG_DAEMON, "daemon" }, { LOG_USER, "user" },
	{ LOG_LOCAL0, "local0" }, { LOG_LOCAL1, "local1" }, { LOG_LOCAL2, "local2" },
	{ LOG_LOCAL3, "local3" }, { LOG_LOCAL4, "local4" }, { LOG_LOCAL5, "local5" },
	{ LOG_LOCAL6, "local6" }, { LOG_LOCAL7, "local7" }, { 0, NULL },
};

static bool in_foreground = true;
static atomic_bool to_stderr = true;   /* given up while threads already run */
static bool with_priority;

/* systemd gives device and inode of the stream it connected (systemd.exec(5)). */
static bool is_journal_stream(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	unsigned long long device, inode;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(fd, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

void log_open(bool foreground, const char *facility)
{
	int value = LOG_MAIL;

	names_find(facilities, slice_of(facility), &value);
	in_foreground = foreground;
	to_stderr = true;
	with_priority = foreground && is_journal_stream(STDERR_FILENO);
	/* libmilter writes to syslog(3) by itself: in the foreground on standard error too. */
	openlog("alignd", LOG_PID | (in_foreground ? LOG_PERROR : 0), value);
}

void log_ready(void)
{
	to_stderr = in_foreground;
}

/* One writev per line: lines of several threads do not mix. */
static void write_stderr(int priority, const char *text)
{
	char head[8] = "";
	struct iovec parts[3];
	int head_len = with_priority ? snprintf(head, sizeof(head), "<%d>", priority) : 0;
	struct slice body = slice_of(text);

	parts[0] = (struct iovec){ head, (size_t)head_len };
	parts[1] = (struct iovec){ (void *)body.data, body.len };
	parts[2] = (struct iovec){ (void *)"\n", 1 };
	if (writev(STDERR_FILENO, parts, 3) < 0)
		return;                 /* nobody is left to be told */
}

void log_text(int priority, const char *text)
{
	if (to_stderr)
		write_stderr(priority, text);
	if (!in_foreground)
		syslog(priority, "%s", text);
}

void log_line(int priority, struct logline *line)
{
	log_text(priority, logline_text(line));
	logline_done(line);
}

void log_event(int priority, const char *event, ...)
{
	struct logline line;
	va_list pairs;
	const char *key;

	logline_init(&line, "event=");
	buf_add_str(&line.text, event);
	va_start(pairs, event);
	while ((key = va_arg(pairs, const char *)) != NULL)
		logline_str(&line, key, va_arg(pairs, const char *));
	va_end(pairs);
	log_line(priority, &line);
}
