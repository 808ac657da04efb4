#include "core/authres.h"
