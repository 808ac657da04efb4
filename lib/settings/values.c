#include "settings/values.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "core/authres.h"
#include "core/domain.h"

const char *value_check_path(const char *text)
{
	if (text[0] != '/')
		return "is not an absolute path";
	return NULL;
}

static bool is_address(int family, struct slice text)
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char octets[sizeof(struct in6_addr)];

	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.data, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	return inet_pton(family, copy, octets) == 1;
}

static bool is_port(struct slice text)
{
	uint64_t port;

	return slice_number(text, 65535, &port) && port > 0;
}

static const char *check_tcp(int family, struct slice rest)
{
	size_t at = slice_find(rest, '@');
	struct slice host = slice_from(rest, at + 1);
	char domain[DOMAIN_SIZE];

	if (at == rest.len)
		return "has no @HOST behind the port";
	if (!is_port(slice_until(rest, at)))
		return "has no port from 1 to 65535 before the @";
	if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
		host = slice_new(host.data + 1, host.len - 2);
	if (is_address(family, host))
		return NULL;
	if (is_address(AF_INET, host))
		return "has an IPv4 address behind inet6:";
	if (is_address(AF_INET6, host))
		return "has an IPv6 address behind inet:";
	if (!domain_normalize(host, domain))
		return "has neither an address nor a host name behind the @";
	return NULL;
}

const char *value_check_socket(const char *text)
{
	struct slice all = slice_of(text), rest;
	size_t colon = slice_find(all, ':');
	struct slice kind = slice_until(all, colon);

	rest = slice_from(all, colon + 1);
	if (slice_is(kind, "inet"))
		return check_tcp(AF_INET, rest);
	if (slice_is(kind, "inet6"))
		return check_tcp(AF_INET6, rest);
	if (colon == all.len || (!slice_is(kind, "local") && !slice_is(kind, "unix")))
		return "does not begin with local:, unix:, inet: or inet6:";
	if (rest.len == 0 || rest.data[0] != '/')
		return "has no absolute path behind the colon";
	if (rest.len >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "has a path that is too long for a socket (107 octets)";
	return NULL;
}

const char *value_check_server(const char *text)
{
	struct slice all = slice_of(text);
	size_t at = slice_find(all, '@');
	struct slice address = slice_until(all, at);

	if (!is_address(AF_INET, address) && !is_address(AF_INET6, address))
		return "does not begin with an IPv4 or IPv6 address";
	if (at < all.len && !is_port(slice_from(all, at + 1)))
		return "has no port from 1 to 65535 behind the @";
	return NULL;
}

const char *value_check_id(const char *text)
{
	if (!authres_id_is_valid(slice_of(text)))
		return "cannot be written as an authserv-id (RFC 8601 2.5)";
	return NULL;
}

/* Fields that mail needs or that others write: incoming ones of our name are
 * removed, so ours must be none of them. A trailing `-` covers a family. */
static const char *const taken_fields[] = {
	"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To",
	"References", "Subject", "Comments", "Keywords", "Date", "Received", "Return-Path",
	"Delivered-To", "MIME-Version", "DKIM-Signature", "DomainKey-Signature",
	"Authentication-Results", "Received-SPF", "Precedence", "Auto-Submitted", "Importance",
	"Priority", "Sensitivity", "Disposition-Notification-To", "Content-", "Resent-", "List-",
	"ARC-",
};

static bool is_taken(struct slice name)
{
	for (size_t i = 0; i < sizeof(taken_fields) / sizeof(taken_fields[0]); i++) {
		const char *taken = taken_fields[i];
		bool family = taken[strlen(taken) - 1] == '-';

		if (family ? slice_starts_nocase(name, taken) : slice_is_nocase(name, taken))
			return true;
	}
	return false;
}

const char *value_check_header(const char *text)
{
	struct slice name = slice_of(text);

	if (!ascii_is_alpha(text[0]))
		return "does not begin with a letter";
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(text[i]) && text[i] != '-' && text[i] != '_')
			return "has a character that is no letter, digit, - or _ (no colon either)";
	if (is_taken(name))
		return "is a field that mail needs or that others write";
	return NULL;
}

const char *value_check_account(const char *text)
{
	struct slice name = slice_of(text);

	if (!ascii_is_alnum(text[0]) && text[0] != '_')
		return "does not begin with a letter, a digit or _";
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(text[i]) && strchr("_-.@$", text[i]) == NULL)
			return "has a character that account names do not have";
	return NULL;
}

const char *value_check_domain(const char *text)
{
	struct slice name = slice_from(slice_of(text), text[0] == '.' ? 1 : 0);
	char domain[DOMAIN_SIZE];
	struct slice last;
	uint64_t number;

	if (text[0] == '*')
		return "has a `*`: \".example.com\" stands for all names below example.com";
	if (strchr(text, '@') != NULL)
		return "is an address and not a domain";
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.data[i] > 127)
			return "has to be written as it is in the DNS (xn--...)";
	if (!domain_normalize(name, domain))
		return "is not a domain";
	last = slice_of(domain_last_labels(domain, 1));
	if (slice_number(last, UINT64_MAX, &number))
		return "is an address and not a domain";
	return NULL;
}

static const struct {
	const char *suffix;
	uint64_t factor;
} units[] = {
	{ "", 1 }, { "B", 1 },
	{ "KB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 }, { "TB", 1000000000000 },
	{ "KiB", 1ULL << 10 }, { "MiB", 1ULL << 20 }, { "GiB", 1ULL << 30 }, { "TiB", 1ULL << 40 },
};

bool value_parse_size(const char *text, uint64_t *bytes_r)
{
	struct slice all = slice_trim_wsp(slice_of(text));
	struct slice suffix;
	size_t digits = 0;
	uint64_t number;

	while (digits < all.len && ascii_is_digit(all.data[digits]))
		digits++;
	suffix = slice_trim_wsp(slice_from(all, digits));
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!slice_is_nocase(suffix, units[i].suffix))
			continue;
		if (!slice_number(slice_until(all, digits), UINT64_MAX / units[i].factor, &number))
			return false;
		*bytes_r = number * units[i].factor;
		return true;
	}
	return false;
}

bool value_parse_octal(const char *text, unsigned *bits_r)
{
	unsigned bits = 0;
	size_t len = strlen(text);

	if (len < 3 || len > 4 || (len == 4 && text[0] != '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '7')
			return false;
		bits = bits * 8 + (unsigned)(text[i] - '0');
	}
	*bits_r = bits;
	return true;
}
