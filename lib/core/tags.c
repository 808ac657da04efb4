#include "core/tags.h"
