/* record.h - one DMARC record (RFC 9989 4.7, RFC 7489 6.3).
 *
 * Parses what a domain owner published into plain data; which record governs
 * is policy.h's business. Damage is a value, not an error: bad p, sp and np are
 * remembered, bad values of other tags fall back to the default. The text is
 * kept as it came (for journal and reports). Pure; data lives in the arena.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/names.h"
#include "base/slice.h"

/* What an owner can ask for, ordered: a greater value is stricter. */
enum disposition {
	DISPOSITION_UNSET = 0,          /* tag absent / not evaluated */
	DISPOSITION_NONE,
	DISPOSITION_QUARANTINE,
	DISPOSITION_REJECT,
};
extern const struct name_row disposition_names[];       /* "none" ...; unset is "-" */
enum disposition disposition_milder(enum disposition d);        /* one level, not below none */

enum align_mode { ALIGN_RELAXED = 0, ALIGN_STRICT };    /* r is the default of both texts */
enum psd_flag { PSD_UNKNOWN = 0, PSD_YES, PSD_NO };

struct record_uri {
	struct slice uri;               /* without size suffix */
	uint64_t max_bytes;             /* RFC 7489 6.2 size suffix, 0 none */
};

struct record {
	struct slice text;
	bool is_cut;                    /* text is only its beginning (the journal's bound) */
	enum disposition p, sp, np;     /* UNSET: absent or bad */
	bool p_bad, sp_bad, np_bad;     /* given, with an impossible value */
	enum align_mode adkim, aspf;
	enum psd_flag psd;
	bool testing;                   /* t=y */
	unsigned pct;                   /* 0..100, 100 by default */
	bool pct_given;
	bool obsolete_tags;             /* pct, rf, ri or a URI size present */
	bool fo_0, fo_1, fo_d, fo_s;
	struct record_uri rua[16], ruf[16];     /* LIMIT_RECORD_URIS */
	unsigned n_rua, n_ruf;          /* syntactically valid ones */
	const char *note;               /* first oddity, ours ("duplicate tag p"), or NULL */
};

/* Does the text begin with a valid version tag? Other TXT data are not
 * candidates and are discarded silently (RFC 9989 4.10, step 2). */
bool record_is_candidate(struct slice text);
/* `text` must be a candidate; never fails. Copies what it keeps. */
void record_parse(struct arena *arena, struct slice text, struct record *out_r);
/* What record_parse() finds of psd, without the rest: a walk meets many records, of
 * which one governs. */
enum psd_flag record_psd(struct slice text);
/* Must the record be treated as p=none, or not at all? (RFC 9989 4.10.1) */
bool record_is_damaged(const struct record *record, bool with_np);

#endif
