#include "what_if_chart.h"

#include <stddef.h>
#include <string.h>

#include "html.h"

#define DAY_MS INT64_C(86400000)
/* Drawings are that high; they are stretched to what the page gives them. */
#define HIGH 1000.0

/* ---- days ---- */

void what_if_chart_bars_init(struct what_if_bars *bars, const struct what_if_report *report)
{
	int64_t first = INT64_MAX, last = INT64_MIN, days;

	memset(bars, 0, sizeof(*bars));
	for (unsigned i = 0; i < report->n_days; i++) {
		first = report->days[i].day_ms < first ? report->days[i].day_ms : first;
		last = report->days[i].day_ms > last ? report->days[i].day_ms : last;
	}
	if (report->n_days == 0)
		return;
	days = (last - first) / DAY_MS + 1;
	bars->days_each = days <= WHAT_IF_BARS ? 1 : (unsigned)((days - 1) / (7 * WHAT_IF_BARS) + 1) * 7;
	bars->n = (unsigned)((days - 1) / bars->days_each + 1);
	for (unsigned i = 0; i < bars->n; i++)
		bars->bars[i].day_ms = first + (int64_t)i * bars->days_each * DAY_MS;
	for (unsigned i = 0; i < report->n_days; i++) {
		const struct what_if_day *day = &report->days[i];
		struct what_if_day *bar = &bars->bars[(day->day_ms - first) / DAY_MS / bars->days_each];

		bar->n += day->n;
		bar->stricter += day->stricter;
		bar->milder += day->milder;
		bar->hurt += day->hurt;
		bar->stopped += day->stopped;
	}
}

/* Each lane has a scale of its own: the few that are hurt must be seen beside the many
 * that are stopped. */
static const struct lane {
	const char *name, *words;
	size_t field;
} lanes[] = {
	{ "stopped", "Forged, stopped", offsetof(struct what_if_day, stopped) },
	{ "hurt", "Genuine, hurt", offsetof(struct what_if_day, hurt) },
	{ "milder", "Treated more mildly", offsetof(struct what_if_day, milder) },
};
#define N_LANES (sizeof(lanes) / sizeof(lanes[0]))

static uint64_t value(const struct lane *lane, const struct what_if_day *day)
{
	uint64_t n;

	memcpy(&n, (const char *)day + lane->field, sizeof(n));
	return n;
}

static uint64_t sum_of(const struct lane *lane, const struct what_if_bars *bars)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < bars->n; i++)
		sum += value(lane, &bars->bars[i]);
	return sum;
}

static const struct what_if_day *highest_of(const struct lane *lane, const struct what_if_bars *bars)
{
	const struct what_if_day *highest = &bars->bars[0];

	for (unsigned i = 1; i < bars->n; i++)
		if (value(lane, &bars->bars[i]) > value(lane, highest))
			highest = &bars->bars[i];
	return highest;
}

static const char *each(const struct what_if_bars *bars, const char *day, const char *week,
			const char *longer)
{
	return bars->days_each == 1 ? day : bars->days_each == 7 ? week : longer;
}

static void put_highest(FILE *out, const struct lane *lane, const struct what_if_bars *bars)
{
	const struct what_if_day *highest = highest_of(lane, bars);

	html_put_number(out, "at most ", value(lane, highest),
			each(bars, " a day, on ", " a week, in that of ", " a bar, in that of "));
	html_day(out, highest->day_ms);
}

static void put_bar(FILE *out, const struct lane *lane, const struct what_if_bars *bars, unsigned i,
		    uint64_t most)
{
	uint64_t n = value(lane, &bars->bars[i]);
	double height = HIGH * (double)n / (double)most;

	if (n == 0)
		return;
	/* what is there is seen */
	height = height < 40 ? 40 : height;
	fprintf(out, "<rect x=\"%u.1\" y=\"%.1f\" width=\"0.8\" height=\"%.1f\"><title>", i, HIGH - height,
		height);
	html_day(out, bars->bars[i].day_ms);
	html_put_number(out, ": ", n, "</title></rect>\n");
}

static void put_lane(FILE *out, const struct lane *lane, const struct what_if_bars *bars)
{
	uint64_t most = value(lane, highest_of(lane, bars)), sum = sum_of(lane, bars);

	fprintf(out, "<div class=\"lane %s\">\n<p aria-hidden=\"true\"><b>", lane->name);
	html_put_number(out, "", sum, "</b> <span>");
	fputs(lane->words, out);
	fputs("</span> <small>", out);
	put_highest(out, lane, bars);
	fprintf(out, "</small></p>\n<svg role=\"img\" aria-labelledby=\"t-%s d-%s\" viewBox=\"0 0 %u %.0f\" "
		"preserveAspectRatio=\"none\">\n<title id=\"t-%s\">%s, %s</title>\n<desc id=\"d-%s\">",
		lane->name, lane->name, bars->n, HIGH, lane->name, lane->words,
		each(bars, "by day", "by week", "over time"), lane->name);
	html_put_number(out, "", sum, " in all, ");
	put_highest(out, lane, bars);
	fputs(". The numbers are in the last table.</desc>\n", out);
	for (unsigned i = 0; i < bars->n; i++)
		put_bar(out, lane, bars, i, most);
	fputs("</svg>\n</div>\n", out);
}

static void put_axis(FILE *out, const struct what_if_bars *bars)
{
	fputs("<p class=\"axis\" aria-hidden=\"true\"><span>", out);
	html_day(out, bars->bars[0].day_ms);
	if (bars->n > 2) {
		fputs("</span><span>", out);
		html_day(out, bars->bars[bars->n / 2].day_ms);
	}
	if (bars->n > 1) {
		fputs("</span><span>", out);
		html_day(out, bars->bars[bars->n - 1].day_ms);
	}
	fputs("</span></p>\n", out);
}

void what_if_chart_days(FILE *out, const struct what_if_report *report, const struct what_if_bars *bars)
{
	if (bars->n == 0 || report->changed == 0) {
		fputs("<p>On no day would anything change.</p>\n", out);
		return;
	}
	fputs("<p>Each bar is ", out);
	html_plural(out, bars->days_each, "day", "days");
	fputs(". Each row has a scale of its own; <a href=\"#days\">the numbers are below</a>.</p>\n", out);
	for (size_t i = 0; i < N_LANES; i++)
		if (sum_of(&lanes[i], bars) > 0)
			put_lane(out, &lanes[i], bars);
	put_axis(out, bars);
}

/* ---- flow ---- */

const char *const what_if_chart_done_words[DONE_ALL] = { "delivered", "deferred", "quarantined", "rejected" };
const char *const what_if_chart_asked_words[ASKED_ALL] = { "nothing", "quarantine", "reject" };
static const char *const done_names[DONE_ALL] = { "accept", "tempfail", "quarantine", "reject" };

int what_if_chart_row(enum action action)
{
	switch (action) {
	case ACTION_UNSET:
	case ACTION_ACCEPT:
		return DONE_ACCEPT;
	case ACTION_TEMPFAIL:
		return DONE_TEMPFAIL;
	case ACTION_QUARANTINE:
		return DONE_QUARANTINE;
	case ACTION_REJECT:
		return DONE_REJECT;
	}
	return DONE_ACCEPT;
}

static int asked_of(enum disposition asked)
{
	switch (asked) {
	case DISPOSITION_UNSET:
	case DISPOSITION_NONE:
		return ASKED_NOTHING;
	case DISPOSITION_QUARANTINE:
		return ASKED_QUARANTINE;
	case DISPOSITION_REJECT:
		return ASKED_REJECT;
	}
	return ASKED_NOTHING;
}

void what_if_chart_flow_init(struct what_if_flow *flow, const struct what_if_report *report)
{
	memset(flow, 0, sizeof(*flow));
	for (int asked = 0; asked <= DISPOSITION_REJECT; asked++)
		for (int action = 0; action <= ACTION_TEMPFAIL; action++)
			flow->n[asked_of((enum disposition)asked)][what_if_chart_row((enum action)action)] +=
				report->asked_to[asked][action];
}

#define NODES DONE_ALL          /* at most, on a side */
#define GAP 150.0               /* between nodes: room for two lines of words */
#define THIN 12.0               /* a stream that is there is seen */

struct side {
	uint64_t n[NODES];
	double high[NODES], top[NODES], used[NODES];
};

struct drawing {
	const struct what_if_flow *flow;
	double thick[ASKED_ALL][DONE_ALL];
	struct side from, to;
};

/* Most mail is asked nothing of and is delivered; beside it nothing else would be seen. */
static uint64_t shown(const struct what_if_flow *flow, int asked, int done)
{
	return asked == ASKED_NOTHING && done == DONE_ACCEPT ? 0 : flow->n[asked][done];
}

static unsigned count_nodes(const struct side *side)
{
	unsigned n = 0;

	for (int i = 0; i < NODES; i++)
		n += side->n[i] > 0;
	return n;
}

/* The strictest is on top; the side is in the middle of the height. */
static void place_nodes(struct side *side)
{
	double high = GAP * (count_nodes(side) - 1), at;

	for (int i = 0; i < NODES; i++)
		high += side->high[i];
	at = (HIGH - high) / 2;
	for (int i = NODES - 1; i >= 0; i--) {
		side->top[i] = at;
		at += side->n[i] > 0 ? side->high[i] + GAP : 0;
	}
}

static uint64_t add_nodes(struct drawing *d, unsigned *streams_r)
{
	uint64_t all = 0;

	*streams_r = 0;
	for (int i = 0; i < ASKED_ALL; i++)
		for (int k = 0; k < DONE_ALL; k++) {
			uint64_t n = shown(d->flow, i, k);

			d->from.n[i] += n;
			d->to.n[k] += n;
			all += n;
			*streams_r += n > 0;
		}
	return all;
}

static void lay_out(struct drawing *d, uint64_t all, unsigned streams)
{
	unsigned left = count_nodes(&d->from), right = count_nodes(&d->to);
	double room = HIGH - GAP * (left > right ? left : right) - THIN * streams;

	for (int i = 0; i < ASKED_ALL; i++)
		for (int k = 0; k < DONE_ALL; k++) {
			uint64_t n = shown(d->flow, i, k);

			if (n == 0)
				continue;
			d->thick[i][k] = THIN + room * (double)n / (double)all;
			d->from.high[i] += d->thick[i][k];
			d->to.high[k] += d->thick[i][k];
		}
	place_nodes(&d->from);
	place_nodes(&d->to);
}

static void put_stream(FILE *out, struct drawing *d, int asked, int done)
{
	double a = d->from.top[asked] + d->from.used[asked], b = d->to.top[done] + d->to.used[done];
	double thick = d->thick[asked][done];

	d->from.used[asked] += thick;
	d->to.used[done] += thick;
	fprintf(out, "<path class=\"%s\" d=\"M2 %.1fC50 %.1f 50 %.1f 98 %.1fV%.1fC50 %.1f 50 %.1f 2 %.1fZ\">"
		"<title>asked: %s, then %s: ", done_names[done], a, a, b, b, b + thick, b + thick,
		a + thick, a + thick, what_if_chart_asked_words[asked], what_if_chart_done_words[done]);
	html_put_number(out, "", shown(d->flow, asked, done), "</title></path>\n");
}

static void put_nodes(FILE *out, const struct side *side, int x, const char *const classes[])
{
	for (int i = 0; i < NODES; i++)
		if (side->n[i] > 0)
			fprintf(out, "<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"2\" height=\"%.1f\"/>\n",
				classes != NULL ? classes[i] : "asked", x, side->top[i], side->high[i]);
}

static void put_words(FILE *out, const struct side *side, const char *name, const char *const words[])
{
	fprintf(out, "<div class=\"%s\" aria-hidden=\"true\">", name);
	for (int i = NODES - 1; i >= 0; i--) {
		if (side->n[i] == 0)
			continue;
		fprintf(out, "<span style=\"top:%.1f%%\">%s", (side->top[i] + side->high[i] / 2) * 100 / HIGH,
			words[i]);
		html_put_number(out, "<b>", side->n[i], "</b></span>\n");
	}
	fputs("</div>\n", out);
}

static void put_svg(FILE *out, struct drawing *d, uint64_t all)
{
	fprintf(out, "<svg role=\"img\" aria-labelledby=\"t-flow d-flow\" viewBox=\"0 0 100 %.0f\" "
		"preserveAspectRatio=\"none\">\n<title id=\"t-flow\">From what was asked to what would be "
		"done</title>\n<desc id=\"d-flow\">", HIGH);
	html_put_number(out, "Streams of ", all, " messages, as wide as they are many. The numbers are in "
			"the table that follows.</desc>\n");
	for (int i = ASKED_ALL - 1; i >= 0; i--)
		for (int k = DONE_ALL - 1; k >= 0; k--)
			if (shown(d->flow, i, k) > 0)
				put_stream(out, d, i, k);
	put_nodes(out, &d->from, 0, NULL);
	put_nodes(out, &d->to, 98, done_names);
	fputs("</svg>\n", out);
}

void what_if_chart_flow(FILE *out, const struct what_if_flow *flow)
{
	struct drawing d = { .flow = flow };
	unsigned streams;
	uint64_t all = add_nodes(&d, &streams);

	if (all == 0) {
		fputs("<p>Of no message was anything asked, and nothing would be done to any.</p>\n", out);
		return;
	}
	lay_out(&d, all, streams);
	fputs("<p class=\"ends\" aria-hidden=\"true\"><span>The domain asks</span>"
	      "<span>Then it would be</span></p>\n<div class=\"flow\">\n", out);
	put_words(out, &d.from, "from", what_if_chart_asked_words);
	put_svg(out, &d, all);
	put_words(out, &d.to, "to", what_if_chart_done_words);
	fputs("</div>\n", out);
}
