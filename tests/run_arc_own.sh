#!/bin/sh
# Our own ARC cases, and how the runner ends when something is wrong.
run="${builddir:-.}/tests/run_arc"
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

cat >"$dir/wrong.yml" <<'END'
description: wrong on purpose
tests:
  right: {message: "From: a@example.com\n\nbody\n", cv: None}
  right-too: {message: "ARC-Seal: x\n\n", cv: ''}
  status: {message: "From: a@example.com\n\nbody\n", cv: Pass}
  no-status: {message: "From: a@example.com\n\nbody\n"}
  reason: {message: "ARC-Seal: x\n\n", cv: Fail, reason: another}
  oldest-pass: {message: "", cv: None, oldest-pass: 1}
txt-records:
END
status 64 "$run"
status 64 "$run" a b
status 66 "$run" "$dir/absent.yml"
echo 'description: [' >"$dir/broken.yml"
status 66 "$run" "$dir/broken.yml"
echo 'description: no test' >"$dir/empty.yml"
status 66 "$run" "$dir/empty.yml"
status 1 "$run" "$dir/wrong.yml"
if [ "$(tail -n 1 "$dir/out")" != "2 passed, 4 failed" ] || [ "$(grep -c 'wrong on purpose/' "$dir/out")" -ne 4 ]; then
	echo "wrong.yml: "
	cat "$dir/out"
	exit 1
fi
exec "$run" "${srcdir:-.}/tests/data/arc.yml"
