#include "auth/spf_guard.h"
