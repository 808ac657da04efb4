/* unprivileged.h - for tests of files that may not be read.
 *
 * root reads a file of mode 0 and passes every folder; another user may not
 * even pass the folders above the test's own. So root stays root and lays down
 * only the right to pass by modes, for the calling thread, until it is taken
 * up again (tests without fork go on in the same process).
 */
#ifndef TESTS_UNPRIVILEGED_H
#define TESTS_UNPRIVILEGED_H

#include <linux/capability.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

/* False when the kernel refuses. For users other than root nothing changes. */
static inline bool modes_bind(bool bind)
{
	static const __u32 passes = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) != 0)
		return false;
	if (bind)
		sets[0].effective &= ~passes;
	else
		sets[0].effective |= sets[0].permitted & passes;
	return syscall(SYS_capset, &header, sets) == 0;
}

#endif
