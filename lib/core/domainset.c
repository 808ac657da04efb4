#include "core/domainset.h"
