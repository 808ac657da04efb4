#include "auth/resolver.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

const struct name_row dns_type_names[] = {
	{ DNS_A, "A" }, { DNS_PTR, "PTR" }, { DNS_MX, "MX" },
	{ DNS_TXT, "TXT" }, { DNS_AAAA, "AAAA" }, { 0, NULL },
};

const struct name_row dns_outcome_names[] = {
	{ DNS_UNSET, "-" }, { DNS_DATA, "data" }, { DNS_NODATA, "nodata" },
	{ DNS_NXDOMAIN, "nxdomain" }, { DNS_BAD_NAME, "bad-name" },
	{ DNS_SERVFAIL, "servfail" }, { DNS_TIMEOUT, "timeout" },
	{ DNS_BOGUS, "bogus" }, { DNS_BUSY, "busy" }, { DNS_LIMIT, "limit" },
	{ 0, NULL },
};

/* How many of the records fit; *bytes_r is what they need. */
static unsigned count_kept(const struct dns_record *records, unsigned n, bool *kept, size_t *bytes_r)
{
	unsigned n_kept = 0;

	*bytes_r = 0;
	for (unsigned i = 0; i < n; i++) {
		kept[i] = n_kept < LIMIT_DNS_RECORDS && records[i].data.len <= LIMIT_DNS_TEXT - *bytes_r;
		if (!kept[i])
			continue;
		n_kept++;
		*bytes_r += records[i].data.len;
	}
	return n_kept;
}

struct dns_answer *dns_answer_new(enum dns_outcome outcome, uint32_t ttl_s,
				  const struct dns_record *records, unsigned n)
{
	bool *kept = mem_zalloc(n);
	size_t bytes;
	unsigned n_kept = count_kept(records, n, kept, &bytes), at = 0;
	struct dns_answer *answer = mem_zalloc(sizeof(*answer) + n_kept * sizeof(answer->records[0]) +
					       bytes + n_kept);
	char *text = (char *)&answer->records[n_kept];

	assert((n > 0) == (outcome == DNS_DATA));
	answer->references = 1;
	/* data of which nothing is usable is an answer that cannot be read */
	answer->outcome = n_kept < 1 && n > 0 ? DNS_SERVFAIL : outcome;
	answer->ttl_s = ttl_s;
	for (unsigned i = 0; i < n; i++) {
		if (!kept[i])
			continue;
		if (records[i].data.len > 0)
			memcpy(text, records[i].data.data, records[i].data.len);
		answer->records[at].data = slice_new(text, records[i].data.len);
		answer->records[at++].preference = records[i].preference;
		text += records[i].data.len + 1;        /* zeroed: a NUL behind each */
	}
	answer->n = at;
	free(kept);
	return answer;
}

const struct dns_answer *dns_answer_ref(const struct dns_answer *answer)
{
	__atomic_add_fetch(&((struct dns_answer *)answer)->references, 1, __ATOMIC_RELAXED);
	return answer;
}

void dns_answer_unref(const struct dns_answer *answer)
{
	struct dns_answer *mine = (struct dns_answer *)answer;

	if (mine != NULL && __atomic_sub_fetch(&mine->references, 1, __ATOMIC_ACQ_REL) == 0)
		free(mine);
}

bool dns_outcome_is_failure(enum dns_outcome outcome)
{
	switch (outcome) {
	case DNS_UNSET:
	case DNS_DATA:
	case DNS_NODATA:
	case DNS_NXDOMAIN:
	case DNS_BAD_NAME:
		return false;
	case DNS_SERVFAIL:
	case DNS_TIMEOUT:
	case DNS_BOGUS:
	case DNS_BUSY:
	case DNS_LIMIT:
		return true;
	}
	return true;
}

bool resolver_name(const char *name, char out_r[RESOLVER_NAME_SIZE])
{
	size_t len = strlen(name), label = 0;
	char out[RESOLVER_NAME_SIZE];

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len >= RESOLVER_NAME_SIZE)
		return false;
	for (size_t i = 0; i < len; i++) {
		out[i] = ascii_lower(name[i]);
		label = name[i] == '.' ? 0 : label + 1;
		/* RFC 1035 2.3.4; an empty label is none */
		if (label > 63 || (name[i] == '.' && (i == 0 || name[i - 1] == '.')))
			return false;
	}
	if (label == 0)
		return false;
	memcpy(out_r, out, len);
	out_r[len] = '\0';
	return true;
}

const struct dns_answer *resolver_want(struct resolver *resolver, const char *name,
				       enum dns_type type, const char *author,
				       resolver_done_fn *done, void *context,
				       int64_t *started_ms_r)
{
	char normal[RESOLVER_NAME_SIZE];

	*started_ms_r = clock_mono_ms();
	if (!resolver_name(name, normal))
		return dns_answer_new(DNS_BAD_NAME, 0, NULL, 0);
	return resolver->ops->want(resolver, normal, type, author, done, context, started_ms_r);
}

const struct dns_answer *resolver_stale(struct resolver *resolver, const char *name, enum dns_type type)
{
	return resolver->ops->stale != NULL ? resolver->ops->stale(resolver, name, type) : NULL;
}

void resolver_close(struct resolver *resolver)
{
	if (resolver != NULL)
		resolver->ops->close(resolver);
}
