#!/bin/sh
# get-sendmail.sh DIR - unpacks Debian's Sendmail into DIR/root, beside whatever
# mail server is installed (the packages conflict, so it cannot be installed).
# Does nothing when it is there already. Uses the network through apt only.
set -eu

if [ $# -ne 1 ]; then
	echo "usage: get-sendmail.sh DIR" >&2
	exit 64
fi
mkdir -p "$1"
cd "$1"
if [ -x root/usr/libexec/sendmail/sendmail ]; then
	exit 0
fi
rm -rf packages unpacked
mkdir packages unpacked
# Libraries that nothing else has brought yet.
missing=
libraries=$(apt-cache depends sendmail-bin | sed -n 's/^ *|\{0,1\}Depends: \(lib[^ ]*\)$/\1/p')
for library in $libraries; do
	dpkg-query -W -f '${Status}\n' "$library" 2>/dev/null | grep -q ' installed$' ||
		missing="$missing $library"
done
# shellcheck disable=SC2086	# a list of names
(cd packages && apt-get -q -o APT::Sandbox::User=root download \
	sendmail-bin sendmail-cf $missing)
for package in packages/*.deb; do
	dpkg -x "$package" unpacked
done
# A set-group-id program ignores the library path that it needs here.
chmod g-s unpacked/usr/libexec/sendmail/sendmail
rm -rf root packages
mv unpacked root
