/* fake_store.h - a store in memory, linked in the place of store.c: it keeps what
 * a database would keep over a lost connection, and fails when it is told to.
 */
#ifndef TESTS_STORE_FAKE_STORE_H
#define TESTS_STORE_FAKE_STORE_H

#include "store/store.h"

void fake_store_reset(void);            /* an empty database that is up */
void fake_store_set_up(bool up);        /* down: opening and every call fail */
/* The n-th call from now on fails, once, and loses the connection; 0: never. */
void fake_store_fail_at(unsigned n);
void fake_store_hang(bool hangs);        /* adding does not return before false */
void fake_store_forget(void);            /* another, empty database */
unsigned fake_store_lines(void);        /* committed */
bool fake_store_has(const char *id);
uint64_t fake_store_octets(const char *file);   /* committed position */
uint64_t fake_store_refused(const char *file);  /* and so */
unsigned fake_store_opened(void);
unsigned fake_store_prunes(void);

#endif
