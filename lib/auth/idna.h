/* idna.h - U-labels to A-labels (RFC 5890, RFC 8616), before core sees a
 * domain. idna.c is the only file with libidn2. Thread-safe. */
#ifndef AUTH_IDNA_H
#define AUTH_IDNA_H

#include "core/domain.h"

/* Any domain text from a message -> a normal domain (domain.h). ASCII goes
 * straight to domain_normalize(); UTF-8 is converted by IDNA2008 rules
 * (non-transitional), after which it must be a normal domain. False: unusable. */
bool idna_to_domain(struct slice text, char out_r[DOMAIN_SIZE]);

#endif
