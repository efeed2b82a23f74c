#!/bin/sh
# tests/check/headers.sh - every header stands alone, opens with its contract, and no file or function is too long.
set -eu
cd "${GITGATE_SOURCE:?}"
number=0
fail=0
result() {
	number=$((number + 1))
	if [ -z "$1" ]; then echo "ok $number - $2"; else echo "# $1"; echo "not ok $number - $2"; fail=1; fi
}

bad=
for header in src/*/*.h hooks/*.h; do
	printf '#include "%s"\n' "${header#src/}" |
		${CC:-cc} -std=gnu11 -fsyntax-only -D_GNU_SOURCE -DGITGATE_SYSCONFDIR='""' -Isrc -I. ${GITGATE_CPPFLAGS:-} -x c - >/dev/null 2>&1 || bad="$bad $header"
done
result "$bad" "headers compile alone"

bad=
for file in src/*/*.[ch] src/*/*.def hooks/*.[ch] tests/unit/*.[ch] tests/fuzz/*.c; do
	head -c 3 "$file" | grep -q '^/\*' || bad="$bad $file"
done
result "$bad" "files open by saying what they are"

bad=
for file in src/*/*.[ch] hooks/*.[ch]; do
	lines=$(wc -l <"$file")
	[ "$lines" -le 800 ] || bad="$bad $file:$lines"
done
result "$bad" "files have at most 800 lines"

bad=
for file in src/*/*.c hooks/*.c; do
	long=$(awk '/^\{/ {start = NR} /^\}/ {if (start && NR - start > 100) print FILENAME ":" start; start = 0}' "$file")
	[ -z "$long" ] || bad="$bad $long"
done
result "$bad" "functions have at most 100 lines"

bad=$(grep -nE '\b(TODO|FIXME|XXX|HACK)\b' src/*/*.[ch] hooks/*.[ch] | head -3 || true)
result "$bad" "nothing is left open in the code"

bad=
for row in $(sed -n 's/^ERROR(\([A-Z0-9_]*\),.*/\1/p' src/base/errors.def | sort | uniq -d); do bad="$bad $row"; done
result "$bad" "errors.def has each row once"
echo "1..$number"
exit $fail
