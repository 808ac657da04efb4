/* mta - the MTA's side of the milter protocol, version 6, as Postfix speaks it.
 *
 * A milter is one connection to one filter. Everything that may go without a
 * reply (SMFIP_NR_*) or need not be sent at all (SMFIP_NO*) is left out as the
 * filter asked when it negotiated; what is sent is handed to the kernel where a
 * reply is awaited. Not for several threads at once.
 *
 * A draft is the message as the filters so far have left it: changes of the
 * header are applied as soon as they come, so the next filter of a chain sees them.
 */
#ifndef BENCH_MTA_H
#define BENCH_MTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mails.h"

enum mta_answer {
	MTA_CONTINUE, MTA_ACCEPT, MTA_REJECT, MTA_TEMPFAIL, MTA_DISCARD,
	MTA_LOST,               /* closed, timed out, or not the protocol */
	MTA_ANSWERS
};
extern const char *const mta_answer_names[MTA_ANSWERS];

struct octets {
	char *at;
	size_t count, room;
};

struct draft {
	const struct mail *mail;
	struct field *fields;           /* .name NULL: deleted */
	size_t field_count, room;
	void **owned;                   /* what filters have added */
	size_t owned_count, owned_room;
	const char *results[RESULTS];   /* best word of each method that filters wrote; NULL: none */
	struct mail numbered;           /* see draft_number() */
	bool quarantined;
	unsigned changes;               /* of any kind */
};

struct milter {
	int fd;                         /* -1: not connected */
	uint32_t actions, steps;
	struct octets out, in;
	size_t in_used;
	unsigned octet_wait_ms;         /* over 0: one octet, then this wait, and so on */
	bool is_done;                   /* has said all it wants about this message */
};

/* `spec`: unix:PATH, local:PATH, inet:PORT@HOST, inet6:PORT@HOST. */
bool milter_open(struct milter *milter, const char *spec, unsigned timeout_s);
void milter_close(struct milter *milter);       /* with a quit, when connected */
void milter_free(struct milter *milter);

/* The steps. What is not wanted, or needs no reply, counts as MTA_CONTINUE. */
enum mta_answer milter_connect(struct milter *milter, const struct mail *mail);
enum mta_answer milter_helo(struct milter *milter, const struct mail *mail);
enum mta_answer milter_mail(struct milter *milter, const struct mail *mail);
enum mta_answer milter_rcpt(struct milter *milter, const struct mail *mail);
enum mta_answer milter_data(struct milter *milter, const char *queue_id);
enum mta_answer milter_content(struct milter *milter, const struct draft *draft,
			       const char *queue_id);
enum mta_answer milter_flush(struct milter *milter);
/* Applies the changes that come with the answer to the draft. */
enum mta_answer milter_eom(struct milter *milter, struct draft *draft, const char *queue_id);
/* The SMTP client has gone; another may follow on this connection. */
void milter_end_client(struct milter *milter);
void milter_abort(struct milter *milter);

void draft_begin(struct draft *draft, const struct mail *mail);
void draft_end(struct draft *draft);            /* keeps its memory for the next */
/* Puts the number for XXXXXXX in the sender and in From. The mail that is so made lasts
 * until draft_end(). */
const struct mail *draft_number(struct draft *draft, unsigned long number);
/* draft.c, for mta.c: one packet of changes; false when it is none or is broken. */
bool draft_change(struct draft *draft, char command, const char *data, size_t octets);

#endif
