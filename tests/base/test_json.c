/* The JSON writer against jansson as the judge, and the bounded reader. */
#include "base/json.h"

#include <stdio.h>

#include "testmain.h"

#define S(text) text, sizeof(text) - 1

/* One string each: how it looks in the line. What is read back must be the
 * input, unless it was cut. */
static const struct {
	const char *name, *input;
	size_t len, limit;
	const char *wanted;
	bool cut;
} strings[] = {
	{ "plain", S("example.com"), 0, "\"example.com\"", false },
	{ "empty", S(""), 0, "\"\"", false },
	{ "quote", S("a\"b"), 0, "\"a\\\"b\"", false },
	{ "backslash doubled", S("a\\b"), 0, "\"a\\\\\\\\b\"", false },
	{ "looks escaped already", S("\\x41"), 0, "\"\\\\\\\\x41\"", false },
	{ "looks cut already", S("a\\..."), 0, "\"a\\\\\\\\...\"", false },
	{ "line end", S("a\r\nb"), 0, "\"a\\u000d\\u000ab\"", false },
	{ "DEL and C1", S("\x7f\xc2\x9b" "1m"), 0, "\"\\u007f\\u009b1m\"", false },
	{ "NUL", S("a\0b"), 0, "\"a\\\\x00b\"", false },
	{ "UTF-8", S("b\xc3\xbc" "cher.\xf0\x9f\x93\xa7"), 0, "\"b\xc3\xbc" "cher.\xf0\x9f\x93\xa7\"", false },
	{ "Latin-1", S("b\xfc" "cher"), 0, "\"b\\\\xFCcher\"", false },
	{ "overlong slash", S("\xc0\xaf"), 0, "\"\\\\xC0\\\\xAF\"", false },
	{ "surrogate", S("\xed\xa0\x80"), 0, "\"\\\\xED\\\\xA0\\\\x80\"", false },
	{ "cut short sequence", S("a\xe2\x82"), 0, "\"a\\\\xE2\\\\x82\"", false },
	{ "at the limit", S("12345"), 5, "\"12345\"", false },
	{ "over the limit", S("123456"), 5, "\"12345\\\\...\"", true },
	{ "cut does not halve UTF-8", S("1234\xe2\x82\xac"), 6, "\"1234\\\\...\"", true },
	{ "cut between sequences", S("123\xc3\xbc" "4"), 5, "\"123\xc3\xbc\\\\...\"", true },
	{ "cut among bad octets", S("12\x80\x80\x80\x80\x80"), 5, "\"12\\\\x80\\\\x80\\\\x80\\\\...\"", true },
};

START_TEST(string_is_written_and_read)
{
	struct slice input = heap_copy(strings[_i].input, strings[_i].len);
	struct arena *arena = arena_new();
	struct json_out out;
	struct json_doc *doc;
	struct slice back;
	const char *error = NULL;
	struct buf buf;

	buf_init(&buf, 1000);
	json_begin(&out, &buf, strings[_i].limit);
	json_put_slice(&out, NULL, input);
	ck_assert_msg(strcmp(buf_str(&buf), strings[_i].wanted) == 0, "%s: %s", strings[_i].name,
		      buf_str(&buf));
	ck_assert_msg(out.strings_cut == strings[_i].cut, "%s: cut", strings[_i].name);
	doc = json_parse(arena, buf_slice(&buf), &error);
	ck_assert_msg(doc != NULL, "%s: %s", strings[_i].name, error);
	back = json_unescape(arena, json_text(json_root(doc)));
	if (strings[_i].cut)
		ck_assert_msg(back.len > 3 && memcmp(back.data + back.len - 3, "...", 3) == 0,
			      "%s", strings[_i].name);
	else
		ck_assert_msg(slice_equal(back, input), "%s: back", strings[_i].name);
	json_doc_free(doc);
	buf_done(&buf);
	arena_free(arena);
	free((void *)input.data);
}
END_TEST

START_TEST(structure_has_its_commas)
{
	struct json_out out;
	struct buf buf;

	buf_init(&buf, 1000);
	json_begin(&out, &buf, 0);
	json_put_object(&out, NULL);
	json_put_int(&out, "v", 1);
	json_put_string(&out, "absent", NULL);
	json_put_array(&out, "list");
	json_put_int(&out, NULL, -9223372036854775807LL - 1);
	json_put_object(&out, NULL);
	json_put_object_end(&out);
	json_put_array(&out, NULL);
	json_put_array_end(&out);
	json_put_string(&out, NULL, "x");
	json_put_array_end(&out);
	json_put_bool(&out, "t", true);
	json_put_bool(&out, "f", false);
	json_put_null(&out, "n");
	json_put_object_end(&out);
	ck_assert_str_eq(buf_str(&buf), "{\"v\":1,\"list\":[-9223372036854775808,{},[],\"x\"],"
			 "\"t\":true,\"f\":false,\"n\":null}");
	buf_done(&buf);
}
END_TEST

START_TEST(full_buffer_is_seen)
{
	struct json_out out;
	struct buf buf;

	buf_init(&buf, 10);
	json_begin(&out, &buf, 0);
	json_put_string(&out, NULL, "0123456789");
	ck_assert(buf_is_full(&buf));
	ck_assert_uint_le(buf.len, 10);
	buf_done(&buf);
}
END_TEST

START_TEST(random_octets_come_back)
{
	uint32_t state = 12345u + (uint32_t)_i;

	for (int round = 0; round < 2000; round++) {
		struct arena *arena = arena_new();
		char octets[64];
		struct json_out out;
		struct json_doc *doc;
		const char *error = NULL;
		struct buf buf;
		size_t len;

		for (size_t i = 0; i < sizeof(octets); i++) {
			state = state * 1664525u + 1013904223u;
			octets[i] = "\\\"x41.\n\x80\xc3\xbc\xe2\x82\xac\0\xff"[(state >> 24) % 15];
			if ((state >> 16 & 7) == 0)
				octets[i] = (char)(state >> 24);
		}
		len = (state >> 8) % sizeof(octets);
		buf_init(&buf, 1000);
		json_begin(&out, &buf, 0);
		json_put_slice(&out, NULL, slice_new(octets, len));
		doc = json_parse(arena, buf_slice(&buf), &error);
		ck_assert_msg(doc != NULL, "round %d: %s in %s", round, error, buf_str(&buf));
		ck_assert_msg(slice_equal(json_unescape(arena, json_text(json_root(doc))),
					  slice_new(octets, len)), "round %d: %s", round, buf_str(&buf));
		json_doc_free(doc);
		buf_done(&buf);
		arena_free(arena);
	}
}
END_TEST

static const struct {
	const char *name, *input;
	size_t len;
} refused[] = {
	{ "nothing", S("") },
	{ "blank", S(" \n") },
	{ "cut short", S("{\"v\":1,\"id\":\"a") },
	{ "two values", S("{} {}") },
	{ "trailing comma", S("[1,]") },
	{ "repeated key", S("{\"a\":1,\"a\":2}") },
	{ "bare octets", S("{\"a\":\"\xff\"}") },
	{ "raw line feed in a string", S("\"a\nb\"") },
	{ "NUL in a string", S("\"a\\u0000b\"") },
	{ "integer too large", S("99999999999999999999") },
	{ "single quotes", S("{'a':1}") },
	{ "escaped half surrogate", S("\"\\ud800\"") },
	{ "escape sequence in the message", S("\x1b[31m") },
};

START_TEST(bad_text_is_refused)
{
	struct slice input = heap_copy(refused[_i].input, refused[_i].len);
	struct arena *arena = arena_new();
	const char *error = NULL;

	ck_assert_msg(json_parse(arena, input, &error) == NULL, "%s", refused[_i].name);
	ck_assert_msg(error != NULL && strlen(error) > 5, "%s: no reason", refused[_i].name);
	for (const char *p = error; *p != '\0'; p++)
		ck_assert_msg(*p >= ' ' && *p <= '~', "%s: raw octet in the reason", refused[_i].name);
	arena_free(arena);
	free((void *)input.data);
}
END_TEST

static struct json_doc *parse_nested(struct arena *arena, unsigned depth, const char **error_r)
{
	struct json_doc *doc;
	struct buf buf;

	buf_init(&buf, 10 * 1024 * 1024);
	for (unsigned i = 0; i < depth; i++)
		buf_add_str(&buf, i % 2 == 0 ? "[" : "{\"[[\":");
	buf_add_str(&buf, depth % 2 == 0 ? "1" : "");
	for (unsigned i = depth; i-- > 0;)
		buf_add_char(&buf, i % 2 == 0 ? ']' : '}');
	doc = json_parse(arena, buf_slice(&buf), error_r);
	buf_done(&buf);
	return doc;
}

START_TEST(depth_is_bounded)
{
	struct arena *arena = arena_new();
	const char *error = NULL;
	struct json_doc *doc = parse_nested(arena, LIMIT_JSON_DEPTH, &error);

	ck_assert_msg(doc != NULL, "%s", error);
	json_doc_free(doc);
	ck_assert_ptr_null(parse_nested(arena, LIMIT_JSON_DEPTH + 1, &error));
	ck_assert_ptr_nonnull(strstr(error, "nested"));
	error = NULL;
	ck_assert_ptr_null(parse_nested(arena, 100000, &error));
	ck_assert_ptr_nonnull(strstr(error, "nested"));
	arena_free(arena);
}
END_TEST

START_TEST(size_is_bounded)
{
	struct arena *arena = arena_new();
	char *text = mem_alloc(LIMIT_JSON_OCTETS + 1);
	const char *error = NULL;
	struct json_doc *doc;

	memset(text, ' ', LIMIT_JSON_OCTETS + 1);
	text[0] = '7';
	doc = json_parse(arena, slice_new(text, LIMIT_JSON_OCTETS), &error);
	ck_assert_int_eq(json_number(json_root(doc), 0), 7);
	json_doc_free(doc);
	ck_assert_ptr_null(json_parse(arena, slice_new(text, LIMIT_JSON_OCTETS + 1), &error));
	ck_assert_ptr_nonnull(strstr(error, "longer"));
	free(text);
	arena_free(arena);
}
END_TEST

START_TEST(getters_forgive)
{
	struct arena *arena = arena_new();
	const char *error = NULL;
	struct json_doc *doc = json_parse(arena, SLICE("{\"s\":\"x\",\"n\":5,\"r\":1.5,\"b\":true,"
						       "\"f\":false,\"a\":[1,2],\"o\":{}}"), &error);
	const struct json *root = json_root(doc), *value = NULL;

	ck_assert_str_eq(json_text(json_get(root, "s")), "x");
	ck_assert_ptr_null(json_text(json_get(root, "n")));
	ck_assert_ptr_null(json_text(json_get(root, "absent")));
	ck_assert_ptr_null(json_get(NULL, "s"));
	ck_assert_ptr_null(json_get(json_get(root, "a"), "s"));
	ck_assert_int_eq(json_number(json_get(root, "n"), -1), 5);
	ck_assert_int_eq(json_number(json_get(root, "r"), -1), -1);
	ck_assert_int_eq(json_number(NULL, -1), -1);
	ck_assert(json_truth(json_get(root, "b"), false));
	ck_assert(!json_truth(json_get(root, "f"), true));
	ck_assert(json_truth(json_get(root, "s"), true));
	ck_assert_uint_eq(json_length(json_get(root, "a")), 2);
	ck_assert_uint_eq(json_length(root), 0);
	ck_assert_int_eq(json_number(json_at(json_get(root, "a"), 1), 0), 2);
	ck_assert_ptr_null(json_at(json_get(root, "a"), 2));
	ck_assert(json_is_object(root) && !json_is_array(root) && !json_is_string(NULL));
	ck_assert(json_is_array(json_get(root, "a")) && json_is_string(json_get(root, "s")));
	ck_assert_str_eq(json_member(root, 6, &value), "o");
	ck_assert(json_is_object(value));
	ck_assert_ptr_null(json_member(root, 7, &value));
	ck_assert_ptr_null(json_member(json_get(root, "a"), 0, &value));
	ck_assert_ptr_null(json_member(NULL, 0, &value));
	json_doc_free(doc);
	json_doc_free(NULL);
	arena_free(arena);
}
END_TEST

static const struct {
	const char *name, *input, *wanted;
} unescaped[] = {
	{ "nothing", NULL, "" },
	{ "plain", "abc", "abc" },
	{ "octet", "\\x41\\xfF", "A\xff" },
	{ "doubled before x41", "\\\\x41", "\\x41" },
	{ "marker", "abc\\...", "abc..." },
	{ "half an octet stays", "\\x4", "\\x4" },
	{ "no hex stays", "\\xgg", "\\xgg" },
	{ "lone backslash stays", "a\\", "a\\" },
};

START_TEST(unescape_undoes)
{
	struct arena *arena = arena_new();

	ck_assert_msg(slice_is(json_unescape(arena, unescaped[_i].input), unescaped[_i].wanted),
		      "%s", unescaped[_i].name);
	arena_free(arena);
}
END_TEST

static Suite *json_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("json");

	tcase_add_loop_test(tcase, string_is_written_and_read, 0, N_ROWS(strings));
	tcase_add_test(tcase, structure_has_its_commas);
	tcase_add_test(tcase, full_buffer_is_seen);
	tcase_add_loop_test(tcase, random_octets_come_back, 0, 4);
	tcase_add_loop_test(tcase, bad_text_is_refused, 0, N_ROWS(refused));
	tcase_add_test(tcase, depth_is_bounded);
	tcase_add_test(tcase, size_is_bounded);
	tcase_add_test(tcase, getters_forgive);
	tcase_add_loop_test(tcase, unescape_undoes, 0, N_ROWS(unescaped));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(json_suite())
