#include "judge/message.h"

#include <string.h>

#include "auth/idna.h"
#include "base/clock.h"
#include "judge/message_private.h"

/* One RCPT as it is looked at; its texts live as long as the scratch arena. */
struct rcpt {
	struct arena *scratch;
	char domain[DOMAIN_SIZE];
	bool has_domain;                /* not so for <postmaster> and user@[192.0.2.1] */
	const char *rules;              /* ids of the rules that name the address */
};

/* Exempt mail is never told apart: no rule is looked at. */
static bool rules_matter(const struct message *m)
{
	return m->engine->settings->ruleset.rules_have_recipients &&
	       m->evidence.exempt == EXEMPT_NO;
}

/* Of an address that is too long, which an MTA may deliver all the same, only the
 * domain counts: no rule names such a one, but some may name its domain. */
static void parse_long(struct slice text, struct path *out)
{
	size_t at = text.len;

	while (at > 0 && text.data[at - 1] != '@')
		at--;
	text = slice_trim(slice_from(text, at), " \t>");
	*out = (struct path){ .status = at > 0 ? PATH_MAILBOX : PATH_UNUSABLE, .domain = text };
}

static bool parse(const struct message *m, struct slice text, struct rcpt *out)
{
	struct path path;

	if (text.len > LIMIT_SENDER_OCTETS)
		parse_long(text, &path);
	else
		path_parse(out->scratch, text, &path);
	out->has_domain = path.status == PATH_MAILBOX && idna_to_domain(path.domain, out->domain);
	out->rules = "";
	if (out->has_domain && path.local.len > 0 && rules_matter(m))
		out->rules = rules_for_address(&m->engine->settings->ruleset, out->scratch,
					       path.local, out->domain);
	return out->has_domain;
}

/* The rules of the first recipient that was taken are the message's. */
static bool has_same_rules(struct message *m, const struct rcpt *rcpt)
{
	int64_t when_ms = m->evidence.when_ms != 0 ? m->evidence.when_ms : clock_utc_ms();
	const char *key = rules_recipient_key(&m->engine->settings->ruleset, rcpt->scratch,
					      when_ms, rcpt->has_domain ? rcpt->domain : NULL,
					      rcpt->rules);

	if (m->recipient_key == NULL)
		m->recipient_key = arena_strdup(m->arena, key);
	return strcmp(m->recipient_key, key) == 0;
}

static bool is_listed(const struct evidence *e, const struct rcpt *rcpt)
{
	for (unsigned i = 0; i < e->n_recipient_domains; i++)
		if (domain_equal(e->recipient_domains[i], rcpt->domain) &&
		    strcmp(e->recipient_rules[i], rcpt->rules) == 0)
			return true;
	return false;
}

static void list(struct message *m, const struct rcpt *rcpt)
{
	struct evidence *e = &m->evidence;
	unsigned n = e->n_recipient_domains++;

	e->recipient_domains[n] = arena_strdup(m->arena, rcpt->domain);
	e->recipient_rules[n] = arena_strdup(m->arena, rcpt->rules);
}

/* A dry run puts nobody off. */
static bool may_put_off(const struct message *m)
{
	return rules_matter(m) && !m->engine->settings->ruleset.dry_run;
}

static enum message_rcpt take(struct message *m, const struct rcpt *rcpt)
{
	struct evidence *e = &m->evidence;
	bool is_new = rcpt->has_domain && !is_listed(e, rcpt);
	bool is_full = e->n_recipient_domains == LIMIT_RECIPIENT_DOMAINS;

	if (is_new && is_full && may_put_off(m))
		return MESSAGE_RCPT_TOO_MANY;
	if (may_put_off(m) && m->engine->settings->ruleset.recipients_differ == DIFFER_SPLIT &&
	    !has_same_rules(m, rcpt))
		return MESSAGE_RCPT_OTHER_RULES;
	e->n_recipients++;
	if (!rcpt->has_domain || (is_new && is_full))
		e->recipients_unlisted++;
	else if (is_new)
		list(m, rcpt);
	return MESSAGE_RCPT_TAKEN;
}

enum message_rcpt message_rcpt(struct message *m, struct slice rcpt_to, struct slice resolved)
{
	struct rcpt rcpt = { .scratch = arena_new() };
	enum message_rcpt answer;

	if (!parse(m, rcpt_to, &rcpt) && resolved.len > 0)
		parse(m, resolved, &rcpt);
	answer = take(m, &rcpt);
	arena_free(rcpt.scratch);
	return answer;
}
