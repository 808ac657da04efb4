#include "auth/idna.h"
