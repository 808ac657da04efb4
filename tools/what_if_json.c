/* The report as one JSON object; its shape is told in alignctl(1). */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "what_if.h"

#define ROW_OCTETS 65536

struct writer {
	struct json_out json;
	struct buf buf;
};

/* What is in the buffer goes out; commas go on where they were. */
static void flush(struct writer *w)
{
	fputs(buf_str(&w->buf), stdout);
	buf_reset(&w->buf);
}

static void put_number(struct writer *w, const char *key, uint64_t n)
{
	json_put_int(&w->json, key, n < INT64_MAX ? (int64_t)n : INT64_MAX);
}

static void put_time(struct writer *w, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(ms, text);
	json_put_string(&w->json, key, text);
}

static void put_day(struct writer *w, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(ms, text);
	json_put_slice(&w->json, key, slice_new(text, 10));
}

static void put_settings(struct writer *w, const struct what_if_report *r)
{
	json_put_array(&w->json, "settings");
	for (unsigned i = 0; i < r->n_settings; i++) {
		json_put_object(&w->json, NULL);
		json_put_string(&w->json, "name", r->settings[i].name);
		json_put_string(&w->json, "before", r->settings[i].before);
		json_put_string(&w->json, "after", r->settings[i].after);
		json_put_object_end(&w->json);
		flush(w);
	}
	json_put_array_end(&w->json);
}

static void put_head(struct writer *w, const struct what_if_report *r)
{
	put_time(w, "since", r->span.since_ms);
	if (r->span.until_ms != 0)
		put_time(w, "until", r->span.until_ms);
	json_put_string(&w->json, "domain", r->domain);
	json_put_object(&w->json, "store");
	put_number(w, "messages", r->extent.messages);
	if (r->extent.messages > 0) {
		put_time(w, "first", r->extent.first_ms);
		put_time(w, "last", r->extent.last_ms);
	}
	json_put_object_end(&w->json);
	put_settings(w, r);
	put_number(w, "messages", r->messages);
	put_number(w, "exempt", r->exempt);
	put_number(w, "decided", r->decided);
	put_number(w, "undecided", r->undecided);
	json_put_string(&w->json, "undecided_why", r->undecided_why);
	put_number(w, "together", r->together);
	put_number(w, "refused", r->refused);
	put_number(w, "changed", r->changed);
	put_number(w, "stopped", r->stopped);
	put_number(w, "hurt", r->hurt);
	put_number(w, "milder", r->milder);
	put_number(w, "author_domains_changed", r->senders_changed);
	put_number(w, "recipient_domains_changed", r->recipients_changed);
	json_put_bool(&w->json, "at_least", r->at_least);
}

static void put_flow(struct writer *w, const char *from_key, const char *from, const char *to_key,
		     const char *to, uint64_t n)
{
	if (n == 0)
		return;
	json_put_object(&w->json, NULL);
	json_put_string(&w->json, from_key, from);
	json_put_string(&w->json, to_key, to);
	put_number(w, "n", n);
	json_put_object_end(&w->json);
}

static void put_flows(struct writer *w, const struct what_if_report *r)
{
	json_put_array(&w->json, "from_to");
	for (int from = 0; from <= ACTION_TEMPFAIL; from++)
		for (int to = 0; to <= ACTION_TEMPFAIL; to++)
			put_flow(w, "before", names_get(action_names, from), "after",
				 names_get(action_names, to), r->from_to[from][to]);
	json_put_array_end(&w->json);
	json_put_array(&w->json, "asked_to");
	for (int asked = 0; asked <= DISPOSITION_REJECT; asked++)
		for (int to = 0; to <= ACTION_TEMPFAIL; to++)
			put_flow(w, "asked", names_get(disposition_names, asked), "after",
				 names_get(action_names, to), r->asked_to[asked][to]);
	json_put_array_end(&w->json);
}

static void put_days(struct writer *w, const struct what_if_report *r)
{
	json_put_array(&w->json, "days");
	for (unsigned i = 0; i < r->n_days; i++) {
		const struct what_if_day *day = &r->days[i];

		json_put_object(&w->json, NULL);
		put_day(w, "day", day->day_ms);
		put_number(w, "n", day->n);
		put_number(w, "stricter", day->stricter);
		put_number(w, "milder", day->milder);
		put_number(w, "hurt", day->hurt);
		put_number(w, "stopped", day->stopped);
		json_put_object_end(&w->json);
		flush(w);
	}
	json_put_array_end(&w->json);
}

static void put_suggestion(struct writer *w, const struct suggestion *s)
{
	if (s->text == NULL)
		return;
	json_put_object(&w->json, "suggestion");
	json_put_string(&w->json, "text", s->text);
	put_number(w, "saves", s->saves);
	put_number(w, "passes", s->passes);
	json_put_object_end(&w->json);
}

static void put_pleas(struct writer *w, unsigned pleas)
{
	json_put_array(&w->json, "pleas");
	for (const struct name_row *row = plea_names; row->name != NULL; row++)
		if (pleas & (unsigned)row->value)
			json_put_string(&w->json, NULL, row->name);
	json_put_array_end(&w->json);
}

static void put_hurt(struct writer *w, const char *key, const char *name, const struct hurt *hurt,
		     unsigned n)
{
	json_put_array(&w->json, key);
	for (unsigned i = 0; i < n; i++) {
		const struct hurt *h = &hurt[i];

		json_put_object(&w->json, NULL);
		json_put_string(&w->json, name, h->key);
		put_number(w, "n", h->n);
		put_number(w, "quarantined", h->quarantined);
		put_number(w, "rejected", h->rejected);
		put_pleas(w, h->pleas);
		json_put_string(&w->json, "authenticated_as", h->authenticated_as);
		json_put_string(&w->json, "list_id", h->list_id);
		json_put_string(&w->json, "sealers", h->sealers);
		json_put_string(&w->json, "client_name", h->client_name);
		put_number(w, "aligned", h->aligned);
		put_suggestion(w, &h->suggestion);
		json_put_object_end(&w->json);
		flush(w);
	}
	json_put_array_end(&w->json);
}

static void put_forwarders(struct writer *w, const struct what_if_report *r)
{
	json_put_array(&w->json, "forwarders");
	for (unsigned i = 0; i < r->n_forwarders; i++) {
		const struct forwarder *f = &r->forwarders[i];

		json_put_object(&w->json, NULL);
		json_put_string(&w->json, "network", f->network);
		json_put_string(&w->json, "client_name", f->client_name);
		put_number(w, "n", f->n);
		put_number(w, "failing", f->failing);
		put_number(w, "organizations", f->authors);
		json_put_string(&w->json, "signature", f->signature);
		json_put_string(&w->json, "sealer", f->sealer);
		put_suggestion(w, &f->suggestion);
		json_put_object_end(&w->json);
		flush(w);
	}
	json_put_array_end(&w->json);
}

static void put_forged(struct writer *w, const struct what_if_report *r)
{
	json_put_array(&w->json, "forged");
	for (unsigned i = 0; i < r->n_forged; i++) {
		json_put_object(&w->json, NULL);
		json_put_string(&w->json, "author", r->forged[i].author);
		put_number(w, "n", r->forged[i].n);
		put_number(w, "quarantined", r->forged[i].quarantined);
		put_number(w, "rejected", r->forged[i].rejected);
		json_put_object_end(&w->json);
		flush(w);
	}
	json_put_array_end(&w->json);
}

void what_if_print_json(const struct what_if_report *r)
{
	struct writer w;

	buf_init(&w.buf, ROW_OCTETS);
	json_begin(&w.json, &w.buf, 0);
	json_put_object(&w.json, NULL);
	put_head(&w, r);
	put_flows(&w, r);
	put_days(&w, r);
	put_hurt(&w, "authors", "author", r->authors, r->n_authors);
	put_hurt(&w, "networks", "network", r->networks, r->n_networks);
	put_forwarders(&w, r);
	put_forged(&w, r);
	json_put_object_end(&w.json);
	buf_add_char(&w.buf, '\n');
	flush(&w);
	buf_done(&w.buf);
}
