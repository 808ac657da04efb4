#include "settings/file_checks.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/safe_path.h"

static const struct row {
	const char *name;               /* of a TYPE_PATH option */
	enum safe_path_kind kind;
} rows[] = {
	{ "dmarc.psl_file", SAFE_PATH_READ },
	{ "dns.trust_anchor", SAFE_PATH_READ },
	{ "sample.key_file", SAFE_PATH_SECRET },
	{ "journal.directory", SAFE_PATH_FOLDER },
	{ "store.path", SAFE_PATH_MADE },
	{ "pid_file", SAFE_PATH_MADE },
	/* not dns.zone_file: it is for demos and tests, never for mail that counts */
};

void file_checks_read(struct fault_list *faults, struct place place, const char *name,
		      const char *path)
{
	struct safe_path_owners owners = { { geteuid() }, 1 };
	const char *fault;

	fault = faults->is_guarded ? safe_path_fault(faults->arena, path, SAFE_PATH_READ, &owners) : NULL;
	if (fault != NULL)
		fault_add(faults, place, name, "%s", fault);
}

/* Who runs this, and whom it will become. */
static struct safe_path_owners daemon_owners(const struct settings *settings)
{
	struct safe_path_owners owners = { { geteuid() }, 1 };
	const struct passwd *user = settings->user != NULL ? getpwnam(settings->user) : NULL;

	if (user != NULL && user->pw_uid != owners.uids[0])
		owners.uids[owners.n++] = user->pw_uid;
	return owners;
}

static void add_fault(struct loader *loader, const struct option *option, const char *fault)
{
	unsigned i = (unsigned)(option - options);

	if (fault != NULL)
		fault_add(&loader->faults, loader->state[i].given ? loader->state[i].place :
			  source_place(&loader->source, 1), option->name, "%s", fault);
}

static void check_row(struct loader *loader, const struct row *row,
		      const struct safe_path_owners *owners)
{
	const struct option *option = option_find(row->name);
	const char *path = *(const char *const *)apply_field(loader->settings, option);

	if (path != NULL && path[0] != '\0')
		add_fault(loader, option, safe_path_fault(loader->faults.arena, path, row->kind, owners));
}

/* "/run/alignd" of "local:/run/alignd/alignd.sock"; NULL for other kinds, and for a value that
 * was refused. */
static const char *socket_folder(struct loader *loader)
{
	const char *spec = loader->settings->socket;
	const char *path = spec != NULL ? strchr(spec, '/') : NULL, *slash;

	if (path == NULL || slice_starts_nocase(slice_of(spec), "inet"))
		return NULL;
	slash = strrchr(path, '/');
	return slash == path ? "/" : arena_strndup(loader->faults.arena, path, (size_t)(slash - path));
}

/* Whoever can make files beside the socket can serve in its place, and whoever can
 * connect is believed as if it were the MTA. */
static void check_socket(struct loader *loader, const struct safe_path_owners *owners)
{
	const char *folder = socket_folder(loader);
	struct stat status;

	if (folder == NULL)
		return;
	add_fault(loader, option_find("socket"),
		  safe_path_fault(loader->faults.arena, folder, SAFE_PATH_FOLDER, owners));
	if ((loader->settings->socket_mode & 06) != 0 && stat(folder, &status) == 0 &&
	    (status.st_mode & S_IXOTH) != 0)
		add_fault(loader, option_find("socket_mode"),
			  "every user of this host could speak as the MTA; mend: socket_mode = \"0660\"; "
			  "and group = the MTA's group, or a folder that others cannot enter");
}

static bool is_set(const char *name)
{
	return name != NULL && name[0] != '\0';
}

/* Whose the files have to be is not known without the user: nothing is said of them then. */
static bool check_account(struct loader *loader)
{
	const char *user = loader->settings->user, *group = loader->settings->group;

	if (is_set(group) && getgrnam(group) == NULL)
		add_fault(loader, option_find("group"), arena_printf(loader->faults.arena,
			  "there is no group \"%s\" on this host; \"\" is the user's own", group));
	if (geteuid() != 0 || !is_set(user) || getpwnam(user) != NULL)
		return true;
	add_fault(loader, option_find("user"), arena_printf(loader->faults.arena,
		  "there is no user \"%s\" on this host; mend: systemd-sysusers alignd.conf, which makes "
		  "\"alignd\", or set another one", user));
	return false;
}

void file_checks_options(struct loader *loader)
{
	struct safe_path_owners owners = daemon_owners(loader->settings);

	if (!loader->faults.is_guarded || !check_account(loader))
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, "store.path") != 0 ||
		    loader->settings->store_driver == STORE_SQLITE)
			check_row(loader, &rows[i], &owners);
	check_socket(loader, &owners);
}
