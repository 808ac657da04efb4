#include "auth/auth_dkim.h"
