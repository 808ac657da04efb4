#include "convert_history.h"

#include <string.h>

#include "core/domain.h"
#include "core/netset.h"

#define BLANKS " \t\r\n\f\v"

/* policy: of libopendmarc */
enum { POLICY_ABSENT = 14, POLICY_PASS = 15 };
/* align_dkim, align_spf */
enum { ALIGN_PASS = 4 };

const struct name_row history_fault_names[] = {
	{ HISTORY_OK, "-" }, { HISTORY_NO_TIME, "no time of receipt" },
	{ HISTORY_NO_FROM, "no domain in From" }, { HISTORY_NO_POLICY, "no word about the policy" },
	{ 0, NULL },
};

/* Authentication results of opendmarc; spf and dkim. Others (not evaluated,
 * unknown, discarded) tell nothing. */
static const struct {
	int code;
	enum spf_result spf;
	enum dkim_result dkim;
} results[] = {
	{ 0, RES_SPF_PASS, RES_DKIM_PASS }, { 2, RES_SPF_SOFTFAIL, RES_DKIM_FAIL },
	{ 3, RES_SPF_NEUTRAL, RES_DKIM_NEUTRAL }, { 4, RES_SPF_TEMPERROR, RES_DKIM_TEMPERROR },
	{ 5, RES_SPF_PERMERROR, RES_DKIM_PERMERROR }, { 6, RES_SPF_NONE, RES_DKIM_NONE },
	{ 7, RES_SPF_FAIL, RES_DKIM_FAIL }, { 8, RES_SPF_FAIL, RES_DKIM_POLICY },
	{ 9, RES_SPF_PERMERROR, RES_DKIM_PERMERROR },
};
#define N_RESULTS (sizeof(results) / sizeof(results[0]))

/* action: by its number */
static const struct {
	enum action action;
	const char *done;
} actions[] = {
	{ ACTION_REJECT, "reject" }, { ACTION_REJECT, "reject" },       /* the second: discarded */
	{ ACTION_ACCEPT, "none" }, { ACTION_TEMPFAIL, "tempfail" }, { ACTION_QUARANTINE, "quarantine" },
};
#define N_ACTIONS ((int)(sizeof(actions) / sizeof(actions[0])))

void history_record_init(struct history_record *r)
{
	*r = (struct history_record){
		.received = -1, .spf = -1, .policy = -1, .pct = -1, .adkim = -1, .aspf = -1, .p = -1,
		.sp = -1, .align_dkim = -1, .align_spf = -1, .arc = -1, .action = -1,
	};
}

/* ---- lines ---- */

static int number_of(struct slice text)
{
	uint64_t value;

	return slice_number(text, 1000, &value) ? (int)value : -1;
}

/* "DOMAIN SELECTOR RESULT", without the selector in the files of older versions. */
static void add_signature(struct history_record *r, struct slice value)
{
	struct slice rest = value, part[3] = { { NULL, 0 } };
	unsigned n = 0;

	while (n < 3 && rest.data != NULL && slice_split(&rest, ' ', &part[n]))
		n++;
	if (n < 2 || r->n_dkim == HISTORY_SIGNATURES)
		return;
	r->dkim[r->n_dkim].domain = part[0];
	r->dkim[r->n_dkim].selector = n == 3 ? part[1] : slice_new(NULL, 0);
	r->dkim[r->n_dkim++].result = number_of(part[n - 1]);
}

static void add_uri(struct history_record *r, struct slice value)
{
	if (value.len > 0 && !slice_is(value, "-") && r->n_rua < HISTORY_URIS)
		r->rua[r->n_rua++] = value;
}

static void set_number(struct history_record *r, struct slice key, struct slice value)
{
	const struct {
		const char *key;
		int *field;
	} rows[] = {
		{ "spf", &r->spf }, { "policy", &r->policy }, { "pct", &r->pct }, { "adkim", &r->adkim },
		{ "aspf", &r->aspf }, { "p", &r->p }, { "sp", &r->sp }, { "align_dkim", &r->align_dkim },
		{ "align_spf", &r->align_spf }, { "arc", &r->arc }, { "action", &r->action },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_is(key, rows[i].key)) {
			*rows[i].field = number_of(value);
			return;
		}
	if (!slice_is(key, "arc_policy"))
		r->unknown++;
}

static bool set_text(struct history_record *r, struct slice key, struct slice value)
{
	const struct {
		const char *key;
		struct slice *field;
	} rows[] = {
		{ "job", &r->job }, { "reporter", &r->reporter }, { "ipaddr", &r->ipaddr },
		{ "from", &r->from }, { "mfrom", &r->mfrom }, { "pdomain", &r->pdomain },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_is(key, rows[i].key)) {
			*rows[i].field = value;
			return true;
		}
	return false;
}

void history_record_line(struct history_record *r, struct slice line)
{
	struct slice key = slice_until(line, slice_find(line, ' '));
	struct slice value = slice_trim(slice_from(line, key.len), BLANKS);
	uint64_t seconds;

	key = slice_trim(key, BLANKS);
	if (key.len == 0)
		return;
	if (slice_is(key, "received"))
		r->received = slice_number(value, INT64_C(253402300799), &seconds) ? (int64_t)seconds : -1;
	else if (slice_is(key, "dkim"))
		add_signature(r, value);
	else if (slice_is(key, "rua"))
		add_uri(r, value);
	else if (!set_text(r, key, value))
		set_number(r, key, value);
}

/* ---- evidence ---- */

/* NULL: no domain. */
static const char *domain_of(struct arena *arena, struct slice text)
{
	char domain[DOMAIN_SIZE];

	return domain_normalize(text, domain) ? arena_strdup(arena, domain) : NULL;
}

static void set_arrival(struct arena *arena, const struct history_record *r, struct evidence *e)
{
	struct address address;
	char text[ADDRESS_TEXT_SIZE];

	if (address_parse(r->ipaddr, &address)) {
		address_format(&address, text);
		e->client_ip = arena_strdup(arena, text);
	}
	e->sender.domain = domain_of(arena, r->mfrom);
	e->sender.status = e->sender.domain != NULL ? PATH_MAILBOX :
			   r->mfrom.len == 0 || slice_is(r->mfrom, "<>") ? PATH_NULL : PATH_UNUSABLE;
}

static bool is_plain(struct slice uri)
{
	for (size_t i = 0; i < uri.len; i++)
		if (uri.data[i] <= ' ' || uri.data[i] > '~' || uri.data[i] == ';')
			return false;
	return true;
}

static void add_letter(struct buf *text, const char *tag, int code, const char *letters,
		       const char *const *words)
{
	const char *at = code > 0 ? strchr(letters, code) : NULL;

	if (at != NULL)
		buf_printf(text, "; %s=%s", tag, words[at - letters]);
}

/* The record in other words: p, sp, adkim and aspf are told as letters. */
static void set_record(struct arena *arena, const struct history_record *r, struct record *out)
{
	static const char *const requests[] = { "none", "quarantine", "reject" };
	static const char *const modes[] = { "r", "s" };
	struct buf text;

	buf_init(&text, LIMIT_RECORD_OCTETS);
	buf_add_str(&text, "v=DMARC1");
	add_letter(&text, "p", r->p, "nqr", requests);
	add_letter(&text, "sp", r->sp, "nqr", requests);
	add_letter(&text, "adkim", r->adkim, "rs", modes);
	add_letter(&text, "aspf", r->aspf, "rs", modes);
	if (r->pct >= 0 && r->pct < 100)
		buf_printf(&text, "; pct=%d", r->pct);
	for (unsigned i = 0, n = 0; i < r->n_rua; i++)
		if (is_plain(r->rua[i]))
			buf_printf(&text, "%s%.*s", n++ == 0 ? "; rua=" : ",", SLICE_ARG(r->rua[i]));
	record_parse(arena, arena_slice(arena, buf_slice(&text)), out);
	buf_done(&text);
}

static void set_policy(struct arena *arena, const struct history_record *r, struct author *author)
{
	struct policy_found *found = &author->policy;

	found->method = DISCOVERY_PSL;
	found->status = DISCOVERY_NO_RECORD;
	if (r->policy == POLICY_ABSENT)
		return;
	found->status = DISCOVERY_FOUND;
	found->domain = domain_of(arena, r->pdomain);
	if (found->domain == NULL)
		found->domain = author->domain;
	if (domain_is_below(author->domain, found->domain))
		found->org = (struct org){ .status = ORG_KNOWN, .domain = found->domain };
	set_record(arena, r, &found->record);
}

/* The longest name above both, or the author's own. */
static const char *common_name(const char *author, const char *other)
{
	unsigned n = 0;

	while (n < domain_labels(author) && n < domain_labels(other) &&
	       domain_equal(domain_last_labels(author, n + 1), domain_last_labels(other, n + 1)))
		n++;
	return n > 0 ? domain_last_labels(author, n) : author;
}

/* What was aligned has one Organizational Domain with the author. */
static void set_aligned(struct author *author, const char *domain, struct org *org)
{
	struct org *own = &author->policy.org;

	if (domain_equal(author->domain, domain))
		return;
	if (own->status != ORG_KNOWN)
		*own = (struct org){ .status = ORG_KNOWN, .domain = common_name(author->domain, domain) };
	*org = *own;
}

static void set_spf(const struct history_record *r, struct evidence *e)
{
	bool aligned = r->align_spf == ALIGN_PASS && e->sender.domain != NULL;

	for (size_t i = 0; i < N_RESULTS; i++)
		if (results[i].code == r->spf)
			e->spf.result = results[i].spf;
	if (aligned)                    /* SPF results of opendmarc's own check have other numbers */
		e->spf.result = RES_SPF_PASS;
	if (e->spf.result == RES_SPF_UNSET)
		return;
	e->spf.scope = e->sender.status == PATH_NULL ? SCOPE_SPF_HELO : SCOPE_SPF_MAILFROM;
	e->spf.domain = e->sender.domain;
	if (aligned)
		set_aligned(&e->authors[0], e->spf.domain, &e->spf.org);
}

static bool can_align(const struct dkim_evidence *d, const struct author *author)
{
	return d->result == RES_DKIM_PASS && d->d != NULL && domain_share_suffix(d->d, author->domain);
}

/* Which signature was aligned is not told: the one that shares most with the author. */
static void align_signature(struct evidence *e)
{
	struct author *author = &e->authors[0];
	struct dkim_evidence *best = NULL;
	unsigned most = 0;

	for (unsigned i = 0; i < e->n_dkim; i++) {
		struct dkim_evidence *d = &e->dkim[i];
		unsigned shared;

		if (!can_align(d, author))
			continue;
		shared = domain_labels(common_name(author->domain, d->d));
		if (shared > most) {
			most = shared;
			best = d;
		}
	}
	if (best != NULL)
		set_aligned(author, best->d, &best->org);
}

static void set_dkim(struct arena *arena, const struct history_record *r, struct evidence *e)
{
	e->dkim = ARENA_ARRAY(arena, struct dkim_evidence, r->n_dkim + 1);
	for (unsigned i = 0; i < r->n_dkim; i++) {
		struct dkim_evidence *d = &e->dkim[e->n_dkim];

		for (size_t k = 0; k < N_RESULTS; k++)
			if (results[k].code == r->dkim[i].result)
				d->result = results[k].dkim;
		d->d = domain_of(arena, r->dkim[i].domain);
		d->s = domain_of(arena, r->dkim[i].selector);
		d->covers_from = true;  /* RFC 6376 5.4: it must; not told otherwise */
		e->n_dkim += d->result != RES_DKIM_UNSET && d->result != RES_DKIM_NONE;
	}
	if (r->align_dkim == ALIGN_PASS)
		align_signature(e);
}

static void set_arc(const struct history_record *r, struct evidence *e)
{
	if (r->arc == 0)
		e->arc.result = RES_ARC_PASS;
	else if (r->arc == 7)
		e->arc.result = RES_ARC_FAIL;
	else if (r->arc == 6)
		e->arc.result = RES_ARC_NONE;
}

/* ---- the decision of then ---- */

static bool result_differs(const struct history_record *r, const struct verdict *v)
{
	if (r->policy == POLICY_ABSENT)
		return v->result != RES_DMARC_NONE;
	return (v->result == RES_DMARC_PASS) != (r->policy == POLICY_PASS);
}

static void set_verdict(struct arena *arena, const struct history_record *r, struct decision *out)
{
	struct verdict *v = &out->verdict;

	decide(&out->evidence, &ruleset_to_the_letter, arena, v);
	out->mode = "honor";
	out->done = NULL;
	if (r->action < 0 || r->action >= N_ACTIONS)
		return;
	if (v->chosen != actions[r->action].action)
		v->why = WHY_UNSET;
	v->chosen = v->apply = actions[r->action].action;
	v->method = v->apply == ACTION_QUARANTINE ? QUARANTINE_HOLD : QUARANTINE_UNSET;
	out->done = actions[r->action].done;
}

enum history_fault history_decision(struct arena *arena, const struct history_record *r,
				    struct decision *out_r, bool *differs_r)
{
	struct evidence *e = &out_r->evidence;

	*out_r = (struct decision){ .line_id = NULL };
	if (r->received < 0)
		return HISTORY_NO_TIME;
	if (r->policy < 0)
		return HISTORY_NO_POLICY;
	e->authors[0].domain = domain_of(arena, r->from);
	if (e->authors[0].domain == NULL)
		return HISTORY_NO_FROM;
	e->from = FROM_OK;
	e->from_fields = e->n_authors = 1;
	e->exempt = EXEMPT_NO;
	e->from_history = true;
	e->when_ms = r->received * 1000;
	set_arrival(arena, r, e);
	set_policy(arena, r, &e->authors[0]);
	set_spf(r, e);
	set_dkim(arena, r, e);
	set_arc(r, e);
	set_verdict(arena, r, out_r);
	out_r->queue_id = r->job.len > 0 ? arena_strndup(arena, r->job.data, r->job.len) : NULL;
	*differs_r = result_differs(r, &out_r->verdict);
	return HISTORY_OK;
}
