#include "callbacks.h"

typedef int callbacks_stub;
