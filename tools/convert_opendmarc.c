#include "convert_opendmarc.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alignctl.h"
#include "core/authres.h"
#include "core/domain.h"
#include "core/netset.h"
#include "settings/values.h"

#define BLANKS " \t\r\n\f\v"
#define LIST_OCTETS 1048576             /* of a list file that is read */
#define NOTE_OCTETS ((size_t)4 << 20)
#define ROWS_MAX 64
#define BUDGET_S 20                     /* dns.budget_ms, by default */

/* Where a value goes, in the order of the result. */
enum place {
	AUTHSERV_ID = 0, SOCKET, SOCKET_MODE, USER, MODE, DISCOVERY, PSL_FILE, ON_TEMPERROR, ON_BAD_FROM,
	METHOD, SEALERS, TIMEOUT, NETWORKS, AUTHENTICATED, FACILITY, PLACES,
};
static const struct {
	const char *group, *name;       /* group NULL: none */
} places[PLACES] = {
	[AUTHSERV_ID] = { NULL, "authserv_id" }, [SOCKET] = { NULL, "socket" },
	[SOCKET_MODE] = { NULL, "socket_mode" }, [USER] = { NULL, "user" }, [MODE] = { NULL, "mode" },
	[DISCOVERY] = { "dmarc", "discovery" }, [PSL_FILE] = { "dmarc", "psl_file" },
	[ON_TEMPERROR] = { "dmarc", "on_temperror" }, [ON_BAD_FROM] = { "dmarc", "on_bad_from" },
	[METHOD] = { "quarantine", "method" }, [SEALERS] = { "arc", "trusted_sealers" },
	[TIMEOUT] = { "dns", "timeout_ms" }, [NETWORKS] = { "exempt", "networks" },
	[AUTHENTICATED] = { "exempt", "authenticated" }, [FACILITY] = { "log", "facility" },
};

struct line {
	const char *original;           /* escaped */
	struct slice name, value;
	unsigned number;
};

struct convert {
	struct arena *arena;
	const char *base;               /* BaseDirectory; NULL */
	const char *host;
	char *value[PLACES];            /* as written; NULL: none */
	bool off[PLACES];               /* written as a comment: for a person to decide */
	struct buf notes[PLACES];       /* comment lines above it */
	struct buf without;             /* the block of lines without a counterpart */
	struct buf networks, sealers;   /* entries; sealers come of two options */
	unsigned last[ROWS_MAX];        /* line that counts, beside the rows; 0: none */
	struct convert_counts *counts;
};

static void note(struct convert *c, enum place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void note(struct convert *c, enum place place, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_printf(&c->notes[place], "# %s\n", text);
}

static void note_original(struct convert *c, enum place place, const struct line *line)
{
	buf_printf(&c->notes[place], "# opendmarc.conf:%u: %s\n", line->number, line->original);
}

static void set(struct convert *c, enum place place, const struct line *line, const char *value)
{
	note_original(c, place, line);
	c->value[place] = arena_strdup(c->arena, value);
	c->off[place] = false;
}

static void set_off(struct convert *c, enum place place, const struct line *line, const char *value)
{
	set(c, place, line, value);
	c->off[place] = true;
}

/* libconfig's string syntax. */
static const char *quote(struct convert *c, struct slice text)
{
	struct buf out;
	char *copy;

	buf_init(&out, 4 * text.len + 2);
	buf_add_char(&out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			buf_add_char(&out, '\\');
		if ((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f)
			buf_add_char(&out, text.data[i]);
		else
			buf_printf(&out, "\\x%02X", (unsigned char)text.data[i]);
	}
	buf_add_char(&out, '"');
	copy = arena_strdup(c->arena, buf_str(&out));
	buf_done(&out);
	return copy;
}

static bool is_true(const struct line *line)
{
	return line->value.len > 0 && strchr("TtYy1", line->value.data[0]) != NULL;
}

static const char *path_of(struct convert *c, struct slice value)
{
	if (value.len > 0 && value.data[0] != '/' && c->base != NULL)
		return arena_printf(c->arena, "%s/%.*s", c->base, SLICE_ARG(value));
	return arena_strndup(c->arena, value.data, value.len);
}

static void leave_out(struct convert *c, enum place place, const struct line *line, const char *why)
{
	note_original(c, place, line);
	note(c, place, "left out: %s", why);
}

/* ---- list files: one entry a line, # begins a comment ---- */

typedef void take_entry_fn(struct convert *c, struct slice entry);

static void read_list(struct convert *c, enum place place, const char *path, take_entry_fn *take)
{
	FILE *in = fopen(path, "rb");
	char *data = arena_alloc(c->arena, LIST_OCTETS + 1);
	struct slice rest, entry;
	size_t n;

	n = in != NULL ? fread(data, 1, LIST_OCTETS + 1, in) : 0;
	if (in == NULL || ferror(in) || n > LIST_OCTETS)
		note(c, place, "NOT READ: %s: %s; its entries are missing here", tool_escape(c->arena, path),
		     n > LIST_OCTETS ? "larger than 1 MB" : strerror(errno));
	if (in != NULL)
		fclose(in);
	for (rest = slice_new(data, n <= LIST_OCTETS ? n : 0); slice_split(&rest, '\n', &entry);) {
		entry = slice_trim(slice_until(entry, slice_find(entry, '#')), BLANKS);
		if (entry.len > 0)
			take(c, entry);
	}
}

static const char *escape(struct convert *c, struct slice text)
{
	char *copy = arena_strndup(c->arena, text.data, text.len < 256 ? text.len : 256);

	for (size_t i = 0; i < text.len && i < 256; i++)
		if (copy[i] == '\0')
			copy[i] = '?';
	return tool_escape(c->arena, copy);
}

static void take_network(struct convert *c, struct slice entry)
{
	struct netset *set = netset_new();
	const char *error;
	char mended[NETWORK_TEXT_SIZE];

	if (netset_add(set, entry, &error) == 0)
		buf_printf(&c->networks, ",\n\t\t\"%.*s\"", SLICE_ARG(entry));
	else if (netset_mend(entry, mended))
		buf_printf(&c->networks, ",\n\t\t\"%s\"", mended);
	else
		note(c, NETWORKS, "left out: %s: only addresses and networks can be exempt; what a host is "
		     "called, its owner says", escape(c, entry));
	netset_free(set);
}

static void take_sealer(struct convert *c, struct slice entry)
{
	char domain[DOMAIN_SIZE];

	if (domain_normalize(entry, domain) && value_check_domain(domain) == NULL)
		buf_printf(&c->sealers, "%s\n\t\t\"%s\"", c->sealers.len > 0 ? "," : "", domain);
	else
		note(c, SEALERS, "left out: %s: no domain", escape(c, entry));
}

/* ---- the options ---- */

static void authserv_id(struct convert *c, const struct line *line)
{
	if (slice_is_nocase(line->value, "HOSTNAME")) {
		set(c, AUTHSERV_ID, line, quote(c, slice_of(c->host)));
		note(c, AUTHSERV_ID, "HOSTNAME: the name of this host");
	} else if (authres_id_is_valid(line->value) && line->value.len <= DOMAIN_MAX) {
		set(c, AUTHSERV_ID, line, quote(c, line->value));
	} else {
		leave_out(c, AUTHSERV_ID, line, "cannot be written as an authserv-id (RFC 8601 2.5)");
	}
}

static void socket_of(struct convert *c, const struct line *line)
{
	set_off(c, SOCKET, line, quote(c, line->value));
	note(c, SOCKET, "not taken over, so that both can run side by side: alignd would take the socket");
	note(c, SOCKET, "away from opendmarc. Tell the MTA the default, or use this when opendmarc is gone:");
}

static void umask_of(struct convert *c, const struct line *line)
{
	char *text = arena_strndup(c->arena, line->value.data, line->value.len), *end;
	unsigned long mask = strtoul(text, &end, 0);

	if (end == text || *end != '\0' || mask > 0777) {
		leave_out(c, SOCKET_MODE, line, "no mask");
		return;
	}
	set(c, SOCKET_MODE, line, arena_printf(c->arena, "\"%04lo\"", (0666 & ~mask) | 0600));
}

static void user_id(struct convert *c, const struct line *line)
{
	size_t colon = slice_find(line->value, ':');

	set_off(c, USER, line, quote(c, slice_until(line->value, colon)));
	note(c, USER, "not taken over: alignd has a user of its own, to whom journal and keys belong");
}

static void psl_file(struct convert *c, const struct line *line)
{
	const char *path = path_of(c, line->value);

	if (path[0] == '/' && strlen(path) < PATH_MAX)
		set(c, PSL_FILE, line, quote(c, slice_of(path)));
	else
		leave_out(c, PSL_FILE, line, "no absolute path");
	c->value[DISCOVERY] = arena_strdup(c->arena, "\"psl\"");
	note(c, DISCOVERY, "as opendmarc finds policies; the default \"treewalk\" is that of RFC 9989");
}

#define REJECTS_NOTHING "opendmarc rejects nothing: what it would have rejected is what dry_run = true " \
	"writes down"

static void reject_failures(struct convert *c, const struct line *line)
{
	set(c, MODE, line, "\"honor\"");
	if (is_true(line)) {
		note(c, MODE, "opendmarc rejects what the owner asks to reject, lists and forwarders included;");
		note(c, MODE, "mode \"override\" spares those: alignctl what-if tells the difference");
		c->value[ON_TEMPERROR] = arena_strdup(c->arena, "\"tempfail\"");
		note(c, ON_TEMPERROR, "RejectFailures puts off what cannot be evaluated, too");
		return;
	}
	note(c, MODE, REJECTS_NOTHING);
}

static void hold_quarantined(struct convert *c, const struct line *line)
{
	set(c, METHOD, line, is_true(line) ? "\"hold\"" : "\"header\"");
}

#define LETS_BAD_FROM_PASS "opendmarc lets mail without a usable From pass; alignd's default is " \
	"\"quarantine\""

static void required_headers(struct convert *c, const struct line *line)
{
	set(c, ON_BAD_FROM, line, is_true(line) ? "\"reject\"" : "\"accept\"");
	note(c, ON_BAD_FROM, is_true(line) ?
	     "only From: alignd does not count the other fields of RFC 5322 3.6" : LETS_BAD_FROM_PASS);
}

static void dns_timeout(struct convert *c, const struct line *line)
{
	uint64_t seconds;

	if (!slice_number(line->value, UINT32_MAX, &seconds)) {
		leave_out(c, TIMEOUT, line, "no number");
		return;
	}
	set(c, TIMEOUT, line, seconds == 0 || seconds > BUDGET_S ? "20000" :
	    arena_printf(c->arena, "%llu", (unsigned long long)seconds * 1000));
	if (seconds == 0 || seconds > BUDGET_S)
		note(c, TIMEOUT, "all look-ups of a message together have 20 seconds (dns.budget_ms)");
}

static void domain_whitelist(struct convert *c, const struct line *line)
{
	struct slice rest = line->value, entry;

	note_original(c, SEALERS, line);
	while (slice_split(&rest, ',', &entry))
		if (slice_trim(entry, BLANKS).len > 0)
			take_sealer(c, slice_trim(entry, BLANKS));
}

static void domain_whitelist_file(struct convert *c, const struct line *line)
{
	note_original(c, SEALERS, line);
	read_list(c, SEALERS, path_of(c, line->value), take_sealer);
}

static void ignore_hosts(struct convert *c, const struct line *line)
{
	note_original(c, NETWORKS, line);
	note(c, NETWORKS, "loopback is exempt too, where content filters come back from");
	read_list(c, NETWORKS, path_of(c, line->value), take_network);
	c->value[NETWORKS] = arena_printf(c->arena, "[\n\t\t\"127.0.0.0/8\",\n\t\t\"::1/128\"%s\n\t]",
					  buf_str(&c->networks));
}

static void ignore_authenticated(struct convert *c, const struct line *line)
{
	set(c, AUTHENTICATED, line, is_true(line) ? "true" : "false");
}

static void syslog_facility(struct convert *c, const struct line *line)
{
	static const char *const words[] = {
		"mail", "daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
		"local7",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is_nocase(line->value, words[i])) {
			set(c, FACILITY, line, quote(c, slice_of(words[i])));
			return;
		}
	leave_out(c, FACILITY, line, "only mail, daemon and local0 to local7 can be set");
}

#define NO_REPORTS "alignd sends no failure reports"
#define OWN_CHECKS "alignd checks SPF and DKIM itself and believes no field of a message"
#define BY_SYSTEMD "systemd does that (Restart=, alignd.service)"

static const struct row {
	const char *name;
	void (*take)(struct convert *c, const struct line *line);
	const char *why;                /* without `take`: why there is none */
} rows[] = {
	{ "AuthservID", authserv_id, NULL },
	{ "AuthservIDWithJobID", NULL, "the id names a host (RFC 8601); the queue id is in log and journal" },
	{ "AutoRestart", NULL, BY_SYSTEMD },
	{ "AutoRestartCount", NULL, BY_SYSTEMD },
	{ "AutoRestartRate", NULL, BY_SYSTEMD },
	{ "Background", NULL, "that is the argument -f: alignd -f stays in the foreground" },
	{ "BaseDirectory", NULL, "paths are absolute; those of this file were read below it" },
	{ "ChangeRootDirectory", NULL, "the unit confines alignd; it needs no chroot" },
	{ "CopyFailuresTo", NULL, "alignd adds no recipients; alignctl show --from finds what failed, and why" },
	{ "DNSTimeout", dns_timeout, NULL },
	{ "DomainWhitelist", domain_whitelist, NULL },
	{ "DomainWhitelistFile", domain_whitelist_file, NULL },
	{ "DomainWhitelistSize", NULL, "lists need no size" },
	{ "EnableCoredumps", NULL, "systemd does that (LimitCORE=)" },
	{ "FailureReports", NULL, NO_REPORTS },
	{ "FailureReportsBcc", NULL, NO_REPORTS },
	{ "FailureReportsOnNone", NULL, NO_REPORTS },
	{ "FailureReportsSentBy", NULL, NO_REPORTS },
	{ "ForensicReports", NULL, NO_REPORTS },
	{ "ForensicReportsBcc", NULL, NO_REPORTS },
	{ "ForensicReportsOnNone", NULL, NO_REPORTS },
	{ "ForensicReportsSentBy", NULL, NO_REPORTS },
	{ "HistoryFile", NULL, "the journal takes its place (journal.directory); alignctl convert history "
	  "reads what is there already" },
	{ "HoldQuarantinedMessages", hold_quarantined, NULL },
	{ "IgnoreAuthenticatedClients", ignore_authenticated, NULL },
	{ "IgnoreHosts", ignore_hosts, NULL },
	{ "IgnoreMailFrom", NULL, "anybody can write such a From: make a rule with action = \"accept\" that also "
	  "asks for client_network or authenticated_domain" },
	{ "IgnoreMailTo", NULL, "it is about reports, which alignd does not send" },
	{ "Include", NULL, "convert that file by itself, and use @include" },
	{ "MilterDebug", NULL, "alignd's log line tells each decision" },
	{ "PidFile", NULL, "systemd needs none; else set pid_file, to another file than opendmarc's" },
	{ "PublicSuffixList", psl_file, NULL },
	{ "RecordAllMessages", NULL, "the journal has every message" },
	{ "RejectFailures", reject_failures, NULL },
	{ "RejectMultiValueFrom", NULL, "alignd judges all authors of a From with several, and the strictest "
	  "request counts; a rule cannot ask for their number" },
	{ "RejectString", NULL, "the reply names the domain and what failed; a rule of yours has its own (reply)" },
	{ "ReportCommand", NULL, NO_REPORTS },
	{ "RequiredHeaders", required_headers, NULL },
	{ "Socket", socket_of, NULL },
	{ "SoftwareHeader", NULL, "alignd adds no such field" },
	{ "SPFIgnoreResults", NULL, OWN_CHECKS },
	{ "SPFSelfValidate", NULL, OWN_CHECKS },
	{ "Syslog", NULL, "alignd always logs: to syslog, with -f to standard error" },
	{ "SyslogFacility", syslog_facility, NULL },
	{ "TemporaryDirectory", NULL, "alignd writes no temporary files" },
	{ "TestDNSData", NULL, "for tests there is dns.zone_file, in another format" },
	{ "TrustedAuthservIDs", NULL, OWN_CHECKS "; if these are your other MX hosts, set authres.strip_ids, "
	  "so that forged ones are removed" },
	{ "UMask", umask_of, NULL },
	{ "UserID", user_id, NULL },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(N_ROWS <= ROWS_MAX, "ROWS_MAX is too small");

static const struct row *find_row(struct slice name)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (slice_is_nocase(name, rows[i].name))
			return &rows[i];
	return NULL;
}

/* ---- reading ---- */

static bool next_option(struct slice *rest, struct line *line)
{
	struct slice text;
	size_t n = 0;

	while (slice_split(rest, '\n', &text)) {
		line->number++;
		text = slice_trim(slice_until(text, slice_find(text, '#')), BLANKS);
		if (text.len == 0)
			continue;
		while (n < text.len && memchr(BLANKS, text.data[n], sizeof(BLANKS) - 1) == NULL)
			n++;
		line->name = slice_until(text, n);
		line->value = slice_trim(slice_from(text, n), BLANKS);
		return true;
	}
	return false;
}

/* Of lines with one name the last counts; BaseDirectory holds for the whole
 * file, wherever it stands. */
static void look_ahead(struct convert *c, struct slice text)
{
	struct slice rest = text;
	struct line line = { 0 };

	while (next_option(&rest, &line)) {
		const struct row *row = find_row(line.name);

		if (row != NULL)
			c->last[row - rows] = line.number;
		if (row != NULL && strcmp(row->name, "BaseDirectory") == 0)
			c->base = arena_strndup(c->arena, line.value.data, line.value.len);
	}
}

static void say_without(struct convert *c, const struct line *line, const char *why)
{
	buf_printf(&c->without, "# opendmarc.conf:%u: %s\n#   %s\n", line->number, line->original, why);
}

static void take_line(struct convert *c, struct line *line)
{
	const struct row *row = find_row(line->name);
	unsigned last = row != NULL ? c->last[row - rows] : 0;

	line->original = arena_printf(c->arena, "%s %s", escape(c, line->name), escape(c, line->value));
	c->counts->lines++;
	if (row == NULL) {
		c->counts->unknown++;
		say_without(c, line, "not an option of opendmarc.conf(5) 1.4.2");
	} else if (last > line->number) {
		c->counts->without++;
		say_without(c, line, arena_printf(c->arena, "stands again in line %u, which counts", last));
	} else if (row->take != NULL) {
		c->counts->converted++;
		row->take(c, line);
	} else {
		c->counts->without++;
		say_without(c, line, row->why);
	}
}

/* ---- writing ---- */

static void add_default(struct convert *c, enum place place, const char *value, const char *why)
{
	if (c->value[place] != NULL)
		return;
	c->value[place] = arena_strdup(c->arena, value);
	note(c, place, "%s", why);
}

/* What opendmarc does without a word in its file, and alignd would do otherwise. */
static void add_defaults(struct convert *c)
{
	add_default(c, AUTHSERV_ID, quote(c, slice_of(c->host)),
		    "no AuthservID to take over: the name of this host");
	add_default(c, MODE, "\"honor\"", "no RejectFailures: " REJECTS_NOTHING);
	add_default(c, METHOD, "\"header\"",
		    "not in opendmarc.conf: it delivers such mail, with its field alone");
	add_default(c, ON_BAD_FROM, "\"accept\"", "no RequiredHeaders: " LETS_BAD_FROM_PASS);
	add_default(c, AUTHENTICATED, "false", "no IgnoreAuthenticatedClients: opendmarc judges what own users "
		    "submit, too, where their mail passes it");
	if (c->value[DISCOVERY] == NULL)
		note(c, DISCOVERY, "no PublicSuffixList: opendmarc asks at the domain itself alone; alignd finds "
		     "the policy above it, too");
	if (c->sealers.len > 0)
		c->value[SEALERS] = arena_printf(c->arena, "[%s\n\t]", buf_str(&c->sealers));
}

static void put_place(struct convert *c, struct buf *out, enum place place)
{
	const char *indent = places[place].group != NULL ? "\t" : "";
	struct slice rest = buf_slice(&c->notes[place]), line;

	while (rest.len > 0 && slice_split(&rest, '\n', &line))
		if (line.len > 0)
			buf_printf(out, "%s%.*s\n", indent, SLICE_ARG(line));
	if (c->value[place] != NULL)
		buf_printf(out, "%s%s%s = %s;\n", indent, c->off[place] ? "#" : "", places[place].name,
			   c->value[place]);
}

static bool has_place(const struct convert *c, enum place place)
{
	return c->value[place] != NULL || c->notes[place].len > 0;
}

static void put_places(struct convert *c, struct buf *out)
{
	const char *group = NULL;

	for (int i = 0; i < PLACES; i++) {
		if (!has_place(c, (enum place)i))
			continue;
		if (group != NULL && (places[i].group == NULL || strcmp(group, places[i].group) != 0))
			buf_add_str(out, "};\n");
		if (places[i].group != NULL && (group == NULL || strcmp(group, places[i].group) != 0))
			buf_printf(out, "\n%s: {\n", places[i].group);
		else if (places[i].group == NULL)
			buf_add_char(out, '\n');
		group = places[i].group;
		put_place(c, out, (enum place)i);
	}
	if (group != NULL)
		buf_add_str(out, "};\n");
}

static void put_all(struct convert *c, const char *path, struct buf *out)
{
	add_defaults(c);
	buf_printf(out, "# alignd.conf, converted from %s. What is not here is at its\n"
		   "# default: alignd.conf(5). Above each setting stands the line that it comes from.\n\n"
		   "# A dry run: every message is judged, logged and written to the journal, and nothing is\n"
		   "# done to it. Change this when alignctl stats and what-if agree with you.\n"
		   "dry_run = true;\n", tool_escape(c->arena, path));
	put_places(c, out);
	buf_add_str(out, "\n# Beside opendmarc nothing is written to the message either; remove this with it.\n"
		    "authres: {\n\twrite = \"never\";\n};\n");
	if (c->without.len > 0)
		buf_printf(out, "\n# Without a counterpart:\n%s", buf_str(&c->without));
}

void convert_opendmarc(struct arena *arena, struct slice text, const char *path, const char *host,
		       struct buf *out, struct convert_counts *counts_r)
{
	struct convert c = { .arena = arena, .host = host, .counts = counts_r };
	struct slice rest = text;
	struct line line = { 0 };

	*counts_r = (struct convert_counts){ 0 };
	for (int i = 0; i < PLACES; i++)
		buf_init(&c.notes[i], NOTE_OCTETS);
	buf_init(&c.without, NOTE_OCTETS);
	buf_init(&c.networks, NOTE_OCTETS);
	buf_init(&c.sealers, NOTE_OCTETS);
	look_ahead(&c, text);
	while (next_option(&rest, &line))
		take_line(&c, &line);
	put_all(&c, path, out);
	for (int i = 0; i < PLACES; i++)
		buf_done(&c.notes[i]);
	buf_done(&c.without);
	buf_done(&c.networks);
	buf_done(&c.sealers);
}
