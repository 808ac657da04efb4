#include "alignctl.h"

typedef int cmd_stub;
