#include "testmain.h"

TEST_MAIN(suite_create("record"))
