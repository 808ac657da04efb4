#!/bin/sh
# A PostgreSQL of a test's own: in a folder, on a unix socket in it, nothing else.
#
#   pg.sh init DIR   makes the folder and the cluster; exit 77: not installed
#   pg.sh run DIR    becomes the server, until SIGINT or until its parent ends
#
# Not as root, which PostgreSQL refuses: root becomes the user postgres.
set -eu
dir=$2
bin=$(find /usr/lib/postgresql /usr/local/pgsql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
bin=${bin:-$(command -v initdb || true)}
[ -n "$bin" ] && command -v setpriv >/dev/null || exit 77
bin=$(dirname "$bin")
user=
if [ "$(id -u)" -eq 0 ]; then
	id postgres >/dev/null 2>&1 || exit 77
	user='--reuid=postgres --regid=postgres --clear-groups'
fi
export LC_ALL=C

case $1 in
init)
	mkdir -m 700 "$dir"
	[ -z "$user" ] || chown postgres:postgres "$dir"
	cd "$dir"
	# shellcheck disable=SC2086 # several words
	exec setpriv $user "$bin/initdb" -D "$dir/data" -U alignd -A trust -E UTF8 --no-sync >/dev/null
	;;
run)
	cd "$dir"
	# durable in nothing but name: the machine is not going to lose power
	# shellcheck disable=SC2086
	exec setpriv $user --pdeathsig INT "$bin/postgres" -D "$dir/data" -k "$dir" -F \
		-c listen_addresses= -c shared_buffers=16MB -c max_connections=20 >"$dir.log" 2>&1
	;;
esac
