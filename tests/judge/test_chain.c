/* An ARC chain on its way through a whole message. */
#include "testjudge.h"

#include "auth/mail_file.h"

/* One set, sealed by list.example for a message of x@a.example.com, made with dkimpy
 * (arc_sign, relaxed/relaxed, h=from:subject); its key was made for it. */
#define KEY_LINE "s._domainkey.list.example TXT \"v=DKIM1; k=rsa; " \
	"p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC+6FNd/wLaF3M764rfhixsfPTstHgBSkek3oRa" \
	"o42YKeApHgwKcgD1IAA7a2ZeQWmrxpifiQoG89e03a5rz0EuFldsk+HQLVRB8roXyVCnPKlAFQaphn" \
	"jz8q8DQ2KTZIWlzqlgCc9NCT4ajOGHSR4CiBnuXbBxjg14U46ALlx3EQIDAQAB" \
	"\""
static const char *const sealed[] = {
	"ARC-Seal: i=1; cv=none; a=rsa-sha256; d=list.example; s=s; t=1700000000; "
	"b=jOdCmkrSTc4Fi26hUsAx0uDQaVhar6ggRGwNcoCB8SeaZkp5fVMPPYGriWEnSHXWcBoy0 "
	"azUXHSgQwzY6/6+sC9tu9I0a0n1lHKDnB2iWUwdVSarfioagvxMIkgcD0KYcPe5JXGPmBRP "
	"aHlbLVhOF5V3khK2HyNuywjBrmSHTDU=",
	"ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=list.example; "
	"s=s; t=1700000000; h=from : subject; "
	"bh=Ba3gj8+xBPQLJTahTfzW6RbWQ/XPgESxkCi2B66PSQg=; "
	"b=VnKOyHRvVeMjR6eK+gTMpfFJ6e+fSSZDESvrpBCT/vIKkVN/55vT7dA3GeqOU/uLc+pNG "
	"p/ft/nKwSvfG6Tud9jPCuz9Jsbs+W1POhMyR+snqqWkLz2h9WuTtHikmtdkeKn+JEUmvPFT "
	"zgmDAQpGDHMSSWCkrwglFI45ayl4iY8=",
	"ARC-Authentication-Results: i=1; list.example; spf=pass "
	"smtp.mailfrom=x@bounce.example.com; dkim=pass header.d=example.com; dkim=pass "
	"header.d=forger.example; dkim=pass header.d=m1.example.com; dkim=pass "
	"header.d=m2.example.com; dkim=pass header.d=m3.example.com",
	"From: x@a.example.com", "Subject: arc", NULL,
};

static const struct {
	const char *name, *settings;
	const char *body;
	enum arc_result result;
	enum why why;
	const char *walked;             /* SPF and DKIM claims with an Organizational Domain */
} rows[] = {
	{ "trusted", "arc: { trusted_sealers = [ \"list.example\" ]; };", "Hello\r\n", RES_ARC_PASS,
	  WHY_TRUSTED_ARC, "bounce.example.com example.com m1.example.com m2.example.com " },
	{ "not trusted", "", "Hello\r\n", RES_ARC_PASS, WHY_REQUESTED,
	  "bounce.example.com example.com m1.example.com m2.example.com " },
	{ "body changed", "arc: { trusted_sealers = [ \"list.example\" ]; };", "Bye\r\n", RES_ARC_FAIL,
	  WHY_REQUESTED, "" },
	{ "not checked", "arc: { check = false; trusted_sealers = [ \"list.example\" ]; };", "Hello\r\n",
	  RES_ARC_UNSET, WHY_REQUESTED, "" },
	{ "exempt", "exempt: { networks = [ \"198.51.100.66\" ]; };", "Hello\r\n", RES_ARC_UNSET, WHY_EXEMPT,
	  "" },
};

static void walked_claims(const struct evidence *e, struct buf *out)
{
	for (unsigned i = 0; i < e->arc.n_sets; i++)
		for (unsigned k = 0; k < e->arc.sets[i].n_claims; k++)
			if (e->arc.sets[i].claims[k].org.status == ORG_KNOWN)
				buf_printf(out, "%s ", e->arc.sets[i].claims[k].domain);
}

static struct message *start_message(const char *more)
{
	struct arrival arrival = arrival_from(FORGER);
	const char *error = NULL;
	char text[256];

	snprintf(text, sizeof(text), "mode = \"honor\"; %s", more);
	open_engine(text);
	ck_assert_int_eq(resolver_zone_add_line(engine->resolver, KEY_LINE, &error), 0);
	return message_new(engine, &arrival);
}

static void add_fields(struct message *m, const char *const *fields)
{
	for (; *fields != NULL; fields++) {
		struct slice line = slice_of(*fields);
		size_t colon = slice_find(line, ':');

		message_header(m, slice_until(line, colon), slice_from(line, colon + 1));
	}
}

START_TEST(chain_is_evidence)
{
	struct message *m = start_message(rows[_i].settings);
	const struct evidence *e = message_evidence(m);
	const struct verdict *v;
	struct buf walked;

	add_fields(m, sealed);
	message_eoh(m);
	message_body(m, rows[_i].body, strlen(rows[_i].body));
	v = message_judge(m, NULL, NULL);
	ck_assert_msg(e->arc.result == rows[_i].result, "%s: arc=%s (%s)", rows[_i].name,
		      names_get(arc_result_names, (int)e->arc.result), e->arc.reason);
	ck_assert_msg(v->why == rows[_i].why, "%s: why=%s", rows[_i].name, names_get(why_names, (int)v->why));
	buf_init(&walked, 1024);
	walked_claims(e, &walked);
	ck_assert_msg(strcmp(buf_str(&walked), rows[_i].walked) == 0, "%s: %s", rows[_i].name,
		      buf_str(&walked));
	buf_done(&walked);
	message_free(m);
	close_engine();
}
END_TEST

/* No end of the header, no body; and left in the middle. */
START_TEST(chain_without_its_end)
{
	struct message *m = start_message("");

	add_fields(m, sealed);
	if (_i == 0)
		ck_assert_int_eq(message_judge(m, NULL, NULL)->result, RES_DMARC_FAIL);
	if (_i == 1)
		message_eoh(m);
	if (_i < 2)
		ck_assert_int_eq(message_evidence(m)->arc.result, _i == 0 ? RES_ARC_FAIL : RES_ARC_UNSET);
	message_free(m);
	close_engine();
}
END_TEST

/* What verifying costs: the largest key with the longest exponent 7.8 of usual ones, and
 * 2.4 what is needed of a chain of five. The key is no one's, and need not be. */
static const struct { unsigned max_signatures, max_sets; enum arc_result result; } effort_rows[] = {
	{ 2, 5, RES_ARC_FAIL },         /* 10 together: eight more than signatures */
	{ 3, 5, RES_ARC_PASS },
	{ 1, 6, RES_ARC_FAIL },         /* and 10: what a chain of six needs */
	{ 1, 7, RES_ARC_PASS },
};

#define LARGE_KEY_HEAD "MIICJDANBgkqhkiG9w0BAQEFAAOCAhEAMIICDAKCAgEA"
#define LARGE_KEY_TAIL "8CBQEAAAAB"
#define COSTLY_SIGNATURE " v=1; a=rsa-sha256; c=relaxed/relaxed; d=large.example; s=s; h=From; " \
	"bh=5+jLmFVXB3mvCf3DesbcCbUrzoYHjc9X1uBHBLHfAR4=; b=AAAA"

static void add_keys(void)
{
	struct buf zone = mail_file(TESTDIR "/data/arc/zone", 1000000);
	struct slice rest = buf_slice(&zone), line;
	char text[2000], modulus[683];
	const char *error = NULL;

	while (slice_split(&rest, '\n', &line)) {
		snprintf(text, sizeof(text), "%.*s", (int)line.len, line.data);
		ck_assert_int_eq(resolver_zone_add_line(engine->resolver, text, &error), 0);
	}
	memset(modulus, '/', sizeof(modulus) - 1);
	modulus[sizeof(modulus) - 1] = '\0';
	snprintf(text, sizeof(text), "s._domainkey.large.example TXT \"v=DKIM1; p="
		 LARGE_KEY_HEAD "%s" LARGE_KEY_TAIL "\"", modulus);
	ck_assert_int_eq(resolver_zone_add_line(engine->resolver, text, &error), 0);
	buf_done(&zone);
}

/* The fields of a whole message; its body. */
static struct slice add_header(struct message *m, struct slice rest)
{
	struct slice line, field;

	while (slice_split(&rest, '\n', &line) && line.len > 0) {
		size_t colon = slice_find(line, ':');

		field = line;
		while (rest.len > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t') &&
		       slice_split(&rest, '\n', &line))
			field.len = (size_t)(line.data + line.len - field.data);
		message_header(m, slice_until(field, colon), slice_from(field, colon + 1));
	}
	return rest;
}

START_TEST(chain_takes_what_signatures_leave)
{
	struct arrival arrival = arrival_from(FORGER);
	struct buf text = mail_file(TESTDIR "/data/arc/five.eml", 100000);
	struct message *m;
	const struct evidence *e;
	struct slice body;
	char more[100];

	snprintf(more, sizeof(more), "dkim: { max_signatures = %u; }; arc: { max_sets = %u; };",
		 effort_rows[_i].max_signatures, effort_rows[_i].max_sets);
	open_engine(more);
	add_keys();
	m = message_new(engine, &arrival);
	message_header(m, SLICE("DKIM-Signature"), SLICE(COSTLY_SIGNATURE));
	body = add_header(m, buf_slice(&text));
	message_eoh(m);
	message_body(m, body.data, body.len);
	message_judge(m, NULL, NULL);
	e = message_evidence(m);
	ck_assert_msg(e->arc.result == effort_rows[_i].result, "row %d: %s", _i, e->arc.reason);
	if (e->arc.result == RES_ARC_FAIL)
		ck_assert_ptr_nonnull(strstr(e->arc.reason, "too many long keys in this message"));
	ck_assert_uint_eq(e->dkim[0].key_bits, 4096);
	message_free(m);
	buf_done(&text);
	close_engine();
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("chain");
	TCase *t = tcase_create("chain");

	tcase_add_loop_test(t, chain_is_evidence, 0, N_ROWS(rows));
	tcase_add_loop_test(t, chain_without_its_end, 0, 3);
	tcase_add_loop_test(t, chain_takes_what_signatures_leave, 0, N_ROWS(effort_rows));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
