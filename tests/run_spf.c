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
#include <yaml.h>

#include "auth/auth_spf.h"
#include "core/domain.h"

enum { EXIT_USAGE = 64, EXIT_UNREADABLE = 66 };

static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_TXT };
#define N_TYPES (sizeof(types) / sizeof(types[0]))

struct scenario {
	yaml_document_t *document;
	struct arena *arena;
	const char *title;
	struct resolver *zone;
};

static unsigned passed, failed;

/* YAML */

/* A scalar's octets: code points up to U+00FF are one octet each. */
static struct slice octets_of(struct arena *arena, const yaml_node_t *node)
{
	const unsigned char *in = node->data.scalar.value;
	size_t len = node->data.scalar.length, n = 0;
	char *out = arena_strndup(arena, (const char *)in, len);

	for (size_t i = 0; i < len; i++) {
		bool two = (in[i] == 0xC2 || in[i] == 0xC3) && i + 1 < len;

		out[n++] = two ? (char)((in[i] & 3) << 6 | (in[i + 1] & 63)) : (char)in[i];
		i += two;
	}
	out[n] = '\0';
	return slice_new(out, n);
}

static bool is_scalar(const yaml_node_t *node, const char *text)
{
	return node != NULL && node->type == YAML_SCALAR_NODE &&
	       strcmp((const char *)node->data.scalar.value, text) == 0;
}

static yaml_node_t *node_of(const struct scenario *scenario, int id)
{
	return yaml_document_get_node(scenario->document, id);
}

static yaml_node_t *member(const struct scenario *scenario, const yaml_node_t *map, const char *key)
{
	if (map == NULL || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
		if (is_scalar(node_of(scenario, p->key), key))
			return node_of(scenario, p->value);
	return NULL;
}

/* The text of a member; NULL when there is none. */
static const char *text_of(const struct scenario *scenario, const yaml_node_t *map, const char *key)
{
	const yaml_node_t *node = member(scenario, map, key);

	return node != NULL && node->type == YAML_SCALAR_NODE ?
	       octets_of(scenario->arena, node).data : NULL;
}

/* A scalar, or the scalars of a list put together. */
static struct slice joined(const struct scenario *scenario, const yaml_node_t *node)
{
	struct slice all = SLICE("");
	struct buf buf;

	if (node->type == YAML_SCALAR_NODE)
		return octets_of(scenario->arena, node);
	buf_init(&buf, LIMIT_DNS_TEXT);
	if (node->type == YAML_SEQUENCE_NODE)
		for (yaml_node_item_t *i = node->data.sequence.items.start;
		     i < node->data.sequence.items.top; i++)
			buf_add_slice(&buf, octets_of(scenario->arena, node_of(scenario, *i)));
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
	resolver_zone_add(scenario->zone, name, DNS_MX,
			  octets_of(scenario->arena, node_of(scenario, items[1])),
			  (unsigned)strtoul((char *)node_of(scenario, items[0])->data.scalar.value, NULL, 10));
}

/* Returns the type's bit in the set of what the name has. */
static unsigned add_entry(const struct scenario *scenario, const char *name, struct slice type_name,
			  const yaml_node_t *value, bool spf_is_txt)
{
	int type;

	if (slice_is(type_name, "CNAME")) {
		resolver_zone_add_alias(scenario->zone, name, joined(scenario, value).data);
		return ~0u;
	}
	if (slice_is(type_name, "SPF") && spf_is_txt)
		type_name = SLICE("TXT");
	if (!names_find(dns_type_names, type_name, &type) || (type == DNS_TXT && is_scalar(value, "NONE")))
		return 0;
	if (type == DNS_MX)
		add_mx(scenario, name, value);
	else
		resolver_zone_add(scenario->zone, name, (enum dns_type)type, joined(scenario, value), 0);
	return 1u << type;
}

static void add_name(const struct scenario *scenario, const char *name, const yaml_node_t *entries)
{
	bool spf_is_txt = true, silent = false;
	unsigned has = 0;

	if (entries->type != YAML_SEQUENCE_NODE)
		return;
	for (yaml_node_item_t *i = entries->data.sequence.items.start; i < entries->data.sequence.items.top; i++)
		if (member(scenario, node_of(scenario, *i), "TXT") != NULL)
			spf_is_txt = false;
	for (yaml_node_item_t *i = entries->data.sequence.items.start; i < entries->data.sequence.items.top; i++) {
		const yaml_node_t *entry = node_of(scenario, *i);

		if (is_scalar(entry, "TIMEOUT"))
			silent = true;
		if (entry->type != YAML_MAPPING_NODE)
			continue;
		for (yaml_node_pair_t *p = entry->data.mapping.pairs.start;
		     p < entry->data.mapping.pairs.top; p++)
			has |= add_entry(scenario, name, octets_of(scenario->arena, node_of(scenario, p->key)),
					 node_of(scenario, p->value), spf_is_txt);
	}
	for (unsigned i = 0; i < N_TYPES; i++)
		if ((has & 1u << types[i]) == 0)
			resolver_zone_add_outcome(scenario->zone, name, types[i],
						  silent ? DNS_TIMEOUT : DNS_NODATA);
}

static void fill_zone(const struct scenario *scenario, const yaml_node_t *zonedata)
{
	if (zonedata == NULL || zonedata->type != YAML_MAPPING_NODE)
		return;
	for (yaml_node_pair_t *p = zonedata->data.mapping.pairs.start;
	     p < zonedata->data.mapping.pairs.top; p++)
		add_name(scenario, octets_of(scenario->arena, node_of(scenario, p->key)).data,
			 node_of(scenario, p->value));
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
		return is_scalar(wanted, got);
	for (yaml_node_item_t *i = wanted->data.sequence.items.start; i < wanted->data.sequence.items.top; i++)
		if (is_scalar(node_of(scenario, *i), got))
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
			print_wanted(scenario, node_of(scenario, *i));
}

static void judge(const struct scenario *scenario, const char *name, const yaml_node_t *test,
		  const struct spf_evidence *got)
{
	const yaml_node_t *wanted = member(scenario, test, "result");
	const char *explanation = text_of(scenario, test, "explanation");
	const char *reason = text_of(scenario, test, "reason");
	const char *result = names_get(spf_result_names, got->result);

	if (wants_result(scenario, wanted, result) && wants_explanation(explanation, got) &&
	    same_text(reason, got->reason)) {
		passed++;
		return;
	}
	failed++;
	printf("%s/%s: wanted", scenario->title, name);
	print_wanted(scenario, wanted);
	if (explanation != NULL)
		printf(" explanation \"%s\"", explanation);
	if (reason != NULL)
		printf(" reason \"%s\"", reason);
	printf("; got %s explanation \"%s\" reason \"%s\"\n", result,
	       got->explanation != NULL ? got->explanation : "DEFAULT",
	       got->reason != NULL ? got->reason : "");
}

static void run_test(const struct scenario *scenario, const char *name, const yaml_node_t *test)
{
	static const struct asker_limits limits = { 1000, 1000 };
	struct asker *asker = asker_new(scenario->zone, &limits);
	const char *helo = text_of(scenario, test, "helo"), *host = text_of(scenario, test, "host");
	const char *mailfrom = text_of(scenario, test, "mailfrom");
	struct sender sender;
	struct task task = { .question = { .receiver = "receiver.example.net", .sender = &sender } };

	make_sender(scenario->arena, mailfrom != NULL ? mailfrom : "", &sender);
	task.question.helo = helo != NULL ? helo : "";
	task.question.helo_domain = normal(scenario->arena, slice_of(task.question.helo));
	address_parse(slice_of(host), &task.question.client);
	asker_add(asker, check_task, &task);
	asker_wait(asker, 10000, 1000, NULL, NULL);
	judge(scenario, name, test, &task.got);
	asker_free(asker);
}

static void run_scenario(yaml_document_t *document)
{
	struct scenario scenario = { .document = document, .arena = arena_new() };
	const yaml_node_t *root = yaml_document_get_root_node(document), *tests;

	scenario.title = text_of(&scenario, root, "description");
	if (scenario.title == NULL)
		scenario.title = "-";
	scenario.zone = resolver_zone_new();
	fill_zone(&scenario, member(&scenario, root, "zonedata"));
	tests = member(&scenario, root, "tests");
	if (tests != NULL && tests->type == YAML_MAPPING_NODE)
		for (yaml_node_pair_t *p = tests->data.mapping.pairs.start;
		     p < tests->data.mapping.pairs.top; p++)
			run_test(&scenario, octets_of(scenario.arena, node_of(&scenario, p->key)).data,
				 node_of(&scenario, p->value));
	resolver_close(scenario.zone);
	arena_free(scenario.arena);
}

/* False: no YAML. */
static bool run_file(FILE *file)
{
	yaml_parser_t parser;
	yaml_document_t document;
	bool ok = true, more = true;

	yaml_parser_initialize(&parser);
	yaml_parser_set_input_file(&parser, file);
	while (ok && more) {
		ok = yaml_parser_load(&parser, &document);
		if (!ok)
			break;
		more = yaml_document_get_root_node(&document) != NULL;
		if (more)
			run_scenario(&document);
		yaml_document_delete(&document);
	}
	if (!ok)
		fprintf(stderr, "line %zu: %s\n", parser.problem_mark.line + 1,
			parser.problem != NULL ? parser.problem : "unreadable");
	yaml_parser_delete(&parser);
	return ok;
}

int main(int argc, char **argv)
{
	FILE *file;
	bool ok;

	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: run_spf FILE.yml\n");
		return EXIT_USAGE;
	}
	file = fopen(argv[1], "r");
	if (file == NULL) {
		perror(argv[1]);
		return EXIT_UNREADABLE;
	}
	ok = run_file(file);
	fclose(file);
	if (ok && passed + failed == 0)
		fprintf(stderr, "%s: no test in it\n", argv[1]);
	if (!ok || passed + failed == 0)
		return EXIT_UNREADABLE;
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
