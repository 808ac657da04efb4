#!/bin/sh
# alignctl stats: its arguments, and its numbers over a small generated month, against
# those that a script finds in the journal.
# shellcheck source=tests/tools/answers.sh
. "${srcdir:-.}/tests/tools/answers.sh"
build=${builddir:-.}

# exit status, text that must and text that must not be in the output, then the arguments
expect() {
	wanted=$1 text=$2 unwanted=$3
	shift 3
	answers "$wanted" "$text" "$unwanted" stats "$@"
}

conf="$dir/alignd.conf"
printf '%s\n' 'dry_run = true;' 'authserv_id = "mx.example.com";' \
	"journal: { directory = \"$dir/journal\"; };" "store: { path = \"$dir/store.sqlite\"; };" >"$conf"
printf '%s\n' 'dry_run = true;' 'authserv_id = "mx.example.com";' 'store: { driver = "none"; };' \
	>"$dir/none.conf"

expect 0 'Usage: alignctl stats' '' --help
expect 64 'what is "x"' '' x
expect 64 'unrecognized option' '' --bogus
expect 64 'not a domain' '' -c "$conf" --domain 'a b'
expect 64 '--since:' '' -c "$conf" --since yesterday
expect 64 '--until:' '' -c "$conf" --until yesterday
expect 64 'ends before it begins' '' -c "$conf" --since 1d --until 2d
expect 64 'from 1 to 100000' '' -c "$conf" --top 0
expect 64 'not both' '' -c "$conf" --json --csv
expect 64 'no --top' '' -c "$conf" --csv --top 5
expect 78 'cannot be read' '' -c "$dir/absent"
expect 78 'keep no store' '' -c "$dir/none.conf"
expect 69 'store.sqlite cannot be opened: .*; alignd makes it when it runs' '' -c "$conf"

# a month in a dry run, and a hostile line of a daemon that enforces
mkdir "$dir/journal" "$dir/empty"
"$build/bench/month" -n 3000 -d 30 -u 2026-10-01 "$dir/journal" 2>/dev/null || exit 1
sed -n '/"why":"requested"/{
s/"domain":"[a-z0-9]*\.example","policy"/"domain":"=cmd|\x27\\"\\u001b.example","policy"/
s/"id":"[^"]*"/"id":"mx9-1-1"/
s/"why":"requested"/"why":"rule","rule":"@lists"/
s/"chosen":"reject"/"chosen":"quarantine"/
s/"dry_run":true/"dry_run":false/
s/"done":"none"/"done":"hold"/
p;q;}' "$dir/journal"/mx1.example.com-20261005.jsonl >"$dir/journal/mx9-20261005.jsonl"
# a domain that is its own Organizational Domain by the walk, not by the list
sed -n '/"chosen":"accept"/{
/company0\.example/{
s/"domain":"company0\.example"/"domain":"mail.company0.example"/g
s/"id":"[^"]*"/"id":"mx9-1-2"/
p;q;};}' "$dir/journal"/mx1.example.com-20261006.jsonl >"$dir/journal/mx9-20261006.jsonl"
cat "$dir/journal"/mx1.example.com-2026101?.jsonl >"$dir/plain.jsonl"
/usr/bin/python3 "${srcdir:-.}/tests/tools/stats_vary.py" "$dir/plain.jsonl" "$dir/varied.jsonl" || exit 1
"$ctl" load -c "$conf" >/dev/null || exit 1
"$ctl" load -c "$conf" --journal "$dir/empty" --store "$dir/empty.sqlite" >/dev/null || exit 1
escape=$(printf '\033')
october='--since 2026-10-01 --until 2026-11-01'

# shellcheck disable=SC2086
{
expect 0 '^  messages  *3,002  *100 a day' "$escape" -c "$conf" $october
expect 0 'and [0-9,]* more, with' "$escape" -c "$conf" $october
expect 0 ' 1 .*  quarantine  hold *$' "$escape" -c "$conf" $october --top 20
expect 0 ' 1  #.* 1  *0  @lists$' "$escape" -c "$conf" $october
expect 0 'shop.example  *203.0.113.0/24$' "$escape" -c "$conf" $october
expect 0 ' enforced  *all forged mail' "$escape" -c "$conf" $october
expect 0 '^  1 of [0-9]* author domains with a policy differ' 'Not compared' -c "$conf" $october
expect 0 ' 1  mail.company0.example  mail.company0.example  company0.example$' "$escape" -c "$conf" $october
expect 0 'reaches from 2026-10-01' "$escape" -c "$conf" --since 1000000d
expect 0 'author domain shop.example and below it' company -c "$conf" $october --domain Shop.Example.
expect 0 '=cmd|.*?.example' "$escape" -c "$conf" $october --top 100000
expect 0 '^2026-10-05,.x3Dcmd.x7C.x27.x22.x3F.example,.*,quarantine,hold,rule,.x40lists,0,0,1,0,0,0,[0-9]*,[0-9]*$' \
	',[-=+@]' -c "$conf" $october --csv
expect 1 'whole days UTC: none' Results -c "$conf" --since 2026-01-01 --until 2026-02-01
expect 1 'store reaches from 2026-10-01 to 2026-10-30' Results -c "$conf" --since 2026-01-01 \
	--until 2026-02-01
expect 1 'no mail in that period; the store reaches' '' -c "$conf" --since 2026-01-01 \
	--until 2026-02-01 --csv
expect 1 '"messages":0' '' -c "$conf" --since 2026-01-01 --until 2026-02-01 --json
expect 1 'no mail\|: none' '' -c "$conf" $october --domain absent.example
expect 1 'holds no sums at all' Results -c "$conf" --store "$dir/empty.sqlite"
expect 0 'from 2026-10-01 to 2026-10-30' '' -c "$conf" --since 2026-09-01 --until 2026-10-11

# with other records, exempt mail, rules and failures of the DNS as well
cp "$dir/varied.jsonl" "$dir/journal/mx8-20261009.jsonl"
"$ctl" load -c "$conf" >/dev/null || exit 1
for domain in '' shop.example v6.example; do
	"$ctl" stats -c "$conf" $october ${domain:+--domain $domain} --top 100000 --json >"$dir/json" &&
	"$ctl" stats -c "$conf" $october ${domain:+--domain $domain} --csv >"$dir/csv" &&
	/usr/bin/python3 "${srcdir:-.}/tests/tools/stats_check.py" "$dir/journal" "$dir/json" "$dir/csv" \
		$domain || failures=$((failures + 1))
done
}

finish
