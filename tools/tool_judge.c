#include "tool_judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alignctl.h"
#include "base/mem.h"
#include "judge/draws.h"

#define MESSAGE_MAX ((size_t)256 << 20)
#define CHUNK 65536

/* A judgement without a settings file: the defaults, nothing is done. */
static const char default_settings[] =
	"dry_run = true;\nauthserv_id = \"receiver.example\";\n";

static struct settings *load_defaults(const char *name)
{
	int fd = memfd_create("alignctl-defaults", MFD_CLOEXEC);
	struct settings *settings = NULL;
	char path[64];

	if (fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, default_settings, sizeof(default_settings) - 1) > 0)
		settings = tool_settings(name, path);
	close(fd);
	return settings;
}

static struct settings *load(const char *name, const char *config, bool *assumed_r)
{
	*assumed_r = config == NULL && access(TOOL_SETTINGS, F_OK) < 0 && errno == ENOENT;
	if (*assumed_r)
		return load_defaults(name);
	return tool_settings(name, config != NULL ? config : TOOL_SETTINGS);
}

int tool_engine_open(const char *name, const char *config, const char *zone,
		     struct tool_engine *out_r)
{
	struct tool_engine tool = { 0 };
	struct resolver *resolver;
	const char *error = NULL, *key_error;

	tool.settings = load(name, config, &tool.settings_assumed);
	if (tool.settings == NULL)
		return EX_CONFIG;
	resolver = engine_resolver(tool.settings, zone, &error);
	if (resolver != NULL)
		tool.engine = engine_open_with(tool.settings, resolver, &error);
	if (tool.engine == NULL) {
		settings_unref(tool.settings);
		return tool_fail(name, zone != NULL ? EX_NOINPUT : EX_UNAVAILABLE, "%s", error);
	}
	tool.key_assumed = draw_key_read(tool.settings->sample_key_file, tool.engine->sample_key,
					 &key_error) < 0;
	*out_r = tool;
	return 0;
}

void tool_engine_close(struct tool_engine *tool)
{
	engine_unref(tool->engine);
	settings_unref(tool->settings);
}

static struct slice next_line(struct slice *rest)
{
	size_t end = slice_find(*rest, '\n');
	struct slice line = slice_until(*rest, end < rest->len ? end + 1 : end);

	*rest = slice_from(*rest, line.len);
	return line;
}

static bool is_blank(struct slice line)
{
	return slice_trim(line, "\r\n").len == 0;
}

/* "From SENDER DATE", which mailbox files begin a message with; "From :" is the
 * field (RFC 5322 4.5). */
static bool is_mbox_line(struct slice text)
{
	if (text.len < 5 || memcmp(text.data, "From ", 5) != 0)
		return false;
	text = slice_trim_wsp(slice_from(text, 5));
	return text.len == 0 || text.data[0] != ':';
}

void tool_text_split(struct slice all, struct tool_text *out)
{
	struct slice rest = all, line;

	if (is_mbox_line(all))
		next_line(&rest);
	out->header.data = rest.data;
	while (rest.len > 0) {
		const char *start = rest.data;

		line = next_line(&rest);
		if (is_blank(line)) {
			out->header.len = (size_t)(start - out->header.data);
			out->body = rest;
			return;
		}
	}
	out->header.len = (size_t)(rest.data - out->header.data);
	out->body = rest;
}

int tool_text_read(const char *name, const char *path, struct tool_text *out_r)
{
	FILE *in = path != NULL && strcmp(path, "-") != 0 ? fopen(path, "rb") : stdin;
	size_t len = 0, size = 0, got = 1;
	char *data = NULL;
	bool bad;

	if (in == NULL)
		return tool_fail(name, EX_NOINPUT, "%s: %s", path, strerror(errno));
	while (got > 0 && len < MESSAGE_MAX) {
		if (size - len < CHUNK) {
			size = size > 0 ? size * 2 : CHUNK;
			data = mem_realloc(data, size);
		}
		got = fread(data + len, 1, size - len, in);
		len += got;
	}
	bad = ferror(in) != 0;
	if (in != stdin)
		fclose(in);
	if (bad || len >= MESSAGE_MAX || len == 0) {
		free(data);
		return tool_fail(name, EX_NOINPUT, "%s: %s", path != NULL ? path : "standard input",
				 bad ? "cannot be read" : len == 0 ? "is empty" : "is too large");
	}
	*out_r = (struct tool_text){ .data = data };
	tool_text_split(slice_new(data, len), out_r);
	return 0;
}

void tool_text_done(struct tool_text *text)
{
	free(text->data);
}

bool tool_next_field(struct slice *header, struct slice *name_r, struct slice *value_r,
		     unsigned *skipped)
{
	while (header->len > 0) {
		struct slice field = next_line(header);
		size_t colon;

		while (header->len > 0 && (header->data[0] == ' ' || header->data[0] == '\t'))
			field.len += next_line(header).len;
		colon = slice_find(field, ':');
		if (colon > 0 && colon < field.len && field.data[0] != ' ' && field.data[0] != '\t') {
			*name_r = slice_until(field, colon);
			*value_r = slice_from(field, colon + 1);
			while (value_r->len > 0 && (value_r->data[value_r->len - 1] == '\n' ||
						    value_r->data[value_r->len - 1] == '\r'))
				value_r->len--;
			return true;
		}
		if (skipped != NULL)
			(*skipped)++;
	}
	return false;
}

void tool_feed_body(struct message *message, struct slice body)
{
	while (body.len > 0) {
		struct slice line = next_line(&body);
		bool ended = line.data[line.len - 1] == '\n';

		if (ended)
			line.len--;
		if (ended && line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		message_body(message, line.data, line.len);
		if (ended)
			message_body(message, "\r\n", 2);
	}
}

void tool_feed(struct message *message, const struct tool_text *text)
{
	struct slice header = text->header, name, value;

	while (tool_next_field(&header, &name, &value, NULL))
		message_header(message, name, value);
	message_eoh(message);
	tool_feed_body(message, text->body);
}
