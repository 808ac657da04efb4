#include "base/buf.h"
#include "judge/evaluate.h"
#include "testmain.h"

/* wanted: the authors, joined by blanks */
static const struct {
	const char *name;
	unsigned fields;
	const char *body;
	enum from_status status;
	const char *wanted;
	bool odd;
} rows[] = {
	{ "absent", 0, "", FROM_ABSENT, "", false },
	{ "repeated", 2, "a@example.com", FROM_REPEATED, "", false },
	{ "one", 1, "Alice@EXAMPLE.Com", FROM_OK, "example.com", false },
	{ "trailing dot", 1, "a@example.com.", FROM_OK, "example.com", true },
	{ "U-label", 1, "info@B\xc3\x9c" "cher.example", FROM_OK, "xn--bcher-kva.example", false },
	{ "one domain twice", 1, "a@example.com, b@EXAMPLE.com", FROM_OK, "example.com", false },
	{ "U-label and A-label", 1, "a@b\xc3\xbc" "cher.example, b@xn--bcher-kva.example", FROM_OK,
	  "xn--bcher-kva.example", false },
	{ "four", 1, "x@a.example, x@b.example, x@c.example, x@d.example, x@a.example", FROM_OK,
	  "a.example b.example c.example d.example", false },
	{ "five", 1, "x@a.example, x@b.example, x@c.example, x@d.example, x@e.example", FROM_TOO_MANY, "", false },
	{ "impossible U-label", 1, "a@\xe2\x80\x8e.example", FROM_UNUSABLE, "", false },
	{ "label over 63 as A-label", 1,
	  "a@b\xc3\xbc" "cherbuecherbuecherbuecherbuecherbuecherbuecherbuecherbuecherbuecher.example",
	  FROM_UNUSABLE, "", false },
	{ "phrase and address", 1, "ceo@example.com <x@evil.example>", FROM_OK, "example.com evil.example",
	  true },
	{ "impossible U-label in a phrase", 1, "ceo@\xe2\x80\x8e.example <x@evil.example>", FROM_OK,
	  "evil.example", true },
	{ "impossible U-label in a phrase, literal", 1, "ceo@\xe2\x80\x8e.example <x@[192.0.2.1]>",
	  FROM_NO_DOMAIN, "", false },
	{ "impossible U-label in the address", 1, "ceo@example.com <x@\xe2\x80\x8e.example>", FROM_UNUSABLE, "", false },
	{ "empty group", 1, "Nobody:;", FROM_NO_DOMAIN, "", false },
};

START_TEST(authors)
{
	struct arena *arena = arena_new();
	struct evidence *e = ARENA_NEW(arena, struct evidence);
	struct slice body = heap_copy(rows[_i].body, strlen(rows[_i].body));
	struct buf joined;

	evaluate_from(e, arena, rows[_i].fields, body);
	free((void *)body.data);
	buf_init(&joined, LIMIT_FROM_OCTETS);
	for (unsigned i = 0; i < e->n_authors; i++)
		buf_printf(&joined, "%s%s", i > 0 ? " " : "", e->authors[i].domain);
	ck_assert_msg(e->from == rows[_i].status, "%s: status %d", rows[_i].name, e->from);
	ck_assert_msg(strcmp(buf_str(&joined), rows[_i].wanted) == 0, "%s: %s", rows[_i].name,
		      buf_str(&joined));
	ck_assert_msg((e->from_reason != NULL) == (e->from != FROM_OK || rows[_i].odd),
		      "%s: reason", rows[_i].name);
	ck_assert_uint_eq(e->from_fields, rows[_i].fields);
	buf_done(&joined);
	arena_free(arena);
}
END_TEST

static Suite *from_suite(void)
{
	Suite *suite = suite_create("from");
	TCase *tc = tcase_create("from");

	tcase_add_loop_test(tc, authors, 0, N_ROWS(rows));
	suite_add_tcase(suite, tc);
	return suite;
}

TEST_MAIN(from_suite())
