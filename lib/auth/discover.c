#include "auth/discover.h"

#include <stdio.h>
#include <string.h>

#include "core/policy.h"
#include "core/walk.h"

#define PREFIX "_dmarc."
#define PSL_EXISTENCE_TYPES 3
#define QUESTION_SIZE (sizeof(PREFIX) + DOMAIN_MAX)

/* The record's name; over 253 octets it can't be asked, and there is none. */
static const char *question(const char *domain, char out[QUESTION_SIZE])
{
	snprintf(out, QUESTION_SIZE, "%s%s", PREFIX, domain);
	return out;
}

static const struct dns_answer *ask(struct asker *asker, const char *domain)
{
	char name[QUESTION_SIZE];

	return asker_get(asker, question(domain, name), DNS_TXT);
}

static unsigned answer_texts(const struct dns_answer *answer, struct slice texts_r[LIMIT_DNS_RECORDS])
{
	for (unsigned i = 0; i < answer->n; i++)
		texts_r[i] = answer->records[i].data;
	return answer->n;
}

static const char *failure(struct arena *arena, const struct dns_answer *answer, const char *domain)
{
	return arena_printf(arena, "%s for %s%s", names_get(dns_outcome_names, answer->outcome),
			    PREFIX, domain);
}

static unsigned names_of(const struct discover_options *options, const char *start,
			 const char *names_r[WALK_STEPS])
{
	switch (options->method) {
	case DISCOVERY_METHOD_UNSET:
		break;
	case DISCOVERY_TREEWALK:
		return walk_names(start, names_r);
	case DISCOVERY_PSL:
		names_r[0] = start;
		names_r[1] = orgdomain_from_suffix(start, &options->suffixes);
		return 2;
	}
	return 0;
}

void discover_want_shortest(struct asker *asker, const struct discover_options *options,
			    const char *start, unsigned most)
{
	const char *names[WALK_STEPS];
	unsigned n = names_of(options, start, names);
	char name[QUESTION_SIZE];

	for (unsigned i = n > most ? n - most : 0; i < n; i++)
		asker_want(asker, question(names[i], name), DNS_TXT);
}

void discover_want(struct asker *asker, const struct discover_options *options,
		   const char *start)
{
	discover_want_shortest(asker, options, start, WALK_STEPS);
}

unsigned discover_policy_lookups(const struct discover_options *options, const char *author)
{
	const char *names[WALK_STEPS];

	if (options->method == DISCOVERY_PSL)
		return 2 + PSL_EXISTENCE_TYPES;
	return 1 + (author != NULL ? walk_names(author, names) : WALK_STEPS);
}

/* Takes the walk to its end; false while an answer is missing. On
 * WALK_TEMPERROR *failed_r is the answer that stopped it. */
static bool take_walk(struct asker *asker, struct walk *walk, const struct dns_answer **failed_r)
{
	struct slice texts[LIMIT_DNS_RECORDS];
	const char *name;

	*failed_r = NULL;
	while ((name = walk_next(walk)) != NULL) {
		const struct dns_answer *answer = ask(asker, name);

		if (answer == NULL)
			return false;
		if (dns_outcome_is_failure(answer->outcome)) {
			*failed_r = answer;
			walk_answer(walk, WALK_ANSWER_FAILED, NULL, 0);
		} else {
			walk_answer(walk, WALK_ANSWER_RECORDS, texts, answer_texts(answer, texts));
		}
	}
	return true;
}

static void org_of_walk(struct arena *arena, const struct discover_options *options,
			const struct walk *walk, struct org *org_r)
{
	*org_r = (struct org){ .status = ORG_TEMPERROR };
	if (walk->status != WALK_DONE)
		return;
	org_r->domain = arena_strdup(arena, orgdomain_from_walk(walk,
			options->psl_guard ? &options->suffixes : NULL, &org_r->guarded));
	org_r->status = ORG_KNOWN;
}

/* RFC 9989 4.10.1: the Author Domain's own record, else the Organizational
 * Domain's, else the Public Suffix Domain's, which is the one right above it.
 * What was found between governs nothing. */
static const struct walk_found *governing(const struct walk *walk, const struct org *org)
{
	const struct walk_found *at_org = NULL, *at_psd = NULL;

	if (walk->n_found > 0 && domain_equal(walk->found[0].name, walk->start))
		return &walk->found[0];
	if (org->status != ORG_KNOWN)
		return NULL;
	for (unsigned i = 0; i < walk->n_found; i++) {
		const struct walk_found *found = &walk->found[i];

		if (domain_equal(found->name, org->domain))
			at_org = found;
		else if (domain_is_below(org->domain, found->name) && at_psd == NULL)
			at_psd = found;
	}
	return at_org != NULL ? at_org : at_psd;
}

static void set_found(struct arena *arena, struct policy_found *out, const char *domain,
		      struct slice text)
{
	out->status = DISCOVERY_FOUND;
	out->domain = arena_strdup(arena, domain);
	record_parse(arena, text, &out->record);
}

static bool policy_by_walk(struct asker *asker, const struct discover_options *options,
			   const char *author, struct policy_found *out)
{
	struct arena *arena = asker_arena(asker);
	const struct dns_answer *failed;
	const struct walk_found *found;
	struct walk walk;

	walk_init(&walk, author);
	if (!take_walk(asker, &walk, &failed))
		return false;
	out->several = walk.several_at_start;
	org_of_walk(arena, options, &walk, &out->org);
	found = governing(&walk, &out->org);
	if (failed != NULL)
		out->reason = failure(arena, failed, walk.names[walk.at]);
	if (found != NULL) {
		set_found(arena, out, found->name, found->text);
		out->is_psd = out->org.status == ORG_KNOWN &&
			      domain_is_below(out->org.domain, found->name);
	} else {
		out->status = failed != NULL ? DISCOVERY_TEMPERROR : DISCOVERY_NO_RECORD;
	}
	return true;
}

/* The candidates among the answer's texts; *only_r is the last of them. */
static unsigned candidates(const struct dns_answer *answer, struct slice *only_r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < answer->n; i++)
		if (record_is_candidate(answer->records[i].data)) {
			*only_r = answer->records[i].data;
			n++;
		}
	return n;
}

/* RFC 7489 6.6.3: the Author Domain, and with nothing there its Organizational
 * Domain; two records end the search. */
static bool policy_by_suffix(struct asker *asker, const struct discover_options *options,
			     const char *author, struct policy_found *out)
{
	struct arena *arena = asker_arena(asker);
	const char *org = orgdomain_from_suffix(author, &options->suffixes), *name = author;

	out->org = (struct org){ .status = ORG_KNOWN, .domain = arena_strdup(arena, org) };
	out->status = DISCOVERY_NO_RECORD;
	for (;;) {
		const struct dns_answer *answer = ask(asker, name);
		struct slice only;
		unsigned n;

		if (answer == NULL)
			return false;
		if (dns_outcome_is_failure(answer->outcome)) {
			out->status = DISCOVERY_TEMPERROR;
			out->reason = failure(arena, answer, name);
			return true;
		}
		n = candidates(answer, &only);
		if (n == 1)
			set_found(arena, out, name, only);
		if (name == author)
			out->several = n > 1;
		if (n > 0 || domain_equal(name, org))
			return true;
		name = org;
	}
}

/* RFC 9989 3.2.13: a name does not exist when the answer is NXDOMAIN, whatever
 * was asked. RFC 9091 2.7: when A, AAAA and MX have no data. */
static enum existence existence_by(enum discovery_method method, const struct dns_answer *answer)
{
	if (dns_outcome_is_failure(answer->outcome))
		return EXISTENCE_UNKNOWN;
	if (answer->outcome == DNS_DATA ||
	    (answer->outcome == DNS_NODATA && method == DISCOVERY_TREEWALK))
		return EXISTENCE_PRESENT;
	return EXISTENCE_ABSENT;
}

static bool check_existence(struct asker *asker, const char *author, struct policy_found *found)
{
	static const enum dns_type types[PSL_EXISTENCE_TYPES] = { DNS_A, DNS_MX, DNS_AAAA };
	unsigned n = found->method == DISCOVERY_TREEWALK ? 1 : PSL_EXISTENCE_TYPES;
	bool complete = true;

	found->exists = EXISTENCE_ABSENT;
	for (unsigned i = 0; i < n; i++) {
		const struct dns_answer *answer = asker_get(asker, author, types[i]);
		enum existence exists = EXISTENCE_UNSET;

		if (answer != NULL)
			exists = existence_by(found->method, answer);
		complete = complete && answer != NULL;
		if (exists == EXISTENCE_UNKNOWN)
			found->exists = EXISTENCE_UNKNOWN;
		if (exists == EXISTENCE_PRESENT) {
			found->exists = EXISTENCE_PRESENT;
			return true;
		}
	}
	return complete;
}

/* A first look that costs nothing: most runs of a task end here. */
static bool is_first_there(struct asker *asker, const struct discover_options *options,
			   const char *start)
{
	discover_want(asker, options, start);
	return ask(asker, start) != NULL;
}

bool discover_policy(struct asker *asker, const struct discover_options *options,
		     const char *author, struct policy_found *found_r)
{
	struct policy_found found = { .method = options->method };
	bool done;

	if (!is_first_there(asker, options, author))
		return false;
	done = options->method == DISCOVERY_PSL ?
		policy_by_suffix(asker, options, author, &found) :
		policy_by_walk(asker, options, author, &found);
	if (done && policy_needs_existence(author, &found))
		done = check_existence(asker, author, &found);
	if (done)
		*found_r = found;
	return done;
}

bool discover_org(struct asker *asker, const struct discover_options *options,
		  const char *identifier, struct org *org_r)
{
	struct arena *arena = asker_arena(asker);
	const struct dns_answer *failed;
	struct walk walk;
	bool done;

	if (options->method == DISCOVERY_PSL) {
		*org_r = (struct org){ .status = ORG_KNOWN, .domain = arena_strdup(arena,
				       orgdomain_from_suffix(identifier, &options->suffixes)) };
		return true;
	}
	if (!is_first_there(asker, options, identifier))
		return false;
	walk_init(&walk, identifier);
	done = take_walk(asker, &walk, &failed);
	if (done && failed != NULL && failed->outcome == DNS_LIMIT)
		*org_r = (struct org){ .status = ORG_LIMIT };
	else if (done)
		org_of_walk(arena, options, &walk, org_r);
	return done;
}
