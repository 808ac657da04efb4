/* evidence.h - everything that was seen about one message, as plain data.
 *
 * judge/ fills it, decide() reads it, the journal writes and reads it: nothing
 * that any decision looks at may be missing here, since decide() is run on it
 * years later without DNS. Strings are NUL-terminated and live in the
 * message's arena; NULL means "not known". Domains are normal (domain.h)
 * unless a comment says raw; raw text from strangers may hold any octet but
 * NUL and is escaped by whoever writes it. Enums have 0 as "not evaluated".
 */
#ifndef CORE_EVIDENCE_H
#define CORE_EVIDENCE_H

#include "base/buf.h"
#include "base/names.h"
#include "core/mailbox.h"
#include "core/path.h"
#include "core/record.h"

enum spf_result {
	RES_SPF_UNSET = 0, RES_SPF_NONE, RES_SPF_PASS, RES_SPF_FAIL, RES_SPF_SOFTFAIL,
	RES_SPF_NEUTRAL, RES_SPF_TEMPERROR, RES_SPF_PERMERROR,
};
enum spf_scope { SCOPE_SPF_UNSET = 0, SCOPE_SPF_MAILFROM, SCOPE_SPF_HELO };
enum dkim_result {
	RES_DKIM_UNSET = 0, RES_DKIM_NONE, RES_DKIM_PASS, RES_DKIM_FAIL, RES_DKIM_POLICY,
	RES_DKIM_NEUTRAL, RES_DKIM_TEMPERROR, RES_DKIM_PERMERROR,
};
enum arc_result { RES_ARC_UNSET = 0, RES_ARC_NONE, RES_ARC_PASS, RES_ARC_FAIL };
enum exemption {
	EXEMPT_UNSET = 0, EXEMPT_NO, EXEMPT_NETWORK, EXEMPT_AUTHENTICATED, EXEMPT_LOCAL,
};
/* Words of RFC 8601 (spf, dkim, arc); "no", "network", ... */
extern const struct name_row spf_result_names[], spf_scope_names[], dkim_result_names[],
	arc_result_names[], arc_method_names[], exemption_names[], from_status_names[], path_status_names[];

enum discovery_method { DISCOVERY_METHOD_UNSET = 0, DISCOVERY_TREEWALK, DISCOVERY_PSL };
enum discovery_status {
	DISCOVERY_UNSET = 0,
	DISCOVERY_NO_RECORD,            /* DMARC does not apply: result none */
	DISCOVERY_FOUND,
	DISCOVERY_TEMPERROR,
};
enum existence { EXISTENCE_UNSET = 0, EXISTENCE_PRESENT, EXISTENCE_ABSENT, EXISTENCE_UNKNOWN };
extern const struct name_row discovery_method_names[], discovery_status_names[],
	existence_names[];

/* The Organizational Domain of one identifier. */
enum org_status {
	ORG_UNSET = 0,                  /* not asked: it could not matter */
	ORG_KNOWN,
	ORG_TEMPERROR,
	ORG_LIMIT,                      /* too many look-ups in this message: as none */
};
struct org {
	enum org_status status;
	const char *domain;             /* with ORG_KNOWN */
	bool guarded;                   /* dmarc.psl_guard changed it */
};
extern const struct name_row org_status_names[];

struct sender {                         /* MAIL FROM, parsed once (path.h) */
	enum path_status status;
	const char *local;              /* raw; NULL for a null reverse-path */
	const char *domain;             /* normal, A-labels; NULL when there is none */
	const char *reason;             /* why unusable, ours */
};

struct policy_found {                   /* discover.h */
	enum discovery_method method;
	enum discovery_status status;
	const char *domain;             /* where the record was found */
	bool is_psd;                    /* the record of a Public Suffix Domain */
	bool several;                   /* two or more records at the Author Domain */
	struct record record;
	struct org org;                 /* of the Author Domain */
	enum existence exists;          /* UNSET: not needed */
	const char *reason;             /* of a temperror, ours */
};

struct author {
	const char *domain;
	struct policy_found policy;
};

struct spf_evidence {
	enum spf_result result;
	enum spf_scope scope;
	const char *domain;             /* the identity's domain; NULL when there is none */
	const char *reason;             /* ours: "two SPF records"; NULL */
	const char *explanation;        /* raw, bounded: exp= text of a fail; NULL */
	struct org org;
};

struct dkim_evidence {                  /* one signature, message order */
	enum dkim_result result;
	const char *reason;             /* ours; NULL for a plain pass */
	const char *d;                  /* normal; NULL when it is no domain */
	const char *s;                  /* normal selector; NULL likewise */
	const char *i_local;            /* raw, decoded; NULL when i= is absent or has none */
	const char *i_domain;           /* normal; NULL when i= is absent */
	const char *algorithm;          /* "rsa-sha256" ...; NULL when unknown */
	const char *b_start;            /* first octets of b=, base64 alphabet, unique per message */
	unsigned key_bits;
	bool has_length;                /* l= was given */
	uint64_t surplus;               /* octets behind the signed part (canonical form) */
	bool test_key;                  /* key record has t=y */
	bool covers_from;               /* From is in h= */
	struct org org;
};

/* A pass that a sealer wrote into its ARC-Authentication-Results (RFC 8617
 * 4.1.1): dmarc with header.from, spf with smtp.mailfrom (or smtp.helo), dkim
 * with header.d (or the domain of header.i). What did not pass claims nothing. */
enum arc_method { ARC_METHOD_UNSET = 0, ARC_METHOD_DMARC, ARC_METHOD_SPF, ARC_METHOD_DKIM };
struct arc_claim {
	enum arc_method method;
	const char *domain;
	struct org org;                 /* of spf and dkim, where it could matter */
};

/* One ARC set; what it says is the sealer's word, whoever that is. */
struct arc_set {
	const char *d, *s;              /* of the seal; NULL: no domain */
	const char *client_ip;          /* AAR 1..N: smtp.remote-ip, canonical text; NULL */
	const char *results;            /* raw AAR text behind i=N, bounded */
	struct arc_claim *claims;       /* at most LIMIT_ARC_CLAIMS */
	unsigned n_claims;
	bool seal_ok, message_ok;       /* verified; false too when it was not tried */
	bool from_covered;              /* From is in h= of its message signature */
};
struct arc_evidence {
	enum arc_result result;         /* UNSET: arc.check = false, or exempt */
	const char *reason;             /* of a fail, ours; NULL */
	unsigned n_sets, oldest_pass;   /* oldest_pass: 0 all sets, RFC 8617 5.2 */
	struct arc_set *sets;           /* instance 1 first; empty unless the structure holds */
};

struct marks {                          /* a stranger can write all of these */
	const char *list_id;            /* raw, bounded */
	bool list_post, list_unsubscribe, list_other;   /* list_other: any other List-* */
	bool precedence_list, precedence_bulk;
	bool resent;
	bool srs;                       /* envelope sender in SRS0/SRS1 form */
	bool auto_submitted;
	unsigned arc_fields;            /* ARC-Seal fields seen: sets claimed */
};

/* Mail through internal_relays: client, name and HELO are what our own Received
 * field says, `hops` up. */
struct relay {
	const char *ip;                 /* who connected, canonical; NULL: no relay of ours */
	unsigned hops;                  /* Received fields that were read */
	const char *unread;             /* why the client is not known, ours; NULL: it is */
};

struct evidence {
	int64_t when_ms;                /* UTC; when it came: rules expire by it */
	/* arrival */
	struct relay relay;
	const char *client_ip;          /* canonical text; NULL when unknown */
	const char *client_name;        /* raw; NULL unknown */
	bool client_name_confirmed;     /* forward and back, said by the MTA */
	const char *helo;               /* raw, bounded */
	const char *helo_domain;        /* normal; NULL when it is no domain */
	bool smtputf8;
	enum exemption exempt;
	bool from_history;              /* told by another program's history, with gaps: unseen.h */
	struct sender sender;
	/* Recipients are grouped by domain and by the rules that name an address of
	 * theirs, since the addresses themselves are not kept. Order of RCPT. */
	const char **recipient_domains; /* normal */
	const char **recipient_rules;   /* beside it: ids, blank between, or "" */
	unsigned n_recipient_domains;   /* groups */
	unsigned n_recipients;          /* all */
	unsigned recipients_unlisted;   /* in no group: over the limit, or without a domain */
	/* content */
	enum from_status from;
	const char *from_reason;        /* ours; with FROM_OK: an oddity, mostly NULL */
	unsigned from_fields;
	struct author authors[LIMIT_AUTHORS];
	unsigned n_authors;
	struct spf_evidence spf;
	struct dkim_evidence *dkim;
	unsigned n_dkim;
	unsigned dkim_unchecked;        /* signatures over dkim.max_signatures */
	struct arc_evidence arc;
	struct marks marks;
	/* draws: 0..99 */
	unsigned sample_draw, enforce_draw;
	/* cost */
	unsigned lookups;               /* distinct questions of this message, dns.max_lookups at most */
	unsigned waited_ms;             /* at end of message, for answers */
	uint64_t body_bytes;
	unsigned header_fields;
};

#endif
