#include "spf_generate.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { RECORD_LIMIT = 1 << 16, ROUNDS_OF_FILLING = 3 };

static const char *const domains[] = {
	"example.com", "d1.example.com", "d2.example.com", "mail.d1.example.com",
	"_spf.example.com", "Upper.Example.NET", "a-b.c_d.example.net", "xn--bcher-kva.example",
};
static const char *const hosts[] = {
	"mail.d1.example.com", "mx1.example.com", "mx2.example.com", "mx3.d2.example.com",
	"MX4.Example.net", "example.com", "client.example.com", "notexample.com",
	"alias.example.net", "loop.example.net",
};
static const char *const missing[] = {
	"nx1.example.org", "nx2.example.org", "deep.nx.example.org", "void.example.com",
};
static const char *const failing[] = { "servfail.example.org", "silent.example.org" };
static const char *const odd_names[] = {
	"double..dots.example.com", "museum", "com.", "trailing.example.com.",
	"x123456789012345678901234567890123456789012345678901234567890123.example.com",
	"foo:bar/baz.example.com", ".example.com", "192.0.2.1", "a.123", "a.b-", "a.-b", "a.1-1",
	"long.name.that.goes.on.and.on.and.on.until.it.is.rather.long.example.com",
};
static const char *const addresses4[] = {
	"192.0.2.1", "192.0.2.2", "192.0.2.66", "192.0.3.1", "198.51.100.7", "203.0.113.129",
};
static const char *const addresses6[] = {
	"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "2001:db8:ffff::a:b", "2001:db9::",
};
static const char *const locals[] = {
	"user", "", "strong-bad", "a.b-c+d", "first_last=x", "x/y", "a..b", "say \"so\"",
	"J\303\251r\303\264me", "100%{d}", "~jack&jill=up-a_b3.c", ".lead", "UPPER.case",
	"local-part-that-is-sixty-four-octets-long-and-not-one-octet-more",
};
static const char *const helos[] = {
	"mail.d1.example.com", "example.com", "MAIL.Example.COM", "d2.example.com", "nx1.example.org",
	"single", "[192.0.2.1]", "servfail.example.org", "trailing.example.com.", "mx1.example.com",
};
static const char *const macros[] = {
	"%{d}", "%{i}.%{d}", "%{ir}.%{v}.%{d2}", "%{l}.%{o}", "%{l1r-}.%{d}", "%{lr+-=}.x.%{d2}",
	"%{h}", "%{s}.example.com", "%{S}.example.com", "%{p}", "%{p}.ok.example.com", "%{d2}",
	"%{d1r}.example.com", "%{o3}", "%{L}._u.%{d}", "x%%y%_z%-.example.com", "%{D}", "%{h2r/}",
	"%{i4r}.rbl.example.net", "%{v}.%{d99}", ("%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}"
	".%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.example.com"), "%{d}%%",
	"%{l,._/}.%{dr}.example.com", "%{o}.", "%{i}", "%{d127}", "%{d4294967297}", "%{P}.example.com",
	"%{p}.%{d}", "%{p}.%{i}.%{d}",
};
static const char *const bad_macros[] = {
	"%{x}.example.com", "%(d).example.com", "%{d0}.example.com", "%", "%{d", "%{c}.example.com",
	"%{r}", "%{}", "%{dr1}", "%{d}com", "%a.example.com", "%{2d}.com",
	"%{d!}.example.com", "%{d00}", "%{R}.example.com", "%{d.example.com",
};
static const char *const bad_terms[] = {
	"moo", "all:", "all/8", "-all.", "ip4", "ip4:", "ip4:192.0.2", "ip4:192.0.2.1/33",
	"ip4:192.0.2.1/032", "ip4:192.0.2.01", "ip4:192.0.2.1//24", "ip4:192.0.2.1:25", "ip6:",
	"ip6:2001:db8::/129", "ip6:2001:db8:::1", "ip6:192.0.2.1", "ip6:2001:db8::%eth0", "a:", "a/33",
	"a//129", "a/24/64", "a/", "a//", "mx:", "mx/", "mx/00", "mx//064", "ptr:", "ptr/24",
	"ptr/0", "exists", "exists:", "exists:example.com/24", "include", "include:", "redirect=",
	"redirect:example.com", "exp=", "exp=museum", "1up=x", "=x", "+redirect=example.com",
	"-exp=example.com", "foo=%x", "foo=%{c}", "foo/bar=x", "foo:bar=x", "--all", "+ all", "a,", "A:b",
	"ip4=192.0.2.1x%", "\tall", "all\t", "\"", "v=spf1:", "a:example.com:25", "mx:.com/0/0",
};
static const char *const fine_terms[] = {
	"moo=cow", "m-o.o_1=", "default=pass", "x=%{d}/%{l1r-}%%", "accredit=a:b/c", "a.=%_%-",
	"op=helo", "v=spf2", "ip4=foo", "all=-all", "a=", "?all=",
};
static const char *const explanations[] = {
	"no mail from %{i} for %{S}", "%{c} %{r} at %{d1r}", "100%% sure. ", "broken %{x}", "%{p} said %{h}",
	"\303\251t\303\251", "two  blanks", "%", "http://example.com/why?s=%{S}&i=%{I}&l=%{L}",
};

#define PICK(c, list) ((list)[below((c), sizeof(list) / sizeof((list)[0]))])

/* splitmix64 */
static uint64_t next_random(struct spf_case *c)
{
	uint64_t z = (c->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static unsigned below(struct spf_case *c, size_t n)
{
	return (unsigned)(next_random(c) % n);
}

static bool chance(struct spf_case *c, unsigned percent)
{
	return below(c, 100) < percent;
}

static const char *random_name(struct spf_case *c)
{
	unsigned draw = below(c, 100);

	if (draw < 55)
		return PICK(c, domains);
	if (draw < 82)
		return PICK(c, hosts);
	if (draw < 90)
		return PICK(c, missing);
	return draw < 93 ? PICK(c, failing) : PICK(c, odd_names);
}

/* Around the 253 octets that a name can have. */
static void add_long_name(struct spf_case *c, struct buf *out)
{
	static const char end[] = ".example.com";
	unsigned len = 248 + below(c, 12) - (unsigned)strlen(end);

	for (unsigned i = 0; i < len; i++)
		buf_add_char(out, i % 40 == 39 && i + 1 < len ? '.' : 'x');
	buf_add_str(out, end);
}

static void add_spec(struct spf_case *c, struct buf *out)
{
	unsigned draw = below(c, 200);

	if (chance(c, 1))
		add_long_name(c, out);
	else
		buf_add_str(out, draw < 130 ? random_name(c) : draw < 199 ? PICK(c, macros) :
			    PICK(c, bad_macros));
}

static void add_cidr(struct spf_case *c, struct buf *out)
{
	static const unsigned bits4[] = { 0, 1, 8, 23, 24, 25, 26, 31, 32 };
	static const unsigned bits6[] = { 0, 16, 31, 32, 47, 48, 63, 64, 65, 127, 128 };

	if (chance(c, 20))
		buf_printf(out, "/%u", PICK(c, bits4));
	if (chance(c, 15))
		buf_printf(out, "//%u", PICK(c, bits6));
}

static void add_network(struct spf_case *c, struct buf *out)
{
	if (chance(c, 60)) {
		buf_printf(out, "ip4:%s", PICK(c, addresses4));
		if (chance(c, 40))
			buf_printf(out, "/%u", below(c, 33));
	} else {
		buf_printf(out, "ip6:%s", chance(c, 90) ? PICK(c, addresses6) : "::ffff:192.0.2.1");
		if (chance(c, 40))
			buf_printf(out, "/%u", below(c, 129));
	}
}

static void add_mechanism(struct spf_case *c, struct buf *out)
{
	static const char qualifiers[] = "+-~?";
	static const char *const with_cidr[] = { "a", "mx" };
	static const char *const with_spec[] = { "include", "include", "exists" };

	if (chance(c, 50))
		buf_add_char(out, qualifiers[below(c, 4)]);
	switch (below(c, 9)) {
	case 0: case 1: case 2:
		buf_add_str(out, PICK(c, with_cidr));
		if (chance(c, 60)) {
			buf_add_char(out, ':');
			add_spec(c, out);
		}
		add_cidr(c, out);
		break;
	case 3: case 4: case 5:
		buf_printf(out, "%s:", PICK(c, with_spec));
		add_spec(c, out);
		break;
	case 6:
		buf_add_str(out, "ptr");
		if (chance(c, 50)) {
			buf_add_char(out, ':');
			add_spec(c, out);
		}
		break;
	default:
		add_network(c, out);
		break;
	}
}

static void add_term(struct spf_case *c, struct buf *out)
{
	unsigned draw = below(c, 1000);

	buf_add_str(out, chance(c, 97) ? " " : "  ");
	if (draw < 930)
		add_mechanism(c, out);
	else if (draw < 970)
		buf_add_str(out, PICK(c, fine_terms));
	else if (draw < 990)
		buf_add_str(out, chance(c, 50) ? "?all" : "~all");
	else
		buf_add_str(out, PICK(c, bad_terms));
}

/* One octet changed, taken away or put in. */
static void damage(struct spf_case *c, struct buf *out)
{
	static const char octets[] = "%{}/:=. \t-+rd0aX\r\n\200\377";
	unsigned at = 6 + below(c, out->len - 5);
	char octet = chance(c, 5) ? '\0' : octets[below(c, sizeof(octets) - 1)];
	struct slice behind;
	char *copy;

	if (at >= out->len) {
		buf_add_char(out, octet);
		return;
	}
	behind = slice_from(buf_slice(out), at + (chance(c, 60) ? 1 : 0));
	copy = arena_strndup(c->zone.arena, behind.data, behind.len);
	behind.data = copy;
	buf_cut(out, at);
	if (chance(c, 70))
		buf_add_char(out, octet);
	buf_add_slice(out, behind);
}

static void flip_case(struct spf_case *c, struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		if (ascii_is_alpha(out->data[i]) && chance(c, 50))
			out->data[i] ^= 0x20;
}

/* Terms of every kind: mostly few; or so many look-ups that find something but
 * do not match that ten are just reached; or hundreds of networks. */
static void add_terms(struct spf_case *c, struct buf *out)
{
	static const char *const harmless[] = {
		" a:full.example.com", " mx:full.example.com", " include:full.example.com",
	};
	unsigned draw = below(c, 100);

	if (draw < 3) {
		for (unsigned n = 40 + below(c, 500); n > 0; n--) {
			buf_add_char(out, ' ');
			add_network(c, out);
		}
	} else if (draw < 8) {
		for (unsigned n = 8 + below(c, 4); n > 0; n--)
			buf_add_str(out, PICK(c, harmless));
	} else {
		for (unsigned n = below(c, 6); n > 0; n--)
			add_term(c, out);
	}
}

static void add_spf_record(struct spf_case *c, const char *name)
{
	static const char *const last[] = { " -all", " -all", " ~all", " ?all", " all", "" };
	struct buf record;

	buf_init(&record, RECORD_LIMIT);
	buf_add_str(&record, "v=spf1");
	if (chance(c, 30)) {
		buf_add_str(&record, " exp=");
		add_spec(c, &record);
	}
	if (chance(c, 15)) {
		buf_add_str(&record, " redirect=");
		add_spec(c, &record);
	}
	add_terms(c, &record);
	if (chance(c, 15)) {
		buf_add_str(&record, " redirect=");
		add_spec(c, &record);
	} else {
		buf_add_str(&record, PICK(c, last));
	}
	if (chance(c, 10))
		flip_case(c, &record);
	if (chance(c, 6))
		damage(c, &record);
	if (!buf_is_full(&record))
		spf_zone_add(&c->zone, name, DNS_TXT, buf_slice(&record), 0);
	if (chance(c, 1))
		spf_zone_add(&c->zone, name, DNS_TXT, buf_slice(&record), 0);
	buf_done(&record);
}

static void add_text(struct spf_case *c, const char *name)
{
	static const char *const others[] = {
		"v=spf10 -all", "v=spf1\t-all", "some text", "", "v=spf1.0", "spf2.0/pra -all",
		"\200binary", " v=spf1 -all", "V=SPF1", "v=spf1 ",
	};

	if (chance(c, 8))
		spf_zone_add(&c->zone, name, DNS_TXT, slice_of(PICK(c, others)), 0);
	if (chance(c, 92))
		add_spf_record(c, name);
	if (chance(c, 2))
		add_spf_record(c, name);
}

/* The name has the client's address. */
static void add_client(struct spf_case *c, const char *name)
{
	bool mapped = strncmp(c->client, "::ffff:", 7) == 0;

	if (mapped)
		spf_zone_add(&c->zone, name, DNS_A, slice_of(c->client + 7), 0);
	else
		spf_zone_add(&c->zone, name, c->identity.client.family == 4 ? DNS_A : DNS_AAAA,
			     slice_of(c->client), 0);
}

static void add_addresses(struct spf_case *c, const char *name)
{
	for (unsigned n = below(c, 4); n > 0; n--)
		spf_zone_add(&c->zone, name, DNS_A, slice_of(PICK(c, addresses4)), 0);
	for (unsigned n = below(c, 3); n > 0; n--)
		spf_zone_add(&c->zone, name, DNS_AAAA, slice_of(PICK(c, addresses6)), 0);
	if (chance(c, 10))
		add_client(c, name);
}

static void add_exchangers(struct spf_case *c, const char *name)
{
	unsigned n = chance(c, 10) ? 8 + below(c, 6) : 1 + below(c, 3);

	/* Distinct preferences: among equal ones the order is not defined. */
	for (unsigned i = 0; i < n; i++)
		spf_zone_add(&c->zone, name, DNS_MX,
			     slice_of(chance(c, 3) ? "" : random_name(c)), (i * 7 + 3) % n);
}

static void add_pointers(struct spf_case *c, const char *name)
{
	static const char *const validated[] = {
		"client.example.com", "notexample.com", "Client.example.com", "example.com",
	};
	unsigned n = chance(c, 30) ? 8 + below(c, 5) : below(c, 3);

	/* Often the one that counts is behind the tenth. */
	for (unsigned i = 0; i < n; i++)
		spf_zone_add(&c->zone, name, DNS_PTR,
			     slice_of(n >= 8 && chance(c, 95) ? "full.example.com" :
				      chance(c, 50) ? PICK(c, validated) : random_name(c)), 0);
	spf_zone_add(&c->zone, name, DNS_PTR,
		     slice_of(chance(c, 60) ? PICK(c, validated) : random_name(c)), 0);
}

static bool has_row(const struct spf_zone *zone, const char *name, enum dns_type type)
{
	for (unsigned i = 0; i < zone->n; i++)
		if (strcasecmp(zone->rows[i].name, name) == 0 &&
		    (zone->rows[i].type == type || zone->rows[i].type == 0))
			return true;
	return false;
}

static bool has_name(const struct spf_zone *zone, const char *name)
{
	for (unsigned i = 0; i < zone->n; i++)
		if (strcasecmp(zone->rows[i].name, name) == 0)
			return true;
	return false;
}

static void start_zone(struct spf_case *c)
{
	for (unsigned i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		if (chance(c, 90))
			add_text(c, domains[i]);
		if (chance(c, 60))
			add_addresses(c, domains[i]);
		if (chance(c, 40))
			add_exchangers(c, domains[i]);
	}
	for (unsigned i = 0; i < sizeof(hosts) / sizeof(hosts[0]) - 4; i++)
		add_addresses(c, hosts[i]);
	add_client(c, "client.example.com");
	add_client(c, "notexample.com");
	if (chance(c, 50))
		add_client(c, "example.com");
	spf_zone_add(&c->zone, "full.example.com", DNS_TXT, SLICE("v=spf1 ?all"), 0);
	spf_zone_add(&c->zone, "full.example.com", DNS_A, SLICE("203.0.113.7"), 0);
	spf_zone_add(&c->zone, "full.example.com", DNS_AAAA, SLICE("2001:db8:eeee::1"), 0);
	spf_zone_add(&c->zone, "full.example.com", DNS_MX, SLICE("full.example.com"), 0);
	spf_zone_add_alias(&c->zone, "alias.example.net", PICK(c, domains));
	spf_zone_add_alias(&c->zone, "loop.example.net", "loop2.example.net");
	spf_zone_add_alias(&c->zone, "loop2.example.net", "loop.example.net");
	spf_zone_add_outcome(&c->zone, failing[0], 0, DNS_SERVFAIL);
	spf_zone_add_outcome(&c->zone, failing[1], 0, DNS_TIMEOUT);
}

static void answer_question(struct spf_case *c, const char *name, enum dns_type type)
{
	static const enum dns_outcome failures[] = {
		DNS_SERVFAIL, DNS_TIMEOUT, DNS_BOGUS, DNS_BUSY,
	};

	if (chance(c, 6)) {
		spf_zone_add_outcome(&c->zone, name, type, PICK(c, failures));
		return;
	}
	if (chance(c, 6) && !has_name(&c->zone, name)) {
		spf_zone_add_alias(&c->zone, name, PICK(c, domains));
		return;
	}
	switch (type) {
	case DNS_A:
		spf_zone_add(&c->zone, name, type, slice_of(PICK(c, addresses4)), 0);
		break;
	case DNS_AAAA:
		spf_zone_add(&c->zone, name, type, slice_of(PICK(c, addresses6)), 0);
		break;
	case DNS_MX:
		add_exchangers(c, name);
		break;
	case DNS_PTR:
		add_pointers(c, name);
		break;
	case DNS_TXT:
		if (chance(c, 70))
			add_text(c, name);
		else
			spf_zone_add(&c->zone, name, type, slice_of(PICK(c, explanations)), 0);
		break;
	}
}

/* Puts answers where the evaluation asks, for names out of macros. */
static void fill_zone(struct spf_case *c)
{
	struct spf_zone *zone = &c->zone;
	unsigned done = 0;

	for (unsigned round = 0; round < ROUNDS_OF_FILLING; round++) {
		spf_reference_check(zone, &c->identity);
		for (; done < zone->n_asked; done++) {
			struct spf_zone_row asked = zone->asked[done];

			if (!has_row(zone, asked.name, asked.type) && chance(c, 45))
				answer_question(c, asked.name, asked.type);
		}
	}
	zone->n_asked = 0;
}

static void choose_identity(struct spf_case *c)
{
	unsigned draw = below(c, 100);
	struct spf_identity *identity = &c->identity;

	snprintf(c->client, sizeof(c->client), "%s%s", draw < 10 ? "::ffff:" : "",
		 draw < 65 ? PICK(c, addresses4) : PICK(c, addresses6));
	identity->client.family = strchr(c->client, ':') != NULL ? 6 : 4;
	inet_pton(identity->client.family == 4 ? AF_INET : AF_INET6, c->client,
		  identity->client.octets);
	identity->helo = PICK(c, helos);
	if (chance(c, 85)) {
		identity->local = PICK(c, locals);
		identity->domain = chance(c, 92) ? PICK(c, domains) :
			chance(c, 50) ? PICK(c, missing) : PICK(c, failing);
	}
	identity->receiver = "mx.receiver.example";
	identity->time_s = 1700000000;
}

void spf_case_init(struct spf_case *out_r, uint64_t seed)
{
	memset(out_r, 0, sizeof(*out_r));
	out_r->seed = out_r->state = seed;
	spf_zone_init(&out_r->zone);
	choose_identity(out_r);
	start_zone(out_r);
	fill_zone(out_r);
}

void spf_case_done(struct spf_case *c)
{
	spf_zone_done(&c->zone);
}

static void print_text(struct slice text, FILE *out)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char octet = (unsigned char)text.data[i];

		if (octet < 0x20 || octet > 0x7e || octet == '\\')
			fprintf(out, "\\x%02x", octet);
		else
			fputc(octet, out);
	}
}

static bool is_asked(const struct spf_zone *zone, const char *name)
{
	for (unsigned i = 0; i < zone->n_asked; i++)
		if (strcasecmp(zone->asked[i].name, name) == 0)
			return true;
	return false;
}

static void print_row(const struct spf_zone_row *row, FILE *out)
{
	fprintf(out, "  %s ", row->name);
	if (row->is_alias)
		fputs("CNAME ", out);
	else if (row->type != 0)
		fprintf(out, "%s ", names_get(dns_type_names, (int)row->type));
	if (row->type == DNS_MX)
		fprintf(out, "%u ", row->preference);
	if (!row->is_alias && row->outcome != DNS_DATA)
		fputs(names_get(dns_outcome_names, (int)row->outcome), out);
	print_text(row->data, out);
	fputc('\n', out);
}

void spf_case_print(const struct spf_case *c, FILE *out)
{
	const struct spf_zone *zone = &c->zone;

	fprintf(out, "seed %llu: client=%s helo=%s ", (unsigned long long)c->seed, c->client,
		c->identity.helo);
	if (c->identity.local == NULL)
		fputs("sender=<>\n", out);
	else
		fprintf(out, "sender=<%s@%s>\n", c->identity.local, c->identity.domain);
	for (unsigned i = 0; i < zone->n; i++)
		if (zone->rows[i].is_alias || is_asked(zone, zone->rows[i].name))
			print_row(&zone->rows[i], out);
	for (unsigned i = 0; i < zone->n_asked; i++)
		fprintf(out, "  asked %s %s\n", zone->asked[i].name,
			names_get(dns_type_names, (int)zone->asked[i].type));
}
