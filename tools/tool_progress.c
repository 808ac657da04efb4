#include "tool_progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define FIRST_MS 1000
#define EVERY_MS 200
#define CALLS 256                       /* the clock is looked at after so many */
#define BAR_CELLS 20

void tool_progress_start(struct tool_progress *progress)
{
	*progress = (struct tool_progress){
		.on = isatty(STDERR_FILENO) == 1, .next_ms = clock_mono_ms() + FIRST_MS,
	};
}

bool tool_progress_due(struct tool_progress *progress)
{
	return progress->on && progress->calls++ % CALLS == 0 &&
	       clock_mono_ms() >= progress->next_ms;
}

static void print_bar(double part)
{
	static const char full[BAR_CELLS + 1] = "####################";
	static const char empty[BAR_CELLS + 1] = "....................";
	int cells = part < 1 ? (int)(part * BAR_CELLS) : BAR_CELLS;

	fprintf(stderr, "[%.*s%.*s] %3d %%  ", cells, full, BAR_CELLS - cells, empty,
		part < 1 ? (int)(part * 100) : 100);
}

void tool_progress_show(struct tool_progress *progress, double part, const char *format, ...)
{
	va_list args;

	fputc('\r', stderr);
	if (part >= 0)
		print_bar(part);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\033[K", stderr);
	progress->next_ms = clock_mono_ms() + EVERY_MS;
	progress->shown = true;
}

void tool_progress_clear(struct tool_progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}

double tool_progress_of_line(struct slice line, int64_t since_ms, int64_t until_ms)
{
	static const char key[] = "\"when\":\"";
	const char *at = memmem(line.data, line.len, key, sizeof(key) - 1);
	struct slice when;
	int64_t when_ms;

	if (at == NULL || until_ms <= since_ms)
		return -1;
	when = slice_from(line, (size_t)(at - line.data) + sizeof(key) - 1);
	if (!clock_parse(slice_until(when, slice_find(when, '"')), &when_ms) || when_ms < since_ms)
		return -1;
	return (double)(when_ms - since_ms) / (double)(until_ms - since_ms);
}
