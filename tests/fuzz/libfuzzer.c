/* libfuzzer.c - libFuzzer's way into one target, FUZZ_TARGET. An input may cost so much
 * of the processor; libFuzzer's own time-out is by the clock on the wall, and tells
 * only of what waits for ever where the machine is shared. */
#include "fuzz.h"

#include <time.h>

enum { CPU_SECONDS = 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	clock_t start = clock();

	FUZZ_TARGET(data, size);
	FUZZ_NEED(clock() - start < CPU_SECONDS * CLOCKS_PER_SEC);
	return 0;
}
