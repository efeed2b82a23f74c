#!/bin/sh
# tests/check/layers.sh - proves src/LAYERS: a folder includes only lower layers, and foreign headers only where allowed.
set -eu
cd "${GITGATE_SOURCE:?}"

# "layer folder" of each folder, and "folder pattern" of each foreign header that is fenced in.
layers=$(grep -v '^#' src/LAYERS | awk 'NF {print $1, $2}')
fenced=$(grep -v '^#' src/LAYERS | awk 'NF > 2 {for (i = 3; i <= NF; i++) print $2, $i}')
layer_of() { printf '%s\n' "$layers" | awk -v f="$1" '$2 == f {print $1}'; }

number=0
fail=0
result() { # status, name
	number=$((number + 1))
	if [ "$1" = ok ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fail=1; fi
}

for folder in $(printf '%s\n' "$layers" | awk '{print $2}'); do
	directory=src/$folder
	[ "$folder" = hooks ] && directory=hooks
	[ -d "$directory" ] || continue
	mine=$(layer_of "$folder")
	bad=
	for include in $(grep -h '^#include "' "$directory"/*.[ch] "$directory"/*.def 2>/dev/null | sed 's/^#include "\([^"]*\)".*/\1/' | sort -u); do
		other=${include%%/*}
		[ "$other" = "$folder" ] && continue
		theirs=$(layer_of "$other")
		if [ -z "$theirs" ] || ! awk -v a="$theirs" -v b="$mine" 'BEGIN {exit !(a < b)}'; then
			bad="$bad $include"
		fi
	done
	[ -z "$bad" ] || echo "# $directory (layer $mine) includes:$bad"
	result "$([ -z "$bad" ] && echo ok || echo no)" "$directory includes only lower layers"
done

for header in git2.h git2/ yaml.h sqlite3.h seccomp.h microhttpd.h curl/ rnp/ libpq-fe.h pcre2.h openssl/; do
	allowed=$(printf '%s\n' "$fenced" | awk -v h="$header" '{p = $2; sub(/\*$/, "", p); if (index(p, h) == 1 || index(h, p) == 1) print $1}' | sort -u)
	bad=
	for file in $(grep -lE "^#include <${header%/}[/>]?" src/*/*.[ch] hooks/*.[ch] 2>/dev/null); do
		folder=$(basename "$(dirname "$file")")
		printf '%s\n' "$allowed" | grep -qx "$folder" || bad="$bad $file"
	done
	[ -z "$bad" ] || echo "# <$header> is included by:$bad"
	result "$([ -z "$bad" ] && echo ok || echo no)" "<$header> stays where src/LAYERS allows it"
done
echo "1..$number"
exit $fail
