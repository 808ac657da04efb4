#include "testmain.h"

#include "core/domainset.h"
#include "core/netset.h"

static const struct { const char *input, *wanted; } address_rows[] = {
	{ "192.0.2.1", "192.0.2.1" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "192.0.2.256", NULL },
	{ "192.0.2", NULL },
	{ "192.0.2.1.", NULL },
	{ "192.0.2.01", NULL },
	{ "::", "::" },
	{ "::1", "::1" },
	{ "1::", "1::" },
	{ "2001:DB8::77", "2001:db8::77" },
	{ "IPv6:2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
	{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
	{ "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
	{ "1:2:3:4:5:6:7:8:9", NULL },
	{ "1:2:3:4:5:6:7", NULL },
	{ "1::2::3", NULL },
	{ ":1:2:3:4:5:6:7", NULL },
	{ "::ffff:192.0.2.7", "192.0.2.7" },
	{ "64:ff9b::192.0.2.7", "64:ff9b::c000:207" },
	{ "12345::", NULL },
	{ "192.0.2.7::", NULL },
	{ "::192.0.2.7:1", NULL },
	{ "::g", NULL },
	{ "fe80::1%eth0", NULL },
	{ "", NULL },
	{ "unknown", NULL },
};

START_TEST(parses_addresses)
{
	struct slice input = heap_copy(address_rows[_i].input, strlen(address_rows[_i].input));
	char text[ADDRESS_TEXT_SIZE];
	struct address address;
	bool ok = address_parse(input, &address);

	ck_assert_msg(ok == (address_rows[_i].wanted != NULL), "%s", address_rows[_i].input);
	if (ok) {
		address_format(&address, text);
		ck_assert_str_eq(text, address_rows[_i].wanted);
	}
	free((void *)(uintptr_t)input.data);
}
END_TEST

START_TEST(masks)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address address;

	address_parse(SLICE("198.51.100.77"), &address);
	address_mask(&address, 24);
	address_format(&address, text);
	ck_assert_str_eq(text, "198.51.100.0");
	address_parse(SLICE("198.51.100.255"), &address);
	address_mask(&address, 29);
	address_format(&address, text);
	ck_assert_str_eq(text, "198.51.100.248");
	address_parse(SLICE("2001:db8:1:2:3:4:5:6"), &address);
	address_mask(&address, 64);
	address_format(&address, text);
	ck_assert_str_eq(text, "2001:db8:1:2::");
}
END_TEST

static struct netset *nets;

static void make_nets(void)
{
	static const char *const texts[] = {
		"198.51.100.0/24", "192.0.2.128/25", "192.0.2.200", "10.0.0.0/8", "10.1.0.0/16",
		"10.1.2.3", "2001:db8::/32", "2001:db8:5::/48", "::1", "::ffff:203.0.113.0/120",
		"::ffff:192.0.2.9",
	};
	const char *error;

	nets = netset_new();
	for (int i = 0; i < N_ROWS(texts); i++)
		ck_assert_int_eq(netset_add(nets, slice_of(texts[i]), &error), 0);
	netset_freeze(nets);
}

static void free_nets(void)
{
	netset_free(nets);
}

static const struct { const char *address; bool in; } net_rows[] = {
	{ "198.51.100.0", true }, { "198.51.100.255", true }, { "198.51.101.0", false },
	{ "198.51.99.255", false }, { "192.0.2.127", false }, { "192.0.2.128", true },
	{ "192.0.2.200", true }, { "10.0.0.1", true }, { "10.1.2.4", true },
	{ "10.255.255.255", true }, { "11.0.0.0", false }, { "9.255.255.255", false },
	{ "2001:db8:ffff::1", true }, { "2001:db9::", false }, { "::1", true }, { "::2", false },
	{ "::ffff:10.9.9.9", true },
	{ "203.0.113.1", true }, { "203.0.114.0", false }, { "203.0.112.255", false },
	{ "192.0.2.9", true }, { "192.0.2.8", false },
};

START_TEST(finds_networks)
{
	struct address address;

	ck_assert(address_parse(slice_of(net_rows[_i].address), &address));
	ck_assert_msg(netset_has(nets, &address) == net_rows[_i].in, "%s", net_rows[_i].address);
	ck_assert(!netset_has(NULL, &address));
}
END_TEST

START_TEST(refuses_bad_networks)
{
	static const char *const texts[] = {
		"192.0.2.1/24", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "192.0.2.0/-1",
		"example.com", "2001:db8::1/64", "/24", "::ffff:192.0.2.0/95", "::ffff:192.0.2.0/24", "::ffff:192.0.2.0/129",
		"::ffff:192.0.2.1/120",
	};
	const char *error = NULL;
	struct netset *set = netset_new();

	for (int i = 0; i < N_ROWS(texts); i++)
		ck_assert_msg(netset_add(set, slice_of(texts[i]), &error) == -1, "%s", texts[i]);
	ck_assert(error != NULL);
	netset_freeze(set);
	netset_free(set);
}
END_TEST

/* Every answer of a large set must be that of a plain scan. */
static const struct { const char *entry, *network; } mend_rows[] = {
	{ "192.0.2.1/24", "192.0.2.0/24" }, { "192.0.2.130/25", "192.0.2.128/25" },
	{ "192.0.2.1/0", "0.0.0.0/0" }, { "2001:db8::1/64", "2001:db8::/64" },
	{ "::ffff:192.0.2.1/120", "192.0.2.0/24" }, { "192.0.2.0/24", NULL }, { "192.0.2.1", NULL },
	{ "192.0.2.1/33", NULL }, { "example.com", NULL },
};

START_TEST(mends_host_bits)
{
	char network[NETWORK_TEXT_SIZE];
	bool mended = netset_mend(slice_of(mend_rows[_i].entry), network);

	ck_assert_msg(mended == (mend_rows[_i].network != NULL), "%s", mend_rows[_i].entry);
	if (mended)
		ck_assert_str_eq(network, mend_rows[_i].network);
}
END_TEST

START_TEST(agrees_with_a_scan)
{
	enum { N = 300 };
	struct { uint32_t base, mask; } plain[N];
	struct netset *set = netset_new();
	uint32_t seed = 7;
	const char *error;

	for (int i = 0; i < N; i++) {
		char text[64];
		unsigned bits;

		seed = seed * 1664525 + 1013904223;
		bits = 4 + (seed >> 8) % 29;
		plain[i].mask = bits == 32 ? UINT32_MAX : ~(UINT32_MAX >> bits);
		seed = seed * 1664525 + 1013904223;
		plain[i].base = seed & plain[i].mask;
		snprintf(text, sizeof(text), "%u.%u.%u.%u/%u", plain[i].base >> 24,
			 plain[i].base >> 16 & 255, plain[i].base >> 8 & 255, plain[i].base & 255, bits);
		ck_assert_int_eq(netset_add(set, slice_of(text), &error), 0);
	}
	netset_freeze(set);
	for (int i = 0; i < 20000; i++) {
		struct address address = { .family = 4 };
		bool in = false;

		seed = seed * 1664525 + 1013904223;
		for (int k = 0; k < N; k++)
			in |= (seed & plain[k].mask) == plain[k].base;
		for (int k = 0; k < 4; k++)
			address.octets[k] = (uint8_t)(seed >> (24 - 8 * k));
		ck_assert_int_eq(netset_has(set, &address), in);
	}
	netset_free(set);
}
END_TEST

START_TEST(finds_domains)
{
	struct domainset *set = domainset_new();
	const char *error = NULL;

	ck_assert_int_eq(domainset_add(set, SLICE("Example.COM"), &error), 0);
	ck_assert_int_eq(domainset_add(set, SLICE(".example.org"), &error), 0);
	ck_assert_int_eq(domainset_add(set, SLICE("bad domain"), &error), -1);
	domainset_freeze(set);
	ck_assert(domainset_has(set, "example.com"));
	ck_assert(!domainset_has(set, "sub.example.com"));
	ck_assert(!domainset_has(set, "example.org"));
	ck_assert(domainset_has(set, "a.b.example.org"));
	ck_assert(!domainset_has(set, "notexample.org"));
	ck_assert(!domainset_has(NULL, "example.com"));
	domainset_free(set);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("sets");
	TCase *t = tcase_create("addresses"), *n = tcase_create("networks");

	tcase_add_loop_test(t, parses_addresses, 0, N_ROWS(address_rows));
	tcase_add_test(t, masks);
	tcase_add_test(t, refuses_bad_networks);
	tcase_add_loop_test(t, mends_host_bits, 0, N_ROWS(mend_rows));
	tcase_add_test(t, agrees_with_a_scan);
	tcase_add_test(t, finds_domains);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(n, make_nets, free_nets);
	tcase_add_loop_test(n, finds_networks, 0, N_ROWS(net_rows));
	suite_add_tcase(s, n);
	return s;
}

TEST_MAIN(suite())
