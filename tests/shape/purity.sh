#!/bin/sh
# lib/core is pure: its objects use nothing but each other, lib/base without
# its clock and its JSON, and the C functions listed here, none of which knows
# the time, asks the world or keeps a state. And it has no variables of its own.
set -u
cd "${builddir:-.}" || exit 1
nm=${NM:-nm}

allowed='abort bcmp bsearch free memchr memcmp memcpy memmove memset memrchr qsort
	snprintf strchr strcmp strlen strncmp strrchr strstr vsnprintf __assert_fail
	_GLOBAL_OFFSET_TABLE_'
# what the compiler adds: fortify, stack protector, sanitizers, coverage
added='^__(mem|str|stp|v?snprintf)[a-z]*_chk$|^__stack_chk_fail$|^__(asan|ubsan|tsan|msan|lsan|sanitizer|sancov|gcov|llvm)_|^___asan_|^__start___|^__stop___'

for lib in libcore.a libbase.a; do
	[ -f "$lib" ] || { echo "$(pwd)/$lib is missing"; exit 1; }
done

# symbols <lib>: "member name type" a line
symbols() {
	"$nm" -A -P "$1" | sed -n 's/^[^[]*\[\(.*\)\]: \([^ ]*\) \([A-Za-z]\).*/\1 \2 \3/p'
}

core=$(symbols libcore.a)
base=$(symbols libbase.a)
[ -n "$core" ] && [ -n "$base" ] || { echo "nm shows no symbols"; exit 1; }

bad=0
foreign=$({
	echo "$base" | awk '$1 !~ /(clock|json)\.o$/ && $3 ~ /^[A-Z]$/ && $3 != "U" { print "have", $2 }'
	echo "$core" | awk '$3 ~ /^[A-Z]$/ && $3 != "U" { print "have", $2 }'
	for name in $allowed; do
		echo "have $name"
	done
	echo "$core" | awk '$3 == "U" || $3 == "w" || $3 == "v" { print "want", $2, $1 }'
} | awk -v added="$added" '
	$1 == "have" { have[$2] = 1 }
	$1 == "want" && !($2 in have) && $2 !~ added { print $3 ": " $2 }' | sort -u)
if [ -n "$foreign" ]; then
	echo "lib/core uses what is not allowed there:"
	echo "$foreign"
	bad=1
fi

# constant tables are in .rodata or .data.rel.ro; instrumentation has names of its own
variables=$("$nm" -A -f sysv libcore.a | awk -F'|' '
	{ gsub(/ /, "", $7); name = $1; sub(/^.*:/, "", name); gsub(/ /, "", name) }
	$7 ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)(\.[A-Za-z_].*)?$/ && $7 !~ /^\.data\.rel\.ro/ &&
	name !~ /^(\.|_+(gcov|llvm|prof|sanc|asan|odr_asan|msan|tsan|ubsan|lsan)|___asan|__unnamed_|\$)/ { print $1 }' | sort -u)
if [ -n "$variables" ]; then
	echo "lib/core has variables:"
	echo "$variables"
	bad=1
fi
exit $bad
