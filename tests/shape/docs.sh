#!/bin/sh
# The documents are true: alignd.conf shows every option once, in the table's
# order, commented at its default (the packaged dry run's own lines are listed
# here), alignd.conf(5) has every option with kind, values, default and a
# consequence, and everything that can stand in a rule, and the packaged file
# loads, also with its one line changed, and so do the rules shown in both.
# alignd(8) has every event of the log, HACKING every make target.
srcdir=${srcdir:-.} builddir=${builddir:-.}
conf=$srcdir/conf/alignd.conf
man=$srcdir/conf/alignd.conf.5
print=$builddir/tests/print_options
work=$(mktemp -d "$builddir/docs.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# fail TEXT: says what is untrue; goes on.
fail() {
	echo "docs: $1"
	failed=1
}

# same TEXT: compares wanted and found.
same() {
	diff "$work/wanted" "$work/found" > "$work/diff" && return
	fail "$1 and the option table differ (< table, > document):"
	cat "$work/diff"
}

# loads NAME WORD: $work/NAME has no fault and is a "dry run", or "enforces";
# there is nothing to warn of.
loads() {
	"$print" "$work/$1" > "$work/out"
	echo "$work/$1: $2" | cmp -s - "$work/out" && return
	fail "the packaged file, $1, is no \"$2\":"
	cat "$work/out"
}

"$print" > "$work/table" || fail "print_options does not run"
[ "$(wc -l < "$work/table")" -gt 40 ] || fail "the option table is too short"

# The sample file.
awk -F '\t' '
	BEGIN {
		active["dry_run"] = "true"
		active["authres.write"] = "\"never\""
		active["quarantine.method"] = "\"header\""
	}
	$1 in active { print $1, "=", active[$1], "(set)"; next }
	{ print $1, "=", $3, "(comment)" }
' "$work/table" > "$work/wanted"
awk '
	/^[a-z_]+: \{$/ { group = substr($1, 1, length($1) - 1) "."; next }
	/^\};$/ { group = ""; next }
	/^\t?#?[a-z_]+ = .*;$/ {
		line = $0
		sub(/^\t/, "", line)
		state = sub(/^#/, "", line) ? "(comment)" : "(set)"
		sub(/;$/, "", line)
		print group line, state
		next
	}
	/^#\t/ { next }         # an example, see below
	!/^\t?# / && !/^$/ && !/^#$/ { print "not understood: " $0 }
' "$conf" > "$work/found"
same "conf/alignd.conf"

# The manual page.
awk -F '\t' '{
	print $1, "(" $5 ", " $6 ")"
	print "  Values: " $4 "."
	print "  Default: " ($3 == "-" ? "none" : $3) "."
	print "  with a consequence"
}' "$work/table" > "$work/wanted"
awk '
	function end() {
		if (name != "" && words > 3)
			print "  with a consequence"
		name = ""
		words = 0
		behind = 0
	}
	/^\.It Ic .* Pq Cm / { end(); name = $3; print name, "(" $6 ", " $8 ")"; next }
	/^\.El/ { end() }
	name == "" { next }
	/^(Values|Default): / { print "  " $0; behind = /^Default/; next }
	behind && !/^\.(Pp|br)/ { words += NF }
' "$man" > "$work/found"
same "conf/alignd.conf.5"

# What stands in a rule: in the table's order, each with a word about it.
"$print" -r | awk -F '\t' '{
	if ($1 == "id")
		print "rules:"
	print $1, "(" $2 ")"
	print "  with a word about it"
}' > "$work/wanted"
awk '
	function end() {
		if (name != "" && words > 3)
			print "  with a word about it"
		name = ""
		words = 0
	}
	/^\.Sh / { end(); inside = $2 == "RULES"; if (inside) print "rules:" }
	!inside { next }
	/^\.It Ic .* Pq / {
		end()
		name = $3
		gsub(/\\&/, "")
		sub(/^\.It Ic [^ ]* Pq /, "")
		print name, "(" $0 ")"
		next
	}
	/^\.El/ { end() }
	name != "" && !/^\.(Pp|br)/ { words += NF }
' "$man" > "$work/found"
same "the chapter RULES of conf/alignd.conf.5"
if command -v groff > "$work/groff" 2>&1; then
	groff -mdoc -Tutf8 -ww "$man" 2> "$work/warnings" > "$work/page"
	[ -s "$work/warnings" ] && fail "groff warns: $(cat "$work/warnings")"
fi

# Every action and every signal is told of.
"$print" -w > "$work/words"
[ "$(wc -l < "$work/words")" -gt 8 ] || fail "print_options -w prints too few words"
while read -r word; do
	grep -q "\(^\.It $word\|\"$word\"\)" "$man" || fail "$man does not tell of $word"
done < "$work/words"

# Every event of the log.
grep -ohE 'log_event\([^"]*"[a-z-]+"|"event=[a-z-]+"' "$srcdir"/milter/*.c |
	sed 's/"$//; s/.*["=]//' | sort -u > "$work/events"
[ "$(wc -l < "$work/events")" -gt 15 ] || fail "too few events are found in milter/"
while read -r event; do
	grep -qE "^\.It Li (.* )?$event( |\$)" "$srcdir/milter/alignd.8" ||
		fail "alignd.8 does not tell of event=$event"
done < "$work/events"

# Every make target, once; parts of one where they are named.
sed -n 's/^\.PHONY: //p' "$srcdir/Makefile.am" | tr ' ' '\n' > "$work/targets"
[ "$(wc -l < "$work/targets")" -gt 15 ] || fail "too few targets are found in Makefile.am"
while read -r target; do
	case $target in
	analyze-* | fuzz-programs) pattern="$target" ;;
	*) pattern="make $target( |\$)" ;;
	esac
	[ "$(grep -cE "$pattern" "$srcdir/HACKING")" -eq 1 ] ||
		fail "HACKING does not tell once of make $target"
done < "$work/targets"

# The packaged file, on a host whose name is a full one.
sed 's/^#authserv_id = "";/authserv_id = "mx.example.com";/' "$conf" > "$work/packaged.conf"
loads packaged.conf "dry run"
sed 's/^dry_run = true;/dry_run = false;/' "$work/packaged.conf" > "$work/enforcing.conf"
loads enforcing.conf "enforces"
sed 's/^\(	*\)#\([a-z_]* = \)/\1\2/' "$work/packaged.conf" | grep -v '^authserv_id = "";' \
	> "$work/all_defaults.conf"
loads all_defaults.conf "dry run"

# The rules that are shown.
{ cat "$work/packaged.conf"; sed -n 's/^#	/	/p' "$conf"; } > "$work/examples.conf"
grep -q 'action = "reject"' "$work/examples.conf" || fail "there are no rules in $conf"
loads examples.conf "dry run"
{ cat "$work/packaged.conf"; sed -n '/^rules = ($/,/^);$/p' "$man"; } > "$work/manual.conf"
grep -q '^rules = ($' "$work/manual.conf" || fail "there are no rules in $man"
loads manual.conf "dry run"

exit $failed
