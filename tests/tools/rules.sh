#!/bin/sh
# alignctl rules: hits out of the journal, once per line and rule; what is unused is
# only said as far back as the journal reaches.
# shellcheck source=tests/tools/answers.sh
. "${srcdir:-.}/tests/tools/answers.sh"
journal="$dir/journal"
mkdir "$journal"

# exit status, text that must and text that must not be in the output, then the arguments
expect() {
	wanted=$1 text=$2 unwanted=$3
	shift 3
	answers "$wanted" "$text" "$unwanted" rules "$@"
}

days_ago() {
	date -u -d "$1 days ago" "+$2"
}

# days ago, id of the line, the rest of it
line() {
	printf '{"v":1,"id":"mx1-1-%s","when":"%s","queue_id":"%s","exempt":"no",' "$2" \
		"$(days_ago "$1" %Y-%m-%dT%H:%M:%S.000Z)" "$2"
	printf '"from":{"status":"ok"},"result":"fail","asked":"reject","chosen":"accept",%s}\n' "$3"
}
file() {
	echo "$journal/mx1-$(days_ago "$1" %Y%m%d).jsonl"
}
differ='"recipients":{"domains":["a.example","b.example","c.example"],"count":3},
"chosen_for":[{"domain":"a.example","chosen":"reject","why":"rule","rule":"shared"},
{"domain":"b.example","chosen":"reject","why":"rule","rule":"shared"},
{"domain":"c.example","chosen":"accept","why":"rule","rule":"gone-2"}],
"why":"recipients-differ","recipients_differ":true'
differ=$(printf %s "$differ" | tr -d '\n')

line 40 a '"why":"rule","rule":"gone-1"' | gzip >"$(file 40).gz"
{
	line 20 b '"why":"rule","rule":"gone-1"'
	line 20 b '"why":"rule","rule":"gone-1"'
	line 20 c '"why":"requested"'
	line 20 d '"why":"requested","helo":"\"rule\":\"forged\""'
	echo '{"v":1,"id":"x","rule":"gone-1"'
	echo '{"v":1,"id":"y"'
	line 20 e '"why":"rule","rule":"gone-1","reasons":[{"type":"local_policy","rule":"gone-1"}]'
} >"$(file 20)"
{
	line 2 f '"why":"rule","rule":"gone-1"'
	line 2 g "$differ"
	line 2 h '"why":"requested","cut":{"strings":2,"recipients":4}'
	line 2 i '"why":"requested","cut":{"strings":2}'
} >"$(file 2)"

conf() {
	printf 'dry_run = true;\nauthserv_id = "mx.example.org";\n'
	printf 'journal: { directory = "%s"; };\n' "$1"
}
conf "$journal" >"$dir/good.conf"
conf '' >"$dir/none.conf"
echo 'journal:' >"$dir/bad.conf"
mkdir "$dir/empty"

expect 0 'gone-1  gone .* 3  20' 'forged' -c "$dir/good.conf"
expect 0 'gone-2  gone .* 1  20' 'reaches back' -c "$dir/good.conf"
expect 0 'shared  gone .* 1  20' 'No rule' -c "$dir/good.conf"
expect 0 'not be read: 2, the first is mx1-.*:5: ' '' -c "$dir/good.conf"
expect 0 'a hit may be missing: 1$' '' -c "$dir/good.conf"
expect 0 'gone-1  gone .* 4  20' '' -c "$dir/good.conf" --since 60d
expect 0 'journal reaches back to 20' '' -c "$dir/good.conf" --since 60d
expect 0 'gone-1  gone .* 1  20' 'No rule' -c "$dir/good.conf" --since 5d
expect 0 'gone-1  gone .* 3  20' 'gone-2' -c "$dir/good.conf" --since 60d --until 5d
expect 0 'No rule to show' 'gone-1' -c "$dir/good.conf" --since 15d --until 10d
expect 0 'gone-1' '' -c "$dir/none.conf" -J "$journal"
expect 0 '"id":"gone-1","in_settings":false,"hits":3,"last_hit":"20' '' -c "$dir/good.conf" --json
expect 0 '"lines":11,"unreadable":2,"cut":1}' '' -c "$dir/good.conf" --json

# the rules of the settings: who, until when, and what can go
days_on() {
	date -u -d "$1 days" +%Y-%m-%d
}
rule() {
	printf '{ id = "%s"; owner = "%s"; ticket = "T-1"; expires = "%s"; action = "accept";\n' "$@"
	printf 'match = { author_domain = "example.com"; client_network = "192.0.2.0/24"; }; }'
}
{
	conf "$journal"
	printf 'rules = ( %s,\n%s,\n%s,\n%s );\n' "$(rule shared 'Jane Doe' "$(days_on 10)")" \
		"$(rule never-hit 'Jürgen' "$(days_on 100)")" "$(rule over '' "$(days_on -3)")" \
		'{ id = "no-date"; match = { author_domain = "example.com"; }; action = "reject"; }'
} >"$dir/rules.conf"
rules="$dir/rules.conf"
expect 0 "shared  *accept  Jane Doe  *T-1  *$(days_on 10) in 10 d  *1  20" 'shared *gone' -c "$rules"
expect 0 "never-hit *accept  J.xC3.xBCrgen *T-1 *$(days_on 100) in 100 d *0  -" 'No rule' -c "$rules"
expect 0 "over  *accept  -  *T-1  *$(days_on -3) EXPIRED  *0  -" 'No rule' -c "$rules"
expect 0 'no-date  *reject  -  *-  *-  *0  -' 'No rule' -c "$rules"
expect 0 '^over' 'shared' -c "$rules" --expiring 9d
expect 0 '^shared' 'never-hit\|no-date\|gone' -c "$rules" --expiring 10d
expect 0 '^never-hit' '^shared\|^gone' -c "$rules" --unused 39d
expect 0 '^shared' '^gone' -c "$rules" --unused 1d
expect 0 '^over' '^shared\|^never-hit' -c "$rules" --unused 39d --expiring 30d
expect 65 'reaches back to .* only' '^never-hit' -c "$rules" --unused 41d
expect 0 '"owner":"Jürgen",.*"in_settings":true,"hits":0}' '' -c "$rules" --json
expect 0 "\"line\":[0-9]*,\"expires\":\"$(days_on -3)\",\"days_left\":-3,\"expired\":true" '' \
	-c "$rules" --json

# no words about what is unused beyond the journal's reach
expect 0 'No rule to show' 'gone-1' -c "$dir/good.conf" --unused 39d
expect 65 'reaches back to .* only' 'No rule' -c "$dir/good.conf" --unused 41d
expect 65 'no line that can be read' 'No rule' -c "$dir/good.conf" -J "$dir/empty" --unused 1d
expect 78 'keep no journal' 'No rule' -c "$dir/none.conf" --unused 1d
expect 0 'Hits are not known' '' -c "$dir/none.conf"

expect 64 'no --since' '' -c "$dir/good.conf" --unused 9d --since 30d
expect 64 '--unused:' '' -c "$dir/good.conf" --unused 2026-05-01
expect 64 '--expiring:' '' -c "$dir/good.conf" --expiring soon
expect 64 '--since:' '' -c "$dir/good.conf" --since yesterday
expect 64 '--until:' '' -c "$dir/good.conf" --until yesterday
expect 64 'ends before it begins' '' -c "$dir/good.conf" --since 5d --until 10d
expect 64 'what is "x"' '' x
expect 64 'unrecognized option' '' --bogus
expect 66 'cannot be read' '' -c "$dir/good.conf" -J "$dir/absent"
expect 78 'bad.conf' '' -c "$dir/bad.conf"
expect 0 'Usage: alignctl rules' '' --help

finish
