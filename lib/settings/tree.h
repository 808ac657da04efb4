/* tree.h - a settings file as a tree of plain values, each with its place.
 *
 * tree.c is the only file with libconfig; whoever takes settings out of a file
 * works on these nodes. All of it lives in the arena of the fault list. Private
 * to lib/settings.
 */
#ifndef SETTINGS_TREE_H
#define SETTINGS_TREE_H

#include "settings/source.h"

enum node_kind {
	NODE_NOTHING = 0,               /* cut off by a syntax error */
	NODE_GROUP, NODE_LIST, NODE_BOOL, NODE_INTEGER, NODE_FRACTION, NODE_TEXT,
};
struct node {
	enum node_kind kind;
	const char *name;               /* "" in a list; `*...`: at fault already */
	struct place place;
	bool yes;                       /* BOOL */
	long long number;               /* INTEGER */
	bool is_decimal;                /* ... as it was written */
	double fraction;                /* FRACTION */
	const char *text;               /* TEXT */
	struct node *items;             /* GROUP, LIST: in file order */
	unsigned n;
};

/* The tree of the source; after a syntax error, which goes to the list, what
 * was read before it, and *whole_r is false. NULL: the source's brackets are at
 * fault. */
const struct node *tree_read(const struct source *source, bool *whole_r);
/* Text that is no file; NULL: it has a syntax error. */
const struct node *tree_of(struct fault_list *faults, const char *text);

/* What the file has, in words: "the text \"x\"", "a list". */
const char *tree_describe(struct fault_list *faults, const struct node *node);

/* As a file would write it, on one line: "[ \"a\", 5 ]". */
void tree_write(const struct node *node, struct buf *out);

#endif
