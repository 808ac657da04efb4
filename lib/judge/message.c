#include "judge/message.h"
