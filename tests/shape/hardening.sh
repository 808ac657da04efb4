#!/bin/sh
# hardening.sh [PROGRAM...]: the programs (those just built, or installed ones) are
# position-independent, have no writable table of addresses (full RELRO) and no
# executable stack, and carry the stack protector, the checked forms of the C
# functions (_FORTIFY_SOURCE, level 3) and, where the machine has it, marks for jumps.
set -u
builddir=${builddir:-.}
[ "${hardening:-yes}" = no ] && { echo "skipped, needs a build without --disable-hardening"; exit 77; }
for need in readelf objdump; do
	command -v $need >/dev/null || { echo "skipped, needs $need"; exit 77; }
done
[ $# -gt 0 ] || set -- "$builddir/milter/alignd" "$builddir/tools/alignctl"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bad=0

# wanted NAME FILE PATTERN: the program's FILE has a line with PATTERN.
wanted() {
	grep -Eq "$3" "$work/$2" && return
	echo "$program: no $1"
	bad=1
}

for program; do
	readelf -hlW "$program" >"$work/head" && readelf -dW "$program" >"$work/dynamic" &&
		readelf -W --dyn-syms "$program" >"$work/symbols" &&
		readelf -p .comment "$program" >"$work/comments" || { bad=1; continue; }
	wanted "PIE: its addresses are fixed" dynamic 'FLAGS_1.* PIE'
	wanted "RELRO" head 'GNU_RELRO'
	wanted "full RELRO: look-ups of functions are not bound at start" dynamic 'BIND_NOW|FLAGS_1.* NOW'
	wanted "stack without the right to execute" head 'GNU_STACK.* RW '
	wanted "stack protector" symbols '__stack_chk_fail'
	wanted "fortified functions" symbols '__v?snprintf_chk'
	wanted "third level of _FORTIFY_SOURCE" comments 'fortified: 3$'   # base/mem.c
	# one for each function whose address is taken, and the start files have a few
	[ -z "${branches:-}" ] && continue
	objdump -d --no-show-raw-insn "$program" >"$work/code" || bad=1
	marks=$(grep -Ec '(endbr(64|32)|bti|paciasp)' "$work/code")
	[ "$marks" -ge 100 ] || { echo "$program: $marks marks for jumps ($branches)"; bad=1; }
done
exit $bad
