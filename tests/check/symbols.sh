#!/bin/sh
# tests/check/symbols.sh - no two functions or variables of our libraries have one name: a program that links
# both would get whichever the linker meets first.
set -eu
cd "${GITGATE_BUILD:?}"
twice=$(for library in lib*.a; do
	nm -g --defined-only "$library" 2>/dev/null
done | awk '$2 ~ /^[TDRB]$/ && $3 !~ /^__/ { print $3 }' | sort | uniq -d | tr '\n' ' ')
echo "1..1"
if [ -n "$twice" ]; then
	echo "not ok 1 - every name stands for one thing: twice: $twice"
	exit 1
fi
echo "ok 1 - every name stands for one thing"
