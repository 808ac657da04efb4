/* cache.h */
#ifndef AUTH_CACHE_H
#define AUTH_CACHE_H

#endif
