/* summary.h - verdict -> header text, SMTP reply, log line. All wording that
 * strangers and postmasters see about a decision is here, so that header,
 * reply, log and alignctl check cannot disagree. Pure; logs nothing itself.
 */
#ifndef CORE_SUMMARY_H
#define CORE_SUMMARY_H

#include "base/logline.h"
#include "core/authres.h"
#include "core/decide.h"

struct summary_options {
	const char *authserv_id;
	bool full_addresses;            /* authres.addresses = "full" */
	bool comments;                  /* authres.comments */
	bool polrec;                    /* authres.polrec */
	bool enhanced_7_26;             /* reply 5.7.26 instead of 5.7.1 */
};

/* The value of Authentication-Results, beginning with a blank, lines ended by
 * LF; in the arena. NULL when no field is to be written: authenticated mail
 * leaves the site. Forwarded mail takes the field to strangers, so it holds no
 * domain of a recipient (that would tell of a Bcc), no rule's id and nothing
 * that a rule says in its own words. */
const char *summary_header(struct arena *arena, const struct evidence *evidence,
			   const struct verdict *verdict, const struct summary_options *options);

struct summary_reply {
	const char *code;               /* "550", "451" */
	const char *enhanced;           /* "5.7.1" */
	const char *text;               /* printable ASCII without `%`, one line, bounded */
};
/* A reject that the owner did not ask for names no policy of the owner. */
/* For apply = reject or tempfail, and for quarantine by rejecting. */
void summary_reply(struct arena *arena, const struct evidence *evidence,
		   const struct verdict *verdict, const struct summary_options *options,
		   const char *queue_id, struct summary_reply *out_r);

/* Key=value pairs behind "QID:"; `done` is the word for what was really done.
 * The names are part of the manual, since people build on them. Always there,
 * in this order:
 *   author          the decisive author's domain, or -
 *   result          dmarc: none pass fail temperror permerror, - when exempt
 *   asked           by the owner: none quarantine reject
 *   chosen          by us: accept quarantine reject tempfail
 *   done            what the MTA was told
 *   dry_run         yes no
 *   why             the step that chose (decide.h)
 *   spf dkim arc    results; dkim of the signature that tells most; - not run
 * then, each when there is something to say:
 *   rule            id of the rule that matched
 *   reasons         types of RFC 9990, comma between
 *   missing         signals of override.reject_when that did not hold, comma between
 *   arc_sealers     their domains, newest first, comma between; whole ones to 512 octets
 *   arc_reason      why the chain failed
 *   recipients_differ  what was chosen for the groups, mildest first, comma between
 *   left_out        yes: by enforce_percent
 *   relay           the internal relay that connected; `client` is behind it
 *   relay_unread    why that client is not known
 *   exempt          network authenticated local
 *   from            what is wrong with From: absent repeated ...
 *   reason          of a temperror or permerror
 *   authors         their number, when more than one
 *   record_note     an oddity of the record
 *   policy policy_tag policy_domain    request, its tag, where it was found
 *   existence       unknown: the milder of sp and np was taken
 *   psl_guard       yes: the Organizational Domain was a public suffix
 *   spf_domain spf_aligned dkim_domain dkim_reason dkim_aligned
 *   dkim_signatures dkim_unchecked     numbers
 *   client          address
 *   mail_from       domain, <>, (local-only), (literal), (unusable)
 *   recipients lookups waited_ms       numbers, always
 *   helo            first 128 octets
 */
void summary_log(struct logline *line, const struct evidence *evidence,
		 const struct verdict *verdict, const char *done);
/* What the MTA is told when all goes well: none accept quarantine hold reject
 * tempfail; none in a dry run. The word of done= and of the journal. */
const char *summary_done(const struct verdict *verdict);
/* The value of the quarantine field, without a leading blank, printable ASCII:
 * "author=example.com; asked=reject; why=requested; result=fail", and with
 * why=not-corroborated also "; missing=not-list-shaped,not-forwarded". */
const char *summary_quarantine(struct arena *arena, const struct evidence *evidence,
			       const struct verdict *verdict);

#endif
