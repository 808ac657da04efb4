#include "auth/asker.h"
