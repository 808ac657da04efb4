#include "month.h"

#include <unistd.h>

#include "testmain.h"

void month_open(struct month *m)
{
	struct store_options options = { .driver = &db_sqlite, .where = m->path };
	const char *error = NULL;
	int fd;

	*m = (struct month){ .arena = arena_new(), .ruleset = ruleset_to_the_letter };
	snprintf(m->path, sizeof(m->path), "test_month.XXXXXX");
	fd = mkstemp(m->path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	m->store = store_open(&options, &error);
	ck_assert_msg(m->store != NULL, "%s", error);
	ck_assert_int_eq(store_begin(m->store), 0);
}

void month_ready(struct month *m)
{
	ck_assert_msg(store_commit(m->store) == 0, "%s", store_error(m->store));
}

void month_close(struct month *m)
{
	static const char *const ends[] = { "", "-wal", "-shm" };

	store_close(m->store);
	for (unsigned i = 0; i < 3; i++)
		unlink(arena_printf(m->arena, "%s%s", m->path, ends[i]));
	arena_free(m->arena);
}

void month_decision(struct month *m, struct decision *d)
{
	d->line_id = arena_printf(m->arena, "mx-1-%u", ++m->seq);
	ck_assert_msg(store_add(m->store, d) == 1, "%s", store_error(m->store));
}

/* Of all that is made up here, the last two labels. */
static struct org org_of(const char *domain)
{
	return (struct org){ ORG_KNOWN, domain_last_labels(domain, 2), false };
}

static void set_author(struct month *m, struct evidence *e, const struct mail *mail)
{
	struct author *author = &e->authors[e->n_authors++];
	struct policy_found *policy = &author->policy;
	const char *record = mail->record != NULL ? mail->record : "p=reject";

	author->domain = mail->author != NULL ? mail->author : "example.com";
	policy->method = DISCOVERY_TREEWALK;
	policy->status = DISCOVERY_FOUND;
	policy->org = org_of(author->domain);
	policy->domain = author->domain;
	record_parse(m->arena, slice_of(arena_printf(m->arena, "v=DMARC1; %s", record)), &policy->record);
}

static void set_signatures(struct month *m, struct evidence *e, const struct mail *mail)
{
	e->dkim = ARENA_ARRAY(m->arena, struct dkim_evidence, 3);
	for (unsigned i = 0; i < 3 && mail->dkim[i] != NULL; i++)
		e->dkim[e->n_dkim++] = (struct dkim_evidence){
			.result = RES_DKIM_PASS, .d = mail->dkim[i], .s = "s", .covers_from = true,
			.org = org_of(mail->dkim[i]),
		};
}

static void set_chain(struct month *m, struct evidence *e, const struct mail *mail)
{
	struct slice rest = slice_of(mail->sealers), one;
	struct arc_claim *claim = ARENA_NEW(m->arena, struct arc_claim);

	e->arc.result = mail->sealers != NULL ? RES_ARC_PASS : RES_ARC_NONE;
	e->arc.sets = ARENA_ARRAY(m->arena, struct arc_set, 8);
	while (mail->sealers != NULL && slice_split(&rest, ' ', &one))
		e->arc.sets[e->arc.n_sets++] = (struct arc_set){
			.d = arena_strndup(m->arena, one.data, one.len), .s = "arc",
			.seal_ok = true, .message_ok = true, .from_covered = true,
		};
	e->marks.arc_fields = e->arc.n_sets;
	if (e->arc.n_sets == 0)
		return;
	*claim = (struct arc_claim){ .method = ARC_METHOD_DMARC, .domain = mail->sealed_author != NULL ?
				     mail->sealed_author : e->authors[0].domain };
	e->arc.sets[0].claims = claim;
	e->arc.sets[0].n_claims = 1;
}

static void set_recipient(struct month *m, struct evidence *e, const struct mail *mail)
{
	const char **domains = ARENA_ARRAY(m->arena, const char *, 1);
	const char **rules = ARENA_ARRAY(m->arena, const char *, 1);

	domains[0] = mail->recipient != NULL ? mail->recipient : "receiver.example";
	rules[0] = "";
	e->recipient_domains = domains;
	e->recipient_rules = rules;
	e->n_recipient_domains = e->n_recipients = 1;
}

static void set_evidence(struct month *m, struct evidence *e, const struct mail *mail)
{
	const char *spf = mail->spf != NULL ? mail->spf : "bounce.example";

	*e = (struct evidence){
		.when_ms = MONTH_START_MS + mail->day * INT64_C(86400000) + 3600000 + m->seq,
		.client_ip = mail->ip != NULL ? mail->ip : "192.0.2.7", .client_name = mail->name,
		.client_name_confirmed = mail->name != NULL && !mail->unconfirmed,
		.exempt = mail->exempt ? EXEMPT_NETWORK : EXEMPT_NO,
		.from = mail->no_from ? FROM_ABSENT : FROM_OK, .from_fields = !mail->no_from,
		.spf = { .result = mail->spf != NULL ? RES_SPF_PASS : RES_SPF_FAIL, .domain = spf,
			 .scope = SCOPE_SPF_MAILFROM, .org = org_of(spf) },
		.marks.list_id = mail->list_id, .sample_draw = mail->draw, .enforce_draw = mail->draw,
	};
	if (!mail->no_from)
		set_author(m, e, mail);
	set_signatures(m, e, mail);
	if (!mail->no_from)
		set_chain(m, e, mail);
	set_recipient(m, e, mail);
}

void month_add(struct month *m, const struct mail *mail)
{
	for (unsigned i = 0; i < (mail->n > 0 ? mail->n : 1); i++) {
		struct decision d = { .done = "none", .mode = "honor" };

		set_evidence(m, &d.evidence, mail);
		decide(&d.evidence, &m->ruleset, m->arena, &d.verdict);
		month_decision(m, &d);
	}
}
