#include "session.h"

typedef int session_stub;
