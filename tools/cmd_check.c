#include "alignctl.h"

int cmd_check(int argc, char **argv)
{
	(void)argc;
	return tool_fail(argv[0], EX_UNAVAILABLE, "not built");
}
