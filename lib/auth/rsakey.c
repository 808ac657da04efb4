#include "auth/rsakey.h"

#define TAG_INTEGER 0x02
#define TAG_BITS 0x03
#define TAG_OID 0x06
#define TAG_SEQUENCE 0x30

static unsigned octet(struct slice s, size_t at)
{
	return (unsigned char)s.data[at];
}

/* X.690 8.1.3: one octet, or 0x81 and 0x82 with one and two behind. */
static bool take_length(struct slice *rest, size_t *len_r)
{
	unsigned first, more;

	if (rest->len == 0)
		return false;
	first = octet(*rest, 0);
	more = first > 0x80 ? first - 0x80 : 0;
	if (first == 0x80 || more > 2 || rest->len < 1 + more)
		return false;
	*len_r = more == 0 ? first : 0;
	for (unsigned i = 1; i <= more; i++)
		*len_r = *len_r << 8 | octet(*rest, i);
	*rest = slice_from(*rest, 1 + more);
	return *len_r <= rest->len;
}

static bool take(struct slice *rest, unsigned tag, struct slice *content_r)
{
	size_t len;

	if (rest->len == 0 || octet(*rest, 0) != tag)
		return false;
	*rest = slice_from(*rest, 1);
	if (!take_length(rest, &len))
		return false;
	*content_r = slice_until(*rest, len);
	*rest = slice_from(*rest, len);
	return true;
}

/* X.690 8.3.3 would read a first bit of 1 as a minus; some write a modulus without the
 * zero octet before it, and everybody reads that as meant. */
static bool take_number(struct slice *rest, struct slice *number_r)
{
	struct slice number;

	if (!take(rest, TAG_INTEGER, &number))
		return false;
	while (number.len > 0 && octet(number, 0) == 0)
		number = slice_from(number, 1);
	*number_r = number;
	return number.len > 0;
}

/* RSAPublicKey ::= SEQUENCE { modulus, publicExponent } */
static bool take_key(struct slice rest, struct slice *modulus_r, struct slice *exponent_r)
{
	struct slice key;

	return take(&rest, TAG_SEQUENCE, &key) && rest.len == 0 &&
	       take_number(&key, modulus_r) && take_number(&key, exponent_r) && key.len == 0;
}

/* SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING }. The
 * NULL may be missing, or something else: it says nothing about the key. */
static bool take_info(struct slice rest, struct slice *key_r)
{
	static const struct slice rsa_encryption = { "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9 };
	struct slice info, algorithm, oid, bits;

	if (!take(&rest, TAG_SEQUENCE, &info) || rest.len > 0 ||
	    !take(&info, TAG_SEQUENCE, &algorithm) || !take(&algorithm, TAG_OID, &oid) ||
	    !slice_equal(oid, rsa_encryption) || !take(&info, TAG_BITS, &bits) || info.len > 0 ||
	    bits.len == 0 || octet(bits, 0) != 0)
		return false;
	*key_r = slice_from(bits, 1);
	return true;
}

bool rsakey_parse(struct slice der, struct slice *modulus_r, struct slice *exponent_r)
{
	struct slice key = der;

	if (take_info(der, &key))
		return take_key(key, modulus_r, exponent_r);
	return take_key(der, modulus_r, exponent_r);
}
