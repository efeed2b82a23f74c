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

# All by one compiler; which ones are bad is asked only when some are.
work=$(mktemp -d "${TMPDIR:-/tmp}/headers.XXXXXX")
trap 'rm -rf "$work"' EXIT
compiles() {
	${CC:-cc} -std=gnu11 -fsyntax-only -D_GNU_SOURCE -DGITGATE_SYSCONFDIR='""' -Isrc -I. ${GITGATE_CPPFLAGS:-} "$@" >/dev/null 2>&1
}
for header in src/*/*.h hooks/*.h; do
	echo "#include \"${header#src/}\"" >"$work/$(echo "$header" | tr / =).c"
done
bad=
if ! compiles "$work"/*.c; then
	for file in "$work"/*.c; do
		compiles "$file" || bad="$bad $(basename "$file" .c | tr = /)"
	done
	[ -n "$bad" ] || bad="none alone, but all together"
fi
result "$bad" "headers compile alone"

bad=$(awk 'FNR == 1 && !/^\/\*/ {printf " %s", FILENAME}' src/*/*.[ch] src/*/*.def hooks/*.[ch] tests/unit/*.[ch] tests/fuzz/*.c
	find src hooks tests/unit tests/fuzz -maxdepth 2 -name '*.[ch]' -empty -printf ' %p')
result "$bad" "files open by saying what they are"

bad=$(wc -l src/*/*.[ch] hooks/*.[ch] | awk '$1 > 800 && $2 != "total" {printf " %s:%d", $2, $1}')
result "$bad" "files have at most 800 lines"

bad=$(awk 'FNR == 1 {start = 0} /^\{/ {start = FNR} /^\}/ {if (start && FNR - start > 100) printf " %s:%d", FILENAME, start; start = 0}' \
	src/*/*.c hooks/*.c)
result "$bad" "functions have at most 100 lines"

bad=$(grep -nE '\b(TODO|FIXME|XXX|HACK)\b' src/*/*.[ch] hooks/*.[ch] | head -3 || true)
result "$bad" "nothing is left open in the code"

bad=
for row in $(sed -n 's/^ERROR(\([A-Z0-9_]*\),.*/\1/p' src/base/errors.def | sort | uniq -d); do bad="$bad $row"; done
result "$bad" "errors.def has each row once"
echo "1..$number"
exit $fail
