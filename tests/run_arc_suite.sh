#!/bin/sh
# The public suite for ARC validation, where CONFORMANCE_DIR has it.
suite="$CONFORMANCE_DIR/arc-validation.yml"
if [ -z "$CONFORMANCE_DIR" ] || [ ! -r "$suite" ]; then
	echo "skipped: CONFORMANCE_DIR is not set or has no arc-validation.yml"
	exit 77
fi
exec "${builddir:-.}/tests/run_arc" "$suite"
