#include "nameserver.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testmain.h"

#define PYTHON "/usr/bin/python3"
#define MAX_ARGUMENTS 32

bool nameserver_is_possible(void)
{
	return system(PYTHON " -c 'import dns.message' 2>/dev/null") == 0;
}

static void run_server(const char *const *arguments, int in, int out)
{
	const char *argv[MAX_ARGUMENTS + 3] = { PYTHON, TESTDIR "/nameserver.py" };

	for (unsigned i = 0; i < MAX_ARGUMENTS && arguments[i] != NULL; i++)
		argv[2 + i] = arguments[i];
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execv(PYTHON, (char *const *)argv);
	_exit(127);
}

/* One line, without its end; octet by octet, so that nothing is read ahead
 * that a forked test would lose. */
static void read_line(struct nameserver *ns)
{
	size_t len = 0;

	while (len < sizeof(ns->reply) - 1 && read(ns->out, &ns->reply[len], 1) == 1 &&
	       ns->reply[len] != '\n')
		len++;
	ns->reply[len] = '\0';
}

void nameserver_start(struct nameserver *ns, const char *const *arguments)
{
	int in[2], out[2];

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ns->pid = fork();
	ck_assert_int_ge(ns->pid, 0);
	if (ns->pid == 0)
		run_server(arguments, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	ns->in = in[1];
	ns->out = out[0];
	read_line(ns);
	ck_assert_msg(sscanf(ns->reply, "port %u", &ns->port) == 1, "no name server: %s", ns->reply);
	snprintf(ns->server, sizeof(ns->server), "127.0.0.1@%u", ns->port);
}

const char *nameserver_command(struct nameserver *ns, const char *format, ...)
{
	char line[1024];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	ck_assert(len > 0 && (size_t)len < sizeof(line) - 1);
	line[len++] = '\n';
	ck_assert_int_eq(write(ns->in, line, (size_t)len), len);
	read_line(ns);
	ck_assert_msg(strncmp(ns->reply, "ok", 2) == 0, "%.*s: %s", len - 1, line, ns->reply);
	return ns->reply;
}

void nameserver_stop(struct nameserver *ns)
{
	int status;

	close(ns->in);
	close(ns->out);
	waitpid(ns->pid, &status, 0);
}
