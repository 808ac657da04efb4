#!/bin/sh
# Each foreign library is known to its own file only, and a file includes only
# from its own folder and from the folders before it in this order:
# base; core; settings, auth; store; judge; milter, tools.
set -u
cd "${srcdir:-.}" || exit 1

files=$(find lib milter tools -name '*.[ch]' | sort)
[ -n "$files" ] || { echo "no source files below $(pwd)"; exit 1; }

# header (an awk pattern) and the files that may include it (zlib: the journal
# reads and writes .gz files with it, packer.c deflates in memory)
foreign='
^libmilter/   ^milter/(main|start|callbacks|publish|daemon)\.c$
^systemd/     ^milter/
^unbound\.h$  ^lib/auth/resolver_unbound\.c$
^spf2/        ^lib/auth/auth_spf\.c$
^(opendkim/)?dkim(-[a-z]+)?\.h$  ^lib/auth/dkimhash\.c$
^libpsl\.h$   ^lib/auth/suffix_psl\.c$
^idn2\.h$     ^lib/auth/idna\.c$
^openssl/     ^lib/auth/crypto\.c$
^libconfig\.h$  ^lib/settings/tree\.c$
^jansson\.h$  ^lib/base/json\.c$
^zlib\.h$     ^lib/store/(journal[a-z_]*|packer)\.c$
^sqlite3\.h$  ^lib/store/db_sqlite\.c$
^libpq-fe\.h$ ^lib/store/db_pgsql\.c$
'
# C and POSIX (and Linux) headers that need no file of their own
plain='^(assert|dirent|errno|fcntl|getopt|grp|inttypes|limits|link|malloc|math|poll|pthread|pwd|sched|semaphore|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|sysexits|syslog|time|unistd)\.h$|^(arpa|netinet|sys)/[a-z0-9_]*\.h$|^(netdb|net/if)\.h$'
layers='base 0
core 1
settings 2
auth 2
store 3
judge 4
milter 5
tools 5'

export foreign plain layers
# shellcheck disable=SC2086
awk '
function report(why) { print FILENAME ":" FNR ": " $0 "   <-- " why; bad = 1 }
# "lib/core/x.c" -> core, "milter/x.c" -> milter
function folder(path,   parts) {
	split(path, parts, "/")
	return parts[1] == "lib" ? parts[2] : parts[1]
}
function check_foreign(header,   i) {
	for (i = 1; i <= n_foreign; i++)
		if (header ~ pattern[i]) {
			if (FILENAME !~ allowed[i])
				report("only " allowed[i])
			return 1
		}
	return 0
}
function check_own(header,   from, to) {
	if (header == "config.h")
		return
	from = folder(FILENAME)
	to = index(header, "/") ? substr(header, 1, index(header, "/") - 1) : from
	if (!index(header, "/") && from != "milter" && from != "tools")
		report("an include names its folder")
	else if (!(from in layer) || !(to in layer))
		report("a folder without a place in the order")
	else if (from != to && layer[to] >= layer[from])
		report(from " does not include from " to)
}
BEGIN {
	n = split(ENVIRON["foreign"], line, "\n")
	for (i = 1; i <= n; i++)
		if (split(line[i], word, " ") == 2) {
			pattern[++n_foreign] = word[1]
			allowed[n_foreign] = word[2]
		}
	n = split(ENVIRON["layers"], line, "\n")
	for (i = 1; i <= n; i++) {
		split(line[i], word, " ")
		layer[word[1]] = word[2]
	}
}
/^[ \t]*#[ \t]*include/ {
	header = $0
	sub(/^[ \t]*#[ \t]*include[ \t]*/, "", header)
	angle = header ~ /^</
	sub(/^[<"]/, "", header)
	sub(/[>"].*$/, "", header)
	if (check_foreign(header))
		next
	if (!angle)
		check_own(header)
	else if (header !~ ENVIRON["plain"])
		report("a foreign header without a file of its own")
}
END { exit bad }' $files
