#include "auth/asker.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define TASK_BITS 64            /* tasks behind that share the last bit */

struct question {
	struct question *next;
	struct asker *asker;
	const char *name;
	enum dns_type type;
	enum asker_part part;   /* whose share it is in */
	int64_t started_ms;
	const struct dns_answer *answer;
	uint64_t waiting;       /* tasks that met it unanswered */
};

struct task {
	struct task *next;
	asker_task_fn *fn;
	void *context;
	enum asker_part part;   /* what for it asks */
	const char *author;     /* on whose behalf */
	uint64_t bit;
	bool finished, missed;  /* missed: its last run met an unanswered question */
};

struct asker {
	int references;         /* atomic: the message, and each look-up under way */
	pthread_mutex_t lock;   /* recursive: tasks call back into the asker */
	pthread_cond_t wake;    /* all is finished, or there is less time to sleep */
	struct resolver *resolver;
	struct asker_limits limits;
	struct arena *arena;    /* the message's; NULL when it has gone */
	struct arena *own;      /* lives until the last look-up has ended */
	enum asker_part part;
	const char *author;
	unsigned shares[N_ASKER_PARTS], used[N_ASKER_PARTS];
	bool more;              /* shares may still grow */
	struct question *questions, **questions_tail;
	unsigned n_questions;
	struct task *tasks, **tasks_tail, *current;
	unsigned n_tasks, n_unfinished;
	uint64_t ready;         /* tasks that an answer has come for */
	bool running, over;     /* over: the budget is used up */
	int64_t asleep_until_ms;        /* whoever waits; 0: nobody sleeps */
	const struct dns_answer *bad_name, *limit, *timeout;
};

struct asker *asker_new(struct resolver *resolver, const struct asker_limits *limits)
{
	struct asker *asker = mem_zalloc(sizeof(*asker));
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&asker->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	clock_cond_init(&asker->wake);
	asker->references = 1;
	asker->resolver = resolver;
	asker->limits = *limits;
	asker->arena = arena_new();
	asker->own = arena_new();
	asker->author = "";
	for (unsigned part = 0; part < N_ASKER_PARTS; part++)
		asker->shares[part] = limits->max_lookups;
	asker->questions_tail = &asker->questions;
	asker->tasks_tail = &asker->tasks;
	asker->bad_name = dns_answer_new(DNS_BAD_NAME, 0, NULL, 0);
	asker->limit = dns_answer_new(DNS_LIMIT, 0, NULL, 0);
	asker->timeout = dns_answer_new(DNS_TIMEOUT, 0, NULL, 0);
	return asker;
}

static void unref(struct asker *asker)
{
	if (__atomic_sub_fetch(&asker->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (struct question *q = asker->questions; q != NULL; q = q->next)
		dns_answer_unref(q->answer);
	dns_answer_unref(asker->bad_name);
	dns_answer_unref(asker->limit);
	dns_answer_unref(asker->timeout);
	arena_free(asker->own);
	pthread_cond_destroy(&asker->wake);
	pthread_mutex_destroy(&asker->lock);
	free(asker);
}

void asker_free(struct asker *asker)
{
	if (asker == NULL)
		return;
	asker_lock(asker);
	arena_free(asker->arena);
	asker->arena = NULL;
	asker->tasks = NULL;
	asker->n_unfinished = 0;
	asker_unlock(asker);
	unref(asker);
}

void asker_lock(struct asker *asker)
{
	pthread_mutex_lock(&asker->lock);
}

void asker_unlock(struct asker *asker)
{
	pthread_mutex_unlock(&asker->lock);
}

struct arena *asker_arena(struct asker *asker)
{
	return asker->arena;
}

void asker_set_purpose(struct asker *asker, enum asker_part part, const char *author)
{
	asker_lock(asker);
	asker->part = part;
	if (strcmp(asker->author, author) != 0)
		asker->author = arena_strdup(asker->own, author);
	asker_unlock(asker);
}

unsigned asker_lookups(struct asker *asker)
{
	unsigned n;

	asker_lock(asker);
	n = asker->n_questions;
	asker_unlock(asker);
	return n;
}

/* Takes over the reference. What a question was answered first stays: the
 * tasks that have seen a time-out must not find something else later. */
static void settle(struct question *q, const struct dns_answer *answer)
{
	if (q->answer != NULL) {
		dns_answer_unref(answer);
		return;
	}
	q->answer = answer;
	q->asker->ready |= q->waiting;
	q->waiting = 0;
}

static const struct dns_answer *late_answer(struct asker *asker, const struct question *q)
{
	const struct dns_answer *answer = resolver_stale(asker->resolver, q->name, q->type);

	return answer != NULL ? answer : dns_answer_ref(asker->timeout);
}

/* Answers what has waited too long; returns when the next one will have. */
static int64_t expire(struct asker *asker, int64_t now_ms)
{
	int64_t next_ms = INT64_MAX;

	for (struct question *q = asker->questions; q != NULL; q = q->next) {
		int64_t until_ms = q->started_ms + asker->limits.timeout_ms;

		if (q->answer != NULL)
			continue;
		if (asker->over || until_ms <= now_ms)
			settle(q, late_answer(asker, q));
		else if (until_ms < next_ms)
			next_ms = until_ms;
	}
	return next_ms;
}

static bool run_task(struct asker *asker, struct task *task)
{
	struct task *outer = asker->current;
	enum asker_part part = asker->part;
	const char *author = asker->author;

	asker->current = task;
	asker->part = task->part;
	asker->author = task->author;
	task->missed = false;
	task->finished = task->fn(asker, task->context);
	asker->current = outer;
	asker->part = part;
	asker->author = author;
	if (task->finished)
		asker->n_unfinished--;
	return task->finished;
}

/* One round over the tasks that can go on: those that an answer has come for,
 * and those that wait for something else than an answer (another task). */
static bool run_round(struct asker *asker)
{
	uint64_t ready = asker->ready;
	bool progress = false;

	asker->ready = 0;
	for (struct task *task = asker->tasks; task != NULL; task = task->next) {
		bool called = (ready & task->bit) != 0;

		if (!task->finished && (called || !task->missed))
			progress |= run_task(asker, task) || called;
	}
	return progress;
}

static void run(struct asker *asker)
{
	bool progress = true;

	if (asker->running)
		return;         /* whoever runs goes round again */
	asker->running = true;
	while (progress || asker->ready != 0) {
		expire(asker, clock_mono_ms());
		progress = run_round(asker);
	}
	asker->running = false;
	if (asker->n_unfinished == 0)
		pthread_cond_broadcast(&asker->wake);
}

/* In the resolver's thread; the message may be gone. */
static void answered(void *context, const struct dns_answer *answer)
{
	struct question *q = context;
	struct asker *asker = q->asker;

	asker_lock(asker);
	settle(q, answer);
	if (asker->n_unfinished > 0)
		run(asker);
	asker_unlock(asker);
	unref(asker);
}

static struct question *find_question(struct asker *asker, const char *name, enum dns_type type)
{
	struct question *q = asker->questions;

	while (q != NULL && (q->type != type || strcmp(q->name, name) != 0))
		q = q->next;
	return q;
}

void asker_set_shares(struct asker *asker, const unsigned shares[N_ASKER_PARTS], bool more)
{
	unsigned sum = 0;

	asker_lock(asker);
	for (unsigned part = 0; part < N_ASKER_PARTS; part++)
		sum += shares[part];
	assert(sum <= asker->limits.max_lookups);
	memcpy(asker->shares, shares, sizeof(asker->shares));
	asker->more = more;
	asker->ready = UINT64_MAX;      /* who waits for his share */
	run(asker);
	asker_unlock(asker);
}

/* Puts the question (NULL: one not asked yet) into the share of who asks now, if
 * there is room. One that counts for an earlier part stays where it is. */
static bool take_share(struct asker *asker, struct question *q)
{
	enum asker_part part = asker->part;

	if (q != NULL && q->part <= part)
		return true;
	if (asker->used[part] >= asker->shares[part] ||
	    (q == NULL && asker->n_questions >= asker->limits.max_lookups))
		return false;
	asker->used[part]++;
	if (q != NULL) {
		asker->used[q->part]--;
		q->part = part;
	}
	return true;
}

static struct question *ask(struct asker *asker, const char *name, enum dns_type type)
{
	struct question *q = ARENA_NEW(asker->own, struct question);
	const struct dns_answer *answer;

	q->asker = asker;
	q->name = arena_strdup(asker->own, name);
	q->type = type;
	q->part = asker->part;
	*asker->questions_tail = q;
	asker->questions_tail = &q->next;
	asker->n_questions++;
	if (asker->over) {
		settle(q, dns_answer_ref(asker->timeout));
		return q;
	}
	__atomic_add_fetch(&asker->references, 1, __ATOMIC_RELAXED);
	answer = resolver_want(asker->resolver, q->name, type, asker->author, answered, q, &q->started_ms);
	if (answer != NULL) {
		settle(q, answer);
		unref(asker);   /* the message holds another one */
	} else if (q->started_ms + asker->limits.timeout_ms < asker->asleep_until_ms) {
		pthread_cond_broadcast(&asker->wake);   /* of an old flight that was joined */
	}
	return q;
}

static const struct dns_answer *over_share(struct asker *asker)
{
	if (!asker->more || asker->over)
		return asker->limit;
	if (asker->current != NULL)
		asker->current->missed = true;
	return NULL;
}

static const struct dns_answer *get(struct asker *asker, const char *name, enum dns_type type)
{
	char normal[RESOLVER_NAME_SIZE];
	struct question *q;

	if (!resolver_name(name, normal))
		return asker->bad_name;
	q = find_question(asker, normal, type);
	if (!take_share(asker, q))
		return over_share(asker);
	if (q == NULL)
		q = ask(asker, normal, type);
	if (q->answer == NULL && asker->current != NULL) {
		q->waiting |= asker->current->bit;
		asker->current->missed = true;
	}
	return q->answer;
}

const struct dns_answer *asker_get(struct asker *asker, const char *name, enum dns_type type)
{
	const struct dns_answer *answer;

	asker_lock(asker);
	answer = get(asker, name, type);
	asker_unlock(asker);
	return answer;
}

void asker_want(struct asker *asker, const char *name, enum dns_type type)
{
	struct task *current;

	asker_lock(asker);
	current = asker->current;
	asker->current = NULL;  /* the task goes on whether or not it is there */
	get(asker, name, type);
	asker->current = current;
	asker_unlock(asker);
}

void asker_want_ahead(struct asker *asker, const char *name, enum dns_type type)
{
	enum asker_part part;

	asker_lock(asker);
	part = asker->part;
	asker->part = ASKER_AHEAD;
	asker_want(asker, name, type);
	asker->part = part;
	asker_unlock(asker);
}

void asker_add(struct asker *asker, asker_task_fn *fn, void *context)
{
	struct task *task;

	asker_lock(asker);
	task = ARENA_NEW(asker->own, struct task);
	task->fn = fn;
	task->context = context;
	task->part = asker->part;
	task->author = asker->author;
	task->bit = (uint64_t)1 << (asker->n_tasks < TASK_BITS ? asker->n_tasks : TASK_BITS - 1);
	asker->n_tasks++;
	asker->n_unfinished++;
	*asker->tasks_tail = task;
	asker->tasks_tail = &task->next;
	if (asker->running)
		run_task(asker, task);
	else
		run(asker);
	asker_unlock(asker);
}

/* Every question is answered now, and so are all that come: one round for
 * each task is enough, unless tasks wait for one another. */
static void finish_all(struct asker *asker)
{
	asker->over = true;
	expire(asker, clock_mono_ms());
	asker->ready = UINT64_MAX;
	run(asker);
	assert(asker->n_unfinished == 0);
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

unsigned asker_wait(struct asker *asker, unsigned budget_ms,
		    unsigned tick_ms, asker_tick_fn *tick, void *context)
{
	int64_t start_ms = clock_mono_ms(), end_ms = start_ms + budget_ms, now_ms = start_ms;
	int64_t tick_at_ms = tick != NULL && tick_ms > 0 ? start_ms + tick_ms : INT64_MAX;

	asker_lock(asker);
	assert(asker->current == NULL);
	if (asker->more) {
		asker->more = false;
		asker->ready = UINT64_MAX;
	}
	run(asker);
	while (asker->n_unfinished > 0) {
		int64_t expiry_ms = expire(asker, now_ms);

		if (asker->ready != 0) {
			run(asker);
		} else if (now_ms >= end_ms) {
			finish_all(asker);
		} else if (now_ms >= tick_at_ms) {
			asker_unlock(asker);
			tick(context);
			asker_lock(asker);
			tick_at_ms = clock_mono_ms() + tick_ms;
		} else {
			asker->asleep_until_ms = earliest(earliest(end_ms, expiry_ms), tick_at_ms);
			clock_cond_wait(&asker->wake, &asker->lock, asker->asleep_until_ms);
			asker->asleep_until_ms = 0;
		}
		now_ms = clock_mono_ms();
	}
	asker_unlock(asker);
	return (unsigned)(clock_mono_ms() - start_ms);
}
