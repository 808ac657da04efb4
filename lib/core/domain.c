#include "core/domain.h"

#include <string.h>

#define LABEL_MAX 63

static bool is_label_octet(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

bool domain_normalize(struct slice text, char out_r[DOMAIN_SIZE])
{
	char name[DOMAIN_SIZE];
	size_t label = 0;

	if (text.len > 0 && text.data[text.len - 1] == '.')
		text.len--;
	if (text.len == 0 || text.len > DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!is_label_octet(c) || ++label > LABEL_MAX) {
			return false;
		}
		name[i] = ascii_lower(c);
	}
	if (label == 0)
		return false;
	name[text.len] = '\0';
	memcpy(out_r, name, text.len + 1);
	return true;
}

unsigned domain_labels(const char *domain)
{
	unsigned n = 0;

	for (; domain != NULL; domain = domain_parent(domain))
		n++;
	return n;
}

const char *domain_parent(const char *domain)
{
	const char *dot = strchr(domain, '.');

	return dot != NULL ? dot + 1 : NULL;
}

const char *domain_last_labels(const char *domain, unsigned n)
{
	for (unsigned have = domain_labels(domain); have > n && n > 0; have--)
		domain = domain_parent(domain);
	return domain;
}

bool domain_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool domain_is_below(const char *domain, const char *ancestor)
{
	size_t len = strlen(domain), end = strlen(ancestor);

	return len > end + 1 && domain[len - end - 1] == '.' &&
	       strcmp(domain + len - end, ancestor) == 0;
}

bool domain_is_within(const char *domain, const char *ancestor)
{
	return domain_equal(domain, ancestor) || domain_is_below(domain, ancestor);
}

bool domain_share_suffix(const char *a, const char *b)
{
	return domain_equal(domain_last_labels(a, 1), domain_last_labels(b, 1));
}
