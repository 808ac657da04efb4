#include "auth/idna.h"

#include <idn2.h>
#include <string.h>

/* A domain of 253 octets in A-labels never needs more in UTF-8. */
#define TEXT_MAX (DOMAIN_MAX * 4)

static bool is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] > 0x7F)
			return false;
	return true;
}

bool idna_to_domain(struct slice text, char out_r[DOMAIN_SIZE])
{
	char copy[TEXT_MAX + 1], *converted = NULL;
	bool ok;

	if (is_ascii(text))
		return domain_normalize(text, out_r);
	if (text.len > TEXT_MAX || !slice_is_utf8(text) || memchr(text.data, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (idn2_to_ascii_8z(copy, &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	ok = domain_normalize(slice_of(converted), out_r);
	idn2_free(converted);
	return ok;
}
