#include "store/loading.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "auth/crypto.h"
#include "base/mem.h"
#include "store/journal_files.h"
#include "store/journal_lines.h"

#define BATCH_LINES 1000
#define ARENA_OCTETS 1048576            /* of lines at hand, then a new one */

void loading_init(struct loading *loading, const struct loader_options *options)
{
	*loading = (struct loading){ .options = options };
	pthread_mutex_init(&loading->mutex, NULL);
}

static void free_files(struct loading_file *files, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		free(files[i].name);
	free(files);
}

void loading_done(struct loading *loading)
{
	free_files(loading->files, loading->n_files);
	pthread_mutex_destroy(&loading->mutex);
}

void loading_use(struct loading *loading, struct store *store)
{
	loading->store = store;
	for (unsigned i = 0; i < loading->n_files; i++)
		loading->files[i].placed = false;
}

void loading_report(const struct loading *loading, bool is_problem, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (loading->options->report == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	loading->options->report(loading->options->report_context, is_problem, text);
}

static enum loading_result store_failed(struct loading *l)
{
	snprintf(l->error, sizeof(l->error), "%s", store_error(l->store));
	store_rollback(l->store);
	return LOADING_NO_STORE;
}

/* ---- lines ---- */

struct batch {
	struct arena *arena;
	struct store_position next;     /* behind the last line */
	unsigned n;
	uint64_t loaded, known, refused;
	bool begun;
};

static void refuse_line(struct loading *l, struct loading_file *file, struct batch *batch,
			const char *error)
{
	batch->refused++;
	batch->next.refused++;
	if (!file->told)
		loading_report(l, true, "%s:%llu: not loaded: %s; more of this file are only counted",
			       file->name, (unsigned long long)batch->next.lines, error);
	file->told = true;
}

/* HOST-STARTms.PID-SEQUENCE, as journal_next_id() makes it. */
static bool is_line_id(const char *id)
{
	struct slice s = slice_of(id);
	size_t digits = 0;
	uint64_t sequence;

	while (digits < s.len && ascii_is_digit(s.data[s.len - 1 - digits]))
		digits++;
	return s.len < 128 && digits > 0 && digits + 1 < s.len && s.data[s.len - 1 - digits] == '-' &&
	       slice_number(slice_from(s, s.len - digits), INT64_MAX, &sequence);
}

/* -1: the store failed. */
static int take_line(struct loading *l, struct loading_file *file, struct batch *batch,
		     struct slice line)
{
	const char *error = NULL;
	struct decision decision;
	int taken;

	if (arena_bytes(batch->arena) > ARENA_OCTETS) {
		arena_free(batch->arena);
		batch->arena = arena_new();
	}
	if (decision_json_read(batch->arena, line, &decision, &error) == 0 &&
	    (!is_line_id(decision.line_id) || decision.evidence.when_ms <= 0))
		error = "it has no id of a line, or no time";
	if (error != NULL) {
		refuse_line(l, file, batch, error);
		return 0;
	}
	taken = store_add(l->store, &decision);
	batch->loaded += taken == 1;
	batch->known += taken == 0;
	return taken < 0 ? -1 : 0;
}

static int begin_batch(struct loading *l, struct batch *batch)
{
	if (batch->begun)
		return 0;
	batch->begun = true;
	return store_begin(l->store);
}

/* JOURNAL_LINE at the end of a full batch. -1 in *code_r: the store failed. */
static enum journal_read_state take_lines(struct loading *l, struct loading_file *file,
					  struct journal_lines *lines, struct batch *batch, int *code_r)
{
	unsigned most = l->options->batch_lines > 0 ? l->options->batch_lines : BATCH_LINES;
	enum journal_read_state state = JOURNAL_LINE;
	struct slice line;

	*code_r = 0;
	while (batch->n < most && *code_r == 0) {
		state = journal_lines_next(lines, &line);
		if (state == JOURNAL_END || state == JOURNAL_DAMAGED)
			return state;
		batch->n++;
		batch->next.lines++;
		batch->next.octets = journal_lines_octets(lines);
		*code_r = begin_batch(l, batch);
		if (*code_r == 0 && state == JOURNAL_TOO_LONG)
			refuse_line(l, file, batch, "longer than any line of the journal");
		else if (*code_r == 0 && line.len > 0)
			*code_r = take_line(l, file, batch, line);
	}
	return JOURNAL_LINE;
}

static void note_batch(struct loading *l, struct loading_file *file, const struct batch *batch)
{
	pthread_mutex_lock(&l->mutex);
	l->counts.loaded += batch->loaded;
	l->counts.known += batch->known;
	l->counts.refused += batch->refused;
	if (batch->next.octets > file->position.octets)
		l->counts.bytes += batch->next.octets - file->position.octets;
	file->position = batch->next;
	pthread_mutex_unlock(&l->mutex);
}

/* Lines and place together, or neither. */
static int commit_batch(struct loading *l, const struct loading_file *file, struct batch *batch)
{
	if (begin_batch(l, batch) != 0)
		return -1;
	if (!l->options->by_id_alone && store_set_position(l->store, file->name, &batch->next) != 0)
		return -1;
	return store_commit(l->store);
}

/* `anew`: the place itself is news, even without a line. */
static enum loading_result load_batch(struct loading *l, struct loading_file *file,
				      struct journal_lines *lines, bool anew,
				      enum journal_read_state *state_r)
{
	struct batch batch = { .arena = arena_new(), .next = file->position };
	int code;

	*state_r = take_lines(l, file, lines, &batch, &code);
	arena_free(batch.arena);
	if (code == 0 && *state_r == JOURNAL_DAMAGED)
		refuse_line(l, file, &batch, "from here on the file is damaged");
	if (code == 0 && (batch.n > 0 || anew))
		code = commit_batch(l, file, &batch);
	if (code != 0)
		return store_failed(l);
	note_batch(l, file, &batch);
	return LOADING_DONE;
}

/* ---- files ---- */

static void note_whole(struct loading *l, struct loading_file *file, const struct journal_file *seen)
{
	pthread_mutex_lock(&l->mutex);
	l->counts.files_left -= !file->whole;
	file->whole = true;
	file->compressed = seen->compressed;
	file->bytes = seen->bytes;
	pthread_mutex_unlock(&l->mutex);
}

/* By its size, without reading all of it. */
static bool ends_at_place(const struct loading *l, const struct loading_file *file,
			  const struct journal_file *seen)
{
	uint64_t octets;

	return journal_lines_size(l->options->directory, seen->name, &octets) == 0 &&
	       (seen->compressed ? (uint32_t)octets == (uint32_t)file->position.octets :
				   octets == file->position.octets);
}

/* 0: there is no whole line yet. */
static int64_t hash_first_line(struct journal_lines *lines)
{
	uint8_t octets[CRYPTO_HASH_OCTETS];
	struct crypto_hash *hash;
	struct slice line;
	int64_t number;

	if (journal_lines_next(lines, &line) != JOURNAL_LINE)
		return 0;
	hash = crypto_hash_new();
	crypto_hash_add(hash, line.data, line.len);
	crypto_hash_end(hash, octets);
	crypto_hash_free(hash);
	memcpy(&number, octets, sizeof(number));
	return number;
}

/* Two hosts of one name have files of one name. */
static bool is_other(const struct loading_file *file, int64_t first_line)
{
	return file->position.first_line != 0 && first_line != 0 &&
	       file->position.first_line != first_line;
}

static void set_place(struct loading *l, struct loading_file *file, struct store_position position)
{
	pthread_mutex_lock(&l->mutex);
	file->position = position;
	pthread_mutex_unlock(&l->mutex);
}

#define FROM_ITS_START "it is read from its start, and only lines that are not in the store yet are taken"

/* False: the file is not what it was, and is read from its start. */
static bool go_to_place(struct loading *l, struct loading_file *file, struct journal_lines *lines,
			int64_t first_line)
{
	struct store_position position = file->position;
	bool other = is_other(file, first_line);

	position.first_line = first_line;
	if (!other && journal_lines_seek(lines, position.octets)) {
		set_place(l, file, position);
		return true;
	}
	if (other)
		loading_report(l, true, "%s is another file than the one of this name that was loaded: "
			       FROM_ITS_START "; if a host of the same name writes into this store, give "
			       "one of them another", journal_lines_name(lines));
	else
		loading_report(l, true, "%s is shorter than the %llu octets that were loaded of it, or "
			       "another file: " FROM_ITS_START, journal_lines_name(lines),
			       (unsigned long long)position.octets);
	journal_lines_seek(lines, 0);
	set_place(l, file, (struct store_position){ .first_line = first_line });
	return false;
}

/* Without a place, what was refused is told once the whole file was read: it is
 * counted anew each time. */
static enum loading_result note_refused(struct loading *l, const struct loading_file *file)
{
	struct arena *arena = arena_new();
	const char *of = l->options->files_of, *name = file->name;
	int code = store_begin(l->store);

	if (of != NULL)
		name = arena_printf(arena, "%s/%s", of, name);
	if (code == 0)
		code = store_set_refused(l->store, name, file->position.refused);
	if (code == 0)
		code = store_commit(l->store);
	arena_free(arena);
	return code == 0 ? LOADING_DONE : store_failed(l);
}

static enum loading_result load_lines(struct loading *l, struct loading_file *file,
				      const struct journal_file *seen, struct journal_lines *lines,
				      int64_t first_line)
{
	enum journal_read_state state = JOURNAL_LINE;
	enum loading_result result = LOADING_DONE;
	bool anew = !go_to_place(l, file, lines, first_line);

	while (result == LOADING_DONE && state == JOURNAL_LINE) {
		result = load_batch(l, file, lines, anew, &state);
		anew = false;
		if (result == LOADING_DONE && l->go_on != NULL && !l->go_on(l->context, l->bytes_in_all))
			return LOADING_ENDED;
	}
	if (result == LOADING_DONE && l->options->by_id_alone)
		result = note_refused(l, file);
	if (result == LOADING_DONE)
		note_whole(l, file, seen);
	return result;
}

static enum loading_result load_file(struct loading *l, struct loading_file *file,
				     const struct journal_file *seen)
{
	struct journal_lines *lines = journal_lines_open(l->options->directory, seen->name);
	enum loading_result result = LOADING_DONE;
	int64_t first_line;

	if (lines == NULL) {
		if (errno != ENOENT && !file->told)
			loading_report(l, true, "%s: cannot be read: %s", seen->name,
				       strerrordesc_np(errno));
		file->told = file->told || errno != ENOENT;
		return LOADING_DONE;
	}
	first_line = hash_first_line(lines);
	if (!l->options->by_id_alone && !is_other(file, first_line) && ends_at_place(l, file, seen))
		note_whole(l, file, seen);
	else
		result = load_lines(l, file, seen, lines, first_line);
	journal_lines_close(lines);
	return result;
}

/* ---- the look ---- */

/* "x.jsonl" of "x.jsonl.gz" too. */
static size_t base_octets(const char *name)
{
	size_t len = strlen(name), gz = strlen(JOURNAL_GZ);

	return len > gz && strcmp(name + len - gz, JOURNAL_GZ) == 0 ? len - gz : len;
}

static bool has_name(const struct loading_file *file, const char *name)
{
	size_t len = base_octets(name);

	return strncmp(file->name, name, len) == 0 && file->name[len] == '\0';
}

/* Both lists have one order, so the search goes on where it was. */
static struct loading_file *find_file(struct loading_file *files, unsigned n, unsigned *hint,
				      const char *name)
{
	for (unsigned i = 0; i < n; i++) {
		struct loading_file *file = &files[(*hint + i) % n];

		if (file->name != NULL && has_name(file, name)) {
			*hint = (*hint + i + 1) % n;
			return file;
		}
	}
	return NULL;
}

static bool is_still_whole(const struct loading_file *file, const struct journal_file *seen)
{
	return file->whole && file->bytes == seen->bytes && file->compressed == seen->compressed;
}

/* Brings the list of files up to date with the listing; those that vanished go. */
static void merge_listing(struct loading *l, const struct journal_file *seen, unsigned n)
{
	struct loading_file *files = mem_zalloc((n + 1) * sizeof(*files)), *old = l->files;
	unsigned n_old = l->n_files, hint = 0;

	pthread_mutex_lock(&l->mutex);
	l->counts.files_left = 0;
	for (unsigned i = 0; i < n; i++) {
		struct loading_file *known = find_file(old, n_old, &hint, seen[i].name);

		if (known != NULL) {
			files[i] = *known;
			known->name = NULL;
		} else {
			files[i].name = mem_strndup(seen[i].name, base_octets(seen[i].name));
		}
		files[i].whole = is_still_whole(&files[i], &seen[i]);
		l->counts.files_left += !files[i].whole;
	}
	l->files = files;
	l->n_files = n;
	pthread_mutex_unlock(&l->mutex);
	free_files(old, n_old);
}

static int place_file(struct loading *l, struct loading_file *file)
{
	struct store_position position = { 0 };

	if (file->placed)
		return 0;
	if (!l->options->by_id_alone && store_position(l->store, file->name, &position) != 0)
		return -1;
	if (position.octets == 0)
		position = (struct store_position){ 0 };        /* what is refused is counted again */
	pthread_mutex_lock(&l->mutex);
	if (file->whole && position.octets != file->position.octets) {
		file->whole = false;            /* it is another database now */
		l->counts.files_left++;
	}
	file->position = position;
	file->placed = true;
	pthread_mutex_unlock(&l->mutex);
	return 0;
}

/* What is to be read, for a bar that shows how far it is. */
static int plan(struct loading *l, const struct journal_file *seen)
{
	uint64_t octets;

	l->bytes_in_all = l->counts.bytes;
	for (unsigned i = 0; i < l->n_files; i++) {
		struct loading_file *file = &l->files[i];

		if (place_file(l, file) != 0)
			return -1;
		if (!file->whole && l->go_on != NULL &&
		    journal_lines_size(l->options->directory, seen[i].name, &octets) == 0 &&
		    octets > file->position.octets)
			l->bytes_in_all += octets - file->position.octets;
	}
	return 0;
}

/* Without plain files beside their .gz. */
static unsigned drop_doubled(struct journal_file *files, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (!journal_file_is_doubled(files, n, i))
			files[kept++] = files[i];
	return kept;
}

static enum loading_result look(struct loading *l, struct arena *arena)
{
	enum loading_result result = LOADING_DONE;
	struct journal_file *seen;
	const char *error;
	unsigned n;

	if (journal_files_list(arena, l->options->directory, NULL, &seen, &n, &error) != 0) {
		snprintf(l->error, sizeof(l->error), "%s", error);
		return LOADING_NO_JOURNAL;
	}
	n = drop_doubled(seen, n);
	merge_listing(l, seen, n);
	if (plan(l, seen) != 0)
		return store_failed(l);
	for (unsigned i = 0; i < n && result == LOADING_DONE; i++)
		if (!l->files[i].whole)
			result = load_file(l, &l->files[i], &seen[i]);
	return result;
}

enum loading_result loading_look(struct loading *loading)
{
	struct arena *arena = arena_new();
	enum loading_result result = look(loading, arena);

	arena_free(arena);
	return result;
}

/* ---- for others ---- */

bool loading_has_whole(struct loading *loading, const char *file)
{
	char path[4096];
	bool whole = false;
	unsigned hint = 0;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", loading->options->directory, file);
	if (lstat(path, &st) != 0)
		return false;
	pthread_mutex_lock(&loading->mutex);
	if (loading->n_files > 0) {
		const struct loading_file *known = find_file(loading->files, loading->n_files, &hint, file);

		whole = known != NULL && known->whole && known->bytes == (uint64_t)st.st_size &&
			known->compressed == (base_octets(file) != strlen(file));
	}
	pthread_mutex_unlock(&loading->mutex);
	return whole;
}

void loading_counts(struct loading *loading, struct loader_counts *out_r)
{
	pthread_mutex_lock(&loading->mutex);
	*out_r = loading->counts;
	pthread_mutex_unlock(&loading->mutex);
}
