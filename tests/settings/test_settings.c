/* The settings file: what loads, what is refused and with which words. */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/evidence.h"
#include "core/signals.h"
#include "settings/options.h"
#include "settings/settings.h"
#include "testmain.h"
#include "unprivileged.h"

#define MINIMAL "dry_run = true; authserv_id = \"mx.example.com\";\n"

/* libconfig 1.5 loses some octets at each syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static char folder[] = "test_settings.XXXXXX";    /* in the build folder */

static void path_of(const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", folder, name);
}

static void write_octets(const char *name, const char *text, size_t len)
{
	char path[PATH_MAX];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static void write_file(const char *name, const char *text)
{
	write_octets(name, text, strlen(text));
}

/* The daemon looks at the files that are named, too: also where there are other faults. */
static unsigned faults_for_the_daemon(const char *path)
{
	struct settings_faults faults;
	struct settings *settings = settings_load_guarded(path, &faults);
	unsigned n = faults.n;

	if (settings != NULL)
		settings_unref(settings);
	settings_faults_free(&faults);
	return n;
}

static struct settings *load(const char *name, struct settings_faults *faults)
{
	char path[PATH_MAX];
	struct settings *settings;

	path_of(name, path);
	settings = settings_load(path, faults);
	ck_assert_uint_ge(faults_for_the_daemon(path), faults->n);
	return settings;
}

static void setup(void)
{
	char path[PATH_MAX];

	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	path_of("folder", path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	write_file("twice.inc", "\n\nmode = \"honor\";\n");
	write_file("good.inc", "pct = \"ignore\"; # no line end");
	write_file("bad.inc", "\npct = \"sometimes\";\n");
	write_file("loop.inc", "@include \"loop.inc\"\n");
	write_file("open.inc", "/* never closed\n");
	write_file("deep.inc", "@include \"bad.inc\"\n");
}

static void teardown(void)
{
	static const char *const names[] = {
		"t.conf", "twice.inc", "good.inc", "bad.inc", "loop.inc", "open.inc", "deep.inc",
	};
	char path[PATH_MAX];

	for (int i = 0; i < N_ROWS(names); i++) {
		path_of(names[i], path);
		unlink(path);
	}
	path_of("folder", path);
	rmdir(path);
	rmdir(folder);
}

/* A fault without the folder of this test. */
static const char *bare(const char *line)
{
	return strncmp(line, folder, strlen(folder)) == 0 ? line + strlen(folder) + 1 : line;
}

static void print_faults(const struct settings_faults *faults)
{
	for (unsigned i = 0; i < faults->n; i++)
		printf("    %s\n", bare(faults->lines[i]));
}

/* Each wanted line: what the fault begins with, `~`, what it has further on. */
static const struct {
	const char *name, *text, *wanted[8];
} fault_rows[] = {
	{ "minimal", MINIMAL, { NULL } },
	{ "empty", "authserv_id = \"a.example\";", { "t.conf:1: dry_run: required~true" } },
	{ "dry run unset", "\n\nmode = \"honor\"; authserv_id = \"a.example\";\n",
	  { "t.conf:1: dry_run: required~false" } },
	{ "enforce without method", "authserv_id = \"a.example\";\n\ndry_run = false;\n",
	  { "t.conf:3: quarantine.method: required when dry_run = false~\"hold\"" } },
	{ "enforce", "authserv_id = \"a.example\"; dry_run = false; quarantine: { method = \"hold\"; };",
	  { NULL } },
	{ "unknown", MINIMAL "modee = \"honor\";\n\n  stuff = 1;\n",
	  { "t.conf:2: modee: unknown name; did you mean mode?",
	    "t.conf:4: stuff: unknown name; accepted: the names of alignd.conf(5)" } },
	{ "unknown in a group", MINIMAL "dmarc: {\n\tpctt = \"honor\";\n};\n",
	  { "t.conf:3: dmarc.pctt: unknown name; did you mean dmarc.pct?" } },
	{ "unknown group", MINIMAL "dmrac: { pct = \"honor\"; };\n",
	  { "t.conf:2: dmrac: unknown name; did you mean dmarc?" } },
	{ "group too deep", MINIMAL "dmarc: { pct: { x = 1; }; };\n",
	  { "t.conf:2: dmarc.pct: has to be a word in quotes, not a group~\"ignore\"" } },
	{ "key in the wrong place", MINIMAL "pct = \"honor\";\n",
	  { "t.conf:2: pct: unknown name; did you mean dmarc.pct?" } },
	{ "hyphen for underscore", MINIMAL "socket-mode = \"0660\";\n",
	  { "t.conf:2: socket-mode: unknown name; did you mean socket_mode?" } },
	{ "name with a star", MINIMAL "*1 = 5;\n", { "t.conf:2: *1: unknown name" } },
	{ "group as value", MINIMAL "dmarc = \"psl\";\n", { "t.conf:2: dmarc: is a group~dmarc: {" } },
	{ "empty group", MINIMAL "dmarc: {\n};\nquarantine: { };\n", { NULL } },
	{ "repeated", MINIMAL "mode = \"honor\";\n\nmode = \"override\";\nx = 1;\n",
	  { "t.conf:4: mode: given twice, first in ~t.conf:2;", "t.conf:5: x: unknown" } },
	{ "repeated in a group", MINIMAL "dmarc: { pct = \"honor\";\npct = \"honor\"; pct = \"honor\"; };\n",
	  { "t.conf:3: dmarc.pct: given twice", "t.conf:3: dmarc.pct: given twice" } },
	{ "repeated group", MINIMAL "dmarc: { };\ndmarc: { pct = \"x\"; };\n",
	  { "t.conf:3: dmarc: given twice" } },
	{ "one name in two groups", MINIMAL "authres: { addresses = \"full\"; };\n"
	  "journal: { addresses = \"full\"; };\n", { NULL } },
	{ "dotted name", MINIMAL "dmarc.pct = \"honor\";\nx = 1;\n",
	  { "t.conf:2: dmarc.pct: a name cannot have a dot here~dmarc: { pct = ...; };",
	    "t.conf:3: x: unknown" } },
	{ "word without quotes", MINIMAL "mode = honor;\n",
	  { "t.conf:2: mode: text has to stand in quotes; did you mean \"honor\"?" } },
	{ "address without quotes", MINIMAL "dns: { servers = [ 192.0.2.53 ]; };\n",
	  { "t.conf:2: dns.servers: text has to stand in quotes; did you mean \"192.0.2.53\"?" } },
	{ "size without quotes", MINIMAL "journal: { max_bytes = 30GB; };\n",
	  { "t.conf:2: journal.max_bytes: text has to stand in quotes; did you mean \"30GB\"?" } },
	{ "yes", MINIMAL "log: { compatible = yes; };\n",
	  { "t.conf:2: log.compatible: yes is not a value~did you mean true?" } },
	{ "comma at the end", MINIMAL "dns: { servers = [ \"192.0.2.1\",\n \"192.0.2.2\",\n ]; };\nx = 1;\n",
	  { "t.conf:4: dns.servers: there is a comma behind the last entry", "t.conf:5: x: unknown" } },
	{ "quotes not closed", MINIMAL "mode = \"honor;\ndmarc: { pct = \"honor; };\nx = 1;\n",
	  { "t.conf:2: mode: the quotes are not closed", "t.conf:3: dmarc.pct: the quotes are not closed",
	    "t.conf:4: x: unknown" } },
	{ "backslash at the end", MINIMAL "mode = \"honor\\\nx = 1;\n",
	  { "t.conf:2: mode: the quotes are not closed", "t.conf:2: mode: the text \"honor\\\"",
	    "t.conf:3: x: unknown" } },
	{ "brace not closed", MINIMAL "dmarc: {\n pct = \"honor\";\n",
	  { "t.conf:2: the { that is opened here is never closed" } },
	{ "brace too many", MINIMAL "dmarc: { }; };\n",
	  { "t.conf:2: the } here closes nothing that is open" } },
	{ "bracket for brace", MINIMAL "dmarc: { ];\n",
	  { "t.conf:2: the ] here closes nothing that is open" } },
	{ "comment not closed", MINIMAL "/* a\nb\n", { "t.conf:2: the comment that begins here" } },
	{ "comments", MINIMAL "# mode = 5;\n// mode = 5;\n/* mode = 5;\n@include \"x\"\n */\n"
	  "mode = /* no */ \"honor\"; # \"\n", { NULL } },
	{ "syntax", MINIMAL "mode \"honor\";\n", { "t.conf:2: syntax error near \"mode \"honor\";\"" } },
	{ "syntax and faults before it", "authserv_id = \"a.example\"; mode = 5;\n= 5\n",
	  { "t.conf:1: mode: has to be a word", "t.conf:2: syntax error near \"= 5\"" } },
	{ "line ends of another system", "dry_run = true;\r\nauthserv_id = \"a.example\";\r\nx = 1;\r\n",
	  { "t.conf:3: x: unknown" } },
	{ "byte order mark", "\xEF\xBB\xBF" MINIMAL, { NULL } },
	{ "integer beyond 32 bits", MINIMAL "stop_timeout = 4294967301;\n",    /* 5 when cut off */
	  { "t.conf:2: stop_timeout: the number 4294967301 is out of range~from 1 to 600" } },
	{ "hexadecimal beyond 32 bits", MINIMAL "stop_timeout = 0x100000005;\n",
	  { "t.conf:2: stop_timeout: the number 4294967301 is out of range" } },
	{ "negative beyond 32 bits", MINIMAL "stop_timeout = -4294967291;\n",
	  { "t.conf:2: stop_timeout: the number -4294967291 is out of range" } },
	{ "integer beyond 64 bits", MINIMAL "stop_timeout = 99999999999999999999999;\n",
	  { "t.conf:2: stop_timeout: the number 9223372036854775807 is out of range" } },
	{ "hexadecimal", MINIMAL "stop_timeout = 0x20;\n", { NULL } },
	{ "fraction", MINIMAL "stop_timeout = 1.5;\n",
	  { "t.conf:2: stop_timeout: has to be a whole number without quotes, not the number 1.5" } },
	{ "wrong word", MINIMAL "dmarc: { discovery = \"treewlk\"; };\n",
	  { "t.conf:2: dmarc.discovery: the text \"treewlk\" is none of its values; accepted: "
	    "\"treewalk\", \"psl\"; did you mean \"treewalk\"?" } },
	{ "not built", MINIMAL "report: { x = 1; };\nfailure_report: { };\n"
	  "metrics: { listen = \"x\"; };\n",
	  { "t.conf:2: report.x: not built in this version (0.1)", "t.conf:3: failure_report: not built",
	    "t.conf:4: metrics.listen: not built" } },
	{ "repeated in one rule of two", MINIMAL "rules = ( { id = \"a\"; action = \"accept\"; "
	  "match_all = true; },\n{ id = \"b\";\n id = \"c\"; action = \"accept\"; match_all = true; } );\n",
	  { "t.conf:4: rules.id: given twice, first in ~t.conf:3;" } },
	{ "rule for rules", MINIMAL "rule = ( );\n", { "t.conf:2: rule: unknown name; did you mean rules?" } },
	{ "unknown signal", MINIMAL "override: { reject_when = [ \"not-forwarded\",\n"
	  "\"not-list-shapd\" ]; };\n",
	  { "t.conf:3: override.reject_when: the text \"not-list-shapd\" is no signal; accepted: a list "
	    "of \"not-list-shaped\", \"not-forwarded\", \"no-arc-pass\", \"spf-fail\", "
	    "\"no-valid-dkim\", \"client-name-unverified\"; did you mean \"not-list-shaped\"?" } },
	{ "sealers that are none", MINIMAL "arc: { trusted_sealers = [ \"*.example.com\", \"192.0.2.1\","
	  " \"a@example.com\",\n \"m\xC3\xBCnchen.example\", \".\" ]; };\n",
	  { "t.conf:2: arc.trusted_sealers: the text \"*.example.com\" has a `*`",
	    "t.conf:2: arc.trusted_sealers: the text \"192.0.2.1\" is an address",
	    "t.conf:2: arc.trusted_sealers: the text \"a@example.com\" is an address",
	    "t.conf:3: arc.trusted_sealers: the text \"m\\xC3\\xBCnchen.example\" has to be written",
	    "t.conf:3: arc.trusted_sealers: the text \".\" is not a domain" } },
	{ "host bits", MINIMAL "exempt: { networks = [\n\"192.0.2.0/24\",\n\"192.0.2.1/24\" ]; };\n",
	  { "t.conf:4: exempt.networks: the text \"192.0.2.1/24\" cannot be used: the network has "
	    "host bits~did you mean \"192.0.2.0/24\"?" } },
	{ "host bits of IPv6", MINIMAL "internal_relays = [ \"2001:db8::1/32\" ];\n",
	  { "t.conf:2: internal_relays: the text \"2001:db8::1/32\"~did you mean \"2001:db8::/32\"?" } },
	{ "not a network", MINIMAL "authres: { trusted_hops = [ \"mx.example.com\", \"192.0.2.0/33\" ]; };\n",
	  { "t.conf:2: authres.trusted_hops: the text \"mx.example.com\"",
	    "t.conf:2: authres.trusted_hops: the text \"192.0.2.0/33\"" } },
	{ "list of numbers", MINIMAL "exempt: { networks = [ 1, 2 ]; };\n",
	  { "t.conf:2: exempt.networks: has to be networks in quotes, not the number 1",
	    "t.conf:2: exempt.networks: has to be networks in quotes, not the number 2" } },
	{ "list of two kinds", MINIMAL "exempt: { networks = [ \"::1\", 2 ]; };\n",
	  { "t.conf:2: mismatched element type in array near ~one kind" } },
	{ "list in parentheses", MINIMAL "exempt: { networks = ( \"::1\", \"192.0.2.1\" ); };\n", { NULL } },
	{ "no networks", MINIMAL "exempt: { networks = [ ]; };\n", { NULL } },
	{ "timeout above budget", MINIMAL "dns: { budget_ms = 1000;\ntimeout_ms = 2000; };\n",
	  { "t.conf:3: dns.timeout_ms: impossible: dns.timeout_ms (2000) is above dns.budget_ms (1000)" } },
	{ "budget below the default", MINIMAL "dns: { budget_ms = 1000; };\n",
	  { "t.conf:2: dns.budget_ms: impossible~dns.timeout_ms (5000)" } },
	{ "timeout as budget", MINIMAL "dns: { budget_ms = 1000; timeout_ms = 1000; };\n", { NULL } },
	{ "postgresql without a place", MINIMAL "store: {\n driver = \"postgresql\"; };\n",
	  { "t.conf:3: store.conninfo: required with store.driver = \"postgresql\"; accepted: a conn" } },
	{ "postgresql with an empty place", MINIMAL "store: { driver = \"postgresql\";\nconninfo = \"\"; };\n",
	  { "t.conf:3: store.conninfo: required" } },
	{ "place without postgresql", MINIMAL "store: { conninfo = \"host=a password=b\"; };\n", { NULL } },
	{ "sums go before messages", MINIMAL "store: { keep_sums_days = 7; };\n",
	  { "t.conf:2: store.keep_sums_days: impossible~store.keep_days (30)" } },
	{ "file above journal", MINIMAL "journal: { max_bytes = \"500 MB\"; };\n",
	  { "t.conf:2: journal.max_bytes: impossible~max_file_bytes (1000000000)" } },
	{ "unprintable value", MINIMAL "mode = \"\\x1b[31m\xC3\xA4\";\n",
	  { "t.conf:2: mode: the text \"\\x1B[31m\\xC3\\xA4\" is none of its values" } },
	{ "include", MINIMAL "dmarc: {\n  @include \"good.inc\"\n};\nx = 1;\n",
	  { "t.conf:5: x: unknown" } },
	{ "fault in an include", MINIMAL "dmarc: {\n@include \"bad.inc\" # here\n};\nx = 1;\n",
	  { "bad.inc:2: dmarc.pct: the text \"sometimes\"", "t.conf:5: x: unknown" } },
	{ "fault two includes down", MINIMAL "dmarc: {\n@include \"deep.inc\"\n};\nx = 1;\n",
	  { "bad.inc:2: dmarc.pct: the text \"sometimes\"", "t.conf:5: x: unknown" } },
	{ "repeated in an include", MINIMAL "mode = \"honor\";\n@include \"twice.inc\"\n",
	  { "twice.inc:3: mode: given twice, first in ~t.conf:2;" } },
	{ "include is missing", MINIMAL "@include \"none.inc\"\nx = 1;\n",
	  { "t.conf:2: @include: ~none.inc\" cannot be read: No such file", "t.conf:3: x: unknown" } },
	{ "include of a directory", MINIMAL "@include \"folder\"\n",
	  { "t.conf:2: @include: ~folder\" cannot be read: it is a directory" } },
	{ "include without end", MINIMAL "@include \"loop.inc\"\n",
	  { "loop.inc:1: @include: files include one another too deep" } },
	{ "include without quotes", MINIMAL "@include good.inc\n",
	  { "t.conf:2: @include: cannot be understood~@include \"FILE\"" } },
	{ "include with company", MINIMAL "@include \"good.inc\" x = 1;\n",
	  { "t.conf:2: @include: cannot be understood" } },
	{ "comment ends with its file", MINIMAL "@include \"open.inc\"\nx = 1;\n",
	  { "open.inc:1: the comment that begins here", "t.conf:3: x: unknown" } },
};

static bool is_wanted(const char *line, const char *wanted)
{
	size_t len = strcspn(wanted, "~");

	return strncmp(line, wanted, len) == 0 &&
		(wanted[len] == '\0' || strstr(line + len, wanted + len + 1) != NULL);
}

START_TEST(test_faults)
{
	struct settings_faults faults;
	struct settings *settings;
	unsigned n = 0;

	write_file("t.conf", fault_rows[_i].text);
	settings = load("t.conf", &faults);
	for (; fault_rows[_i].wanted[n] != NULL; n++)
		if (n >= faults.n || !is_wanted(bare(faults.lines[n]), fault_rows[_i].wanted[n])) {
			print_faults(&faults);
			ck_abort_msg("%s: wanted %s", fault_rows[_i].name, fault_rows[_i].wanted[n]);
		}
	if (faults.n != n) {
		print_faults(&faults);
		ck_abort_msg("%s: %u faults, wanted %u", fault_rows[_i].name, faults.n, n);
	}
	ck_assert_msg((settings == NULL) == (n > 0), "%s", fault_rows[_i].name);
	settings_faults_free(&faults);
	settings_unref(settings);
}
END_TEST

/* A value of one option, accepted or refused. */
static const struct {
	const char *group, *setting;
	bool good;
} value_rows[] = {
	{ "", "socket = \"local:/run/a.sock\"", true },
	{ "", "socket = \"unix:/run/a.sock\"", true },
	{ "", "socket = \"inet:8891@127.0.0.1\"", true },
	{ "", "socket = \"inet:8891@mx.example.com\"", true },
	{ "", "socket = \"inet6:8891@::1\"", true },
	{ "", "socket = \"inet6:8891@[2001:db8::1]\"", true },
	{ "", "socket = \"\"", false },
	{ "", "socket = \"/run/a.sock\"", false },
	{ "", "socket = \"local:a.sock\"", false },
	{ "", "socket = \"unix:\"", false },
	{ "", "socket = \"inet:8891\"", false },
	{ "", "socket = \"inet:0@127.0.0.1\"", false },
	{ "", "socket = \"inet:65536@127.0.0.1\"", false },
	{ "", "socket = \"inet:@127.0.0.1\"", false },
	{ "", "socket = \"inet:8891@\"", false },
	{ "", "socket = \"inet:8891@::1\"", false },
	{ "", "socket = \"inet6:8891@192.0.2.1\"", false },
	{ "", "socket = \"inet:8891@a b\"", false },
	{ "", "socket = \"local:/0123456789012345678901234567890123456789012345678901234567890123456789"
	      "0123456789012345678901234567890123456789\"", false },
	{ "", "socket_mode = \"0600\"", true },
	{ "", "socket_mode = \"666\"", true },
	{ "", "socket_mode = 0660", true },
	{ "", "socket_mode = 660", true },
	{ "", "socket_mode = 432", false },     /* 0660 in decimal */
	{ "", "socket_mode = 0x1b0", false },
	{ "", "socket_mode = \"0670\"", false },
	{ "", "socket_mode = \"0060\"", false },
	{ "", "socket_mode = \"0650\"", false },
	{ "", "socket_mode = \"1660\"", false },
	{ "", "socket_mode = \"0680\"", false },
	{ "", "socket_mode = -660", false },
	{ "", "user = \"\"", true },
	{ "", "user = \"mail-in_1\"", true },
	{ "", "user = \"-x\"", false },
	{ "", "user = \"a b\"", false },
	{ "", "group = \"postfix\"", true },
	{ "", "group = \"a:b\"", false },
	{ "", "pid_file = \"\"", true },
	{ "", "pid_file = \"run/a.pid\"", false },
	{ "authres", "strip_ids = [ \"MX2.example.com\", \"border\" ]", true },
	{ "authres", "strip_ids = [ \"a b\" ]", false },
	{ "authres", "strip_ids = [ \"\" ]", false },
	{ "authres", "strip_ids = \"mx2.example.com\"", false },
	{ "dns", "servers = [ \"192.0.2.53\", \"192.0.2.53@5353\", \"2001:db8::53@53\" ]", true },
	{ "dns", "servers = [ \"192.0.2.53:53\" ]", false },
	{ "dns", "servers = [ \"192.0.2.53@\" ]", false },
	{ "dns", "servers = [ \"192.0.2.53@0\" ]", false },
	{ "dns", "servers = [ \"192.0.2.530\" ]", false },
	{ "dns", "servers = [ \"ns.example.com\" ]", false },
	{ "dns", "servers = [ \"@53\" ]", false },
	{ "dns", "zone_file = \"/srv/demo.zone\"", true },
	{ "dns", "zone_file = \"demo.zone\"", false },
	{ "quarantine", "header = \"X-Spam-Flag\"", true },
	{ "quarantine", "header = \"X-Alignd:\"", false },
	{ "quarantine", "header = \"X Alignd\"", false },
	{ "quarantine", "header = \"\"", false },
	{ "quarantine", "header = \"-X\"", false },
	{ "quarantine", "header = \"subject\"", false },
	{ "quarantine", "header = \"Received\"", false },
	{ "quarantine", "header = \"List-Id\"", false },
	{ "quarantine", "header = \"content-type\"", false },
	{ "quarantine", "header = \"Listing\"", true },
	{ "journal", "min_free = 0", true },
	{ "journal", "min_free = \"0\"", true },
	{ "journal", "min_free = 5000000000", true },
	{ "journal", "min_free = 5000000000L", true },
	{ "journal", "min_free = \"1.5 GB\"", false },
	{ "journal", "min_free = \"GB\"", false },
	{ "journal", "min_free = \"\"", false },
	{ "journal", "min_free = \"-1\"", false },
	{ "journal", "min_free = \"99999999999999999999\"", false },
	{ "journal", "min_free = \"99999999999 TB\"", false },
	{ "journal", "min_free = \"2 GiB\"", true },
	{ "journal", "min_free = \"2gb\"", true },
	{ "journal", "directory = \"\"", true },
	{ "journal", "directory = \"journal\"", false },
	{ "sample", "key_file = \"\"", false },
};

START_TEST(test_values)
{
	const char *group = value_rows[_i].group;
	struct settings_faults faults;
	struct settings *settings;
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s\n%s;\n%s\n", MINIMAL, group, group[0] ? ": {" : "",
		 value_rows[_i].setting, group[0] ? "};" : "");
	write_file("t.conf", text);
	settings = load("t.conf", &faults);
	print_faults(&faults);
	ck_assert_msg((settings != NULL) == value_rows[_i].good, "%s", value_rows[_i].setting);
	ck_assert_msg(faults.n == 0 || strncmp(bare(faults.lines[0]), "t.conf:3: ", 10) == 0,
		      "%s", value_rows[_i].setting);
	settings_faults_free(&faults);
	settings_unref(settings);
}
END_TEST

/* One setting of one option in a file, its name or group included. */
static void one_option(const struct option *option, const char *value, struct buf *out)
{
	const char *dot = strchr(option->name, '.');

	if (dot != NULL)
		buf_printf(out, "%.*s: {\n%s = %s;\n};\n", (int)(dot - option->name), option->name,
			   dot + 1, value);
	else
		buf_printf(out, "\n%s = %s;\n\n", option->name, value);
}

static void minimal_but(const struct option *option, struct buf *out)
{
	if (strcmp(option->name, "dry_run") != 0)
		buf_add_str(out, "dry_run = true; ");
	if (strcmp(option->name, "authserv_id") != 0)
		buf_add_str(out, "authserv_id = \"mx.example.com\";");
	buf_add_char(out, '\n');
}

/* The value gives exactly one fault, at line 3, that names the option. */
static void expect_refused(const struct option *option, const char *value)
{
	struct settings_faults faults;
	struct buf text, wanted;

	buf_init(&text, 1 << 20);
	buf_init(&wanted, 256);
	minimal_but(option, &text);
	one_option(option, value, &text);
	buf_printf(&wanted, "t.conf:3: %s: ", option->name);
	write_file("t.conf", buf_str(&text));
	ck_assert_msg(load("t.conf", &faults) == NULL, "%s = %s loads", option->name, value);
	ck_assert_msg(faults.n == 1, "%s = %s: %u faults", option->name, value, faults.n);
	ck_assert_msg(strncmp(bare(faults.lines[0]), buf_str(&wanted), wanted.len) == 0 &&
		      strstr(faults.lines[0], "; accepted: ") != NULL, "%s", faults.lines[0]);
	settings_faults_free(&faults);
	buf_done(&text);
	buf_done(&wanted);
}

START_TEST(test_wrong_type)
{
	const struct option *option = &options[_i];

	expect_refused(option, "{ }");
	expect_refused(option, "1.5");
	switch (option->type) {
	case TYPE_TEXT:
	case TYPE_PATH:
	case TYPE_WORD:
		expect_refused(option, "5");
		expect_refused(option, "true");
		expect_refused(option, "[ \"x\" ]");
		break;
	case TYPE_BOOL:
		expect_refused(option, "\"true\"");
		expect_refused(option, "1");
		break;
	case TYPE_INTEGER:
		expect_refused(option, "\"5\"");
		expect_refused(option, "true");
		break;
	case TYPE_SIZE:
	case TYPE_OCTAL:
		expect_refused(option, "true");
		expect_refused(option, "[ \"0660\" ]");
		break;
	case TYPE_TEXTS:
	case TYPE_NETWORKS:
		expect_refused(option, "\"192.0.2.1\"");
		expect_refused(option, "5");
		expect_refused(option, "[ true ]");
		break;
	case TYPE_DOMAINS:
	case TYPE_SIGNALS:
		expect_refused(option, "\"not-forwarded\"");
		expect_refused(option, "5");
		expect_refused(option, "[ true ]");
		expect_refused(option, "[ \"a b\" ]");
		break;
	}
}
END_TEST

static void expect_number_refused(const struct option *option, long long number)
{
	char value[32];

	snprintf(value, sizeof(value), "%lld", number);
	expect_refused(option, value);
}

static void expect_long_refused(const struct option *option, const char *before, const char *piece,
				uint64_t n, const char *after)
{
	struct buf value;

	buf_init(&value, 1 << 20);
	buf_add_str(&value, before);
	for (uint64_t i = 0; i < n; i++)
		buf_add_str(&value, piece);
	buf_add_str(&value, after);
	ck_assert(!buf_is_full(&value));
	expect_refused(option, buf_str(&value));
	buf_done(&value);
}

START_TEST(test_out_of_range)
{
	const struct option *option = &options[_i];

	switch (option->type) {
	case TYPE_TEXT:
	case TYPE_PATH:
		expect_long_refused(option, "\"/", "a", option->max, "\"");
		break;
	case TYPE_WORD:
		expect_refused(option, "\"\"");
		expect_refused(option, "\"zzzz\"");
		break;
	case TYPE_BOOL:
		break;          /* no range */
	case TYPE_INTEGER:
	case TYPE_SIZE:
		expect_number_refused(option, (long long)option->min - 1);
		expect_number_refused(option, (long long)option->max + 1);
		expect_number_refused(option, 4294967296LL * 1000000 + (long long)option->min);
		break;
	case TYPE_OCTAL:
		expect_refused(option, "\"0777\"");
		expect_refused(option, "\"0400\"");
		break;
	case TYPE_TEXTS:
	case TYPE_NETWORKS:
	case TYPE_DOMAINS:
	case TYPE_SIGNALS:
		expect_long_refused(option, "[ \"192.0.2.1\"", ", \"192.0.2.1\"", option->max, " ]");
		break;
	}
}
END_TEST

static bool is_same_set(const struct netset *a, const struct netset *b)
{
	static const char *const probes[] = {
		"127.0.0.1", "127.255.0.1", "128.0.0.1", "192.0.2.1", "::1", "::2", "2001:db8::1",
	};

	for (int i = 0; i < N_ROWS(probes); i++) {
		struct address address;

		ck_assert(address_parse(slice_of(probes[i]), &address));
		if (netset_has(a, &address) != netset_has(b, &address))
			return false;
	}
	return true;
}

static bool is_same_field(const struct settings *a, const struct settings *b,
			  const struct option *option)
{
	const void *x = (const char *)a + option->offset, *y = (const char *)b + option->offset;
	const char *const *s = x, *const *t = y;

	switch (option->type) {
	case TYPE_TEXT:
	case TYPE_PATH:
		return *s == NULL || *t == NULL ? *s == *t : strcmp(*s, *t) == 0;
	case TYPE_TEXTS:
		return ((const struct string_list *)x)->n == ((const struct string_list *)y)->n;
	case TYPE_NETWORKS:
		return is_same_set(*(struct netset *const *)x, *(struct netset *const *)y);
	case TYPE_DOMAINS:
		return domainset_has(*(struct domainset *const *)x, "example.com") ==
			domainset_has(*(struct domainset *const *)y, "example.com");
	case TYPE_SIGNALS:
	case TYPE_WORD:
	case TYPE_BOOL:
	case TYPE_INTEGER:
	case TYPE_SIZE:
	case TYPE_OCTAL:
		break;
	}
	return memcmp(x, y, option->bytes) == 0;
}

static struct settings *load_text(const char *text)
{
	struct settings_faults faults;
	struct settings *settings;

	write_file("t.conf", text);
	settings = load("t.conf", &faults);
	print_faults(&faults);
	ck_assert_ptr_nonnull(settings);
	settings_faults_free(&faults);
	return settings;
}

/* What the table says is the default, written into a file, changes nothing. */
START_TEST(test_table_default)
{
	const struct option *option = &options[_i];
	struct settings *minimal, *written;
	struct buf text;

	if (option->initial == NULL || strcmp(option->name, "authserv_id") == 0)
		return;
	buf_init(&text, 4096);
	minimal_but(option, &text);
	one_option(option, option->initial, &text);
	minimal = load_text(MINIMAL);
	written = load_text(buf_str(&text));
	ck_assert_msg(is_same_field(minimal, written, option), "%s", option->name);
	settings_unref(minimal);
	settings_unref(written);
	buf_done(&text);
}
END_TEST

static unsigned signal_of(const char *name)
{
	unsigned bit;

	ck_assert(signal_find(slice_of(name), &bit));
	return bit;
}

/* The design's defaults, by hand. */
START_TEST(test_defaults)
{
	struct settings *settings = load_text(MINIMAL);
	const struct ruleset *rules = &settings->ruleset;

	ck_assert_str_eq(settings->authserv_id, "mx.example.com");
	ck_assert_str_eq(settings->socket, "local:/run/alignd/alignd.sock");
	ck_assert_uint_eq(settings->socket_mode, 0660);
	ck_assert_str_eq(settings->user, "alignd");
	ck_assert_ptr_null(settings->group);
	ck_assert_ptr_null(settings->pid_file);
	ck_assert_uint_eq(settings->stop_timeout_s, 30);
	ck_assert_uint_eq(settings->connections, 1000);
	ck_assert(rules->dry_run);
	ck_assert_int_eq(rules->mode, MODE_OVERRIDE);
	ck_assert_int_eq(rules->pct, PCT_HONOR);
	ck_assert(!rules->psl_honors_t);
	ck_assert_int_eq(rules->on_temperror, TEMPERROR_ACCEPT);
	ck_assert_int_eq(rules->on_bad_from, ACTION_QUARANTINE);
	ck_assert_int_eq(rules->override_reject, REQUEST_FOLLOW);
	ck_assert_uint_eq(rules->reject_when, signal_of("not-list-shaped") | signal_of("not-forwarded"));
	ck_assert_int_eq(rules->override_uncorroborated, REQUEST_QUARANTINE);
	ck_assert_int_eq(rules->recipients_differ, DIFFER_QUARANTINE);
	ck_assert_uint_eq(rules->enforce_percent, 100);
	ck_assert_ptr_null(rules->trusted_sealers);
	ck_assert(!rules->arc_require_intact && settings->arc_check);
	ck_assert_uint_eq(settings->arc_max_sets, 20);
	ck_assert_int_eq(rules->override_quarantine, REQUEST_FOLLOW);
	ck_assert_int_eq(rules->quarantine, QUARANTINE_UNSET);
	ck_assert(!rules->refuse_test_keys);
	ck_assert_int_eq(settings->discovery, DISCOVERY_TREEWALK);
	ck_assert(settings->psl_guard);
	ck_assert_ptr_null(settings->psl_file);
	ck_assert_str_eq(settings->quarantine_header, "X-Alignd-Quarantine");
	ck_assert_int_eq(settings->authres_write, WRITE_ALWAYS);
	ck_assert_int_eq(settings->authres_addresses, ADDRESS_DOMAIN);
	ck_assert_uint_eq(settings->authres_strip_ids.n, 0);
	ck_assert(settings->authres_comments && !settings->authres_polrec);
	ck_assert_str_eq(settings->sample_key_file, "/var/lib/alignd/sample.key");
	ck_assert_uint_eq(settings->dkim_max_signatures, 16);
	ck_assert_uint_eq(settings->dkim_minimum_key_bits, 1024);
	ck_assert(!settings->dkim_accept_surplus);
	ck_assert_uint_eq(settings->dns_servers.n, 0);
	ck_assert_uint_eq(settings->dns_budget_ms, 20000);
	ck_assert_uint_eq(settings->dns_timeout_ms, 5000);
	ck_assert_uint_eq(settings->dns_cache_entries, 100000);
	ck_assert_uint_eq(settings->dns_max_in_flight_per_author, 60);
	ck_assert_uint_eq(settings->dns_max_lookups, 60);
	ck_assert_uint_eq(settings->dns_serve_stale_s, 0);
	ck_assert_ptr_null(settings->dns_trust_anchor);
	ck_assert_ptr_null(settings->dns_zone_file);
	ck_assert(settings->exempt_authenticated);
	ck_assert_str_eq(settings->journal_directory, "/var/lib/alignd/journal");
	ck_assert_int_eq(settings->journal_addresses, ADDRESS_DOMAIN);
	ck_assert_uint_eq(settings->journal_sync_ms, 1000);
	ck_assert_uint_eq(settings->journal_keep_days, 30);
	ck_assert_uint_eq(settings->journal_max_bytes, 20000000000ULL);
	ck_assert_uint_eq(settings->journal_min_free, 1000000000ULL);
	ck_assert_uint_eq(settings->journal_max_file_bytes, 1000000000ULL);
	ck_assert_int_eq(settings->store_driver, STORE_SQLITE);
	ck_assert_str_eq(settings->store_path, "/var/lib/alignd/store.sqlite");
	ck_assert_ptr_null(settings->store_conninfo);
	ck_assert_uint_eq(settings->store_keep_days, 30);
	ck_assert_uint_eq(settings->store_keep_sums_days, 400);
	ck_assert_str_eq(settings->log_facility, "mail");
	ck_assert(!settings->log_opendmarc_line);
	ck_assert_int_eq(settings->reject_code, REPLY_5_7_1);
	settings_unref(settings);
}
END_TEST

static bool has(const struct netset *set, const char *text)
{
	struct address address;

	ck_assert(address_parse(slice_of(text), &address));
	return netset_has(set, &address);
}

/* Every field away from its default: each row writes to its own field. */
START_TEST(test_all_set)
{
	struct settings *settings = load_text(
		"dry_run = false; mode = \"honor\"; authserv_id = \"Border.example.com\";\n"
		"socket = \"inet:8891@127.0.0.1\"; socket_mode = 0600; user = \"u\"; group = \"g\";\n"
		"pid_file = \"/run/p\"; stop_timeout = 5; limits: { connections = 7; };\n"
		"dmarc: { discovery = \"psl\"; psl_guard = false; psl_file = \"/l\"; pct = \"ignore\";\n"
		"  psl_honors_t = true; on_temperror = \"tempfail\"; on_bad_from = \"reject\"; };\n"
		"enforce_percent = 7; recipients_differ = \"split\";\n"
		"override: { reject = \"quarantine\"; reject_when = [ \"spf-fail\" ];\n"
		"  uncorroborated = \"accept\"; quarantine = \"accept\"; };\n"
		"arc: { check = false; max_sets = 3; require_intact = true;\n"
		"  trusted_sealers = [ \"Example.com\", \".example.org\" ]; };\n"
		"internal_relays = [ \"192.0.2.0/24\" ];\n"
		"quarantine: { method = \"reject\"; header = \"X-Q\"; };\n"
		"reply: { enhanced_code = \"5.7.26\"; };\n"
		"authres: { write = \"never\"; addresses = \"full\"; strip_ids = [ \"MX2.Example.com\" ];\n"
		"  trusted_hops = [ \"192.0.2.0/24\" ]; comments = false; polrec = true; };\n"
		"dkim: { max_signatures = 3; minimum_key_bits = 2048; body_length = \"accept\";\n"
		"  test_keys = \"ignore\"; };\n"
		"dns: { servers = [ \"192.0.2.53@5353\", \"2001:DB8::1\" ]; budget_ms = 900; timeout_ms = 800;\n"
		"  cache_entries = 2000; max_in_flight_per_author = 4; max_lookups = 99; serve_stale_s = 7; trust_anchor = \"/k\";\n"
		"  zone_file = \"/z\"; };\n"
		"exempt: { networks = [ \"198.51.100.0/24\" ]; authenticated = false; };\n"
		"sample: { key_file = \"/s\"; };\n"
		"journal: { directory = \"\"; addresses = \"full\"; sync_ms = 0; keep_days = 2;\n"
		"  max_file_bytes = \"2 MiB\"; max_bytes = 3000000000; min_free = \"4KB\"; };\n"
		"store: { driver = \"postgresql\"; path = \"/st\"; conninfo = \"host=db password=x\";\n"
		"  keep_days = 5; keep_sums_days = 9; };\n"
		"log: { facility = \"local3\"; compatible = true; };\n");
	const struct ruleset *rules = &settings->ruleset;
	struct settings *minimal = load_text(MINIMAL);

	for (unsigned i = 0; i < n_options; i++)
		ck_assert_msg(!is_same_field(settings, minimal, &options[i]), "%s", options[i].name);
	settings_unref(minimal);
	ck_assert_str_eq(settings->authserv_id, "Border.example.com");
	ck_assert_uint_eq(settings->socket_mode, 0600);
	ck_assert_int_eq(rules->mode, MODE_HONOR);
	ck_assert_int_eq(rules->on_bad_from, ACTION_REJECT);
	ck_assert_int_eq(rules->override_reject, REQUEST_QUARANTINE);
	ck_assert_uint_eq(rules->reject_when, signal_of("spf-fail"));
	ck_assert_int_eq(rules->recipients_differ, DIFFER_SPLIT);
	ck_assert_uint_eq(rules->enforce_percent, 7);
	ck_assert(domainset_has(rules->trusted_sealers, "example.com"));
	ck_assert(domainset_has(rules->trusted_sealers, "lists.example.org"));
	ck_assert(!domainset_has(rules->trusted_sealers, "example.org"));
	ck_assert(has(settings->internal_relays, "192.0.2.9"));
	ck_assert_uint_eq(settings->arc_max_sets, 3);
	ck_assert_int_eq(rules->override_quarantine, REQUEST_ACCEPT);
	ck_assert_int_eq(rules->quarantine, QUARANTINE_REJECT);
	ck_assert_str_eq(settings->authres_strip_ids.items[0], "mx2.example.com");
	ck_assert_str_eq(settings->dns_servers.items[0], "192.0.2.53@5353");
	ck_assert_str_eq(settings->dns_servers.items[1], "2001:db8::1");
	ck_assert(has(settings->trusted_hops, "192.0.2.9") && !has(settings->trusted_hops, "127.0.0.1"));
	ck_assert(has(settings->exempt_networks, "198.51.100.9"));
	ck_assert(!has(settings->exempt_networks, "127.0.0.1"));
	ck_assert_str_eq(settings->journal_directory, "");
	ck_assert_uint_eq(settings->journal_max_file_bytes, 2097152);
	ck_assert_uint_eq(settings->journal_max_bytes, 3000000000ULL);
	ck_assert_uint_eq(settings->journal_min_free, 4000);
	ck_assert_int_eq(settings->store_driver, STORE_POSTGRESQL);
	ck_assert_str_eq(settings->store_conninfo, "host=db password=x");
	ck_assert_str_eq(settings->log_facility, "local3");
	settings_unref(settings);
}
END_TEST

START_TEST(test_include)
{
	struct settings *settings = load_text(MINIMAL "dmarc: {\n@include \"good.inc\"\n};\n");

	ck_assert_int_eq(settings->ruleset.pct, PCT_IGNORE);
	settings_unref(settings);
}
END_TEST

START_TEST(test_no_file)
{
	struct settings_faults faults;

	ck_assert_ptr_null(load("none.conf", &faults));
	ck_assert_uint_eq(faults.n, 1);
	ck_assert_str_eq(bare(faults.lines[0]), "none.conf: cannot be read: No such file or directory");
	settings_faults_free(&faults);
	ck_assert_ptr_null(load("folder", &faults));
	ck_assert_uint_eq(faults.n, 1);
	ck_assert_str_eq(bare(faults.lines[0]), "folder: cannot be read: it is a directory");
	settings_faults_free(&faults);
}
END_TEST

START_TEST(test_unreadable)
{
	struct settings_faults faults;
	char path[PATH_MAX];

	write_file("t.conf", MINIMAL);
	path_of("t.conf", path);
	ck_assert_int_eq(chmod(path, 0), 0);
	ck_assert(modes_bind(true));
	ck_assert_ptr_null(load("t.conf", &faults));
	ck_assert_uint_eq(faults.n, 1);
	ck_assert_str_eq(bare(faults.lines[0]), "t.conf: cannot be read: Permission denied");
	settings_faults_free(&faults);
	ck_assert(modes_bind(false));
}
END_TEST

START_TEST(test_not_text)
{
	static const char octets[] = "dry_run = true;\0mode = 5;";
	struct settings_faults faults;
	struct buf large;

	write_octets("t.conf", octets, sizeof(octets) - 1);
	ck_assert_ptr_null(load("t.conf", &faults));
	ck_assert_uint_eq(faults.n, 1);
	ck_assert_ptr_nonnull(strstr(faults.lines[0], "NUL octet"));
	settings_faults_free(&faults);
	buf_init(&large, 2 << 20);
	buf_add_str(&large, MINIMAL);
	while (large.len <= 1 << 20)
		buf_add_str(&large, "# more and more and more and more\n");
	write_octets("t.conf", buf_str(&large), large.len);
	buf_done(&large);
	ck_assert_ptr_null(load("t.conf", &faults));
	ck_assert_uint_eq(faults.n, 1);
	ck_assert_ptr_nonnull(strstr(faults.lines[0], "larger than 1 MB"));
	settings_faults_free(&faults);
}
END_TEST

/* Without authserv_id the host name is taken, if it has a dot. */
START_TEST(test_host_name)
{
	char host[256] = "";
	struct settings_faults faults;
	struct settings *settings;

	gethostname(host, sizeof(host) - 1);
	write_file("t.conf", "dry_run = true;\nauthserv_id = \"\";\n");
	settings = load("t.conf", &faults);
	if (strchr(host, '.') != NULL) {
		ck_assert_ptr_nonnull(settings);
		ck_assert_str_eq(settings->authserv_id, host);
	} else {
		ck_assert_ptr_null(settings);
		ck_assert_uint_eq(faults.n, 1);
		ck_assert(is_wanted(bare(faults.lines[0]), "t.conf:2: authserv_id: required"));
	}
	settings_faults_free(&faults);
	settings_unref(settings);
}
END_TEST

START_TEST(test_restart)
{
	struct settings *before = load_text(MINIMAL);
	struct settings *same = load_text(MINIMAL "mode = \"honor\"; dns: { budget_ms = 9000; };");
	struct settings *other = load_text(MINIMAL "group = \"mail\"; socket_mode = \"0666\";"
					   "socket = \"unix:/run/b\"; stop_timeout = 5;"
					   "journal: { directory = \"\"; }; log: { facility = \"daemon\"; };");

	ck_assert_ptr_null(settings_restart_needed(before, same));
	ck_assert_str_eq(settings_restart_needed(before, other),
			 "socket, socket_mode, group, journal.directory, log.facility");
	settings_unref(before);
	settings_unref(same);
	settings_unref(other);
}
END_TEST

START_TEST(test_references)
{
	struct settings *settings = load_text(MINIMAL);

	ck_assert_ptr_eq(settings_ref(settings), settings);
	settings_unref(settings);
	ck_assert_str_eq(settings->authserv_id, "mx.example.com");
	settings_unref(settings);
	settings_unref(NULL);
}
END_TEST

/* However the file is cut off: faults or settings, never a crash. */
START_TEST(test_cut_off)
{
	static const char text[] =
		"dry_run = false; /* a */ authserv_id = \"a.example\"; # b\n"
		"dmarc: { pct = \"honor\"; x.y = 5; pct = no; };\n@include \"good.inc\"\n"
		"dns: { servers = [ \"192.0.2.1\", ( 1, ) ]; budget_ms = 99999999999; };\n"
		"socket = \"a\\\"\\\nrules = ( { a = [ 1, 2 ]; } );\n";

	for (size_t len = 0; len < sizeof(text); len++) {
		struct settings_faults faults;
		struct settings *settings;

		write_octets("t.conf", text, len);
		settings = load("t.conf", &faults);
		ck_assert((settings == NULL) == (faults.n > 0));
		settings_unref(settings);
		settings_faults_free(&faults);
	}
}
END_TEST

/* One octet changed at a time. */
START_TEST(test_damaged)
{
	static const char text[] = MINIMAL "dmarc: { pct = \"honor\"; };\ndns: { servers = "
		"[ \"192.0.2.1\" ]; };\n";
	static const char octets[] = "\"{}[]();:=,*#/\\@L0\x01\xFF\n";

	for (size_t at = 0; at + 1 < sizeof(text); at++)
		for (size_t i = 0; i + 1 < sizeof(octets); i++) {
			struct settings_faults faults;
			char damaged[sizeof(text)];
			struct settings *settings;

			memcpy(damaged, text, sizeof(text));
			damaged[at] = octets[i];
			write_octets("t.conf", damaged, sizeof(text) - 1);
			settings = load("t.conf", &faults);
			ck_assert((settings == NULL) == (faults.n > 0));
			settings_unref(settings);
			settings_faults_free(&faults);
		}
}
END_TEST

START_TEST(test_table)
{
	static const char first[] = "dry_run\tbool\t-\ttrue, false\tdecide\treload\t";
	char *text = NULL;
	size_t len = 0, lines = 0;
	FILE *out = open_memstream(&text, &len);

	settings_print_table(out);
	fclose(out);
	ck_assert(strncmp(text, first, strlen(first)) == 0);
	for (const char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	free(text);
	ck_assert_uint_eq(lines, n_options);
}
END_TEST

START_TEST(test_row)
{
	const struct option *option = &options[_i];
	const char *dot = strchr(option->name, '.');
	char group[64];

	snprintf(group, sizeof(group), "%.*s", dot != NULL ? (int)(dot - option->name) : 0,
		 option->name);
	ck_assert_msg(dot == NULL || option_is_group(group), "%s", option->name);
	ck_assert_msg(!option_is_unbuilt(option->name), "%s", option->name);
	ck_assert_ptr_eq(option_find(option->name), option);
	ck_assert_msg(option->help != NULL && option->bytes > 0, "%s", option->name);
}
END_TEST

/* A password in store.conninfo: whatever is wrong there, no fault shows it. */
static const struct {
	const char *name, *text;
} secret_rows[] = {
	{ "not closed", "store: { conninfo = \"host=db password=geheim; };\n" },
	{ "no quotes", "store: { conninfo = geheim; };\n" },
	{ "no quotes at all", "store: { conninfo = host=db password=geheim; };\n" },
	{ "no semicolon", "store: { conninfo = \"password=geheim\" driver = 5 };\n" },
	{ "on the next line", "store: { conninfo = \"host=db\"\n \"password=geheim\" x; };\n" },
	{ "a list", "store: { conninfo = [ \"geheim\" ]; };\n" },
	{ "a list without quotes", "store: { conninfo = [ geheim ]; };\n" },
	{ "a wrong group", "stores: { conninfo = geheim; };\n" },
	{ "too long", NULL },
};

START_TEST(test_secret)
{
	struct settings_faults faults;
	struct buf text;

	buf_init(&text, 10000);
	buf_add_str(&text, MINIMAL);
	if (secret_rows[_i].text != NULL) {
		buf_add_str(&text, secret_rows[_i].text);
	} else {
		buf_add_str(&text, "store: { conninfo = \"geheim");
		for (int i = 0; i < 300; i++)
			buf_add_str(&text, " geheim");
		buf_add_str(&text, "\"; };\n");
	}
	write_file("t.conf", buf_str(&text));
	ck_assert_msg(load("t.conf", &faults) == NULL && faults.n > 0, "%s", secret_rows[_i].name);
	for (unsigned i = 0; i < faults.n; i++)
		ck_assert_msg(strstr(faults.lines[i], "geheim") == NULL, "%s: %s", secret_rows[_i].name,
			      faults.lines[i]);
	settings_faults_free(&faults);
	buf_done(&text);
}
END_TEST

/* The words of the file are those of the journal and the log. */
START_TEST(test_words)
{
	static const struct {
		const char *option;
		const struct name_row *names;
	} rows[] = {
		{ "mode", mode_names }, { "dmarc.pct", pct_mode_names },
		{ "dmarc.on_temperror", temperror_action_names },
		{ "dmarc.on_bad_from", action_names }, { "override.reject", request_answer_names },
		{ "override.quarantine", request_answer_names },
		{ "override.uncorroborated", request_answer_names },
		{ "recipients_differ", recipients_differ_names },
		{ "quarantine.method", quarantine_method_names },
		{ "dmarc.discovery", discovery_method_names },
	};

	for (int i = 0; i < N_ROWS(rows); i++)
		for (const struct name_row *word = option_find(rows[i].option)->words;
		     word->name != NULL; word++)
			ck_assert_str_eq(word->name, names_get(rows[i].names, word->value));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("settings");
	TCase *t = tcase_create("settings");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_faults, 0, N_ROWS(fault_rows));
	tcase_add_loop_test(t, test_values, 0, N_ROWS(value_rows));
	tcase_add_loop_test(t, test_wrong_type, 0, (int)n_options);
	tcase_add_loop_test(t, test_out_of_range, 0, (int)n_options);
	tcase_add_loop_test(t, test_table_default, 0, (int)n_options);
	tcase_add_test(t, test_defaults);
	tcase_add_test(t, test_all_set);
	tcase_add_test(t, test_include);
	tcase_add_test(t, test_no_file);
	tcase_add_test(t, test_unreadable);
	tcase_add_test(t, test_not_text);
	tcase_add_test(t, test_host_name);
	tcase_add_test(t, test_restart);
	tcase_add_test(t, test_references);
	tcase_add_test(t, test_cut_off);
	tcase_add_test(t, test_damaged);
	tcase_add_test(t, test_table);
	tcase_add_loop_test(t, test_row, 0, (int)n_options);
	tcase_add_test(t, test_words);
	tcase_add_loop_test(t, test_secret, 0, N_ROWS(secret_rows));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
