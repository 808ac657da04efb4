#include "testmain.h"

TEST_MAIN(suite_create("decision_json"))
