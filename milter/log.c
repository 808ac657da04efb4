#include "log.h"

typedef int log_stub;
