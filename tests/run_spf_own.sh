#!/bin/sh
# Our own SPF cases, and how the runner ends when something is wrong.
run="${builddir:-.}/tests/run_spf"
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
  result: {helo: h.example.net, host: 192.0.2.1, mailfrom: a@x.example.net, result: pass}
  reason: {helo: h.example.net, host: 192.0.2.1, mailfrom: a@y.example.net, result: none, reason: x}
  explanation: {helo: h.example.net, host: 192.0.2.1, mailfrom: a@x.example.net, result: fail,
    explanation: why}
  right: {helo: h.example.net, host: 192.0.2.1, mailfrom: a@x.example.net, result: [pass, fail]}
zonedata:
  x.example.net: [SPF: v=spf1 -all]
END
status 64 "$run"
status 64 "$run" a b
status 66 "$run" "$dir/absent.yml"
echo 'description: [' >"$dir/broken.yml"
status 66 "$run" "$dir/broken.yml"
echo 'description: no test' >"$dir/empty.yml"
status 66 "$run" "$dir/empty.yml"
status 1 "$run" "$dir/wrong.yml"
if [ "$(tail -n 1 "$dir/out")" != "1 passed, 3 failed" ] || [ "$(grep -c 'wrong on purpose/' "$dir/out")" -ne 3 ]; then
	echo "wrong.yml: "
	cat "$dir/out"
	exit 1
fi
exec "$run" "${srcdir:-.}/tests/data/spf.yml"
