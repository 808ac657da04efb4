#!/bin/sh
# The pages of what-if are sound as HTML and as XML, whatever is in them.
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
print="${builddir:-.}/tests/print_what_if"
names=$("$print") && [ -n "$names" ] || { echo "$print names no samples"; exit 1; }
for name in $names; do
	"$print" "$name" "$dir/$name.html" || exit 1
done
exec /usr/bin/python3 "${srcdir:-.}/tests/tools/html_check.py" "$dir"/*.html
