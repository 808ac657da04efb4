#!/bin/sh
# alignctl check and explain as a postmaster uses them: exit codes, and the
# words that answer the question.
# shellcheck source=tests/tools/answers.sh
. "${srcdir:-.}/tests/tools/answers.sh"
zone="${srcdir:-.}/tests/demo/demo.zone"

message() {
	printf 'Return-Path: <x@forger.example>\r\nFrom: %s\r\nSubject: x\r\n\r\nHello.\r\n' "$1"
}

# exit status, a text that must be in the output, then the arguments
expect() {
	wanted=$1 text=$2
	shift 2
	answers "$wanted" "$text" '' "$@"
}

settings() {
	printf 'dry_run = false;\nauthserv_id = "mx.receiver.example";\nmode = "%s";\n' "$1"
	printf 'quarantine: { method = "header"; };\n'
}

settings honor >"$dir/honor.conf"
echo 'dry_run = maybe;' >"$dir/bad.conf"
message 'a@bank.example' >"$dir/bank.eml"
message 'a@trial.example' >"$dir/trial.eml"
message 'a@news.company.example' >"$dir/news.eml"
message 'a@lost.example' >"$dir/lost.eml"
cp "$zone" "$dir/zone"
echo '_dmarc.lost.example TIMEOUT' >>"$dir/zone"
zone="$dir/zone"

expect 0 'aligned identifier passed' check "$dir/bank.eml" --ip 192.0.2.1 \
	--mail-from a@bank.example --zone "$zone" -c "$dir/honor.conf"
expect 2 'rejected by DMARC policy of bank.example' check "$dir/bank.eml" --ip 203.0.113.66 \
	--zone "$zone" -c "$dir/honor.conf"
expect 1 'the record says t=y' check "$dir/trial.eml" --ip 203.0.113.66 \
	--zone "$zone" -c "$dir/honor.conf"
expect 0 'none, by sp' check "$dir/news.eml" --ip 203.0.113.66 --zone "$zone" -c "$dir/honor.conf"
expect 75 'look-up failed' check "$dir/lost.eml" --ip 203.0.113.66 --zone "$zone" \
	-c "$dir/honor.conf"
expect 2 'assumed: the Return-Path field' check "$dir/bank.eml" --ip 203.0.113.66 \
	--zone "$zone" -c "$dir/honor.conf"
expect 2 'assumed: --helo not given' check "$dir/bank.eml" --ip 203.0.113.66 --zone "$zone" -c "$dir/honor.conf"
expect 2 'assumed: --ip not given' check "$dir/bank.eml" --zone "$zone" -c "$dir/honor.conf"
expect 2 '"chosen":"reject"' check "$dir/bank.eml" --ip 203.0.113.66 --json \
	--zone "$zone" -c "$dir/honor.conf"
expect 0 'yes: network' check "$dir/bank.eml" --ip 127.0.0.1 --zone "$zone" -c "$dir/honor.conf"
cat "$dir/honor.conf" - >"$dir/relay.conf" <<'EOT'
internal_relays = [ "203.0.113.1" ];
EOT
{ printf 'Received: from h.example (h.example [192.0.2.1]) by gw.example (Postfix); x\r\n'
	cat "$dir/bank.eml"; } >"$dir/relayed.eml"
expect 0 'client  *192.0.2.1' check "$dir/relayed.eml" --ip 203.0.113.1 \
	--mail-from a@bank.example --zone "$zone" -c "$dir/relay.conf"
expect 2 'client  *unknown: no Received field' check "$dir/bank.eml" --ip 203.0.113.1 \
	--mail-from a@bank.example --zone "$zone" -c "$dir/relay.conf"
# the receiver's own will, step by step
settings override >"$dir/override.conf"
{
	settings honor
	echo 'enforce_percent = 0;'
} >"$dir/staged.conf"
{
	settings override | grep -v quarantine
	echo 'quarantine: { method = "reject"; }; override: { reject_when = ["spf-fail", "no-valid-dkim"]; };'
} >"$dir/missing.conf"
printf 'From: a@bank.example\nList-Post: <mailto:x@lists.example>\n\n' >"$dir/post.eml"
check() {
	wanted=$1 text=$2 file=$3 conf=$4
	shift 4
	expect "$wanted" "$text" check "$dir/$file" --zone "$zone" -c "$dir/$conf" "$@"
}
check 1 'missing not-list-shaped: override.uncorroborated = "quarantine"' post.eml override.conf \
	--ip 203.0.113.66
check 1 ' missing  not-list-shaped: no List-Id' post.eml override.conf --ip 203.0.113.66
check 1 ' holds    not-forwarded: ' post.eml override.conf --ip 203.0.113.66
check 1 'reasons *local_policy: not corroborated: not-list-shaped' post.eml override.conf --ip 203.0.113.66
check 1 '"missing":\["not-list-shaped"\]' post.eml override.conf --ip 203.0.113.66 --json
check 1 'not accepted under DMARC policy\|rejected by' post.eml missing.conf --ip 203.0.113.66
check 2 'all signals hold: override.reject = "follow"' bank.eml override.conf --ip 203.0.113.66
check 2 'enforce_percent *0, the draw is .*: left out' bank.eml staged.conf --ip 203.0.113.66
check 2 'nothing (left out of enforce_percent)' bank.eml staged.conf --ip 203.0.113.66
check 2 'Reply, if it were not left out' bank.eml staged.conf --ip 203.0.113.66
check 0 '^  none$' bank.eml honor.conf --authenticated
expect 64 'is not an address' check "$dir/bank.eml" --ip example.com --zone "$zone" \
	-c "$dir/honor.conf"
expect 64 '^alignctl check: unrecognized option "--nonsense"' check --nonsense
expect 64 '^alignctl check: unrecognized option "-y"' check -jy
expect 64 '^alignctl show: option "--since" needs a value' show --since
expect 64 '^alignctl show: option "-s" needs a value' show -s
expect 64 '^alignctl show: --since: "yesterday" is no time; accepted: 30d' show --from a.example \
	--since yesterday
expect 66 'No such file' check "$dir/absent.eml" --ip 192.0.2.1
expect 78 'bad.conf:1: dry_run' check "$dir/bank.eml" --ip 192.0.2.1 -c "$dir/bad.conf"
expect 0 'Usage: alignctl check' check --help
printf 'From : a@bank.example\n\n' >"$dir/first.eml"
expect 2 'to write: bank.example' check "$dir/first.eml" --ip 203.0.113.66 \
	--zone "$zone" -c "$dir/honor.conf"
printf 'From a@bank.example Thu Jan  1 00:00:00 1970\nFrom: a@bank.example\n\n' >"$dir/mbox.eml"
expect 2 'to write: bank.example' check "$dir/mbox.eml" --ip 203.0.113.66 \
	--zone "$zone" -c "$dir/honor.conf"
printf 'X: \033[2J\nFrom: \033[31m@bank.example\n\n' >"$dir/escape.eml"
expect 1 'From' check "$dir/escape.eml" --ip 192.0.2.1 --helo "$(printf '\033[31mred')" \
	--zone "$zone" -c "$dir/honor.conf"
if grep -q "$(printf '\033')" "$dir/out"; then
	echo "an escape sequence of a stranger reached the terminal"
	failures=$((failures + 1))
fi

expect 0 'at enforcement  *yes' explain bank.example --zone "$zone" -c "$dir/honor.conf"
expect 0 'subdomains-open' explain company.example --zone "$zone" -c "$dir/honor.conf"
expect 0 'names that do not exist  *reject' explain shop.example --zone "$zone" -c "$dir/honor.conf"
expect 0 '"class":"idle"' explain news.company.example --json --zone "$zone" -c "$dir/honor.conf"
expect 75 '^The DNS did not answer' explain lost.example --zone "$zone" -c "$dir/honor.conf"
expect 64 'not a domain: no domain' explain 'no domain' --zone "$zone" -c "$dir/honor.conf"
echo '_dmarc.two.example TXT "v=DMARC1; p=none"' >>"$zone"
echo '_dmarc.a.two.example TXT "v=DMARC1; p=reject"' >>"$zone"
echo '_dmarc.a.two.example TXT "v=DMARC1; p=reject"' >>"$zone"
expect 0 'The two methods differ' explain a.two.example --zone "$zone" -c "$dir/honor.conf"

finish
