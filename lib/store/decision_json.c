#include "store/decision_json.h"
