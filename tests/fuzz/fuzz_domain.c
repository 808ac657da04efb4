/* Domain names, sets of them, and a file of public suffixes. The input: a name as a
 * message may have it, another, then entries of a set, a line each; behind an empty line
 * the file. A name that is taken is in the one form and stays so; what is said of it is
 * what comparing label by label says; a suffix and the domain above which nothing is
 * aligned are ends of the name. */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auth/idna.h"
#include "auth/suffix.h"
#include "core/domainset.h"
#include "core/orgdomain.h"

enum { ENTRIES = 32, LABELS = 128, SUFFIX_FD = 103 };
#define SUFFIX_FILE "/proc/self/fd/103"

struct labels {                         /* the last one first */
	struct slice text[LABELS];
	unsigned n;
};

static void split(struct slice name, struct labels *labels_r)
{
	struct slice label, rest = name;
	unsigned n = 0;

	while (slice_split(&rest, '.', &label))
		n++;
	FUZZ_NEED(n <= LABELS);
	labels_r->n = n;
	while (slice_split(&name, '.', &label))
		labels_r->text[--n] = label;
}

/* How many labels the two have alike from the end on. */
static unsigned count_alike(const struct labels *a, const struct labels *b)
{
	unsigned n = 0;

	while (n < a->n && n < b->n && slice_equal_nocase(a->text[n], b->text[n]))
		n++;
	return n;
}

/* The one form, told octet by octet. */
static bool is_name(struct slice text)
{
	struct slice label, rest = text;

	if (text.len == 0 || text.len > DOMAIN_MAX)
		return false;
	while (slice_split(&rest, '.', &label)) {
		if (label.len == 0 || label.len > 63)
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!ascii_is_alnum(label.data[i]) && label.data[i] != '-' && label.data[i] != '_')
				return false;
	}
	return true;
}

static struct slice without_dot(struct slice text)
{
	return text.len > 0 && text.data[text.len - 1] == '.' ? slice_until(text, text.len - 1) : text;
}

static bool is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] >= 0x80)
			return false;
	return true;
}

static bool check_name(struct slice text, char out_r[DOMAIN_SIZE])
{
	char again[DOMAIN_SIZE];
	bool taken = idna_to_domain(text, out_r);
	struct slice plain = without_dot(text);

	FUZZ_NEED(domain_normalize(text, again) == is_name(plain));
	if (is_ascii(text))
		FUZZ_NEED(taken == is_name(plain));
	if (!taken)
		return false;
	FUZZ_NEED(is_name(slice_of(out_r)) && slice_is_utf8(text));
	FUZZ_NEED(!is_ascii(text) || slice_equal_nocase(slice_of(out_r), plain));
	for (const char *c = out_r; *c != '\0'; c++)
		FUZZ_NEED(*c == ascii_lower(*c));
	FUZZ_NEED(domain_normalize(slice_of(out_r), again) && strcmp(again, out_r) == 0);
	FUZZ_NEED(idna_to_domain(slice_of(out_r), again) && strcmp(again, out_r) == 0);
	return true;
}

static void check_two(const char *a, const char *b)
{
	struct labels x, y;
	unsigned alike;

	split(slice_of(a), &x);
	split(slice_of(b), &y);
	alike = count_alike(&x, &y);
	FUZZ_NEED(domain_labels(a) == x.n);
	FUZZ_NEED(domain_equal(a, b) == (alike == x.n && x.n == y.n));
	FUZZ_NEED(domain_is_within(a, b) == (alike == y.n));
	FUZZ_NEED(domain_is_below(a, b) == (alike == y.n && x.n > y.n));
	FUZZ_NEED(domain_share_suffix(a, b) == (alike > 0));
}

static void check_walk(const char *name)
{
	const char *names[WALK_STEPS];
	unsigned n = walk_names(name, names);

	FUZZ_NEED(n >= 1 && n <= WALK_STEPS && strcmp(names[0], name) == 0);
	FUZZ_NEED(domain_labels(names[n - 1]) == 1);
	for (unsigned i = 1; i < n; i++)
		FUZZ_NEED(domain_is_below(names[i - 1], names[i]));
}

/* Sets: each entry by itself. */
static void check_set(struct slice *rest, const char *const names[2])
{
	struct domainset *set = domainset_new();
	bool wanted[2] = { false, false };
	struct slice line = fuzz_line(rest);

	for (unsigned i = 0; i < ENTRIES && line.len > 0; i++, line = fuzz_line(rest)) {
		bool below = line.data[0] == '.';
		struct slice text = without_dot(slice_from(line, below));
		const char *error = NULL;
		struct labels entry, name;

		FUZZ_NEED((domainset_add(set, line, &error) == 0) == is_name(text));
		if (!is_name(text))
			continue;
		split(text, &entry);
		for (unsigned k = 0; k < 2 && names[k] != NULL; k++) {
			split(slice_of(names[k]), &name);
			if (count_alike(&entry, &name) == entry.n)
				wanted[k] = wanted[k] || (below ? name.n > entry.n : name.n == entry.n);
		}
	}
	domainset_freeze(set);
	for (unsigned k = 0; k < 2; k++)
		FUZZ_NEED(domainset_has(set, names[k]) == wanted[k]);
	domainset_free(set);
}

/* Public suffixes. */

static void put_file(struct slice text)
{
	if (lseek(SUFFIX_FD, 0, SEEK_CUR) < 0) {
		int made = memfd_create("suffixes", MFD_CLOEXEC);

		FUZZ_NEED(made >= 0 && dup2(made, SUFFIX_FD) == SUFFIX_FD);
		close(made);
	}
	FUZZ_NEED(ftruncate(SUFFIX_FD, 0) == 0);
	FUZZ_NEED(pwrite(SUFFIX_FD, text.data, text.len, 0) == (ssize_t)text.len);
}

static bool is_end(const char *part, const char *name)
{
	return part >= name && part < name + strlen(name) && (part == name || part[-1] == '.');
}

static void check_suffix(const struct suffix_list *list, const char *name)
{
	const char *suffix = list->suffix(list->context, name, false);
	const char *icann = list->suffix(list->context, name, true);
	const char *org = orgdomain_from_suffix(name, list);

	FUZZ_NEED(is_end(suffix, name) && is_end(icann, name) && is_end(org, name));
	FUZZ_NEED(list->suffix(list->context, suffix, false) == suffix);
	FUZZ_NEED(org == suffix ? suffix == name : domain_parent(org) == suffix);
	FUZZ_NEED(strcmp(orgdomain_from_suffix(org, list), org) == 0);
}

static void check_suffixes(struct slice file, const char *const names[2])
{
	const char *error = NULL;
	struct suffix_psl *psl;
	struct suffix_list list;

	put_file(file);
	psl = suffix_psl_open(SUFFIX_FILE, &error);
	if (psl == NULL) {
		FUZZ_NEED(error != NULL);
		return;
	}
	list = suffix_psl_list(psl);
	for (unsigned k = 0; k < 2 && names[k] != NULL; k++)
		check_suffix(&list, names[k]);
	suffix_psl_close(psl);
}

void fuzz_domain(const uint8_t *data, size_t size)
{
	struct slice rest = fuzz_slice(data, size);
	const char *names[2] = { NULL, NULL };
	char texts[2][DOMAIN_SIZE];
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++)
		if (check_name(fuzz_line(&rest), texts[n])) {
			names[n] = texts[n];
			n++;
		}
	for (unsigned i = 0; i < n; i++) {
		check_two(names[i], names[0]);
		check_two(names[0], names[i]);
		check_walk(names[i]);
	}
	check_set(&rest, names);
	if (rest.len > 0)
		check_suffixes(rest, names);
}
