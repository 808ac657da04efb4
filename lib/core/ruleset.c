#include "core/ruleset.h"
