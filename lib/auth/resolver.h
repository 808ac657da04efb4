/* resolver.h - asking the DNS, without ever waiting.
 *
 * resolver_want() returns the answer at once when it is known, or starts the
 * look-up (or joins one under way: single flight) and calls the waiter back
 * when it ends. Waiting, deadlines and "what did this message ask" belong to
 * the asker (asker.h), which is what the rest of the program uses. Back ends:
 * resolver_unbound.c (cache.[ch] in front), resolver_zone.c (a text file).
 *
 * Threads: everything here may be called from any thread. The call-back runs
 * in the resolver's own thread with no lock of the resolver held; it may call
 * resolver_want() again. An answer is immutable and shared by reference count.
 */
#ifndef AUTH_RESOLVER_H
#define AUTH_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/names.h"
#include "base/slice.h"

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };
extern const struct name_row dns_type_names[];

/* Facts about the world: NXDOMAIN is an answer, not an error. Everything from
 * DNS_SERVFAIL on is a failure (temperror for whoever asked). */
enum dns_outcome {
	DNS_UNSET = 0,
	DNS_DATA,
	DNS_NODATA,             /* the name exists (empty non-terminals too) */
	DNS_NXDOMAIN,
	DNS_BAD_NAME,           /* can't be asked: label over 63 octets and so on; as NXDOMAIN */
	DNS_SERVFAIL,           /* REFUSED, lame, unparsable, loops: all of them */
	DNS_TIMEOUT,            /* dns.timeout_ms or the message's budget */
	DNS_BOGUS,              /* DNSSEC says forged */
	DNS_BUSY,               /* dns.max_in_flight_per_author, or too many in all */
	DNS_LIMIT,              /* over the message's share (asker.h): was not asked */
};
extern const struct name_row dns_outcome_names[];

struct dns_record {
	struct slice data;      /* TXT: its character-strings joined; A, AAAA: 4, 16 octets;
	                         * MX, PTR: the name as text, as it came, no trailing dot */
	unsigned preference;    /* MX */
};

struct dns_answer {             /* one heap block; never changed once published */
	int references;         /* atomic; use dns_answer_ref/unref */
	enum dns_outcome outcome;
	uint32_t ttl_s;
	bool secure;            /* DNSSEC validated */
	unsigned n;             /* > 0 exactly with DNS_DATA */
	struct dns_record records[];
};

/* A failure or an empty answer (n = 0). Data answers are made by the back ends
 * with dns_answer_new(), which copies the records and puts a NUL behind each.
 * TXT over LIMIT_DNS_TEXT and records over LIMIT_DNS_RECORDS are dropped. */
struct dns_answer *dns_answer_new(enum dns_outcome outcome, uint32_t ttl_s,
				  const struct dns_record *records, unsigned n);
const struct dns_answer *dns_answer_ref(const struct dns_answer *answer);
void dns_answer_unref(const struct dns_answer *answer);        /* NULL is allowed */
bool dns_outcome_is_failure(enum dns_outcome outcome);

#define RESOLVER_NAME_SIZE 254
/* The one form of a name as a question: lower case, no trailing dot. False when
 * it can't be asked (DNS_BAD_NAME), out untouched. */
bool resolver_name(const char *name, char out_r[RESOLVER_NAME_SIZE]);

/* Called once per unanswered resolver_want(). The waiter owns a reference to
 * `answer` afterwards. */
typedef void resolver_done_fn(void *context, const struct dns_answer *answer);

struct resolver;
struct resolver_ops {           /* `name` has gone through resolver_name() */
	const struct dns_answer *(*want)(struct resolver *resolver, const char *name,
					 enum dns_type type, const char *author,
					 resolver_done_fn *done, void *context,
					 int64_t *started_ms_r);
	void (*close)(struct resolver *resolver);
	/* NULL: there is never one */
	const struct dns_answer *(*stale)(struct resolver *resolver, const char *name, enum dns_type type);
};
struct resolver {               /* first member of every back end */
	const struct resolver_ops *ops;
};

/* `name`: a domain as text without trailing dot, any case, possibly not a valid
 * host name (SPF macros); `author`: the domain on whose behalf it is asked, for
 * dns.max_in_flight_per_author ("" : not counted). Returns an answer (the caller owns a
 * reference; `done` is never called), or NULL: `done` will be called, once,
 * maybe before this returns. *started_ms_r (monotonic) says when the flight
 * started that was begun or joined: its time-out counts from there. */
const struct dns_answer *resolver_want(struct resolver *resolver, const char *name,
				       enum dns_type type, const char *author,
				       resolver_done_fn *done, void *context,
				       int64_t *started_ms_r);
/* For who has waited in vain for an answer: one whose TTL is over (dns.serve_stale_s), a
 * reference of the caller's; NULL: none. `name` has gone through resolver_name(). */
const struct dns_answer *resolver_stale(struct resolver *resolver, const char *name, enum dns_type type);
/* Waits until no call-back is running or will run. */
void resolver_close(struct resolver *resolver);

struct resolver_options {       /* plain; judge/engine fills it from the settings */
	const char *const *servers;     /* "ADDRESS" or "ADDRESS@PORT" */
	unsigned n_servers;             /* 0: the system's (resolv.conf) */
	unsigned cache_entries;
	unsigned max_in_flight_per_author;
	unsigned stale_s;               /* answers are kept beyond their TTL: cache.h */
	const char *trust_anchor;       /* file; NULL: DNSSEC off */
};
/* Opens and makes one self-test look-up (a bad option crashes libunbound at
 * the first look-up otherwise). NULL and *error_r on failure. Threads are
 * started here: call it after fork. */
struct resolver *resolver_unbound_open(const struct resolver_options *options,
				       const char **error_r);

/* Answers from a zone file: see resolver_zone.c for the format. All answers
 * are immediate. NULL and *error_r ("FILE:LINE: ...", static until the next
 * call in this thread) on failure. */
struct resolver *resolver_zone_open(const char *path, const char **error_r);
struct resolver *resolver_zone_new(void);       /* empty, for runners and tests */
/* One line in the zone file's format; -1 and *error_r when it is none. */
int resolver_zone_add_line(struct resolver *resolver, const char *line, const char **error_r);
/* Typed: data of type at name (joined TXT data; presentation form of addresses; a name).
 * Names that can never be asked are left out; false: the data are no such address. */
bool resolver_zone_add(struct resolver *resolver, const char *name, enum dns_type type,
		       struct slice data, unsigned preference);
void resolver_zone_add_alias(struct resolver *resolver, const char *name, const char *target);
/* Every type at the name (type 0), or one type, has this outcome. */
void resolver_zone_add_outcome(struct resolver *resolver, const char *name, enum dns_type type,
			       enum dns_outcome outcome);

#endif
