#include "auth/crypto.h"
