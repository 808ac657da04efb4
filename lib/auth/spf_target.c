#include "auth/spf_target.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum target_kind { TARGET_START = 1, TARGET_TERM, TARGET_GROUP, TARGET_REST, TARGET_EXCHANGE };

struct spf_target {
	enum target_kind kind;
	struct spf_loaded *from;
	unsigned first, end;            /* of from's terms */
	const char *name;               /* TARGET_EXCHANGE */
};

static const char no_sense[] = "the record cannot be evaluated";

static unsigned make_target(void *context, enum target_kind kind, unsigned first, unsigned end)
{
	struct spf_check *check = context;

	if (check->n_targets == check->size_targets) {
		check->size_targets = check->size_targets * 2 + 16;
		check->targets = mem_realloc(check->targets,
					     check->size_targets * sizeof(*check->targets));
	}
	check->targets[check->n_targets] = (struct spf_target){ kind, check->loading, first, end, NULL };
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

/* False: libspf2 asks for something that was not in its record; the check is
 * stopped, if it was not before. */
static bool find_target(struct spf_check *check, const char *token, struct spf_target *target_r)
{
	struct slice text = slice_of(token);
	uint64_t number;

	if (check->end != SPF_RUNNING)
		return false;
	if (text.len < 3 || !slice_is(slice_from(text, text.len - 2), ".t") ||
	    !slice_number(slice_until(text, text.len - 2), UINT_MAX, &number) ||
	    number >= check->n_targets) {
		spf_check_stop(check, SPF_END_PERMERROR, no_sense);
		return false;
	}
	*target_r = check->targets[number];
	return true;
}

/* RFC 7208 4.5: the one record among the TXT data; no record and a name that
 * can't be asked end the check with `none_end` (4.3, 5.2, 6.1). */
static bool select_record(struct spf_check *check, const char *name, enum spf_end none_end,
			  struct slice *text_r)
{
	const struct dns_answer *answer = spf_check_need(check, name, DNS_TXT);
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
		spf_check_stop_at(check, SPF_END_PERMERROR, "several SPF records", name);
	else if (found == 0)
		spf_check_stop_at(check, none_end, answer->outcome == DNS_NXDOMAIN ?
				  "no SPF record, no such name" : "no SPF record", name);
	return found == 1;
}

/* Every octet is read anew with each answer that comes, and a record may have 64 kB. */
static bool count_octets(struct spf_check *check, struct slice text)
{
	check->octets += text.len;
	return check->octets <= LIMIT_SPF_OCTETS ||
	       spf_check_stop(check, SPF_END_PERMERROR, "records too long to evaluate");
}

static struct spf_loaded *load_record(struct spf_check *check, const char *name, enum spf_end none_end)
{
	struct spf_loaded *loaded = ARENA_NEW(check->arena, struct spf_loaded);
	struct slice text;
	const char *error;

	if (!select_record(check, name, none_end, &text) || !count_octets(check, text))
		return NULL;
	loaded->domain = arena_strdup(check->arena, name);
	if (spf_guard_parse(check->arena, text, &loaded->record, &error) < 0) {
		spf_check_stop_at(check, SPF_END_PERMERROR, error, name);
		return NULL;
	}
	return loaded;
}

static enum dns_type question_type(const struct spf_check *check, enum spf_mechanism mechanism)
{
	switch (mechanism) {
	case SPF_INCLUDE:
	case SPF_REDIRECT:
		return DNS_TXT;
	case SPF_A:
		return spf_check_address_type(check);
	case SPF_MX:
		return DNS_MX;
	case SPF_MECHANISM_UNSET:
	case SPF_ALL:
	case SPF_PTR:
	case SPF_IP4:
	case SPF_IP6:
	case SPF_EXISTS:
		break;
	}
	return DNS_A;
}

static bool is_counted(const struct spf_term *term)
{
	return term->mechanism != SPF_ALL && term->mechanism != SPF_IP4 && term->mechanism != SPF_IP6;
}

/* An answer is awaited: what the rest of the record names is asked meanwhile, since
 * the check will most often come to it; not what it cannot come to, which may be
 * thousands of terms. %{p} takes look-ups of its own. */
static void ask_ahead(struct spf_check *check, const struct spf_target *target)
{
	const struct spf_record *record = &target->from->record;
	unsigned terms = check->count.terms;
	char name[DOMAIN_SIZE];

	if (check->end != SPF_END_PENDING)
		return;
	for (unsigned i = target->first + 1; i < record->n_terms; i++) {
		const struct spf_term *term = &record->terms[i];

		if (!is_counted(term))
			continue;
		if (++terms > SPF_MAX_TERMS)
			return;
		if (term->mechanism != SPF_PTR && !spf_macro_uses(term->domain, 'p') &&
		    spf_check_name(check, target->from, term->domain, name) && name[0] != '\0')
			asker_want_ahead(check->asker, name, question_type(check, term->mechanism));
	}
}

static struct spf_loaded *load_start(struct spf_check *check)
{
	check->top = load_record(check, check->domain, SPF_END_NONE);
	return check->top;
}

/* A term that needs look-ups is reached. */
static bool count_term(struct spf_check *check)
{
	const char *over = spf_guard_count_term(&check->count);

	return over == NULL || spf_check_stop(check, SPF_END_PERMERROR, over);
}

/* The record that an include or redirect names. */
static struct spf_loaded *load_term(struct spf_check *check, const struct spf_target *target)
{
	const struct spf_term *term = &target->from->record.terms[target->first];
	char name[DOMAIN_SIZE];
	struct spf_loaded *loaded;

	if (!count_term(check) || !spf_check_name(check, target->from, term->domain, name))
		return NULL;
	loaded = load_record(check, name, SPF_END_PERMERROR);
	if (loaded == NULL)
		return NULL;
	loaded->included = target->from->included || term->mechanism == SPF_INCLUDE;
	if (!loaded->included)
		check->top = loaded;
	return loaded;
}

void spf_target_start(struct spf_check *check)
{
	make_target(check, TARGET_START, 0, 0);
}

bool spf_target_record(struct spf_check *check, const char *token, struct buf *out)
{
	const struct spf_tokens tokens = { make_token, check };
	uint8_t family = check->values.client.family;
	struct spf_target target;
	unsigned first = 0;

	if (!find_target(check, token, &target))
		return false;
	check->loading = target.from;
	switch (target.kind) {
	case TARGET_START:
		check->loading = load_start(check);
		break;
	case TARGET_TERM:
		check->loading = load_term(check, &target);
		ask_ahead(check, &target);
		break;
	case TARGET_REST:
		first = target.first;
		break;
	case TARGET_GROUP:
		spf_guard_write_group(out, &target.from->record, target.first, target.end, family);
		return true;
	case TARGET_EXCHANGE:
		return spf_check_stop(check, SPF_END_PERMERROR, no_sense);
	}
	if (check->loading == NULL)
		return false;
	spf_guard_write(out, &check->loading->record, first, family, &tokens);
	return true;
}

static void add_answer(struct spf_answers *answers, const void *data, size_t len)
{
	if (answers->n < LIMIT_DNS_RECORDS)
		answers->list[answers->n++] = slice_new(data, len);
}

/* "Something is there", said by the client's own address. */
static void add_match(struct spf_check *check, struct spf_answers *answers)
{
	add_answer(answers, check->values.client.octets, spf_check_address_size(check));
}

/* With a prefix length of 0 an address of any value matches (RFC 7208 5.3). */
static bool add_addresses(struct spf_check *check, const struct dns_answer *answer,
			  const struct spf_term *term, struct spf_answers *answers)
{
	bool any = (check->values.client.family == 4 ? term->bits4 : term->bits6) == 0;
	size_t size = spf_check_address_size(check);

	for (unsigned i = 0; i < answer->n; i++) {
		if (answer->records[i].data.len != size)
			continue;
		if (any)
			add_match(check, answers);
		else
			add_answer(answers, answer->records[i].data.data, size);
	}
	return true;
}

/* The exchange at this place in order of preference; equal ones as they came. */
static const struct dns_record *exchange_at(const struct dns_answer *answer, unsigned place)
{
	const struct dns_record *r = answer->records;

	for (unsigned i = 0; i < answer->n; i++) {
		unsigned before = 0;

		for (unsigned j = 0; j < answer->n; j++)
			if (r[j].preference < r[i].preference ||
			    (r[j].preference == r[i].preference && j < i))
				before++;
		if (before == place)
			return &r[i];
	}
	assert(place < answer->n);
	return NULL;
}

/* RFC 7208 5.4: tokens for the exchanges, in order of preference; the addresses
 * of all are asked for at once, and more than ten are an error (4.6.4). */
static bool add_exchanges(struct spf_check *check, const struct spf_target *target,
			  const struct dns_answer *answer, struct spf_answers *answers)
{
	if (answer->n > SPF_MAX_NAMES)
		return spf_check_stop(check, SPF_END_PERMERROR, "more than 10 MX names");
	check->loading = target->from;
	for (unsigned i = 0; i < answer->n; i++) {
		const char *name = spf_check_name_of(check, exchange_at(answer, i)), *token;
		unsigned number = make_target(check, TARGET_EXCHANGE, target->first, target->end);

		check->targets[number].name = name;
		if (name[0] != '\0')
			asker_want_ahead(check->asker, name, spf_check_address_type(check));
		token = arena_printf(check->arena, "%u.t", number);
		add_answer(answers, token, strlen(token) + 1);
	}
	return true;
}

static bool count_void(struct spf_check *check, bool empty)
{
	const char *over = empty ? spf_guard_count_void(&check->count) : NULL;

	return over == NULL || spf_check_stop(check, SPF_END_PERMERROR, over);
}

static bool answer_ptr(struct spf_check *check, const char *domain, struct spf_answers *answers)
{
	if (!spf_check_find_names(check) || !count_void(check, check->names.empty))
		return false;
	if (spf_check_has_name(check, domain))
		add_match(check, answers);
	return true;
}

static bool answer_term(struct spf_check *check, const struct spf_target *target,
			struct spf_answers *answers)
{
	const struct spf_term *term = &target->from->record.terms[target->first];
	const struct dns_answer *answer;
	char name[DOMAIN_SIZE];

	if (!count_term(check) || !spf_check_name(check, target->from, term->domain, name))
		return false;
	if (term->mechanism == SPF_PTR)
		return answer_ptr(check, name, answers);
	answer = spf_check_need(check, name, question_type(check, term->mechanism));
	if (answer == NULL || !count_void(check, answer->n == 0))
		return false;
	if (term->mechanism == SPF_MX)
		return add_exchanges(check, target, answer, answers);
	if (term->mechanism == SPF_A)
		return add_addresses(check, answer, term, answers);
	if (answer->n > 0)              /* RFC 7208 5.7: whatever the address */
		add_match(check, answers);
	return true;
}

static bool answer_exchange(struct spf_check *check, const struct spf_target *target,
			    struct spf_answers *answers)
{
	const struct spf_term *term = &target->from->record.terms[target->first];
	const struct dns_answer *answer = spf_check_need(check, target->name, spf_check_address_type(check));

	return answer != NULL && add_addresses(check, answer, term, answers);
}

bool spf_target_answer(struct spf_check *check, const char *token, struct spf_answers *answers_r)
{
	struct spf_target target;
	bool found;

	answers_r->n = 0;
	if (!find_target(check, token, &target))
		return false;
	if (target.kind == TARGET_TERM)
		found = answer_term(check, &target, answers_r);
	else if (target.kind == TARGET_EXCHANGE)
		found = answer_exchange(check, &target, answers_r);
	else
		return spf_check_stop(check, SPF_END_PERMERROR, no_sense);
	ask_ahead(check, &target);
	return found;
}
