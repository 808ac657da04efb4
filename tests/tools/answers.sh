# shellcheck shell=sh
# What the scripts of this folder share, read by ".": alignctl as $ctl, a folder $dir
# that goes at the end, and how an answer is looked at.
ctl="${builddir:-.}/tools/alignctl"
dir=$(mktemp -d) || exit 1
tidy() {
	chmod -R u+rwx "$dir"
	rm -rf "$dir"
}
trap tidy EXIT
failures=0
today=$(date -u +%F)
texts=                                  # how grep reads texts; -F: as they are

fail() {
	echo "$1"
	failures=$((failures + 1))
}

# $1 exit status, $2 text that must be in the output, $3 text that must not ('': none),
# then alignctl's arguments. What it said is left in $dir/out.
answers() {
	wanted=$1 text=$2 unwanted=$3
	shift 3
	"$ctl" "$@" >"$dir/out" 2>&1
	got=$?
	if [ $got -ne "$wanted" ]; then
		fail "alignctl $*: exit $got, wanted $wanted"
	elif ! grep -q $texts -e "$text" "$dir/out"; then
		fail "alignctl $*: no \"$text\" in the output"
	elif [ -n "$unwanted" ] && grep -q $texts -e "$unwanted" "$dir/out"; then
		fail "alignctl $*: \"$unwanted\" in the output"
	else
		return
	fi
	cat "$dir/out"
}

# The last line of a script. Midnight may have come in between: then all of it once more.
finish() {
	[ $failures -eq 0 ] && exit 0
	echo "$failures failed"
	[ "$today" = "$(date -u +%F)" ] && exit 1
	echo 'a day has ended meanwhile: again'
	tidy
	exec "$0"
}
