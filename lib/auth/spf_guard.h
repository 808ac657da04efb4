/* spf_guard.h */
#ifndef AUTH_SPF_GUARD_H
#define AUTH_SPF_GUARD_H

#endif
