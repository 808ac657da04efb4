#include "auth/dkimhash.h"

#include <sys/types.h>

#include <dkim.h>
#include <pthread.h>
#include <string.h>

#define NAMES 64                /* in h=; its time grows with the square */
#define OCTETS 16384            /* of header, the signature with it */

struct result {
	uint8_t *digest;
	bool is_there;
};

/* One for the process, which its threads share; kept to the end. */
static DKIM_LIB *library;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The library must never ask by itself. */
static DKIM_CBSTAT no_key_lookup(DKIM *handle, DKIM_SIGINFO *info, u_char *buf, size_t size)
{
	(void)handle;
	(void)info;
	(void)buf;
	(void)size;
	return DKIM_CBSTAT_ERROR;
}

/* Of a signature that the library finds fault with it has hashed nothing, and aborts when
 * it is asked for that. It has seen no body, so any l= is too large for it. */
static bool is_hashed(DKIM_SIGINFO *info)
{
	int error = dkim_sig_geterror(info);

	return error == DKIM_SIGERROR_UNKNOWN || error == DKIM_SIGERROR_OK ||
	       error == DKIM_SIGERROR_TOOLARGE_L;
}

/* At its end of message; what comes after that is not wanted. */
static DKIM_CBSTAT take_digest(DKIM *handle, DKIM_SIGINFO **infos, int n)
{
	struct result *result = dkim_get_user_context(handle);
	void *header, *body;
	size_t header_len, body_len;

	if (n == 1 && is_hashed(infos[0]) &&
	    dkim_sig_gethashes(infos[0], &header, &header_len, &body, &body_len) == DKIM_STAT_OK &&
	    header_len == CRYPTO_HASH_OCTETS) {
		memcpy(result->digest, header, header_len);
		result->is_there = true;
	}
	return DKIM_CBSTAT_REJECT;
}

static void open_library(void)
{
	/* Without FIXCRLF: with it the library reads behind a field that holds a
	 * NUL, and cuts one over 64 kB. BADSIGHANDLES also keeps it going when it
	 * cannot read From. */
	unsigned flags = DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES;
	DKIM_LIB *lib = dkim_init(NULL, NULL);

	if (lib == NULL)
		return;
	if (dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof(flags)) == DKIM_STAT_OK &&
	    dkim_set_key_lookup(lib, no_key_lookup) == DKIM_STAT_OK &&
	    dkim_set_final(lib, take_digest) == DKIM_STAT_OK &&
	    dkim_libfeature(lib, DKIM_FEATURE_SHA256) && dkim_libfeature(lib, DKIM_FEATURE_ED25519))
		library = lib;
	else
		dkim_close(lib);
}

/* The library leaves out the value of every tag whose `=` comes right after a
 * "b": that must be b= alone. */
static bool cuts_b_alone(struct slice text)
{
	unsigned n = 0;
	bool in_name = true;

	for (size_t i = 1; i < text.len; i++) {
		if (in_name && text.data[i] == '=')
			n += text.data[i - 1] == 'b';
		in_name = text.data[i] == ';' || (in_name && text.data[i] != '=');
	}
	return n == 1;
}

static bool is_usual(const struct signature *signature, struct field *const *covered, unsigned n,
		     const struct field *own)
{
	size_t octets = own->text.len;

	if (signature->n_names > NAMES || !cuts_b_alone(own->text))
		return false;
	for (unsigned i = 0; i < n; i++)
		octets += covered[i]->text.len;
	if (octets > OCTETS)
		return false;
	/* the library lets a signature cover itself, and reads others as signatures too */
	for (unsigned i = 0; i < signature->n_names; i++)
		if (slice_is_nocase(signature->names[i], "DKIM-Signature"))
			return false;
	return true;
}

static bool give(DKIM *handle, struct slice text)
{
	return dkim_header(handle, (u_char *)(uintptr_t)text.data, text.len) == DKIM_STAT_OK;
}

/* The lowest of a name comes first in `covered`, and is to be lowest here. */
static bool give_all(DKIM *handle, struct field *const *covered, unsigned n, const struct field *own)
{
	if (!give(handle, own->text))
		return false;
	while (n-- > 0)
		if (!give(handle, covered[n]->text))
			return false;
	/* A name that no h= can hold: were all fields covered, the library would
	 * write behind its list of them. */
	return give(handle, SLICE("not a field:"));
}

bool dkimhash_signature(const struct signature *signature, struct field *const *covered, unsigned n,
			const struct field *own, uint8_t digest_r[CRYPTO_HASH_OCTETS])
{
	struct result result = { .digest = digest_r };
	DKIM_STAT status;
	DKIM *handle;

	pthread_once(&once, open_library);
	if (library == NULL || !is_usual(signature, covered, n, own))
		return false;
	handle = dkim_verify(library, (const unsigned char *)"-", NULL, &status);
	if (handle == NULL)
		return false;
	dkim_set_user_context(handle, &result);
	if (give_all(handle, covered, n, own) && dkim_eoh(handle) == DKIM_STAT_OK)
		dkim_eom(handle, NULL);
	dkim_free(handle);
	return result.is_there;
}
