#include "core/mailbox.h"
