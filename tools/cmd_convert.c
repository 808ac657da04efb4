/* alignctl convert: what opendmarc left behind, as alignd's: its settings, and the
 * history of its decisions. */
#include "alignctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "convert_journal.h"
#include "convert_opendmarc.h"
#include "judge/engine.h"
#include "tool_options.h"

#define FILE_OCTETS ((size_t)1 << 20)
#define RESULT_OCTETS ((size_t)64 << 20)

struct options {
	const char *out, *kind;
	bool json, help;
	char **files;
	unsigned n_files;
};

static const char help_text[] =
	"Usage: alignctl convert opendmarc FILE [--out FILE]\n"
	"       alignctl convert history FILE... --out DIR [--json]\n"
	"Takes over what opendmarc left.\n\n"
	"opendmarc writes an alignd.conf from an opendmarc.conf and the lists that it names, each\n"
	"line with the original above it, and says what has no counterpart and why. The result is\n"
	"a dry run.\n"
	"history reads the HistoryFile of opendmarc (Exim: dmarc_history_file) into a journal, which\n"
	"load, stats and what-if read. A message is written once, however often its file is given.\n\n"
	"  -o, --out PATH         where the result goes. Settings: a file that is not there yet\n"
	"                         (default: standard output); history: the journal's directory\n"
	"  -j, --json             history: the summary as one JSON object\n"
	"  -h, --help\n\n"
	"Exit: 0, 64 usage, 65 the result has faults, which are printed, or DIR is of something\n"
	"      else, 66 no such file, 73, 74 the result cannot be written.\n\n"
	"Examples:\n"
	"  alignctl convert opendmarc /etc/opendmarc.conf --out alignd.conf\n"
	"  alignd -n -c alignd.conf\n"
	"  alignctl convert history /run/opendmarc/opendmarc.dat --out ./history\n"
	"  alignctl load --journal ./history --store history.sqlite\n";

static int parse_options(int argc, char **argv, struct options *o)
{
	const struct tool_option rows[] = {
		{ "out", 'o', .argument = &o->out },
		{ "json", 'j', .flag = &o->json },
	};
	int code = TOOL_OPTIONS(argc, argv, rows, help_text, &o->help);

	if (code != 0 || o->help)
		return code;
	if (optind == argc)
		return tool_usage(argv[0], "what is to be converted, opendmarc or history?");
	o->kind = argv[optind++];
	o->files = argv + optind;
	o->n_files = (unsigned)(argc - optind);
	return 0;
}

/* ---- opendmarc.conf ---- */

static int read_text(struct arena *arena, const char *path, struct slice *text_r)
{
	FILE *in = fopen(path, "rb");
	char *data = arena_alloc(arena, FILE_OCTETS + 1);
	size_t n = in != NULL ? fread(data, 1, FILE_OCTETS + 1, in) : 0;
	int code = 0;

	if (in == NULL || ferror(in))
		code = tool_fail("convert", EX_NOINPUT, "%s: %s", path, strerror(errno));
	else if (n > FILE_OCTETS)
		code = tool_fail("convert", EX_NOINPUT, "%s: larger than 1 MB", path);
	if (in != NULL)
		fclose(in);
	*text_r = slice_new(data, n);
	return code;
}

/* With a dot, when there is a way to know it. */
static void find_host(char *out, size_t size)
{
	if (gethostname(out, size) != 0 || out[0] == '\0')
		snprintf(out, size, "localhost");
	out[size - 1] = '\0';
}

/* Read by the daemon's own reader; its faults are printed. */
static int check_result(struct slice text, const char *written)
{
	int fd = memfd_create("alignd.conf", MFD_CLOEXEC), code = 0;
	struct settings *settings;
	const char *error = NULL;
	char path[64];

	if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len)
		code = tool_fail("convert", EX_OSERR, "the result cannot be checked: %s", strerror(errno));
	if (code == 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		settings = tool_settings("convert", written != NULL ? written : path);
		if (settings != NULL && engine_check(settings, &error) < 0)
			tool_fail("convert", EX_DATAERR, "%s", error);
		if (settings == NULL || error != NULL)
			code = tool_fail("convert", EX_DATAERR, "the result has to be mended: alignd does not "
					 "start with it");
		settings_unref(settings);
	}
	if (fd >= 0)
		close(fd);
	return code;
}

static int write_result(const char *path, struct slice text)
{
	FILE *out = stdout;
	int fd;

	if (path != NULL) {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		out = fd >= 0 ? fdopen(fd, "w") : NULL;
	}
	if (out == NULL)
		return tool_fail("convert", EX_CANTCREAT, "%s: %s", path, strerror(errno));
	fwrite(text.data, 1, text.len, out);
	if (path != NULL && fclose(out) != 0)
		return tool_fail("convert", EX_IOERR, "%s: %s", path, strerror(errno));
	return 0;
}

static int convert_settings(const struct options *o)
{
	struct arena *arena = arena_new();
	struct convert_counts counts;
	struct slice text;
	struct buf result;
	char host[256];
	int code;

	if (o->n_files != 1) {
		arena_free(arena);
		return tool_usage("convert", "opendmarc needs one FILE");
	}
	code = read_text(arena, o->files[0], &text);
	if (code == 0) {
		buf_init(&result, RESULT_OCTETS);
		find_host(host, sizeof(host));
		convert_opendmarc(arena, text, o->files[0], host, &result, &counts);
		code = write_result(o->out, buf_slice(&result));
		if (code == 0)
			tool_fail("convert", 0, "lines with an option: %u; converted %u, without a counterpart "
				  "%u, unknown %u", counts.lines, counts.converted, counts.without,
				  counts.unknown);
		if (code == 0)
			code = check_result(buf_slice(&result), o->out);
		buf_done(&result);
	}
	arena_free(arena);
	return code;
}

/* ---- history ---- */

static void put_count(uint64_t n, const char *words)
{
	if (n > 0)
		printf("  %10llu  %s\n", (unsigned long long)n, words);
}

static void print_text(const struct convert_tally *t, const char *directory)
{
	char first[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];

	printf("Messages in the history: %llu, written to %s: %llu\n", (unsigned long long)t->records,
	       directory, (unsigned long long)t->written);
	if (t->written > 0) {
		clock_format(t->first_ms, first);
		clock_format(t->last_ms, last);
		printf("Received from %.10s to %.10s\n", first, last);
	}
	put_count(t->known, "were there already");
	put_count(t->differ, "are decided otherwise than the history says");
	for (int i = 1; i < HISTORY_FAULTS; i++)
		if (t->faults[i] > 0)
			printf("  %10llu  left out: %s\n", (unsigned long long)t->faults[i],
			       names_get(history_fault_names, i));
	put_count(t->too_long, "left out: too long");
	put_count(t->torn, "left out: cut off at the end of its file");
	put_count(t->stray_lines, "lines before the first message");
	put_count(t->unknown_lines, "lines with a key that is not known");
	puts("A history does not tell marks of lists and forwarding, HELO, the client's name, recipients\n"
	     "and what is in ARC sets: what-if counts messages for which they matter as undecided.");
}

static void print_json(const struct convert_tally *t, const char *directory)
{
	struct json_out json;
	struct buf buf;

	buf_init(&buf, 65536);
	json_begin(&json, &buf, LIMIT_JOURNAL_STRING);
	json_put_object(&json, NULL);
	json_put_string(&json, "journal", directory);
	json_put_int(&json, "messages", (int64_t)t->records);
	json_put_int(&json, "written", (int64_t)t->written);
	json_put_int(&json, "known", (int64_t)t->known);
	json_put_int(&json, "differ", (int64_t)t->differ);
	json_put_object(&json, "left_out");
	for (int i = 1; i < HISTORY_FAULTS; i++)
		json_put_int(&json, names_get(history_fault_names, i), (int64_t)t->faults[i]);
	json_put_int(&json, "too long", (int64_t)t->too_long);
	json_put_int(&json, "cut off at the end of its file", (int64_t)t->torn);
	json_put_object_end(&json);
	json_put_int(&json, "stray_lines", (int64_t)t->stray_lines);
	json_put_int(&json, "unknown_lines", (int64_t)t->unknown_lines);
	json_put_object_end(&json);
	puts(buf_str(&buf));
	buf_done(&buf);
}

static int convert_files(const struct options *o)
{
	struct convert_tally tally;
	int code;

	if (o->n_files == 0 || o->out == NULL)
		return tool_usage("convert", "history needs FILE... and --out DIR");
	code = convert_journal("convert", o->files, o->n_files, o->out, &tally);
	if (code != 0)
		return code;
	(o->json ? print_json : print_text)(&tally, o->out);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct options *o);
} kinds[] = {
	{ "opendmarc", convert_settings },
	{ "history", convert_files },
};

int cmd_convert(int argc, char **argv)
{
	struct options o = { 0 };
	int code = parse_options(argc, argv, &o);

	if (code != 0 || o.help)
		return code;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(o.kind, kinds[i].name) == 0)
			return kinds[i].run(&o);
	return tool_usage(argv[0], "what is \"%s\"?", o.kind);
}
