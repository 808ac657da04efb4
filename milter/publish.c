#include "publish.h"

typedef int publish_stub;
