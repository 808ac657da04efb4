#include "yamlcase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned passed, failed;

struct slice yamlcase_scalar(const yaml_node_t *node)
{
	return slice_new((const char *)node->data.scalar.value, node->data.scalar.length);
}

struct slice yamlcase_octets(struct arena *arena, const yaml_node_t *node)
{
	struct slice in = yamlcase_scalar(node);
	char *out = arena_strndup(arena, in.data, in.len);
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		unsigned char c = (unsigned char)in.data[i];
		bool two = (c == 0xC2 || c == 0xC3) && i + 1 < in.len;

		out[n++] = two ? (char)((c & 3) << 6 | (in.data[i + 1] & 63)) : (char)c;
		i += two;
	}
	out[n] = '\0';
	return slice_new(out, n);
}

bool yamlcase_is(const yaml_node_t *node, const char *text)
{
	return node != NULL && node->type == YAML_SCALAR_NODE && slice_is(yamlcase_scalar(node), text);
}

yaml_node_t *yamlcase_node(const struct scenario *scenario, int id)
{
	return yaml_document_get_node(scenario->document, id);
}

yaml_node_t *yamlcase_member(const struct scenario *scenario, const yaml_node_t *map, const char *key)
{
	if (map == NULL || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
		if (yamlcase_is(yamlcase_node(scenario, p->key), key))
			return yamlcase_node(scenario, p->value);
	return NULL;
}

const char *yamlcase_text(const struct scenario *scenario, const yaml_node_t *map, const char *key)
{
	const yaml_node_t *node = yamlcase_member(scenario, map, key);

	return node != NULL && node->type == YAML_SCALAR_NODE ?
	       yamlcase_octets(scenario->arena, node).data : NULL;
}

static void run_tests(const struct yamlcase_runner *runner, const struct scenario *scenario,
		      const yaml_node_t *tests)
{
	if (tests == NULL || tests->type != YAML_MAPPING_NODE)
		return;
	for (yaml_node_pair_t *p = tests->data.mapping.pairs.start; p < tests->data.mapping.pairs.top; p++) {
		const char *name = yamlcase_octets(scenario->arena, yamlcase_node(scenario, p->key)).data;

		if (runner->run(scenario, name, yamlcase_node(scenario, p->value)))
			passed++;
		else
			failed++;
	}
}

static void run_document(const struct yamlcase_runner *runner, yaml_document_t *document)
{
	struct scenario scenario = { .document = document, .arena = arena_new() };
	const yaml_node_t *root = yaml_document_get_root_node(document);

	scenario.title = yamlcase_text(&scenario, root, "description");
	if (scenario.title == NULL)
		scenario.title = "-";
	runner->open(&scenario, root);
	run_tests(runner, &scenario, yamlcase_member(&scenario, root, "tests"));
	runner->close();
	arena_free(scenario.arena);
}

/* False: no YAML. */
static bool run_file(const struct yamlcase_runner *runner, FILE *file)
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
			run_document(runner, &document);
		yaml_document_delete(&document);
	}
	if (!ok)
		fprintf(stderr, "line %zu: %s\n", parser.problem_mark.line + 1,
			parser.problem != NULL ? parser.problem : "unreadable");
	yaml_parser_delete(&parser);
	return ok;
}

int yamlcase_main(const struct yamlcase_runner *runner, int argc, char **argv)
{
	FILE *file;
	bool ok;

	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: %s FILE.yml\n", runner->name);
		return EXIT_USAGE;
	}
	file = fopen(argv[1], "r");
	if (file == NULL) {
		perror(argv[1]);
		return EXIT_UNREADABLE;
	}
	ok = run_file(runner, file);
	fclose(file);
	if (ok && passed + failed == 0)
		fprintf(stderr, "%s: no test in it\n", argv[1]);
	if (!ok || passed + failed == 0)
		return EXIT_UNREADABLE;
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
