#include "what_if.h"

const struct name_row plea_names[] = {
	{ PLEA_HISTORY, "history" }, { PLEA_SIGNED, "signed" }, { PLEA_ARC, "arc" },
	{ PLEA_LIST, "list" }, { PLEA_CLIENT, "client" }, { PLEA_FORWARDER, "forwarder" },
	{ PLEA_STEADY, "steady" },
	{ 0, NULL },
};
