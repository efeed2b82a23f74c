#!/bin/sh
# tests/check/manual.sh - the manuals are clean, and hold every subcommand with its options. (Options of the
# configuration and rules: tests/unit/test_conf_manual.)
set -u
cd "${GITGATE_SOURCE:?}" || exit 1
number=0
fail=0
result() { # problem, name
	number=$((number + 1))
	if [ -z "$1" ]; then
		echo "ok $number - $2"
	else
		printf '%s\n' "$1" | sed 's/^/# /'
		echo "not ok $number - $2"
		fail=1
	fi
}
for page in doc/*.1 doc/*.5; do
	if command -v groff >/dev/null; then
		result "$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null | head -5)" "$page has no warnings"
	else
		number=$((number + 1))
		echo "ok $number - $page has no warnings # SKIP groff is not installed"
	fi
done
text=$(tr -d '\\' <doc/gitgate.1)
missing=
for command in $(sed -n 's/^COMMAND(\([a-z]*\),.*/\1/p' src/cmd/commands.def); do
	printf '%s\n' "$text" | grep -qw "$command" || missing="$missing $command"
done
result "$missing" "every subcommand stands in gitgate(1)"
missing=
for command in $(sed -n 's/^COMMAND(\([a-z]*\),.*/\1/p' src/cmd/commands.def); do
	for option in $("${GITGATE_BUILD:?}/gitgate" "$command" --help 2>/dev/null | sed -n 's/^.* \(--[a-z-]*\).*/\1/p' | sort -u); do
		printf '%s\n' "$text" | grep -q -- "$option" || missing="$missing $command:$option"
	done
done
result "$missing" "every option of a subcommand stands in gitgate(1)"
echo "1..$number"
exit $fail
