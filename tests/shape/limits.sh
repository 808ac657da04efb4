#!/bin/sh
# The manuals tell each bound with the value that the code has: every LIMIT_ of
# lib/base/buf.h is in the table below, and so are the bounds that stand elsewhere. A
# row: name; file (the option table's default when it is "option"); the unit that the
# manual counts in; the manual; its words, with @ for the number.
set -u
builddir=$(cd "${builddir:-.}" && pwd)
cd "${srcdir:-.}" || exit 1
print=$builddir/tests/print_options
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bad=0

fail() {
	echo "limits: $1"
	bad=1
}

cat >"$work/rows" <<'EOT'
LIMIT_FROM_OCTETS;lib/base/buf.h;1;alignd.8;@ octets of the field, unfolded;
LIMIT_FROM_MAILBOXES;lib/base/buf.h;1;alignd.8;@ addresses in it,
LIMIT_COMMENT_DEPTH;lib/base/buf.h;1;alignd.8;@ comments within each other
LIMIT_AUTHORS;lib/base/buf.h;1;alignd.8;@ domains that they are of
LIMIT_RECORD_OCTETS;lib/base/buf.h;1024;alignd.8;and @ KiB of a DMARC record
LIMIT_RECORD_TAGS;lib/base/buf.h;1;alignd.8;@ tags and
LIMIT_RECORD_URIS;lib/base/buf.h;1;alignd.8;items and @ report addresses of each list
LIMIT_RECORD_ITEMS;lib/base/buf.h;1;alignd.8;of a DMARC record are read; @ items
LIMIT_AUTHRES_OCTETS;lib/base/buf.h;1;alignd.8;@ octets of Authentication-Results
LIMIT_AUTHRES_COMMENT;lib/base/buf.h;1;alignd.8;A comment has @,
LIMIT_LOCAL_PART;lib/base/buf.h;1;alignd.8;a local part of more than @ is left out
LIMIT_HEADER_FIELDS;lib/base/buf.h;1;alignd.8;@ fields , 2 MiB of header are kept
LIMIT_HEADER_OCTETS;lib/base/buf.h;1048576;alignd.8;fields , @ MiB of header are kept
LIMIT_HASHED_OCTETS;lib/base/buf.h;1024;alignd.8;@ KiB of header are hashed
LIMIT_HASHED_OCTETS;lib/base/buf.h;1024;alignd.8;@ KiB of header and 8 hashes of the body
LIMIT_KEY_OCTETS;lib/base/buf.h;1;alignd.8;and @ octets of their records are read
LIMIT_SIGNATURES_SEEN;lib/base/buf.h;1;alignd.8;@ signatures are looked at
LIMIT_PLAIN_BODY;lib/base/buf.h;1048576;alignd.8;beyond the first @ MB of a body
LIMIT_RECIPIENT_DOMAINS;lib/base/buf.h;1;alignd.8;@ domains of recipients are told apart
LIMIT_HELO_OCTETS;lib/base/buf.h;1;alignd.8;@ of HELO, which is cut
LIMIT_ARC_SETS;lib/base/buf.h;1;alignd.8;never more than @, and
LIMIT_ARC_OCTETS;lib/base/buf.h;1048576;alignd.8;@ MiB of ARC fields
LIMIT_ARC_CLAIMS;lib/base/buf.h;1;alignd.8;@ claims and
LIMIT_ARC_ORGS;lib/base/buf.h;1;alignd.8;of the domains in claims @ have
LIMIT_ARC_RESULTS;lib/base/buf.h;1;alignd.8;and @ octets of results are taken from a set
LIMIT_RULES;lib/base/buf.h;1;alignd.conf.5;up to @ rules
LIMIT_RULE_ID;lib/base/buf.h;1;alignd.conf.5;One to @ letters, digits,
LIMIT_RULE_NOTE;lib/base/buf.h;1;alignd.conf.5;up to @ octets; for people alone
LIMIT_RULE_LINE;lib/base/buf.h;1;alignd.conf.5;up to @ characters of ASCII
LIMIT_LIST_ENTRIES;lib/base/buf.h;1000000;alignd.conf.5;together can have three million entries
LIMIT_RECEIVED_OCTETS;lib/base/buf.h;1;alignd.8;Received fields of @ octets are read
LIMIT_RELAY_HOPS;lib/base/buf.h;1;alignd.8;@ Received fields of
LIMIT_SENDER_OCTETS;lib/base/buf.h;1;alignd.8;@ octets of the envelope sender
LIMIT_LOG_LINE;lib/base/buf.h;1;alignd.8;@ octets of a log line
LIMIT_JOURNAL_STRING;lib/base/buf.h;1;alignd.8;of a line of the journal, and @ of a text in it
LIMIT_JOURNAL_LINE;lib/base/buf.h;1;alignd.8;of a log line, @ of a line of the journal
LIMIT_REPLY_TEXT;lib/base/buf.h;1;alignd.8;a reply @;
LIMIT_DNS_TEXT;lib/base/buf.h;1024;alignd.8;and @ KiB of an answer
LIMIT_SPF_OCTETS;lib/base/buf.h;1024;alignd.8;@ KiB of SPF records in one check
LIMIT_DNS_RECORDS;lib/base/buf.h;1;alignd.8;@ records and
LIMIT_MESSAGE_LOOKUPS;lib/base/buf.h;1;alignd.8;@ look-ups (dns.max_lookups) a message
SIGNATURE_FIELD_OCTETS;lib/auth/signature.h;1024;alignd.8;@ KiB of a signature field
SIGNATURE_NAMES;lib/auth/signature.h;1;alignd.8;@ names and
NAMES_OCTETS;lib/auth/signature.c;1;alignd.8;names and @ octets of h=
MAX_KEY_BITS;lib/auth/keyfetch.c;1;alignd.8;@ bits of an RSA key
CLOCK_DRIFT_S;lib/auth/signature.c;1;alignd.8;@ seconds of difference between the clocks
MAX_KEY_RECORDS;lib/auth/keyfetch.c;1;alignd.8;@ keys are tried
OLDER_BODY_HASHES;lib/auth/auth_arc.c;1;alignd.8;and @ hashes of the body
AAR_OCTETS;lib/core/aar.h;1024;alignd.8;a field of results over @ KiB
MAX_IN_FLIGHT;lib/auth/resolver_unbound.c;1;alignd.8;@ look-ups are under way at one time
SPF_MAX_TERMS;lib/auth/spf_guard.h;1;alignd.8;@ terms of SPF
SPF_MAX_NAMES;lib/auth/spf_guard.h;1;alignd.8;@ mail exchanges of a term
SPF_MAX_VOIDS;lib/auth/spf_guard.h;1;alignd.8;and @ look-ups without an answer
dkim.max_signatures;option;1;alignd.8;@ signatures (dkim.max_signatures) are verified
arc.max_sets;option;1;alignd.8;@ sets (arc.max_sets)
dns.max_lookups;option;1;alignd.8;@ look-ups (dns.max_lookups) a message
dns.budget_ms;option;1000;alignd.8;@ seconds (dns.budget_ms) are waited
limits.connections;option;1;alignd.8;bounds the MTA's connections (@).
EOT
# what only files of ours can have
internal="LIMIT_JSON_OCTETS LIMIT_JSON_DEPTH"

# The page as one line, without mdoc's words.
for page in milter/alignd.8 conf/alignd.conf.5; do
	sed -e 's/^\.Pq Ic \([^ ]*\).*/(\1)/' -e 's/^\.Pq \([^ ]*\) \.$/(\1)./' -e '/^\.\(Bl\|El\|Pp\|br\)/d' \
		-e 's/^\.\(It\|Ic\|Li\|Ss\|Sh\|Xr\|Pa\) //' -e 's/ \([;:,.]\)$/\1/' "$page" |
		tr '\n' ' ' | sed 's/ : */ /g' >"$work/${page##*/}"
done
"$print" >"$work/options" || fail "print_options does not run"

# number NAME FILE: what the code has.
number() {
	if [ "$2" = option ]; then
		awk -F '\t' -v name="$1" '$1 == name { print $3 }' "$work/options"
	else
		sed -n "s/^.*\(#define \|[{,[:space:]]\)$1\( = \| \)\([0-9][0-9]*\).*/\3/p" "$2"
	fi
}

while IFS=';' read -r name file unit page words; do
	value=$(number "$name" "$file")
	case $value in
	'' | *[!0-9]*) fail "$file: $name has no plain value: \"$value\"" && continue ;;
	esac
	[ $((value % unit)) -eq 0 ] || fail "$name = $value is not told in whole units of $unit"
	wanted=$(echo "$words" | sed "s/@/$((value / unit))/")
	[ "$name" != LIMIT_LIST_ENTRIES ] || [ "$value" -eq 3000000 ] || wanted="$value entries"
	case $words in @*) wanted=" $wanted" ;; esac    # 6 is not told by 16
	grep -qF -- "$wanted" "$work/$page" || fail "$page does not say \"$wanted\" ($name)"
done <"$work/rows"

names=$(sed -n 's/^\t\(LIMIT_[A-Z_]*\) = .*/\1/p' lib/base/buf.h)
[ "$(echo "$names" | wc -l)" -gt 30 ] || fail "too few limits are found in lib/base/buf.h"
for name in $names; do
	case " $internal " in *" $name "*) continue ;; esac
	grep -q "^$name;" "$work/rows" || fail "$name of lib/base/buf.h is told nowhere"
done
exit $bad
