/* Addresses and sets of networks. The input's first line is an address, the others are
 * entries. Addresses are read as the C library reads them and written so that they read
 * back; an address is in a set when it is in one of its entries, looked at one by one,
 * bit by bit. */
#include "fuzz.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/netset.h"

enum { ENTRIES = 64, WIDE = 16, WIDE_BITS = 128 };

struct entry {
	uint8_t octets[WIDE];
	unsigned bits;
};

static bool bit(const uint8_t *octets, unsigned i)
{
	return octets[i / 8] >> (7 - i % 8) & 1;
}

/* IPv4 as ::ffff:a.b.c.d. False: no address. */
static bool read_wide(struct slice text, uint8_t out[WIDE])
{
	static const uint8_t mapped[WIDE] = { [10] = 0xFF, [11] = 0xFF };
	char copy[ADDRESS_TEXT_SIZE];

	if (slice_starts_nocase(text, "IPv6:"))
		text = slice_from(text, 5);
	if (text.len >= sizeof(copy) || slice_find(text, '\0') < text.len)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	memcpy(out, mapped, WIDE);
	return inet_pton(AF_INET, copy, out + 12) == 1 || inet_pton(AF_INET6, copy, out) == 1;
}

static void widen(const struct address *address, uint8_t out[WIDE])
{
	static const uint8_t mapped[WIDE] = { [10] = 0xFF, [11] = 0xFF };

	FUZZ_NEED(address->family == 4 || address->family == 6);
	memcpy(out, address->family == 4 ? mapped : address->octets, WIDE);
	if (address->family == 4)
		memcpy(out + 12, address->octets, 4);
}

static void check_mask(const struct address *address, unsigned bits)
{
	unsigned own = address->family == 4 ? 32 : WIDE_BITS;
	struct address masked = *address;

	bits %= own + 1;
	address_mask(&masked, bits);
	FUZZ_NEED(masked.family == address->family);
	for (unsigned i = 0; i < own; i++)
		FUZZ_NEED(bit(masked.octets, i) == (i < bits && bit(address->octets, i)));
}

static void check_address(struct slice text, struct address *address_r)
{
	uint8_t wanted[WIDE], found[WIDE];
	char written[ADDRESS_TEXT_SIZE];
	struct address again;
	bool is_one = address_parse(text, address_r);

	FUZZ_NEED(is_one == read_wide(text, wanted));
	if (!is_one)
		return;
	widen(address_r, found);
	FUZZ_NEED(memcmp(found, wanted, WIDE) == 0);
	address_format(address_r, written);
	FUZZ_NEED(strlen(written) < ADDRESS_TEXT_SIZE);
	FUZZ_NEED(address_parse(slice_of(written), &again));
	FUZZ_NEED(memcmp(&again, address_r, sizeof(again)) == 0);
	check_mask(address_r, (unsigned)text.len * 7);
}

/* ADDRESS[/BITS], BITS of its own family, and nothing behind the network's. */
static bool read_entry(struct slice text, struct entry *entry_r)
{
	size_t slash = slice_find(text, '/');
	uint64_t bits = WIDE_BITS;

	if (!read_wide(slice_until(text, slash), entry_r->octets))
		return false;
	if (slash < text.len) {
		bool narrow = slice_find(text, ':') >= slash;

		if (!slice_number(slice_from(text, slash + 1), narrow ? 32 : 128, &bits))
			return false;
		bits += narrow ? 96 : 0;
		if (!narrow && bits < 96 && memcmp(entry_r->octets, "\0\0\0\0\0\0\0\0\0\0\377\377", 12) == 0)
			return false;
	}
	entry_r->bits = (unsigned)bits;
	for (unsigned i = entry_r->bits; i < WIDE_BITS; i++)
		if (bit(entry_r->octets, i))
			return false;
	return true;
}

static bool is_in(const uint8_t octets[WIDE], const struct entry *entry)
{
	for (unsigned i = 0; i < entry->bits; i++)
		if (bit(octets, i) != bit(entry->octets, i))
			return false;
	return true;
}

static void check_mended(struct slice text)
{
	char mended[NETWORK_TEXT_SIZE];
	struct netset *set;
	struct address address;
	const char *error;

	if (!netset_mend(text, mended))
		return;
	set = netset_new();
	FUZZ_NEED(address_parse(slice_until(text, slice_find(text, '/')), &address));
	FUZZ_NEED(netset_add(set, slice_of(mended), &error) == 0);
	netset_freeze(set);
	FUZZ_NEED(netset_has(set, &address));
	netset_free(set);
}

static void check_has(const struct netset *set, const struct entry *entries, unsigned n,
		      const struct address *address)
{
	uint8_t octets[WIDE];
	bool wanted = false;

	widen(address, octets);
	for (unsigned i = 0; i < n; i++)
		wanted = wanted || is_in(octets, &entries[i]);
	FUZZ_NEED(netset_has(set, address) == wanted);
}

/* The last address of each entry, the one behind it, and the one that was given. */
static void check_set(const struct netset *set, const struct entry *entries, unsigned n,
		      const struct address *given)
{
	struct address address = { .family = 6 };

	if (given != NULL)
		check_has(set, entries, n, given);
	for (unsigned i = 0; i < n; i++) {
		memcpy(address.octets, entries[i].octets, WIDE);
		check_has(set, entries, n, &address);
		for (unsigned k = entries[i].bits; k < WIDE_BITS; k++)
			address.octets[k / 8] |= (uint8_t)(1u << (7 - k % 8));
		check_has(set, entries, n, &address);
		for (unsigned k = WIDE; k-- > 0 && ++address.octets[k] == 0;)
			;
		check_has(set, entries, n, &address);
	}
}

void fuzz_address(const uint8_t *data, size_t size)
{
	struct slice rest = fuzz_slice(data, size), first = fuzz_line(&rest), line;
	struct netset *set = netset_new();
	struct entry entries[ENTRIES];
	struct address given;
	unsigned n = 0;

	check_address(first, &given);
	while (n < ENTRIES && slice_split(&rest, '\n', &line)) {
		const char *error = NULL;
		struct address address;
		bool taken = netset_add(set, line, &error) == 0;

		FUZZ_NEED(taken == read_entry(line, &entries[n]));
		FUZZ_NEED(taken || error != NULL);
		n += taken;
		check_address(line, &address);
		check_mended(line);
	}
	netset_freeze(set);
	check_set(set, entries, n, address_parse(first, &given) ? &given : NULL);
	netset_free(set);
}
