/* A settings file. The input is the file, behind a line "%%" a second one that the first
 * may include or name as a list (FUZZ_SECOND), behind another a change as of what-if.
 * Either settings or faults; each fault is one printable line; what is accepted keeps
 * the promises of the option table, reads the same again, and decides. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auth/resolver.h"
#include "core/authres.h"
#include "core/decide.h"
#include "settings/settings.h"

enum { FIRST_FD = 101, SECOND_FD = 100 };       /* the seeds name the second */
#define FUZZ_FIRST "/proc/self/fd/101"
#define SEPARATOR "\n%%\n"

/* libconfig forgets what it had read where a file has a syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static void put_file(int fd, struct slice text)
{
	if (lseek(fd, 0, SEEK_CUR) < 0) {
		int made = memfd_create("settings", MFD_CLOEXEC);

		FUZZ_NEED(made >= 0 && dup2(made, fd) == fd);
		close(made);
	}
	FUZZ_NEED(ftruncate(fd, 0) == 0);
	FUZZ_NEED(pwrite(fd, text.data, text.len, 0) == (ssize_t)text.len);
}

static struct slice next_part(struct slice *rest)
{
	struct slice part = *rest;

	for (size_t i = 0; i + strlen(SEPARATOR) <= part.len; i++)
		if (memcmp(part.data + i, SEPARATOR, strlen(SEPARATOR)) == 0) {
			*rest = slice_from(part, i + strlen(SEPARATOR));
			return slice_until(part, i + 1);
		}
	*rest = slice_new("", 0);
	return part;
}

static void check_faults(const struct settings_faults *faults)
{
	for (unsigned i = 0; i < faults->n; i++) {
		const char *line = faults->lines[i];

		FUZZ_NEED(line[0] != '\0');
		for (; *line != '\0'; line++)
			FUZZ_NEED(*line >= ' ' && *line <= '~');
	}
}

static void check(const struct settings *s)
{
	FUZZ_NEED(authres_id_is_valid(slice_of(s->authserv_id)));
	FUZZ_NEED(s->ruleset.enforce_percent <= 100 && s->ruleset.n_rules <= LIMIT_RULES);
	FUZZ_NEED(s->arc_max_sets <= LIMIT_ARC_SETS && s->dkim_minimum_key_bits >= 1024);
	FUZZ_NEED(s->dns_timeout_ms <= s->dns_budget_ms && s->connections > 0);
	FUZZ_NEED(s->socket_mode <= 0777);
	for (unsigned i = 0; i < s->ruleset.n_rules; i++) {
		const char *id = s->ruleset.rules[i].id;

		FUZZ_NEED(id != NULL && id[0] != '\0' && strlen(id) <= LIMIT_RULE_ID);
		for (unsigned k = 0; k < i; k++)
			FUZZ_NEED(strcmp(id, s->ruleset.rules[k].id) != 0);
	}
}

/* A message that fails, from a list. */
static void check_decides(struct arena *arena, const struct settings *s)
{
	static const char *domains[] = { "b.example" };
	static const char *rules[] = { "" };
	struct evidence e = {
		.when_ms = INT64_C(1777890030000), .client_ip = "192.0.2.1", .client_name = "h.example",
		.helo = "h.example", .helo_domain = "h.example", .exempt = EXEMPT_NO,
		.sender = { .status = PATH_MAILBOX, .local = "x", .domain = "list.example" },
		.recipient_domains = domains, .recipient_rules = rules, .n_recipient_domains = 1,
		.n_recipients = 1, .from = FROM_OK, .from_fields = 1, .n_authors = 1,
		.spf = { .result = RES_SPF_FAIL, .domain = "list.example" },
		.marks = { .list_id = "<l.list.example>", .precedence_list = true },
	};
	struct verdict verdict;

	e.authors[0] = (struct author){ .domain = "a.example.com" };
	e.authors[0].policy.status = DISCOVERY_FOUND;
	e.authors[0].policy.domain = "example.com";
	e.authors[0].policy.org = (struct org){ ORG_KNOWN, "example.com", false };
	record_parse(arena, SLICE("v=DMARC1; p=reject"), &e.authors[0].policy.record);
	decide(&e, &s->ruleset, arena, &verdict);
	FUZZ_NEED(verdict.result == RES_DMARC_FAIL);
	FUZZ_NEED(verdict.chosen != ACTION_UNSET && verdict.why != WHY_UNSET);
	FUZZ_NEED(!s->ruleset.dry_run || verdict.apply == ACTION_ACCEPT);
}

static void check_again(struct arena *arena, const struct settings *s)
{
	struct settings_faults faults;
	struct settings *again = settings_load(FUZZ_FIRST, &faults);
	const struct settings_difference *difference;

	FUZZ_NEED(again != NULL && faults.n == 0);
	FUZZ_NEED(settings_restart_needed(s, again) == NULL);
	difference = settings_compare(s, again, arena);
	FUZZ_NEED(difference[0].name == NULL);
	FUZZ_NEED(s->warnings.n == again->warnings.n);
	settings_expiring(s, arena, INT64_C(1777890030000));
	settings_faults_free(&faults);
	settings_unref(again);
}

static void check_loaded(struct settings *s, const struct settings_faults *faults)
{
	struct arena *arena = arena_new();

	FUZZ_NEED((s == NULL) == (faults->n > 0));
	check_faults(faults);
	if (s != NULL) {
		check(s);
		check_decides(arena, s);
	}
	arena_free(arena);
}

/* As the daemon loads them: it refuses what is refused here, and may refuse more. */
static void check_guarded(const struct settings *s)
{
	struct settings_faults faults;
	struct settings *guarded = settings_load_guarded(FUZZ_FIRST, &faults);

	FUZZ_NEED((guarded == NULL) == (faults.n > 0));
	FUZZ_NEED(s != NULL || guarded == NULL);
	check_faults(&faults);
	settings_faults_free(&faults);
	settings_unref(guarded);
}

void fuzz_settings(const uint8_t *data, size_t size)
{
	struct slice rest = fuzz_slice(data, size), first = next_part(&rest), second = next_part(&rest);
	struct arena *arena = arena_new();
	const char *change = fuzz_text(arena, slice_until(rest, slice_find(rest, '\n')));
	struct settings_faults faults;
	struct settings *s, *changed;

	put_file(FIRST_FD, first);
	put_file(SECOND_FD, second);
	s = settings_load(FUZZ_FIRST, &faults);
	check_loaded(s, &faults);
	settings_faults_free(&faults);
	check_guarded(s);
	if (s != NULL)
		check_again(arena, s);
	settings_unref(s);
	if (rest.len > 0) {
		changed = settings_load_with(FUZZ_FIRST, &change, 1, &faults);
		check_loaded(changed, &faults);
		settings_faults_free(&faults);
		settings_unref(changed);
	}
	arena_free(arena);
}
