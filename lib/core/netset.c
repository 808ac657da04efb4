#include "core/netset.h"
