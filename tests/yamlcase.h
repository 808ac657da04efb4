/* yamlcase.h - what the runners of YAML case files share: reading a file of
 * several documents and finding things in them. Texts are the scenario's arena's.
 */
#ifndef YAMLCASE_H
#define YAMLCASE_H

#include <stdbool.h>
#include <yaml.h>

#include "base/arena.h"

enum { EXIT_USAGE = 64, EXIT_UNREADABLE = 66 };

struct scenario {                       /* one document */
	yaml_document_t *document;
	struct arena *arena;
	const char *title;              /* its description */
};

yaml_node_t *yamlcase_node(const struct scenario *scenario, int id);
bool yamlcase_is(const yaml_node_t *node, const char *text);    /* node may be NULL */
/* NULL when `map` is none or has no such member. */
yaml_node_t *yamlcase_member(const struct scenario *scenario, const yaml_node_t *map, const char *key);
/* A scalar as it is in the file (UTF-8). */
struct slice yamlcase_scalar(const yaml_node_t *node);
/* A scalar's octets: code points up to U+00FF are one octet each. */
struct slice yamlcase_octets(struct arena *arena, const yaml_node_t *node);
/* The text of a member; NULL when there is none. */
const char *yamlcase_text(const struct scenario *scenario, const yaml_node_t *map, const char *key);

/* The whole of main(): `run` runs one case of `tests` and says whether it passed;
 * `open` and `close` stand around the cases of one document. */
struct yamlcase_runner {
	const char *name;
	void (*open)(const struct scenario *scenario, const yaml_node_t *root);
	bool (*run)(const struct scenario *scenario, const char *name, const yaml_node_t *test);
	void (*close)(void);
};
int yamlcase_main(const struct yamlcase_runner *runner, int argc, char **argv);

#endif
