/* netset.h - a frozen set of networks (IPv4 and IPv6), built once, then shared
 * by all threads. Look-up is a binary search. An IPv4-mapped IPv6 address is
 * an IPv4 address. Pure.
 */
#ifndef CORE_NETSET_H
#define CORE_NETSET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct address {
	uint8_t family;                 /* 4, 6; 0 unknown */
	uint8_t octets[16];
};
#define ADDRESS_TEXT_SIZE 46

bool address_parse(struct slice text, struct address *out_r);   /* also "IPv6:..." */
void address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE]);
/* Zeroes the host part: 24 of IPv4, 64 of IPv6 for draws. */
void address_mask(struct address *address, unsigned bits);

struct netset;
struct netset *netset_new(void);
/* "ADDRESS" or "ADDRESS/BITS"; host bits must be zero. -1 and *error_r. */
int netset_add(struct netset *set, struct slice text, const char **error_r);
/* The network that an entry with host bits was meant to be, as "192.0.2.0/24";
 * false: host bits are not what is wrong with it. */
#define NETWORK_TEXT_SIZE (ADDRESS_TEXT_SIZE + 4)
bool netset_mend(struct slice text, char out_r[NETWORK_TEXT_SIZE]);
void netset_freeze(struct netset *set);
bool netset_has(const struct netset *set, const struct address *address); /* set may be NULL */
void netset_free(struct netset *set);

#endif
