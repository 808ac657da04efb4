#!/bin/sh
# No call that cannot be told how much room there is, anywhere in lib, milter
# and tools. Prints file:line of each. Comments and strings may name them.
set -u
cd "${srcdir:-.}" || exit 1

files=$(find lib milter tools -name '*.[ch]' | sort)
[ -n "$files" ] || { echo "no source files below $(pwd)"; exit 1; }

# shellcheck disable=SC2086
awk '
FNR == 1 { comment = 0 }
{
	line = $0
	code = ""
	while (line != "") {
		if (comment) {
			end = index(line, "*/")
			if (end == 0)
				break
			line = substr(line, end + 2)
			comment = 0
			code = code " "
		} else if (match(line, /^\/\*/)) {
			line = substr(line, 3)
			comment = 1
		} else if (match(line, /^\/\//)) {
			break
		} else if (match(line, /^"(\\.|[^"\\])*"/) || match(line, /^\047(\\.|[^\047\\])*\047/)) {
			line = substr(line, RLENGTH + 1)
			code = code "\"\""
		} else {
			code = code substr(line, 1, 1)
			line = substr(line, 2)
		}
	}
	if (match(code, /(^|[^A-Za-z0-9_])(strcpy|stpcpy|strcat|sprintf|vsprintf|gets|strncpy|stpncpy|strncat|strtok|strtok_r|alloca)[ \t]*\(/)) {
		print FILENAME ":" FNR ": " $0
		bad = 1
	}
}
END { exit bad }' $files
