#include "tool_options.h"

#include <assert.h>
#include <stdio.h>

#include "alignctl.h"

#define FIRST_WORD 256          /* a word's row is behind it; below are letters */

/* What getopt_long() wants. */
struct wanted {
	struct option words[TOOL_OPTIONS_MAX + 2];
	char letters[2 * TOOL_OPTIONS_MAX + 3];
};

static void want(const struct tool_option *rows, size_t n, struct wanted *wanted_r)
{
	size_t n_words = 0, len = 1;

	*wanted_r = (struct wanted){ .letters = ":" };  /* tells ':' where a value is missing */
	for (size_t i = 0; i < n; i++) {
		const struct tool_option *row = &rows[i];
		int argument = row->flag == NULL ? required_argument : no_argument;

		if (row->word != NULL)
			wanted_r->words[n_words++] =
				(struct option){ row->word, argument, NULL, FIRST_WORD + (int)i };
		if (row->letter != '\0')
			wanted_r->letters[len++] = row->letter;
		if (row->letter != '\0' && argument == required_argument)
			wanted_r->letters[len++] = ':';
	}
	wanted_r->words[n_words] = (struct option){ "help", no_argument, NULL, 'h' };
	wanted_r->letters[len] = 'h';
}

static const struct tool_option *find(const struct tool_option *rows, size_t n, int value)
{
	if (value >= FIRST_WORD)
		return &rows[value - FIRST_WORD];
	for (size_t i = 0; i < n; i++)
		if (rows[i].letter == value)
			return &rows[i];
	return NULL;
}

/* What getopt_long() would call "check: ..." */
static int refuse(char **argv, int value)
{
	char letter[] = { '-', (char)optopt, '\0' };
	const char *given = optopt > 0 && optopt < FIRST_WORD ? letter : argv[optind - 1];

	return value == ':' ? tool_usage(argv[0], "option \"%s\" needs a value", given) :
		tool_usage(argv[0], "unrecognized option \"%s\"", given);
}

static int take(const char *command, const struct tool_option *row)
{
	assert(row != NULL);
	if (row->flag != NULL) {
		*row->flag = true;
	} else if (row->argument != NULL) {
		*row->argument = optarg;
	} else {
		if (row->list->n == row->list->max)
			return tool_usage(command, "--%s: at most %u", row->word, row->list->max);
		row->list->items[row->list->n++] = optarg;
	}
	return 0;
}

int tool_options(int argc, char **argv, const struct tool_option *rows, size_t n, const char *help,
		 bool *helped_r)
{
	struct wanted wanted;
	int value, code = 0;

	assert(n <= TOOL_OPTIONS_MAX);
	want(rows, n, &wanted);
	*helped_r = false;
	opterr = 0;
	while (code == 0 && !*helped_r &&
	       (value = getopt_long(argc, argv, wanted.letters, wanted.words, NULL)) != -1) {
		*helped_r = value == 'h';
		if (*helped_r)
			fputs(help, stdout);
		else if (value == '?' || value == ':')
			code = refuse(argv, value);
		else
			code = take(argv[0], find(rows, n, value));
	}
	return code;
}

int tool_none_left(int argc, char **argv)
{
	return optind < argc ? tool_usage(argv[0], "what is \"%s\"?", argv[optind]) : 0;
}
