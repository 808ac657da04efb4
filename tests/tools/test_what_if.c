/* What-if over stores of made-up months: what is counted, what speaks for whom, and
 * that a suggested rule does what it says. */
#include "tools/month.h"

#include <unistd.h>

#include "base/json.h"
#include "history.h"
#include "settings/options.h"
#include "settings/settings.h"
#include "store/sample.h"
#include "testmain.h"
#include "what_if.h"

#define NOW_MS (MONTH_START_MS + INT64_C(31) * 86400000)

static struct month month;
static struct ruleset lenient, strict;
static struct what_if_report report;

static void setup(void)
{
	month_open(&month);
	lenient = strict = ruleset_to_the_letter;
	lenient.mode = MODE_OVERRIDE;
	lenient.override_reject = REQUEST_ACCEPT;
	lenient.override_uncorroborated = REQUEST_ACCEPT;
	lenient.override_quarantine = REQUEST_ACCEPT;
}

static void teardown(void)
{
	month_close(&month);
}

static int ask_about(const struct ruleset *before, const struct ruleset *after, const char *domain)
{
	const struct what_if_options question = {
		.store = month.store, .span = { MONTH_START_MS, 0 }, .domain = domain,
		.before = before, .after = after, .now_ms = NOW_MS,
	};
	const char *error = "";

	return what_if(month.arena, &question, &report, &error);
}

static void ask(const struct ruleset *before, const struct ruleset *after)
{
	month_ready(&month);
	ck_assert_int_eq(ask_about(before, after, NULL), 0);
}

static const struct hurt *find_author(const char *author)
{
	for (unsigned i = 0; i < report.n_authors; i++)
		if (strcmp(report.authors[i].key, author) == 0)
			return &report.authors[i];
	return NULL;
}

static const struct stopped *find_forged(const char *author)
{
	for (unsigned i = 0; i < report.n_forged; i++)
		if (strcmp(report.forged[i].author, author) == 0)
			return &report.forged[i];
	return NULL;
}

/* ---- what speaks for a message ---- */

#define ESP_MAIL(a) { .author = a, .ip = "203.0.113.1", .dkim = { "esp.example", a } }
#define FORGED_BY_EVIL(a) { .author = a, .ip = "198.51.100.66", .dkim = { "evil.example" } }
#define THROUGH_FORWARDER(a) { .author = a, .ip = "203.0.113.9", .name = "mx.alumni.example" }
#define WHOLE(a) { .author = a, .ip = "203.0.113.9", .name = "mx.alumni.example", .dkim = { a } }
#define MAILER(a, on) { .author = a, .ip = "203.0.113.33", .name = "send.mailer.example", \
	.spf = "mailer.example", .dkim = { "mailer.example" }, .day = on }
#define FROM_BOT(a) { .author = a, .ip = "198.51.100.9", .name = "host.isp.example" }

/* The first mail of a row is asked about: what speaks for it, after all of the row. */
static const struct {
	const char *name;
	unsigned wanted;
	struct mail mail[14];
} plea_rows[] = {
	{ "nothing", 0, { { .n = 2 } } },
	{ "aligned mail came from the same network", PLEA_HISTORY,
	  { { .n = 2 }, { .ip = "192.0.2.200", .dkim = { "example.com" } } } },
	{ "aligned mail of a sister came from there", PLEA_HISTORY,
	  { { .author = "news.example.com" },
	    { .author = "shop.example.com", .dkim = { "shop.example.com" } } } },
	{ "aligned mail came from elsewhere", 0,
	  { { .n = 2 }, { .ip = "198.51.100.1", .dkim = { "example.com" } } } },
	{ "aligned mail of another came from there", 0,
	  { { .n = 2 }, { .author = "example.net", .dkim = { "example.net" } } } },
	{ "a provider signed it", PLEA_SIGNED,
	  { { .dkim = { "esp.example" } }, ESP_MAIL("a.example"), ESP_MAIL("b.example"),
	    ESP_MAIL("c.example"), ESP_MAIL("d.example") } },
	{ "a provider of few signed it", 0,
	  { { .dkim = { "esp.example" } }, ESP_MAIL("a.example"), ESP_MAIL("b.example") } },
	{ "one who forges many signed it", 0,
	  { FORGED_BY_EVIL("example.com"), FORGED_BY_EVIL("a.example"), FORGED_BY_EVIL("b.example"),
	    FORGED_BY_EVIL("c.example"), FORGED_BY_EVIL("d.example"), FORGED_BY_EVIL("e.example") } },
	{ "sealed by one who saw it pass", PLEA_ARC, { { .sealers = "fwd.example" } } },
	{ "sealed by one who saw another pass", 0,
	  { { .sealers = "fwd.example", .sealed_author = "example.net" } } },
	{ "a list's post", PLEA_LIST,
	  { { .list_id = "Staff <staff.lists.example.org>", .dkim = { "lists.example.org" } } } },
	{ "a list's post, signed by the domain above", PLEA_LIST,
	  { { .list_id = "<staff.lists.example.org>", .dkim = { "example.org" } } } },
	{ "shaped as a list's post", 0, { { .list_id = "<staff.lists.example.org>" } } },
	{ "shaped as a list's post, signed by another", 0,
	  { { .list_id = "<staff.lists.example.org>", .dkim = { "evil.example" } } } },
	{ "signed by a top-level domain", 0, { { .list_id = "<staff.example>", .dkim = { "example" } } } },
	{ "the client is the author's", PLEA_CLIENT, { { .name = "mail7.example.com" } } },
	{ "the client says it is the author's", 0, { { .name = "mail7.example.com", .unconfirmed = true } } },
	{ "the client is another's", 0, { { .name = "mail7.notexample.com" } } },
	{ "a forwarder", PLEA_FORWARDER,
	  { THROUGH_FORWARDER("example.com"), THROUGH_FORWARDER("a.example"),
	    THROUGH_FORWARDER("b.example"), THROUGH_FORWARDER("c.example"),
	    THROUGH_FORWARDER("d.example"), WHOLE("e.example"), WHOLE("f.example"), WHOLE("g.example") } },
	{ "a host that forges many", 0,
	  { FROM_BOT("example.com"), FROM_BOT("a.example"), FROM_BOT("b.example"), FROM_BOT("c.example"),
	    FROM_BOT("d.example"), FROM_BOT("e.example") } },
	{ "a newsletter that is sent in the mailer's name", PLEA_STEADY,
	  { MAILER("example.com", 0), MAILER("news.example.com", 7), MAILER("news.example.com", 14),
	    MAILER("news.example.com", 21) } },
	{ "a campaign of three days", 0,
	  { MAILER("example.com", 0), MAILER("news.example.com", 7), MAILER("news.example.com", 7),
	    MAILER("news.example.com", 14) } },
	{ "a mailer that forges many", 0,
	  { MAILER("example.com", 0), MAILER("news.example.com", 7), MAILER("news.example.com", 14),
	    MAILER("news.example.com", 21), MAILER("a.example", 0), MAILER("b.example", 0),
	    MAILER("c.example", 0) } },
	{ "a mailer whose client has no name", 0,
	  { { .spf = "mailer.example", .dkim = { "mailer.example" } }, MAILER("news.example.com", 7),
	    MAILER("news.example.com", 14), MAILER("news.example.com", 21),
	    MAILER("news.example.com", 22) } },
	{ "the neighbour of a forwarder", 0,
	  { { .ip = "203.0.113.10" }, THROUGH_FORWARDER("h.example"), THROUGH_FORWARDER("a.example"),
	    THROUGH_FORWARDER("b.example"), THROUGH_FORWARDER("c.example"),
	    THROUGH_FORWARDER("d.example"), WHOLE("e.example"), WHOLE("f.example"), WHOLE("g.example") } },
};

START_TEST(pleas)
{
	const char *name = plea_rows[_i].name;
	const struct mail *first = &plea_rows[_i].mail[0];
	const char *author = first->author != NULL ? first->author : "example.com";
	uint64_t n = first->n > 0 ? first->n : 1;
	const struct hurt *hurt;

	for (unsigned i = 0; i < 14 && (i == 0 || plea_rows[_i].mail[i].author != NULL ||
					plea_rows[_i].mail[i].ip != NULL ||
					plea_rows[_i].mail[i].dkim[0] != NULL); i++)
		month_add(&month, &plea_rows[_i].mail[i]);
	ask(&lenient, &strict);
	hurt = find_author(author);
	if (plea_rows[_i].wanted == 0) {
		ck_assert_msg(hurt == NULL, "%s: hurt, 0x%x", name, hurt != NULL ? hurt->pleas : 0);
		ck_assert_msg(find_forged(author) != NULL, "%s: not among the forged", name);
		ck_assert_msg(find_forged(author)->n == n, "%s: how many", name);
		return;
	}
	ck_assert_msg(hurt != NULL, "%s: not hurt", name);
	ck_assert_msg(hurt->pleas == plea_rows[_i].wanted, "%s: 0x%x", name, hurt->pleas);
	ck_assert_msg(hurt->n == n && hurt->rejected == n, "%s: how many", name);
	ck_assert_msg(find_forged(author) == NULL, "%s: among the forged", name);
}
END_TEST

/* ---- rules that save ---- */

static const char base[] =
	"dry_run = false; quarantine: { method = \"header\"; }; authserv_id = \"mx.example.com\";\n"
	"mode = \"honor\"; journal: { directory = \"\"; };\n";

static struct settings *load(const char *more)
{
	char path[] = "test_what_if.XXXXXX";
	struct settings_faults faults;
	struct settings *settings;
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");

	fprintf(out, "%s%s", base, more);
	fclose(out);
	settings = settings_load(path, &faults);
	ck_assert_msg(faults.n == 0, "%s", faults.n > 0 ? faults.lines[0] : "");
	/* the author alone is the last resort, of which alignd warns */
	for (unsigned i = 0; i < settings->warnings.n; i++)
		ck_assert_msg(strstr(settings->warnings.items[i], "anyone can write such a From") != NULL, "%s",
			      settings->warnings.items[i]);
	settings_faults_free(&faults);
	unlink(path);
	return settings;
}

/* Put into the settings, it does what it said, no more and no less. */
static void try_suggestion(const char *name, const struct suggestion *s)
{
	const struct what_if_report before = report;
	const char *text = s->text[0] == '#' ? s->text :
		arena_printf(month.arena, "rules = (\n%s\n);", s->text);
	struct settings *settings = load(text);
	uint64_t passes = s->passes, saves = s->saves;

	ck_assert_int_eq(ask_about(&lenient, &settings->ruleset, NULL), 0);
	ck_assert_msg(report.hurt + saves == before.hurt, "%s: hurt %d, then %d, saves %d", name,
		      (int)before.hurt, (int)report.hurt, (int)saves);
	ck_assert_msg(report.stopped + passes == before.stopped, "%s: stopped %d, then %d, passes %d",
		      name, (int)before.stopped, (int)report.stopped, (int)passes);
	settings_unref(settings);
}

#define GENUINE { .dkim = { "example.com" } }

/* example.com is hurt by the first, and saved by a rule with this match. */
static const struct {
	const char *name;
	const char *match;              /* NULL: no rule is narrow enough */
	uint64_t saves, passes;
	struct mail mail[12];
} rule_rows[] = {
	{ "network and author", "match = { author_domain = \"example.com\"; client_network = "
	  "\"192.0.2.0/24\"; };", 5, 0,
	  { { .n = 5 }, GENUINE, { .ip = "198.51.100.1", .n = 20 } } },
	{ "two networks", "match = { author_domain = \"example.com\"; client_network = "
	  "[ \"192.0.2.0/24\", \"203.0.113.0/24\" ]; };", 8, 0,
	  { { .n = 5 }, GENUINE, { .ip = "203.0.113.5", .n = 3 },
	    { .ip = "203.0.113.77", .dkim = { "example.com" } }, { .ip = "198.51.100.1", .n = 20 } } },
	{ "what signs, where networks are many", "match = { author_domain = \"example.com\"; "
	  "authenticated_domain = \"esp.example\"; };", 6, 0,
	  { { .ip = "203.0.113.1", .dkim = { "esp.example" }, .spf = "b.esp.example" },
	    { .ip = "203.0.112.1", .dkim = { "esp.example" } },
	    { .ip = "203.0.111.1", .dkim = { "esp.example" } },
	    { .ip = "203.0.110.1", .dkim = { "esp.example" } },
	    { .ip = "203.0.109.1", .dkim = { "esp.example" } },
	    { .ip = "203.0.108.1", .dkim = { "esp.example" } },
	    ESP_MAIL("a.example"), ESP_MAIL("b.example"), ESP_MAIL("c.example"), ESP_MAIL("d.example"),
	    { .ip = "198.51.100.1", .n = 20 } } },
	{ "the sealer, where nothing else is alike", "trusted_sealers = [ \"fwd.example\" ]", 6, 0,
	  { { .ip = "203.0.113.1", .sealers = "fwd.example" },
	    { .ip = "203.0.112.1", .sealers = "fwd.example" },
	    { .ip = "203.0.111.1", .sealers = "fwd.example" },
	    { .ip = "203.0.110.1", .sealers = "fwd.example" },
	    { .ip = "203.0.109.1", .sealers = "fwd.example" },
	    { .ip = "203.0.108.1", .sealers = "fwd.example" }, { .ip = "198.51.100.1", .n = 20 } } },
	{ "both sealers", "trusted_sealers = [ \"two.example\", \"one.example\" ]", 5, 0,
	  { { .ip = "203.0.113.1", .sealers = "one.example two.example" },
	    { .ip = "203.0.112.1", .sealers = "one.example two.example" },
	    { .ip = "203.0.111.1", .sealers = "one.example two.example" },
	    { .ip = "203.0.110.1", .sealers = "one.example two.example" },
	    { .ip = "203.0.109.1", .sealers = "one.example two.example" },
	    { .ip = "198.51.100.1", .n = 20 } } },
	{ "the client's name", "match = { client_name = \".out.example.com\"; };", 5, 0,
	  { { .ip = "203.0.113.1", .name = "a.out.example.com" },
	    { .ip = "203.0.112.1", .name = "b.out.example.com" },
	    { .ip = "203.0.111.1", .name = "c.out.example.com" },
	    { .ip = "203.0.110.1", .name = "d.out.example.com" },
	    { .ip = "203.0.109.1", .name = "e.out.example.com" }, { .ip = "198.51.100.1", .n = 20 } } },
	{ "the list", "match = { list_id = \"staff.lists.example.org\"; list_domain = "
	  "[ \"lists.example.org\", \"example.org\" ]; };", 7, 0,
	  { { .ip = "203.0.113.1", .list_id = "<staff.lists.example.org>", .dkim = { "lists.example.org" } },
	    { .ip = "203.0.112.1", .list_id = "<staff.lists.example.org>", .dkim = { "lists.example.org" } },
	    { .ip = "203.0.111.1", .list_id = "<staff.lists.example.org>", .dkim = { "lists.example.org" } },
	    { .ip = "203.0.110.1", .list_id = "<staff.lists.example.org>", .dkim = { "example.org" } },
	    { .ip = "203.0.109.1", .list_id = "<staff.lists.example.org>", .dkim = { "lists.example.org" } },
	    { .author = "a.example", .ip = "203.0.109.1", .list_id = "<staff.lists.example.org>",
	      .dkim = { "lists.example.org" }, .n = 2 } } },
	{ "the author alone, when nobody forges it", "match = { author_domain = \"example.com\"; };", 9, 0,
	  { { .ip = "203.0.113.1", .sealers = "a.example" },
	    { .ip = "203.0.112.1", .sealers = "b.example" }, { .ip = "203.0.111.1", .sealers = "c.example" },
	    { .ip = "203.0.110.1", .sealers = "d.example" }, { .ip = "203.0.109.1", .sealers = "e.example" },
	    { .ip = "203.0.107.1", .sealers = "f.example" }, { .ip = "203.0.106.1", .sealers = "g.example" },
	    { .ip = "203.0.105.1", .sealers = "h.example" }, { .ip = "203.0.104.1", .sealers = "i.example" } } },
	{ "not the author alone, when somebody does", NULL, 0, 0,
	  { { .ip = "203.0.113.1", .sealers = "a.example" },
	    { .ip = "203.0.112.1", .sealers = "b.example" }, { .ip = "203.0.111.1", .sealers = "c.example" },
	    { .ip = "203.0.110.1", .sealers = "d.example" }, { .ip = "203.0.109.1", .sealers = "e.example" },
	    { .ip = "203.0.107.1", .sealers = "f.example" }, { .ip = "203.0.106.1", .sealers = "g.example" },
	    { .ip = "203.0.105.1", .sealers = "h.example" }, { .ip = "203.0.104.1", .sealers = "i.example" },
	    { .ip = "198.51.100.1" } } },
};

START_TEST(rules)
{
	const char *name = rule_rows[_i].name;
	const struct hurt *hurt;

	for (unsigned i = 0; i < 12 && (i == 0 || rule_rows[_i].mail[i].ip != NULL ||
					rule_rows[_i].mail[i].dkim[0] != NULL); i++)
		month_add(&month, &rule_rows[_i].mail[i]);
	ask(&lenient, &strict);
	hurt = find_author("example.com");
	ck_assert_msg(hurt != NULL, "%s: not hurt", name);
	if (rule_rows[_i].match == NULL) {
		ck_assert_msg(hurt->suggestion.text == NULL, "%s: %s", name, hurt->suggestion.text);
		return;
	}
	ck_assert_msg(hurt->suggestion.text != NULL, "%s: no rule", name);
	ck_assert_msg(strstr(hurt->suggestion.text, rule_rows[_i].match) != NULL, "%s: %s", name,
		      hurt->suggestion.text);
	ck_assert_msg(hurt->suggestion.passes == rule_rows[_i].passes, "%s: passes %d", name,
		      (int)hurt->suggestion.passes);
	try_suggestion(name, &hurt->suggestion);
}
END_TEST

/* ---- counting ---- */

static void add_some_of_each(void)
{
	const struct mail some[] = {
		{ .n = 3 }, { .ip = "198.51.100.1", .dkim = { "example.com" }, .n = 10, .day = 1 }, { .exempt = true, .n = 2 },
		{ .record = "p=quarantine", .author = "example.net", .n = 4, .day = 1 },
		{ .record = "p=none", .author = "example.org", .day = 2 }, { .no_from = true, .day = 2 },
		{ .list_id = "<a.example.org>", .dkim = { "example.org" }, .recipient = "b.example" },
	};

	for (int i = 0; i < N_ROWS(some); i++)
		month_add(&month, &some[i]);
}

START_TEST(counts)
{
	add_some_of_each();
	ask(&lenient, &strict);
	ck_assert_int_eq(report.messages, 22);
	ck_assert_int_eq(report.exempt, 2);
	ck_assert_int_eq(report.decided, 20);
	ck_assert_int_eq(report.undecided, 0);
	ck_assert_int_eq(report.changed, 8);
	ck_assert_int_eq(report.hurt, 1);
	ck_assert_int_eq(report.stopped, 7);
	ck_assert_int_eq(report.milder, 0);
	ck_assert_int_eq(report.senders_changed, 2);
	ck_assert_int_eq(report.recipients_changed, 2);
	ck_assert_int_eq(report.from_to[ACTION_ACCEPT][ACTION_REJECT], 4);
	ck_assert_int_eq(report.from_to[ACTION_ACCEPT][ACTION_QUARANTINE], 4);
	ck_assert_int_eq(report.from_to[ACTION_QUARANTINE][ACTION_QUARANTINE], 1);
	ck_assert_int_eq(report.asked_to[DISPOSITION_REJECT][ACTION_REJECT], 4);
	ck_assert_int_eq(report.asked_to[DISPOSITION_NONE][ACTION_ACCEPT], 11);
	ck_assert_int_eq(report.n_days, 3);
	ck_assert_int_eq(report.days[0].n, 6);
	ck_assert_int_eq(report.days[0].hurt, 1);
	ck_assert_int_eq(report.days[1].stopped, 4);
	ck_assert(!report.at_least);
	ck_assert_int_eq(find_forged("example.net")->quarantined, 4);
	ck_assert_int_eq(report.n_forged, 2);
}
END_TEST

START_TEST(milder)
{
	add_some_of_each();
	ask(&strict, &lenient);
	ck_assert_int_eq(report.milder, 8);
	ck_assert_int_eq(report.hurt + report.stopped, 0);
	ck_assert_int_eq(report.n_authors + report.n_forged, 0);
}
END_TEST

START_TEST(of_one_domain)
{
	month_add(&month, &(struct mail){ .author = "a.example.com" });
	month_add(&month, &(struct mail){ .author = "example.net" });
	/* what speaks for it is known from all mail */
	for (char c = 'a'; c < 'f'; c++)
		month_add(&month, &(struct mail){ .author = arena_printf(month.arena, "%c.example", c),
			.dkim = { "esp.example", arena_printf(month.arena, "%c.example", c) } });
	month_add(&month, &(struct mail){ .author = "example.com", .dkim = { "esp.example" } });
	month_ready(&month);
	ck_assert_int_eq(ask_about(&lenient, &strict, "example.com"), 0);
	ck_assert_int_eq(report.messages, 2);
	ck_assert_int_eq(report.stopped, 1);
	ck_assert_int_eq(report.hurt, 1);
	ck_assert_int_eq(find_author("example.com")->pleas, PLEA_SIGNED);
}
END_TEST

START_TEST(dry_run)
{
	struct ruleset dry = strict;

	dry.dry_run = true;
	add_some_of_each();
	ask(&dry, &dry);
	ck_assert_int_eq(report.changed, 0);
	ck_assert_int_eq(report.from_to[ACTION_REJECT][ACTION_REJECT], 4);
	ck_assert_int_eq(ask_about(&dry, &strict, NULL), 0);
	ck_assert_int_eq(report.from_to[ACTION_ACCEPT][ACTION_REJECT], 4);
	lenient.dry_run = true;
	ck_assert_int_eq(ask_about(&lenient, &dry, NULL), 0);
	ck_assert_int_eq(report.from_to[ACTION_ACCEPT][ACTION_REJECT], 4);
}
END_TEST

START_TEST(method)
{
	struct ruleset hard = strict;

	hard.quarantine = QUARANTINE_REJECT;
	add_some_of_each();
	ask(&strict, &hard);
	ck_assert_int_eq(report.from_to[ACTION_QUARANTINE][ACTION_REJECT], 5);
}
END_TEST

/* The draws are had back: from the verdict for pct, from the messages else. */
START_TEST(draws)
{
	struct ruleset staged = strict, ignoring = strict;

	staged.enforce_percent = 30;
	ignoring.pct = PCT_IGNORE;
	for (unsigned draw = 0; draw < 100; draw++)
		month_add(&month, &(struct mail){ .record = "p=reject; pct=20", .draw = draw });
	ask(&lenient, &strict);
	ck_assert_int_eq(report.from_to[ACTION_ACCEPT][ACTION_REJECT], 20);
	ck_assert_int_eq(report.from_to[ACTION_ACCEPT][ACTION_QUARANTINE], 80);
	ck_assert_int_eq(ask_about(&strict, &ignoring, NULL), 0);
	ck_assert_int_eq(report.from_to[ACTION_QUARANTINE][ACTION_REJECT], 80);
	ck_assert_int_eq(ask_about(&lenient, &staged, NULL), 0);
	ck_assert_int_eq(report.from_to[ACTION_ACCEPT][ACTION_REJECT], 20);
	ck_assert_int_eq(report.from_to[ACTION_ACCEPT][ACTION_QUARANTINE], 10);
	ck_assert_int_eq(report.from_to[ACTION_ACCEPT][ACTION_ACCEPT], 70);
}
END_TEST

START_TEST(unknown_addresses)
{
	struct settings *now = load("");
	struct settings *next = load("rules = ( { id = \"vip\"; match = { recipient = \"boss@b.example\"; };"
				     " action = \"reject\"; } );");

	add_some_of_each();
	ask(&now->ruleset, &next->ruleset);
	ck_assert_int_eq(report.undecided, 1);
	ck_assert_int_eq(report.decided, 19);
	ck_assert(strstr(report.undecided_why, "rule vip") != NULL);
	ck_assert_int_eq(ask_about(&next->ruleset, &next->ruleset, NULL), 0);
	ck_assert_int_eq(report.undecided, 0);
	ck_assert_ptr_null(report.undecided_why);
	settings_unref(now);
	settings_unref(next);
}
END_TEST

START_TEST(forwarders)
{
	const struct mail mail[] = {
		THROUGH_FORWARDER("example.com"), THROUGH_FORWARDER("a.example"),
		THROUGH_FORWARDER("b.example"), THROUGH_FORWARDER("c.example"),
		THROUGH_FORWARDER("d.example"), WHOLE("e.example"), WHOLE("f.example"), WHOLE("g.example"),
		FROM_BOT("a.example"), FROM_BOT("b.example"), FROM_BOT("c.example"), FROM_BOT("d.example"),
		FROM_BOT("e.example"), FROM_BOT("f.example"), FROM_BOT("g.example"),
	};

	for (int i = 0; i < N_ROWS(mail); i++)
		month_add(&month, &mail[i]);
	ask(&lenient, &strict);
	ck_assert_int_eq(report.n_forwarders, 1);
	ck_assert_str_eq(report.forwarders[0].network, "203.0.113.0/24");
	ck_assert_str_eq(report.forwarders[0].client_name, "mx.alumni.example");
	ck_assert_int_eq(report.forwarders[0].n, 8);
	ck_assert_int_eq(report.forwarders[0].failing, 5);
	ck_assert_int_eq(report.forwarders[0].authors, 5);
	ck_assert_int_eq(report.forwarders[0].suggestion.saves, 5);
	ck_assert_int_eq(report.forwarders[0].suggestion.passes, 0);
	ck_assert(strstr(report.forwarders[0].suggestion.text, "match = { client_network = "
			 "\"203.0.113.0/24\"; client_name = \"mx.alumni.example\"; };") != NULL);
	try_suggestion("a forwarder", &report.forwarders[0].suggestion);
}
END_TEST

/* Mail goes on while its store is read. */
static void load_more(void *context, uint64_t done, uint64_t all)
{
	const struct store_options where = { .driver = &db_sqlite, .where = month.path };
	const char *error = NULL;
	bool *loaded = context;
	struct month more = month;

	ck_assert_uint_le(done, all);
	if (*loaded)
		return;
	*loaded = true;
	more.seq = 1000;
	more.store = store_open(&where, &error);
	ck_assert_int_eq(store_begin(more.store), 0);
	month_add(&more, &(struct mail){ .author = "late.example", .ip = "198.51.100.99", .n = 5 });
	month_add(&more, &(struct mail){ .n = 5 });
	ck_assert_int_eq(store_commit(more.store), 0);
	store_close(more.store);
}

START_TEST(loaded_meanwhile)
{
	bool loaded = false;
	const struct what_if_options question = {
		.store = month.store, .span = { MONTH_START_MS, 0 }, .before = &lenient, .after = &strict,
		.now_ms = NOW_MS, .progress = load_more, .context = &loaded,
	};
	const char *error = "";

	month_add(&month, &(struct mail){ .n = 3 });
	month_ready(&month);
	ck_assert_int_eq(what_if(month.arena, &question, &report, &error), 0);
	ck_assert(loaded);
	ck_assert_uint_eq(report.changed, 3);
	ck_assert_uint_eq(report.stopped, 3);
	ck_assert_uint_eq(report.n_forged, 1);
	ck_assert_int_eq(ask_about(&lenient, &strict, NULL), 0);
	ck_assert_uint_eq(report.stopped, 13);
	ck_assert_uint_eq(report.changed, 13);
}
END_TEST

static void know(struct history *h, const char *author, const char *ip, const char *name, bool passes)
{
	enum dmarc_result result = passes ? RES_DMARC_PASS : RES_DMARC_FAIL;
	struct evidence e = {
		.client_ip = ip, .client_name = name, .client_name_confirmed = name != NULL, .n_authors = 1,
		.authors[0] = { .domain = author, .policy.org = { ORG_KNOWN, author, false } },
	};
	struct verdict v = { .result = result, .n_authors = 1, .authors[0].result = result };

	history_add(h, &e, &v, &strict, 1, MONTH_START_MS);
}

/* Forgeries from more addresses than are kept do not hide who forwards. */
START_TEST(flood)
{
	static const char *const through[] = { "a.example", "b.example", "c.example", "d.example", "e.example" };
	struct history *h = history_new();
	char ip[40];

	for (unsigned i = 0; i < 520000; i++) {
		snprintf(ip, sizeof(ip), "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
		know(h, "example.com", ip, NULL, false);
	}
	for (unsigned i = 0; i < N_ROWS(through); i++) {
		know(h, through[i], "203.0.113.9", "mx.alumni.example", false);
		know(h, arena_printf(month.arena, "whole%u.example", i), "203.0.113.9", "mx.alumni.example", true);
	}
	ck_assert_uint_eq(history_forwards(h, "203.0.113.9"), N_ROWS(through));
	ck_assert_uint_eq(history_forwards(h, ip), 0);
	ck_assert(!history_was_full(h));
	history_free(h);
}
END_TEST

START_TEST(nothing)
{
	ask(&lenient, &strict);
	ck_assert_int_eq(report.messages, 0);
	ck_assert_int_eq(report.n_days, 0);
}
END_TEST

/* ---- properties ---- */

static void sample(uint32_t seed, struct arena *arena, struct decision *d)
{
	struct ruleset ignored;

	sample_seed = seed;
	sample_decision(arena, d, &ignored);
	d->evidence.when_ms = MONTH_START_MS + seed;
}

static struct ruleset settings_of(uint32_t seed)
{
	sample_seed = seed;
	return sample_ruleset();
}

static bool differ(const struct verdict *a, const struct verdict *b)
{
	return a->result != b->result || a->chosen != b->chosen || a->apply != b->apply ||
	       a->method != b->method || a->why != b->why || a->dry_run != b->dry_run;
}

/* Judged under A, written, read and decided under B, it is what B makes of it. */
START_TEST(deciding_a_line_again)
{
	const struct decision_json_options full = { .full_addresses = true };
	const uint32_t seeds = effort(3000, 300);
	unsigned differing = 0;

	for (uint32_t seed = 1; seed <= seeds; seed++) {
		struct arena *arena = arena_new();
		struct ruleset a = settings_of(seed + 10000), b = settings_of(seed + 20000);
		struct decision *d = ARENA_NEW(arena, struct decision);
		struct decision *back = ARENA_NEW(arena, struct decision);
		struct verdict *wanted = ARENA_NEW(arena, struct verdict);
		struct verdict *got = ARENA_NEW(arena, struct verdict);
		const char *error = NULL;
		struct buf line;

		sample(seed, arena, d);
		decide(&d->evidence, &a, arena, &d->verdict);
		decide(&d->evidence, &b, arena, wanted);
		buf_init(&line, LIMIT_JOURNAL_LINE);
		decision_json_write(&line, d, &full);
		if (decision_json_read(arena, buf_slice(&line), back, &error) != 0)
			ck_abort_msg("seed %u: %s", seed, error);
		decide(&back->evidence, &b, arena, got);
		sample_same_verdict(arena_printf(arena, "seed %u", seed), wanted, got);
		differing += differ(&d->verdict, wanted);
		buf_done(&line);
		arena_free(arena);
	}
	ck_assert_uint_gt(differing, seeds / 2);
}
END_TEST

/* A's own, but this option, or (NULL) the rules, as B has it. */
static bool tells(const struct option *option, uint32_t seed)
{
	struct settings a = { .ruleset = settings_of(seed + 10000) }, b = { .ruleset = settings_of(seed + 20000) };
	struct ruleset mixed_rules = a.ruleset;
	struct arena *arena = arena_new();
	struct decision *d = ARENA_NEW(arena, struct decision);
	struct verdict *one = ARENA_NEW(arena, struct verdict), *other = ARENA_NEW(arena, struct verdict);
	bool found;

	sample(seed, arena, d);
	decide(&d->evidence, &a.ruleset, arena, one);
	mixed_rules.rules = b.ruleset.rules;
	mixed_rules.n_rules = b.ruleset.n_rules;
	if (option == NULL)
		a.ruleset = mixed_rules;
	else
		memcpy((char *)&a + option->offset, (char *)&b + option->offset, option->bytes);
	decide(&d->evidence, &a.ruleset, arena, other);
	found = differ(one, other);
	arena_free(arena);
	return found;
}

/* What the property says of, it sees: each option alone makes a difference in some. */
START_TEST(every_option_is_varied)
{
	uint32_t seed = 1;

	for (unsigned i = 0; i < n_options; i++) {
		if (options[i].kind != KIND_DECIDE)
			continue;
		for (seed = 1; seed <= 3000 && !tells(&options[i], seed); seed++)
			continue;
		ck_assert_msg(seed <= 3000, "%s", options[i].name);
	}
	for (seed = 1; seed <= 3000 && !tells(NULL, seed); seed++)
		continue;
	ck_assert_msg(seed <= 3000, "rules");
}
END_TEST

/* quarantine.method = "reject" is a reject to the sender. */
static enum action done_by(const struct verdict *v)
{
	return v->apply == ACTION_QUARANTINE && v->method == QUARANTINE_REJECT ? ACTION_REJECT : v->apply;
}

/* The same through the store: its sums are those of deciding the originals. */
static void compare_sums(uint32_t seed, unsigned n)
{
	struct ruleset a = settings_of(seed + 1), b = settings_of(seed + 2);
	uint64_t wanted[5][5] = { { 0 } };

	a.dry_run = b.dry_run = false;
	for (unsigned i = 0; i < n; i++) {
		struct arena *arena = arena_new();
		struct decision *d = ARENA_NEW(arena, struct decision);
		struct verdict *other = ARENA_NEW(arena, struct verdict);

		sample(seed + 100 + i, arena, d);
		decide(&d->evidence, &a, arena, &d->verdict);
		decide(&d->evidence, &b, arena, other);
		if (d->evidence.exempt == EXEMPT_NO || d->evidence.exempt == EXEMPT_UNSET)
			wanted[done_by(&d->verdict)][done_by(other)]++;
		month_decision(&month, d);
		arena_free(arena);
	}
	ask(&a, &b);
	for (int from = 0; from < 5; from++)
		for (int to = 0; to < 5; to++)
			ck_assert_msg(report.from_to[from][to] == wanted[from][to], "seed %u: %d to %d: "
				      "%d, wanted %d", seed, from, to, (int)report.from_to[from][to],
				      (int)wanted[from][to]);
	ck_assert_int_eq(report.messages, n);
	ck_assert_int_eq(ask_about(&a, &a, NULL), 0);
	ck_assert_int_eq(report.changed, 0);
	ck_assert_int_eq(report.n_authors + report.n_networks + report.n_forged, 0);
}

START_TEST(the_store_makes_no_difference)
{
	compare_sums(1000u * (unsigned)_i, 150);
}
END_TEST

/* ---- what is printed ---- */

static char *printed(void (*print)(const struct what_if_report *report))
{
	char path[] = "test_what_if.XXXXXX";
	int fd = mkstemp(path), out = dup(STDOUT_FILENO);
	char *text = arena_alloc(month.arena, 1 << 20);
	ssize_t len;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	print(&report);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	len = pread(fd, text, (1 << 20) - 1, 0);
	close(fd);
	unlink(path);
	ck_assert_int_gt(len, 0);
	return text;
}

START_TEST(hostile_strings)
{
	const char *error = NULL, *text;
	struct json_doc *doc;

	for (uint32_t seed = 1; seed < 300; seed++) {
		struct decision *d = ARENA_NEW(month.arena, struct decision);

		sample(seed, month.arena, d);
		month_decision(&month, d);
	}
	ask(&lenient, &strict);
	report.settings = &(struct what_if_setting){ "rules", "\x1b[2J<b>", "\"\n\xff" };
	report.n_settings = 1;
	for (const char *c = printed(what_if_print_text); *c != '\0'; c++)
		ck_assert_msg(*c == '\n' || (*c >= ' ' && *c <= '~'), "octet %d", *c);
	text = printed(what_if_print_json);
	doc = json_parse(month.arena, slice_of(text), &error);
	ck_assert_msg(doc != NULL, "%s", error);
	json_doc_free(doc);
}
END_TEST

static void begins(const char *wanted)
{
	const char *text = printed(what_if_print_text);

	ck_assert_msg(strncmp(text, wanted, strlen(wanted)) == 0, "%s", text);
}

START_TEST(headline)
{
	add_some_of_each();
	ask(&lenient, &strict);
	begins("8 of 20 messages would have been treated differently (40.0 %).\n\n"
	       "             7  look forged, with nothing to speak for them: stopped\n"
	       "             1  fails, though something speaks for it: HURT\n\n"
	       "That is mail of 2 author domains to 2 recipient domains.\n\n"
	       "Mail from 2026-05-01 to 2026-05-03 (UTC): 22 messages, 2 of them exempt\n");
	ck_assert_int_eq(ask_about(&lenient, &lenient, NULL), 0);
	begins("Nothing would have changed: all 20 messages would have been treated as before.\n");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("what_if");
	TCase *tc = tcase_create("what_if");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, pleas, 0, N_ROWS(plea_rows));
	tcase_add_loop_test(tc, rules, 0, N_ROWS(rule_rows));
	tcase_add_test(tc, counts);
	tcase_add_test(tc, milder);
	tcase_add_test(tc, of_one_domain);
	tcase_add_test(tc, dry_run);
	tcase_add_test(tc, method);
	tcase_add_test(tc, draws);
	tcase_add_test(tc, unknown_addresses);
	tcase_add_test(tc, forwarders);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, loaded_meanwhile);
	tcase_add_test(tc, flood);
	tcase_add_test(tc, deciding_a_line_again);
	tcase_add_test(tc, every_option_is_varied);
	tcase_add_loop_test(tc, the_store_makes_no_difference, 0, 20);
	tcase_add_test(tc, hostile_strings);
	tcase_add_test(tc, headline);
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
