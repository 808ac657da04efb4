/* run_spf.c - runs SPF cases in the openspf YAML format: each document is a
 * scenario with `zonedata` and `tests`. Prints the cases that fail and a sum.
 * Exit: 0 all passed, 1 some failed, 64 usage, 66 unreadable file.
 *
 * In zonedata, TIMEOUT is a look-up that never answers, for the types that the
 * name has no data of; an entry of type SPF stands for TXT too unless the name
 * has a TXT entry of its own (TXT: NONE says that there is none). \xHH in a
 * string is an octet. Beyond the format: a case may have `reason`, which must
 * then be the reason given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_spf.h"
#include "core/domain.h"
#include "yamlcase.h"

static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_TXT };
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static struct resolver *zone;

/* A scalar, or the scalars of a list put together. */
static struct slice joined(const struct scenario *scenario, const yaml_node_t *node)
{
	struct slice all = SLICE("");
	struct buf buf;

	if (node->type == YAML_SCALAR_NODE)
		return yamlcase_octets(scenario->arena, node);
	buf_init(&buf, LIMIT_DNS_TEXT);
	if (node->type == YAML_SEQUENCE_NODE)
		for (yaml_node_item_t *i = node->data.sequence.items.start;
		     i < node->data.sequence.items.top; i++)
			buf_add_slice(&buf, yamlcase_octets(scenario->arena, yamlcase_node(scenario, *i)));
	all = arena_slice(scenario->arena, buf_slice(&buf));
	buf_done(&buf);
	return all;
}

/* Zone */

static void add_mx(const struct scenario *scenario, const char *name, const yaml_node_t *value)
{
	const yaml_node_item_t *items = value->data.sequence.items.start;

	if (value->type != YAML_SEQUENCE_NODE || value->data.sequence.items.top - items != 2)
		return;
	resolver_zone_add(zone, name, DNS_MX,
			  yamlcase_octets(scenario->arena, yamlcase_node(scenario, items[1])),
			  (unsigned)strtoul(yamlcase_scalar(yamlcase_node(scenario, items[0])).data, NULL, 10));
}

/* Returns the type's bit in the set of what the name has. */
static unsigned add_entry(const struct scenario *scenario, const char *name, struct slice type_name,
			  const yaml_node_t *value, bool spf_is_txt)
{
	int type;

	if (slice_is(type_name, "CNAME")) {
		resolver_zone_add_alias(zone, name, joined(scenario, value).data);
		return ~0u;
	}
	if (slice_is(type_name, "SPF") && spf_is_txt)
		type_name = SLICE("TXT");
	if (!names_find(dns_type_names, type_name, &type) || (type == DNS_TXT && yamlcase_is(value, "NONE")))
		return 0;
	if (type == DNS_MX)
		add_mx(scenario, name, value);
	else
		resolver_zone_add(zone, name, (enum dns_type)type, joined(scenario, value), 0);
	return 1u << type;
}

static void add_name(const struct scenario *scenario, const char *name, const yaml_node_t *entries)
{
	bool spf_is_txt = true, silent = false;
	unsigned has = 0;

	if (entries->type != YAML_SEQUENCE_NODE)
		return;
	for (yaml_node_item_t *i = entries->data.sequence.items.start; i < entries->data.sequence.items.top; i++)
		if (yamlcase_member(scenario, yamlcase_node(scenario, *i), "TXT") != NULL)
			spf_is_txt = false;
	for (yaml_node_item_t *i = entries->data.sequence.items.start; i < entries->data.sequence.items.top; i++) {
		const yaml_node_t *entry = yamlcase_node(scenario, *i);

		if (yamlcase_is(entry, "TIMEOUT"))
			silent = true;
		if (entry->type != YAML_MAPPING_NODE)
			continue;
		for (yaml_node_pair_t *p = entry->data.mapping.pairs.start;
		     p < entry->data.mapping.pairs.top; p++)
			has |= add_entry(scenario, name,
					 yamlcase_octets(scenario->arena, yamlcase_node(scenario, p->key)),
					 yamlcase_node(scenario, p->value), spf_is_txt);
	}
	for (unsigned i = 0; i < N_TYPES; i++)
		if ((has & 1u << types[i]) == 0)
			resolver_zone_add_outcome(zone, name, types[i],
						  silent ? DNS_TIMEOUT : DNS_NODATA);
}

static void fill_zone(const struct scenario *scenario, const yaml_node_t *zonedata)
{
	if (zonedata == NULL || zonedata->type != YAML_MAPPING_NODE)
		return;
	for (yaml_node_pair_t *p = zonedata->data.mapping.pairs.start;
	     p < zonedata->data.mapping.pairs.top; p++)
		add_name(scenario, yamlcase_octets(scenario->arena, yamlcase_node(scenario, p->key)).data,
			 yamlcase_node(scenario, p->value));
}

/* Cases */

static const char *normal(struct arena *arena, struct slice text)
{
	char out[DOMAIN_SIZE];

	return domain_normalize(text, out) ? arena_strdup(arena, out) : NULL;
}

/* Split at the last "@", not path_parse(): the suite has local parts that no
 * SMTP path allows. */
static void make_sender(struct arena *arena, const char *text, struct sender *sender_r)
{
	const char *at = strrchr(text, '@');

	*sender_r = (struct sender){ .status = text[0] == '\0' ? PATH_NULL : PATH_LOCAL_ONLY };
	if (at == NULL)
		return;
	sender_r->status = at[1] == '[' ? PATH_LITERAL : PATH_MAILBOX;
	sender_r->local = arena_strndup(arena, text, (size_t)(at - text));
	sender_r->domain = normal(arena, slice_of(at + 1));
}

struct task {
	struct spf_question question;
	struct spf_evidence got;
};

static bool check_task(struct asker *asker, void *context)
{
	struct task *task = context;

	return auth_spf_check(asker, &task->question, &task->got);
}

static bool wants_result(const struct scenario *scenario, const yaml_node_t *wanted, const char *got)
{
	if (wanted == NULL || wanted->type != YAML_SEQUENCE_NODE)
		return yamlcase_is(wanted, got);
	for (yaml_node_item_t *i = wanted->data.sequence.items.start; i < wanted->data.sequence.items.top; i++)
		if (yamlcase_is(yamlcase_node(scenario, *i), got))
			return true;
	return false;
}

static bool same_text(const char *wanted, const char *got)
{
	return wanted == NULL || (got != NULL && strcmp(wanted, got) == 0);
}

/* DEFAULT: the domain has none that can be used. */
static bool wants_explanation(const char *wanted, const struct spf_evidence *got)
{
	if (wanted != NULL && strcmp(wanted, "DEFAULT") == 0)
		return got->explanation == NULL;
	return same_text(wanted, got->explanation);
}

static void print_wanted(const struct scenario *scenario, const yaml_node_t *wanted)
{
	if (wanted != NULL && wanted->type == YAML_SCALAR_NODE)
		printf(" %s", (const char *)wanted->data.scalar.value);
	if (wanted != NULL && wanted->type == YAML_SEQUENCE_NODE)
		for (yaml_node_item_t *i = wanted->data.sequence.items.start;
		     i < wanted->data.sequence.items.top; i++)
			print_wanted(scenario, yamlcase_node(scenario, *i));
}

static bool judge(const struct scenario *scenario, const char *name, const yaml_node_t *test,
		  const struct spf_evidence *got)
{
	const yaml_node_t *wanted = yamlcase_member(scenario, test, "result");
	const char *explanation = yamlcase_text(scenario, test, "explanation");
	const char *reason = yamlcase_text(scenario, test, "reason");
	const char *result = names_get(spf_result_names, got->result);

	if (wants_result(scenario, wanted, result) && wants_explanation(explanation, got) &&
	    same_text(reason, got->reason))
		return true;
	printf("%s/%s: wanted", scenario->title, name);
	print_wanted(scenario, wanted);
	if (explanation != NULL)
		printf(" explanation \"%s\"", explanation);
	if (reason != NULL)
		printf(" reason \"%s\"", reason);
	printf("; got %s explanation \"%s\" reason \"%s\"\n", result,
	       got->explanation != NULL ? got->explanation : "DEFAULT",
	       got->reason != NULL ? got->reason : "");
	return false;
}

static bool run_test(const struct scenario *scenario, const char *name, const yaml_node_t *test)
{
	static const struct asker_limits limits = { 1000, 1000 };
	struct asker *asker = asker_new(zone, &limits);
	const char *helo = yamlcase_text(scenario, test, "helo"), *host = yamlcase_text(scenario, test, "host");
	const char *mailfrom = yamlcase_text(scenario, test, "mailfrom");
	struct sender sender;
	bool ok;
	struct task task = { .question = { .receiver = "receiver.example.net", .sender = &sender } };

	make_sender(scenario->arena, mailfrom != NULL ? mailfrom : "", &sender);
	task.question.helo = helo != NULL ? helo : "";
	task.question.helo_domain = normal(scenario->arena, slice_of(task.question.helo));
	address_parse(slice_of(host), &task.question.client);
	asker_add(asker, check_task, &task);
	asker_wait(asker, 10000, 1000, NULL, NULL);
	ok = judge(scenario, name, test, &task.got);
	asker_free(asker);
	return ok;
}

static void open_zone(const struct scenario *scenario, const yaml_node_t *root)
{
	zone = resolver_zone_new();
	fill_zone(scenario, yamlcase_member(scenario, root, "zonedata"));
}

static void close_zone(void)
{
	resolver_close(zone);
}

int main(int argc, char **argv)
{
	static const struct yamlcase_runner runner = { "run_spf", open_zone, run_test, close_zone };

	return yamlcase_main(&runner, argc, argv);
}
