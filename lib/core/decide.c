#include "core/decide.h"
