/* rules = ( ... ): what loads, what is refused with which words and where. */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/decide.h"
#include "settings/settings.h"
#include "testmain.h"
#include "unprivileged.h"

#define MINIMAL "dry_run = true; authserv_id = \"mx.example.com\";\n"
/* One rule on lines 2 to 4; the middle one is the row's. */
#define RULE(text) MINIMAL "rules = ( { id = \"r\";\n" text "\n} );\n"
#define ALL "match_all = true; "
#define MATCH "match = { author_domain = \"example.com\"; }; "

/* libconfig 1.5 loses some octets at each syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static char folder[PATH_MAX];   /* absolute: list files have to be */

static void path_of(const char *name, char out[PATH_MAX])
{
	ck_assert_int_lt(snprintf(out, PATH_MAX, "%s/%s", folder, name), PATH_MAX);
}

static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
	ck_assert_int_eq(fclose(file), 0);
}

/* `@` stands for the folder. */
static void write_conf(const char *text)
{
	struct buf out;

	buf_init(&out, 1 << 22);
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '@' && c[1] == '/')
			buf_add_str(&out, folder);
		else
			buf_add_char(&out, *c);
	}
	ck_assert(!buf_is_full(&out));
	write_file("t.conf", buf_str(&out));
	buf_done(&out);
}

static struct settings *load(struct settings_faults *faults)
{
	char path[PATH_MAX];

	path_of("t.conf", path);
	return settings_load(path, faults);
}

static const struct { const char *name, *text; } list_files[] = {
	{ "good.list", "# brands\n\nexample.com\r\n  .example.org # and below\n\tEXAMPLE.net.\n#x" },
	{ "bad.list", "example.com\n\n*.example.com\nexample.org REJECT\nexample.net\n" },
	{ "mark.list", "\xEF\xBB\xBF" "example.com" },
	{ "hash.list", "example.com#example.net\n" },
	{ "empty.list", "# nothing yet\n\n" },
	{ "nets.list", "192.0.2.0/24\n2001:db8::/32\n198.51.100.7\n" },
	{ "bits.list", "192.0.2.0/24\n192.0.2.9/24\n" },
	{ "many.list", "a@b\na@b\na@b\na@b\na@b\na@b\na@b\na@b\na@b\na@b\na@b\na@b\n" },
};

static void setup(void)
{
	char path[PATH_MAX], here[PATH_MAX - 32];

	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	snprintf(folder, sizeof(folder), "%s/test_rule_settings.XXXXXX", here);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	path_of("folder", path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	for (int i = 0; i < N_ROWS(list_files); i++)
		write_file(list_files[i].name, list_files[i].text);
}

static void teardown(void)
{
	char path[PATH_MAX];

	for (int i = 0; i < N_ROWS(list_files); i++) {
		path_of(list_files[i].name, path);
		unlink(path);
	}
	path_of("t.conf", path);
	unlink(path);
	path_of("large.list", path);
	unlink(path);
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

/* Each wanted line: what the fault begins with, and behind each `~` what it has
 * further on. */
static bool is_wanted(const char *line, const char *wanted)
{
	size_t len = strcspn(wanted, "~");

	if (strncmp(line, wanted, len) != 0)
		return false;
	while (wanted[len] == '~') {
		char part[256];

		line += len;
		wanted += len + 1;
		len = strcspn(wanted, "~");
		snprintf(part, sizeof(part), "%.*s", (int)len, wanted);
		line = strstr(line, part);
		if (line == NULL)
			return false;
	}
	return true;
}

static const struct {
	const char *name, *text, *wanted[6];
} fault_rows[] = {
	{ "none", MINIMAL "rules = ( );\n", { NULL } },
	{ "one", RULE(ALL "action = \"accept\";"), { NULL } },
	{ "no list", MINIMAL "rules: { id = \"a\"; };\n",
	  { "t.conf:2: rules: has to be a list of groups, not a group; accepted: rules = ( {" } },
	{ "a text", MINIMAL "rules = \"a\";\n", { "t.conf:2: rules: has to be a list~the text \"a\"" } },
	{ "a rule that is a text", MINIMAL "rules = ( \"a\",\n 5 );\n",
	  { "t.conf:2: rule 1 of the list: has to be a group~not the text \"a\"",
	    "t.conf:3: rule 2 of the list: has to be a group~not the number 5" } },
	{ "no id", MINIMAL "rules = (\n{ action = \"accept\"; match_all = true; } );\n",
	  { "t.conf:3: rule 1 of the list: id: required~accepted: 1 to 64 letters" } },
	{ "empty rule", MINIMAL "rules = (\n{ } );\n",
	  { "t.conf:3: rule 1 of the list: id: required",
	    "t.conf:3: rule 1 of the list: action: required; accepted: \"accept\", \"quarantine\"",
	    "t.conf:3: rule 1 of the list: match: required~match_all = true" } },
	{ "id with a blank", MINIMAL "rules = ( {\nid = \"a b\"; " ALL "action = \"accept\"; } );\n",
	  { "t.conf:3: rule 1 of the list: id: the text \"a b\" is no id; accepted: 1 to 64" } },
	{ "id of 65", MINIMAL "rules = ( {\nid = \"0123456789012345678901234567890123456789012345678901234"
	  "5678901234\"; " ALL "action = \"accept\"; } );\n", { "t.conf:3: rule 1 of the list: id: ~is no id" } },
	{ "empty id", MINIMAL "rules = ( {\nid = \"\"; " ALL "action = \"accept\"; } );\n",
	  { "t.conf:3: rule 1 of the list: id: the text \"\" is no id" } },
	{ "id is a number", MINIMAL "rules = ( {\nid = 5; " ALL "action = \"accept\"; } );\n",
	  { "t.conf:3: rule 1 of the list: id: has to be text in quotes, not the number 5" } },
	{ "same id", MINIMAL "rules = ( { id = \"a\"; " ALL "action = \"accept\"; },\n"
	  "{ id = \"b\"; " ALL "action = \"accept\"; },\n{ id = \"a\"; " ALL "action = \"accept\"; },\n"
	  "{ id = \"A\"; " ALL "action = \"accept\"; },\n{ id = \"a\"; " ALL "action = \"accept\"; } );\n",
	  { "t.conf:4: rule a: id: given twice, first to the rule of ~t.conf:2;",
	    "t.conf:6: rule a: id: given twice, first to the rule of ~t.conf:2;" } },
	{ "unknown field", RULE(ALL "action = \"accept\"; tiket = \"x\"; foo = 1;"),
	  { "t.conf:3: rule r: tiket: unknown name; did you mean ticket?",
	    "t.conf:3: rule r: foo: unknown name; accepted: the names of a rule in alignd.conf(5)" } },
	{ "key beside match", RULE(ALL "action = \"accept\"; helo = \"example.com\";"),
	  { "t.conf:3: rule r: helo: unknown name; did you mean match = { helo = ...; }?" } },
	{ "unknown key", RULE("match = { author_domian = \"example.com\";\nfoo = 1; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.author_domian: unknown name; did you mean author_domain?",
	    "t.conf:4: rule r: match.foo: unknown name; accepted: the keys of match" } },
	{ "unknown file key", RULE("match = { domain_file = \"/x\"; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.domain_file: unknown name; did you mean domains_file?" } },
	{ "no action", RULE(ALL), { "t.conf:2: rule r: action: required; accepted: \"accept\"" } },
	{ "unknown action", RULE(ALL "action = \"acept\"; reply = \"x\"; reason = \"mailing_list\";"),
	  { "t.conf:3: rule r: action: the text \"acept\" is none of its values; accepted: \"accept\", "
	    "\"quarantine\", \"reject\", \"honor\"; did you mean \"accept\"?" } },
	{ "action that is none", RULE(ALL "action = \"-\";"), { "t.conf:3: rule r: action: ~none of its" } },
	{ "impossible date", RULE(ALL "action = \"accept\"; expires = \"2026-02-30\";"),
	  { "t.conf:3: rule r: expires: the text \"2026-02-30\" is no date~accepted: \"YYYY-MM-DD\"" } },
	{ "date and time", RULE(ALL "action = \"accept\"; expires = \"2026-02-20T10:00:00Z\";"),
	  { "t.conf:3: rule r: expires: ~\"YYYY-MM-DD\"" } },
	{ "month 13", RULE(ALL "action = \"accept\"; expires = \"2026-13-01\";"),
	  { "t.conf:3: rule r: expires: ~is no date" } },
	{ "date of the last century", RULE(ALL "action = \"accept\"; expires = \"1969-12-31\";"),
	  { "t.conf:3: rule r: expires: ~is no date" } },
	{ "date without quotes", RULE(ALL "action = \"accept\"; expires = 2026;"),
	  { "t.conf:3: rule r: expires: has to be text in quotes, not the number 2026" } },
	{ "leap day", RULE(ALL "action = \"accept\"; expires = \"2096-02-29\";"), { NULL } },
	{ "expired is no fault", RULE(ALL "action = \"accept\"; expires = \"2020-01-01\";"), { NULL } },
	{ "host bits", RULE("match = { client_network = [ \"192.0.2.0/24\",\n\"192.0.2.7/24\" ]; };"
			    "action = \"accept\";"),
	  { "t.conf:4: rule r: match.client_network: the text \"192.0.2.7/24\" cannot be used~host bits"
	    "~did you mean \"192.0.2.0/24\"?~accepted: \"192.0.2.0/24\"" } },
	{ "a domain for a network", RULE("match = { client_network = \"example.com\"; }; action = \"accept\";"),
	  { "t.conf:3: rule r: match.client_network: the text \"example.com\"~not an address" } },
	{ "not a domain", RULE("match = { author_domain = [ \"a b\", \"*.example.com\", \"\" ]; };"
			       "action = \"reject\";"),
	  { "t.conf:3: rule r: match.author_domain: the text \"a b\" is not a domain; accepted: \"example.com\"",
	    "t.conf:3: rule r: match.author_domain: the text \"*.example.com\" has a `*`",
	    "t.conf:3: rule r: match.author_domain: the text \"\" is empty" } },
	{ "number for a domain", RULE("match = { author_domain = 5; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.author_domain: has to be text in quotes, not the number 5" } },
	{ "empty list", RULE("match = { author_domain = [ ]; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.author_domain: is an empty list" } },
	{ "bad recipients", RULE("match = { recipient = [ \"@example.com\", \"a@[192.0.2.1]\",\n"
				 "\"a@b c\", \"a@.example.com\" ]; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.recipient: the text \"@example.com\" is no address",
	    "t.conf:3: rule r: match.recipient: the text \"a@[192.0.2.1]\" is no address",
	    "t.conf:4: rule r: match.recipient: the text \"a@b c\" ",
	    "t.conf:4: rule r: match.recipient: the text \"a@.example.com\" " } },
	{ "unknown word", RULE("match = { asked = [ \"reject\", \"quarantin\" ]; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.asked: the text \"quarantin\" is none of its values (did you mean "
	    "\"quarantine\"?); accepted: \"none\", \"quarantine\", \"reject\"" } },
	{ "arc that is false", RULE("match = { trusted_arc = false; }; action = \"accept\";"),
	  { "t.conf:3: rule r: match.trusted_arc: false means nothing here; accepted: true" } },
	{ "arc in quotes", RULE("match = { trusted_arc = \"true\"; }; action = \"accept\";"),
	  { "t.conf:3: rule r: match.trusted_arc: the text \"true\" means nothing here" } },
	{ "reason for accept alone", RULE(MATCH "action = \"reject\"; reason = \"mailing_list\";"),
	  { "t.conf:3: rule r: reason: the text \"mailing_list\" is a reason to accept~\"other\"" } },
	{ "reason of the owner's", RULE(MATCH "action = \"accept\"; reason = \"sampled_out\";"),
	  { "t.conf:3: rule r: reason: the text \"sampled_out\" is none of its values; accepted: "
	    "\"local_policy\", \"mailing_list\", \"trusted_forwarder\", \"other\"" } },
	{ "reason other", RULE(MATCH "action = \"reject\"; reason = \"other\";"), { NULL } },
	{ "reason and comment to honor", RULE(MATCH "action = \"honor\"; reason = \"other\"; comment = \"x\";"),
	  { "t.conf:3: rule r: reason: has no effect with this action~with any other action",
	    "t.conf:3: rule r: comment: has no effect with this action" } },
	{ "reply without reject", RULE(MATCH "action = \"quarantine\"; reply = \"no\";"),
	  { "t.conf:3: rule r: reply: is the answer of a reject; accepted: only with action = \"reject\"" } },
	{ "reply with %", RULE(MATCH "action = \"reject\"; reply = \"100% no\";"),
	  { "t.conf:3: rule r: reply: the text \"100% no\" has a `%`; accepted: 1 to 200 characters of "
	    "printable ASCII without `%`" } },
	{ "reply of two lines", RULE(MATCH "action = \"reject\"; reply = \"a\\r\\n250 ok\";"),
	  { "t.conf:3: rule r: reply: the text \"a\\x0D\\x0A250 ok\" has a character that is not" } },
	{ "comment beyond ASCII", RULE(MATCH "action = \"accept\"; comment = \"caf\xC3\xA9\";"),
	  { "t.conf:3: rule r: comment: the text \"caf\\xC3\\xA9\" has a character that is not printable" } },
	{ "empty comment", RULE(MATCH "action = \"accept\"; comment = \"\";"),
	  { "t.conf:3: rule r: comment: the text \"\" is empty" } },
	{ "comment of 201", RULE(MATCH "action = \"accept\"; comment = \"0123456789012345678901234567890123"
	  "4567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
	  "8901234567890123456789012345678901234567890123456789012345678901234567890\";"),
	  { "t.conf:3: rule r: comment: ~is too long; accepted: 1 to 200" } },
	{ "owner in UTF-8", RULE(MATCH "action = \"accept\"; owner = \"J\xC3\xB6rg\"; note = \"\";"), { NULL } },
	{ "owner in Latin-1", RULE(MATCH "action = \"accept\"; owner = \"J\xF6rg\";"),
	  { "t.conf:3: rule r: owner: the text \"J\\xF6rg\" cannot be kept; accepted: up to 1000 octets" } },
	{ "note with a line end", RULE(MATCH "action = \"accept\"; note = \"a\\nb\";"),
	  { "t.conf:3: rule r: note: the text \"a\\x0Ab\" cannot be kept" } },
	{ "ticket with an escape", RULE(MATCH "action = \"accept\"; ticket = \"\\x1b[31m\";"),
	  { "t.conf:3: rule r: ticket: ~cannot be kept" } },
	{ "note with C1", RULE(MATCH "action = \"accept\"; note = \"a\xC2\x9B\";"),
	  { "t.conf:3: rule r: note: ~cannot be kept" } },
	{ "percent with accept", RULE(MATCH "action = \"accept\"; enforce_percent = 50;"),
	  { "t.conf:3: rule r: enforce_percent: has no effect with this action~\"reject\"" } },
	{ "percent with honor", RULE(MATCH "action = \"honor\"; enforce_percent = 50;"),
	  { "t.conf:3: rule r: enforce_percent: has no effect with this action" } },
	{ "percent of 101", RULE(MATCH "action = \"reject\"; enforce_percent = 101;"),
	  { "t.conf:3: rule r: enforce_percent: the number 101 is out of range; accepted: a whole number "
	    "from 0 to 100" } },
	{ "negative percent", RULE(MATCH "action = \"reject\"; enforce_percent = -1;"),
	  { "t.conf:3: rule r: enforce_percent: the number -1 is out of range" } },
	{ "percent in quotes", RULE(MATCH "action = \"reject\"; enforce_percent = \"5\";"),
	  { "t.conf:3: rule r: enforce_percent: has to be a whole number" } },
	{ "empty match", RULE("match = { }; action = \"reject\";"),
	  { "t.conf:3: rule r: match: is empty, so it would match every message~match_all = true" } },
	{ "no match", RULE("action = \"reject\";"), { "t.conf:2: rule r: match: required" } },
	{ "match_all = false", RULE("match_all = false; action = \"reject\";"),
	  { "t.conf:2: rule r: match: required" } },
	{ "match_all in quotes", RULE("match_all = \"true\"; action = \"reject\";"),
	  { "t.conf:3: rule r: match_all: has to be true or false without quotes" } },
	{ "match and match_all", RULE(ALL MATCH "action = \"reject\";"),
	  { "t.conf:3: rule r: match_all: contradicts match; accepted: one of the two" } },
	{ "match is a text", RULE("match = \"all\"; action = \"reject\";"),
	  { "t.conf:3: rule r: match: has to be a group, match = { ... }, not the text \"all\"" } },
	{ "list_id alone", RULE("match = { asked = \"reject\";\nlist_id = \"a.example.org\"; };"
				"action = \"accept\"; reason = \"mailing_list\";"),
	  { "t.conf:4: rule r: match.list_id: refused alone, since anyone can write such a field; "
	    "accepted: together with list_domain, the domain that has to have signed" } },
	{ "list_domain alone", RULE("match = { list_domain = \"example.org\"; }; action = \"accept\";"),
	  { "t.conf:3: rule r: match.list_domain: says little alone; accepted: together with list_id" } },
	{ "list_id in brackets", RULE("match = { list_domain = \"example.org\";"
				      "list_id = \"A list <a.example.org>\"; }; action = \"accept\";"),
	  { "t.conf:3: rule r: match.list_id: ~has a blank, < or >~accepted: text without blanks" } },
	{ "list", RULE("match = { list_domain = \"example.org\"; list_id = \"a.example.org\"; };"
		       "action = \"accept\"; reason = \"mailing_list\"; comment = \"our list\";"), { NULL } },
	{ "helo alone", RULE("match = { helo = \"mx.example.org\"; }; action = \"accept\";"),
	  { "t.conf:3: rule r: match.helo: a stranger chooses it~accepted with action = \"accept\": "
	    "together with a key that proves something: client_network, client_name, "
	    "authenticated_domain, trusted_arc" } },
	{ "helo and words", RULE("match = { helo = \"mx.example.org\"; asked = \"reject\"; result = \"fail\"; "
				 "enforcement = \"enforced\"; }; action = \"accept\";"),
	  { "t.conf:3: rule r: match.helo: a stranger chooses it" } },
	{ "helo to reject", RULE("match = { helo = \"mx.example.org\"; }; action = \"reject\";"), { NULL } },
	{ "helo and network", RULE("match = { helo = \"mx.example.org\"; client_network = \"192.0.2.1\"; };"
				   "action = \"accept\";"), { NULL } },
	{ "bad lines", RULE("match = { domains_file = \"@/bad.list\"; }; action = \"reject\"; foo = 1;"),
	  { "bad.list:3: rule r: match.domains_file: \"*.example.com\" has a `*`~accepted: one entry a line",
	    "bad.list:4: rule r: match.domains_file: \"example.org REJECT\" is not a domain",
	    "t.conf:3: rule r: foo: unknown" } },
	{ "no comment without a blank", RULE("match = { domains_file = \"@/hash.list\"; }; action = \"reject\";"),
	  { "hash.list:1: rule r: match.domains_file: \"example.com#example.net\" ~not a domain" } },
	{ "host bits in a file", RULE("match = { networks_file = \"@/bits.list\"; }; action = \"reject\";"),
	  { "bits.list:2: rule r: match.networks_file: \"192.0.2.9/24\" cannot be used~did you mean "
	    "\"192.0.2.0/24\"?" } },
	{ "no such file", RULE("match = { domains_file = \"@/none.list\"; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.domains_file: ~none.list\" cannot be read: No such file~accepted: a file "
	    "that alignd's user may read" } },
	{ "a folder", RULE("match = { domains_file = \"@/folder\"; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.domains_file: ~folder\" cannot be read: it is a directory" } },
	{ "relative path", RULE("match = { domains_file = \"good.list\"; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.domains_file: the text \"good.list\" is no absolute path; accepted: the" } },
	{ "number for a path", RULE("match = { domains_file = 5; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.domains_file: the number 5 is no absolute path" } },
	{ "path with a line end", RULE("match = { domains_file = \"/a\\nb\"; }; action = \"reject\";"),
	  { "t.conf:3: rule r: match.domains_file: the text \"/a\\x0Ab\" is no absolute path" } },
	{ "all at once", MINIMAL "rules = (\n{ id = \"a\"; action = \"no\"; },\n{ id = \"a\"; },\n"
	  "{ id = \"c\"; action = \"accept\"; match = { helo = \"c.example\"; }; } );\nfoo = 1;\n",
	  { "t.conf:3: rule a: action: ", "t.conf:3: rule a: match: required", "t.conf:4: rule a: action: required",
	    "t.conf:4: rule a: match: required", "t.conf:4: rule a: id: given twice",
	    "t.conf:5: rule c: match.helo: " } },
};

START_TEST(test_faults)
{
	struct settings_faults faults;
	struct settings *settings;
	unsigned n = 0;

	write_conf(fault_rows[_i].text);
	settings = load(&faults);
	for (; n < 6 && fault_rows[_i].wanted[n] != NULL; n++)
		if (n >= faults.n || !is_wanted(bare(faults.lines[n]), fault_rows[_i].wanted[n])) {
			print_faults(&faults);
			ck_abort_msg("%s: wanted %s", fault_rows[_i].name, fault_rows[_i].wanted[n]);
		}
	if (faults.n != n && n < 6) {
		print_faults(&faults);
		ck_abort_msg("%s: %u faults, wanted %u", fault_rows[_i].name, faults.n, n);
	}
	ck_assert_msg((settings == NULL) == (n > 0), "%s", fault_rows[_i].name);
	settings_faults_free(&faults);
	settings_unref(settings);
}
END_TEST

static struct settings *load_text(const char *text)
{
	struct settings_faults faults;
	struct settings *settings;

	write_conf(text);
	settings = load(&faults);
	print_faults(&faults);
	ck_assert_ptr_nonnull(settings);
	settings_faults_free(&faults);
	return settings;
}

static const struct rule_match *match_of(const struct rule *rule, const char *key)
{
	unsigned k;

	ck_assert_msg(rule_key_find(slice_of(key), &k), "%s", key);
	return &rule->match[k];
}

static bool has_address(const struct netset *set, const char *text)
{
	struct address address;

	ck_assert(address_parse(slice_of(text), &address));
	return netset_has(set, &address);
}

static int64_t ms_of(const char *text)
{
	int64_t ms;

	ck_assert(clock_parse(slice_of(text), &ms));
	return ms;
}

START_TEST(test_fields)
{
	struct settings *settings = load_text(MINIMAL "rules = ( { id = \"own-brands\"; owner = \"Jo\";\n"
		"ticket = \"T-1\"; note = \"n\"; expires = \"2027-03-31\"; action = \"reject\";\n"
		"match = { org_domain = [ \"Example.com\", \".example.org\" ]; result = [ \"fail\", \"none\" ]; };\n"
		"reason = \"other\"; comment = \"ours\"; reply = \"not from outside\"; enforce_percent = 5; },\n"
		"{ id = \"b\"; match_all = true; action = \"honor\"; } );\n");
	const struct rule *rule = settings->ruleset.rules, *second = rule + 1;

	ck_assert_uint_eq(settings->ruleset.n_rules, 2);
	ck_assert_str_eq(rule->id, "own-brands");
	ck_assert_str_eq(rule->owner, "Jo");
	ck_assert_str_eq(rule->ticket, "T-1");
	ck_assert_str_eq(rule->note, "n");
	ck_assert_int_eq(rule->expires_ms, ms_of("2027-04-01"));
	ck_assert_int_eq(rule->action, RULE_REJECT);
	ck_assert_int_eq(rule->reason, REASON_OTHER);
	ck_assert_str_eq(rule->comment, "ours");
	ck_assert_str_eq(rule->reply, "not from outside");
	ck_assert(rule->has_percent && rule->enforce_percent == 5 && !rule->match_all);
	ck_assert_str_eq(bare(rule->file), "t.conf");
	ck_assert_uint_eq(rule->line, 2);
	ck_assert(domainset_has(match_of(rule, "org_domain")->domains, "example.com"));
	ck_assert(domainset_has(match_of(rule, "org_domain")->domains, "a.example.org"));
	ck_assert(!domainset_has(match_of(rule, "org_domain")->domains, "a.example.com"));
	ck_assert_uint_eq(match_of(rule, "result")->words, 1u << RES_DMARC_FAIL | 1u << RES_DMARC_NONE);
	ck_assert(match_of(rule, "result")->given && !match_of(rule, "helo")->given);
	ck_assert_str_eq(second->id, "b");
	ck_assert(second->match_all && !second->has_percent && second->expires_ms == 0);
	ck_assert_int_eq(second->reason, REASON_LOCAL_POLICY);
	ck_assert_uint_eq(second->line, 6);
	ck_assert(!settings->ruleset.rules_have_recipients);
	ck_assert_ptr_null(second->owner);
	settings_unref(settings);
}
END_TEST

START_TEST(test_keys)
{
	struct settings *settings = load_text(RULE("action = \"accept\"; match = {\n"
		"author_domain = \"example.com\"; client_network = \"192.0.2.0/24\"; client_name = \".example.net\";\n"
		"authenticated_domain = \"a.example\"; helo = \"h.example\"; list_id = \"L.example.org\";\n"
		"list_domain = \"example.org\"; asked = \"reject\"; enforcement = [ \"partial\", \"enforced\" ];\n"
		"trusted_arc = true; org_domain = \"example.com\"; result = \"fail\";\n"
		"recipient = [ \"tenant.example\", \"Jo.Do@Example.com.\", \"\\\"a b\\\"@example.com\" ]; };"));
	const struct rule *rule = settings->ruleset.rules;

	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		ck_assert_msg(rule->match[k].given, "%s", rule_keys[k].name);
	ck_assert(settings->ruleset.rules_have_recipients);
	ck_assert(has_address(match_of(rule, "client_network")->networks, "192.0.2.7"));
	ck_assert(textset_has(match_of(rule, "list_id")->texts, SLICE("l.EXAMPLE.org")));
	ck_assert(domainset_has(match_of(rule, "recipient")->domains, "tenant.example"));
	ck_assert(!domainset_has(match_of(rule, "recipient")->domains, "example.com"));
	ck_assert(textset_has(match_of(rule, "recipient")->texts, SLICE("jo.do@example.com")));
	ck_assert(textset_has(match_of(rule, "recipient")->texts, SLICE("a b@example.com")));
	ck_assert_uint_eq(settings->warnings.n, 0);
	settings_unref(settings);
}
END_TEST

START_TEST(test_list_files)
{
	struct settings *settings = load_text(MINIMAL "rules = ( { id = \"a\"; action = \"reject\";\n"
		"match = { domains_file = \"@/good.list\"; author_domain = \"beside.example\"; }; },\n"
		"{ id = \"b\"; action = \"accept\"; match = { networks_file = \"@/nets.list\"; }; },\n"
		"{ id = \"c\"; action = \"reject\"; match = { domains_file = \"@/mark.list\"; }; } );\n");
	const struct rule *rules = settings->ruleset.rules;
	const struct domainset *domains = match_of(&rules[0], "author_domain")->domains;
	const struct netset *networks = match_of(&rules[1], "client_network")->networks;

	ck_assert(domainset_has(domains, "example.com") && domainset_has(domains, "example.net"));
	ck_assert(domainset_has(domains, "x.example.org") && !domainset_has(domains, "example.org"));
	ck_assert(domainset_has(domains, "beside.example") && !domainset_has(domains, "x.example.com"));
	ck_assert(has_address(networks, "192.0.2.255") && has_address(networks, "2001:db8:1::1"));
	ck_assert(has_address(networks, "198.51.100.7") && !has_address(networks, "198.51.100.8"));
	ck_assert(domainset_has(match_of(&rules[2], "author_domain")->domains, "example.com"));
	settings_unref(settings);
}
END_TEST

/* A file of another kind does not flood the screen. */
START_TEST(test_many_bad_lines)
{
	struct settings_faults faults;

	write_conf(RULE("match = { domains_file = \"@/many.list\"; }; action = \"reject\";"));
	ck_assert_ptr_null(load(&faults));
	ck_assert_uint_eq(faults.n, 10);
	ck_assert_ptr_nonnull(strstr(faults.lines[9], "many.list:10: "));
	ck_assert_ptr_nonnull(strstr(faults.lines[9], "the rest of this file was not looked at"));
	settings_faults_free(&faults);
}
END_TEST

START_TEST(test_unreadable_list)
{
	struct settings_faults faults;
	char path[PATH_MAX];

	write_conf(RULE("match = { domains_file = \"@/good.list\"; }; action = \"reject\";"));
	path_of("good.list", path);
	ck_assert_int_eq(chmod(path, 0), 0);
	ck_assert(modes_bind(true));
	ck_assert_ptr_null(load(&faults));
	ck_assert(modes_bind(false));
	print_faults(&faults);
	ck_assert_uint_eq(faults.n, 1);
	ck_assert(is_wanted(bare(faults.lines[0]), "t.conf:3: rule r: match.domains_file: ~Permission denied"));
	settings_faults_free(&faults);
}
END_TEST

enum { LARGE = 100000 };

/* As large as lists get. */
START_TEST(test_large_lists)
{
	struct settings *settings;
	const struct domainset *set;
	struct buf text;

	buf_init(&text, 16 << 20);
	for (unsigned i = 0; i < LARGE; i++)
		buf_printf(&text, "d%u.example\n", i * 7919 % LARGE);
	write_file("large.list", buf_str(&text));
	buf_done(&text);
	settings = load_text(RULE("match = { domains_file = \"@/large.list\"; }; action = \"reject\";"));
	set = match_of(settings->ruleset.rules, "author_domain")->domains;
	for (unsigned i = 0; i < LARGE; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%u.example", i);
		ck_assert(domainset_has(set, name));
		snprintf(name, sizeof(name), "e%u.example", i);
		ck_assert(!domainset_has(set, name));
	}
	settings_unref(settings);
}
END_TEST

START_TEST(test_many_rules)
{
	struct settings_faults faults;
	struct settings *settings;
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_add_str(&text, MINIMAL "rules = (");
	for (unsigned i = 0; i < LIMIT_RULES; i++)
		buf_printf(&text, "%s{id=\"r%u\";match={helo=\"h.example\";};action=\"honor\";}\n",
			   i > 0 ? "," : "", i);
	buf_add_str(&text, ");\n");
	settings = load_text(buf_str(&text));
	ck_assert_uint_eq(settings->ruleset.n_rules, LIMIT_RULES);
	ck_assert_str_eq(settings->ruleset.rules[LIMIT_RULES - 1].id, "r9999");
	ck_assert_uint_eq(settings->warnings.n, 0);
	settings_unref(settings);
	buf_cut(&text, text.len - 3);
	buf_add_str(&text, ",{id=\"x\"; } );\n");
	write_conf(buf_str(&text));
	ck_assert_ptr_null(load(&faults));
	ck_assert_uint_eq(faults.n, 1);
	ck_assert(is_wanted(bare(faults.lines[0]), "t.conf:2: rules: has 10001 rules; accepted: up to 10000"));
	settings_faults_free(&faults);
	buf_done(&text);
}
END_TEST

static const struct {
	const char *name, *text, *wanted[3];
} warning_rows[] = {
	{ "none", RULE(MATCH "action = \"reject\";"), { NULL } },
	{ "empty list file", RULE("match = { domains_file = \"@/empty.list\"; }; action = \"reject\";"),
	  { "empty.list: rule r: match.domains_file: there is no entry in this file" } },
	{ "no mark to settle by", MINIMAL "quarantine: { method = \"reject\"; };\n"
	  "rules = ( { id = \"a\"; match = { recipient = \"b.example\"; }; action = \"accept\"; } );\n",
	  { "t.conf:2: recipients_differ: a message whose recipients' rules differ is rejected for all of them" } },
	{ "the mildest needs no mark", MINIMAL "quarantine: { method = \"reject\"; };\n"
	  "recipients_differ = \"mildest\";\n"
	  "rules = ( { id = \"a\"; match = { recipient = \"b.example\"; }; action = \"accept\"; } );\n",
	  { NULL } },
	{ "behind match_all", MINIMAL "rules = ( { id = \"a\"; " ALL "action = \"accept\"; },\n"
	  "{ id = \"b\"; " MATCH "action = \"reject\"; },\n{ id = \"c\"; " ALL "action = \"accept\"; } );\n",
	  { "t.conf:3: rule b: can never be reached, since rule a of ~t.conf:2 matches all",
	    "t.conf:4: rule c: can never be reached" } },
	{ "behind match_all that ends", MINIMAL "rules = ( { id = \"a\"; " ALL "action = \"accept\"; "
	  "expires = \"2999-01-01\"; },\n{ id = \"b\"; " MATCH "action = \"reject\"; } );\n", { NULL } },
	{ "for mail that passed", MINIMAL "rules = ( { id = \"a\"; " ALL "action = \"accept\"; },\n"
	  "{ id = \"b\"; match = { helo = \"h.example\"; result = \"pass\"; }; action = \"reject\"; } );\n", { NULL } },
	{ "for mail that is undecided", MINIMAL "rules = ( { id = \"a\"; " ALL "action = \"reject\"; },\n"
	  "{ id = \"b\"; " MATCH "action = \"honor\"; },\n{ id = \"c\"; " MATCH "action = \"reject\"; } );\n",
	  { "t.conf:4: rule c: can never be reached, since rule a" } },
	{ "From alone", RULE(MATCH "action = \"accept\";"),
	  { "t.conf:2: rule r: delivers forgeries, since anyone can write such a From~what the sender has to "
	    "prove: client_network, client_name, authenticated_domain, trusted_arc" } },
	{ "From and HELO", RULE("match = { org_domain = \"example.com\"; helo = \"h.example\"; asked = \"reject\"; };"
				"action = \"accept\";"), { "t.conf:2: rule r: delivers forgeries" } },
	{ "From, for one recipient", RULE("match = { author_domain = \"example.com\"; recipient = \"b.example\"; };"
					  "action = \"accept\";"), { NULL } },
	{ "From, to the letter", RULE(MATCH "action = \"honor\";"), { NULL } },
};

START_TEST(test_warnings)
{
	struct settings *settings = load_text(warning_rows[_i].text);
	unsigned n = 0;

	for (; n < 3 && warning_rows[_i].wanted[n] != NULL; n++) {
		ck_assert_msg(n < settings->warnings.n, "%s", warning_rows[_i].name);
		ck_assert_msg(is_wanted(bare(settings->warnings.items[n]), warning_rows[_i].wanted[n]),
			      "%s", settings->warnings.items[n]);
	}
	ck_assert_msg(settings->warnings.n == n, "%s: %u", warning_rows[_i].name, settings->warnings.n);
	settings_unref(settings);
}
END_TEST

/* Warnings are bounded, these as those of what cannot be reached. */
START_TEST(test_many_from_alone)
{
	struct buf text;
	struct settings *settings;

	buf_init(&text, 1 << 20);
	buf_add_str(&text, MINIMAL "rules = (");
	for (unsigned i = 0; i < 30; i++)
		buf_printf(&text, "%s\n{ id = \"r%u\"; " MATCH "action = \"accept\"; }", i > 0 ? "," : "", i);
	buf_add_str(&text, ");\n");
	settings = load_text(buf_str(&text));
	ck_assert_uint_eq(settings->warnings.n, 21);
	ck_assert_ptr_nonnull(strstr(settings->warnings.items[20], "t.conf:23: rule r20: delivers forgeries, and others"));
	settings_unref(settings);
	buf_done(&text);
}
END_TEST

START_TEST(test_many_warnings)
{
	struct settings *settings;
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_add_str(&text, MINIMAL "rules = ({ id = \"all\"; " ALL "action = \"accept\"; }\n");
	for (unsigned i = 0; i < 100; i++)
		buf_printf(&text, ",{id=\"r%u\";match={helo=\"h.example\";};action=\"reject\";}\n", i);
	buf_add_str(&text, ");\n");
	settings = load_text(buf_str(&text));
	ck_assert_uint_eq(settings->warnings.n, 21);
	ck_assert_ptr_nonnull(strstr(settings->warnings.items[20], "t.conf:23: rule r20: "));
	ck_assert_ptr_nonnull(strstr(settings->warnings.items[20], "nor can others behind it"));
	settings_unref(settings);
	buf_done(&text);
}
END_TEST

static const struct { const char *now, *wanted; } expiry_rows[] = {
	{ "2027-03-16T23:59:59Z", NULL },
	{ "2027-03-17T00:00:00Z", "ends soon: its last day is 2027-03-31 (days left: 14)" },
	{ "2027-03-31T23:59:59.999Z", "ends soon: its last day is 2027-03-31 (days left: 0)" },
	{ "2027-04-01T00:00:00Z", "is over: its last day was 2027-03-31; it applies no longer" },
};

START_TEST(test_expiring)
{
	struct settings *settings = load_text(RULE(MATCH "action = \"reject\"; expires = \"2027-03-31\";"));
	struct arena *arena = arena_new();
	struct string_list lines = settings_expiring(settings, arena, ms_of(expiry_rows[_i].now));

	if (expiry_rows[_i].wanted == NULL) {
		ck_assert_uint_eq(lines.n, 0);
	} else {
		ck_assert_uint_eq(lines.n, 1);
		ck_assert_msg(strstr(lines.items[0], expiry_rows[_i].wanted) != NULL, "%s", lines.items[0]);
		ck_assert(is_wanted(bare(lines.items[0]), "t.conf:2: rule r: "));
	}
	ck_assert_msg(rule_has_expired(settings->ruleset.rules, ms_of(expiry_rows[_i].now)) ==
		      (_i == N_ROWS(expiry_rows) - 1), "%s", expiry_rows[_i].now);
	arena_free(arena);
	settings_unref(settings);
}
END_TEST

/* However a rule is cut off: faults or settings, never a crash. */
START_TEST(test_cut_off)
{
	static const char text[] = RULE("match = { recipient = [ \"a@example.com\" ]; list_id = \"x\"; "
		"domains_file = \"/none\"; asked = \"x\"; trusted_arc = true; }; expires = \"2027-01-01\"; "
		"action = \"accept\"; match_all = true; reply = \"%\"; enforce_percent = 5;");
	char cut[sizeof(text)];

	for (size_t len = 0; len < sizeof(text); len++) {
		struct settings_faults faults;
		struct settings *settings;

		memcpy(cut, text, len);
		cut[len] = '\0';
		write_conf(cut);
		settings = load(&faults);
		ck_assert((settings == NULL) == (faults.n > 0));
		settings_unref(settings);
		settings_faults_free(&faults);
	}
}
END_TEST

/* What stands behind the octet would be lost without a word. */
START_TEST(test_octet_nul)
{
	static const char text[] = "example.com\0\nexample.net\n";
	struct settings_faults faults;
	char path[PATH_MAX];
	FILE *file;

	path_of("large.list", path);
	file = fopen(path, "w");
	ck_assert_uint_eq(fwrite(text, 1, sizeof(text) - 1, file), sizeof(text) - 1);
	fclose(file);
	write_conf(RULE("match = { domains_file = \"@/large.list\"; }; action = \"reject\";"));
	ck_assert_ptr_null(load(&faults));
	ck_assert_ptr_nonnull(strstr(faults.lines[0], "it has a NUL octet"));
	settings_faults_free(&faults);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("rule_settings");
	TCase *t = tcase_create("rule_settings");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_faults, 0, N_ROWS(fault_rows));
	tcase_add_test(t, test_fields);
	tcase_add_test(t, test_keys);
	tcase_add_test(t, test_list_files);
	tcase_add_test(t, test_many_bad_lines);
	tcase_add_test(t, test_unreadable_list);
	tcase_add_test(t, test_octet_nul);
	tcase_add_test(t, test_large_lists);
	tcase_add_test(t, test_many_rules);
	tcase_add_loop_test(t, test_warnings, 0, N_ROWS(warning_rows));
	tcase_add_test(t, test_many_warnings);
	tcase_add_test(t, test_many_from_alone);
	tcase_add_loop_test(t, test_expiring, 0, N_ROWS(expiry_rows));
	tcase_add_test(t, test_cut_off);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
