#!/bin/sh
# alignctl load, and stats and what-if behind it, with what must not happen: a journal
# with broken lines, and stores that are none, from the future, or on a full disk.
# shellcheck source=tests/tools/answers.sh
. "${srcdir:-.}/tests/tools/answers.sh"
texts=-F
build=${builddir:-.}

# exit status, a text that must be in the output, then the arguments
expect() {
	wanted=$1 text=$2
	shift 2
	answers "$wanted" "$text" '' "$@" -c "$dir/conf"
}
# all three that use a store refuse it alike
refused() {
	expect 69 "$1" load --store "$2"
	expect 69 "$1" stats --store "$2"
	expect 69 "$1" what-if --store "$2" --set dry_run=false
}
sql() {
	/usr/bin/python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db: print(*[r[0] for r in db.execute(sys.argv[2])])' "$1" "$2"
}

printf 'dry_run = true;\nauthserv_id = "mx.example.com";\njournal: { directory = "%s"; };\n' \
	"$dir/journal" >"$dir/conf"
mkdir "$dir/journal"
"$build/bench/month" -n 2000 -d 3 -u 2026-10-01 "$dir/journal" 2>/dev/null || exit 1

# a store that is none
head -c 20000 /dev/urandom >"$dir/junk"
refused 'is no database: move it away' "$dir/junk"
refused 'No such file' "$dir/absent/store"

# on a full disk: all or nothing of a batch, and it goes on where it was
( ulimit -f 1000; expect 69 'store: ' load --store "$dir/store"; exit $failures )
failures=$?
grep -q 'make room\|look at the disk' "$dir/out" || { fail 'what to do is not said'; cat "$dir/out"; }
expect 0 'lines loaded' load --store "$dir/store"
[ "$(sql "$dir/store" 'SELECT count(*) FROM messages')" = 2000 ] || fail 'not 2000 messages'
expect 0 '0 lines loaded, 2000 were there already' load --store "$dir/store" --again

# of a newer alignd
cp "$dir/store" "$dir/newer"
sql "$dir/newer" "UPDATE meta SET value = '99' WHERE key = 'schema'" >/dev/null
refused 'the store has schema 99, this alignd knows up to' "$dir/newer"
[ "$(sql "$dir/newer" 'SELECT count(*) FROM messages')" = 2000 ] || fail 'it was written to'

# lines that are cut, newer, no UTF-8, 10 MB long: told and counted, and the others are taken
mkdir "$dir/broken"
line() {
	printf '{"v":1,"id":"mx7-1-%s","when":"2026-10-02T10:20:30.123Z","exempt":"no"}\n' "$1"
}
{
	line 1
	line 2 | head -c 50
	echo
	printf '{"v":2,"id":"mx7-1-3"}\n{"v":1,"id":"mx7-1-4\377\376"}\n'
	head -c 10000000 /dev/zero | tr '\0' x
	echo
	line 5
	line 6 | head -c 50
} >"$dir/broken/mx7-20261002.jsonl"
expect 0 '2 lines loaded, 4 could not be loaded' load --journal "$dir/broken" --store "$dir/store"
expect 0 'mx7-20261002.jsonl:2: not loaded' load --journal "$dir/broken" --store "$dir/other"
expect 0 '"loaded":0,"known":2,"refused":4' load --journal "$dir/broken" --store "$dir/store" --json
[ "$(sql "$dir/store" 'SELECT count(*) FROM messages')" = 2002 ] || fail 'not 2002 messages'

mkdir "$dir/single"
line 8 >"$dir/single/mx8-20261002.jsonl"
expect 0 '1 line loaded' load --journal "$dir/single" --store "$dir/store"

# with both named it needs no settings
if [ -e /etc/alignd/alignd.conf ]; then
	echo 'skipped, needs a host without /etc/alignd/alignd.conf: load without settings'
else
	answers 0 '1 line loaded' '' load --journal "$dir/single" --store "$dir/alone"
fi
answers 78 'cannot be read' '' load --journal "$dir/single" --store "$dir/alone" -c "$dir/none"
finish
