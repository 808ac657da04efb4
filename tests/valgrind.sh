#!/bin/sh
# valgrind.sh PROGRAM...: unit tests under valgrind, one process each; then the
# daemon itself over its socket. Fails on any error and on any definite leak.
command -v valgrind >/dev/null 2>&1 || {
	echo "skipped, needs valgrind"
	exit 77
}
check="valgrind -q --suppressions=${srcdir:-.}/tests/valgrind.supp --leak-check=full"
check="$check --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect"
check="$check --error-exitcode=9 --num-callers=30"
failures=0 n=0
for program; do
	# these fork children that share a database and are killed: what a child
	# still holds when it ends is no leak
	case $program in
	*/test_db | */test_store | */test_loader_kill) continue ;;
	esac
	n=$((n + 1))
	# shellcheck disable=SC2086
	if ! CK_FORK=no CK_TIMEOUT_MULTIPLIER=20 SPF_CASES=200 $check "$program" >valgrind.out 2>&1; then
		echo "FAIL $program"
		tail -n 40 valgrind.out
		failures=$((failures + 1))
	fi
done
n=$((n + 1))
ALIGND_PREFIX="$check" /usr/bin/python3 "${srcdir:-.}/tests/session/run" \
	decision.test_genuine decision.test_honor decision.test_quarantine decision.test_forged \
	dns.test_real process.test_reload protocol.test_several protocol.test_abort >valgrind.out 2>&1 || {
	echo "FAIL the daemon"
	tail -n 60 valgrind.out
	failures=$((failures + 1))
}
rm -f valgrind.out
echo "$((n - failures)) passed, $failures failed"
[ $failures -eq 0 ]
