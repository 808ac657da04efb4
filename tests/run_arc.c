/* run_arc.c - runs ARC cases in the YAML format of the public validation suite:
 * each document is a scenario with `tests` (`message`, and in `cv` the status of
 * its chain: None, Pass or Fail) and `txt-records`. Prints the cases that fail
 * and a sum. Exit: 0 all passed, 1 some failed, 64 usage, 66 unreadable file.
 *
 * An empty cv: the chain had failed before it came here, which is Fail. Beyond
 * the format: a record may be a list of records, or the word TIMEOUT or SERVFAIL;
 * a case may have `reason`, which must then be the reason given, and `oldest-pass`.
 * Messages are UTF-8; a line may end in LF.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_arc.h"
#include "yamlcase.h"

#define BODY_PIECE 1000

static struct resolver *zone;
static struct key_cache *keys;

static void add_records(const struct scenario *scenario, const char *name, const yaml_node_t *node)
{
	if (yamlcase_is(node, "TIMEOUT"))
		resolver_zone_add_outcome(zone, name, DNS_TXT, DNS_TIMEOUT);
	else if (yamlcase_is(node, "SERVFAIL"))
		resolver_zone_add_outcome(zone, name, DNS_TXT, DNS_SERVFAIL);
	else if (node->type == YAML_SCALAR_NODE)
		resolver_zone_add(zone, name, DNS_TXT, yamlcase_octets(scenario->arena, node), 0);
	else if (node->type == YAML_SEQUENCE_NODE)
		for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++)
			add_records(scenario, name, yamlcase_node(scenario, *i));
}

static void open_zone(const struct scenario *scenario, const yaml_node_t *root)
{
	const yaml_node_t *records = yamlcase_member(scenario, root, "txt-records");

	zone = resolver_zone_new();
	keys = key_cache_new(100);
	if (records == NULL || records->type != YAML_MAPPING_NODE)
		return;
	for (yaml_node_pair_t *p = records->data.mapping.pairs.start; p < records->data.mapping.pairs.top; p++)
		add_records(scenario, yamlcase_octets(scenario->arena, yamlcase_node(scenario, p->key)).data,
			    yamlcase_node(scenario, p->value));
}

static void close_zone(void)
{
	key_cache_free(keys);
	resolver_close(zone);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes the fields; returns the body. */
static struct slice read_header(struct fields *fields, struct slice message)
{
	while (message.len > 0 && message.data[0] != '\n' && message.data[0] != '\r') {
		size_t colon = slice_find(message, ':'), end = 0;
		const char *reason;

		do {
			end += slice_find(slice_from(message, end), '\n') + 1;
		} while (end < message.len && is_blank(message.data[end]));
		fields_add(fields, slice_until(message, colon),
			   slice_from(slice_until(message, end), colon + 1), &reason);
		message = slice_from(message, end);
	}
	return slice_from(message, slice_find(message, '\n') + 1);
}

static void validate(struct slice message, struct arena *arena, struct arc_evidence *out_r)
{
	static const struct asker_limits limits = { 1000, 1000 };
	static const struct auth_arc_options options = { 50, 1024, false, 54 };
	struct asker *asker = asker_new(zone, &limits);
	struct auth_arc *arc = auth_arc_new(keys, asker, arena, &options);
	struct fields fields;
	struct slice body;

	fields_init(&fields, arena);
	body = read_header(&fields, message);
	auth_arc_eoh(arc, &fields, out_r);
	auth_arc_ask(arc);
	for (; body.len > 0; body = slice_from(body, BODY_PIECE))
		auth_arc_body(arc, body.data, body.len < BODY_PIECE ? body.len : BODY_PIECE);
	asker_wait(asker, 1000, 1000, NULL, NULL);
	auth_arc_finish(arc, 0, out_r);
	auth_arc_free(arc);
	asker_free(asker);
}

static bool judge(const struct scenario *scenario, const char *name, const yaml_node_t *test,
		  const struct arc_evidence *got)
{
	const char *cv = yamlcase_text(scenario, test, "cv");
	const char *reason = yamlcase_text(scenario, test, "reason");
	const char *oldest = yamlcase_text(scenario, test, "oldest-pass");
	const char *result = names_get(arc_result_names, (int)got->result);
	const char *why = got->reason != NULL ? got->reason : "";

	if (cv != NULL && cv[0] == '\0')
		cv = "Fail";
	if (cv != NULL && slice_is_nocase(slice_of(cv), result) && (reason == NULL || strcmp(reason, why) == 0) &&
	    (oldest == NULL || strtoul(oldest, NULL, 10) == got->oldest_pass))
		return true;
	printf("%s/%s: wanted %s", scenario->title, name, cv != NULL ? cv : "no cv");
	if (reason != NULL)
		printf(" reason \"%s\"", reason);
	if (oldest != NULL)
		printf(" oldest-pass %s", oldest);
	printf("; got %s reason \"%s\" oldest-pass %u\n", result, why, got->oldest_pass);
	return false;
}

static bool run_test(const struct scenario *scenario, const char *name, const yaml_node_t *test)
{
	const yaml_node_t *message = yamlcase_member(scenario, test, "message");
	struct arena *arena = arena_new();
	struct arc_evidence got;
	bool ok;

	validate(message != NULL && message->type == YAML_SCALAR_NODE ? yamlcase_scalar(message) : SLICE(""),
		 arena, &got);
	ok = judge(scenario, name, test, &got);
	arena_free(arena);
	return ok;
}

int main(int argc, char **argv)
{
	static const struct yamlcase_runner runner = { "run_arc", open_zone, run_test, close_zone };

	return yamlcase_main(&runner, argc, argv);
}
