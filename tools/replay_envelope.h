/* replay_envelope.h - how a stored message came, by the fields that our own hosts
 * wrote on top of it.
 *
 * The message begins, for the sender, below the trusted Received field: the one
 * that the MX wrote, `hops` of our own fields down. Fields without a from clause
 * (a delivery agent's) and those whose client is on loopback (a content filter, LMTP)
 * are passed over. Return-Path and the fields for recipients are believed
 * only above the trusted one; without any Received field, anywhere. Where that field
 * names an internal relay, judge/relay.h goes on below it. Pure.
 */
#ifndef TOOLS_REPLAY_ENVELOPE_H
#define TOOLS_REPLAY_ENVELOPE_H

#include "judge/message.h"

/* What had to be assumed; a mask. Words for people are in replay_assumption_names. */
enum replay_assumption {
	ASSUMED_NO_RECEIVED = 1 << 0,   /* too few Received fields: client unknown */
	ASSUMED_UNREAD = 1 << 1,        /* the trusted one cannot be read: likewise */
	ASSUMED_PASSED_OVER = 1 << 2,   /* fields above were taken for our own */
	ASSUMED_LOCAL = 1 << 3,         /* from loopback all the way: submitted here */
	ASSUMED_NO_HELO = 1 << 4,
	ASSUMED_NULL_SENDER = 1 << 5,   /* no Return-Path: <> */
	ASSUMED_NO_RCPT = 1 << 6,       /* neither X-Original-To nor Delivered-To */
	ASSUMED_FILE_TIME = 1 << 7,     /* no date in the trusted field: the file's */
};
#define REPLAY_ASSUMPTIONS 8
extern const struct name_row replay_assumption_names[];

struct replay_envelope {
	struct arrival arrival;         /* its texts are of the header */
	struct slice rcpt;              /* empty: not known */
	unsigned assumed;
	unsigned own_received;          /* Received fields that the MX had not seen yet */
};

/* `now_ms`: a date after it (by a day) is none. */
void replay_envelope_read(struct slice header, unsigned hops, int64_t file_ms, int64_t now_ms,
			  struct replay_envelope *out_r);
/* Gives the header as the MX saw it: without our own Received fields on top. */
void replay_envelope_feed(struct message *message, struct slice header, unsigned own_received);

#endif
