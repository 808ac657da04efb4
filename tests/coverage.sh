#!/bin/bash
# coverage.sh PROGRAM...: how much of lib/core its own unit tests (tests/core) reach.
# Builds lib/core once more, for gcov and without asserts (what an assert guards
# against is a mistake of ours, no behaviour), links the test programs that are
# given with it, runs them, and prints lines and branches of each file, then all
# that is left. Fails below 95 % of lines or 85 % of branches.
#
# Environment: srcdir, CC, CPPFLAGS_CORE (for compiling), LIBS_REST (what
# the programs are linked with behind lib/core), COVERAGE_DIR (build-coverage).
set -u
need_lines=95 need_branches=85
top=$(cd "${srcdir:-.}" && pwd) libs_at=$PWD
folder=${COVERAGE_DIR:-build-coverage}
gcov=$(command -v "gcov-$(${CC:-gcc} -dumpversion 2>/dev/null)" || command -v gcov) || {
	echo "skipped, needs gcov"
	exit 77
}
rm -rf "$folder"
mkdir -p "$folder" && cd "$folder" || exit 1

# shellcheck disable=SC2086
compile() {
	${CC:-gcc} -std=c11 -pthread -g -O0 -w -DNDEBUG --coverage $CPPFLAGS_CORE -I"$libs_at" \
		-c "$1" -o "$2"
}
for file in "$top"/lib/core/*.c; do
	name=${file##*/}
	compile "$file" "${name%.c}.o" || exit 1
done
tested=0
for program; do
	name=${program##*/} more=
	for helper in "$top"/tests/core/[!t]*.c; do     # what is no test, where its header is included
		header=${helper##*/}
		grep -q "\"\(core/\)\?${header%.c}\.h\"" "$top/$program.c" && more="$more $helper"
	done
	# shellcheck disable=SC2086
	(cd "$libs_at" && ${CC:-gcc} -std=c11 -pthread -w \
		-DTESTDIR="\"$top/tests\"" $CPPFLAGS_CORE -I"$top/tests" "$top/$program.c" $more \
		"$folder"/*.o $LIBS_REST -lgcov -o "$folder/$name") || exit 1
	"./$name" >"$name.log" 2>&1 || { tail -20 "$name.log"; exit 1; }
	tested=$((tested + 1))
done
echo "$tested programs of tests/core"
exec /usr/bin/python3 "$top/tests/coverage.py" "$gcov" "$top" $need_lines $need_branches ./*.gcda
