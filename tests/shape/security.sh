#!/bin/sh
# SECURITY is true: each test that it names is there, and each entry of its last
# chapter names one. And SQL is never made of text: no statement in lib/store is
# printed with anything but a number.
set -u
cd "${srcdir:-.}" || exit 1
bad=0

fail() {
	echo "security: $1"
	bad=1
}

# has FILE NAME: a variant, a test, a row or a function of this name.
has() {
	case $1 in
	*.case) grep -qxF "variant: $2" "$1" ;;
	*.c) grep -qF -e "START_TEST($2)" -e "{ \"$2\"," "$1" ;;
	*.py) grep -qF "def $2(" "$1" ;;
	*) false ;;
	esac
}

n=0
while IFS= read -r line; do
	file=${line%%: *}
	n=$((n + 1))
	if [ ! -f "$file" ]; then
		fail "$file is not there"
	elif [ "$file" != "$line" ] && ! has "$file" "${line#*: }"; then
		fail "$file has no \"${line#*: }\""
	fi
done <<EOT
$(sed -n 's/^ *\(tests\/[^ ]*\.[a-z]*.*\)$/\1/p' SECURITY | grep -v "^tests/shape/security.sh checks\|^tests/cases/README")
EOT
[ $n -gt 100 ] || fail "only $n tests were found"

without=$(awk '
/^3\./ { inside = 1 }
inside && /^  [A-Za-z]/ { if (entry != "" && !tests) print entry; entry = $0; tests = 0 }
/^      tests\// { tests++ }
END { if (!tests) print entry }' SECURITY)
[ -z "$without" ] || fail "without a test: $without"

sql=$(grep -nE '"[^"]*(SELECT|INSERT|UPDATE|DELETE|WHERE|VALUES)[^"]*%[^"]*"' lib/store/*.c | grep -v "'%u'")
[ -z "$sql" ] || fail "SQL that is printed: $sql"

exit $bad
