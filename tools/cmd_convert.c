/* alignctl convert: what opendmarc left behind, as alignd's: its settings, and the
 * history of its decisions. */
#include "alignctl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "convert_opendmarc.h"

#define FILE_OCTETS ((size_t)1 << 20)
#define RESULT_OCTETS ((size_t)64 << 20)

struct options {
	const char *out;
	bool json, help;
	char **files;
	unsigned n_files;
};

static const char help_text[] =
	"Usage: alignctl convert opendmarc FILE [--out FILE]\n"
	"Takes over what opendmarc left.\n\n"
	"opendmarc writes an alignd.conf from an opendmarc.conf and the lists that it names, each\n"
	"line with the original above it, and says what has no counterpart and why. The result is\n"
	"a dry run.\n\n"
	"  -o, --out PATH         where the result goes (default: standard output); it must not be\n"
	"                         there yet\n"
	"  -h, --help\n\n"
	"Exit: 0, 64 usage, 65 the result has faults, which are printed, 66 no such file, 73 the\n"
	"      result cannot be written.\n\n"
	"Examples:\n"
	"  alignctl convert opendmarc /etc/opendmarc.conf --out /etc/alignd/alignd.conf\n"
	"  alignd -n\n";

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "out", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "o:h", names, NULL)) != -1) {
		switch (c) {
		case 'o': o->out = optarg; break;
		case 'h': o->help = true; return 0;
		default: return tool_usage("convert", "see the options");
		}
	}
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
	char path[64];

	if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len)
		code = tool_fail("convert", EX_OSERR, "the result cannot be checked: %s", strerror(errno));
	if (code == 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		settings = tool_settings("convert", written != NULL ? written : path);
		if (settings == NULL)
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
		return tool_usage("convert", "opendmarc: one FILE");
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

static const struct {
	const char *name;
	int (*run)(const struct options *o);
} kinds[] = {
	{ "opendmarc", convert_settings },
};

int cmd_convert(int argc, char **argv)
{
	struct options o = { 0 };
	int code;

	if (argc < 2)
		return tool_usage("convert", "opendmarc?");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(help_text, stdout);
		return 0;
	}
	code = parse_options(argc - 1, argv + 1, &o);
	if (code != 0 || o.help) {
		if (o.help)
			fputs(help_text, stdout);
		return code;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i].name) == 0)
			return kinds[i].run(&o);
	return tool_usage("convert", "what is \"%s\"?", argv[1]);
}
