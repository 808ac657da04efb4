#include "auth/resolver.h"
