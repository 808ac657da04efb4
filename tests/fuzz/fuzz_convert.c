/* Files of another program's. The first octet says which: 'c', an opendmarc.conf, whose
 * conversion alignd accepts, or a history of messages, whose decisions the journal
 * takes and gives back. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "convert_history.h"
#include "convert_opendmarc.h"
#include "settings/settings.h"

static void check_accepted(const struct buf *out)
{
	struct settings_faults faults;
	struct settings *settings;
	int fd = memfd_create("converted", MFD_CLOEXEC);
	char path[64];

	FUZZ_NEED(fd >= 0 && write(fd, buf_str(out), out->len) == (ssize_t)out->len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	settings = settings_load(path, &faults);
	if (settings == NULL)
		fprintf(stderr, "%s\nin\n%s\n", faults.lines[0], buf_str(out));
	FUZZ_NEED(settings != NULL && settings->ruleset.dry_run);
	settings_faults_free(&faults);
	settings_unref(settings);
	close(fd);
}

static void check_conf(struct arena *arena, struct slice text)
{
	struct convert_counts counts;
	struct buf out;

	buf_init(&out, 4 << 20);
	convert_opendmarc(arena, text, "opendmarc.conf", "mx.receiver.example", &out, &counts);
	FUZZ_NEED(counts.converted + counts.without + counts.unknown <= counts.lines);
	FUZZ_NEED(!buf_is_full(&out));
	check_accepted(&out);
	buf_done(&out);
}

static void check_decision(struct arena *arena, struct decision *decision)
{
	static const struct decision_json_options options = { .full_addresses = true };
	struct decision *again = ARENA_NEW(arena, struct decision);
	const char *error = NULL;
	struct buf line;

	FUZZ_NEED(decision->evidence.from_history);
	FUZZ_NEED(decision->verdict.result != RES_DMARC_UNSET && decision->verdict.chosen != ACTION_UNSET);
	decision->line_id = "history-0-1";
	buf_init(&line, LIMIT_JOURNAL_LINE);
	decision_json_write(&line, decision, &options);
	FUZZ_NEED(!buf_is_full(&line));
	FUZZ_NEED(decision_json_read(arena, buf_slice(&line), again, &error) == 0);
	FUZZ_NEED(again->verdict.result == decision->verdict.result);
	buf_done(&line);
}

static void check_history(struct arena *arena, struct slice text)
{
	struct history_record record;
	struct decision *decision = ARENA_NEW(arena, struct decision);
	struct slice line;
	bool differs;

	history_record_init(&record);
	while (slice_split(&text, '\n', &line))
		history_record_line(&record, slice_until(line, HISTORY_LINE_OCTETS));
	FUZZ_NEED(record.n_dkim <= HISTORY_SIGNATURES && record.n_rua <= HISTORY_URIS);
	if (history_decision(arena, &record, decision, &differs) == HISTORY_OK)
		check_decision(arena, decision);
}

void fuzz_convert(const uint8_t *data, size_t size)
{
	struct slice text = slice_from(fuzz_slice(data, size), 1);
	struct arena *arena = arena_new();

	if (size > 0 && data[0] == 'c')
		check_conf(arena, text);
	else
		check_history(arena, text);
	arena_free(arena);
}
