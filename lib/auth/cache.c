#include "auth/cache.h"
