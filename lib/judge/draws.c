#include "judge/draws.h"
