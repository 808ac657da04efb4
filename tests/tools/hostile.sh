#!/bin/sh
# Markup in a journal's line is text in all that is read from it.
exec /usr/bin/python3 "${srcdir:-.}/tests/tools/hostile.py" "${builddir:-.}/tools/alignctl" \
	"${srcdir:-.}/tests/cases/base.zone"
