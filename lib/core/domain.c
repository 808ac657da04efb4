#include "core/domain.h"
