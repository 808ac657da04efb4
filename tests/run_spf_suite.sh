#!/bin/sh
# The public suite for RFC 7208, where CONFORMANCE_DIR has it.
suite="$CONFORMANCE_DIR/rfc7208-tests.yml"
if [ -z "$CONFORMANCE_DIR" ] || [ ! -r "$suite" ]; then
	echo "skipped: CONFORMANCE_DIR is not set or has no rfc7208-tests.yml"
	exit 77
fi
exec "${builddir:-.}/tests/run_spf" "$suite"
