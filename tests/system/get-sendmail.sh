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
(cd packages && apt-get -q -o APT::Sandbox::User=root download \
	sendmail-bin sendmail-cf libwrap0 liblockfile1)
for package in packages/*.deb; do
	dpkg -x "$package" unpacked
done
# A set-group-id program ignores the library path that it needs here.
chmod g-s unpacked/usr/libexec/sendmail/sendmail
rm -rf root packages
mv unpacked root
