#include "auth/spf_reference.h"

typedef int reference_stub;
