/* arpa/inet.h before libspf2's headers: they use its types without saying so. */
#include <arpa/inet.h>
#include <netdb.h>
#include <spf2/spf.h>

#include "auth/auth_spf.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "auth/spf_guard.h"
#include "auth/spf_macro.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/domain.h"

#define EXPLANATION_OCTETS 256          /* kept of an exp= text */
#define EXPANSION_OCTETS 8192           /* over that it is dropped */

/* One run of a check. libspf2 walks the records; whatever it wants from the
 * DNS comes through get_spf() and lookup() below, and names things by tokens:
 * "NUMBER.t" is targets[NUMBER]. The first thing that ends the check sets
 * `end`; from then on every hook reports a failure, which makes libspf2 give
 * up at once, and its own result is not looked at. */
enum end {
	RUNNING = 0,
	END_PENDING,                    /* an answer is missing: run again later */
	END_NONE, END_TEMPERROR, END_PERMERROR,
};

struct loaded {                         /* a record, as published */
	struct spf_record record;
	const char *domain;
	bool included;                  /* below an include: its exp= means nothing */
};

enum target_kind { TARGET_START = 1, TARGET_TERM, TARGET_GROUP, TARGET_REST, TARGET_EXCHANGE };

struct target {
	enum target_kind kind;
	struct loaded *from;
	unsigned first, end;            /* of from's terms */
	const char *name;               /* TARGET_EXCHANGE */
};

struct names {                          /* what the client's address maps back to */
	bool known;
	bool empty;                     /* a void look-up */
	unsigned n;                     /* validated ones */
	const char *list[SPF_MAX_NAMES];
};

struct check {
	struct asker *asker;
	struct arena *arena;            /* of this run */
	const char *domain;             /* the identity's */
	struct spf_macro_values values; /* but for `domain` and `validated` */
	struct spf_count count;
	struct target *targets;
	unsigned n_targets, size_targets;
	struct loaded *loading;         /* whose tokens are being made */
	struct loaded *top;             /* the record whose exp= counts */
	struct names names;
	enum end end;
	const char *reason;
};

static bool stop(struct check *check, enum end end, const char *reason)
{
	if (check->end == RUNNING) {
		check->end = end;
		check->reason = reason;
	}
	return false;
}

/* `text`, with the name behind it when it is one that can be shown. */
static bool stop_at(struct check *check, enum end end, const char *text, const char *name)
{
	char normal[DOMAIN_SIZE];

	if (domain_normalize(slice_of(name), normal))
		text = arena_printf(check->arena, "%s (%s)", text, normal);
	return stop(check, end, text);
}

/* Asking. `name` "" is one that can't be asked. */

static const struct dns_answer *ask(struct check *check, const char *name, enum dns_type type)
{
	static const struct dns_answer no_name = { .outcome = DNS_BAD_NAME };
	const struct dns_answer *answer = &no_name;

	if (name[0] != '\0')
		answer = asker_get(check->asker, name, type);
	if (answer == NULL)
		stop(check, END_PENDING, NULL);
	return answer;
}

/* As ask(), but NULL for a failure too: the check is a temperror then. */
static const struct dns_answer *need(struct check *check, const char *name, enum dns_type type)
{
	const struct dns_answer *answer = ask(check, name, type);

	if (answer == NULL || !dns_outcome_is_failure(answer->outcome))
		return answer;
	stop_at(check, END_TEMPERROR,
		arena_printf(check->arena, "%s look-up: %s", names_get(dns_type_names, type),
			     names_get(dns_outcome_names, answer->outcome)), name);
	return NULL;
}

static enum dns_type address_type(const struct check *check)
{
	return check->values.client.family == 4 ? DNS_A : DNS_AAAA;
}

static size_t address_size(const struct check *check)
{
	return check->values.client.family == 4 ? 4 : 16;
}

static bool is_client(const struct check *check, struct slice octets)
{
	return octets.len == address_size(check) &&
	       memcmp(octets.data, check->values.client.octets, octets.len) == 0;
}

static bool has_client(const struct check *check, const struct dns_answer *answer)
{
	for (unsigned i = 0; i < answer->n; i++)
		if (is_client(check, answer->records[i].data))
			return true;
	return false;
}

/* A name out of an answer; "" when it can't be asked. */
static const char *name_of(struct check *check, const struct dns_record *record)
{
	for (size_t i = 0; i < record->data.len; i++)
		if (record->data.data[i] <= ' ' || record->data.data[i] > '~')
			return "";
	return arena_strndup(check->arena, record->data.data, record->data.len);
}

/* The client's validated names (RFC 7208 5.5), of ten at most (4.6.4): the
 * addresses of all are asked for before the first is looked at. A failure
 * means no name. False: an answer is missing. */
static bool find_names(struct check *check)
{
	static const struct spf_macro_values none = { .local = "", .sender_domain = "", .domain = "",
						      .helo = "", .receiver = "" };
	struct spf_macro_values values = none;
	const char *names[SPF_MAX_NAMES];
	const struct dns_answer *answers[SPF_MAX_NAMES], *back;
	char reverse[DOMAIN_SIZE];
	unsigned n = 0;

	if (check->names.known)
		return true;
	values.client = check->values.client;
	spf_macro_domain(SLICE("%{ir}.%{v}.arpa"), &values, reverse);
	back = ask(check, reverse, DNS_PTR);
	if (back == NULL)
		return false;
	for (; n < back->n && n < SPF_MAX_NAMES; n++) {
		names[n] = name_of(check, &back->records[n]);
		answers[n] = ask(check, names[n], address_type(check));
	}
	if (check->end != RUNNING)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (has_client(check, answers[i]))
			check->names.list[check->names.n++] = names[i];
	check->names.empty = back->n == 0 && !dns_outcome_is_failure(back->outcome);
	check->names.known = true;
	return true;
}

static bool is_same(const char *name, const char *domain)
{
	return slice_equal_nocase(slice_of(name), slice_of(domain));
}

static bool is_below(const char *name, const char *domain)
{
	struct slice n = slice_of(name), d = slice_of(domain);

	return n.len > d.len && n.data[n.len - d.len - 1] == '.' &&
	       slice_equal_nocase(slice_from(n, n.len - d.len), d);
}

/* RFC 7208 7.3, `p`: the domain itself, else one below it, else any. */
static const char *best_name(const struct names *names, const char *domain)
{
	for (unsigned i = 0; i < names->n; i++)
		if (is_same(names->list[i], domain))
			return names->list[i];
	for (unsigned i = 0; i < names->n; i++)
		if (is_below(names->list[i], domain))
			return names->list[i];
	return names->n > 0 ? names->list[0] : NULL;
}

/* The values for macros of a record at this domain; false: an answer is missing. */
static bool values_for(struct check *check, const char *domain, struct slice text,
		       struct spf_macro_values *values_r)
{
	*values_r = check->values;
	values_r->domain = domain;
	if (!spf_macro_uses(text, 'p'))
		return true;
	if (!find_names(check))
		return false;
	values_r->validated = best_name(&check->names, domain);
	return true;
}

/* What a domain-spec names; "" when it can't be asked. */
static bool target_name(struct check *check, const struct loaded *from, struct slice spec,
			char name_r[DOMAIN_SIZE])
{
	struct spf_macro_values values;

	if (!values_for(check, from->domain, spec, &values))
		return false;
	if (spec.len == 0)
		spec = slice_of("%{d}");
	if (!spf_macro_domain(spec, &values, name_r))
		name_r[0] = '\0';
	return true;
}

/* Records */

static unsigned make_target(void *context, enum target_kind kind, unsigned first, unsigned end)
{
	struct check *check = context;

	if (check->n_targets == check->size_targets) {
		check->size_targets = check->size_targets * 2 + 16;
		check->targets = mem_realloc(check->targets,
					     check->size_targets * sizeof(*check->targets));
	}
	check->targets[check->n_targets] = (struct target){ kind, check->loading, first, end, NULL };
	return check->n_targets++;
}

static unsigned make_token(void *context, enum spf_token_kind kind, unsigned first, unsigned end)
{
	switch (kind) {
	case SPF_TOKEN_TERM:
		return make_target(context, TARGET_TERM, first, end);
	case SPF_TOKEN_GROUP:
		return make_target(context, TARGET_GROUP, first, end);
	case SPF_TOKEN_REST:
		return make_target(context, TARGET_REST, first, end);
	}
	assert(!"unknown kind of token");
	return 0;
}

static bool find_target(const struct check *check, const char *token, struct target *target_r)
{
	struct slice text = slice_of(token);
	uint64_t number;

	if (text.len < 3 || !slice_is(slice_from(text, text.len - 2), ".t") ||
	    !slice_number(slice_until(text, text.len - 2), UINT_MAX, &number) ||
	    number >= check->n_targets)
		return false;
	*target_r = check->targets[number];
	return true;
}

/* RFC 7208 4.5: the one record among the TXT data; no record and a name that
 * can't be asked end the check with `none_end` (4.3, 5.2, 6.1). */
static bool select_record(struct check *check, const char *name, enum end none_end,
			  struct slice *text_r)
{
	const struct dns_answer *answer = need(check, name, DNS_TXT);
	unsigned found = 0;

	if (answer == NULL)
		return false;
	for (unsigned i = 0; i < answer->n; i++) {
		if (!spf_guard_is_record(answer->records[i].data))
			continue;
		*text_r = answer->records[i].data;
		found++;
	}
	if (found > 1)
		return stop_at(check, END_PERMERROR, "several SPF records", name);
	if (found == 0)
		return stop_at(check, none_end, answer->outcome == DNS_NXDOMAIN ?
			       "no SPF record, no such name" : "no SPF record", name);
	return true;
}

static struct loaded *load_record(struct check *check, const char *name, enum end none_end)
{
	struct loaded *loaded = ARENA_NEW(check->arena, struct loaded);
	struct slice text;
	const char *error;

	if (!select_record(check, name, none_end, &text))
		return NULL;
	loaded->domain = arena_strdup(check->arena, name);
	if (spf_guard_parse(check->arena, text, &loaded->record, &error) < 0) {
		stop_at(check, END_PERMERROR, error, name);
		return NULL;
	}
	return loaded;
}

static struct loaded *load_start(struct check *check)
{
	check->top = load_record(check, check->domain, END_NONE);
	return check->top;
}

/* The record that an include or redirect names. */
static struct loaded *load_term(struct check *check, const struct target *target)
{
	const struct spf_term *term = &target->from->record.terms[target->first];
	const char *over = spf_guard_count_term(&check->count);
	char name[DOMAIN_SIZE];
	struct loaded *loaded;

	if (over != NULL)
		stop(check, END_PERMERROR, over);
	if (over != NULL || !target_name(check, target->from, term->domain, name))
		return NULL;
	loaded = load_record(check, name, END_PERMERROR);
	if (loaded == NULL)
		return NULL;
	loaded->included = target->from->included || term->mechanism == SPF_INCLUDE;
	if (!loaded->included)
		check->top = loaded;
	return loaded;
}

/* What libspf2 gets to read for a token. */
static bool write_target(struct check *check, const struct target *target, struct buf *out)
{
	const struct spf_tokens tokens = { make_token, check };
	uint8_t family = check->values.client.family;
	unsigned first = 0;

	check->loading = target->from;
	switch (target->kind) {
	case TARGET_START:
		check->loading = load_start(check);
		break;
	case TARGET_TERM:
		check->loading = load_term(check, target);
		break;
	case TARGET_REST:
		first = target->first;
		break;
	case TARGET_GROUP:
		spf_guard_write_group(out, &target->from->record, target->first, target->end, family);
		return true;
	case TARGET_EXCHANGE:
		return stop(check, END_PERMERROR, "the record cannot be evaluated");
	}
	if (check->loading == NULL)
		return false;
	spf_guard_write(out, &check->loading->record, first, family, &tokens);
	return true;
}

/* Hook: the record of the current domain. A failure reads as temperror to
 * libspf2, which ends every level at once. */
static SPF_errcode_t get_spf(SPF_server_t *server, SPF_request_t *request, SPF_response_t *response,
			     SPF_record_t **record_r)
{
	struct check *check = server->resolver->hook;
	struct target target;
	struct buf text;
	bool ok;

	if (check->end != RUNNING)
		return SPF_E_DNS_ERROR;
	buf_init(&text, SPF_WRITTEN_MAX);
	ok = find_target(check, request->cur_dom, &target) && write_target(check, &target, &text);
	assert(!buf_is_full(&text));
	if (ok)
		ok = SPF_record_compile(server, response, record_r, buf_str(&text)) == SPF_E_SUCCESS;
	buf_done(&text);
	if (!ok)
		stop(check, END_PERMERROR, "the record cannot be evaluated");
	return ok ? SPF_E_SUCCESS : SPF_E_DNS_ERROR;
}

/* Answers */

static void add_answer(SPF_dns_rr_t *rr, const void *data, size_t len)
{
	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, len) != SPF_E_SUCCESS)
		abort();
	memcpy(rr->rr[rr->num_rr++], data, len);
}

static void add_something(const struct check *check, SPF_dns_rr_t *rr)
{
	add_answer(rr, check->values.client.octets, 4);
}

/* The addresses of a name. `any`: the prefix length is 0, so an address of any
 * value matches (RFC 7208 5.3); libspf2 then gets to see the client's own. */
static bool add_addresses(struct check *check, const struct dns_answer *answer, bool any,
			  SPF_dns_rr_t *rr)
{
	if (any && answer->n > 0)
		add_answer(rr, check->values.client.octets, address_size(check));
	for (unsigned i = 0; i < answer->n && !any; i++)
		if (answer->records[i].data.len == address_size(check))
			add_answer(rr, answer->records[i].data.data, address_size(check));
	return true;
}

static bool any_address(const struct check *check, const struct spf_term *term)
{
	return (check->values.client.family == 4 ? term->bits4 : term->bits6) == 0;
}

static bool count_answer(struct check *check, bool empty)
{
	const char *over = empty ? spf_guard_count_void(&check->count) : NULL;

	return over == NULL || stop(check, END_PERMERROR, over);
}

/* RFC 7208 5.4: tokens for the exchanges; the addresses of all are asked for
 * at once, and more than ten are an error (4.6.4). */
static bool add_exchanges(struct check *check, const struct target *target,
			  const struct dns_answer *answer, SPF_dns_rr_t *rr)
{
	if (answer->n > SPF_MAX_NAMES)
		return stop(check, END_PERMERROR, "more than 10 MX names");
	for (unsigned i = 0; i < answer->n; i++) {
		const char *name = name_of(check, &answer->records[i]);
		unsigned token;

		check->loading = target->from;
		token = make_target(check, TARGET_EXCHANGE, target->first, target->end);
		check->targets[token].name = name;
		if (name[0] != '\0')
			asker_want(check->asker, name, address_type(check));
		name = arena_printf(check->arena, "%u.t", token);
		add_answer(rr, name, strlen(name) + 1);
	}
	return true;
}

/* RFC 7208 5.5, said to libspf2 as "something is there" or not. */
static bool add_ptr_match(struct check *check, const char *domain, SPF_dns_rr_t *rr)
{
	if (!find_names(check) || !count_answer(check, check->names.empty))
		return false;
	for (unsigned i = 0; i < check->names.n && rr->num_rr == 0; i++)
		if (is_same(check->names.list[i], domain) || is_below(check->names.list[i], domain))
			add_something(check, rr);
	return true;
}

/* The first look-up of a term counts it. */
static bool answer_term(struct check *check, const struct target *target, SPF_dns_rr_t *rr)
{
	const struct spf_term *term = &target->from->record.terms[target->first];
	const char *over = spf_guard_count_term(&check->count);
	const struct dns_answer *answer;
	enum dns_type type = term->mechanism == SPF_MX ? DNS_MX :
			     term->mechanism == SPF_A ? address_type(check) : DNS_A;
	char name[DOMAIN_SIZE];

	if (over != NULL)
		return stop(check, END_PERMERROR, over);
	if (!target_name(check, target->from, term->domain, name))
		return false;
	if (term->mechanism == SPF_PTR)
		return add_ptr_match(check, name, rr);
	answer = need(check, name, type);
	if (answer == NULL || !count_answer(check, answer->n == 0))
		return false;
	if (term->mechanism == SPF_MX)
		return add_exchanges(check, target, answer, rr);
	if (term->mechanism == SPF_A)
		return add_addresses(check, answer, any_address(check, term), rr);
	if (answer->n > 0)              /* RFC 7208 5.7: whatever the address */
		add_something(check, rr);
	return true;
}

static bool answer_exchange(struct check *check, const struct target *target, SPF_dns_rr_t *rr)
{
	const struct spf_term *term = &target->from->record.terms[target->first];
	const struct dns_answer *answer = need(check, target->name, address_type(check));

	return answer != NULL && add_addresses(check, answer, any_address(check, term), rr);
}

/* Hook: never NULL, which libspf2 would abort on. */
static SPF_dns_rr_t *lookup(SPF_dns_server_t *server, const char *token, ns_type type, int cache)
{
	struct check *check = server->hook;
	SPF_dns_rr_t *rr = SPF_dns_rr_new_init(server, token, type, 0, NETDB_SUCCESS);
	struct target target;
	bool ok = false;

	(void)cache;
	if (rr == NULL)
		abort();                /* out of memory, as in mem.h */
	if (check->end != RUNNING)
		ok = false;
	else if (!find_target(check, token, &target))
		stop(check, END_PERMERROR, "the record cannot be evaluated");
	else if (target.kind == TARGET_TERM)
		ok = answer_term(check, &target, rr);
	else if (target.kind == TARGET_EXCHANGE)
		ok = answer_exchange(check, &target, rr);
	if (!ok) {
		rr->num_rr = 0;
		rr->herrno = TRY_AGAIN;
	}
	return rr;
}

/* Evaluating */

static void set_client(SPF_request_t *request, const struct address *client)
{
	struct in6_addr six;
	struct in_addr four;

	if (client->family == 4) {
		memcpy(&four, client->octets, sizeof(four));
		SPF_request_set_ipv4(request, four);
	} else {
		memcpy(&six, client->octets, sizeof(six));
		SPF_request_set_ipv6(request, six);
	}
}

/* Not SPF_request_query_mailfrom(): that lets clients on loopback pass. */
static SPF_result_t interpret(SPF_request_t *request, SPF_response_t *response)
{
	SPF_record_t *record = NULL;
	SPF_result_t result;

	if (SPF_server_get_record(request->spf_server, request, response, &record) == SPF_E_SUCCESS) {
		response->spf_record_exp = record;
		SPF_record_interpret(record, request, response, 0);
	}
	result = SPF_response_result(response);
	response->spf_record_exp = NULL;
	if (record != NULL)
		SPF_record_free(record);
	return result;
}

static SPF_result_t run_libspf2(struct check *check)
{
	SPF_dns_server_t dns = { .lookup = lookup, .get_spf = get_spf, .name = "alignd", .hook = check };
	SPF_server_t *server = SPF_server_new_dns(&dns, 0);
	SPF_request_t *request = server != NULL ? SPF_request_new(server) : NULL;
	SPF_response_t *response = request != NULL ? SPF_response_new(request) : NULL;
	SPF_result_t result;

	if (response == NULL || SPF_request_set_env_from(request, "p@0.t") != 0)
		abort();                /* out of memory */
	SPF_server_set_max_dns_mech(server, INT_MAX);   /* spf_guard.h counts */
	set_client(request, &check->values.client);
	request->cur_dom = request->env_from_dp;        /* the first token */
	result = interpret(request, response);
	SPF_response_free(response);
	SPF_request_free(request);
	SPF_server_free(server);
	return result;
}

static enum spf_result result_of(struct check *check, SPF_result_t result)
{
	switch (check->end) {
	case RUNNING:
		break;
	case END_PENDING:
		return RES_SPF_UNSET;
	case END_NONE:
		return RES_SPF_NONE;
	case END_TEMPERROR:
		return RES_SPF_TEMPERROR;
	case END_PERMERROR:
		return RES_SPF_PERMERROR;
	}
	switch (result) {
	case SPF_RESULT_PASS:
		return RES_SPF_PASS;
	case SPF_RESULT_FAIL:
		return RES_SPF_FAIL;
	case SPF_RESULT_SOFTFAIL:
		return RES_SPF_SOFTFAIL;
	case SPF_RESULT_NEUTRAL:
		return RES_SPF_NEUTRAL;
	case SPF_RESULT_NONE:           /* the rest is its depth limit */
	case SPF_RESULT_TEMPERROR:
	case SPF_RESULT_PERMERROR:
	case SPF_RESULT_INVALID:
		break;
	}
	check->reason = "records too long or too deep to evaluate";
	return RES_SPF_PERMERROR;
}

/* RFC 7208 6.2: whatever is wrong with it, there is no explanation then. */
static const char *expand_explanation(struct check *check, struct slice text,
				      const struct spf_macro_values *values)
{
	struct buf out;
	const char *result = NULL;
	bool printable = true;

	buf_init(&out, EXPANSION_OCTETS);
	spf_macro_expand(&out, text, values);
	for (size_t i = 0; i < out.len; i++)
		printable = printable && out.data[i] >= ' ' && out.data[i] <= '~';
	if (printable && out.len > 0 && !buf_is_full(&out))
		result = arena_strndup(asker_arena(check->asker), out.data,
				       out.len < EXPLANATION_OCTETS ? out.len : EXPLANATION_OCTETS);
	buf_done(&out);
	return result;
}

/* exp= of the record that failed; its look-ups count nowhere. May leave the
 * check pending. */
static const char *explain(struct check *check)
{
	struct slice spec = check->top->record.exp, text;
	struct spf_macro_values values;
	const struct dns_answer *answer;
	char name[DOMAIN_SIZE];
	const char *error;

	if (spec.len == 0 || !target_name(check, check->top, spec, name))
		return NULL;
	answer = ask(check, name, DNS_TXT);
	if (answer == NULL || answer->n != 1)
		return NULL;
	text = answer->records[0].data;
	if (spf_macro_check(text, SPF_MACRO_IN_EXPLANATION, &error) < 0 ||
	    !values_for(check, check->top->domain, text, &values))
		return NULL;
	return expand_explanation(check, text, &values);
}

static void evaluate(struct check *check, struct spf_evidence *out)
{
	SPF_result_t result;

	make_target(check, TARGET_START, 0, 0);
	result = run_libspf2(check);
	out->result = result_of(check, result);
	if (out->result == RES_SPF_FAIL)
		out->explanation = explain(check);
	out->reason = arena_strdup(asker_arena(check->asker), check->reason);
}

/* The identity (RFC 7208 2.3, 2.4). NULL, or why there is nothing to check. */
static const char *find_identity(const struct spf_question *question, struct spf_evidence *out,
				 const char **local_r)
{
	const struct sender *sender = question->sender;

	*local_r = "postmaster";        /* RFC 7208 4.3 */
	if (sender == NULL || sender->status == PATH_NULL) {
		out->scope = SCOPE_SPF_HELO;
		out->domain = question->helo_domain;
		return out->domain == NULL ? "the HELO name is no domain" : NULL;
	}
	out->scope = SCOPE_SPF_MAILFROM;
	switch (sender->status) {
	case PATH_MAILBOX:
		out->domain = sender->domain;
		if (sender->local != NULL && sender->local[0] != '\0')
			*local_r = sender->local;
		return out->domain == NULL ? "the sender's domain is no domain" : NULL;
	case PATH_LOCAL_ONLY:
		return "the sender has no domain";
	case PATH_LITERAL:
		return "the sender's domain is an address";
	case PATH_UNSET:
	case PATH_NULL:
	case PATH_UNUSABLE:
		break;
	}
	return sender->reason != NULL ? sender->reason : "the sender cannot be read";
}

/* RFC 7208 5: an IPv4-mapped IPv6 address is an IPv4 address. */
static struct address client_of(const struct spf_question *question)
{
	static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };
	struct address client = question->client;

	if (client.family == 6 && memcmp(client.octets, mapped, sizeof(mapped)) == 0) {
		memmove(client.octets, client.octets + 12, 4);
		client.family = 4;
	}
	return client;
}

static bool nothing_to_check(struct spf_evidence *out, const char *reason)
{
	out->result = RES_SPF_NONE;
	out->reason = reason;
	return true;
}

bool auth_spf_check(struct asker *asker, const struct spf_question *question,
		    struct spf_evidence *out_r)
{
	struct check check = { .asker = asker };
	const char *local, *reason;

	*out_r = (struct spf_evidence){ 0 };
	reason = find_identity(question, out_r, &local);
	if (question->client.family == 0)
		return nothing_to_check(out_r, "client address unknown");
	if (reason != NULL)
		return nothing_to_check(out_r, reason);
	if (domain_labels(out_r->domain) < 2)   /* RFC 7208 4.3 */
		return nothing_to_check(out_r, "the domain is not fully qualified");
	check.domain = out_r->domain;
	check.values = (struct spf_macro_values){
		.local = local, .sender_domain = out_r->domain,
		.helo = question->helo != NULL ? question->helo : "",
		.receiver = question->receiver != NULL ? question->receiver : "unknown",
		.client = client_of(question), .now_s = clock_utc_ms() / 1000,
	};
	check.arena = arena_new();
	evaluate(&check, out_r);
	arena_free(check.arena);
	free(check.targets);
	return check.end != END_PENDING;
}
