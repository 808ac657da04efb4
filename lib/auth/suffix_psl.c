#include "auth/suffix.h"

#include <libpsl.h>
#include <stdlib.h>

#include "base/mem.h"

struct suffix_psl {
	psl_ctx_t *list;
};

struct suffix_psl *suffix_psl_open(const char *path, const char **error_r)
{
	bool own = path != NULL && path[0] != '\0';
	psl_ctx_t *list = own ? psl_load_file(path) : psl_latest(NULL);
	struct suffix_psl *psl;

	if (list == NULL || psl_suffix_count(list) == 0) {
		psl_free(list);
		*error_r = own ? "dmarc.psl_file: the file is missing or is no public suffix list" :
			"the system has no public suffix list: install the package publicsuffix, or set dmarc.psl_file";
		return NULL;
	}
	psl = mem_zalloc(sizeof(*psl));
	psl->list = list;
	return psl;
}

void suffix_psl_close(struct suffix_psl *psl)
{
	if (psl == NULL)
		return;
	psl_free(psl->list);
	free(psl);
}

/* Asked name by name, so that the result is inside `domain`; the implicit rule
 * `*` makes the last label a suffix whatever the list says. */
static const char *find_suffix(void *context, const char *domain, bool icann_only)
{
	const struct suffix_psl *psl = context;
	int type = icann_only ? PSL_TYPE_ICANN : PSL_TYPE_ANY;

	for (;;) {
		const char *parent = domain_parent(domain);

		if (parent == NULL || psl_is_public_suffix2(psl->list, domain, type))
			return domain;
		domain = parent;
	}
}

struct suffix_list suffix_psl_list(struct suffix_psl *psl)
{
	return (struct suffix_list){ find_suffix, psl };
}
