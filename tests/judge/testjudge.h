/* testjudge.h - whole messages through lib/judge, with DNS from a zone file and
 * the settings of a file: what its test programs share.
 */
#ifndef TESTJUDGE_H
#define TESTJUDGE_H

#include "testmain.h"

#include <unistd.h>

#include "base/buf.h"
#include "judge/message.h"

static const char *const zone_lines[] = {
	"example.com TXT \"v=spf1 ip4:192.0.2.1 -all\"",
	"_dmarc.example.com TXT \"v=DMARC1; p=reject; sp=quarantine\"",
	"a.example.com A 192.0.2.9",
	"open.example TXT \"v=spf1 ip4:192.0.2.1 -all\"",
	"_dmarc.open.example TXT \"v=DMARC1; p=none; np=reject\"",
	"there.open.example A 192.0.2.9",
	"_dmarc.late.example TIMEOUT",
	"_dmarc.shop.late.example TXT \"v=DMARC1; p=reject\"",
	"mail.late.example TXT \"v=spf1 ip4:192.0.2.1 -all\"",
	"forger.example TXT \"v=spf1 ip4:198.51.100.66 -all\"",
	"mail.example.com TXT \"v=spf1 ip4:192.0.2.1 -all\"",
	"xn--bcher-kva.example TXT \"v=spf1 ip4:192.0.2.1 -all\"",
	"_dmarc.xn--bcher-kva.example TXT \"v=DMARC1; p=reject\"",
};

static struct settings *settings;
static struct engine *engine;

static inline struct settings *settings_from(const char *text)
{
	char path[] = "test-message-XXXXXX";
	struct settings_faults faults;
	int fd = mkstemp(path);
	struct settings *loaded;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	loaded = settings_load(path, &faults);
	unlink(path);
	ck_assert_msg(loaded != NULL, "%s", faults.n > 0 ? faults.lines[0] : "?");
	settings_faults_free(&faults);
	return loaded;
}

static inline void open_engine(const char *more)
{
	struct resolver *zone = resolver_zone_new();
	const char *error = NULL;
	char text[1024];

	snprintf(text, sizeof(text), "dry_run = false; quarantine: { method = \"header\"; };"
		 "authserv_id = \"mx.receiver.example\"; %s", more);
	for (int i = 0; i < N_ROWS(zone_lines); i++)
		ck_assert_int_eq(resolver_zone_add_line(zone, zone_lines[i], &error), 0);
	settings = settings_from(text);
	engine = engine_open_with(settings, zone, &error);
	ck_assert_msg(engine != NULL, "%s", error);
}

static inline void close_engine(void)
{
	engine_unref(engine);
	settings_unref(settings);
}

static inline struct arrival arrival_from(const char *ip, const char *helo, const char *mail_from)
{
	struct arrival arrival = { .helo = slice_of(helo), .mail_from = slice_of(mail_from) };

	if (ip != NULL)
		ck_assert(address_parse(slice_of(ip), &arrival.client));
	return arrival;
}

/* Header lines "Name: value", ended by NULL. */
static inline const struct verdict *run(struct message *m, const char *const *fields)
{
	message_rcpt(m, SLICE("<b@receiver.example>"), SLICE(""));
	for (; *fields != NULL; fields++) {
		struct slice line = slice_of(*fields);
		size_t colon = slice_find(line, ':');

		message_header(m, slice_until(line, colon), slice_from(line, colon + 1));
	}
	message_eoh(m);
	message_body(m, "Hello\r\n", 7);
	return message_judge(m, NULL, NULL);
}

#define FORGER "198.51.100.66", "forger.example", "<x@forger.example>"
#define GENUINE "192.0.2.1", "mail.example.com", "<bounce@example.com>"

#endif
