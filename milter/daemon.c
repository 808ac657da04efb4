#include "daemon.h"

typedef int daemon_stub;
