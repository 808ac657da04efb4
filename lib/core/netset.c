#include "core/netset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct network {
	uint8_t octets[16];             /* IPv4 as ::ffff:a.b.c.d */
	uint8_t bits;                   /* of 128 */
};

struct netset {
	struct network *networks;       /* sorted after freeze, none inside another */
	size_t n, size;
};

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

static bool parse_v4(struct slice text, uint8_t out[4])
{
	struct slice rest = text, part;
	unsigned n = 0;
	uint64_t value;

	while (slice_split(&rest, '.', &part)) {
		if (n == 4 || part.len > 3 || (part.len > 1 && part.data[0] == '0') ||
		    !slice_number(part, 255, &value))
			return false;
		out[n++] = (uint8_t)value;
	}
	return n == 4;
}

/* One 16-bit group of at most four hexadecimal digits. */
static bool parse_group(struct slice text, uint8_t out[2])
{
	unsigned value = 0;

	if (text.len == 0 || text.len > 4)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = ascii_lower(text.data[i]);

		if (ascii_is_digit(c))
			value = value * 16 + (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (unsigned)(c - 'a' + 10);
		else
			return false;
	}
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return true;
}

/* Groups separated by single colons, an IPv4 address allowed as the last;
 * the number of octets, or -1. An empty text gives none. */
static int parse_groups(struct slice text, uint8_t out[16])
{
	struct slice rest = text, part;
	int n = 0;

	if (text.len == 0)
		return 0;
	while (slice_split(&rest, ':', &part)) {
		bool last = rest.data == NULL;

		if (last && slice_find(part, '.') < part.len && n <= 12) {
			if (!parse_v4(part, out + n))
				return -1;
			n += 4;
		} else if (n > 14 || !parse_group(part, out + n)) {
			return -1;
		} else {
			n += 2;
		}
	}
	return n;
}

static bool parse_v6(struct slice text, uint8_t out[16])
{
	uint8_t head[16], tail[16];
	size_t gap;
	int n_head, n_tail;

	for (gap = 0; gap + 1 < text.len; gap++)
		if (text.data[gap] == ':' && text.data[gap + 1] == ':')
			break;
	if (gap + 1 >= text.len)
		return parse_groups(text, out) == 16;
	if (slice_find(text, '.') < gap)                /* IPv4 stands last, or nowhere */
		return false;
	n_head = parse_groups(slice_until(text, gap), head);
	n_tail = parse_groups(slice_from(text, gap + 2), tail);
	if (n_head < 0 || n_tail < 0 || n_head + n_tail > 14)
		return false;
	memset(out, 0, 16);
	memcpy(out, head, (size_t)n_head);
	memcpy(out + 16 - n_tail, tail, (size_t)n_tail);
	return true;
}

bool address_parse(struct slice text, struct address *out_r)
{
	struct address a = { 0 };

	if (slice_starts_nocase(text, "IPv6:"))         /* RFC 5321 4.1.3 */
		text = slice_from(text, 5);
	if (text.len == 0 || text.len >= ADDRESS_TEXT_SIZE)
		return false;
	if (slice_find(text, ':') == text.len) {
		if (!parse_v4(text, a.octets))
			return false;
		a.family = 4;
	} else {
		if (!parse_v6(text, a.octets))
			return false;
		a.family = 6;
		if (memcmp(a.octets, mapped_prefix, sizeof(mapped_prefix)) == 0) {
			memmove(a.octets, a.octets + 12, 4);
			memset(a.octets + 4, 0, 12);
			a.family = 4;
		}
	}
	*out_r = a;
	return true;
}

/* The longest run of zero groups, at least two, as RFC 5952 4.2 wants it. */
static int longest_gap(const uint8_t octets[16], int *len_r)
{
	int best = -1, best_len = 1;

	for (int i = 0; i < 8; i++) {
		int len = 0;

		while (i + len < 8 && octets[2 * (i + len)] == 0 && octets[2 * (i + len) + 1] == 0)
			len++;
		if (len > best_len) {
			best = i;
			best_len = len;
		}
	}
	*len_r = best_len;
	return best;
}

void address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
	const uint8_t *o = address->octets;
	int gap_len, gap, at = 0;

	out[0] = '\0';
	if (address->family == 4)
		snprintf(out, ADDRESS_TEXT_SIZE, "%u.%u.%u.%u", o[0], o[1], o[2], o[3]);
	if (address->family != 6)
		return;
	gap = longest_gap(o, &gap_len);
	for (int i = 0; i < 8; i++) {
		if (i == gap) {
			at += snprintf(out + at, (size_t)(ADDRESS_TEXT_SIZE - at), "::");
			i += gap_len - 1;
			continue;
		}
		at += snprintf(out + at, (size_t)(ADDRESS_TEXT_SIZE - at), "%s%x",
			       at > 0 && out[at - 1] != ':' ? ":" : "",
			       (unsigned)(o[2 * i] << 8 | o[2 * i + 1]));
	}
}

static void mask_octets(uint8_t *octets, unsigned n, unsigned bits)
{
	for (unsigned i = 0; i < n; i++, bits = bits > 8 ? bits - 8 : 0)
		if (bits < 8)
			octets[i] &= (uint8_t)(0xFF00 >> bits);
}

void address_mask(struct address *address, unsigned bits)
{
	mask_octets(address->octets, address->family == 4 ? 4 : 16, bits);
}

static void address_wide(const struct address *address, uint8_t out[16])
{
	if (address->family == 4) {
		memcpy(out, mapped_prefix, 12);
		memcpy(out + 12, address->octets, 4);
	} else {
		memcpy(out, address->octets, 16);
	}
}

struct netset *netset_new(void)
{
	return mem_zalloc(sizeof(struct netset));
}

/* "ADDRESS" or "ADDRESS/BITS"; bits are of the address' own family. */
static const char *parse_network(struct slice text, struct address *address, unsigned *bits_r)
{
	size_t slash = slice_find(text, '/');
	uint64_t bits, extra, max;

	if (!address_parse(slice_until(text, slash), address))
		return "not an address or network";
	/* ::ffff:127.0.0.0/104 is 127.0.0.0/8: Postfix lists its own networks so. */
	extra = address->family == 4 && slice_find(text, ':') < slash ? 96 : 0;
	max = address->family == 4 ? 32 + extra : 128;
	bits = max;
	if (slash < text.len && (!slice_number(slice_from(text, slash + 1), max, &bits) ||
				 bits < extra))
		return "the number of bits behind / is out of range";
	*bits_r = (unsigned)(bits - extra);
	return NULL;
}

static bool has_host_bits(const struct address *address, unsigned bits)
{
	struct address masked = *address;

	address_mask(&masked, bits);
	return memcmp(masked.octets, address->octets, 16) != 0;
}

bool netset_mend(struct slice text, char out_r[NETWORK_TEXT_SIZE])
{
	char network[ADDRESS_TEXT_SIZE];
	struct address address;
	unsigned bits;

	if (parse_network(text, &address, &bits) != NULL || !has_host_bits(&address, bits))
		return false;
	address_mask(&address, bits);
	address_format(&address, network);
	snprintf(out_r, NETWORK_TEXT_SIZE, "%s/%u", network, bits);
	return true;
}

int netset_add(struct netset *set, struct slice text, const char **error_r)
{
	struct network network;
	struct address address;
	unsigned bits;
	const char *error = parse_network(text, &address, &bits);

	if (error == NULL && has_host_bits(&address, bits))
		error = "the network has host bits set: write the network's own address";
	if (error != NULL) {
		*error_r = error;
		return -1;
	}
	address_wide(&address, network.octets);
	network.bits = (uint8_t)(bits + (address.family == 4 ? 96 : 0));
	if (set->n == set->size) {
		set->size = set->size > 0 ? set->size * 2 : 16;
		set->networks = mem_realloc(set->networks, set->size * sizeof(*set->networks));
	}
	set->networks[set->n++] = network;
	return 0;
}

static int compare_networks(const void *a, const void *b)
{
	const struct network *x = a, *y = b;
	int order = memcmp(x->octets, y->octets, 16);

	return order != 0 ? order : (int)x->bits - (int)y->bits;
}

static bool contains(const struct network *network, const uint8_t octets[16])
{
	uint8_t masked[16];

	memcpy(masked, octets, 16);
	mask_octets(masked, 16, network->bits);
	return memcmp(masked, network->octets, 16) == 0;
}

void netset_freeze(struct netset *set)
{
	size_t kept = 0;

	if (set->n == 0)
		return;
	qsort(set->networks, set->n, sizeof(*set->networks), compare_networks);
	/* A network sorts directly before those inside it: drop the inner ones,
	 * so that the one candidate is the last that is not above the address. */
	for (size_t i = 1; i < set->n; i++)
		if (!contains(&set->networks[kept], set->networks[i].octets))
			set->networks[++kept] = set->networks[i];
	set->n = kept + 1;
}

bool netset_has(const struct netset *set, const struct address *address)
{
	uint8_t octets[16];
	size_t low = 0, high;

	if (set == NULL || set->n == 0 || address->family == 0)
		return false;
	address_wide(address, octets);
	for (high = set->n; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(set->networks[middle].octets, octets, 16) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && contains(&set->networks[low - 1], octets);
}

void netset_free(struct netset *set)
{
	if (set == NULL)
		return;
	free(set->networks);
	free(set);
}
