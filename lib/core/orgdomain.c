#include "core/orgdomain.h"
