/* settings.h - the settings file: read whole, checked whole, then immutable.
 *
 * tree.c is the only file with libconfig; options.c has one row per option
 * (name, type, default, range, help, reload, kind), and everything works from
 * that table: the parser, alignd -n, the check of conf/alignd.conf and of the
 * man page. All faults of a file are reported at once, each with file and line
 * and what is accepted. Settings are shared by reference count; a message keeps
 * the ones it began with.
 */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/domainset.h"
#include "core/evidence.h"
#include "core/netset.h"
#include "core/ruleset.h"

struct string_list {
	const char **items;
	unsigned n;
};
enum write_mode { WRITE_ALWAYS = 0, WRITE_NEVER };
enum address_mode { ADDRESS_DOMAIN = 0, ADDRESS_FULL };

struct settings {
	int references;                         /* atomic; settings_ref/unref */
	struct arena *arena;
	const char *path;
	const char **texts;                     /* beside the option table: values as written */
	const char *rules_text;                 /* likewise; NULL: none */

	const char *socket;
	unsigned socket_mode;
	const char *user, *group, *pid_file;    /* NULL: stay; the user's own; none */
	unsigned stop_timeout_s;
	unsigned connections;                   /* limits.connections */
	const char *authserv_id;                /* never NULL */

	struct ruleset ruleset;                 /* dry_run, mode, override.*, rules, ... */
	struct string_list warnings;            /* "FILE:LINE: rule x: text": no faults, but a person
	                                         * should know; to be said at start and reload */

	enum discovery_method discovery;
	bool psl_guard;
	const char *psl_file;                   /* NULL: the system's */
	const char *quarantine_header;
	enum write_mode authres_write;
	enum address_mode authres_addresses;
	struct string_list authres_strip_ids;
	struct netset *trusted_hops;
	bool authres_comments, authres_polrec;
	const char *sample_key_file;

	unsigned dkim_max_signatures, dkim_minimum_key_bits;
	bool dkim_accept_surplus;

	struct string_list dns_servers;
	unsigned dns_budget_ms, dns_timeout_ms, dns_cache_entries, dns_max_in_flight_per_author;
	unsigned dns_max_lookups, dns_serve_stale_s;
	const char *dns_trust_anchor;           /* NULL: off */
	const char *dns_zone_file;              /* "dns.zone_file": answers from a file, for demos and
	                                         * tests; never in production; NULL */

	bool arc_check;
	unsigned arc_max_sets;

	struct netset *internal_relays;
	struct netset *exempt_networks;
	bool exempt_authenticated;

	const char *journal_directory;          /* "" : no journal */
	enum address_mode journal_addresses;
	unsigned journal_sync_ms, journal_keep_days;
	uint64_t journal_max_bytes, journal_min_free, journal_max_file_bytes;

	enum store_choice { STORE_SQLITE = 0, STORE_POSTGRESQL, STORE_NONE } store_driver;
	const char *store_path;
	const char *store_conninfo;             /* may hold a password: never shown; NULL: none */
	unsigned store_keep_days, store_keep_sums_days;

	const char *log_facility;               /* "mail" ... */
	bool log_opendmarc_line;                /* log.compatible: "QID: example.com fail" first */
	enum reply_code { REPLY_5_7_1 = 0, REPLY_5_7_26 } reject_code;  /* reply.enhanced_code */
};

/* One fault of the file: "FILE:LINE: name: text"; without a line when it is the
 * file that cannot be read, without a name when it is the syntax. */
struct settings_faults {
	unsigned n;
	char **lines;                           /* sorted by file position */
};

/* NULL when there is any fault; `faults` gets all of them (settings_faults_free). */
struct settings *settings_load(const char *path, struct settings_faults *faults);
/* The same for who obeys these settings: what somebody else than root, the caller or
 * `user` could change of the files that are read, named or written is a fault, with
 * the command that mends it (base/safe_path.h). Main thread. */
struct settings *settings_load_guarded(const char *path, struct settings_faults *faults);
/* With other values than the file's for options of kind `decide`: each change is
 * "NAME=VALUE", written as in a file (a word may go without its quotes). What cannot be
 * varied is a fault that says why. Nothing is done by such settings: dry_run = false
 * needs no quarantine.method. */
struct settings *settings_load_with(const char *path, const char *const *changes, unsigned n_changes,
				    struct settings_faults *faults);
void settings_faults_free(struct settings_faults *faults);
struct settings *settings_ref(struct settings *settings);
void settings_unref(struct settings *settings);                 /* NULL is allowed */

/* The names of changed options that need a restart, "socket, user"; NULL when
 * all changes can take effect. In `now`'s arena. */
const char *settings_restart_needed(const struct settings *before, struct settings *now);

/* Options whose values are written differently, and "rules"; not what is secret.
 * `decides`: it changes decisions; `gathers`: what they rest on. Ends with a NULL name;
 * in `arena`. */
struct settings_difference {
	const char *name, *before, *after;
	bool decides, gathers;
};
const struct settings_difference *settings_compare(const struct settings *before,
						   const struct settings *after,
						   struct arena *arena);

/* The rules that are over at now_ms, or end within RULE_CALENDAR_WARN_DAYS; lines as
 * in `warnings`. For a check by hand: the daemon has its own words. In `arena`. */
struct string_list settings_expiring(const struct settings *settings, struct arena *arena,
				     int64_t now_ms);

/* The option table, for documents and their checks: one line per option,
 * "name<TAB>type<TAB>default<TAB>accepted<TAB>kind<TAB>reload|restart<TAB>help". */
void settings_print_table(FILE *out);
/* What stands in a rule, likewise: "NAME<TAB>VALUE"; the names of match begin
 * with "match.". */
void settings_print_rule_table(FILE *out);

#endif
