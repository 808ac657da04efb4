#include "core/summary_private.h"

#include <string.h>

#define QUEUE_ID_OCTETS 64

/* Printable ASCII without `%`, which the milter library would expand. */
static void add_clean(struct buf *out, const char *text, size_t max)
{
	for (size_t i = 0; text[i] != '\0' && i < max; i++)
		if (text[i] >= ' ' && text[i] <= '~')
			buf_add_char(out, text[i] == '%' ? '_' : text[i]);
}

/* Adds the part whole or not at all. */
static void add_part(struct buf *out, const char *before, const char *text, const char *behind)
{
	size_t start = out->len;

	buf_add_str(out, before);
	add_clean(out, text, LIMIT_REPLY_TEXT);
	buf_add_str(out, behind);
	if (buf_is_full(out))
		buf_cut(out, start);
}

static void reply_spf(struct buf *out, const struct evidence *e)
{
	if (e->spf.result == RES_SPF_UNSET)
		add_part(out, ": ", "SPF not checked", "");
	else if (e->spf.result == RES_SPF_PASS)
		add_part(out, ": ", "SPF pass but not aligned", "");
	else
		add_part(out, ": SPF ", names_get(spf_result_names, (int)e->spf.result), "");
}

/* Says more when a signature of the author's was there and did not pass. */
static void reply_dkim(struct buf *out, const struct evidence *e, const struct author *author)
{
	add_part(out, ", ", "no aligned DKIM signature", "");
	for (unsigned i = 0; i < e->n_dkim; i++) {
		const struct dkim_evidence *dkim = &e->dkim[i];

		if (dkim->result == RES_DKIM_PASS || !summary_is_related(author, dkim->d))
			continue;
		add_part(out, " passed (", dkim->reason != NULL ? dkim->reason :
			 names_get(dkim_result_names, (int)dkim->result), ")");
		return;
	}
}

static void reply_bad_from(struct buf *out, const struct evidence *e)
{
	const char *phrase = from_status_phrase(e->from);

	add_part(out, "rejected: ", phrase, "");
	if (e->from == FROM_ABSENT || e->from == FROM_REPEATED)
		add_part(out, ", ", "RFC 5322 requires exactly one", "");
	else if (e->from_reason != NULL && strcmp(e->from_reason, phrase) != 0)
		add_part(out, ": ", e->from_reason, "");
}

static void reply_tempfail(struct buf *out, const struct evidence *e, const struct verdict *v)
{
	const struct author *author = summary_author(e, v);

	if (author != NULL)
		add_part(out, "DMARC check of ", author->domain, " is not possible now");
	else
		add_part(out, "", "DMARC check is not possible now", "");
	if (v->result_reason != NULL)
		add_part(out, ": ", v->result_reason, "");
	add_part(out, ", ", "please try again later", "");
}

/* Is it the owner's request that rejects? Else the reply names no policy of the
 * owner. */
static bool is_requested(const struct evidence *e, const struct verdict *v)
{
	return v->reply == NULL && summary_author(e, v) != NULL && v->result == RES_DMARC_FAIL &&
	       v->asked > DISPOSITION_NONE;
}

static void reply_text(struct buf *out, const struct evidence *e, const struct verdict *v)
{
	const struct author *author = summary_author(e, v);

	if (v->apply == ACTION_TEMPFAIL) {
		reply_tempfail(out, e, v);
	} else if (v->why == WHY_BAD_FROM) {
		reply_bad_from(out, e);
	} else if (!is_requested(e, v)) {
		add_part(out, "", v->reply != NULL ? v->reply : "rejected by local policy", "");
	} else {
		add_part(out, v->asked == DISPOSITION_REJECT ? "rejected by DMARC policy of " :
			 "not accepted under DMARC policy quarantine of ", author->domain, "");
		reply_spf(out, e);
		reply_dkim(out, e, author);
	}
}

void summary_reply(struct arena *arena, const struct evidence *evidence,
		   const struct verdict *verdict, const struct summary_options *options,
		   const char *queue_id, struct summary_reply *out_r)
{
	struct buf text, id;

	buf_init(&id, QUEUE_ID_OCTETS + 3);
	if (queue_id != NULL && queue_id[0] != '\0') {
		buf_add_str(&id, " (");
		add_clean(&id, queue_id, QUEUE_ID_OCTETS);
		buf_add_char(&id, ')');
	}
	buf_init(&text, LIMIT_REPLY_TEXT - id.len);
	reply_text(&text, evidence, verdict);
	out_r->code = verdict->apply == ACTION_TEMPFAIL ? "451" : "550";
	if (verdict->apply == ACTION_TEMPFAIL)
		out_r->enhanced = "4.7.1";
	else if (options->enhanced_7_26 && is_requested(evidence, verdict))
		out_r->enhanced = "5.7.26";             /* RFC 7372 3.3 */
	else
		out_r->enhanced = "5.7.1";
	out_r->text = arena_printf(arena, "%s%s", buf_str(&text), buf_str(&id));
	buf_done(&text);
	buf_done(&id);
}
