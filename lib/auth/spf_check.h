/* spf_check.h - the state of one run of an SPF check, and its questions.
 *
 * Between auth_spf.c (libspf2's side) and the asker. A run uses the answers
 * that are there. The first thing that settles or interrupts it sets `end`
 * (spf_check_stop); from then on nothing is asked, and what libspf2 says is not
 * looked at. Functions that return bool return false after a stop. Memory is
 * the run's arena, but for the explanation. One thread at a time. RFC 7208.
 */
#ifndef AUTH_SPF_CHECK_H
#define AUTH_SPF_CHECK_H

#include "auth/asker.h"
#include "auth/spf_guard.h"
#include "auth/spf_macro.h"

enum spf_end {
	SPF_RUNNING = 0,
	SPF_END_PENDING,                /* an answer is missing: run again later */
	SPF_END_NONE, SPF_END_TEMPERROR, SPF_END_PERMERROR,
};

struct spf_names {                      /* what the client's address maps back to */
	bool known;
	bool empty;                     /* a void look-up */
	unsigned n;                     /* validated ones (5.5) */
	const char *list[SPF_MAX_NAMES];
};

struct spf_loaded {                     /* a record, as published */
	struct spf_record record;
	const char *domain;
	bool included;                  /* below an include: its exp= means nothing */
};

struct spf_target;
struct spf_check {
	struct asker *asker;
	struct arena *arena;
	const char *domain;             /* the identity's */
	struct spf_macro_values values; /* but for `domain` and `validated` */
	struct spf_count count;
	size_t octets;                  /* of the records so far */
	struct spf_names names;
	struct spf_loaded *top;         /* the record whose exp= counts */
	enum spf_end end;
	const char *reason;
	/* spf_target.h */
	struct spf_target *targets;
	unsigned n_targets, size_targets;
	struct spf_loaded *loading;     /* whose tokens are being made */
};

/* Always false. The first reason stays. */
bool spf_check_stop(struct spf_check *check, enum spf_end end, const char *reason);
/* `text`, with the name behind it when it is one that can be shown. */
bool spf_check_stop_at(struct spf_check *check, enum spf_end end, const char *text, const char *name);
/* "" is a name that can't be asked, as if it did not exist. NULL: stopped,
 * because the answer is missing, or would be one too many (permerror: the records
 * made it so), or, for _need, is a failure (temperror). */
const struct dns_answer *spf_check_ask(struct spf_check *check, const char *name, enum dns_type type);
const struct dns_answer *spf_check_need(struct spf_check *check, const char *name, enum dns_type type);
/* A or AAAA, 4 or 16 octets: what the client can match. */
enum dns_type spf_check_address_type(const struct spf_check *check);
size_t spf_check_address_size(const struct spf_check *check);
/* A name out of an answer; "" when it can't be asked. */
const char *spf_check_name_of(struct spf_check *check, const struct dns_record *record);
/* Fills check->names, of ten at most (4.6.4). A failure means no name. */
bool spf_check_find_names(struct spf_check *check);
/* Is one of them the domain or below it? (5.5) */
bool spf_check_has_name(const struct spf_check *check, const char *domain);
/* What a domain-spec of this record names; "" when that can't be asked. */
bool spf_check_name(struct spf_check *check, const struct spf_loaded *from, struct slice spec,
		    char name_r[DOMAIN_SIZE]);
/* The text of exp= of the record that failed (6.2), in the asker's arena; NULL
 * when there is none to be had, or when the check is now pending. */
const char *spf_check_explain(struct spf_check *check);

#endif
