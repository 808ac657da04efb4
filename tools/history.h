/* history.h - what a period tells about senders, before anybody is judged by it:
 * who delivered aligned mail of whom, which domains sign and which clients deliver
 * for many authors; and from that, what speaks for a message that DMARC fails.
 *
 * Gathered in one reading, asked in the next. Memory is bounded; when a table is
 * full, what came later is not known, and less speaks for its mail. Forgeries with
 * nothing to show, from however many addresses, do not fill them. One thread.
 */
#ifndef TOOLS_HISTORY_H
#define TOOLS_HISTORY_H

#include "core/decide.h"

/* "192.0.2.0/24", "2001:db8::/64"; "" when the client is not known. */
#define HISTORY_NETWORK_SIZE (ADDRESS_TEXT_SIZE + 4)
void history_network(const char *client_ip, char out[HISTORY_NETWORK_SIZE]);
/* The client's confirmed name, normal; false: none. */
bool history_client_name(const struct evidence *evidence, char out[DOMAIN_SIZE]);
/* A signature that counts and is not the author's own, of the list in List-Id first;
 * NULL: none. */
const char *history_signer(const struct evidence *evidence, const struct ruleset *ruleset);
/* The domain that signed a message shaped as a list's post and is the domain of its
 * List-Id, or above it; NULL. */
const char *history_list_signer(const struct evidence *evidence, const struct ruleset *ruleset);

struct history;
struct history *history_new(void);
void history_free(struct history *history);             /* NULL is allowed */
/* n messages alike, decided under `ruleset`. */
void history_add(struct history *history, const struct evidence *evidence,
		 const struct verdict *verdict, const struct ruleset *ruleset, uint64_t n,
		 int64_t day_ms);

/* enum plea of a message that fails; 0 without an author. */
unsigned history_pleas(const struct history *history, const struct evidence *evidence,
		       const struct verdict *verdict, const struct ruleset *ruleset);
uint64_t history_aligned(const struct history *history, const char *author);
/* Does the client forward? Then the Organizational Domains that fail through it. */
uint64_t history_forwards(const struct history *history, const char *client_ip);
/* Each client that forwards, with all its messages and those that fail. */
typedef void history_forwarder_fn(void *context, const char *client_ip, uint64_t n, uint64_t failing);
void history_forwarders(const struct history *history, history_forwarder_fn *fn, void *context);
bool history_was_full(const struct history *history);

#endif
