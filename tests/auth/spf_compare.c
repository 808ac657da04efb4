#include "spf_compare.h"

#include <string.h>
#include <strings.h>

#include "auth/auth_spf.h"
#include "core/domain.h"

/* The same zone for the evaluation under test. */
static struct resolver *resolver_of(const struct spf_zone *zone)
{
	struct resolver *resolver = resolver_zone_new();

	for (unsigned i = 0; i < zone->n; i++) {
		const struct spf_zone_row *row = &zone->rows[i];

		if (row->is_alias)
			resolver_zone_add_alias(resolver, row->name, row->data.data);
		else if (row->outcome == DNS_DATA)
			resolver_zone_add(resolver, row->name, row->type, row->data, row->preference);
		else
			resolver_zone_add_outcome(resolver, row->name, row->type, row->outcome);
	}
	return resolver;
}

struct job {
	struct spf_question question;
	struct sender sender;
	char helo_domain[DOMAIN_SIZE], sender_domain[DOMAIN_SIZE];
	struct spf_evidence found;
};

static bool run_job(struct asker *asker, void *context)
{
	struct job *job = context;

	return auth_spf_check(asker, &job->question, &job->found);
}

static void job_init(struct job *job, const struct spf_identity *identity)
{
	memset(job, 0, sizeof(*job));
	job->question.client = identity->client;
	job->question.helo = identity->helo;
	if (domain_normalize(slice_of(identity->helo), job->helo_domain))
		job->question.helo_domain = job->helo_domain;
	job->question.receiver = identity->receiver;
	job->question.sender = &job->sender;
	job->sender.status = PATH_NULL;
	if (identity->local != NULL) {
		job->sender.status = PATH_MAILBOX;
		job->sender.local = identity->local;
		domain_normalize(slice_of(identity->domain), job->sender_domain);
		job->sender.domain = job->sender_domain;
	}
}

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* The explanation under test is bounded: it may end early, or a very long or
 * an empty one be left out, and one that cannot be shown. */
static bool is_same_explanation(const char *found, const char *wanted)
{
	size_t len = wanted != NULL ? strlen(wanted) : 0;

	if (found == NULL)
		return len == 0 || len > 4096 || !is_printable(wanted);
	return len >= strlen(found) && strncasecmp(found, wanted, strlen(found)) == 0 &&
		(strlen(found) == len || strlen(found) >= 200);
}

static bool is_acceptable(const struct spf_evidence *found, const struct spf_opinion *opinion)
{
	if (opinion->met_bad_name && found->result == RES_SPF_PERMERROR)
		return true;
	return found->result == opinion->result &&
		is_same_explanation(found->explanation, opinion->explanation);
}

static void print_difference(FILE *out, const struct spf_evidence *found,
			     const struct spf_opinion *opinion)
{
	fprintf(out, "  got %s (%s), explanation %s\n  the plain evaluation: %s, explanation %s\n",
		names_get(spf_result_names, (int)found->result),
		found->reason != NULL ? found->reason : "",
		found->explanation != NULL ? found->explanation : "none",
		names_get(spf_result_names, (int)opinion->result),
		opinion->explanation != NULL ? opinion->explanation : "none");
}

bool spf_compare(struct spf_zone *zone, const struct spf_identity *identity, FILE *out)
{
	static const struct asker_limits limits = { .timeout_ms = 5000, .max_lookups = 10000 };
	struct spf_opinion opinion = spf_reference_check(zone, identity);
	struct resolver *resolver = resolver_of(zone);
	struct asker *asker = asker_new(resolver, &limits);
	struct job job;
	bool same;

	job_init(&job, identity);
	asker_add(asker, run_job, &job);
	asker_wait(asker, 10000, 1000, NULL, NULL);
	same = is_acceptable(&job.found, &opinion);
	if (!same)
		print_difference(out, &job.found, &opinion);
	asker_free(asker);
	resolver_close(resolver);
	return same;
}
