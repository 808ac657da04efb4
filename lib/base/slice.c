#include "base/slice.h"

#include <string.h>

char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool ascii_is_alpha(char c)
{
	c = ascii_lower(c);
	return c >= 'a' && c <= 'z';
}

bool ascii_is_alnum(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

struct slice slice_new(const char *data, size_t len)
{
	return (struct slice){ data, len };
}

struct slice slice_of(const char *text)
{
	return slice_new(text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

struct slice slice_from(struct slice s, size_t offset)
{
	if (offset > s.len)
		offset = s.len;
	if (offset == 0)
		return s;               /* no arithmetic on a NULL pointer */
	return slice_new(s.data + offset, s.len - offset);
}

struct slice slice_until(struct slice s, size_t end)
{
	return slice_new(s.data, end < s.len ? end : s.len);
}

bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
			return false;
	return true;
}

bool slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_of(text));
}

bool slice_is_nocase(struct slice a, const char *text)
{
	return slice_equal_nocase(a, slice_of(text));
}

bool slice_starts_nocase(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && slice_is_nocase(slice_until(s, len), prefix);
}

size_t slice_find(struct slice s, char c)
{
	const char *hit = s.len > 0 ? memchr(s.data, c, s.len) : NULL;

	return hit != NULL ? (size_t)(hit - s.data) : s.len;
}

struct slice slice_trim(struct slice s, const char *octets)
{
	while (s.len > 0 && s.data[0] != '\0' && strchr(octets, s.data[0]) != NULL)
		s = slice_from(s, 1);
	while (s.len > 0 && s.data[s.len - 1] != '\0' && strchr(octets, s.data[s.len - 1]) != NULL)
		s.len--;
	return s;
}

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

struct slice slice_trim_wsp(struct slice s)
{
	while (s.len > 0 && is_wsp(s.data[0]))
		s = slice_from(s, 1);
	while (s.len > 0 && is_wsp(s.data[s.len - 1]))
		s.len--;
	return s;
}

bool slice_split(struct slice *rest, char c, struct slice *part_r)
{
	size_t at;

	if (rest->data == NULL)
		return false;
	at = slice_find(*rest, c);
	*part_r = slice_until(*rest, at);
	if (at == rest->len)
		*rest = slice_new(NULL, 0);
	else
		*rest = slice_from(*rest, at + 1);
	return true;
}

bool slice_number(struct slice s, uint64_t max, uint64_t *value_r)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(s.data[i] - '0');

		if (!ascii_is_digit(s.data[i]) || value > (max - digit) / 10 || digit > max)
			return false;
		value = value * 10 + digit;
	}
	*value_r = value;
	return true;
}

/* RFC 3629 4: overlong forms, surrogates and values above U+10FFFF fit no row. */
size_t slice_utf8_octets(struct slice s)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max, len;
	} forms[] = {
		{ 0x00, 0x7F, 0x00, 0x00, 1 }, { 0xC2, 0xDF, 0x80, 0xBF, 2 },
		{ 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
		{ 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
		{ 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 },
		{ 0xF4, 0xF4, 0x80, 0x8F, 4 },
	};
	const unsigned char *p = (const unsigned char *)s.data;

	for (size_t i = 0; s.len > 0 && i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].first_min || p[0] > forms[i].first_max)
			continue;
		if (forms[i].len > s.len)
			return 0;
		if (forms[i].len > 1 && (p[1] < forms[i].second_min || p[1] > forms[i].second_max))
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((p[k] & 0xC0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

bool slice_is_utf8(struct slice s)
{
	for (size_t at = 0; at < s.len;) {
		size_t len = slice_utf8_octets(slice_from(s, at));

		if (len == 0)
			return false;
		at += len;
	}
	return true;
}
