#!/bin/bash
# tests/differential/schema-ajv.sh - our validator and ajv on real manifests, changed ones and small schemas. Each
# difference has a line in schema-ajv.differences: id, ours, ajv's, the section of the specification that decides. One
# that does not differ any more fails, and so does one without a section.
set -u
build=${GITGATE_BUILD:?}
source=${GITGATE_SOURCE:?}
here=$source/tests/differential
shared=${GITGATE_SHARED:-$source/../shared}
export GITGATE_NPM=${GITGATE_NPM:-$build/npm}

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}
command -v node >/dev/null || skip "node is not installed"
for name in ajv js-yaml; do
	[ -d "$GITGATE_NPM/node_modules/$name" ] || skip "npm's $name is not in $GITGATE_NPM"
done
[ -d "$shared/data/manifests" ] || skip "the shared data is not there: $shared/data/manifests"
work=$(mktemp -d "${TMPDIR:-/tmp}/differential.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

node "$here/schema_cases.mjs" "$shared" "$work" || exit 1
"$build/tests/differential/schema_verdicts" "$work/definitions.json" <"$work/cases" >"$work/ours" || exit 1
node "$here/schema_ajv.mjs" "$work/definitions.json" "$work/cases" >"$work/theirs" || exit 1
grep -o '"id":"[^"]*"' "$work/cases" | cut -d'"' -f4 >"$work/ids"
paste -d'|' "$work/ids" "$work/ours" "$work/theirs" | awk -F'|' '$2 != $3 {print $1 " " $2 " " $3}' >"$work/found"
grep -v '^#' "$here/schema-ajv.differences" | awk 'NF {print $1 " " $2 " " $3}' >"$work/known"

count=$(wc -l <"$work/ids")
valid=$(grep -c '^1$' "$work/ours")
number=0 fail=0
result() { # status, what
	number=$((number + 1))
	if [ "$1" = 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fail=1; fi
}
echo 1..4
[ "$count" -gt 9000 ] && [ "$valid" -gt 4000 ] && [ "$(wc -l <"$work/theirs")" = "$count" ]
result $? "$count cases were judged by both, $valid are valid"
sort "$work/found" >"$work/found.sorted"; sort "$work/known" >"$work/known.sorted"
comm -23 "$work/found.sorted" "$work/known.sorted" >"$work/new"
head -n 50 "$work/new" | sed 's/^/# id, ours, theirs: /'
[ ! -s "$work/new" ]; result $? "every difference is explained"
comm -13 "$work/found.sorted" "$work/known.sorted" | sed 's/^/# does not differ: /' | tee "$work/gone"
[ ! -s "$work/gone" ]; result $? "every explanation is needed"
grep -v '^#' "$here/schema-ajv.differences" | awk 'NF && NF < 5 {print "# no section: " $0}' | tee "$work/bare"
[ ! -s "$work/bare" ]; result $? "every explanation names the section that decides"
[ -z "${GITGATE_KEEP-}" ] || cp "$work/cases" "$work/found" "$GITGATE_KEEP"
exit $fail
