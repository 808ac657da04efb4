#include "judge/engine.h"
