#include "testmain.h"

#include "base/buf.h"
#include "core/aar.h"

/* What the rows want: "method=domain ..." in order, and the client's address
 * behind an "@"; "!" and the error. */
static const struct {
	const char *name;
	struct slice text;
	const char *wanted;
} rows[] = {
#define ROW(name, text, wanted) { name, { text, sizeof(text) - 1 }, wanted }
	ROW("one claim", " i=1; a.example; dmarc=pass header.from=example.com", "dmarc=example.com"),
	ROW("all of them", "i=2; a.example; spf=pass smtp.mailfrom=joe@b.example.com;\r\n"
	    "\tdkim=pass (2048-bit key) header.d=example.com header.s=s1 header.b=\"ab/cd+e=\";\r\n"
	    "\tdmarc=pass (p=reject dis=none) header.from=example.com",
	    "dmarc=example.com spf=b.example.com dkim=example.com"),
	ROW("fails claim nothing", "i=1; a.example; dmarc=fail header.from=example.com;"
	    " spf=softfail smtp.mailfrom=a@b.example; dkim=none", ""),
	ROW("pass of any case", "i=1; a.example; DMARC=Pass Header.From=Example.COM.", "dmarc=example.com"),
	ROW("not quite a pass", "i=1; a.example; dmarc=passed header.from=example.com", ""),
	ROW("other methods", "i=1; a.example; iprev=pass policy.iprev=192.0.2.1; arc=pass"
	    " header.oldest-pass=0; x-tls=pass smtp.version=TLSv1.3; auth=pass smtp.auth=joe", ""),
	ROW("none", "i=1; a.example; none", ""),
	ROW("none with comments", "i=1; a.example (x) ; (y) none (z) ", ""),
	ROW("dmarc without a domain", "i=1; lists.example.org; spf=pass smtp.mfrom=jqd@d1.example;"
	    " dkim=pass (1024-bit key) header.i=@d1.example; dmarc=pass", "spf=d1.example dkim=d1.example"),
	/* identities */
	ROW("d before i", "i=1; a.example; dkim=pass header.i=@s.example.com header.d=example.com",
	    "dkim=example.com"),
	ROW("i with a local part", "i=1; a.example; dkim=pass header.i=joe@s.example.com", "dkim=s.example.com"),
	ROW("i without at", "i=1; a.example; dkim=pass header.i=s.example.com", "dkim=s.example.com"),
	ROW("mailfrom is a domain", "i=1; a.example; spf=pass smtp.mailfrom=example.com", "spf=example.com"),
	ROW("helo alone", "i=1; a.example; spf=pass smtp.helo=mail.example.com", "spf=mail.example.com"),
	ROW("helo beside mailfrom", "i=1; a.example; spf=pass smtp.helo=mail.example.com"
	    " smtp.mailfrom=a@example.org", "spf=example.org"),
	ROW("helo with a null sender", "i=1; a.example; spf=pass smtp.mailfrom=<> smtp.helo=m.example.com",
	    "spf=m.example.com"),
	ROW("helo with an empty sender", "i=1; a.example; spf=pass smtp.mailfrom=\"\" smtp.helo=m.example.com",
	    "spf=m.example.com"),
	ROW("helo is not for a sender without a domain",
	    "i=1; a.example; spf=pass smtp.mailfrom=postmaster smtp.helo=m.example.com", "spf=postmaster"),
	ROW("quoted address", "i=1; a.example; spf=pass smtp.mailfrom=\"joe@example.com\"", "spf=example.com"),
	ROW("quoted local part", "i=1; a.example; spf=pass smtp.mailfrom=\"a b;\"@example.com x.y=z",
	    "spf=example.com"),
	ROW("at in a quoted local part", "i=1; a.example; spf=pass smtp.mailfrom=\"joe@bank.example\"@example.com",
	    "spf=example.com"),
	ROW("returned address", "i=1; a.example; spf=pass smtp.mailfrom=b+joe=bank.example@example.com",
	    "spf=example.com"),
	ROW("no domain", "i=1; a.example; dmarc=pass header.from=exa%mple.com", ""),
	ROW("U-label", "i=1; a.example; dmarc=pass header.from=b\xc3\xbc" "cher.example", ""),
	ROW("property of another method", "i=1; a.example; dmarc=pass header.d=example.com;"
	    " dkim=pass header.from=example.com; spf=pass header.from=example.com", ""),
	ROW("property of another type", "i=1; a.example; dmarc=pass policy.from=example.com", ""),
	ROW("two signatures", "i=1; a.example; dkim=pass header.d=a.example; dkim=fail header.d=b.example;"
	    " dkim=pass header.d=c.example", "dkim=a.example dkim=c.example"),
	ROW("the same twice", "i=1; a.example; dkim=pass header.d=a.example header.s=1;"
	    " dkim=pass header.d=A.example header.s=2", "dkim=a.example"),
	ROW("spf of two identities", "i=1; a.example; spf=pass smtp.mailfrom=a@b.example;"
	    " spf=pass smtp.helo=c.example", "spf=b.example spf=c.example"),
	ROW("more than are kept", "i=1; x.example; dkim=pass header.d=a.example; dkim=pass header.d=b.example;"
	    " dkim=pass header.d=c.example; dkim=pass header.d=d.example; dkim=pass header.d=e.example;"
	    " dkim=pass header.d=f.example; dkim=pass header.d=g.example; dkim=pass header.d=h.example;"
	    " dkim=pass header.d=i.example; dmarc=pass header.from=z.example",
	    "dmarc=z.example dkim=a.example dkim=b.example dkim=c.example dkim=d.example dkim=e.example"
	    " dkim=f.example dkim=g.example"),
	/* client */
	ROW("remote-ip", "i=1; a.example; arc=none smtp.remote-ip=192.0.2.1", "@192.0.2.1"),
	ROW("client-ip", "i=1; a.example; spf=none smtp.client-ip=192.0.2.1", "@192.0.2.1"),
	ROW("both", "i=1; a.example; spf=none smtp.client-ip=192.0.2.1; arc=none smtp.remote-ip=192.0.2.2",
	    "@192.0.2.2"),
	ROW("quoted", "i=1; a.example; arc=none smtp.remote-ip=\"2001:DB8:0::1\"", "@2001:db8::1"),
	ROW("not quoted", "i=1; a.example; arc=none smtp.remote-ip=2001:db8::1", "@2001:db8::1"),
	ROW("no address", "i=1; a.example; arc=none smtp.remote-ip=192.0.2.300", ""),
	/* grammar */
	ROW("comments everywhere", "(a)i(b)=(c)1(d);(e)a.example(f)1(g);(h)dmarc(i)/(j)1(k)=(l)pass(m)"
	    "reason(n)=(o)\"x\"(p)header(q).(r)from(s)=(t)example.com(u)", "dmarc=example.com"),
	ROW("folds everywhere", "\r\n\ti\r\n =\r\n 1\r\n ;\r\n a.example\r\n 1\r\n ;\r\n dmarc\r\n /\r\n 1\r\n ="
	    "\r\n pass\r\n header\r\n .\r\n from\r\n =\r\n example.com\r\n ", "dmarc=example.com"),
	ROW("version", "i=1; mx.example.com 1; dmarc=pass header.from=example.com", "dmarc=example.com"),
	ROW("quoted authserv-id", "i=1; \"a; dmarc=pass header.from=x.example\"; none", ""),
	ROW("reason", "i=1; a.example; dmarc=pass reason=\"a;b (c\" header.from=example.com", "dmarc=example.com"),
	ROW("reason at the end", "i=1; a.example; dmarc=pass header.from=example.com reason=ok", "dmarc=example.com"),
	ROW("property without a type", "i=1; mx.example.com 1; spf=pass smtp.mailfrom=example.com; dmarc=pass"
	    " action=none header.from=example.com; dkim=pass header.d=example.com; arc=none",
	    "dmarc=example.com spf=example.com dkim=example.com"),
	ROW("underscore", "i=1; a.example; x-mx=pass policy.is_org=yes; dkim=pass header.d=a.example",
	    "dkim=a.example"),
	ROW("base64 unquoted", "i=1; a.example; dkim=pass header.b=a/b+c= header.d=example.com", "dkim=example.com"),
	ROW("semicolon at the end", "i=1; a.example; dkim=pass header.d=a.example; ", "dkim=a.example"),
	ROW("missing semicolon", "i=1; a.example; dkim=fail header.d=a.example dmarc=pass header.from=b.example", ""),
	/* text that only looks like a result */
	ROW("in a quoted string", "i=1; a.example; spf=fail smtp.mailfrom="
	    "\"x; dmarc=pass header.from=bank.example;\"@evil.example", ""),
	ROW("behind an escaped quote", "i=1; a.example; spf=fail reason=\"x\\\"; dmarc=pass"
	    " header.from=bank.example\"", ""),
	ROW("in a comment", "i=1; a.example; spf=fail (x; dmarc=pass header.from=bank.example) x.y=z", ""),
	ROW("in a nested comment", "i=1; a.example; spf=fail (x (y) \\) ; dmarc=pass header.from=bank.example)", ""),
	ROW("in a value of spf", "i=1; a.example; spf=pass smtp.mailfrom=dmarc=pass@b.example", "spf=b.example"),
	ROW("in the authserv-id", "i=1; dmarc=pass header.from=bank.example",
	    "!words that run together"),
	/* broken */
	ROW("empty", "", "!no instance"),
	ROW("no instance", "a.example; dmarc=pass header.from=example.com", "!no instance"),
	ROW("instance later", "a.example; i=1; dmarc=pass header.from=example.com", "!no instance"),
	ROW("instance and nothing", "i=1;", "!no authserv-id"),
	ROW("no semicolon", "i=1 a.example; none", "!no semicolon after the instance"),
	ROW("no results", "i=1; a.example", "!no results"),
	ROW("only a semicolon", "i=1; a.example;", "!not a result"),
	ROW("two authserv-ids", "i=1; a.example b.example; dmarc=pass header.from=example.com",
	    "!words that run together"),
	ROW("two authserv-ids, semicolon", "i=1; a.example; b.example; dmarc=pass header.from=example.com",
	    "!not a result"),
	ROW("bad version", "i=1; a.example 1a; none", "!words that run together"),
	ROW("none and more", "i=1; a.example; none; dmarc=pass header.from=example.com", "!not a result"),
	ROW("none later", "i=1; a.example; dmarc=pass header.from=example.com; none", "!not a result"),
	ROW("empty result", "i=1; a.example; dmarc=pass header.from=example.com;; spf=none", "!not a result"),
	ROW("no result word", "i=1; a.example; dmarc= header.from=example.com", "!words that run together"),
	ROW("result cut off", "i=1; a.example; dkim=pass header.d=a.example; dmarc=", "!not a result"),
	ROW("no method", "i=1; a.example; =pass", "!not a result"),
	ROW("no equals sign", "i=1; a.example; dmarc pass", "!not a result"),
	ROW("bad method version", "i=1; a.example; dmarc/x=pass", "!not a version"),
	ROW("result and a slash", "i=1; a.example; dmarc=pass/x", "!words that run together"),
	ROW("no property", "i=1; a.example; dmarc=pass header.=example.com", "!not a property"),
	ROW("no value", "i=1; a.example; dmarc=pass header.from=; spf=none", "!a property without a value"),
	ROW("property is a word", "i=1; a.example; dmarc=pass header", "!not a property"),
	ROW("two dots", "i=1; a.example; dmarc=pass header.from.x=example.com", "!not a property"),
	ROW("nothing behind a quote", "i=1; a.example; spf=pass smtp.mailfrom=\"a\"b@c.example",
	    "!words that run together"),
	ROW("property given twice", "i=1; a.example; dmarc=pass header.from=a.example header.from=b.example",
	    "!a property given twice"),
	ROW("two spellings", "i=1; a.example; spf=pass smtp.mfrom=a.example smtp.mailfrom=b.example",
	    "!a property given twice"),
	ROW("dmarc twice", "i=1; a.example; dmarc=pass header.from=a.example; dmarc=fail header.from=a.example",
	    "!two dmarc results"),
	ROW("unknown part that is broken", "i=1; a.example; dmarc=pass header.from=example.com; x-y=z a.b",
	    "!not a property"),
	ROW("quote that does not end", "i=1; a.example; dmarc=pass header.from=\"example.com",
	    "!a quote that does not end"),
	ROW("backslash at the end", "i=1; a.example; dmarc=pass header.from=\"example.com\\",
	    "!a quote that does not end"),
	ROW("comment that does not end", "i=1; a.example; dmarc=pass header.from=example.com (x",
	    "!a comment that does not end"),
	ROW("comment closed too often", "i=1; a.example; dmarc=pass (x)) header.from=example.com",
	    "!not a property"),
	ROW("16 comments deep", "i=1; a.example; dmarc=pass ((((((((((((((((x)))))))))))))))) header.from=a.example",
	    "dmarc=a.example"),
	ROW("17 comments deep", "i=1; a.example; dmarc=pass (((((((((((((((((x))))))))))))))))) header.from=a.example",
	    "!comments nested too deep"),
	ROW("NUL", "i=1; a.example; dmarc=pass header.from=example.com\0.evil.example", "!a control character"),
	ROW("NUL in a comment", "i=1; a.example (\0); none", "!a control character"),
	ROW("DEL", "i=1; a.example; dmarc=pass header.from=\x7F", "!a control character"),
};

static void describe(const struct aar *aar, struct buf *out)
{
	for (unsigned i = 0; i < aar->n_claims; i++)
		buf_printf(out, "%s%s=%s", i > 0 ? " " : "",
			   names_get(arc_method_names, (int)aar->claims[i].method), aar->claims[i].domain);
	if (aar->client_ip != NULL)
		buf_printf(out, "@%s", aar->client_ip);
	if (aar->error != NULL)
		buf_printf(out, "!%s", aar->error);
}

static void check(const char *name, struct slice text, const char *wanted)
{
	struct slice copy = heap_copy(text.data, text.len);
	struct arena *arena = arena_new();
	struct aar aar;
	struct buf out;

	buf_init(&out, 2000);
	aar_parse(arena, copy, &aar);
	describe(&aar, &out);
	ck_assert_msg(strcmp(buf_str(&out), wanted) == 0, "%s: \"%s\"", name, buf_str(&out));
	ck_assert_msg((aar.error == NULL) == (aar.authserv_id != NULL), "%s", name);
	ck_assert_msg(arena_bytes(arena) < 10 * text.len + 10000, "%s: %zu octets", name, arena_bytes(arena));
	buf_done(&out);
	arena_free(arena);
	free((void *)(uintptr_t)copy.data);
}

START_TEST(claims)
{
	check(rows[_i].name, rows[_i].text, rows[_i].wanted);
}
END_TEST

/* No text that was cut off says more than the whole. */
START_TEST(cut_anywhere)
{
	struct arena *arena = arena_new();

	for (size_t len = 0; len < rows[_i].text.len; len++) {
		struct slice copy = heap_copy(rows[_i].text.data, len);
		struct aar aar;

		aar_parse(arena, copy, &aar);
		ck_assert_msg(aar.error == NULL || (aar.n_claims == 0 && aar.client_ip == NULL), "%s", rows[_i].name);
		free((void *)(uintptr_t)copy.data);
	}
	arena_free(arena);
}
END_TEST

static const struct {
	const char *name;
	const char *piece;              /* repeated up to the size */
	size_t size;
	const char *wanted;
} floods[] = {
	{ "32 kB of results", " x=y;", 32000, "" },
	{ "64 kB", " x=y;", 65536, "!field too long" },
	{ "quoted strings", " x=y a=\"\";", 32000, "" },
	{ "comments", " (x)", 32000, "!not a result" },
	{ "open comments", " (x", 32000, "!comments nested too deep" },
	{ "quotes", " x=y a=\"", 32000, "" },
	{ "properties", " x=y a.b=c;", 32000, "" },
};

START_TEST(large_fields)
{
	struct buf text;

	buf_init(&text, 100000);
	buf_add_str(&text, "i=1; a.example;");
	while (text.len + strlen(floods[_i].piece) < floods[_i].size)
		buf_add_str(&text, floods[_i].piece);
	while (text.len < floods[_i].size)
		buf_add_char(&text, ' ');
	check(floods[_i].name, buf_slice(&text), floods[_i].wanted);
	buf_done(&text);
}
END_TEST

START_TEST(authserv_id_is_read)
{
	struct arena *arena = arena_new();
	struct aar aar;

	aar_parse(arena, SLICE("i=1; MX.example.com 1; none"), &aar);
	ck_assert_str_eq(aar.authserv_id, "MX.example.com");
	aar_parse(arena, SLICE("i=1; \"a \\\"b\"; none"), &aar);
	ck_assert_str_eq(aar.authserv_id, "a \"b");
	arena_free(arena);
}
END_TEST

static const struct {
	struct slice text;
	unsigned instance;              /* 0: none */
} instances[] = {
	{ { "i=1; x", 6 }, 1 }, { { " i = 50 ; x", 11 }, 50 }, { { "i=09; x", 7 }, 9 }, { { "i=1;", 4 }, 1 },
	{ { "\r\n i=1;", 7 }, 1 }, { { "(c)i=1(c);", 10 }, 1 },
	{ { "i=0; x", 6 }, 0 }, { { "i=51; x", 7 }, 0 }, { { "i=001; x", 8 }, 0 }, { { "i=; x", 5 }, 0 },
	{ { "i=a; x", 6 }, 0 }, { { "i=+1; x", 7 }, 0 }, { { "i=-1; x", 7 }, 0 }, { { "i=1 2; x", 8 }, 0 },
	{ { "i=1", 3 }, 0 }, { { "i=1 x; y", 8 }, 0 }, { { "I=1; x", 6 }, 0 }, { { "ii=1; x", 7 }, 0 },
	{ { "x; i=1;", 7 }, 0 }, { { "", 0 }, 0 }, { { "i", 1 }, 0 }, { { "i=1\0;", 5 }, 0 },
	{ { "i=18446744073709551617;", 23 }, 0 }, { { "(i=1;", 5 }, 0 },
};

START_TEST(instance_comes_first)
{
	struct slice text = heap_copy(instances[_i].text.data, instances[_i].text.len);
	unsigned instance = 0;
	bool found = aar_instance(text, &instance);

	ck_assert_msg(found == (instances[_i].instance != 0), "%s", instances[_i].text.data);
	ck_assert_msg(instance == instances[_i].instance, "%s: %u", instances[_i].text.data, instance);
	free((void *)(uintptr_t)text.data);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("aar");
	TCase *t = tcase_create("aar");

	tcase_add_loop_test(t, claims, 0, N_ROWS(rows));
	tcase_add_loop_test(t, cut_anywhere, 0, N_ROWS(rows));
	tcase_add_loop_test(t, large_fields, 0, N_ROWS(floods));
	tcase_add_test(t, authserv_id_is_read);
	tcase_add_loop_test(t, instance_comes_first, 0, N_ROWS(instances));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
