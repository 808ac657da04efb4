#include "store/sample.h"

#include "testmain.h"

uint32_t sample_seed;

unsigned sample_random(unsigned below)
{
	sample_seed = sample_seed * 1664525u + 1013904223u;
	return (unsigned)(((uint64_t)(sample_seed >> 8) * below) >> 24);
}

static bool rnd_bool(void)
{
	return sample_random(2) == 1;
}

static int rnd_enum(const struct name_row *table)
{
	unsigned n = 0;

	while (table[n].name != NULL)
		n++;
	return table[sample_random(n)].value;
}

/* Octets that break naive writers; never a NUL. */
static const char *rnd_text(struct arena *arena)
{
	static const char *const pieces[] = {
		"\"", "\\", "\\x41", "\\...", "\n", "\r\n", "\x1b[2J", "\x7f", "\xff", "\x80", "\xc3\xbc",
		"\xe2\x82", "\xe2\x82\xac", "\xf0\x9f\x93\xa7", "\xed\xa0\x80", "a", "example.com", " ",
		"},{", "\"v\":2", "%s%n", "\x01", "\xc2\x85",
	};
	char *text;
	size_t len = 0;

	if (sample_random(8) == 0)
		return NULL;
	text = arena_alloc(arena, 300);
	for (unsigned n = sample_random(20); n > 0; n--) {
		const char *piece = pieces[sample_random(sizeof(pieces) / sizeof(pieces[0]))];

		memcpy(text + len, piece, strlen(piece));
		len += strlen(piece);
	}
	return text;
}

static const char *rnd_domain(struct arena *arena)
{
	static const char *const domains[] = {
		"example.com", "mail.example.com", "example.net", "deep.down.example.org",
		"xn--bcher-kva.example", "a", "_spf.example.com",
	};
	unsigned n = sample_random(9);

	if (n == 8)
		return arena_printf(arena, "%063d.%063d.%063d.%061d", 1, 2, 3, 4);      /* 253 */
	return n == 7 ? NULL : domains[n];
}

static const char *some_domain(struct arena *arena)
{
	const char *domain = rnd_domain(arena);

	return domain != NULL ? domain : "example.com";
}

static void rnd_org(struct arena *arena, struct org *org)
{
	org->status = (enum org_status)rnd_enum(org_status_names);
	org->domain = org->status == ORG_KNOWN ? some_domain(arena) : NULL;
	org->guarded = rnd_bool();
}

static void rnd_record(struct arena *arena, struct record *record)
{
	static const char *const tags[] = {
		"p=reject", "p=quarantine", "p=none", "p=bogus", "sp=none", "sp=reject", "sp=", "np=reject",
		"np=x", "adkim=s", "aspf=s", "psd=y", "psd=n", "t=y", "pct=0", "pct=40", "pct=1000", "fo=1:d:s",
		"fo=0", "rua=mailto:dmarc@example.com", "rua=mailto:a@example.net!10m,https://example.org/",
		"ruf=mailto:f@example.com", "rf=afrf", "x=\xff\xfe\"\\", "junk", "rua=nonsense",
	};
	struct buf text;

	buf_init(&text, 10000);
	buf_add_str(&text, "v=DMARC1");
	for (unsigned n = sample_random(8); n > 0; n--)
		buf_printf(&text, "; %s", tags[sample_random(sizeof(tags) / sizeof(tags[0]))]);
	if (sample_random(4) == 0)
		buf_add(&text, ";\0x", 3);
	record_parse(arena, buf_slice(&text), record);
	buf_done(&text);
}

static void rnd_policy(struct arena *arena, struct policy_found *found)
{
	found->method = rnd_bool() ? DISCOVERY_TREEWALK : DISCOVERY_PSL;
	found->status = (enum discovery_status)rnd_enum(discovery_status_names);
	if (found->status == DISCOVERY_FOUND) {
		found->domain = some_domain(arena);
		rnd_record(arena, &found->record);
	}
	found->is_psd = rnd_bool();
	found->several = rnd_bool();
	rnd_org(arena, &found->org);
	found->exists = (enum existence)rnd_enum(existence_names);
	found->reason = rnd_text(arena);
}

static void rnd_signature(struct arena *arena, struct dkim_evidence *dkim)
{
	dkim->result = (enum dkim_result)rnd_enum(dkim_result_names);
	dkim->reason = rnd_text(arena);
	dkim->d = rnd_domain(arena);
	dkim->s = rnd_domain(arena);
	dkim->i_local = rnd_text(arena);
	dkim->i_domain = rnd_domain(arena);
	dkim->algorithm = rnd_bool() ? "rsa-sha256" : NULL;
	dkim->b_start = rnd_bool() ? "dzdVyOfA" : NULL;
	dkim->key_bits = sample_random(5000);
	dkim->has_length = rnd_bool();
	dkim->surplus = sample_random(4) == 0 ? INT64_MAX : sample_random(1000);
	dkim->test_key = rnd_bool();
	dkim->covers_from = rnd_bool();
	rnd_org(arena, &dkim->org);
}

static void rnd_claims(struct arena *arena, struct arc_set *set)
{
	set->n_claims = sample_random(4);
	set->claims = ARENA_ARRAY(arena, struct arc_claim, set->n_claims);
	for (unsigned i = 0; i < set->n_claims; i++) {
		set->claims[i].method = (enum arc_method)rnd_enum(arc_method_names);
		set->claims[i].domain = some_domain(arena);
		rnd_org(arena, &set->claims[i].org);
	}
}

static void rnd_arc(struct arena *arena, struct arc_evidence *arc)
{
	arc->result = (enum arc_result)rnd_enum(arc_result_names);
	arc->reason = rnd_text(arena);
	arc->oldest_pass = sample_random(5);
	arc->n_sets = sample_random(4);
	arc->sets = ARENA_ARRAY(arena, struct arc_set, arc->n_sets);
	for (unsigned i = 0; i < arc->n_sets; i++) {
		arc->sets[i] = (struct arc_set){
			.d = rnd_domain(arena), .s = rnd_domain(arena), .client_ip = rnd_text(arena),
			.results = rnd_text(arena), .seal_ok = rnd_bool(), .message_ok = rnd_bool(),
			.from_covered = rnd_bool(),
		};
		rnd_claims(arena, &arc->sets[i]);
	}
}

/* A chain as a forwarder makes it, who saw all authors pass; chance alone makes few. */
static void rnd_forwarded(struct arena *arena, struct evidence *e)
{
	struct arc_set *set;

	e->arc.result = RES_ARC_PASS;
	for (unsigned i = 0; i < e->arc.n_sets; i++) {
		set = &e->arc.sets[i];
		set->d = "example.com";
		set->from_covered = true;
		set->n_claims = e->n_authors;
		set->claims = ARENA_ARRAY(arena, struct arc_claim, e->n_authors + 1);
		for (unsigned k = 0; k < e->n_authors; k++)
			set->claims[k] = (struct arc_claim){ .method = ARC_METHOD_DMARC,
							     .domain = e->authors[k].domain };
	}
}

/* Groups with the same domain differ in their rules, as real ones do. */
static void rnd_recipients(struct arena *arena, struct evidence *e)
{
	bool rules = rnd_bool();

	e->n_recipient_domains = sample_random(5);
	e->recipient_domains = ARENA_ARRAY(arena, const char *, e->n_recipient_domains);
	e->recipient_rules = ARENA_ARRAY(arena, const char *, e->n_recipient_domains);
	for (unsigned i = 0; i < e->n_recipient_domains; i++) {
		e->recipient_domains[i] = arena_printf(arena, "r%u.example.com", rules ? i / 2 : i);
		e->recipient_rules[i] = rules && i % 2 == 1 ? "vip-1 vip-2" : "";
	}
	e->n_recipients = sample_random(100);
	e->recipients_unlisted = sample_random(3);
}

static void rnd_arrival(struct arena *arena, struct evidence *e)
{
	e->client_ip = rnd_bool() ? "192.0.2.1" : NULL;
	e->client_name = rnd_bool() ? rnd_text(arena) : rnd_domain(arena);
	e->client_name_confirmed = rnd_bool();
	e->helo = rnd_text(arena);
	e->helo_domain = rnd_domain(arena);
	e->smtputf8 = rnd_bool();
	e->exempt = sample_random(8) > 0 ? EXEMPT_NO : (enum exemption)rnd_enum(exemption_names);
	e->sender = (struct sender){ .status = (enum path_status)rnd_enum(path_status_names),
				     .local = rnd_text(arena), .domain = rnd_domain(arena),
				     .reason = rnd_text(arena) };
	rnd_recipients(arena, e);
	if (rnd_bool())
		e->relay = (struct relay){ .ip = "198.51.100.9", .hops = sample_random(3),
					   .unread = rnd_text(arena) };
}

static void rnd_marks(struct arena *arena, struct marks *marks)
{
	*marks = (struct marks){
		.list_id = rnd_bool() ? rnd_text(arena) : "A list <Example.COM>", .list_post = rnd_bool(), .list_unsubscribe = rnd_bool(),
		.list_other = rnd_bool(), .precedence_list = rnd_bool(),
		.precedence_bulk = rnd_bool(), .resent = rnd_bool(), .srs = rnd_bool(),
		.auto_submitted = rnd_bool(), .arc_fields = sample_random(30),
	};
}

static void rnd_evidence(struct arena *arena, struct evidence *e)
{
	rnd_arrival(arena, e);
	e->from = sample_random(8) > 0 ? FROM_OK : (enum from_status)rnd_enum(from_status_names);
	e->from_reason = rnd_text(arena);
	e->from_fields = sample_random(3);
	e->n_authors = e->from == FROM_OK ? 1 + sample_random(LIMIT_AUTHORS) : 0;
	for (unsigned i = 0; i < e->n_authors; i++) {
		e->authors[i].domain = some_domain(arena);
		rnd_policy(arena, &e->authors[i].policy);
	}
	e->spf = (struct spf_evidence){
		.result = (enum spf_result)rnd_enum(spf_result_names),
		.scope = (enum spf_scope)rnd_enum(spf_scope_names), .domain = rnd_domain(arena),
		.reason = rnd_text(arena), .explanation = rnd_text(arena),
	};
	rnd_org(arena, &e->spf.org);
	e->n_dkim = sample_random(5);
	e->dkim = ARENA_ARRAY(arena, struct dkim_evidence, e->n_dkim);
	for (unsigned i = 0; i < e->n_dkim; i++)
		rnd_signature(arena, &e->dkim[i]);
	e->dkim_unchecked = sample_random(3);
	rnd_arc(arena, &e->arc);
	if (sample_random(4) == 0)
		rnd_forwarded(arena, e);
	rnd_marks(arena, &e->marks);
	e->sample_draw = sample_random(100);
	e->enforce_draw = sample_random(100);
	e->lookups = sample_random(160);
	e->waited_ms = sample_random(20000);
	e->body_bytes = (uint64_t)sample_random(1u << 20) << 20;
	e->header_fields = sample_random(1000);
}

static struct domainset *domains(const char *text)
{
	struct domainset *set = domainset_new();
	const char *error;

	ck_assert_int_eq(domainset_add(set, slice_of(text), &error), 0);
	domainset_freeze(set);
	return set;
}

static void add_some_domains(struct domainset *set)
{
	static const char *const names[] = {
		"example.com", ".example.com", ".org", "example.net", "mail.example.com", "r1.example.com",
		"r0.example.com",
	};
	const char *error;

	for (int i = 0; i < 2; i++)
		domainset_add(set, slice_of(names[sample_random(N_ROWS(names))]), &error);
	domainset_freeze(set);
}

static unsigned some_words(const struct name_row *words)
{
	unsigned mask = 0;

	for (; words->name != NULL; words++)
		mask |= rnd_bool() ? 1u << words->value : 0;
	return mask;
}

static void give(struct rule *rule, unsigned k)
{
	struct rule_match *match = &rule->match[k];
	const char *error;

	if (match->given)
		return;
	match->given = true;
	match->domains = domainset_new();
	match->networks = netset_new();
	match->texts = textset_new();
	add_some_domains(match->domains);
	netset_add(match->networks, slice_of(rnd_bool() ? "192.0.2.0/24" : "198.51.100.0/24"), &error);
	netset_freeze(match->networks);
	textset_add(match->texts, SLICE("example.com"));
	textset_freeze(match->texts);
	if (rule_keys[k].words != NULL)
		match->words = some_words(rule_keys[k].words);
}

#define N_BANK 64
#define NOW_MS 1777890030123

/* Rules with all keys and actions, made once for the whole run; the first is for
 * some of the addresses in a domain. */
static const struct rule *rule_bank(void)
{
	static struct rule bank[N_BANK];
	static char ids[N_BANK][16];
	unsigned n_keys = 0, recipient;

	if (bank[0].id != NULL)
		return bank;
	while (rule_keys[n_keys].name != NULL)
		n_keys++;
	for (unsigned i = 0; i < N_BANK; i++) {
		snprintf(ids[i], sizeof(ids[i]), "vip-%u", i + 2);
		bank[i] = (struct rule){
			.id = ids[i], .action = (enum rule_action)(1 + sample_random(n_rule_actions - 1)),
			.reason = REASON_MAILING_LIST, .comment = rnd_bool() ? "lists" : NULL,
			.reply = "not for you", .has_percent = rnd_bool(), .enforce_percent = sample_random(101),
			.expires_ms = rnd_bool() ? 0 : NOW_MS + (int64_t)sample_random(3) - 1,
		};
		for (unsigned n = i > 0 ? 1 + sample_random(3) : 0; n > 0; n--)
			give(&bank[i], sample_random(n_keys));
	}
	ck_assert(rule_key_find(SLICE("recipient"), &recipient));
	bank[0].match[recipient] = (struct rule_match){ .given = true, .texts = textset_new() };
	textset_freeze(bank[0].match[recipient].texts);
	return bank;
}

struct ruleset sample_ruleset(void)
{
	static struct domainset *sealers;
	static const enum action bad_from[] = { ACTION_ACCEPT, ACTION_QUARANTINE, ACTION_REJECT };
	unsigned first = sample_random(N_BANK);

	if (sealers == NULL)
		sealers = domains("example.com");
	return (struct ruleset){
		.reject_when = sample_random(1u << 6),
		.override_uncorroborated = (enum request_answer)rnd_enum(request_answer_names),
		.trusted_sealers = rnd_bool() ? sealers : NULL,
		.arc_require_intact = rnd_bool(),
		.rules = rule_bank() + first, .n_rules = sample_random(N_BANK - first + 1),
		.rules_have_recipients = true,
		.recipients_differ = (enum recipients_differ)rnd_enum(recipients_differ_names),
		.mode = rnd_bool() ? MODE_HONOR : MODE_OVERRIDE,
		.dry_run = rnd_bool(), .enforce_percent = sample_random(101),
		.pct = (enum pct_mode)rnd_enum(pct_mode_names),
		.psl_honors_t = rnd_bool(),
		.on_temperror = (enum temperror_action)rnd_enum(temperror_action_names),
		.on_bad_from = bad_from[sample_random(N_ROWS(bad_from))],
		.override_reject = (enum request_answer)rnd_enum(request_answer_names),
		.override_quarantine = (enum request_answer)rnd_enum(request_answer_names),
		.quarantine = (enum quarantine_method)(QUARANTINE_HEADER + (int)sample_random(3)),
		.refuse_test_keys = rnd_bool(),
	};
}

static const char *rnd_rule(void)
{
	static const char *const ids[] = { NULL, "list-of-ours", "tenant.7", "r" };

	return ids[sample_random(sizeof(ids) / sizeof(ids[0]))];
}

/* Whatever a verdict can hold, whether decide() would put it there or not. */
static void rnd_will(struct arena *arena, struct verdict *v)
{
	v->rule = rnd_rule();
	v->reply = v->rule != NULL ? rnd_text(arena) : NULL;
	v->missing = sample_random(1u << 6);
	v->trusted_set = sample_random(4);
	v->recipients_differ = rnd_bool();
	v->left_out = rnd_bool();
	v->n_reasons = sample_random(VERDICT_REASONS + 1);
	for (unsigned i = 0; i < v->n_reasons; i++)
		v->reasons[i] = (struct reason){ (enum reason_type)rnd_enum(reason_type_names), rnd_rule(),
						 rnd_text(arena) };
	for (unsigned i = 0; i < v->n_recipients; i++) {
		v->recipients[i].rule = rnd_bool() ? v->rule : rnd_rule();
		if (rnd_bool())
			v->recipients[i].chosen = ACTION_REJECT;
		v->recipients[i].why = rnd_bool() ? v->why : WHY_RULE;
	}
}

void sample_decision(struct arena *arena, struct decision *d, struct ruleset *ruleset)
{
	*d = (struct decision){
		.line_id = "mx1.example.com-1777890030123-42", .evidence.when_ms = NOW_MS,
		.queue_id = rnd_text(arena), .mode = rnd_bool() ? "honor" : "override",
		.done = rnd_text(arena),
	};
	rnd_evidence(arena, &d->evidence);
	*ruleset = sample_ruleset();
	decide(&d->evidence, ruleset, arena, &d->verdict);
	if (rnd_bool())
		rnd_will(arena, &d->verdict);
}

/* ---- equality, member by member ---- */

/* Each ck_assert that holds costs a system call; there are millions here. */
#define FAIL_UNLESS(condition, ...) do { if (!(condition)) ck_abort_msg(__VA_ARGS__); } while (0)
#define SAME(member) FAIL_UNLESS(a->member == b->member, "%s: " #member, name)
#define SAME_TEXT(member) FAIL_UNLESS((a->member == NULL) == (b->member == NULL) && \
	(a->member == NULL || strcmp(a->member, b->member) == 0), \
	"%s: " #member ": %s / %s", name, a->member, b->member)

static void same_org(const char *name, const struct org *a, const struct org *b)
{
	SAME(status);
	SAME_TEXT(domain);
	SAME(guarded);
}

static void same_uris(const char *name, const struct record_uri *a, const struct record_uri *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		FAIL_UNLESS(slice_equal(a[i].uri, b[i].uri) && a[i].max_bytes == b[i].max_bytes,
			      "%s: uri %u", name, i);
}

static void same_record(const char *name, const struct record *a, const struct record *b)
{
	FAIL_UNLESS(slice_equal(a->text, b->text), "%s: record text", name);
	SAME(p); SAME(sp); SAME(np); SAME(p_bad); SAME(sp_bad); SAME(np_bad);
	SAME(adkim); SAME(aspf); SAME(psd); SAME(testing); SAME(pct); SAME(pct_given);
	SAME(obsolete_tags); SAME(fo_0); SAME(fo_1); SAME(fo_d); SAME(fo_s); SAME(n_rua); SAME(n_ruf);
	SAME_TEXT(note);
	same_uris(name, a->rua, b->rua, a->n_rua);
	same_uris(name, a->ruf, b->ruf, a->n_ruf);
}

static void same_policy(const char *name, const struct policy_found *a, const struct policy_found *b)
{
	SAME(method); SAME(status); SAME(is_psd); SAME(several); SAME(exists);
	SAME_TEXT(domain);
	SAME_TEXT(reason);
	same_record(name, &a->record, &b->record);
	same_org(name, &a->org, &b->org);
}

static void same_signature(const char *name, const struct dkim_evidence *a, const struct dkim_evidence *b)
{
	SAME(result); SAME(key_bits); SAME(has_length); SAME(surplus); SAME(test_key);
	SAME(covers_from);
	SAME_TEXT(reason);
	SAME_TEXT(d);
	SAME_TEXT(s);
	SAME_TEXT(i_local);
	SAME_TEXT(i_domain);
	SAME_TEXT(algorithm);
	SAME_TEXT(b_start);
	same_org(name, &a->org, &b->org);
}

static void same_set(const char *name, const struct arc_set *a, const struct arc_set *b)
{
	SAME(seal_ok); SAME(message_ok); SAME(from_covered);
	SAME_TEXT(d);
	SAME_TEXT(s);
	SAME_TEXT(client_ip);
	SAME_TEXT(results);
	SAME(n_claims);
	for (unsigned i = 0; i < a->n_claims; i++) {
		SAME(claims[i].method);
		SAME_TEXT(claims[i].domain);
		same_org(name, &a->claims[i].org, &b->claims[i].org);
	}
}

static void same_marks(const char *name, const struct marks *a, const struct marks *b)
{
	SAME_TEXT(list_id);
	SAME(list_post); SAME(list_unsubscribe); SAME(list_other); SAME(precedence_list);
	SAME(precedence_bulk); SAME(resent); SAME(srs); SAME(auto_submitted); SAME(arc_fields);
}

static void same_arrival(const char *name, const struct evidence *a, const struct evidence *b)
{
	SAME_TEXT(client_ip);
	SAME_TEXT(client_name);
	SAME_TEXT(helo);
	SAME_TEXT(helo_domain);
	SAME_TEXT(sender.local);
	SAME_TEXT(sender.domain);
	SAME_TEXT(sender.reason);
	SAME(client_name_confirmed); SAME(smtputf8); SAME(exempt); SAME(from_history); SAME(sender.status);
	SAME(n_recipient_domains); SAME(n_recipients); SAME(recipients_unlisted);
	for (unsigned i = 0; i < a->n_recipient_domains; i++) {
		SAME_TEXT(recipient_domains[i]);
		SAME_TEXT(recipient_rules[i]);
	}
	SAME_TEXT(relay.ip);
	SAME(relay.hops);
	SAME_TEXT(relay.unread);
}

static void same_evidence(const char *name, const struct evidence *a, const struct evidence *b)
{
	same_arrival(name, a, b);
	SAME(from); SAME(from_fields); SAME(n_authors); SAME(n_dkim); SAME(dkim_unchecked);
	SAME_TEXT(from_reason);
	for (unsigned i = 0; i < a->n_authors; i++) {
		SAME_TEXT(authors[i].domain);
		same_policy(name, &a->authors[i].policy, &b->authors[i].policy);
	}
	SAME(spf.result); SAME(spf.scope);
	SAME_TEXT(spf.domain);
	SAME_TEXT(spf.reason);
	SAME_TEXT(spf.explanation);
	same_org(name, &a->spf.org, &b->spf.org);
	for (unsigned i = 0; i < a->n_dkim; i++)
		same_signature(name, &a->dkim[i], &b->dkim[i]);
	SAME_TEXT(arc.reason);
	SAME(arc.result); SAME(arc.n_sets); SAME(arc.oldest_pass);
	for (unsigned i = 0; i < a->arc.n_sets; i++)
		same_set(name, &a->arc.sets[i], &b->arc.sets[i]);
	same_marks(name, &a->marks, &b->marks);
	SAME(sample_draw); SAME(enforce_draw); SAME(lookups); SAME(waited_ms); SAME(body_bytes);
	SAME(header_fields);
}

static void same_author_verdict(const char *name, const struct author_verdict *a,
				const struct author_verdict *b)
{
	SAME(result); SAME(spf); SAME(dkim); SAME(dkim_index); SAME(asked); SAME(policy.status);
	SAME(policy.published); SAME(policy.tag); SAME(policy.effective); SAME(policy.softened);
	SAME(policy.existence_unknown);
	SAME_TEXT(policy.note);
}

void sample_same_verdict(const char *name, const struct verdict *a, const struct verdict *b)
{
	SAME(result); SAME(n_authors); SAME(decisive); SAME(asked); SAME(chosen); SAME(why);
	SAME(n_reasons); SAME(n_recipients); SAME(dry_run); SAME(apply); SAME(method);
	SAME(missing); SAME(trusted_set); SAME(recipients_differ); SAME(left_out);
	SAME_TEXT(result_reason);
	SAME_TEXT(rule);
	SAME_TEXT(reply);
	for (unsigned i = 0; i < a->n_authors; i++)
		same_author_verdict(name, &a->authors[i], &b->authors[i]);
	for (unsigned i = 0; i < a->n_reasons; i++) {
		SAME(reasons[i].type);
		SAME_TEXT(reasons[i].rule);
		SAME_TEXT(reasons[i].comment);
	}
	for (unsigned i = 0; i < a->n_recipients; i++) {
		SAME(recipients[i].chosen);
		SAME(recipients[i].why);
		SAME_TEXT(recipients[i].rule);
		SAME_TEXT(recipients[i].domain);
	}
}

void sample_same(const char *name, const struct decision *a, const struct decision *b)
{
	SAME_TEXT(line_id);
	SAME(evidence.when_ms);
	SAME_TEXT(queue_id);
	SAME_TEXT(mode);
	SAME_TEXT(done);
	same_evidence(name, &a->evidence, &b->evidence);
	sample_same_verdict(name, &a->verdict, &b->verdict);
}
