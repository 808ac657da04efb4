#!/bin/sh
# alignctl replay: stored mail becomes a journal, each message once however often
# the run is broken off; what is no message is told, and what had to be assumed.
# shellcheck source=tests/tools/answers.sh
. "${srcdir:-.}/tests/tools/answers.sh"
zone="${srcdir:-.}/tests/demo/demo.zone"

# exit status, a text that must be in the output, then the arguments
expect() {
	wanted=$1 text=$2
	shift 2
	answers "$wanted" "$text" '' replay "$@"
}
also() {
	grep -q -e "$1" "$dir/out" || { fail "no \"$1\" in:"; cat "$dir/out"; }
}
lines() {
	cat "$1"/replay-*.jsonl | wc -l
}
ids() {
	cat "$1"/replay-*.jsonl | sed 's/.*"id":"\([^"]*\)".*/\1/' | sort -u | wc -l
}

# client, subject
message() {
	printf 'Return-Path: <a@bank.example>\nDelivered-To: u@receiver.example\n'
	printf 'Received: from h.bank.example (h.bank.example [%s])\n' "$1"
	printf '\tby mx.receiver.example (Postfix) with ESMTP id 4; Mon, 4 May 2026 10:20:30 +0200\n'
	printf 'From: a@bank.example\nSubject: %s\n\nHello.\n' "$2"
}
printf 'dry_run = true;\nauthserv_id = "mx.receiver.example";\nmode = "honor";\n' >"$dir/conf"
set -- -c "$dir/conf" --zone "$zone"

# a Maildir with a folder, and what does not belong there
md="$dir/md"
mkdir -p "$md/cur" "$md/new" "$md/tmp" "$md/.Sent/cur" "$md/.Sent/new" "$dir/elsewhere"
message 192.0.2.1 one >"$md/cur/1.h:2,S"
message 203.0.113.66 two >"$md/new/2.h"
message 203.0.113.66 three >"$md/tmp/3.h"
message 192.0.2.1 four >"$md/.Sent/cur/4.h:2,"
echo index >"$md/dovecot.index.log"
: >"$md/cur/empty"
ln -s loop "$md/cur/loop"
ln -s ../../elsewhere "$md/cur/elsewhere"
ln -s nothing "$md/cur/dangling"
printf '\211PNG\0\1\2' >"$md/cur/binary"
printf 'Dear all,\n' >"$md/cur/text"
printf 'From: a\0@bank.example\n\n' >"$md/cur/nul"
printf 'From: "\033[2J" <a@bank.example>\n\n\0\0' >"$md/cur/$(printf 'esc\033[2J')"
truncate -s 51M "$md/cur/large"
mkfifo "$md/cur/pipe"
expect 0 'Messages in .*out1: 4, of them judged now 4' "$md" -o "$dir/out1" "$@"
for text in '2  pass' '2  fail' '2  accept' '2  reject' '1  0 octets' '1  symbolic links in a loop' \
	'1  symbolic link to a directory' '1  not there' '1  binary' '1  no header' '1  NUL in' \
	'1  over 50 MB' '1  no regular file' 'Received from 2026-05-04' 'cur/empty$' \
	'1  envelope sender <>' '1  recipient unknown' '1  time of the file' \
	'1  client unknown, SPF not checked: no Received'; do
	also "$text"
done
grep -q '"when":"2026-05-04T08:20:30.000Z".*"ip":"192.0.2.1".*"helo":"h.bank.example".*"domains":\["receiver.example"\]' \
	"$dir/out1/"replay-*.jsonl || fail 'client, HELO, recipient or time is not in the journal'
grep -q '"done":"none"' "$dir/out1/"replay-*.jsonl || fail 'something was done'

# again, with other flags and moved to cur: nothing is judged again
mv "$md/cur/1.h:2,S" "$md/cur/1.h:2,RS"
mv "$md/new/2.h" "$md/cur/2.h:2,"
expect 0 'Messages in .*out1: 4, of them judged now 0' "$md" -o "$dir/out1" "$@"
also '2  reject'
also '1  recipient unknown'
message 192.0.2.1 five >"$md/cur/5.h:2,"
expect 0 'Messages in .*out1: 5, of them judged now 1' "$md/cur" -o "$dir/out1" "$@"
[ "$(lines "$dir/out1")" = 5 ] || fail 'not five lines'
( cd "$dir" && "$OLDPWD/$ctl" replay md -o out1 -c conf --zone "$OLDPWD/$zone" ) >"$dir/out" 2>&1
[ "$(ids "$dir/out1")" = 5 ] || fail 'another way to name the path doubled a message'

# a tree: *.eml, an MH folder, mbox; the same message twice
mkdir -p "$dir/tree/mh" "$dir/tree/.hidden"
message 192.0.2.1 six >"$dir/tree/a.EML"
message 192.0.2.1 seven >"$dir/tree/mh/17"
message 192.0.2.1 eight >"$dir/tree/.hidden/b.eml"
echo no >"$dir/tree/notes.txt"
echo no >"$dir/tree/x.mbox"
: >"$dir/tree/empty.mbox"
for i in 1 2 2; do
	echo 'From a@bank.example Mon May  4 10:20:30 2026'
	message 192.0.2.1 "mbox $i"
	printf '>From here\nFrom there on, no message.\n\n'
done >"$dir/tree/inbox"
printf 'From x\n\nno header in this one\n' >>"$dir/tree/inbox"
expect 0 'Messages in .*out2: 4, of them' "$dir/tree" -o "$dir/out2" "$@"
also '1  the same message twice'
also 'tree/inbox#3$'
also '1  no header'
also 'tree/inbox#4$'
also '1  other files'
also '1  mbox without'
also '1  0 octets'
grep -q '"queue_id":"[^"]*tree/inbox#2"' "$dir/out2/"replay-*.jsonl || fail 'the number in the mbox is missing'
grep -q '"body_bytes":47' "$dir/out2/"replay-*.jsonl || fail 'the quoted line or the separator is wrong'
expect 0 '"judged_now":0,.*"passed_over":\[.*"what":"no header","n":1,"examples":\[".*inbox#4"\]' \
	"$dir/tree" -o "$dir/out2" "$@" --json

# a file that is named is a message, whatever its name
message 192.0.2.1 nine >"$dir/saved.txt"
expect 0 'Messages in .*out3: 1, of them judged now 1' "$dir/saved.txt" -o "$dir/out3" "$@"
expect 0 '1  not there' "$dir/saved.txt" "$dir/absent" -o "$dir/out3" "$@"
expect 66 'absent: No such file' "$dir/absent" -o "$dir/none" "$@"
[ ! -e "$dir/none" ] || fail 'a journal of nothing was made'

# through a host of our own, an internal relay, a login
{ printf 'Received: from mx ([198.51.100.9]) by imap; Mon, 4 May 2026 10:20:31 +0200\n'; message 192.0.2.1 x; } \
	>"$dir/hop.eml"
expect 0 '1  fail' "$dir/hop.eml" -o "$dir/out4" "$@"
expect 65 'other settings' "$dir/hop.eml" -o "$dir/out4" "$@" --trusted-hops 1
expect 0 '1  pass' "$dir/hop.eml" -o "$dir/out5" "$@" --trusted-hops 1
printf 'dry_run = true;\nauthserv_id = "x.example";\ninternal_relays = ["198.51.100.9"];\n' >"$dir/relay.conf"
{ sed -n 1,2p "$md/cur/5.h:2,"; sed -e 2,3d "$dir/hop.eml"; } >"$dir/relayed.eml"
expect 0 '1  pass' "$dir/relayed.eml" -o "$dir/out6" -c "$dir/relay.conf" -z "$zone"
grep -q '"relay":{"ip":"198.51.100.9","hops":1}' "$dir/out6/"replay-*.jsonl || fail 'the relay is not told'
message 192.0.2.1 y | sed 's/with ESMTP/with ESMTPSA/' >"$dir/login.eml"
expect 0 '1  exempt' "$dir/login.eml" -o "$dir/out7" "$@"

# a key that is gone, and a signature that is broken
signed() {
	message 203.0.113.66 z | sed "s/^From:/DKIM-Signature: v=1; a=rsa-sha256; d=$1; s=s;\\
 h=from; bh=$2; b=AAAA\\
From:/"
}
bh=$(printf 'Hello.\r\n' | openssl dgst -sha256 -binary | base64)
mkdir "$dir/signed"
signed bank.example "$(echo "$bh" | sed 's/[/]/\\&/g')" >"$dir/signed/1"
signed bank.example AAAA >"$dir/signed/2"
expect 0 '1  key gone' "$dir/signed" -o "$dir/out8" "$@"
also '1  messages fail, and a signature of the author'
also '1  did not verify\|1  refused'

# no place to write to
expect 73 'was not made by this' "$md" -o "$dir/tree" "$@"
expect 73 'No such file' "$md" -o "$dir/absent/out" "$@"
expect 73 'Not a directory' "$md" -o "$dir/conf" "$@"
expect 64 'no PATH' "$@"
expect 64 'trusted-hops: a number from 0 to' "$md" -t x "$@"
expect 64 'jobs: a number from 1 to' "$md" -J 0 "$@"
expect 78 'absent' "$md" -c "$dir/absent"
expect 0 'Usage: alignctl replay' --help

# broken off, by a signal that asks and by one that does not; a torn last line
i=0
while [ $i -lt 4000 ]; do
	echo 'From a@bank.example Mon May  4 10:20:30 2026'
	message 192.0.2.1 "many $i"
	echo
	i=$((i + 1))
done >"$dir/many"
for signal in INT KILL TERM; do
	"$ctl" replay "$dir/many" -o "$dir/out9" "$@" --jobs 1 >"$dir/out" 2>&1 &
	pid=$!
	before=$(cat "$dir/out9/"*.jsonl 2>/dev/null | wc -c)
	while kill -0 $pid 2>/dev/null && [ "$(cat "$dir/out9/"*.jsonl 2>/dev/null | wc -c)" = "$before" ]; do
		sleep 0.02
	done
	kill -$signal $pid 2>/dev/null
	wait $pid
	code=$?
	if [ $signal != KILL ] && [ $code = 75 ]; then
		also 'Interrupted: the same command'
	elif [ $signal != KILL ] && [ $code != 0 ]; then
		fail "after SIG$signal: exit $code"
		cat "$dir/out"
	fi
done
truncate -s -20 "$dir/out9/"replay-*.jsonl
expect 0 'Messages in .*out9: 4000' "$dir/many" -o "$dir/out9" "$@"
[ "$(ids "$dir/out9")" = 4000 ] || fail "$(ids "$dir/out9") messages of 4000"
[ "$(grep -c '}$' "$dir/out9/"replay-*.jsonl)" = 4000 ] || fail 'a message is there twice'

# a full disk: said at once, and the next run goes on
( ulimit -f 256; expect 74 'full cannot be written: stopped; the same command again goes on' \
	"$dir/many" -o "$dir/full" "$@"; exit $failures )
failures=$?
grep -q 'mail goes on' "$dir/out" && fail 'it speaks as a daemon does'
[ "$(grep -c 'cannot write' "$dir/out")" -le 1 ] || fail 'it says so more than once'
expect 0 'Messages in .*full: 4000' "$dir/many" -o "$dir/full" "$@"
[ "$(ids "$dir/full")" = 4000 ] || fail "$(ids "$dir/full") messages of 4000 after a full disk"

# an unreadable file and directory; root may read all
if [ "$(id -u)" != 0 ]; then
	mkdir "$dir/locked"
	message 192.0.2.1 x >"$dir/closed.eml"
	chmod 0 "$dir/locked" "$dir/closed.eml"
	expect 0 '2  cannot be read' "$dir/locked" "$dir/closed.eml" -o "$dir/out3" "$@"
fi

finish
