#include "core/walk.h"
