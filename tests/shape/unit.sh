#!/bin/sh
# The systemd unit is sound, also with its drop-in, and stays hardened:
# exposure 2.0 or below (systemd-analyze security).
set -u
cd "${srcdir:-.}" || exit 1
command -v systemd-analyze >/dev/null || { echo "skipped, needs systemd-analyze"; exit 77; }

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
bad=0
# what is not installed here is not the unit's fault
sed -e 's|/usr/sbin/alignd|/bin/true|' -e '/^Documentation=/d' \
	contrib/systemd/alignd.service >"$folder/alignd.service"
for dropin in '' postfix-socket.conf; do
	if [ -n "$dropin" ]; then
		mkdir "$folder/alignd.service.d"
		cp "contrib/systemd/$dropin" "$folder/alignd.service.d/"
	fi
	# its exit code does not tell: what it prints does
	said=$(systemd-analyze verify "$folder/alignd.service" 2>&1)
	if [ -n "$said" ]; then
		echo "systemd-analyze verify ${dropin:-alignd.service}: $said"
		bad=1
	fi
done
if ! systemd-analyze security --offline=true --threshold=20 "$folder/alignd.service" >"$folder/out" 2>&1; then
	tail -1 "$folder/out"
	bad=1
fi
if command -v systemd-sysusers >/dev/null; then
	said=$(systemd-sysusers --dry-run "$PWD/contrib/systemd/alignd.sysusers" 2>&1) ||
		{ echo "alignd.sysusers: $said"; bad=1; }
fi
exit $bad
