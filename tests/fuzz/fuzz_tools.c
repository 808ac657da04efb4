/* What alignctl's files want of the one with main(). */
#include "alignctl.h"

int tool_fail(const char *name, int code, const char *format, ...)
{
	(void)name;
	(void)format;
	return code;
}

struct settings *tool_settings(const char *name, const char *path)
{
	(void)name;
	(void)path;
	return NULL;
}
