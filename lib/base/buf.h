/* buf.h - text that grows up to a limit set at init; and the list of limits.
 *
 * An addition that would pass the limit is refused as a whole and marks the
 * buffer as overflown; later additions are refused too, so a half-written
 * value cannot be taken for a whole one. The caller asks buf_is_full() once at
 * the end. Always NUL-terminated. Not thread-safe. Ends the process when
 * memory runs out (mem.h).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* Everything that a stranger can size, in one place. Octets unless said. */
enum {
	LIMIT_FROM_OCTETS = 8192,         /* From field after unfolding */
	LIMIT_FROM_MAILBOXES = 64,
	LIMIT_COMMENT_DEPTH = 16,
	LIMIT_AUTHORS = 4,                /* distinct Author Domains evaluated */
	LIMIT_RECORD_OCTETS = 65536,      /* joined text of one DMARC record */
	LIMIT_RECORD_TAGS = 64,
	LIMIT_RECORD_URIS = 16,           /* per list */
	LIMIT_RECORD_ITEMS = 64,          /* of a list, URIs or not, that are looked at */
	LIMIT_AUTHRES_OCTETS = 8192,      /* the field that we write */
	LIMIT_AUTHRES_COMMENT = 120,
	LIMIT_LOCAL_PART = 256,           /* written to a header */
	LIMIT_HEADER_FIELDS = 32768,      /* kept for DKIM until the header's end; a */
	LIMIT_HEADER_OCTETS = 2097152,    /* signature that covers others is neutral */
	LIMIT_HASHED_OCTETS = 131072,     /* of header: DKIM signatures together; older ARC ones */
	LIMIT_KEY_OCTETS = 4096,          /* of the key records at one name */
	LIMIT_SIGNATURES_SEEN = 64,       /* DKIM-Signature fields looked at */
	LIMIT_PLAIN_BODY = 1048576,       /* what is beyond takes turns with other large ones */
	LIMIT_RECIPIENT_DOMAINS = 64,     /* distinct, in evidence and journal */
	LIMIT_HELO_OCTETS = 512,
	LIMIT_ARC_SETS = 50,              /* RFC 8617 4.2.1 */
	LIMIT_ARC_OCTETS = 1048576,       /* all ARC fields of a message; more: fail */
	LIMIT_ARC_CLAIMS = 8,             /* passes taken from one AAR */
	LIMIT_ARC_ORGS = 4,               /* domains of claims whose walks are made */
	LIMIT_ARC_RESULTS = 1024,         /* AAR text that is kept */
	LIMIT_RULES = 10000,
	LIMIT_RULE_ID = 64,
	LIMIT_RULE_NOTE = 1000,           /* owner, ticket, note */
	LIMIT_RULE_LINE = 200,            /* comment, reply */
	LIMIT_LIST_ENTRIES = 3000000,     /* of all list files of the settings */
	LIMIT_RECEIVED_OCTETS = 8192,     /* longer ones are not read */
	LIMIT_RELAY_HOPS = 8,             /* Received fields read for internal_relays */
	LIMIT_SENDER_OCTETS = 1024,       /* MAIL FROM argument */
	LIMIT_LOG_LINE = 2048,
	LIMIT_JOURNAL_STRING = 1024,
	LIMIT_JOURNAL_LINE = 65536,
	LIMIT_JSON_OCTETS = 4194304,      /* one text given to json_parse */
	LIMIT_JSON_DEPTH = 32,
	LIMIT_REPLY_TEXT = 400,
	LIMIT_DNS_TEXT = 65536,           /* joined TXT data of one answer */
	LIMIT_SPF_OCTETS = 16384,         /* of all records of one check; RFC 7208 3.4 advises 450 each */
	LIMIT_DNS_RECORDS = 256,          /* records taken from one answer */
	LIMIT_MESSAGE_LOOKUPS = 60,       /* distinct questions; dns.max_lookups may raise it */
};

struct buf {
	char *data;
	size_t len, size, limit;
	bool full;
};

void buf_init(struct buf *buf, size_t limit);
void buf_done(struct buf *buf);               /* frees; the buffer may be used again after init */
void buf_reset(struct buf *buf);              /* empty, memory kept */
void buf_add(struct buf *buf, const char *data, size_t len);
void buf_add_slice(struct buf *buf, struct slice s);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_add_int(struct buf *buf, long long value);
void buf_printf(struct buf *buf, const char *format, ...)       /* nothing of itself */
	__attribute__((format(printf, 2, 3)));
/* Forgets everything after `len` and the overflow mark: to leave out a part
 * that did not fit. */
void buf_cut(struct buf *buf, size_t len);
const char *buf_str(const struct buf *buf);
struct slice buf_slice(const struct buf *buf);
bool buf_is_full(const struct buf *buf);      /* something was refused */

#endif
