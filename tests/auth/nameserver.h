/* nameserver.h - runs tests/nameserver.py for a test program. */
#ifndef NAMESERVER_H
#define NAMESERVER_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct nameserver {
	pid_t pid;
	int in, out;            /* its standard input and output */
	unsigned port;
	char server[32];        /* "127.0.0.1@PORT" */
	char reply[256];
};

/* Is there a Python with dnspython to run it? */
bool nameserver_is_possible(void);
/* `arguments` ends with NULL; the test fails when it does not start. */
void nameserver_start(struct nameserver *ns, const char *const *arguments);
/* Sends one command and returns its reply, which must begin with "ok". */
const char *nameserver_command(struct nameserver *ns, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void nameserver_stop(struct nameserver *ns);

#endif
