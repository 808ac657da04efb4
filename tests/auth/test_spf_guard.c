#include "testmain.h"

TEST_MAIN(suite_create("spf_guard"))
