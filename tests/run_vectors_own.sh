#!/bin/sh
# The DMARC vectors, and how the runner ends when something is wrong.
run="${builddir:-.}/tests/run_vectors"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

status() {
	wanted=$1
	shift
	"$@" >"$dir/out" 2>&1
	got=$?
	[ "$got" -eq "$wanted" ] && return
	echo "$*: exit status $got, wanted $wanted"
	cat "$dir/out"
	exit 1
}

status 64 "$run"
status 66 "$run" "$dir/absent.json"
echo '{"vectors": [' >"$dir/broken.json"
status 66 "$run" "$dir/broken.json"
# every wanted pass becomes a fail: the runner must notice
sed 's/"result": "pass", "disposition/"result": "fail", "disposition/' \
	"${srcdir:-.}/tests/data/vectors.json" >"$dir/wrong.json"
status 1 "$run" "$dir/wrong.json"
exec "$run" "${srcdir:-.}/tests/data/vectors.json"
