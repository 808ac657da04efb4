#!/bin/sh
# alignctl convert: what opendmarc left becomes settings that alignd starts with, and a
# journal; nothing of it is lost without a word.
# shellcheck source=tests/tools/answers.sh
. "${srcdir:-.}/tests/tools/answers.sh"
texts=-F
daemon="${builddir:-.}/milter/alignd"
mkdir "$dir/other" && echo 'alignctl replay 1' >"$dir/other/replay.state"

# exit status, a text that must be in the output, then the arguments
expect() {
	wanted=$1 text=$2
	shift 2
	answers "$wanted" "$text" '' convert "$@"
}
# $1 in the result
has() {
	grep -qF -e "$1" "$dir/conf" || { fail "no \"$1\" in the result"; cat "$dir/conf"; }
}
# an opendmarc.conf on standard input becomes settings without a fault
converts() {
	rm -f "$dir/conf"
	cat >"$dir/od.conf"
	expect 0 'lines with an option' opendmarc "$dir/od.conf" --out "$dir/conf"
	{ cat "$dir/conf"; echo 'user = "";'; } >"$dir/as.me"
	"$daemon" -n -c "$dir/as.me" >"$dir/said" 2>&1 || { fail 'alignd -n refuses the result'; cat "$dir/said" "$dir/conf"; }
	has 'dry_run = true;'
}

# every documented option is told of
mkdir "$dir/base"
printf '10.0.0.0/8\n192.0.2.7\n198.51.100.9/24 # host bits\nmail.example.com\n::1\n' >"$dir/base/hosts"
printf 'example.com\n# none\nbad domain\nExample.ORG.\n' >"$dir/domains"
converts <<EOT
AuthservID mx.example.com
AuthservIDWithJobID true
AutoRestart true
AutoRestartCount 5
AutoRestartRate 10/1h
Background true
BaseDirectory $dir/base
ChangeRootDirectory /var/chroot
CopyFailuresTo postmaster@example.com
DomainWhitelist a.example, b.example
DomainWhitelistFile $dir/domains
DomainWhitelistSize 3000
DNSTimeout 7
EnableCoredumps false
FailureReports true
FailureReportsBcc postmaster@example.com
FailureReportsOnNone false
FailureReportsSentBy x@example.com
ForensicReports true
HistoryFile /run/opendmarc/opendmarc.dat
HoldQuarantinedMessages true
IgnoreAuthenticatedClients false
IgnoreHosts hosts
IgnoreMailFrom example.com
IgnoreMailTo dmarc@example.com
MilterDebug 3
PidFile /run/opendmarc/opendmarc.pid
PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat
RecordAllMessages true
RejectFailures true
RejectMultiValueFrom true
RejectString rejected by DMARC policy for %s
ReportCommand /usr/sbin/sendmail -t
RequiredHeaders true
Socket local:/run/opendmarc/opendmarc.sock
SoftwareHeader true
SPFIgnoreResults true
SPFSelfValidate true
Syslog true
SyslogFacility LOCAL3
TrustedAuthservIDs HOSTNAME, mx2.example.com
UMask 0002
UserID opendmarc:mail
EOT
n=1
while read -r name rest; do
	grep -q "opendmarc.conf:$n: $name" "$dir/conf" || fail "$name is not told of"
	n=$((n + 1))
done <"$dir/od.conf"
for text in 'authserv_id = "mx.example.com";' 'socket_mode = "0664";' 'mode = "honor";' '"192.0.2.7"' \
	'"198.51.100.0/24"' 'left out: mail.example.com' '"127.0.0.0/8"' 'discovery = "psl";' \
	'psl_file = "/usr/share/publicsuffix' 'method = "hold";' '"a.example"' '"example.org"' \
	'left out: bad domain' 'timeout_ms = 7000;' 'authenticated = false;' 'facility = "local3";' \
	'on_temperror = "tempfail";' 'on_bad_from = "reject";' '#socket = "local:/run/opendmarc' \
	'#user = "opendmarc";' 'write = "never";'; do
	has "$text"
done
grep -q 'unknown 0' "$dir/out" || fail 'an option is not known'

# what opendmarc does of its own accord is told as if it were written
printf 'RejectFailures false\nRequiredHeaders no\nIgnoreAuthenticatedClients false\n' | converts
for text in 'mode = "honor";' 'on_bad_from = "accept";' 'authenticated = false;' 'method = "header";' \
	'rejects nothing' 'lets mail without a usable From pass'; do
	has "$text"
done
converts </dev/null
for text in 'mode = "honor";' 'on_bad_from = "accept";' 'authenticated = false;' 'method = "header";' \
	'no RejectFailures: opendmarc rejects nothing' 'no RequiredHeaders: ' 'no IgnoreAuthenticatedClients: ' \
	'no PublicSuffixList: '; do
	has "$text"
done

# what is odd
printf 'AuthservID mx.example.com\r\nsocketx 1\r\n' | converts
has 'authserv_id = "mx.example.com";'
has 'opendmarc.conf:2: socketx 1'
has 'not an option of opendmarc.conf'
converts <<'EOT'
AuthservID a b"; dry_run = false; x = "
RejectFailures true
rejectfailures no # the last one counts
UMask 0x9z
DNSTimeout 0
SyslogFacility auth
PublicSuffixList relative.dat
IgnoreHosts /nonexistent/hosts
Socket inet:8893@localhost"; dry_run = false; #
UserID x\
DomainWhitelist ,,x"y, ., 192.0.2.1
PidFile
EOT
for text in 'left out: cannot be written' 'stands again in line 3' 'left out: no mask' 'timeout_ms = 20000' \
	'left out: only mail' 'left out: no absolute path' 'NOT READ: /nonexistent/hosts' \
	'left out: x"y: no domain' 'left out: 192.0.2.1: no domain' '#user = "x\\";' 'opendmarc.conf:12: PidFile'; do
	has "$text"
done
grep -q '^dry_run = false' "$dir/conf" && fail 'a value got out of its quotes'
printf 'AuthservID mx.example.com\nCopyFailuresTo \033[2J\0x\377\nIgnoreHosts %s\n' "$dir/binary" >"$dir/binary.conf"
head -c 3000 /dev/urandom >"$dir/binary"
converts <"$dir/binary.conf"
LC_ALL=C grep -q '[^ -~	]' "$dir/conf" && fail 'raw octets in the result'
head -c 100000 /dev/urandom | converts

# what cannot be read or written
expect 66 'No such file' opendmarc "$dir/absent"
expect 66 'larger than 1 MB' opendmarc /dev/zero
expect 66 'Is a directory' opendmarc "$dir"
expect 73 'File exists' opendmarc "$dir/od.conf" --out "$dir/conf"
expect 73 'No such file' opendmarc "$dir/od.conf" --out "$dir/absent/conf"
expect 64 'one FILE' opendmarc
printf 'AuthservID mx.example.com\nPublicSuffixList /usr/share/publicsuffix/\n' >"$dir/folder.conf"
expect 65 'dmarc.psl_file: the file is missing or is no public suffix list' opendmarc "$dir/folder.conf" --out "$dir/mend"
expect 65 'alignd does not start with it' opendmarc "$dir/folder.conf" --out "$dir/mend2"
expect 64 'what is "x"' x
expect 64 'opendmarc' 

# history: $1 job, $2 action
record() {
	printf 'job %s\nreporter mx.example.net\nreceived 1777883520\nipaddr 192.0.2.1\n' "$1"
	printf 'from example.com\nmfrom forger.example\nspf 7\ndkim forger.example s1 7\npdomain example.com\n'
	printf 'policy 16\nrua mailto:d@example.com\npct 100\nadkim 114\naspf 114\np 114\nsp 0\n'
	printf 'align_dkim 5\nalign_spf 5\narc 11\narc_policy 1 json:[]\naction %s\n' "$2"
}
{ record A 2; record B 0; } >"$dir/dat"
expect 0 'Messages in the history: 2, written to' history "$dir/dat" --out "$dir/journal"
line='"id":"history-0-[0-9]*","when":"2026-05-04T08:32:00.000Z","queue_id":"A","mode":"honor",'
line="$line"'"client":{"ip":"192.0.2.1"},"exempt":"no","from_history":true,.*"text":"v=DMARC1; p=reject;'
line="$line"' adkim=r; aspf=r; rua=mailto:d@example.com".*"result":"fail".*"chosen":"accept",.*"done":"none"'
grep -q "$line" "$dir/journal/"history-*.jsonl || { fail 'the line is another'; cat "$dir/journal/"*.jsonl; }
grep -q '"queue_id":"B",.*"chosen":"reject".*"done":"reject"' "$dir/journal/"history-*.jsonl || fail 'no reject'

# again, and longer; torn at the end, then whole
{ cat "$dir/dat"; record C 2; record D 2 | head -c 200; } >"$dir/dat2"
expect 0 'written to' history "$dir/dat2" --out "$dir/journal"
for text in '2  were there already' '1  left out: cut off'; do
	grep -qF "$text" "$dir/out" || { fail "no \"$text\""; cat "$dir/out"; }
done
{ cat "$dir/dat"; record C 2; record D 2; } >"$dir/dat2"
expect 0 '"messages":4,"written":1,"known":3,"differ":0' history "$dir/dat2" --out "$dir/journal" --json
[ "$(cat "$dir/journal/"history-*.jsonl | wc -l)" = 4 ] || fail 'not four lines'

# odd ones
{
	printf 'stray 1\n\n'
	record E 2 | sed 's/^received.*/received soon/'
	record F 2 | sed '/^from/d'
	record G 2 | sed '/^policy/d'
	record H 2 | sed 's/^spf/spfx/; s/^mfrom.*/mfrom \x1b[2J\xff/; s/$/\r/'
	printf 'job long\n'
	head -c 100000 /dev/zero | tr '\0' x
	printf '\n'
	record I 2
	head -c 100000 /dev/urandom
	printf '\n'
	record J 2
} >"$dir/odd"
expect 0 'written to' history "$dir/odd" --out "$dir/odd.journal"
for text in 'no time of receipt' 'no domain in From' 'no word about the policy' 'lines before the first' \
	'a key that is not known'; do
	grep -qF "$text" "$dir/out" || { fail "no \"$text\""; cat "$dir/out"; }
done
grep -q '"queue_id":"J"' "$dir/odd.journal/"history-*.jsonl || fail 'the last record is missing'
"$ctl" show J -J "$dir/odd.journal" >"$dir/out" 2>&1 || { fail 'show does not read it'; cat "$dir/out"; }
expect 0 'Messages in the history: 0' history /dev/null --out "$dir/empty.journal"
expect 66 'No such file' history "$dir/absent" --out "$dir/journal"
expect 65 'by another command' history "$dir/dat" --out "$dir/other"
expect 73 'not made by this command' history "$dir/dat" --out "$dir/base"
expect 64 'and --out DIR' history "$dir/dat"
expect 64 'and --out DIR' history --out "$dir/journal"

# a full disk: said at once, and the same command goes on
i=0
while [ $i -lt 400 ]; do
	record "M$i" 2
	i=$((i + 1))
done >"$dir/many"
( ulimit -f 256; expect 74 'stopped; the same command again goes on' history "$dir/many" --out "$dir/full"
exit $failures )
failures=$?
expect 0 '"messages":400,' history "$dir/many" --out "$dir/full" --json
[ "$(cat "$dir/full/"history-*.jsonl | sed 's/.*"id":"\([^"]*\)".*/\1/' | sort -u | wc -l)" = 400 ] ||
	fail 'not 400 lines after a full disk'

# the store takes it, and what-if says what it cannot know
printf 'dry_run = false;\nauthserv_id = "x.example";\nquarantine: { method = "header"; };\n' >"$dir/will.conf"
"$ctl" load -J "$dir/journal" -S "$dir/store" -c "$dir/will.conf" >"$dir/out" 2>&1 || { fail 'not loaded'; cat "$dir/out"; }
"$ctl" what-if -S "$dir/store" -c "$dir/will.conf" --since 2026-01-01 --until 2027-01-01 --set mode=honor \
	>"$dir/out" 2>&1 || fail "what-if: exit $?"
grep -q '4 messages could not be decided: the history' "$dir/out" || { fail 'gaps are not told'; cat "$dir/out"; }
echo 'override: { reject_when = [ "spf-fail" ]; };' >>"$dir/will.conf"
"$ctl" what-if -S "$dir/store" -c "$dir/will.conf" --since 2026-01-01 --until 2027-01-01 --set mode=honor \
	>"$dir/out" 2>&1 || fail "what-if: exit $?"
grep -q 'could not be decided' "$dir/out" && { fail 'what is told is not used'; cat "$dir/out"; }
expect 0 'Usage: alignctl convert' --help

finish
