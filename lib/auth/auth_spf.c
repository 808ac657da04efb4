/* arpa/inet.h before libspf2's headers: they use its types without saying so. */
#include <arpa/inet.h>
#include <netdb.h>
#include <spf2/spf.h>

#include "auth/auth_spf.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "auth/spf_target.h"
#include "base/clock.h"

/* libspf2 walks the records; whatever it wants from the DNS comes through the
 * hooks get_spf() and lookup(), and names things by the tokens of spf_target.h.
 * When the check is stopped every hook reports a failure, which reads as
 * temperror to libspf2 and ends all its levels at once. */

static SPF_errcode_t get_spf(SPF_server_t *server, SPF_request_t *request, SPF_response_t *response,
			     SPF_record_t **record_r)
{
	struct spf_check *check = server->resolver->hook;
	SPF_errcode_t error = SPF_E_DNS_ERROR;
	struct buf text;

	buf_init(&text, SPF_WRITTEN_MAX);
	if (spf_target_record(check, request->cur_dom, &text)) {
		assert(!buf_is_full(&text));
		error = SPF_record_compile(server, response, record_r, buf_str(&text));
	}
	buf_done(&text);
	if (error == SPF_E_SUCCESS)
		return error;
	spf_check_stop(check, SPF_END_PERMERROR, "the record cannot be evaluated");
	return SPF_E_DNS_ERROR;
}

static void add_answer(SPF_dns_rr_t *rr, struct slice data)
{
	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, data.len) != SPF_E_SUCCESS)
		abort();                /* out of memory, as in mem.h */
	memcpy(rr->rr[rr->num_rr++], data.data, data.len);
}

/* Never NULL, which libspf2 would abort on. */
static SPF_dns_rr_t *lookup(SPF_dns_server_t *server, const char *token, ns_type type, int cache)
{
	SPF_dns_rr_t *rr = SPF_dns_rr_new_init(server, token, type, 0, NETDB_SUCCESS);
	struct spf_answers answers;

	(void)cache;
	if (rr == NULL)
		abort();
	if (!spf_target_answer(server->hook, token, &answers)) {
		rr->herrno = TRY_AGAIN;
		return rr;
	}
	for (unsigned i = 0; i < answers.n; i++)
		add_answer(rr, answers.list[i]);
	return rr;
}

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

static SPF_result_t run_libspf2(struct spf_check *check)
{
	char receiver[] = "alignd";     /* for texts nobody reads */
	SPF_dns_server_t dns = { .lookup = lookup, .get_spf = get_spf, .name = receiver, .hook = check };
	/* Not SPF_server_new_dns(): that aborts on a host name of 64 octets. The
	 * limits are those of spf_guard.h, which counts. */
	SPF_server_t server = { .resolver = &dns, .rec_dom = receiver, .max_dns_mech = INT_MAX,
				.max_dns_ptr = SPF_MAX_NAMES, .max_dns_mx = SPF_MAX_NAMES };
	SPF_request_t *request = SPF_request_new(&server);
	SPF_response_t *response = request != NULL ? SPF_response_new(request) : NULL;
	SPF_result_t result;

	if (response == NULL || SPF_request_set_env_from(request, "p@0.t") != 0)
		abort();                /* out of memory */
	set_client(request, &check->values.client);
	request->cur_dom = request->env_from_dp;        /* the first token */
	result = interpret(request, response);
	SPF_response_free(response);
	SPF_request_free(request);
	return result;
}

static enum spf_result result_of(struct spf_check *check, SPF_result_t result)
{
	switch (check->end) {
	case SPF_RUNNING:
		break;
	case SPF_END_PENDING:
		return RES_SPF_UNSET;
	case SPF_END_NONE:
		return RES_SPF_NONE;
	case SPF_END_TEMPERROR:
		return RES_SPF_TEMPERROR;
	case SPF_END_PERMERROR:
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

static void evaluate(struct spf_check *check, struct spf_evidence *out)
{
	SPF_result_t result;

	spf_target_start(check);
	result = run_libspf2(check);
	out->result = result_of(check, result);
	out->reason = arena_strdup(asker_arena(check->asker), check->reason);
	if (out->result == RES_SPF_FAIL)
		out->explanation = spf_check_explain(check);
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
	struct spf_check check = { .asker = asker };
	const char *local, *reason;

	*out_r = (struct spf_evidence){ 0 };
	reason = find_identity(question, out_r, &local);
	if (question->client.family == 0)
		return nothing_to_check(out_r, question->client_unknown != NULL ?
					question->client_unknown : "client address unknown");
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
	return check.end != SPF_END_PENDING;
}
