#include "core/signals.h"

/* List-Id, List-Post (RFC 2919, 2369), Precedence: list. */
static bool is_not_list_shaped(const struct evidence *e)
{
	return e->marks.list_id == NULL && !e->marks.list_post && !e->marks.precedence_list;
}

/* One ARC set is what a first hop adds; a second one is a hop in between. */
static bool is_not_forwarded(const struct evidence *e)
{
	return e->marks.arc_fields <= 1 && !e->marks.resent && !e->marks.srs;
}

static bool has_no_arc_pass(const struct evidence *e)
{
	return e->arc.result != RES_ARC_PASS;
}

static bool has_spf_fail(const struct evidence *e)
{
	return e->spf.result == RES_SPF_FAIL;
}

static bool has_no_valid_dkim(const struct evidence *e)
{
	for (unsigned i = 0; i < e->n_dkim; i++)
		if (e->dkim[i].result == RES_DKIM_PASS)
			return false;
	return true;
}

static bool is_client_name_unverified(const struct evidence *e)
{
	return !e->client_name_confirmed;
}

const struct signal_row signal_rows[] = {
	{ "not-list-shaped", is_not_list_shaped,
	  "no List-Id, no List-Post, no Precedence: list" },
	{ "not-forwarded", is_not_forwarded,
	  "no second ARC set, no Resent- field, envelope sender not in SRS form" },
	{ "no-arc-pass", has_no_arc_pass, "no ARC chain that passes, whoever sealed it" },
	{ "spf-fail", has_spf_fail, "SPF of the envelope sender's domain says fail" },
	{ "no-valid-dkim", has_no_valid_dkim, "no DKIM signature verified, aligned or not" },
	{ "client-name-unverified", is_client_name_unverified,
	  "the client's address and name do not confirm each other" },
	{ NULL, NULL, NULL },
};

bool signal_find(struct slice name, unsigned *bit_r)
{
	for (unsigned i = 0; signal_rows[i].name != NULL; i++)
		if (slice_is(name, signal_rows[i].name)) {
			*bit_r = 1u << i;
			return true;
		}
	return false;
}

unsigned signals_missing(const struct evidence *evidence, unsigned wanted)
{
	unsigned missing = 0;

	for (unsigned i = 0; signal_rows[i].name != NULL; i++)
		if ((wanted & 1u << i) != 0 && !signal_rows[i].holds(evidence))
			missing |= 1u << i;
	return missing;
}

void signals_names(unsigned mask, const char *separator, struct buf *out)
{
	const char *before = "";

	for (unsigned i = 0; signal_rows[i].name != NULL; i++)
		if (mask & 1u << i) {
			buf_printf(out, "%s%s", before, signal_rows[i].name);
			before = separator;
		}
}
