#include "tool_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alignctl.h"
#include "base/mem.h"

static bool is_conninfo(const char *where)
{
	return strstr(where, "://") != NULL || (where[0] != '/' && strchr(where, '=') != NULL);
}

int tool_store_options(const char *name, const struct settings *settings, const char *where,
		       struct store_options *out_r)
{
	bool is_pgsql = where != NULL ? is_conninfo(where) : settings->store_driver == STORE_POSTGRESQL;

	if (where == NULL && settings->store_driver == STORE_NONE)
		return tool_fail(name, EX_CONFIG, "the settings keep no store (store.driver = \"none\"); "
				 "--store names one");
	if (where == NULL)
		where = is_pgsql ? settings->store_conninfo : settings->store_path;
	*out_r = (struct store_options){ .driver = is_pgsql ? &db_postgresql : &db_sqlite, .where = where };
	return 0;
}

static const char *file_hint(const struct store_options *options)
{
	if (options->driver != &db_sqlite || access(options->where, R_OK) == 0)
		return "";
	if (errno == ENOENT)
		return "; alignd makes it when it runs, or alignctl load by hand";
	return errno == EACCES ? ": only alignd's user and root may (sudo alignctl ...)" : "";
}

struct store *tool_store_open(const char *name, const struct store_options *options)
{
	const char *error;
	struct store *store = store_open(options, &error);

	if (store == NULL)
		tool_fail(name, EX_UNAVAILABLE, "%s%s", error, file_hint(options));
	return store;
}

void tool_store_own(const struct store_options *options)
{
	char *folder, *slash;
	struct stat st;
	int fd;

	if (options->driver != &db_sqlite || geteuid() != 0)
		return;
	folder = mem_strdup(options->where);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[slash == folder] = '\0';
	fd = stat(slash != NULL ? folder : ".", &st) == 0 ?
		open(options->where, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640) : -1;
	if (fd >= 0) {
		/* if it may not be, what follows tells */
		(void)!fchown(fd, st.st_uid, st.st_gid);
		close(fd);
	}
	free(folder);
}
