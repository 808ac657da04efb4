#include "auth/auth_spf.h"
