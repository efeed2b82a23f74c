#!/bin/sh
# tests/check/format.sh - the code looks as .clang-format says.
cd "${GITGATE_SOURCE:?}" || exit 1
if ! command -v clang-format >/dev/null; then
	echo "1..0 # SKIP clang-format is not installed"
	exit 0
fi
bad=$(clang-format --dry-run src/*/*.[ch] hooks/*.[ch] tests/*/*.[ch] 2>&1 | grep -o '^[^: ]*' | sort | uniq -c | sort -rn | head -20)
if [ -z "$bad" ]; then
	echo "ok 1 - formatted"
else
	printf '%s\n' "$bad" | sed 's/^/# /'
	echo "not ok 1 - formatted"
fi
echo "1..1"
