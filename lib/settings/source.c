#include "settings/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "settings/file_checks.h"
#include "settings/options.h"
#include "settings/text_file.h"

enum {
	FILE_MB_MAX = 1,
	TEXT_OCTETS_MAX = 4 << 20,
	INCLUDE_DEPTH = 10,
	BRACKET_DEPTH = 16,
	NAMES_MAX = 10000,
};

struct open_file {
	const char *path;
	char *data;
	struct slice rest;
	unsigned line;
};

struct bracket {
	char kind;                      /* { [ ( */
	unsigned id;
	const char *name;               /* the setting that it is the value of, or part of it */
	const char *prefix;             /* "dmarc." inside its braces */
	unsigned n_names;               /* seen before it was opened */
	struct place place;
};

struct seen_name {
	unsigned scope;                 /* id of the bracket, 0 at the top */
	const char *name;
	struct place place;
};

struct scanner {
	struct source *source;
	struct arena *arena;
	struct open_file files[INCLUDE_DEPTH];
	unsigned depth;
	struct bracket brackets[BRACKET_DEPTH];
	unsigned n_brackets, n_ids, n_hidden;
	struct seen_name *names;
	unsigned n_names, size_names;
	struct place place;             /* of the line being scanned */
	struct place comment_place;
	bool in_comment;
	char last;                      /* the token before: its first character, 'a' for a word */
	size_t last_at;                 /* where it begins in the text */
	struct slice word;              /* the token before, when it was a word */
	const char *name;               /* the setting that is being given its value */
};

/* The fault is reported at `from`: the @include, or the file itself. */
static bool push_file(struct scanner *scanner, const char *path, struct place from)
{
	struct open_file *file = &scanner->files[scanner->depth];
	const char *error = NULL;
	size_t len = 0;

	file->data = text_file_read(path, FILE_MB_MAX, &len, &error);
	if (file->data == NULL) {
		if (scanner->depth == 0)
			fault_add(scanner->source->faults, from, NULL, "cannot be read: %s", error);
		else
			fault_add(scanner->source->faults, from, "@include", "%s cannot be read: %s",
				  fault_quote_path(scanner->source->faults, path), error);
		return false;
	}
	file_checks_read(scanner->source->faults, from, scanner->depth > 0 ? "@include" : NULL, path);
	file->path = path;
	file->line = 0;
	file->rest = slice_new(file->data, len);
	if (slice_starts_nocase(file->rest, "\xEF\xBB\xBF"))
		file->rest = slice_from(file->rest, 3);
	scanner->depth++;
	return true;
}

static void begin_line(struct scanner *scanner)
{
	struct source *source = scanner->source;
	struct open_file *file = &scanner->files[scanner->depth - 1];

	if (source->n_lines == source->size_lines) {
		source->size_lines = source->size_lines == 0 ? 256 : source->size_lines * 2;
		source->lines = mem_realloc(source->lines,
					    sizeof(*source->lines) * source->size_lines);
	}
	scanner->place = (struct place){ file->path, file->line, source->n_lines + 1 };
	source->lines[source->n_lines++] = scanner->place;
}

/* Replaces what was written from `at` for `len` octets. */
static void replace(struct source *source, size_t at, size_t len, const char *with)
{
	char *tail;

	if (buf_is_full(&source->text))
		return;
	tail = mem_strdup(buf_str(&source->text) + at + len);
	buf_cut(&source->text, at);
	buf_add_str(&source->text, with);
	buf_add_str(&source->text, tail);
	free(tail);
}

static void hide_name(struct scanner *scanner)
{
	replace(scanner->source, scanner->last_at, scanner->word.len,
		arena_printf(scanner->arena, "*%u", ++scanner->n_hidden));
}

static const struct seen_name *find_name(const struct scanner *scanner, unsigned scope,
					 const char *name)
{
	for (unsigned i = 0; i < scanner->n_names; i++)
		if (scanner->names[i].scope == scope && strcmp(scanner->names[i].name, name) == 0)
			return &scanner->names[i];
	return NULL;
}

static void remember_name(struct scanner *scanner, unsigned scope, const char *name)
{
	if (scanner->n_names == NAMES_MAX)
		return;         /* libconfig still refuses repeated names */
	if (scanner->n_names == scanner->size_names) {
		scanner->size_names = scanner->size_names == 0 ? 64 : scanner->size_names * 2;
		scanner->names = mem_realloc(scanner->names,
					     sizeof(*scanner->names) * scanner->size_names);
	}
	scanner->names[scanner->n_names++] = (struct seen_name){ scope, name, scanner->place };
}

/* The word before a `=` or `:` is the name of a setting. */
static void take_name(struct scanner *scanner)
{
	const struct bracket *top = scanner->n_brackets > 0 ?
		&scanner->brackets[scanner->n_brackets - 1] : NULL;
	unsigned scope = top != NULL ? top->id : 0;
	size_t dot = slice_find(scanner->word, '.');
	const struct seen_name *first;

	scanner->name = arena_printf(scanner->arena, "%s%.*s", top != NULL ? top->prefix : "",
				     SLICE_ARG(scanner->word));
	first = find_name(scanner, scope, scanner->name);
	if (first != NULL) {
		fault_add(scanner->source->faults, scanner->place, scanner->name,
			  "given twice, first in %s:%u; accepted: every name once", first->place.file,
			  first->place.line);
		hide_name(scanner);
		return;
	}
	remember_name(scanner, scope, scanner->name);
	if (dot < scanner->word.len) {
		fault_add(scanner->source->faults, scanner->place, scanner->name,
			  "a name cannot have a dot here; accepted: the option inside its group, "
			  "%.*s: { %.*s = ...; };", SLICE_ARG(slice_until(scanner->word, dot)),
			  SLICE_ARG(slice_from(scanner->word, dot + 1)));
		hide_name(scanner);
	} else if (slice_find(scanner->word, '*') < scanner->word.len) {
		fault_add(scanner->source->faults, scanner->place, scanner->name, "unknown name");
		hide_name(scanner);
	}
}

/* A value written without quotes: reported, then written as it was meant. */
static void mend_word(struct scanner *scanner, struct slice word)
{
	static const struct { const char *word, *meant; } switches[] = {
		{ "yes", "true" }, { "on", "true" }, { "no", "false" }, { "off", "false" },
	};
	struct source *source = scanner->source;

	if (slice_is_nocase(word, "true") || slice_is_nocase(word, "false")) {
		buf_add_slice(&source->text, word);
		return;
	}
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (!slice_is_nocase(word, switches[i].word))
			continue;
		fault_add(source->faults, scanner->place, scanner->name,
			  "%.*s is not a value; accepted: true, false, a number, or text in quotes; "
			  "did you mean %s?", SLICE_ARG(word), switches[i].meant);
		buf_add_str(&source->text, switches[i].meant);
		return;
	}
	if (source->has_secret)
		fault_add(source->faults, scanner->place, scanner->name, "text has to stand in quotes");
	else
		fault_add(source->faults, scanner->place, scanner->name,
			  "text has to stand in quotes; did you mean \"%.*s\"?", SLICE_ARG(word));
	buf_printf(&source->text, "\"%.*s\"", SLICE_ARG(word));
}

static bool expects_value(const struct scanner *scanner)
{
	char top = scanner->n_brackets > 0 ? scanner->brackets[scanner->n_brackets - 1].kind : 0;

	return strchr("=:[(", scanner->last) != NULL ||
		(scanner->last == ',' && (top == '[' || top == '('));
}

/* libconfig 1.5 keeps only the low 32 bits of an integer without L. */
static bool is_wide_integer(struct slice word)
{
	bool hex = slice_starts_nocase(word, "0x");
	size_t at = hex ? 2 : (word.data[0] == '-' || word.data[0] == '+') ? 1 : 0;

	if (word.len - at <= (hex ? 7 : 9))
		return false;
	for (size_t i = at; i < word.len; i++) {
		char c = ascii_lower(word.data[i]);

		if (!ascii_is_digit(c) && !(hex && c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

/* Integer, hexadecimal or with a fraction; "20GB" and addresses are not. */
static bool is_number(struct slice word)
{
	struct slice rest = slice_trim(word, "+-");
	size_t at = 0;
	uint64_t dots = 0;

	if (slice_starts_nocase(word, "0x"))
		return true;
	for (; at < rest.len && (ascii_is_digit(rest.data[at]) || rest.data[at] == '.'); at++)
		dots += rest.data[at] == '.';
	rest = slice_from(rest, at);
	return dots < 2 && (rest.len == 0 || slice_is(rest, "L") || slice_is(rest, "LL") ||
			    ascii_lower(rest.data[0]) == 'e');
}

static bool is_word_char(char c)
{
	return ascii_is_alnum(c) || (c != '\0' && strchr("_.*+-", c) != NULL);
}

static size_t scan_word(struct scanner *scanner, struct slice line)
{
	struct source *source = scanner->source;
	bool is_value = scanner->last != '\0' && expects_value(scanner);
	struct slice word;
	size_t len = 0;

	while (len < line.len && is_word_char(line.data[len]))
		len++;
	word = slice_until(line, len);
	scanner->last_at = source->text.len;
	if (is_value && !is_number(word) && word.len < 256) {
		mend_word(scanner, word);
	} else {
		buf_add_slice(&source->text, word);
		if (is_wide_integer(word))
			buf_add_char(&source->text, 'L');
	}
	scanner->last = is_value ? '"' : 'a';
	if (!is_value) {
		scanner->word = arena_slice(scanner->arena, word);
		source->has_secret = source->has_secret || option_is_secret_key(word);
	}
	return len;
}

static size_t scan_string(struct scanner *scanner, struct slice line)
{
	struct source *source = scanner->source;
	size_t len = 1;

	scanner->last = '"';
	scanner->last_at = source->text.len;
	while (len < line.len && line.data[len] != '"')
		len += line.data[len] == '\\' ? 2 : 1;
	if (len < line.len) {
		buf_add_slice(&source->text, slice_until(line, len + 1));
		return len + 1;
	}
	fault_add(source->faults, scanner->place, scanner->name,
		  "the quotes are not closed on this line");
	len = slice_find(line, ';');    /* most likely they should have been closed before it */
	buf_add_slice(&source->text, slice_until(line, len));
	buf_add_str(&source->text, line.data[len - 1] == '\\' ? "\\\"" : "\"");
	return len;
}

static void open_bracket(struct scanner *scanner, char kind)
{
	struct bracket *new = &scanner->brackets[scanner->n_brackets];

	if (scanner->n_brackets == BRACKET_DEPTH) {
		if (!scanner->source->unbalanced)
			fault_add(scanner->source->faults, scanner->place, NULL,
				  "brackets are nested too deep; accepted: %d levels", BRACKET_DEPTH);
		scanner->source->unbalanced = true;
		return;
	}
	new->kind = kind;
	new->id = ++scanner->n_ids;
	new->place = scanner->place;
	new->name = scanner->name;
	new->n_names = scanner->n_names;
	new->prefix = scanner->name == NULL ? "" : arena_printf(scanner->arena, "%s.", scanner->name);
	scanner->n_brackets++;
}

static void close_bracket(struct scanner *scanner, char kind)
{
	struct bracket *top = scanner->n_brackets > 0 ?
		&scanner->brackets[scanner->n_brackets - 1] : NULL;

	if (kind != '}' && scanner->last == ',') {
		fault_add(scanner->source->faults, scanner->place, scanner->name,
			  "there is a comma behind the last entry of the list");
		replace(scanner->source, scanner->last_at, 1, " ");
	}
	if (top != NULL && top->kind == (kind == '}' ? '{' : kind == ']' ? '[' : '(')) {
		scanner->name = top->name;      /* the next of a list of groups has it, too */
		scanner->n_names = top->n_names;        /* no name of this bracket comes again */
		scanner->n_brackets--;
		return;
	}
	if (!scanner->source->unbalanced)
		fault_add(scanner->source->faults, scanner->place, NULL,
			  "the %c here closes nothing that is open", kind);
	scanner->source->unbalanced = true;
}

static void scan_mark(struct scanner *scanner, char c)
{
	if (strchr("=:", c) != NULL && scanner->last == 'a')
		take_name(scanner);
	else if (strchr("{[(", c) != NULL)
		open_bracket(scanner, c);
	else if (strchr("}])", c) != NULL)
		close_bracket(scanner, c);
	scanner->last = c;
	scanner->last_at = scanner->source->text.len;
	buf_add_char(&scanner->source->text, c);
}

/* One line without its line end. */
static void scan_line(struct scanner *scanner, struct slice line)
{
	struct buf *text = &scanner->source->text;

	while (line.len > 0) {
		size_t used = 1;

		if (scanner->in_comment) {
			if (slice_starts_nocase(line, "*/"))
				scanner->in_comment = false;
			used = scanner->in_comment ? 1 : 2;
			buf_add_slice(text, slice_until(line, used));
		} else if (line.data[0] == '#' || slice_starts_nocase(line, "//")) {
			return;
		} else if (slice_starts_nocase(line, "/*")) {
			scanner->in_comment = true;
			scanner->comment_place = scanner->place;
			used = 2;
			buf_add_str(text, "/*");
		} else if (line.data[0] == '"') {
			used = scan_string(scanner, line);
		} else if (is_word_char(line.data[0])) {
			used = scan_word(scanner, line);
		} else if (strchr(" \t\f", line.data[0]) != NULL) {
			buf_add_char(text, ' ');
		} else {
			scan_mark(scanner, line.data[0]);
		}
		line = slice_from(line, used);
	}
}

/* `directory of the including file`/`path` */
static const char *include_path(struct scanner *scanner, struct slice path)
{
	const char *from = scanner->files[scanner->depth - 1].path;
	const char *slash = strrchr(from, '/');

	if (path.data[0] == '/' || slash == NULL)
		return arena_strndup(scanner->arena, path.data, path.len);
	return arena_printf(scanner->arena, "%.*s/%.*s", (int)(slash - from), from,
			    SLICE_ARG(path));
}

static void scan_include(struct scanner *scanner, struct slice line)
{
	struct slice rest = slice_trim_wsp(slice_from(line, strlen("@include")));
	struct slice path = slice_new(NULL, 0), behind = path;
	size_t end;

	if (rest.len > 2 && rest.data[0] == '"') {
		end = slice_find(slice_from(rest, 1), '"');
		path = slice_until(slice_from(rest, 1), end);
		behind = slice_trim(slice_from(rest, end + 2), " \t;");
	}
	if (path.len == 0 || path.len + 1 >= rest.len ||
	    (behind.len > 0 && behind.data[0] != '#' && !slice_starts_nocase(behind, "//")))
		fault_add(scanner->source->faults, scanner->place, "@include",
			  "cannot be understood; accepted: @include \"FILE\" on a line of its own");
	else if (scanner->depth == INCLUDE_DEPTH)
		fault_add(scanner->source->faults, scanner->place, "@include",
			  "files include one another too deep; accepted: %d levels", INCLUDE_DEPTH);
	else
		push_file(scanner, include_path(scanner, path), scanner->place);
}

/* A comment never runs from one file into the next. */
static void pop_file(struct scanner *scanner)
{
	struct open_file *file = &scanner->files[scanner->depth - 1];

	if (scanner->in_comment) {
		fault_add(scanner->source->faults, scanner->comment_place, NULL,
			  "the comment that begins here is never closed with */");
		begin_line(scanner);
		buf_add_str(&scanner->source->text, "*/\n");
		scanner->in_comment = false;
	}
	free(file->data);
	scanner->depth--;
}

static void scan_files(struct scanner *scanner)
{
	while (scanner->depth > 0) {
		bool full = buf_is_full(&scanner->source->text);
		struct open_file *file = &scanner->files[scanner->depth - 1];
		struct slice line, trimmed;
		size_t end = slice_find(file->rest, '\n');

		if (file->rest.len == 0 || full) {
			pop_file(scanner);
			continue;
		}
		line = slice_until(file->rest, end);
		file->rest = slice_from(file->rest, end + 1);
		file->line++;
		begin_line(scanner);
		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		trimmed = slice_trim_wsp(line);
		if (!scanner->in_comment && slice_starts_nocase(trimmed, "@include"))
			scan_include(scanner, trimmed);
		else
			scan_line(scanner, line);
		buf_add_char(&scanner->source->text, '\n');
	}
}

static void check_brackets(struct scanner *scanner)
{
	for (unsigned i = 0; i < scanner->n_brackets && !scanner->source->unbalanced; i++) {
		scanner->source->unbalanced = true;
		fault_add(scanner->source->faults, scanner->brackets[i].place, NULL,
			  "the %c that is opened here is never closed", scanner->brackets[i].kind);
	}
}

int source_read(struct source *source, const char *path, struct fault_list *faults)
{
	struct scanner scanner = { .source = source, .arena = faults->arena };
	struct place whole = { arena_strdup(faults->arena, path), 0, 0 };

	*source = (struct source){ .faults = faults, .path = whole.file };
	buf_init(&source->text, TEXT_OCTETS_MAX);
	if (!push_file(&scanner, whole.file, whole))
		return -1;
	scan_files(&scanner);
	check_brackets(&scanner);
	free(scanner.names);
	if (buf_is_full(&source->text)) {
		fault_add(faults, whole, NULL, "larger than 4 MB with its includes");
		return -1;
	}
	return 0;
}

void source_done(struct source *source)
{
	buf_done(&source->text);
	free(source->lines);
}

struct place source_place(const struct source *source, unsigned order)
{
	if (source->n_lines == 0)
		return (struct place){ source->path, 0, 0 };
	if (order == 0 || order > source->n_lines)
		return source->lines[source->n_lines - 1];
	return source->lines[order - 1];
}

struct slice source_line(const struct source *source, unsigned order)
{
	struct slice rest = buf_slice(&source->text), line = slice_new("", 0);

	for (unsigned i = 0; i < order && slice_split(&rest, '\n', &line); i++)
		;
	return line;
}
