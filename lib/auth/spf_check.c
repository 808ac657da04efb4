#include "auth/spf_check.h"

#include <string.h>

#define EXPLANATION_OCTETS 256          /* kept of an exp= text */
#define EXPANSION_OCTETS 8192           /* over that it is dropped */

bool spf_check_stop(struct spf_check *check, enum spf_end end, const char *reason)
{
	if (check->end == SPF_RUNNING) {
		check->end = end;
		check->reason = reason;
	}
	return false;
}

bool spf_check_stop_at(struct spf_check *check, enum spf_end end, const char *text, const char *name)
{
	char normal[DOMAIN_SIZE];

	if (domain_normalize(slice_of(name), normal))
		text = arena_printf(check->arena, "%s (%s)", text, normal);
	return spf_check_stop(check, end, text);
}

const struct dns_answer *spf_check_ask(struct spf_check *check, const char *name, enum dns_type type)
{
	static const struct dns_answer no_name = { .outcome = DNS_BAD_NAME };
	const struct dns_answer *answer = &no_name;

	if (name[0] != '\0')
		answer = asker_get(check->asker, name, type);
	if (answer == NULL) {
		spf_check_stop(check, SPF_END_PENDING, NULL);
	} else if (answer->outcome == DNS_LIMIT) {
		spf_check_stop(check, SPF_END_PERMERROR, "more look-ups than one message may make");
		return NULL;
	}
	return answer;
}

const struct dns_answer *spf_check_need(struct spf_check *check, const char *name, enum dns_type type)
{
	const struct dns_answer *answer = spf_check_ask(check, name, type);
	const char *reason;

	if (answer == NULL || !dns_outcome_is_failure(answer->outcome))
		return answer;
	reason = arena_printf(check->arena, "%s look-up: %s", names_get(dns_type_names, type),
			      names_get(dns_outcome_names, answer->outcome));
	spf_check_stop_at(check, SPF_END_TEMPERROR, reason, name);
	return NULL;
}

enum dns_type spf_check_address_type(const struct spf_check *check)
{
	return check->values.client.family == 4 ? DNS_A : DNS_AAAA;
}

size_t spf_check_address_size(const struct spf_check *check)
{
	return check->values.client.family == 4 ? 4 : 16;
}

static bool is_client(const struct spf_check *check, struct slice octets)
{
	return octets.len == spf_check_address_size(check) &&
	       memcmp(octets.data, check->values.client.octets, octets.len) == 0;
}

static bool has_client(const struct spf_check *check, const struct dns_answer *answer)
{
	for (unsigned i = 0; i < answer->n; i++)
		if (is_client(check, answer->records[i].data))
			return true;
	return false;
}

const char *spf_check_name_of(struct spf_check *check, const struct dns_record *record)
{
	for (size_t i = 0; i < record->data.len; i++)
		if (record->data.data[i] <= ' ' || record->data.data[i] > '~')
			return "";
	return arena_strndup(check->arena, record->data.data, record->data.len);
}

/* RFC 7208 5.5. The addresses of all names are asked for before the first is
 * looked at. */
bool spf_check_find_names(struct spf_check *check)
{
	struct spf_macro_values values = check->values;
	const char *names[SPF_MAX_NAMES];
	const struct dns_answer *answers[SPF_MAX_NAMES], *back;
	char reverse[DOMAIN_SIZE];
	unsigned n = 0;

	if (check->names.known)
		return true;
	values.domain = "";
	spf_macro_domain(SLICE("%{ir}.%{v}.arpa"), &values, reverse);
	back = spf_check_ask(check, reverse, DNS_PTR);
	if (back == NULL)
		return false;
	for (; n < back->n && n < SPF_MAX_NAMES; n++) {
		names[n] = spf_check_name_of(check, &back->records[n]);
		answers[n] = spf_check_ask(check, names[n], spf_check_address_type(check));
	}
	if (check->end != SPF_RUNNING)
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
static const char *best_name(const struct spf_names *names, const char *domain)
{
	for (unsigned i = 0; i < names->n; i++)
		if (is_same(names->list[i], domain))
			return names->list[i];
	for (unsigned i = 0; i < names->n; i++)
		if (is_below(names->list[i], domain))
			return names->list[i];
	return names->n > 0 ? names->list[0] : NULL;
}

bool spf_check_has_name(const struct spf_check *check, const char *domain)
{
	for (unsigned i = 0; i < check->names.n; i++)
		if (is_same(check->names.list[i], domain) || is_below(check->names.list[i], domain))
			return true;
	return false;
}

/* The values for macros of a record at this domain; false: an answer is missing. */
static bool values_for(struct spf_check *check, const char *domain, struct slice text,
		       struct spf_macro_values *values_r)
{
	*values_r = check->values;
	values_r->domain = domain;
	if (!spf_macro_uses(text, 'p'))
		return true;
	if (!spf_check_find_names(check))
		return false;
	values_r->validated = best_name(&check->names, domain);
	return true;
}

bool spf_check_name(struct spf_check *check, const struct spf_loaded *from, struct slice spec,
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

/* RFC 7208 6.2: whatever is wrong with it, there is no explanation then. */
static const char *expand_explanation(struct spf_check *check, struct slice text,
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

/* Its look-ups count nowhere (RFC 7208 4.6.4). */
const char *spf_check_explain(struct spf_check *check)
{
	struct slice spec = check->top->record.exp, text;
	struct spf_macro_values values;
	const struct dns_answer *answer;
	char name[DOMAIN_SIZE];
	const char *error;

	if (spec.len == 0 || !spf_check_name(check, check->top, spec, name))
		return NULL;
	answer = spf_check_ask(check, name, DNS_TXT);
	if (answer == NULL || answer->n != 1)
		return NULL;
	text = answer->records[0].data;
	if (spf_macro_check(text, SPF_MACRO_IN_EXPLANATION, &error) < 0 ||
	    !values_for(check, check->top->domain, text, &values))
		return NULL;
	return expand_explanation(check, text, &values);
}
