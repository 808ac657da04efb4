/* resolver_unbound.c - the real DNS: libunbound in asynchronous thread mode with
 * cache.[ch] in front. The only file with libunbound.
 *
 * One context, whose own thread resolves; one thread of ours collects the
 * results and calls back. Nothing of the context is changed after the
 * self-test: another setting needs another context.
 */
#include "auth/resolver.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unbound.h>
#include <unistd.h>

#include "auth/cache.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define SELF_TEST_MS 30000              /* milliseconds, but on a machine that is very busy */
#define MAX_IN_FLIGHT 8192
#define CLASS_IN 1
#define RCODE_NOERROR 0
#define RCODE_NXDOMAIN 3

struct unbound {
	struct resolver base;
	struct ub_ctx *context;
	struct cache *cache;
	pthread_t thread;
	int wake_fd;
	pthread_mutex_t lock;
	struct cache_flight *refused;   /* could not be started; the thread ends them */
	bool closing;
};

static _Thread_local char error_text[256];

/* Reading the answer. Everything in it comes from strangers. */

/* Character-strings joined (RFC 1035 3.3.14); false when they are cut short. */
static bool join_strings(struct slice rdata, struct buf *out)
{
	while (rdata.len > 0) {
		size_t len = (unsigned char)rdata.data[0];

		if (len + 1 > rdata.len)
			return false;
		buf_add(out, rdata.data + 1, len);
		rdata = slice_from(rdata, len + 1);
	}
	return true;
}

/* A wire name as text. Octets that text can't show are written as \DDD, as in
 * a master file: such a name is found nowhere, and equals no other. */
static bool name_text(struct slice wire, struct buf *out)
{
	size_t start = out->len;

	for (;;) {
		size_t len = wire.len > 0 ? (unsigned char)wire.data[0] : 64;

		if (len > 63 || len + 1 > wire.len)
			return false;
		if (len == 0)
			return true;
		if (out->len > start)
			buf_add_char(out, '.');
		for (size_t i = 1; i <= len; i++) {
			unsigned char c = (unsigned char)wire.data[i];

			if (c <= ' ' || c > '~' || c == '.' || c == '\\')
				buf_printf(out, "\\%03u", c);
			else
				buf_add_char(out, (char)c);
		}
		wire = slice_from(wire, len + 1);
	}
}

/* Adds one record's data to `out`; false when they are not of the type's form. */
static bool read_data(enum dns_type type, struct slice rdata, struct buf *out, unsigned *preference_r)
{
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		buf_add_slice(out, rdata);
		return rdata.len == (type == DNS_A ? 4u : 16u);
	case DNS_TXT:
		return rdata.len > 0 && join_strings(rdata, out);
	case DNS_PTR:
		return name_text(rdata, out);
	case DNS_MX:
		if (rdata.len < 3)
			return false;
		*preference_r = (unsigned)(unsigned char)rdata.data[0] << 8 | (unsigned char)rdata.data[1];
		return name_text(slice_from(rdata, 2), out);
	}
	return false;
}

/* Records whose data are not of their type's form are left out; with none
 * left the answer cannot be read. */
static const struct dns_answer *data_answer(const struct ub_result *result)
{
	struct dns_record records[LIMIT_DNS_RECORDS];
	size_t starts[LIMIT_DNS_RECORDS + 1];
	const struct dns_answer *answer;
	struct buf text;
	unsigned n = 0;

	buf_init(&text, 4 * LIMIT_DNS_TEXT);
	for (int i = 0; result->data[i] != NULL && n < LIMIT_DNS_RECORDS; i++) {
		struct slice rdata = slice_new(result->data[i], (size_t)result->len[i]);

		records[n] = (struct dns_record){ .preference = 0 };
		starts[n] = text.len;
		if (read_data((enum dns_type)result->qtype, rdata, &text, &records[n].preference) &&
		    !buf_is_full(&text))
			n++;
		else
			buf_cut(&text, starts[n]);
	}
	starts[n] = text.len;
	for (unsigned i = 0; i < n; i++)
		records[i].data = slice_new(buf_str(&text) + starts[i], starts[i + 1] - starts[i]);
	answer = dns_answer_new(n > 0 ? DNS_DATA : DNS_SERVFAIL,
				result->ttl > 0 ? (uint32_t)result->ttl : 0, records, n);
	buf_done(&text);
	return answer;
}

/* `bogus` is looked at first: a forged answer has data. The TTL of a failure
 * means nothing, the cache has its own. */
static const struct dns_answer *read_result(int error, const struct ub_result *result)
{
	uint32_t ttl_s = result != NULL && result->ttl > 0 ? (uint32_t)result->ttl : 0;
	struct dns_answer *answer;

	if (error != 0 || result == NULL)
		return dns_answer_new(DNS_SERVFAIL, 0, NULL, 0);
	if (result->bogus)
		return dns_answer_new(DNS_BOGUS, 0, NULL, 0);
	if (result->rcode != RCODE_NOERROR && result->rcode != RCODE_NXDOMAIN)
		return dns_answer_new(DNS_SERVFAIL, 0, NULL, 0);
	if (result->havedata && result->rcode == RCODE_NOERROR)
		answer = (struct dns_answer *)data_answer(result);
	else
		answer = dns_answer_new(result->nxdomain || result->rcode == RCODE_NXDOMAIN ?
					DNS_NXDOMAIN : DNS_NODATA, ttl_s, NULL, 0);
	answer->secure = result->secure;
	return answer;
}

/* Look-ups */

static void found(void *context, int error, struct ub_result *result)
{
	struct cache_flight *flight = context;
	struct unbound *unbound = flight->owner;
	const struct dns_answer *answer = read_result(error, result);

	ub_resolve_free(result);
	cache_finish(unbound->cache, flight, answer, clock_mono_ms());
}

/* A backslash begins an escape in the library's text form of a name; in ours
 * it is an octet. */
static void escape_name(const char *name, char out_r[2 * RESOLVER_NAME_SIZE])
{
	for (; *name != '\0'; name++) {
		if (*name == '\\')
			*out_r++ = '\\';
		*out_r++ = *name;
	}
	*out_r = '\0';
}

static void wake(struct unbound *unbound)
{
	const uint64_t one = 1;

	if (write(unbound->wake_fd, &one, sizeof(one)) < 0)
		return;         /* full: awake already */
}

/* The call-backs must not run here: the caller may hold locks that they take. */
static void refuse(struct unbound *unbound, struct cache_flight *flight)
{
	pthread_mutex_lock(&unbound->lock);
	flight->link = unbound->refused;
	unbound->refused = flight;
	pthread_mutex_unlock(&unbound->lock);
	wake(unbound);
}

static const struct dns_answer *unbound_want(struct resolver *resolver, const char *name,
					     enum dns_type type, const char *author,
					     resolver_done_fn *done, void *context,
					     int64_t *started_ms_r)
{
	struct unbound *unbound = (struct unbound *)resolver;
	const struct dns_answer *answer;
	struct cache_flight *flight;
	char text[2 * RESOLVER_NAME_SIZE];

	if (__atomic_load_n(&unbound->closing, __ATOMIC_ACQUIRE))
		return dns_answer_new(DNS_BUSY, 0, NULL, 0);
	switch (cache_want(unbound->cache, name, type, author, done, context, clock_mono_ms(),
			   &answer, &flight, started_ms_r)) {
	case CACHE_ANSWERED:
		return answer;
	case CACHE_JOINED:
		return NULL;
	case CACHE_STARTED:
	case CACHE_STALE:
		break;
	}
	flight->owner = unbound;
	escape_name(name, text);
	if (ub_resolve_async(unbound->context, text, (int)type, CLASS_IN, flight, found, NULL) != 0)
		refuse(unbound, flight);
	return answer;          /* NULL, or one that serves until this look-up has ended */
}

static const struct dns_answer *unbound_stale(struct resolver *resolver, const char *name,
					      enum dns_type type)
{
	return cache_stale(((struct unbound *)resolver)->cache, name, type, clock_mono_ms());
}

static void end_refused(struct unbound *unbound)
{
	struct cache_flight *flight;

	pthread_mutex_lock(&unbound->lock);
	flight = unbound->refused;
	unbound->refused = NULL;
	pthread_mutex_unlock(&unbound->lock);
	while (flight != NULL) {
		struct cache_flight *next = flight->link;

		cache_finish(unbound->cache, flight, dns_answer_new(DNS_SERVFAIL, 0, NULL, 0),
			     clock_mono_ms());
		flight = next;
	}
}

static void *collect(void *context)
{
	struct unbound *unbound = context;
	struct pollfd fds[2] = {
		{ .fd = ub_fd(unbound->context), .events = POLLIN },
		{ .fd = unbound->wake_fd, .events = POLLIN },
	};
	uint64_t count;

	while (!__atomic_load_n(&unbound->closing, __ATOMIC_ACQUIRE)) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents != 0 && read(unbound->wake_fd, &count, sizeof(count)) > 0)
			end_refused(unbound);
		if (fds[0].revents != 0)
			ub_process(unbound->context);
	}
	return NULL;
}

/* The library makes some locks with each context's first look-up and destroys
 * them with each context, for all contexts, and takes no care of two threads
 * that do so: a reload opens one context while the last message of the old
 * settings deletes the other. */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static void delete_context(struct ub_ctx *context)
{
	pthread_mutex_lock(&making);
	ub_ctx_delete(context);
	pthread_mutex_unlock(&making);
}

/* The context goes first: after that nothing of it calls back, and what was
 * under way is ended here. Late questions of those who are called get BUSY. */
static void unbound_close(struct resolver *resolver)
{
	struct unbound *unbound = (struct unbound *)resolver;

	__atomic_store_n(&unbound->closing, true, __ATOMIC_RELEASE);
	wake(unbound);
	pthread_join(unbound->thread, NULL);
	delete_context(unbound->context);
	cache_abandon(unbound->cache, DNS_SERVFAIL, clock_mono_ms());
	cache_free(unbound->cache);
	pthread_mutex_destroy(&unbound->lock);
	close(unbound->wake_fd);
	free(unbound);
}

/* Opening */

static int fail(const char **error_r, const char *what, const char *subject, int error)
{
	snprintf(error_text, sizeof(error_text), "%s%s%.120s: %s", what, subject != NULL ? " " : "",
		 subject != NULL ? subject : "", ub_strerror(error));
	*error_r = error_text;
	return -1;
}

/* Sockets for questions: the default of 16 makes everybody wait behind a few
 * silent servers. Each takes a descriptor while it is in use. */
static int set_range(struct ub_ctx *context, const char **error_r)
{
	struct rlimit files;
	unsigned long range = 4096;
	char text[32];
	int rc;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur / 2 < range)
		range = files.rlim_cur / 2;
	snprintf(text, sizeof(text), "%lu", range > 64 ? range : 64);
	rc = ub_ctx_set_option(context, "outgoing-range:", text);
	if (rc == 0)
		rc = ub_ctx_set_option(context, "num-queries-per-thread:", text);
	return rc == 0 ? 0 : fail(error_r, "libunbound refuses outgoing-range", text, rc);
}

static int set_options(struct ub_ctx *context, bool dnssec, const char **error_r)
{
	const char *const rows[][2] = {
		{ "module-config:", dnssec ? "validator iterator" : "iterator" },
		{ "do-not-query-localhost:", "no" },
		/* PTR of private and documentation networks would be answered by itself */
		{ "unblock-lan-zones:", "yes" },
		{ "insecure-lan-zones:", "yes" },
		{ "outgoing-num-tcp:", "256" },
		/* bounded, and small: our own cache stands in front */
		{ "msg-cache-size:", "8m" },
		{ "rrset-cache-size:", "16m" },
		{ "key-cache-size:", "4m" },
		{ "neg-cache-size:", "1m" },
		{ "cache-max-ttl:", "86400" },
		/* Silent names (any sender has some) look to the library like a silent
		 * server of ours: its retry time doubles up to 120 s, then nothing is
		 * asked any more for 15 minutes. What it remembers of a server is
		 * dropped after 5 s, when that time is not over 6 s yet. */
		{ "infra-keep-probing:", "yes" },
		{ "infra-host-ttl:", "5" },
		{ "use-syslog:", "no" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = ub_ctx_set_option(context, rows[i][0], rows[i][1]);

		if (rc != 0)
			return fail(error_r, "libunbound refuses its option", rows[i][0], rc);
	}
	return set_range(context, error_r);
}

static int set_servers(struct ub_ctx *context, const struct resolver_options *options,
		       const char **error_r)
{
	int rc;

	if (options->n_servers == 0) {
		rc = ub_ctx_resolvconf(context, NULL);
		return rc == 0 ? 0 : fail(error_r, "dns.servers is empty, and", "/etc/resolv.conf", rc);
	}
	for (unsigned i = 0; i < options->n_servers; i++) {
		rc = ub_ctx_set_fwd(context, options->servers[i]);
		if (rc != 0)
			return fail(error_r, "dns.servers:", options->servers[i], rc);
	}
	return 0;
}

static int set_anchor(struct ub_ctx *context, const char *path, const char **error_r)
{
	int rc;

	if (path == NULL)
		return 0;
	if (access(path, R_OK) < 0) {
		snprintf(error_text, sizeof(error_text), "dns.trust_anchor %.120s: %m", path);
		*error_r = error_text;
		return -1;
	}
	rc = ub_ctx_add_ta_file(context, path);
	return rc == 0 ? 0 : fail(error_r, "dns.trust_anchor", path, rc);
}

static void note_end(void *context, int error, struct ub_result *result)
{
	int *state = context;

	ub_resolve_free(result);
	*state = error == 0 ? 1 : -1;
}

/* A name that is answered without any server: what is tested are the options,
 * which are only read now, not whether the servers can be reached. */
static int self_test(struct ub_ctx *context, const char **error_r)
{
	const int64_t end_ms = clock_mono_ms() + SELF_TEST_MS;
	int state = 0, id = 0, rc;

	rc = ub_resolve_async(context, "localhost", DNS_A, CLASS_IN, &state, note_end, &id);
	if (rc != 0)
		return fail(error_r, "libunbound does not start, check dns.trust_anchor and dns.servers",
			    NULL, rc);
	while (state == 0 && clock_mono_ms() < end_ms) {
		struct pollfd fd = { .fd = ub_fd(context), .events = POLLIN };

		if (poll(&fd, 1, 100) > 0)
			ub_process(context);
	}
	if (state == 0)
		ub_cancel(context, id);
	if (state > 0)
		return 0;
	*error_r = "libunbound does not answer its self-test";
	return -1;
}

static int set_up(struct ub_ctx *context, const struct resolver_options *options,
		  const char **error_r)
{
	/* no log of its own: what matters is in the answers */
	if (ub_ctx_debugout(context, NULL) != 0)
		return -1;
	if (set_options(context, options->trust_anchor != NULL, error_r) < 0 ||
	    set_servers(context, options, error_r) < 0 ||
	    set_anchor(context, options->trust_anchor, error_r) < 0 ||
	    ub_ctx_async(context, 1) != 0)
		return -1;
	return self_test(context, error_r);
}

static struct ub_ctx *open_context(const struct resolver_options *options, const char **error_r)
{
	struct ub_ctx *context;

	*error_r = "libunbound makes no context";
	pthread_mutex_lock(&making);
	context = ub_ctx_create();
	if (context != NULL && set_up(context, options, error_r) < 0) {
		ub_ctx_delete(context);
		context = NULL;
	}
	pthread_mutex_unlock(&making);
	return context;
}

struct resolver *resolver_unbound_open(const struct resolver_options *options,
				       const char **error_r)
{
	static const struct resolver_ops ops = { unbound_want, unbound_close, unbound_stale };
	const struct cache_limits limits = {
		options->cache_entries, MAX_IN_FLIGHT, options->max_in_flight_per_author,
		options->stale_s,
	};
	struct unbound *unbound;
	struct ub_ctx *context;
	int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	context = wake_fd >= 0 ? open_context(options, error_r) : NULL;
	if (context == NULL) {
		if (wake_fd < 0)
			*error_r = "no descriptor left for the resolver";
		else
			close(wake_fd);
		return NULL;
	}
	unbound = mem_zalloc(sizeof(*unbound));
	unbound->base.ops = &ops;
	unbound->context = context;
	unbound->wake_fd = wake_fd;
	unbound->cache = cache_new(&limits);
	pthread_mutex_init(&unbound->lock, NULL);
	if (pthread_create(&unbound->thread, NULL, collect, unbound) != 0) {
		delete_context(context);
		cache_free(unbound->cache);
		close(wake_fd);
		free(unbound);
		*error_r = "no thread for the resolver";
		return NULL;
	}
	return &unbound->base;
}
