#include "settings/options.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "core/signals.h"
#include "settings/settings.h"

static const struct name_row mode_words[] = {
	{ MODE_OVERRIDE, "override" }, { MODE_HONOR, "honor" }, { 0, NULL },
};
static const struct name_row discovery_words[] = {
	{ DISCOVERY_TREEWALK, "treewalk" }, { DISCOVERY_PSL, "psl" }, { 0, NULL },
};
static const struct name_row pct_words[] = {
	{ PCT_HONOR, "honor" }, { PCT_IGNORE, "ignore" }, { 0, NULL },
};
static const struct name_row temperror_words[] = {
	{ TEMPERROR_ACCEPT, "accept" }, { TEMPERROR_TEMPFAIL, "tempfail" }, { 0, NULL },
};
static const struct name_row bad_from_words[] = {
	{ ACTION_QUARANTINE, "quarantine" }, { ACTION_ACCEPT, "accept" },
	{ ACTION_REJECT, "reject" }, { 0, NULL },
};
static const struct name_row reject_words[] = {
	{ REQUEST_FOLLOW, "follow" }, { REQUEST_QUARANTINE, "quarantine" },
	{ REQUEST_ACCEPT, "accept" }, { 0, NULL },
};
static const struct name_row uncorroborated_words[] = {
	{ REQUEST_QUARANTINE, "quarantine" }, { REQUEST_ACCEPT, "accept" },
	{ REQUEST_FOLLOW, "follow" }, { 0, NULL },
};
static const struct name_row quarantine_words[] = {
	{ REQUEST_FOLLOW, "follow" }, { REQUEST_ACCEPT, "accept" }, { 0, NULL },
};
static const struct name_row method_words[] = {
	{ QUARANTINE_HEADER, "header" }, { QUARANTINE_HOLD, "hold" },
	{ QUARANTINE_REJECT, "reject" }, { 0, NULL },
};
static const struct name_row write_words[] = {
	{ WRITE_ALWAYS, "always" }, { WRITE_NEVER, "never" }, { 0, NULL },
};
static const struct name_row address_words[] = {
	{ ADDRESS_DOMAIN, "domain" }, { ADDRESS_FULL, "full" }, { 0, NULL },
};
static const struct name_row body_length_words[] = {    /* accept surplus? */
	{ false, "reject" }, { true, "accept" }, { 0, NULL },
};
static const struct name_row test_key_words[] = {       /* refuse them? */
	{ false, "accept" }, { true, "ignore" }, { 0, NULL },
};
static const struct name_row reply_words[] = {
	{ REPLY_5_7_1, "5.7.1" }, { REPLY_5_7_26, "5.7.26" }, { 0, NULL },
};
static const struct name_row driver_words[] = {
	{ STORE_SQLITE, "sqlite" }, { STORE_POSTGRESQL, "postgresql" }, { STORE_NONE, "none" },
	{ 0, NULL },
};
static const struct name_row facility_words[] = {
	{ 0, "mail" }, { 1, "daemon" }, { 2, "local0" }, { 3, "local1" }, { 4, "local2" },
	{ 5, "local3" }, { 6, "local4" }, { 7, "local5" }, { 8, "local6" }, { 9, "local7" },
	{ 0, NULL },
};

const struct name_row option_type_names[] = {
	{ TYPE_TEXT, "string" }, { TYPE_PATH, "path" }, { TYPE_WORD, "word" },
	{ TYPE_BOOL, "bool" }, { TYPE_INTEGER, "integer" }, { TYPE_SIZE, "size" },
	{ TYPE_OCTAL, "octal" }, { TYPE_TEXTS, "list of strings" },
	{ TYPE_NETWORKS, "list of networks" }, { TYPE_DOMAINS, "list of domains" },
	{ TYPE_SIGNALS, "list of signals" }, { 0, NULL },
};
const struct name_row option_kind_names[] = {
	{ KIND_COLLECT, "collect" }, { KIND_DECIDE, "decide" }, { KIND_RUN, "run" }, { 0, NULL },
};
const struct name_row option_change_names[] = {
	{ CHANGE_RELOAD, "reload" }, { CHANGE_RESTART, "restart" }, { 0, NULL },
};

#define FIELD(f) .offset = offsetof(struct settings, f), \
	.bytes = sizeof(((struct settings *)NULL)->f)
#define TEXT(low, high) .type = TYPE_TEXT, .min = (low), .max = (high)
#define PATH(low) .type = TYPE_PATH, .min = (low), .max = 1023, .check = value_check_path
#define WORD(table) .type = TYPE_WORD, .words = (table)
#define BOOL .type = TYPE_BOOL
#define INTEGER(low, high) .type = TYPE_INTEGER, .min = (low), .max = (high)
#define SIZE(low, low_text, high, high_text) .type = TYPE_SIZE, .min = (low), .max = (high), \
	.min_text = (low_text), .max_text = (high_text)
#define MB 1000000ULL
#define GB 1000000000ULL

/* In the order of alignd.conf and alignd.conf(5). */
const struct option options[] = {
	{ "dry_run", BOOL, .kind = KIND_DECIDE, FIELD(ruleset.dry_run),
	  .help = "judge, write down and count, but do nothing to the message" },
	{ "enforce_percent", INTEGER(0, 100), .kind = KIND_DECIDE, .initial = "100",
	  FIELD(ruleset.enforce_percent),
	  .help = "share of the senders for whom verdicts are carried out" },
	{ "mode", WORD(mode_words), .kind = KIND_DECIDE, .initial = "\"override\"",
	  FIELD(ruleset.mode),
	  .help = "whose will is done: the receiver's own policy, or the owner's request to the letter" },
	{ "authserv_id", TEXT(0, 253), .kind = KIND_RUN, .initial = "\"\"",
	  .check = value_check_id, FIELD(authserv_id),
	  .accepted = "a name such as \"mx.example.com\"; \"\" is the host name, if it has a dot",
	  .help = "our name in Authentication-Results; incoming fields of this name are removed" },

	{ "socket", TEXT(1, 512), .kind = KIND_RUN, .change = CHANGE_RESTART,
	  .initial = "\"local:/run/alignd/alignd.sock\"", .check = value_check_socket, FIELD(socket),
	  .accepted = "\"local:PATH\", \"unix:PATH\", \"inet:PORT@HOST\", \"inet6:PORT@HOST\"",
	  .help = "where the MTA finds alignd" },
	{ "socket_mode", .type = TYPE_OCTAL, .kind = KIND_RUN, .change = CHANGE_RESTART,
	  .initial = "\"0660\"", .min = 0600, .max = 0666, FIELD(socket_mode),
	  .accepted = "permission bits in octal from \"0600\" to \"0666\", without x",
	  .help = "permissions of a local socket" },
	{ "user", TEXT(0, 32), .kind = KIND_RUN, .change = CHANGE_RESTART,
	  .initial = "\"alignd\"", .check = value_check_account, FIELD(user),
	  .accepted = "the name of a user; \"\" stays what it was started as",
	  .help = "whom alignd becomes when it is started as root" },
	{ "group", TEXT(0, 32), .kind = KIND_RUN, .change = CHANGE_RESTART,
	  .initial = "\"\"", .check = value_check_account, FIELD(group),
	  .accepted = "the name of a group; \"\" is the user's own",
	  .help = "the group of the process and of a local socket" },
	{ "pid_file", PATH(0), .kind = KIND_RUN, .change = CHANGE_RESTART,
	  .initial = "\"\"", FIELD(pid_file), .accepted = "an absolute path; \"\" writes none",
	  .help = "where the process id is written; systemd needs none" },
	{ "stop_timeout", INTEGER(1, 600), .kind = KIND_RUN, .initial = "30",
	  FIELD(stop_timeout_s),
	  .help = "seconds that a stop waits for messages in flight" },
	{ "limits.connections", INTEGER(1, 20000), .kind = KIND_RUN, .initial = "1000",
	  FIELD(connections),
	  .help = "connections of the MTA at one time; one more gets a temporary failure" },

	{ "dmarc.discovery", WORD(discovery_words), .kind = KIND_COLLECT,
	  .initial = "\"treewalk\"", FIELD(discovery),
	  .help = "how record and Organizational Domain are found: RFC 9989 or RFC 7489" },
	{ "dmarc.psl_guard", BOOL, .kind = KIND_COLLECT, .initial = "true", FIELD(psl_guard),
	  .help = "a walk never makes a public suffix an Organizational Domain (RFC 9989 11.8)" },
	{ "dmarc.psl_file", PATH(0), .kind = KIND_COLLECT, .initial = "\"\"", FIELD(psl_file),
	  .accepted = "an absolute path; \"\" is the system's list",
	  .help = "the public suffix list" },
	{ "dmarc.pct", WORD(pct_words), .kind = KIND_DECIDE, .initial = "\"honor\"",
	  FIELD(ruleset.pct),
	  .help = "whether an owner's pct takes messages out of the request" },
	{ "dmarc.psl_honors_t", BOOL, .kind = KIND_DECIDE, .initial = "false",
	  FIELD(ruleset.psl_honors_t),
	  .help = "whether t=y (test mode) counts with discovery = \"psl\"" },
	{ "dmarc.on_temperror", WORD(temperror_words), .kind = KIND_DECIDE,
	  .initial = "\"accept\"", FIELD(ruleset.on_temperror),
	  .help = "what becomes of mail that DNS failures leave undecided" },
	{ "dmarc.on_bad_from", WORD(bad_from_words), .kind = KIND_DECIDE,
	  .initial = "\"quarantine\"", FIELD(ruleset.on_bad_from),
	  .help = "what becomes of mail with no, a repeated or an unusable From" },

	{ "override.reject_when", .type = TYPE_SIGNALS, .max = 16, .kind = KIND_DECIDE,
	  .initial = "[ \"not-list-shaped\", \"not-forwarded\" ]", FIELD(ruleset.reject_when),
	  .help = "signals that must all hold for a request to reject to stay one (RFC 9989 7.4)" },
	{ "override.reject", WORD(reject_words), .kind = KIND_DECIDE,
	  .initial = "\"follow\"", FIELD(ruleset.override_reject),
	  .help = "what becomes of a request to reject when all those signals hold" },
	{ "override.uncorroborated", WORD(uncorroborated_words), .kind = KIND_DECIDE,
	  .initial = "\"quarantine\"", FIELD(ruleset.override_uncorroborated),
	  .help = "what becomes of a request to reject when one of them is missing" },
	{ "override.quarantine", WORD(quarantine_words), .kind = KIND_DECIDE,
	  .initial = "\"follow\"", FIELD(ruleset.override_quarantine),
	  .help = "what becomes of a request to quarantine in mode \"override\"" },

	{ "recipients_differ", WORD(recipients_differ_names), .kind = KIND_DECIDE,
	  .initial = "\"quarantine\"", FIELD(ruleset.recipients_differ),
	  .help = "what becomes of a message whose recipients have different rules" },

	{ "quarantine.method", WORD(method_words), .kind = KIND_DECIDE,
	  FIELD(ruleset.quarantine),
	  .help = "how mail is quarantined; required when dry_run = false" },
	{ "quarantine.header", TEXT(1, 64), .kind = KIND_RUN,
	  .initial = "\"X-Alignd-Quarantine\"", .check = value_check_header,
	  FIELD(quarantine_header),
	  .accepted = "the name of a field of our own, letters, digits and -",
	  .help = "the field that tells the delivery agent; incoming ones are removed" },

	{ "reply.enhanced_code", WORD(reply_words), .kind = KIND_RUN,
	  .initial = "\"5.7.1\"", FIELD(reject_code),
	  .help = "enhanced status code of a reject" },

	{ "authres.write", WORD(write_words), .kind = KIND_RUN, .initial = "\"always\"",
	  FIELD(authres_write),
	  .help = "whether Authentication-Results is written and forged ones are removed" },
	{ "authres.addresses", WORD(address_words), .kind = KIND_RUN,
	  .initial = "\"domain\"", FIELD(authres_addresses),
	  .help = "whether local parts appear in smtp.mailfrom and header.i" },
	{ "authres.strip_ids", .type = TYPE_TEXTS, .max = 64, .kind = KIND_RUN, .initial = "[]",
	  .check = value_check_id, FIELD(authres_strip_ids),
	  .accepted = "a list of up to 64 names such as [ \"mx2.example.com\" ]",
	  .help = "further ids whose incoming fields are removed" },
	{ "authres.trusted_hops", .type = TYPE_NETWORKS, .max = 10000, .kind = KIND_RUN,
	  .initial = "[]", FIELD(trusted_hops),
	  .help = "clients whose Authentication-Results fields are kept" },
	{ "authres.comments", BOOL, .kind = KIND_RUN, .initial = "true", FIELD(authres_comments),
	  .help = "the comment (p=... dis=...) behind the dmarc result" },
	{ "authres.polrec", BOOL, .kind = KIND_RUN, .initial = "false", FIELD(authres_polrec),
	  .help = "the properties polrec.p and polrec.domain of RFC 7489" },

	{ "dkim.max_signatures", INTEGER(1, LIMIT_SIGNATURES_SEEN), .kind = KIND_COLLECT,
	  .initial = "16", FIELD(dkim_max_signatures),
	  .help = "signatures of one message that are verified" },
	{ "dkim.minimum_key_bits", INTEGER(1024, 4096), .kind = KIND_COLLECT,
	  .initial = "1024", FIELD(dkim_minimum_key_bits),
	  .help = "smallest RSA key that counts (RFC 8301 3.2)" },
	{ "dkim.body_length", WORD(body_length_words), .kind = KIND_COLLECT,
	  .initial = "\"reject\"", FIELD(dkim_accept_surplus),
	  .help = "what becomes of a signature when the body goes on behind its l=" },
	{ "dkim.test_keys", WORD(test_key_words), .kind = KIND_DECIDE,
	  .initial = "\"accept\"", FIELD(ruleset.refuse_test_keys),
	  .help = "whether a signature whose key says t=y counts" },

	{ "arc.check", BOOL, .kind = KIND_COLLECT, .initial = "true", FIELD(arc_check),
	  .help = "whether ARC chains are verified (RFC 8617)" },
	{ "arc.max_sets", INTEGER(1, 50), .kind = KIND_COLLECT, .initial = "20",
	  FIELD(arc_max_sets), .help = "sets of a chain that are verified; a longer one fails" },
	{ "arc.trusted_sealers", .type = TYPE_DOMAINS, .max = 10000, .kind = KIND_DECIDE,
	  .initial = "[]", .check = value_check_domain, FIELD(ruleset.trusted_sealers),
	  .help = "sealers whose word about the original results is taken" },
	{ "arc.require_intact", BOOL, .kind = KIND_DECIDE, .initial = "false",
	  FIELD(ruleset.arc_require_intact),
	  .help = "the content must still be what the trusted sealer signed" },

	{ "dns.servers", .type = TYPE_TEXTS, .max = 16, .kind = KIND_COLLECT, .initial = "[]",
	  .check = value_check_server, FIELD(dns_servers),
	  .accepted = "a list of up to 16 \"ADDRESS\" or \"ADDRESS@PORT\"; [] is the system's",
	  .help = "the recursive resolvers that are asked" },
	{ "dns.budget_ms", INTEGER(100, 240000), .kind = KIND_COLLECT, .initial = "20000",
	  FIELD(dns_budget_ms),
	  .help = "longest wait at the end of a message for answers still missing" },
	{ "dns.timeout_ms", INTEGER(50, 60000), .kind = KIND_COLLECT, .initial = "5000",
	  FIELD(dns_timeout_ms), .help = "longest wait for one look-up" },
	{ "dns.cache_entries", INTEGER(1000, 10000000), .kind = KIND_COLLECT,
	  .initial = "100000", FIELD(dns_cache_entries), .help = "answers kept in memory" },
	{ "dns.max_in_flight_per_author", INTEGER(1, 10000), .kind = KIND_COLLECT,
	  .initial = "60", FIELD(dns_max_in_flight_per_author),
	  .help = "look-ups of one domain that may be slow at one time; beyond, it is asked nothing more" },
	{ "dns.max_lookups", INTEGER(LIMIT_MESSAGE_LOOKUPS, 1000), .kind = KIND_COLLECT,
	  .initial = "60", FIELD(dns_max_lookups), .help = "names that one message may have looked up" },
	{ "dns.serve_stale_s", INTEGER(0, 604800), .kind = KIND_COLLECT, .initial = "0",
	  FIELD(dns_serve_stale_s),
	  .help = "seconds beyond its TTL that an answer serves while the servers fail; 0 is off" },
	{ "dns.trust_anchor", PATH(0), .kind = KIND_COLLECT, .initial = "\"\"",
	  FIELD(dns_trust_anchor), .accepted = "an absolute path; \"\" is off",
	  .help = "file with the root's key: alignd checks DNSSEC itself" },
	{ "dns.zone_file", PATH(0), .kind = KIND_COLLECT, .initial = "\"\"",
	  FIELD(dns_zone_file), .accepted = "an absolute path; \"\" is off",
	  .help = "answers come from this file and not from the DNS: tests and demos only" },

	{ "internal_relays", .type = TYPE_NETWORKS, .max = 10000, .kind = KIND_COLLECT,
	  .initial = "[]", FIELD(internal_relays),
	  .help = "own gateways and backup MX hosts: the client is the one their Received field names" },
	{ "exempt.networks", .type = TYPE_NETWORKS, .max = 10000, .kind = KIND_COLLECT,
	  .initial = "[ \"127.0.0.0/8\", \"::1/128\" ]", FIELD(exempt_networks),
	  .help = "clients whose mail is not evaluated" },
	{ "exempt.authenticated", BOOL, .kind = KIND_COLLECT, .initial = "true",
	  FIELD(exempt_authenticated),
	  .help = "whether mail of authenticated clients is not evaluated" },

	{ "sample.key_file", PATH(1), .kind = KIND_COLLECT,
	  .initial = "\"/var/lib/alignd/sample.key\"", FIELD(sample_key_file),
	  .accepted = "an absolute path",
	  .help = "key of the draws behind pct; made at the first start" },

	{ "journal.directory", PATH(0), .kind = KIND_RUN, .change = CHANGE_RESTART,
	  .initial = "\"/var/lib/alignd/journal\"", FIELD(journal_directory),
	  .accepted = "an absolute path; \"\" keeps no journal",
	  .help = "where one line per message is kept" },
	{ "journal.addresses", WORD(address_words), .kind = KIND_RUN,
	  .initial = "\"domain\"", FIELD(journal_addresses),
	  .help = "whether local parts are written to the journal" },
	{ "journal.sync_ms", INTEGER(0, 60000), .kind = KIND_RUN, .initial = "1000",
	  FIELD(journal_sync_ms),
	  .help = "milliseconds of lines that a power loss may cost; 0 syncs before every answer" },
	{ "journal.keep_days", INTEGER(1, 3650), .kind = KIND_RUN, .initial = "30",
	  FIELD(journal_keep_days), .help = "days after which journal files are deleted" },
	{ "journal.max_file_bytes", SIZE(MB, "1 MB", 100 * GB, "100 GB"), .kind = KIND_RUN,
	  .initial = "\"1 GB\"", FIELD(journal_max_file_bytes),
	  .help = "size at which a new file is begun within a day" },
	{ "journal.max_bytes", SIZE(MB, "1 MB", 100000 * GB, "100 TB"), .kind = KIND_RUN,
	  .initial = "\"20 GB\"", FIELD(journal_max_bytes),
	  .help = "space for all journal files; the oldest go first" },
	{ "journal.min_free", SIZE(0, "0", 100000 * GB, "100 TB"), .kind = KIND_RUN,
	  .initial = "\"1 GB\"", FIELD(journal_min_free),
	  .help = "free space left to others on the journal's file system" },

	{ "store.driver", WORD(driver_words), .kind = KIND_RUN, .initial = "\"sqlite\"",
	  FIELD(store_driver), .help = "the database that the journal is loaded into" },
	{ "store.path", PATH(1), .kind = KIND_RUN, .initial = "\"/var/lib/alignd/store.sqlite\"",
	  FIELD(store_path), .accepted = "an absolute path", .help = "the file of driver \"sqlite\"" },
	{ "store.conninfo", TEXT(0, 1024), .kind = KIND_RUN, .initial = "\"\"", .is_secret = true,
	  FIELD(store_conninfo),
	  .accepted = "a connection string such as \"host=db.example.com dbname=alignd user=alignd\"",
	  .help = "where driver \"postgresql\" finds its database; may hold a password" },
	{ "store.keep_days", INTEGER(1, 3650), .kind = KIND_RUN, .initial = "30",
	  FIELD(store_keep_days), .help = "days after which single messages leave the store" },
	{ "store.keep_sums_days", INTEGER(1, 36500), .kind = KIND_RUN, .initial = "400",
	  FIELD(store_keep_sums_days), .help = "days after which the sums of a day leave the store" },

	{ "log.facility", WORD(facility_words), .kind = KIND_RUN, .change = CHANGE_RESTART,
	  .initial = "\"mail\"", FIELD(log_facility), .help = "facility of the system log" },
	{ "log.compatible", BOOL, .kind = KIND_RUN, .initial = "false", FIELD(log_opendmarc_line),
	  .help = "first a line \"QID: DOMAIN RESULT\" for existing parsers" },
};
const unsigned n_options = sizeof(options) / sizeof(options[0]);

static const char *const groups[] = {
	"limits", "dmarc", "override", "quarantine", "reply", "authres", "dkim", "arc", "dns", "exempt",
	"sample", "journal", "store", "log",
};

/* Parts of the design that this version does not have. */
static const char *const unbuilt[] = {
	"report", "failure_report", "metrics",
};

const struct option *option_find(const char *name)
{
	for (unsigned i = 0; i < n_options; i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

bool option_is_secret_key(struct slice key)
{
	for (unsigned i = 0; i < n_options; i++) {
		const char *dot = strrchr(options[i].name, '.');

		if (options[i].is_secret && slice_is(key, dot != NULL ? dot + 1 : options[i].name))
			return true;
	}
	return false;
}

static size_t group_length(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? (size_t)(dot - name) : 0;
}

bool option_is_group(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcmp(groups[i], name) == 0)
			return true;
	return false;
}

bool option_is_unbuilt(const char *name)
{
	for (size_t i = 0; i < sizeof(unbuilt) / sizeof(unbuilt[0]); i++) {
		size_t len = strlen(unbuilt[i]);

		if (strncmp(name, unbuilt[i], len) == 0 && (name[len] == '\0' || name[len] == '.'))
			return true;
	}
	return false;
}

void options_add_words(const struct name_row *words, struct buf *out)
{
	for (; words->name != NULL; words++)
		buf_printf(out, "\"%s\"%s", words->name, words[1].name != NULL ? ", " : "");
}

void option_accepted(const struct option *option, struct buf *out)
{
	if (option->accepted != NULL) {
		buf_add_str(out, option->accepted);
		return;
	}
	switch (option->type) {
	case TYPE_WORD:
		options_add_words(option->words, out);
		break;
	case TYPE_BOOL:
		buf_add_str(out, "true, false");
		break;
	case TYPE_INTEGER:
		buf_printf(out, "a whole number from %llu to %llu", (unsigned long long)option->min,
			   (unsigned long long)option->max);
		break;
	case TYPE_SIZE:
		buf_printf(out, "octets, or a size in quotes, from \"%s\" to \"%s\"", option->min_text,
			   option->max_text);
		break;
	case TYPE_NETWORKS:
		buf_add_str(out, "a list such as [ \"192.0.2.0/24\", \"2001:db8::/32\" ]");
		break;
	case TYPE_DOMAINS:
		buf_add_str(out, "a list such as [ \"example.com\", \".example.org\" ]");
		break;
	case TYPE_SIGNALS:
		buf_add_str(out, "a list of \"");
		signals_names(~0u, "\", \"", out);
		buf_add_char(out, '"');
		break;
	case TYPE_TEXT:
	case TYPE_PATH:
	case TYPE_OCTAL:
	case TYPE_TEXTS:
		assert(!"an option of this type says what it accepts");
	}
}

enum { NEAR_MAX = 48 };

/* Edits between the two (Levenshtein, without case, `-` is `_`), NEAR_MAX when
 * one is too long to be asked about. */
static unsigned edits(const char *a, const char *b)
{
	unsigned row[NEAR_MAX + 1];
	size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a > NEAR_MAX || len_b > NEAR_MAX)
		return NEAR_MAX;
	for (unsigned k = 0; k <= len_b; k++)
		row[k] = k;
	for (unsigned i = 1; i <= len_a; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned k = 1; k <= len_b; k++) {
			char x = a[i - 1] == '-' ? '_' : ascii_lower(a[i - 1]);
			char y = b[k - 1] == '-' ? '_' : b[k - 1];
			unsigned best = diagonal + (x != y);

			diagonal = row[k];
			best = best < row[k] + 1 ? best : row[k] + 1;
			row[k] = best < row[k - 1] + 1 ? best : row[k - 1] + 1;
		}
	}
	return row[len_b];
}

static bool is_near(unsigned distance, const char *name)
{
	return distance <= (strlen(name) < 5 ? 1U : strlen(name) < 10 ? 2U : 3U);
}

const char *option_near(const char *name)
{
	const char *last = strrchr(name, '.') != NULL ? strrchr(name, '.') + 1 : name;
	const char *best = NULL;
	unsigned best_edits = NEAR_MAX;

	for (unsigned i = 0; i < n_options; i++) {
		const char *row = options[i].name;
		size_t group = group_length(row);
		unsigned whole = edits(name, row);
		unsigned key = group > 0 ? edits(last, row + group + 1) + 1 : edits(last, row) + 1;

		/* the right key in a wrong place is a little farther than a slip */
		whole = key < whole && key <= 2 ? key : whole;
		if (whole < best_edits && is_near(whole, name)) {
			best_edits = whole;
			best = row;
		}
	}
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		unsigned distance = edits(name, groups[i]);

		if (distance < best_edits && is_near(distance, groups[i])) {
			best_edits = distance;
			best = groups[i];
		}
	}
	return best == NULL && is_near(edits(name, "rules"), "rules") ? "rules" : best;
}

const char *option_near_word(const struct name_row *words, const char *word)
{
	const char *best = NULL;
	unsigned best_edits = NEAR_MAX;

	for (; words->name != NULL; words++) {
		unsigned distance = edits(word, words->name);

		if (distance < best_edits && is_near(distance, words->name)) {
			best_edits = distance;
			best = words->name;
		}
	}
	return best;
}

void settings_print_table(FILE *out)
{
	struct buf accepted;

	buf_init(&accepted, 1024);
	for (unsigned i = 0; i < n_options; i++) {
		const struct option *option = &options[i];

		buf_reset(&accepted);
		option_accepted(option, &accepted);
		fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", option->name,
			names_get(option_type_names, option->type),
			option->initial != NULL ? option->initial : "-", buf_str(&accepted),
			names_get(option_kind_names, option->kind),
			names_get(option_change_names, option->change), option->help);
	}
	buf_done(&accepted);
}
