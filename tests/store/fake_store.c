#include "store/fake_store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define MOST 200000
#define FILES 64

struct place { char name[128]; struct store_position position; };

/* Committed, and as the open transaction sees it. */
struct state {
	char **ids;
	unsigned n_ids, n_files;
	struct place files[FILES];
};

struct store { bool lost; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct state base, open_state;
static char **all_ids;
static bool is_up = true, in_transaction, is_hanging;
static unsigned fail_in, opened, prunes;

static void copy_state(struct state *to, const struct state *from)
{
	*to = *from;            /* ids only grow: both share the array */
}

void fake_store_reset(void)
{
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < base.n_ids; i++)
		free(all_ids[i]);
	free(all_ids);
	all_ids = mem_zalloc(MOST * sizeof(*all_ids));
	base = (struct state){ .ids = all_ids };
	is_up = true;
	in_transaction = false;
	fail_in = opened = prunes = 0;
	pthread_mutex_unlock(&lock);
}

void fake_store_set_up(bool up)
{
	pthread_mutex_lock(&lock);
	is_up = up;
	pthread_mutex_unlock(&lock);
}

void fake_store_fail_at(unsigned n)
{
	pthread_mutex_lock(&lock);
	fail_in = n;
	pthread_mutex_unlock(&lock);
}

void fake_store_hang(bool hangs)
{
	pthread_mutex_lock(&lock);
	is_hanging = hangs;
	pthread_mutex_unlock(&lock);
}

void fake_store_forget(void)
{
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < base.n_ids; i++) {
		free(all_ids[i]);
		all_ids[i] = NULL;
	}
	base.n_ids = base.n_files = 0;
	pthread_mutex_unlock(&lock);
}

/* The lock is held; it is given up meanwhile. */
static void hang(void)
{
	while (is_hanging) {
		pthread_mutex_unlock(&lock);
		usleep(1000);
		pthread_mutex_lock(&lock);
	}
}

/* The lock is held. */
static bool fails(struct store *store)
{
	if (fail_in > 0 && --fail_in == 0)
		store->lost = true;
	if (!is_up)
		store->lost = true;
	return store->lost;
}

static void drop_transaction(void)
{
	if (!in_transaction)
		return;
	for (unsigned i = base.n_ids; i < open_state.n_ids; i++) {
		free(all_ids[i]);
		all_ids[i] = NULL;
	}
	in_transaction = false;
}

struct store *store_open(const struct store_options *options, const char **error_r)
{
	struct store *store = NULL;

	(void)options;
	pthread_mutex_lock(&lock);
	if (is_up) {
		store = mem_zalloc(sizeof(*store));
		opened++;
	} else {
		*error_r = "nobody is there";
	}
	pthread_mutex_unlock(&lock);
	return store;
}

void store_close(struct store *store)
{
	pthread_mutex_lock(&lock);
	if (store != NULL)
		drop_transaction();
	pthread_mutex_unlock(&lock);
	free(store);
}

const char *store_error(const struct store *store)
{
	return store->lost ? "the connection is lost" : "no error";
}

bool store_is_lost(const struct store *store)
{
	return store->lost;
}

int store_begin(struct store *store)
{
	bool failed;

	pthread_mutex_lock(&lock);
	failed = fails(store);
	if (!failed) {
		copy_state(&open_state, &base);
		in_transaction = true;
	}
	pthread_mutex_unlock(&lock);
	return failed ? -1 : 0;
}

static bool has(const struct state *state, const char *id)
{
	for (unsigned i = state->n_ids; i > 0; i--)
		if (strcmp(all_ids[i - 1], id) == 0)
			return true;
	return false;
}

int store_add(struct store *store, const struct decision *decision)
{
	int code = 0;

	pthread_mutex_lock(&lock);
	hang();
	if (fails(store) || !in_transaction)
		code = -1;
	else if (!has(&open_state, decision->line_id) && open_state.n_ids < MOST) {
		all_ids[open_state.n_ids++] = mem_strdup(decision->line_id);
		code = 1;
	}
	pthread_mutex_unlock(&lock);
	return code;
}

static struct place *find(struct state *state, const char *file)
{
	for (unsigned i = 0; i < state->n_files; i++)
		if (strcmp(state->files[i].name, file) == 0)
			return &state->files[i];
	return NULL;
}

int store_position(struct store *store, const char *file, struct store_position *out_r)
{
	const struct place *place;
	bool failed;

	pthread_mutex_lock(&lock);
	failed = fails(store);
	place = find(&base, file);
	if (!failed)
		*out_r = place != NULL ? place->position : (struct store_position){ 0 };
	pthread_mutex_unlock(&lock);
	return failed ? -1 : 0;
}

/* The lock is held. NULL: it failed. */
static struct place *place_in_transaction(struct store *store, const char *file)
{
	struct place *place;

	if (fails(store) || !in_transaction || open_state.n_files == FILES)
		return NULL;
	place = find(&open_state, file);
	if (place == NULL) {
		place = &open_state.files[open_state.n_files++];
		*place = (struct place){ "", { 0 } };
		strncpy(place->name, file, sizeof(place->name) - 1);
	}
	return place;
}

int store_set_position(struct store *store, const char *file, const struct store_position *position)
{
	struct place *place;
	bool failed;

	pthread_mutex_lock(&lock);
	place = place_in_transaction(store, file);
	failed = place == NULL;
	if (!failed)
		place->position = *position;
	pthread_mutex_unlock(&lock);
	return failed ? -1 : 0;
}

int store_set_refused(struct store *store, const char *file, uint64_t refused)
{
	struct place *place;
	bool failed;

	pthread_mutex_lock(&lock);
	place = place_in_transaction(store, file);
	failed = place == NULL;
	if (!failed)
		place->position.refused = refused;
	pthread_mutex_unlock(&lock);
	return failed ? -1 : 0;
}

int store_commit(struct store *store)
{
	bool failed;

	pthread_mutex_lock(&lock);
	failed = fails(store) || !in_transaction;
	if (!failed) {
		copy_state(&base, &open_state);
		in_transaction = false;
	}
	pthread_mutex_unlock(&lock);
	return failed ? -1 : 0;
}

void store_rollback(struct store *store)
{
	(void)store;
	pthread_mutex_lock(&lock);
	drop_transaction();
	pthread_mutex_unlock(&lock);
}

bool store_prune(struct store *store, int64_t now_ms, unsigned keep_days, unsigned keep_sums_days)
{
	bool more;

	(void)store;
	(void)now_ms;
	(void)keep_days;
	(void)keep_sums_days;
	pthread_mutex_lock(&lock);
	more = ++prunes % 3 != 0;
	pthread_mutex_unlock(&lock);
	return more;
}

unsigned fake_store_lines(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = base.n_ids;
	pthread_mutex_unlock(&lock);
	return n;
}

bool fake_store_has(const char *id)
{
	bool found;

	pthread_mutex_lock(&lock);
	found = has(&base, id);
	pthread_mutex_unlock(&lock);
	return found;
}

uint64_t fake_store_octets(const char *file)
{
	const struct place *place;
	uint64_t octets;

	pthread_mutex_lock(&lock);
	place = find(&base, file);
	octets = place != NULL ? place->position.octets : 0;
	pthread_mutex_unlock(&lock);
	return octets;
}

uint64_t fake_store_refused(const char *file)
{
	const struct place *place;
	uint64_t refused;

	pthread_mutex_lock(&lock);
	place = find(&base, file);
	refused = place != NULL ? place->position.refused : 0;
	pthread_mutex_unlock(&lock);
	return refused;
}

unsigned fake_store_opened(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = opened;
	pthread_mutex_unlock(&lock);
	return n;
}

unsigned fake_store_prunes(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = prunes;
	pthread_mutex_unlock(&lock);
	return n;
}
