#!/bin/sh
# alignctl show as the help desk uses it: found or not, in words, and nothing
# that a sender wrote reaches the terminal raw.
# shellcheck source=tests/tools/answers.sh
. "${srcdir:-.}/tests/tools/answers.sh"
texts=-F
journal="$dir/journal"
mkdir "$journal"

# exit status, text that must and text that must not be in the output, then the arguments
expect() {
	wanted=$1 text=$2 unwanted=$3
	shift 3
	answers "$wanted" "$text" "$unwanted" show "$@"
}

# when, queue id, author, the rest of the line
line() {
	printf '{"v":1,"id":"mx1-1-%s","when":"%s","queue_id":"%s","mode":"override",' "$2" "$1" "$2"
	printf '"exempt":"no","from":{"status":"ok"},"authors":[{"domain":"%s","policy":' "$3"
	printf '{"method":"treewalk","status":"found","domain":"%s","record":' "$3"
	printf '{"text":"v=DMARC1; p=reject"}}}],%s}\n' "$4"
}
fail='"client":{"ip":"192.0.2.7","helo":"relay"},"relay":{"ip":"203.0.113.1","hops":1},"spf":{"result":"softfail","domain":"example.net"},
"judged":[{"result":"fail"}],"decisive":0,"result":"fail","asked":"reject","chosen":"quarantine",
"recipients":{"domains":["example.org","lists.example.org"],"count":3},
"chosen_for":[{"domain":"lists.example.org","chosen":"accept"}],"why":"override.reject",
"reasons":[{"type":"local_policy","comment":"override.reject"}],"dry_run":true,"done":"none"'
fail=$(printf %s "$fail" | tr -d '\n')
pass='"dkim":[{"result":"pass","d":"mail.example.com","s":"s1"}],"judged":[{"dkim_index":0}],
"decisive":0,"result":"pass","asked":"none","chosen":"accept","why":"aligned","dry_run":false,
"done":"accept"'
pass=$(printf %s "$pass" | tr -d '\n')
hostile='"client":{"ip":"192.0.2.8","helo":"\u001b[2J\\x9B31m\\\\","name":"\u0007"},
"sender":{"status":"mailbox","domain":"example.net"},"chosen":"accept","dry_run":false,
"spf":{"result":"fail","reason":"\u001b]0;x\u0007"},"done":"\u001bc"'
hostile=$(printf %s "$hostile" | tr -d '\n')

rules='"client":{"ip":"192.0.2.7"},
"recipients":{"domains":["example.org","lists.example.org"],"rules":["press","" ],"count":3},
"arc":{"result":"pass","sets":[{"d":"d1.example","claims":[{"method":"dmarc","domain":"example.com"}],
"from_covered":true},{"d":"d\u001b2.example","from_covered":true}]},
"result":"fail","asked":"reject","chosen":"quarantine",
"chosen_for":[{"domain":"example.org","rules":"press","chosen":"reject","why":"rule","rule":"press"},
{"domain":"lists.example.org","chosen":"accept","why":"trusted-arc"}],"why":"recipients-differ",
"rule":"press","missing":["not-list-shaped","spf-fail"],"trusted_set":1,"recipients_differ":true,
"left_out":true,"reply":"ask the press office",
"reasons":[{"type":"mailing_list","rule":"press","comment":"of ours"}],"done":"reject"'
rules=$(printf %s "$rules" | tr -d '\n')

line 2026-05-01T10:00:00.000Z OLD1 example.com "$pass" | gzip >"$journal/mx1-20260501.jsonl.gz"
{
	line 2026-05-04T10:00:00.000Z FAIL1 example.com "$fail"
	line 2026-05-04T10:00:00.000Z FAIL1 example.com "$fail"
	echo '{"v":1,"id":"x","queue_id":"FAIL1'
	line 2026-05-04T11:00:00.000Z PASS1 news.example.com "$pass"
	line 2026-05-04T11:30:00.000Z OTHER notexample.com "$pass"
	line 2026-05-04T12:00:00.000Z EVIL1 xn--bcher-kva.example "$hostile"
	line 2026-05-04T12:30:00.000Z RULES1 ruled.example "$rules"
} >"$journal/mx1-20260504.jsonl"
echo 'journal:' >"$dir/bad.conf"
printf 'dry_run = true;\nauthserv_id = "mx.example.org";\njournal: { directory = "%s"; };\n' \
	"$journal" >"$dir/good.conf"
printf 'dry_run = true;\nauthserv_id = "mx.example.org";\njournal: { directory = ""; };\n' \
	>"$dir/none.conf"

expect 0 'fail: nothing that was authenticated belongs' 'PASS1' FAIL1 -J "$journal"
expect 0 'quarantine, but accept for lists.example.org' '' FAIL1 -c "$dir/good.conf"
expect 0 'asked          reject' '' FAIL1 -J "$journal"
expect 0 "the receiver's own answer to reject (override.reject)" '' FAIL1 -J "$journal"
expect 0 'through the internal relay 203.0.113.1' '' FAIL1 -J "$journal"
expect 0 'none (dry run' '' FAIL1 -J "$journal"
expect 0 'could not be read: 1, the first is mx1-20260504.jsonl:3: line 1' '' FAIL1 -J "$journal"
expect 0 'signed by mail.example.com' '' OLD1 -J "$journal"
expect 0 'ARC            pass, 2 sets' '' RULES1 -J "$journal"
expect 0 'set 1 by d1.example, who says dmarc=pass for example.com' '' RULES1 -J "$journal"
expect 0 'rule           press' '' RULES1 -J "$journal"
expect 0 'missing        not-list-shaped, spf-fail' '' RULES1 -J "$journal"
expect 0 'trusted        set 1 by d1.example' '' RULES1 -J "$journal"
expect 0 'recipients     example.org (addresses of press): reject, rule press' '' RULES1 -J "$journal"
expect 0 'lists.example.org: accept, trusted-arc' '' RULES1 -J "$journal"
expect 0 'reasons        mailing_list, rule press: of ours' '' RULES1 -J "$journal"
expect 0 'reply          ask the press office' '' RULES1 -J "$journal"
expect 0 'left out of enforce_percent' "$(printf '\033')" RULES1 -J "$journal"
expect 1 'nothing found' 'OLD1' OLD1 -J "$journal" --since 2026-05-03
expect 1 'nothing found' 'FAIL' fail1 -J "$journal"
expect 1 'nothing found' 'asked' FAIL -J "$journal"
expect 0 'mx1-1-FAIL1' '' FAIL1 -J "$journal" --json

# by author: subdomains belong, look-alikes do not; a line once
expect 0 'PASS1' 'OTHER' --from example.com --since 2026-05-01 -J "$journal"
expect 0 'OLD1' 'EVIL' --from Example.COM. --since 2026-05-01T09:00:00+02:00 -J "$journal"
expect 0 'messages: 3, spared by a dry run: 1' '' --from example.com \
	--since 2026-05-01 -J "$journal"
expect 0 'messages: 1, spared by a dry run: 0, by enforce_percent: 1' '' --from ruled.example \
	--since 2026-05-01 -J "$journal"
expect 0 'messages: 2' 'OLD1' --from example.com --since 2026-05-01T12:00:00+01:00 -J "$journal"
expect 0 'EVIL1' '' --from 'bücher.example' --since 2026-05-01 -J "$journal"
expect 0 'HELO relay' '' --from example.com --long --since 2026-05-01 -J "$journal"
expect 1 'nothing found' '' --from example.com --since 1s -J "$journal"

# nothing raw
esc=$(printf '\033')
expect 0 '\x1B[2J\x9B31m\\' "$esc" EVIL1 -J "$journal"
expect 0 '\x1B]0;x\x07' "$(printf '\007')" EVIL1 -J "$journal"

expect 64 'QUEUEID or --from' ''
expect 64 'QUEUEID or --from' '' A B
expect 64 'QUEUEID or --from' '' A --from example.com
expect 64 'not a domain' '' --from 'a b' -J "$journal"
expect 64 '--since' '' A --since yesterday -J "$journal"
expect 64 'unrecognized option' '' --bogus
expect 66 'cannot be read' '' A -J "$dir/absent"
expect 78 'bad.conf' '' A -c "$dir/bad.conf"
expect 78 'keep no journal' '' A -c "$dir/none.conf"
expect 0 'Usage: alignctl show' '' --help

if [ "$("$ctl" show --from example.com --since 2026-05-01 -J "$journal" --json 2>/dev/null | wc -l)" -ne 3 ]; then
	echo "show --json: wanted three lines"
	failures=$((failures + 1))
fi
finish
