#!/bin/sh
# A small generated month (bench/month): what-if finds what was planted in it, and
# the rules that it suggests save that and nothing else. MONTH=MESSAGES: so many, with
# what it cost (make check-month; a journal needs 1.4 kB a message below TMPDIR).
srcdir=${srcdir:-.} builddir=${builddir:-.}
for need in "$builddir/bench/month" "$builddir/tools/alignctl"; do
	[ -x "$need" ] || { echo "skipped: needs $need"; exit 77; }
done
exec /usr/bin/python3 "$srcdir/tests/tools/month.py" "$builddir/bench/month" "$builddir/tools/alignctl" ${MONTH:+"$MONTH"}
