#include "core/evidence.h"
