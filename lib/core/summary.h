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

/* The value of Authentication-Results; in the arena. */
const char *summary_header(struct arena *arena, const struct evidence *evidence,
			   const struct verdict *verdict, const struct summary_options *options);

struct summary_reply {
	const char *code;               /* "550", "451" */
	const char *enhanced;           /* "5.7.1" */
	const char *text;               /* printable ASCII without `%`, one line, bounded */
};
/* For apply = reject or tempfail, and for quarantine by rejecting. */
void summary_reply(struct arena *arena, const struct evidence *evidence,
		   const struct verdict *verdict, const struct summary_options *options,
		   const char *queue_id, struct summary_reply *out_r);

/* Key=value pairs behind "QID:"; `done` is the word for what was really done. */
void summary_log(struct logline *line, const struct evidence *evidence,
		 const struct verdict *verdict, const char *done);
/* The value of the quarantine field: asked, why, author; printable ASCII. */
const char *summary_quarantine(struct arena *arena, const struct evidence *evidence,
			       const struct verdict *verdict);

#endif
