#include "auth/discover.h"
