#!/bin/sh
# embed.sh FILE...: N.DRIVER.sql as rows of store_schema_steps[], on standard output.
set -eu
echo '/* made from schema/N.DRIVER.sql; change those */'
echo '#include "store/store_schema.h"'
echo
echo 'const struct schema_step store_schema_steps[] = {'
for file in "$@"; do
	name=${file##*/}
	driver=${name#*.}
	printf '\t{ %s, "%s",\n' "${name%%.*}" "${driver%.sql}"
	sed -e 's/[\\"]/\\&/g' -e 's/^/\t  "/' -e 's/$/\\n"/' "$file"
	printf '\t},\n'
done
printf '\t{ 0, NULL, NULL },\n};\n'
