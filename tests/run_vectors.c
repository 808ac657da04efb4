/* run_vectors FILE.json: evaluates every vector of a file in the format
 * "alignd-dmarc-vectors" through discover, decide and the From parser, with
 * dmarc.psl_guard = false, and prints each difference. A vector whose spec is
 * "both" is run under both methods and passes when both do. Last line:
 * "N passed, N failed". Exit 0, 1 when any failed, 64 usage, 66 no such file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/discover.h"
#include "auth/resolver.h"
#include "auth/suffix.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"
#include "core/decide.h"
#include "core/path.h"
#include "judge/evaluate.h"

struct run {
	struct arena *arena;
	struct asker *asker;
	struct discover_options discover;
	const char *name, *method;
	bool differs;
};

static void differ(struct run *run, const char *what, const char *wanted, const char *got)
{
	printf("%s (%s): %s: wanted %s, got %s\n", run->name, run->method, what,
	       wanted != NULL ? wanted : "null", got != NULL ? got : "null");
	run->differs = true;
}

/* Asserted only when the key is there (format: absent keys are not). */
static void expect(struct run *run, const struct json *wanted, const char *key, const char *got)
{
	const struct json *value = json_get(wanted, key);
	const char *text = json_text(value);

	if (value == NULL)
		return;
	if ((text == NULL) != (got == NULL) || (text != NULL && strcmp(text, got) != 0))
		differ(run, key, text, got);
}

static const struct name_row outcome_words[] = {
	{ DNS_SERVFAIL, "SERVFAIL" }, { DNS_TIMEOUT, "TIMEOUT" }, { DNS_NXDOMAIN, "NXDOMAIN" },
	{ 0, NULL },
};

static void add_txt(struct run *run, struct resolver *zone, const char *name,
		    const struct json *record)
{
	struct buf text;

	buf_init(&text, LIMIT_DNS_TEXT);
	if (json_is_string(record))
		buf_add_str(&text, json_text(record));
	for (unsigned i = 0; i < json_length(record); i++)      /* joined, nothing in between */
		buf_add_str(&text, json_text(json_at(record, i)));
	resolver_zone_add(zone, name, DNS_TXT, arena_slice(run->arena, buf_slice(&text)), 0);
	buf_done(&text);
}

static void add_type(struct run *run, struct resolver *zone, const char *name, const char *type_name,
		     const struct json *data)
{
	int type, outcome;

	if (strcmp(type_name, "CNAME") == 0) {
		resolver_zone_add_alias(zone, name, json_text(data));
	} else if (!names_find(dns_type_names, slice_of(type_name), &type)) {
		differ(run, "dns", "a type that is known", type_name);
	} else if (json_is_string(data)) {
		if (names_find(outcome_words, slice_of(json_text(data)), &outcome))
			resolver_zone_add_outcome(zone, name, (enum dns_type)type,
						  (enum dns_outcome)outcome);
		else
			differ(run, "dns", "an outcome that is known", json_text(data));
	} else {
		for (unsigned i = 0; i < json_length(data); i++)
			if (type == DNS_TXT)
				add_txt(run, zone, name, json_at(data, i));
			else
				resolver_zone_add(zone, name, (enum dns_type)type,
						  slice_of(json_text(json_at(data, i))), 10);
	}
}

static struct resolver *make_zone(struct run *run, const struct json *dns)
{
	struct resolver *zone = resolver_zone_new();
	const struct json *at, *data;
	const char *name, *type;
	int outcome;

	for (unsigned i = 0; (name = json_member(dns, i, &at)) != NULL; i++) {
		if (json_is_string(at)) {
			if (names_find(outcome_words, slice_of(json_text(at)), &outcome))
				resolver_zone_add_outcome(zone, name, 0, (enum dns_outcome)outcome);
			continue;
		}
		for (unsigned k = 0; (type = json_member(at, k, &data)) != NULL; k++)
			add_type(run, zone, name, type, data);
	}
	return zone;
}

static const char *normal(struct run *run, const char *text)
{
	char domain[DOMAIN_SIZE];

	return text != NULL && domain_normalize(slice_of(text), domain) ?
		arena_strdup(run->arena, domain) : NULL;
}

/* What SPF and DKIM found is given by the vector. */
static void take_identifiers(struct run *run, const struct json *input, struct evidence *e)
{
	const struct json *spf = json_get(input, "spf"), *list = json_get(input, "dkim");
	const char *word = json_text(json_get(spf, "result"));
	int value;

	if (word != NULL && names_find(spf_result_names, slice_of(word), &value))
		e->spf.result = (enum spf_result)value;
	e->spf.domain = normal(run, json_text(json_get(spf, "domain")));
	e->n_dkim = json_length(list);
	e->dkim = ARENA_ARRAY(run->arena, struct dkim_evidence, e->n_dkim + 1);
	for (unsigned i = 0; i < e->n_dkim; i++) {
		const struct json *one = json_at(list, i);

		word = json_text(json_get(one, "result"));
		if (word != NULL && names_find(dkim_result_names, slice_of(word), &value))
			e->dkim[i].result = (enum dkim_result)value;
		e->dkim[i].d = normal(run, json_text(json_get(one, "d")));
	}
}

static void ask(struct run *run, struct evidence *e)
{
	asker_lock(run->asker);
	for (unsigned i = 0; i < e->n_authors; i++)
		discover_policy(run->asker, &run->discover, e->authors[i].domain,
				&e->authors[i].policy);
	if (e->spf.domain != NULL)
		discover_org(run->asker, &run->discover, e->spf.domain, &e->spf.org);
	for (unsigned i = 0; i < e->n_dkim; i++)
		if (e->dkim[i].d != NULL)
			discover_org(run->asker, &run->discover, e->dkim[i].d, &e->dkim[i].org);
	asker_unlock(run->asker);
}

static void compare_result(struct run *run, const struct json *wanted, const struct verdict *v)
{
	const struct json *any = json_get(wanted, "result_any");
	const char *got = names_get(dmarc_result_names, (int)v->result);

	expect(run, wanted, "result", got);
	for (unsigned i = 0; i < json_length(any); i++)
		if (strcmp(json_text(json_at(any, i)), got) == 0)
			return;
	if (any != NULL)
		differ(run, "result_any", "one of the list", got);
}

static const char *softening_word(enum softening softened)
{
	switch (softened) {
	case SOFTENED_NO:
		return NULL;
	case SOFTENED_TEST_MODE:
		return "policy_test_mode";
	case SOFTENED_SAMPLED_OUT:
		return "sampled_out";
	}
	return NULL;
}

static const char *pass_word(enum alignment alignment)
{
	return alignment == ALIGNMENT_YES ? "pass" : "fail";
}

static void compare(struct run *run, const struct json *wanted, const struct evidence *e,
		    const struct verdict *v)
{
	const struct author_verdict *av;
	const struct author *author;

	compare_result(run, wanted, v);
	expect(run, wanted, "disposition_full", names_get(disposition_names, (int)v->asked));
	if (v->decisive < 0)
		return;
	av = &v->authors[v->decisive];
	author = &e->authors[v->decisive];
	expect(run, wanted, "author_domain", author->domain);
	expect(run, wanted, "alignment_spf", pass_word(av->spf));
	expect(run, wanted, "alignment_dkim", pass_word(av->dkim));
	if (author->policy.org.status == ORG_KNOWN)
		expect(run, wanted, "org_domain", author->policy.org.domain);
	if (author->policy.status != DISCOVERY_FOUND)
		return;
	expect(run, wanted, "policy_domain", author->policy.domain);
	expect(run, wanted, "policy", names_get(disposition_names, (int)av->policy.published));
	expect(run, wanted, "applied_tag", names_get(applied_tag_names, (int)av->policy.tag));
	if (v->result == RES_DMARC_FAIL)
		expect(run, wanted, "reason", softening_word(av->policy.softened));
}

static void run_once(struct run *run, const struct json *vector, const struct ruleset *rules)
{
	struct asker_limits limits = { 5000, LIMIT_MESSAGE_LOOKUPS };
	const struct json *input = json_get(vector, "input"), *from = json_get(input, "from");
	struct evidence *e = ARENA_NEW(run->arena, struct evidence);
	struct verdict *v = ARENA_NEW(run->arena, struct verdict);
	struct resolver *zone = make_zone(run, json_get(vector, "dns"));

	run->asker = asker_new(zone, &limits);
	e->exempt = EXEMPT_NO;
	evaluate_from(e, run->arena, json_length(from), slice_of(json_text(json_at(from, 0))));
	e->sample_draw = (unsigned)json_number(json_get(input, "sample"), 0);
	take_identifiers(run, input, e);
	ask(run, e);
	decide(e, rules, run->arena, v);
	compare(run, json_get(vector, "expect"), e, v);
	asker_free(run->asker);
	resolver_close(zone);
}

static bool run_vector(struct suffix_list suffixes, const struct json *vector)
{
	static const struct { const char *spec, *method; enum discovery_method discovery; enum pct_mode pct; }
	methods[] = {
		{ "9989", "treewalk", DISCOVERY_TREEWALK, PCT_IGNORE },
		{ "7489", "psl", DISCOVERY_PSL, PCT_HONOR },
	};
	const char *spec = json_text(json_get(vector, "spec"));
	struct run run = { .name = json_text(json_get(vector, "name")) };
	bool ran = false;

	for (unsigned i = 0; spec != NULL && i < 2; i++) {
		struct ruleset rules = { .mode = MODE_HONOR, .enforce_percent = 100, .pct = methods[i].pct,
					 .on_bad_from = ACTION_ACCEPT };

		if (strcmp(spec, "both") != 0 && strcmp(spec, methods[i].spec) != 0)
			continue;
		run.arena = arena_new();
		run.method = methods[i].method;
		run.discover = (struct discover_options){ methods[i].discovery, false, suffixes };
		run_once(&run, vector, &rules);
		arena_free(run.arena);
		ran = true;
	}
	if (!ran)
		printf("%s: unknown spec\n", run.name != NULL ? run.name : "?");
	return ran && !run.differs;
}

static char *read_file(const char *path, size_t *len_r)
{
	FILE *in = fopen(path, "rb");
	size_t size = 0, got;
	char *text = NULL;

	if (in == NULL)
		return NULL;
	*len_r = 0;
	do {
		size += 1 << 20;
		text = mem_realloc(text, size);
		got = fread(text + *len_r, 1, size - *len_r, in);
		*len_r += got;
	} while (got > 0);
	fclose(in);
	return text;
}

static int run_file(const char *path, struct suffix_list suffixes)
{
	struct arena *arena = arena_new();
	unsigned passed = 0, failed = 0;
	const struct json *vectors;
	struct json_doc *doc;
	const char *error;
	size_t len;
	char *text = read_file(path, &len);

	doc = text != NULL ? json_parse(arena, slice_new(text, len), &error) : NULL;
	if (doc == NULL) {
		fprintf(stderr, "run_vectors: %s: %s\n", path, text != NULL ? error : "cannot be read");
		free(text);
		arena_free(arena);
		return 66;
	}
	vectors = json_get(json_root(doc), "vectors");
	for (unsigned i = 0; i < json_length(vectors); i++)
		run_vector(suffixes, json_at(vectors, i)) ? passed++ : failed++;
	printf("%u passed, %u failed\n", passed, failed);
	json_doc_free(doc);
	free(text);
	arena_free(arena);
	return failed > 0 || passed == 0;
}

int main(int argc, char **argv)
{
	const char *error;
	struct suffix_psl *psl;
	int status;

	if (argc != 2) {
		fputs("usage: run_vectors FILE.json\n", stderr);
		return 64;
	}
	psl = suffix_psl_open(NULL, &error);
	if (psl == NULL) {
		fprintf(stderr, "run_vectors: %s\n", error);
		return 69;
	}
	status = run_file(argv[1], suffix_psl_list(psl));
	suffix_psl_close(psl);
	return status;
}
