#include "judge/evaluate.h"
