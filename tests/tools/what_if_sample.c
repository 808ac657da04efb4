#include "what_if_sample.h"

#include <string.h>

#define DAY INT64_C(86400000)
#define FIRST (20748 * DAY)     /* 2026-10-22 */

#define LABEL64 "a234567890123456789012345678901234567890123456789012345678901234"

const char *const what_if_hostile[] = {
	"<script>alert(1)</script>",
	"\"><img src=x onerror=alert(1)>",
	"' onmouseover='alert(1)",
	"</style></title></code></pre><h1>taken over</h1>",
	"]]><!-- &lt; &#60; --!>",
	"a\tb\nc\rd\x1b[31me\x01\x7f",
	"\xff\xfe\xc3(\xed\xa0\x80\xf8\x88\x80\x80\x80",
	"\xe2\x80\xae" "moc.elpmaxe\xe2\x81\xa6\xef\xbb\xbf\xc2\x85\xef\xbf\xbf",
	"b\xc3\xbc" "cher.example \xe6\x97\xa5\xe6\x9c\xac",
	"\\x41 \\\\",
	LABEL64 "." LABEL64 "." LABEL64 "." LABEL64 ".example",
	"",
};
const unsigned n_what_if_hostile = sizeof(what_if_hostile) / sizeof(what_if_hostile[0]);

/* ---- an ordinary month ---- */

static const struct what_if_setting settings[] = {
	{ "override.reject", "\"quarantine\"", "\"follow\"" },
	{ "run.dry_run", "true", "false" },
};
static const struct hurt networks[] = {
	{ .key = "192.0.2.0/24", .n = 212, .rejected = 204, .quarantined = 8,
	  .pleas = PLEA_SIGNED | PLEA_LIST, .authenticated_as = "lists.example.org",
	  .list_id = "users.lists.example.org", .client_name = "mx1.lists.example.org", .aligned = 9120,
	  .suggestion = { "{ id = \"list-users\"; owner = \"\";\n"
			  "  note = \"from what-if of 2026-11-21, mail since 2026-10-22: saves 212, lets through 0 "
			  "that look forged\";\n"
			  "  expires = \"2027-02-19\";\n"
			  "  match = { list_id = \"users.lists.example.org\"; list_domain = \"lists.example.org\"; };\n"
			  "  action = \"accept\"; reason = \"mailing_list\"; }", 212, 0 } },
	{ .key = "198.51.100.0/24", .n = 63, .rejected = 63, .pleas = PLEA_ARC | PLEA_FORWARDER,
	  .sealers = "alumni.example.net", .client_name = "out3.alumni.example.net", .aligned = 310,
	  .suggestion = { "# no rule: one more name for the list that you have\n"
			  "arc: { trusted_sealers = [ \"alumni.example.net\" ]; };", 71, 2 } },
	{ .key = "203.0.113.0/24", .n = 31, .quarantined = 31, .pleas = PLEA_CLIENT | PLEA_HISTORY,
	  .authenticated_as = "newsletter.example", .client_name = "news.shop.example", .aligned = 15,
	  .suggestion = { "{ id = \"newsletter-shop\"; owner = \"\";\n  expires = \"2027-02-19\";\n"
			  "  match = { author_domain = \"shop.example\"; client_name = \".shop.example\"; };\n"
			  "  action = \"accept\"; reason = \"local_policy\"; }", 31, 0 } },
	{ .key = "2001:db8:77:1::/64", .n = 6, .rejected = 6, .pleas = PLEA_HISTORY },
};
static const struct hurt authors[] = {
	{ .key = "bank.example", .n = 148, .rejected = 148, .pleas = PLEA_SIGNED | PLEA_LIST | PLEA_ARC,
	  .authenticated_as = "lists.example.org", .list_id = "users.lists.example.org",
	  .sealers = "alumni.example.net", .aligned = 8241 },
	{ .key = "university.example", .n = 101, .rejected = 99, .quarantined = 2,
	  .pleas = PLEA_SIGNED | PLEA_LIST, .authenticated_as = "lists.example.org",
	  .list_id = "users.lists.example.org", .aligned = 1220 },
	{ .key = "shop.example", .n = 31, .quarantined = 31, .pleas = PLEA_CLIENT | PLEA_HISTORY,
	  .client_name = "news.shop.example", .aligned = 15 },
	{ .key = "post.example", .n = 32, .rejected = 32, .pleas = PLEA_FORWARDER, .aligned = 977 },
};
static const struct stopped forged[] = {
	{ "bank.example", 9412, 0, 9412 }, { "parcel.example", 5120, 88, 5032 },
	{ "tax-office.example", 2290, 2290, 0 }, { "post.example", 911, 11, 900 },
	{ "shop.example", 471, 471, 0 },
};
static const struct forwarder forwarders[] = {
	{ "198.51.100.0/24", "out3.alumni.example.net", 1412, 288, 97, "alumni.example.net", "alumni.example.net",
	  { "{ id = \"forwarder-alumni\"; owner = \"\";\n  expires = \"2027-02-19\";\n"
	    "  match = { client_network = \"198.51.100.0/24\"; client_name = \".alumni.example.net\"; };\n"
	    "  action = \"accept\"; reason = \"trusted_forwarder\"; }", 63, 4 } },
	{ "2001:db8:40::/64", NULL, 210, 190, 61, NULL, NULL, { NULL, 0, 0 } },
};

static void *copy(struct arena *arena, const void *rows, size_t octets)
{
	return memcpy(arena_alloc(arena, octets), rows, octets);
}
#define ROWS(arena, report, field, n_field, from) \
	((report)->field = copy((arena), (from), sizeof(from)), \
	 (report)->n_field = (unsigned)(sizeof(from) / sizeof((from)[0])))

static void fill_days(struct arena *arena, struct what_if_report *r, unsigned n, uint64_t scale)
{
	r->days = ARENA_ARRAY(arena, struct what_if_day, n);
	r->n_days = n;
	for (unsigned i = 0; i < n; i++) {
		bool weekend = i % 7 == 2 || i % 7 == 3;
		uint64_t stopped = (weekend ? 320 : 560) + i * 7919 % 240 + (i % 30 == 17 ? 1400 : 0);
		uint64_t hurt = (weekend ? 2 : 9) + i * 31 % 5 + (i % 15 == 12 ? 41 : 0);

		r->days[i] = (struct what_if_day){ .day_ms = FIRST + i * DAY,
			.n = scale * ((weekend ? 61000 : 120000) + i * 104729 % 9000),
			.stopped = scale * stopped, .hurt = scale * hurt, .stricter = scale * (stopped + hurt),
			.milder = i % 9 == 4 ? 4 * scale : 0 };
		r->messages += r->days[i].n;
		r->stopped += r->days[i].stopped;
		r->hurt += r->days[i].hurt;
		r->milder += r->days[i].milder;
	}
	r->changed = r->stopped + r->hurt + r->milder;
	r->decided = r->messages;
}

/* As a report's parts hang together: a fifth of what is stricter was asked to be quarantined. */
static void fill_flow(struct what_if_report *r)
{
	uint64_t stricter = r->stopped + r->hurt, quarantined = stricter / 5;

	r->from_to[ACTION_ACCEPT][ACTION_REJECT] = stricter / 3;
	r->from_to[ACTION_QUARANTINE][ACTION_REJECT] = stricter - stricter / 3 - quarantined;
	r->from_to[ACTION_ACCEPT][ACTION_QUARANTINE] = quarantined;
	r->from_to[ACTION_QUARANTINE][ACTION_ACCEPT] = r->milder;
	r->from_to[ACTION_ACCEPT][ACTION_ACCEPT] = r->decided - stricter - r->milder;
	r->asked_to[DISPOSITION_REJECT][ACTION_REJECT] = stricter - quarantined;
	r->asked_to[DISPOSITION_REJECT][ACTION_ACCEPT] = stricter / 9;
	r->asked_to[DISPOSITION_QUARANTINE][ACTION_QUARANTINE] = quarantined - quarantined / 10;
	r->asked_to[DISPOSITION_NONE][ACTION_QUARANTINE] = quarantined / 10;
	r->asked_to[DISPOSITION_QUARANTINE][ACTION_ACCEPT] = r->milder;
	r->asked_to[DISPOSITION_NONE][ACTION_ACCEPT] = r->decided - stricter - stricter / 9 - r->milder;
}

static void fill_tables(struct arena *arena, struct what_if_report *r)
{
	ROWS(arena, r, settings, n_settings, settings);
	ROWS(arena, r, networks, n_networks, networks);
	ROWS(arena, r, authors, n_authors, authors);
	ROWS(arena, r, forged, n_forged, forged);
	ROWS(arena, r, forwarders, n_forwarders, forwarders);
	r->authors[1].suggestion = networks[0].suggestion;
	r->authors[2].suggestion = networks[2].suggestion;
	r->authors[0].suggestion = networks[0].suggestion;
	r->senders_changed = 41;
	r->recipients_changed = 12;
}

static void fill_month(struct arena *arena, struct what_if_report *r)
{
	fill_days(arena, r, 30, 1);
	fill_flow(r);
	fill_tables(arena, r);
	r->span.since_ms = FIRST;
	r->extent = (struct store_extent){ FIRST - 60 * DAY, FIRST + 30 * DAY, 9000000 };
	r->exempt = 48211;
	r->messages += r->exempt;
}

/* ---- others ---- */

static void fill_empty(struct arena *arena, struct what_if_report *r)
{
	(void)arena;
	r->span.since_ms = FIRST;
}

static void fill_same(struct arena *arena, struct what_if_report *r)
{
	r->days = ARENA_ARRAY(arena, struct what_if_day, 1);
	r->n_days = 1;
	r->days[0] = (struct what_if_day){ .day_ms = FIRST, .n = 17 };
	r->messages = r->decided = r->from_to[1][1] = r->asked_to[1][1] = 17;
	r->domain = "example.com";
}

static void fill_calm(struct arena *arena, struct what_if_report *r)
{
	fill_month(arena, r);
	r->hurt = r->milder = r->n_authors = r->n_networks = 0;
	for (unsigned i = 0; i < r->n_days; i++)
		r->days[i].hurt = r->days[i].milder = 0;
	r->changed = r->stopped;
	memset(r->from_to, 0, sizeof(r->from_to));
	memset(r->asked_to, 0, sizeof(r->asked_to));
	fill_flow(r);
}

static void fill_milder(struct arena *arena, struct what_if_report *r)
{
	fill_same(arena, r);
	r->changed = r->milder = r->days[0].milder = 1;
	r->from_to[ACTION_REJECT][ACTION_ACCEPT] = r->asked_to[DISPOSITION_REJECT][ACTION_ACCEPT] = 1;
	ROWS(arena, r, settings, n_settings, settings);
}

static void fill_undecided(struct arena *arena, struct what_if_report *r)
{
	fill_same(arena, r);
	r->decided = 0;
	r->undecided = 17;
	r->refused = 1;
	r->undecided_why = "rule \"a\" names addresses that were no rule's when the mail came";
	memset(r->from_to, 0, sizeof(r->from_to));
	memset(r->asked_to, 0, sizeof(r->asked_to));
}

/* Numbers of ten digits, 400 days, nothing that would save anybody. */
static void fill_huge(struct arena *arena, struct what_if_report *r)
{
	fill_month(arena, r);
	r->messages = r->stopped = r->hurt = r->milder = 0;
	fill_days(arena, r, 400, 20000);
	memset(r->from_to, 0, sizeof(r->from_to));
	memset(r->asked_to, 0, sizeof(r->asked_to));
	fill_flow(r);
	r->asked_to[DISPOSITION_REJECT][ACTION_TEMPFAIL] = 1;
	r->at_least = true;
	for (unsigned i = 0; i < r->n_networks; i++) {
		r->networks[i].suggestion.text = NULL;
		r->networks[i].n *= 10000000;
		r->networks[i].rejected *= 10000000;
		r->networks[i].quarantined *= 10000000;
	}
	for (unsigned i = 0; i < r->n_authors; i++)
		r->authors[i].suggestion.text = NULL;
	for (unsigned i = 0; i < r->n_forwarders; i++)
		r->forwarders[i].suggestion.text = NULL;
	r->authors[0].key = r->forged[0].author = what_if_hostile[10];
}

static void fill_hostile(struct arena *arena, struct what_if_report *r)
{
	static struct what_if_setting setting;

	fill_month(arena, r);
	r->authors = ARENA_ARRAY(arena, struct hurt, n_what_if_hostile);
	r->forged = ARENA_ARRAY(arena, struct stopped, n_what_if_hostile);
	r->forwarders = ARENA_ARRAY(arena, struct forwarder, n_what_if_hostile);
	r->n_authors = r->n_forged = r->n_forwarders = n_what_if_hostile;
	for (unsigned i = 0; i < n_what_if_hostile; i++) {
		const char *text = what_if_hostile[i];

		r->authors[i] = (struct hurt){ .key = text, .n = 10, .pleas = ~0U, .authenticated_as = text,
			.list_id = text, .sealers = text, .client_name = text, .suggestion = { text, 1, 1 } };
		r->forged[i] = (struct stopped){ text, 3, 1, 1 };
		r->forwarders[i] = (struct forwarder){ text, text, 3, 2, 1, text, text, { text, 1, 1 } };
	}
	memcpy(r->networks, r->authors, sizeof(r->networks[0]) * r->n_networks);
	setting = (struct what_if_setting){ what_if_hostile[0], what_if_hostile[1], what_if_hostile[2] };
	r->settings = &setting;
	r->n_settings = 1;
	r->domain = what_if_hostile[3];
	r->undecided_why = what_if_hostile[0];
	r->undecided = 1;
}

const struct what_if_sample what_if_samples[] = {
	{ "month", fill_month }, { "empty", fill_empty }, { "same", fill_same }, { "calm", fill_calm },
	{ "milder", fill_milder }, { "undecided", fill_undecided }, { "huge", fill_huge },
	{ "hostile", fill_hostile }, { NULL, NULL },
};

struct what_if_report *what_if_sample(struct arena *arena, const char *name)
{
	struct what_if_report *report = ARENA_NEW(arena, struct what_if_report);

	for (const struct what_if_sample *s = what_if_samples; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0) {
			s->fill(arena, report);
			return report;
		}
	return NULL;
}
