#!/bin/sh
# tests/check/manuals.sh - gitgate(1) names every command and every option; manuals are well-formed; scripts parse.
set -eu
cd "${GITGATE_SOURCE:?}"
number=0
fail=0
result() { # what is wrong, name
	number=$((number + 1))
	if [ -z "$1" ]; then echo "ok $number - $2"; else echo "# $1"; echo "not ok $number - $2"; fail=1; fi
}

manual=$(sed 's/\\-/-/g' doc/gitgate.1)
missing=
for command in $(sed -n 's/^COMMAND(\([a-z]*\),.*/\1/p' src/cmd/commands.def); do
	printf '%s\n' "$manual" | grep -q "^\.SS gitgate $command\( \|\$\)" || missing="$missing $command"
done
result "$missing" "gitgate(1) names every command"

missing=
# Rows of option tables: { "name", letter or 0, "ARGUMENT" or NULL, ...
for option in $(cat src/cmd/*.[ch] | tr '\n\\' '  ' |
	grep -oE '\{[[:space:]]*"[a-z-]+",[[:space:]]+(0|'"'.'"'),[[:space:]]+("|NULL)' |
	sed 's/[^"]*"\([a-z-]*\)".*/\1/' | sort -u); do
	printf '%s\n' "$manual" | grep -q -e "--$option\($\|[^a-z-]\)" || missing="$missing --$option"
done
result "$missing" "gitgate(1) names every option"

for file in doc/*.[15]; do
	if command -v groff >/dev/null; then
		result "$(groff -ww -man -Tutf8 -P-c "$file" 2>&1 >/dev/null | head -n 3)" "$file is well-formed"
	else
		number=$((number + 1))
		echo "ok $number # SKIP groff is not installed"
	fi
done

bad=
for script in contrib/quickstart contrib/test contrib/lib.sh .ci/run tests/bench/*.sh tests/bench/lib.bash; do
	bash -n "$script" 2>/dev/null || bad="$bad $script"
done
result "$bad" "scripts parse"
echo "1..$number"
exit $fail
