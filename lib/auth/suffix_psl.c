#include "auth/suffix.h"
