#include "core/align.h"
