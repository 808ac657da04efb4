#!/bin/sh
# alignctl what-if: its arguments, what can be varied and why not, and a month of mail.
# shellcheck source=tests/tools/answers.sh
. "${srcdir:-.}/tests/tools/answers.sh"

# exit status, text that must and text that must not be in the output, then the arguments
expect() {
	wanted=$1 text=$2 unwanted=$3
	shift 3
	answers "$wanted" "$text" "$unwanted" what-if "$@"
}

conf="$dir/alignd.conf"
printf '%s\n' 'dry_run = true;' 'authserv_id = "mx.example.com";' "journal: { directory = \"\"; };" \
	"store: { path = \"$dir/store.sqlite\"; };" >"$conf"

expect 0 'Usage: alignctl what-if' '' --help
expect 64 'what is "x"' '' x
expect 64 'not a domain' '' -c "$conf" --domain 'a b'
expect 64 'ends before it begins' '' -c "$conf" --since 1d --until 2d
expect 64 'from 1 to 100' '' -c "$conf" --top 0
expect 78 'cannot be read' '' -c "$dir/none"
expect 69 'store.sqlite cannot be opened: .*; alignd makes it when it runs' '' -c "$conf"
expect 78 '^alignctl what-if: --set: dmarc.discovery: cannot be varied: .*gathered' '' \
	-c "$conf" --set dmarc.discovery=psl
expect 78 'socket: cannot be varied: .*runs' '' -c "$conf" --set socket=x
expect 78 'rules: too much for a line' '' -c "$conf" --set 'rules=( )'
expect 78 'mode: the text "hono" is none .*did you mean "honor"' '' -c "$conf" --set mode=hono
expect 78 'modes: unknown name; did you mean mode' '' -c "$conf" --set modes=honor
expect 78 '"m\\x1B": unknown name' '' -c "$conf" --set "$(printf 'm\033=x')"
expect 78 'mode: without a value' '' -c "$conf" --set mode
expect 78 'enforce_percent: "4294967396" is no value' '' -c "$conf" --set enforce_percent=4294967396
expect 78 'dry_run: "true; mode = "honor"" is no value' '' -c "$conf" \
	--set 'dry_run=true; mode = "honor"'
expect 78 'reject_when: .* is no signal' '' -c "$conf" --set 'override.reject_when=[ "spf-fial" ]'
# nothing is done by what-if: how mail would be quarantined need not be said
expect 69 'store.sqlite' 'quarantine.method' -c "$conf" --set dry_run=false

# one line that can be read, two that cannot; loaded twice, they are counted once
now=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
day=${now%%T*}
mkdir "$dir/journal"
{
	printf '{"v":1,"id":"mx1-1-1","when":"%s","client":{"ip":"192.0.2.1"}}\n' "$now"
	printf '{"v":1,"id":"mx1-1-2","when":\n{"v":99}\n'
} >"$dir/journal/mx1-$(echo "$day" | tr -d -).jsonl"
for _ in 1 2; do
	"${builddir:-.}/tools/alignctl" load -c "$conf" -J "$dir/journal" >"$dir/out" 2>&1 || {
		cat "$dir/out"
		failures=$((failures + 1))
	}
done
expect 0 '^2 lines of the journal could not be read' '' -c "$conf" --set dry_run=false
expect 0 '"refused":2' '' -c "$conf" --set dry_run=false --json
expect 0 'No message' 'of the journal' -c "$conf" --until "$day"
expect 0 '^Mail from 2020-01-01 to 2020-01-31 (UTC): 0 messages$' 'no mail before' -c "$conf" \
	--since 2020-01-01 --until 2020-02-01 --html "$dir/page.html"
grep -q '2020-01-01 to 2020-01-31' "$dir/page.html" || fail 'the page has another period'
expect 0 "^The store has mail from $day to $day.$" '' -c "$conf" --since 2020-01-01 --until 2020-02-01
expect 0 '"domain":"xn--bcher-kva.example"' '' -c "$conf" --domain 'bücher.example' --json

expect 0 '(UTC): 1 message$' '' -c "$conf" --set dry_run=false --html "$dir/page.html"
grep -q '<li>2 lines of the journal were no' "$dir/page.html" && grep -q '</html>' "$dir/page.html" || {
	echo "what-if --html: not the page that was wanted"
	failures=$((failures + 1))
}
expect 73 'none/page.html: No such file' 'messages' -c "$conf" --set dry_run=false \
	--html "$dir/none/page.html"
expect 64 'needs a value' '' -c "$conf" --html

# recipients whom "split" would have parted came together
split="$dir/split"
mkdir "$split" "$split/journal"
printf '%s\n' 'dry_run = true;' 'authserv_id = "mx.example.com";' "journal: { directory = \"$split/journal\"; };" \
	"store: { path = \"$split/store\"; };" \
	'rules = ( { id = "t"; match = { recipient = "tenant.example"; }; action = "accept"; } );' >"$split/conf"
printf 'From: a@bank.example\n\nx\n' | "${builddir:-.}/tools/alignctl" check -c "$split/conf" \
	--zone "${srcdir:-.}/tests/cases/base.zone" --ip 203.0.113.66 --mail-from '<>' --rcpt '<u@tenant.example>' \
	--rcpt '<u@other.example>' --json | sed 's/"id":"check"/"id":"mx1-1-1"/' >"$split/journal/mx1-$(echo "$day" | tr -d -).jsonl"
"${builddir:-.}/tools/alignctl" load -c "$split/conf" >"$dir/out" 2>&1 || cat "$dir/out"
expect 0 '^1 message came to recipients whom "split" would part: decided as with "quarantine".$' '' \
	-c "$split/conf" --set recipients_differ=split --html "$split/page.html"
grep -q '<li>1 message came to recipients whom &quot;split&quot;' "$split/page.html" || {
	echo "what-if --html: nothing is said of split"
	failures=$((failures + 1))
}
expect 0 '"together":1' '' -c "$split/conf" --set recipients_differ=split --json
expect 0 '"together":0' 'would part' -c "$split/conf" --set recipients_differ=mildest --json

finish
