#!/bin/sh
# Runs the session tests with Debian's Python; skipped, with the reason, without it.
# SESSION_CASES: only those whose name has one of these words; of several such lists, with |
# between them, each in a process of its own, at one time.
here=${srcdir:-.}/tests/session
python=/usr/bin/python3
if ! [ -x "$python" ]; then
	echo "skipped, needs $python"
	exit 77
fi
for module in dkim dns; do
	if ! "$python" -c "import $module" 2>/dev/null; then
		echo "skipped, needs the Python module $module for $python"
		exit 77
	fi
done
# a file that nobody lists would be missing in the tarball
for file in "$here"/test_*.py; do
	grep -q "tests/session/${file##*/}" "${srcdir:-.}/Makefile.am" || {
		echo "$file is not in Makefile.am"
		exit 1
	}
done
# shellcheck disable=SC2086
case ${SESSION_CASES:-} in
*\|*) ;;
*) exec "$python" "$here/run" ${SESSION_CASES:-} "$@" ;;
esac
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
runs='' status=0
IFS='|'
# shellcheck disable=SC2086
set -- $SESSION_CASES
unset IFS
for words; do
	# shellcheck disable=SC2086
	"$python" "$here/run" $words >"$dir/$words" 2>&1 &
	runs="$runs $!"
done
for run in $runs; do
	wait "$run" || status=1
done
cat "$dir"/*
exit $status
