#!/bin/sh
# valgrind.sh PROGRAM...: unit tests under valgrind, one process each, as many at a
# time as there are processors; then the daemon itself over its socket. Fails on any
# error and on any definite leak. Long loops are short here (ALIGND_TEST_EFFORT).
command -v valgrind >/dev/null 2>&1 || {
	echo "skipped, needs valgrind"
	exit 77
}
check="valgrind -q --suppressions=${srcdir:-.}/tests/valgrind.supp --leak-check=full"
check="$check --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect"
check="$check --error-exitcode=9 --num-callers=30"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# libcheck keeps no time without fork: each program has ten minutes
ALIGND_TEST_EFFORT=short CK_FORK=no PATIENCE_S=300
export check work ALIGND_TEST_EFFORT CK_FORK PATIENCE_S

for program; do
	# these fork children that share a database and are killed: what a child
	# still holds when it ends is no leak
	case $program in
	*/test_db | */test_store | */test_loader_kill) continue ;;
	esac
	echo "$program"
done >"$work/programs"

# shellcheck disable=SC2016
xargs -P "$(nproc)" -n 1 sh -c '
	name=$(basename "$1")
	# shellcheck disable=SC2086
	timeout 600 $check "$1" >"$work/$name.out" 2>&1 && exit 0
	echo "$1: status $?" >"$work/$name.failed"
' one <"$work/programs"
ALIGND_PREFIX="$check" /usr/bin/python3 "${srcdir:-.}/tests/session/run" \
	decision.test_genuine decision.test_honor decision.test_quarantine decision.test_forged \
	dns.test_real process.test_reload protocol.test_several protocol.test_abort \
	>"$work/daemon.out" 2>&1 || echo "the daemon: status $?" >"$work/daemon.failed"

n=$(($(wc -l <"$work/programs") + 1)) failures=0
for failed in "$work"/*.failed; do
	[ -f "$failed" ] || continue
	failures=$((failures + 1))
	echo "FAIL $(cat "$failed")"
	tail -n 150 "${failed%.failed}.out"
done
echo "$((n - failures)) passed, $failures failed"
[ $failures -eq 0 ]
