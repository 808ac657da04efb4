#include "guard.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define MACROS 'D'
#define RECEIVE_ERROR 4         /* of the library's own: anything below a blank is an error */

typedef char *reader_fn(int socket, struct timeval *timeout, char *command, size_t *len, char *name);
static reader_fn *reader;

int sigwait(const sigset_t *set, int *signal_r)
{
	sigset_t all;

	(void)set;
	(void)signal_r;
	sigfillset(&all);
	for (;;)
		sigsuspend(&all);
}

bool guard_init(void)
{
	void *found = dlsym(RTLD_NEXT, "mi_rd_cmd");

	memcpy(&reader, &found, sizeof(reader));        /* ISO C has no cast for this */
	return reader != NULL;
}

/* The step's letter, then names and values in turn, each with its NUL. */
static bool are_pairs(const char *data, size_t len)
{
	unsigned strings = 0;

	for (size_t i = 1; i < len; i++)
		strings += data[i] == '\0';
	return strings % 2 == 0 && (len == 1 || data[len - 1] == '\0');
}

char *mi_rd_cmd(int socket, struct timeval *timeout, char *command, size_t *len, char *name)
{
	char *data = reader(socket, timeout, command, len, name);

	if (data == NULL || *command != MACROS || are_pairs(data, *len))
		return data;
	free(data);
	*command = RECEIVE_ERROR;
	*len = 0;
	return NULL;
}
