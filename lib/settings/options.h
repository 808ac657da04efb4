/* options.h - the option table: one row per option, and what works from it
 * without libconfig. To add an option, add a field to struct settings and a
 * row here; the parser, alignd -n and the checks of alignd.conf and
 * alignd.conf(5) follow. Private to lib/settings and its tests.
 */
#ifndef SETTINGS_OPTIONS_H
#define SETTINGS_OPTIONS_H

#include "base/buf.h"
#include "base/names.h"
#include "settings/values.h"

enum option_type {
	TYPE_TEXT = 0,
	TYPE_PATH,
	TYPE_WORD,                      /* field: an enum, a bool, or the word itself */
	TYPE_BOOL,
	TYPE_INTEGER,
	TYPE_SIZE,                      /* octets, "20 GB" */
	TYPE_OCTAL,
	TYPE_TEXTS,                     /* list of strings; from here on lists */
	TYPE_NETWORKS,                  /* list of networks */
	TYPE_DOMAINS,                   /* list of domains, "example.com" or ".example.com" */
	TYPE_SIGNALS,                   /* list of signals, a mask (core/signals.h) */
};
/* What a change changes: what is gathered about a message; only the decision,
 * so that what-if can vary it; or how the daemon runs. */
enum option_kind { KIND_COLLECT = 0, KIND_DECIDE, KIND_RUN };
enum option_change { CHANGE_RELOAD = 0, CHANGE_RESTART };

struct option {
	const char *name;               /* "dmarc.pct": key pct of the group dmarc */
	enum option_type type;
	enum option_kind kind;
	enum option_change change;
	const char *initial;            /* default as the file writes it; NULL: none */
	const char *accepted;           /* NULL: made from words or range */
	const struct name_row *words;
	value_check_fn *check;          /* of the text, or of each in a list */
	uint64_t min, max;              /* number or octets; length of text; entries of a list */
	const char *min_text, *max_text; /* a size's range as people write it */
	size_t offset, bytes;           /* the field of struct settings */
	const char *help;
	bool is_secret;                 /* no fault shows its value */
};
extern const struct option options[];
extern const unsigned n_options;
extern const struct name_row option_type_names[], option_kind_names[], option_change_names[];

const struct option *option_find(const char *name);
/* Is this the last part of a secret option's name? */
bool option_is_secret_key(struct slice key);
bool option_is_group(const char *name);
/* Planned names, "arc" standing for all of its group. */
bool option_is_unbuilt(const char *name);
/* "accepted" as faults and documents say it. */
void option_accepted(const struct option *option, struct buf *out);
/* "a", "b", "c" of a table. */
void options_add_words(const struct name_row *words, struct buf *out);
/* The name (or name of a group) that was probably meant; NULL. */
const char *option_near(const char *name);
/* Of a table of words; NULL. */
const char *option_near_word(const struct name_row *words, const char *word);

#endif
