#include "replay_tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alignctl.h"
#include "auth/keyfetch.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

void replay_tally_done(struct replay_tally *t)
{
	for (unsigned i = 0; i < REPLAY_FAULTS; i++)
		for (unsigned k = 0; k < REPLAY_EXAMPLES; k++)
			free(t->faults[i].example[k]);
}

static bool key_is_gone(const struct dkim_evidence *d)
{
	return d->result == RES_DKIM_PERMERROR && d->reason != NULL &&
	       strcmp(d->reason, KEYFETCH_NO_KEY) == 0;
}

static void count_signature(struct replay_tally *t, const struct dkim_evidence *d)
{
	switch (d->result) {
	case RES_DKIM_UNSET:
	case RES_DKIM_NONE:
		break;
	case RES_DKIM_PASS:
		t->verified++;
		break;
	case RES_DKIM_FAIL:
		t->broken++;
		break;
	case RES_DKIM_TEMPERROR:
		t->key_unknown++;
		break;
	case RES_DKIM_PERMERROR:
	case RES_DKIM_POLICY:
	case RES_DKIM_NEUTRAL:
		if (key_is_gone(d))
			t->key_gone++;
		else
			t->refused++;
		break;
	}
}

/* Would a signature of this domain have been aligned, as far as can be told
 * without the walk that nobody made for it? */
static bool is_of_author(const char *d, const struct author *author)
{
	const struct org *org = &author->policy.org;
	const char *top = org->status == ORG_KNOWN ? org->domain : author->domain;

	return d != NULL && domain_is_within(d, top);
}

static bool fails_for_gone_key(const struct decision *decision)
{
	const struct evidence *e = &decision->evidence;

	if (decision->verdict.result != RES_DMARC_FAIL)
		return false;
	for (unsigned i = 0; i < e->n_dkim; i++)
		for (unsigned k = 0; k < e->n_authors; k++)
			if (key_is_gone(&e->dkim[i]) && is_of_author(e->dkim[i].d, &e->authors[k]))
				return true;
	return false;
}

void replay_tally_decision(struct replay_tally *t, const struct decision *decision)
{
	const struct evidence *e = &decision->evidence;

	if (t->first_ms == 0 || e->when_ms < t->first_ms)
		t->first_ms = e->when_ms;
	if (e->when_ms > t->last_ms)
		t->last_ms = e->when_ms;
	if (e->exempt != EXEMPT_NO) {
		t->exempt++;
		return;
	}
	t->result[decision->verdict.result]++;
	t->chosen[decision->verdict.chosen]++;
	for (unsigned i = 0; i < e->n_dkim; i++)
		count_signature(t, &e->dkim[i]);
	t->fail_key_gone += fails_for_gone_key(decision);
}

void replay_tally_assumed(struct replay_tally *t, unsigned mask)
{
	for (unsigned i = 0; i < REPLAY_ASSUMPTIONS; i++)
		t->assumed[i] += (mask >> i) & 1;
}

void replay_tally_fault(struct replay_tally *t, enum replay_fault fault, const char *path)
{
	if (t->faults[fault].n < REPLAY_EXAMPLES)
		t->faults[fault].example[t->faults[fault].n] = mem_strdup(path);
	t->faults[fault].n++;
}

/* ---- text ---- */

static void put_count(FILE *out, uint64_t n, const char *words)
{
	if (n > 0)
		fprintf(out, "  %10" PRIu64 "  %s\n", n, words);
}

static void put_period(const struct replay_tally *t, FILE *out)
{
	char first[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];

	if (t->now + t->earlier == 0)
		return;
	clock_format(t->first_ms, first);
	clock_format(t->last_ms, last);
	fprintf(out, "Received from %.10s to %.10s; judged with today's DNS\n", first, last);
}

static void put_results(const struct replay_tally *t, FILE *out)
{
	fputs("Result\n", out);
	for (int i = RES_DMARC_NONE; i <= RES_DMARC_PERMERROR; i++)
		put_count(out, t->result[i], names_get(dmarc_result_names, i));
	put_count(out, t->exempt, "exempt, not judged");
	fputs("Chosen\n", out);
	for (int i = ACTION_ACCEPT; i <= ACTION_TEMPFAIL; i++)
		put_count(out, t->chosen[i], names_get(action_names, i));
}

static void put_signatures(const struct replay_tally *t, FILE *out)
{
	if (t->verified + t->key_gone + t->broken + t->key_unknown + t->refused == 0)
		return;
	fputs("DKIM signatures\n", out);
	put_count(out, t->verified, "verified");
	put_count(out, t->key_gone, "key gone from the DNS: whether it was good is not known any more");
	put_count(out, t->broken, "did not verify");
	put_count(out, t->key_unknown, "key not known: the look-up failed");
	put_count(out, t->refused, "refused: key revoked or unusable, or the field itself");
	if (t->fail_key_gone > 0)
		fprintf(out, "  %10" PRIu64 "  messages fail, and a signature of the author's own organization "
			"has lost its key:\n              they may have passed when they came\n",
			t->fail_key_gone);
}

static void put_assumed(const struct replay_tally *t, FILE *out)
{
	bool any = false;

	for (unsigned i = 0; i < REPLAY_ASSUMPTIONS; i++)
		any = any || t->assumed[i] > 0;
	if (any)
		fputs("Assumed, number of messages\n", out);
	for (unsigned i = 0; i < REPLAY_ASSUMPTIONS; i++)
		put_count(out, t->assumed[i], names_get(replay_assumption_names, 1 << i));
}

static void put_faults(const struct replay_tally *t, FILE *out)
{
	struct arena *arena = arena_new();
	bool headed = false;

	for (int i = 1; i < REPLAY_FAULTS; i++) {
		if (t->faults[i].n == 0)
			continue;
		if (!headed)
			fputs("Passed over\n", out);
		headed = true;
		put_count(out, t->faults[i].n, names_get(replay_fault_names, i));
		for (unsigned k = 0; k < REPLAY_EXAMPLES && t->faults[i].example[k] != NULL; k++)
			fprintf(out, "              %s\n", tool_escape(arena, t->faults[i].example[k]));
	}
	arena_free(arena);
}

void replay_tally_text(const struct replay_tally *t, const struct replay_words *words, FILE *out)
{
	fprintf(out, "Messages in %s: %" PRIu64 ", of them judged now %" PRIu64 "\n", words->directory,
		t->now + t->earlier, t->now);
	fprintf(out, "Settings: %s; trusted hops: %u\n",
		words->settings != NULL ? words->settings : "defaults (assumed: no settings file)",
		words->trusted_hops);
	put_period(t, out);
	put_results(t, out);
	put_signatures(t, out);
	put_assumed(t, out);
	put_faults(t, out);
	if (t->broken_lines > 0)
		fprintf(out, "Lines of earlier runs that cannot be read: %" PRIu64 "\n", t->broken_lines);
	if (words->interrupted)
		fputs("Interrupted: the same command again goes on from here.\n", out);
}

/* ---- JSON ---- */

static void json_counts(struct json_out *json, const char *key, const uint64_t *counts,
			const struct name_row *names, int first, int last)
{
	json_put_object(json, key);
	for (int i = first; i <= last; i++)
		json_put_int(json, names_get(names, i), (int64_t)counts[i]);
	json_put_object_end(json);
}

static void json_signatures(struct json_out *json, const struct replay_tally *t)
{
	json_put_object(json, "signatures");
	json_put_int(json, "verified", (int64_t)t->verified);
	json_put_int(json, "key_gone", (int64_t)t->key_gone);
	json_put_int(json, "broken", (int64_t)t->broken);
	json_put_int(json, "key_unknown", (int64_t)t->key_unknown);
	json_put_int(json, "refused", (int64_t)t->refused);
	json_put_object_end(json);
	json_put_int(json, "fail_key_gone", (int64_t)t->fail_key_gone);
}

static void json_faults(struct json_out *json, const struct replay_tally *t)
{
	json_put_array(json, "passed_over");
	for (int i = 1; i < REPLAY_FAULTS; i++) {
		if (t->faults[i].n == 0)
			continue;
		json_put_object(json, NULL);
		json_put_string(json, "what", names_get(replay_fault_names, i));
		json_put_int(json, "n", (int64_t)t->faults[i].n);
		json_put_array(json, "examples");
		for (unsigned k = 0; k < REPLAY_EXAMPLES && t->faults[i].example[k] != NULL; k++)
			json_put_string(json, NULL, t->faults[i].example[k]);
		json_put_array_end(json);
		json_put_object_end(json);
	}
	json_put_array_end(json);
}

static void json_assumed(struct json_out *json, const struct replay_tally *t)
{
	json_put_array(json, "assumed");
	for (unsigned i = 0; i < REPLAY_ASSUMPTIONS; i++) {
		if (t->assumed[i] == 0)
			continue;
		json_put_object(json, NULL);
		json_put_string(json, "what", names_get(replay_assumption_names, 1 << i));
		json_put_int(json, "n", (int64_t)t->assumed[i]);
		json_put_object_end(json);
	}
	json_put_array_end(json);
}

static void json_period(struct json_out *json, const struct replay_tally *t)
{
	char text[CLOCK_TEXT_SIZE];

	if (t->now + t->earlier == 0)
		return;
	clock_format(t->first_ms, text);
	json_put_string(json, "first", text);
	clock_format(t->last_ms, text);
	json_put_string(json, "last", text);
}

void replay_tally_json(const struct replay_tally *t, const struct replay_words *words, FILE *out)
{
	struct json_out json;
	struct buf buf;

	buf_init(&buf, (size_t)1 << 20);
	json_begin(&json, &buf, LIMIT_JOURNAL_STRING);
	json_put_object(&json, NULL);
	json_put_string(&json, "journal", words->directory);
	json_put_string(&json, "settings", words->settings);
	json_put_int(&json, "trusted_hops", words->trusted_hops);
	json_put_bool(&json, "interrupted", words->interrupted);
	json_put_int(&json, "messages", (int64_t)(t->now + t->earlier));
	json_put_int(&json, "judged_now", (int64_t)t->now);
	json_period(&json, t);
	json_counts(&json, "result", t->result, dmarc_result_names, RES_DMARC_NONE, RES_DMARC_PERMERROR);
	json_put_int(&json, "exempt", (int64_t)t->exempt);
	json_counts(&json, "chosen", t->chosen, action_names, ACTION_ACCEPT, ACTION_TEMPFAIL);
	json_signatures(&json, t);
	json_assumed(&json, t);
	json_faults(&json, t);
	json_put_int(&json, "broken_lines", (int64_t)t->broken_lines);
	json_put_object_end(&json);
	fprintf(out, "%s\n", buf_str(&buf));
	buf_done(&buf);
}
