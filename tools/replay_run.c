#include "replay_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alignctl.h"
#include "base/clock.h"
#include "base/mem.h"
#include "replay_mbox.h"
#include "replay_message.h"
#include "replay_pool.h"
#include "tool_journal.h"
#include "tool_progress.h"

#define BUDGET_OCTETS ((size_t)192 << 20)       /* of messages in memory */

struct replay {
	const struct replay_options *options;
	struct replay_pool *pool;
	struct replay_seen *seen;
	struct journal *journal;
	bool full_addresses;
	const char *mode;
	pthread_mutex_t mutex;          /* of what follows */
	struct replay_tally *tally;
	uint64_t octets_done;
	bool write_failed;
	/* the thread that finds messages */
	struct tool_progress progress;
	uint64_t octets_before, octets_all;     /* octets_before: of paths that are done */
};

/* A message on its way to a worker. */
struct item {
	char *path, *key;
	uint64_t number;                /* in an mbox, from 1; 0: a file of its own */
	char *data;                     /* NULL: the worker reads the file */
	size_t len;
	uint64_t octets;                /* of the file, for the bar */
	int64_t changed_ms;
};

static void item_free(struct item *item)
{
	free(item->path);
	free(item->key);
	free(item->data);
	free(item);
}

static bool is_stopped(void *context)
{
	struct replay *r = context;
	bool failed;

	pthread_mutex_lock(&r->mutex);
	failed = r->write_failed;
	pthread_mutex_unlock(&r->mutex);
	return failed || *r->options->interrupted != 0;
}

static void say_fault(struct replay *r, enum replay_fault fault, const char *path, uint64_t number)
{
	struct arena *arena = arena_new();

	pthread_mutex_lock(&r->mutex);
	replay_tally_fault(r->tally, fault, number == 0 ? path :
			   arena_printf(arena, "%s#%llu", path, (unsigned long long)number));
	pthread_mutex_unlock(&r->mutex);
	arena_free(arena);
}

/* ---- one message ---- */

static void write_line(struct replay *r, const struct decision *decision)
{
	struct decision_json_options options = { .full_addresses = r->full_addresses };
	struct buf line;
	bool written;

	buf_init(&line, LIMIT_JOURNAL_LINE + 1);
	decision_json_write(&line, decision, &options);
	written = journal_append(r->journal, buf_slice(&line));
	buf_done(&line);
	pthread_mutex_lock(&r->mutex);
	r->write_failed = r->write_failed || !written;
	if (written) {
		r->tally->now++;
		replay_tally_decision(r->tally, decision);
	}
	pthread_mutex_unlock(&r->mutex);
}

static void judge(struct replay *r, const struct item *item, const struct tool_text *text,
		  const struct replay_envelope *envelope, uint64_t id)
{
	const struct verdict *verdict;
	struct message *message = replay_message_judge(r->options->tool->engine, text, envelope, &verdict);
	struct arena *arena = message_arena(message);
	struct decision decision = {
		.line_id = arena_printf(arena, REPLAY_ID "%llu", (unsigned long long)id),
		.queue_id = item->number == 0 ? item->path :
			    arena_printf(arena, "%s#%llu", item->path, (unsigned long long)item->number),
		.mode = r->mode, .evidence = *message_evidence(message), .verdict = *verdict,
		.done = "none",
	};

	write_line(r, &decision);
	message_free(message);
}

static void take_content(struct replay *r, const struct item *item, struct slice content)
{
	struct replay_envelope envelope;
	struct tool_text text;
	enum replay_fault fault = replay_message_split(content, &text);
	enum replay_seen_when when;
	uint64_t id;

	if (fault != FAULT_NONE) {
		say_fault(r, fault, item->path, item->number);
		return;
	}
	id = replay_id(item->key, content);
	when = replay_seen_now(r->seen, id);
	if (when == SEEN_NOW) {
		say_fault(r, FAULT_REPEATED, item->path, item->number);
		return;
	}
	replay_envelope_read(text.header, r->options->trusted_hops, item->changed_ms, clock_utc_ms(),
			     &envelope);
	pthread_mutex_lock(&r->mutex);
	replay_tally_assumed(r->tally, envelope.assumed);
	pthread_mutex_unlock(&r->mutex);
	if (when == SEEN_NEVER)
		judge(r, item, &text, &envelope, id);
}

/* 0, or an errno; shorter than it was when somebody truncates it meanwhile. */
static int read_file(const char *path, char *data, size_t size, size_t *len_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), code = 0;
	ssize_t n = 1;

	*len_r = 0;
	if (fd < 0)
		return errno;
	while (*len_r < size && n > 0) {
		n = read(fd, data + *len_r, size - *len_r);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			code = errno;
		else
			*len_r += (size_t)n;
	}
	close(fd);
	return code;
}

static void take_file(struct replay *r, struct item *item)
{
	size_t size = (size_t)item->octets;
	int code;

	replay_pool_take(r->pool, size);
	item->data = mem_alloc(size);
	code = read_file(item->path, item->data, size, &item->len);
	if (code != 0)
		say_fault(r, replay_fault_of(code), item->path, 0);
	else if (item->len == 0)
		say_fault(r, FAULT_EMPTY, item->path, 0);
	else
		take_content(r, item, slice_new(item->data, item->len));
	free(item->data);
	item->data = NULL;
	replay_pool_give(r->pool, size);
}

static void work(void *context, void *p)
{
	struct replay *r = context;
	struct item *item = p;

	if (item->number == 0) {
		take_file(r, item);
	} else {
		take_content(r, item, slice_new(item->data, item->len));
		replay_pool_give(r->pool, item->len);
	}
	pthread_mutex_lock(&r->mutex);
	r->octets_done += item->octets;
	pthread_mutex_unlock(&r->mutex);
	item_free(item);
}

static void drop(void *context, void *p)
{
	struct replay *r = context;
	struct item *item = p;

	if (item->number > 0)
		replay_pool_give(r->pool, item->len);
	item_free(item);
}

/* ---- finding them ---- */

static void show_progress(void *context)
{
	struct replay *r = context;
	unsigned long long now, done;

	if (!r->progress.on || clock_mono_ms() < r->progress.next_ms)
		return;
	pthread_mutex_lock(&r->mutex);
	now = r->tally->now;
	done = r->octets_done;
	pthread_mutex_unlock(&r->mutex);
	tool_progress_show(&r->progress, r->octets_all > 0 ? (double)done / (double)r->octets_all : -1,
			   "%llu messages judged", now);
}

static struct item *new_item(const struct replay_file *file, uint64_t number, uint64_t octets)
{
	struct item *item = mem_zalloc(sizeof(*item));

	item->path = mem_strdup(file->path);
	item->key = mem_strdup(file->key);
	item->number = number;
	item->octets = octets;
	item->changed_ms = file->changed_ms;
	return item;
}

static void put_message(struct replay *r, struct item *item, const struct replay_mbox_message *message)
{
	item->data = message->data;
	item->len = message->len;
	replay_pool_take(r->pool, item->len);
	replay_pool_put(r->pool, item);
}

static bool on_mbox(struct replay *r, const struct replay_file *file)
{
	struct replay_mbox_message message;
	uint64_t number = 0, before = 0;
	struct replay_mbox *mbox;
	int code = 0, fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		say_fault(r, replay_fault_of(errno), file->path, 0);
		return true;
	}
	mbox = replay_mbox_new(fd, REPLAY_MAX_OCTETS);
	while (!is_stopped(r) && (code = replay_mbox_next(mbox, &message)) == 1) {
		number++;
		if (message.data != NULL)
			put_message(r, new_item(file, number, message.end - before), &message);
		else
			say_fault(r, FAULT_TOO_LARGE, file->path, number);
		before = message.end;
	}
	if (code < 0)
		say_fault(r, FAULT_UNREADABLE, file->path, number + 1);
	replay_mbox_free(mbox);
	return !is_stopped(r);
}

static bool on_file(void *context, const struct replay_file *file)
{
	struct replay *r = context;

	if (is_stopped(r))
		return false;
	show_progress(r);
	if (file->kind == REPLAY_MBOX)
		return on_mbox(r, file);
	replay_pool_put(r->pool, new_item(file, 0, file->octets));
	return true;
}

static void on_fault(void *context, enum replay_fault fault, const char *path)
{
	say_fault(context, fault, path, 0);
}

static bool add_octets(void *context, const struct replay_file *file)
{
	struct replay *r = context;

	r->octets_all += file->octets;
	show_progress(r);
	return !is_stopped(r);
}

static void no_fault(void *context, enum replay_fault fault, const char *path)
{
	(void)context;
	(void)fault;
	(void)path;
}

/* How much there is, for the bar alone. */
static void measure(struct replay *r)
{
	struct replay_visitor visitor = { .file = add_octets, .fault = no_fault, .context = r };

	for (unsigned i = 0; r->progress.on && i < r->options->n_paths; i++)
		replay_walk(r->options->paths[i], &visitor);
}

static int feed(struct replay *r)
{
	struct replay_visitor visitor = { .file = on_file, .fault = on_fault, .context = r };
	struct replay_pool_options pool = {
		.threads = r->options->jobs, .octets = BUDGET_OCTETS, .work = work, .drop = drop,
		.tick = show_progress, .stopped = is_stopped, .context = r,
	};
	bool go_on = true;

	measure(r);
	r->pool = replay_pool_new(&pool);
	if (r->pool == NULL)
		return tool_fail(r->options->name, EX_OSERR, "no thread could be started");
	for (unsigned i = 0; go_on && i < r->options->n_paths; i++)
		go_on = replay_walk(r->options->paths[i], &visitor);
	replay_pool_finish(r->pool);
	return 0;
}

/* ---- the journal ---- */

static bool on_line(void *context, const char *file, uint64_t line_no, struct slice line)
{
	struct replay *r = context;
	struct arena *arena = arena_new();
	struct decision decision;
	const char *error;
	uint64_t id;

	(void)file;
	(void)line_no;
	if (decision_json_read(arena, line, &decision, &error) != 0 ||
	    !replay_id_parse(REPLAY_ID, decision.line_id, &id)) {
		r->tally->broken_lines++;
	} else {
		replay_seen_earlier(r->seen, id);
		r->tally->earlier++;
		replay_tally_decision(r->tally, &decision);
	}
	arena_free(arena);
	return *r->options->interrupted == 0;
}

static int read_earlier(struct replay *r)
{
	uint64_t skipped = 0;
	int code = tool_journal_read(r->options->name, r->options->directory, 0, on_line, r, &skipped);

	r->tally->broken_lines += skipped;
	return code;
}

static int run(struct replay *r)
{
	const struct replay_options *options = r->options;
	int code = read_earlier(r), written;

	if (code == 0)
		r->journal = tool_journal_open(options->name, options->directory, "replay", &code);
	if (code != 0)
		return code;
	tool_progress_start(&r->progress);
	code = feed(r);
	tool_progress_clear(&r->progress);
	written = tool_journal_close(options->name, options->directory, r->journal, r->write_failed);
	return code != 0 ? code : written;
}

int replay_run(const struct replay_options *options, struct replay_tally *tally_r)
{
	const struct settings *settings = options->tool->settings;
	struct replay r = {
		.options = options, .seen = replay_seen_new(), .tally = tally_r,
		.full_addresses = settings->journal_addresses == ADDRESS_FULL,
		.mode = names_get(mode_names, (int)settings->ruleset.mode),
	};
	int code;

	*tally_r = (struct replay_tally){ 0 };
	pthread_mutex_init(&r.mutex, NULL);
	code = run(&r);
	pthread_mutex_destroy(&r.mutex);
	replay_seen_free(r.seen);
	return code;
}
