#!/bin/sh
# tests/check/tampering.sh - over all tables of tampering (tests/unit/tampering.h): each kind has a code of its own
# and ends in a branch of its own, there are as many as are asked for, and every code has a kind that meets it.
# The tables were run before (tests/Makefile.inc); here their logs are read.
set -eu
cd "${GITGATE_BUILD:?}"
errors="${GITGATE_SOURCE:?}/src/base/errors.def"
ROWS=$(mktemp)
trap 'rm -f "$ROWS" "$ROWS".*' EXIT

echo "1..7"
FAILED=0
NUMBER=0

# report WHAT PROBLEMS: one result; every line of PROBLEMS is one
report() {
	NUMBER=$((NUMBER + 1))
	if [ -z "$2" ]; then
		echo "ok $NUMBER - $1"
	else
		FAILED=1
		echo "not ok $NUMBER - $1"
		echo "$2" | sed 's/^/# /'
	fi
}

problems=
for name in repo_tamper repo_tree repo_push_certificate trust_tamper trust_certificate trust_x509 trust_sigstore \
	trust_openpgp_tamper; do
	grep -q '^1\.\.' "tests/unit/test_$name.log" && ! grep -q '^not ok' "tests/unit/test_$name.log" ||
		problems="$problems test_$name"
	sed -n 's/^# \(\(kind\|variant\|genuine\)|\)/\1/p' "tests/unit/test_$name.log" >>"$ROWS"
done
report "the tables pass" "$problems"

kinds=$(grep -c '^kind|' "$ROWS") || true
genuine=$(grep '^genuine|' "$ROWS" | sort -u | wc -l)
report "at least 150 kinds of tampering ($kinds)" "$([ "$kinds" -ge 150 ] || echo "$kinds")"
report "at least 60 genuine ones of forms of their own ($genuine)" "$([ "$genuine" -ge 60 ] || echo "$genuine")"

report "no two kinds have one code" "$(grep '^kind|' "$ROWS" | cut -d'|' -f3 | sort | uniq -d)"

# A reader that several objects share takes its codes from each: there the object tells the branches apart.
report "no two kinds of one object end in one branch" \
	"$(grep '^kind|' "$ROWS" | cut -d'|' -f2,4 | sort | uniq -d)"
branches=$(grep '^kind|' "$ROWS" | cut -d'|' -f4 | sort -u | wc -l)
report "at least 150 branches, whatever the object ($branches)" "$([ "$branches" -ge 150 ] || echo "$branches")"

# Codes without a row: what gives them is no object with a genuine twin.
cat >"$ROWS.exempt" <<-'END'
	object-hash                    a broken store of objects: tests/unit/test_repo_object
	object-type                    the same
	openpgp-certificate-disagree   two readers of keys who differ: none is known over which they do
	openpgp-certificate-reader     librnp's word: tests/e2e/16-openpgp.bats
	openpgp-key-ambiguous          two keys whose ids of 64 bits are one
	push-object-large              what git names, not what it says: tests/e2e/18-push-certificates.bats
	push-object-missing            the same
	push-object-type               the same
	repo-config                    a repository, no object: tests/unit/test_repo_open
	repo-format                    the same
	repo-grafts                    the same
	repo-shallow                   the same
	sigstore-root-form             JSON of the configuration: tests/unit/test_conf_sigstore
	ssh-key-refused                OpenSSL's word after all of ours: none is known that comes to it
	x509-chain                     OpenSSL's other reasons
END
grep '^kind|' "$ROWS" | cut -d'|' -f3 | sort -u >"$ROWS.met"
awk '/^\/\* --- / { wanted = /objects \(repo|push certificates|signatures \(trust|OpenPGP/ }
	wanted && /^ERROR\(/ { sub(/ERROR\(/, ""); sub(/,.*/, ""); gsub(/_/, "-"); print tolower($0) }' "$errors" |
	sort -u >"$ROWS.codes"
unmet=$(awk '{ print $1 }' "$ROWS.exempt" | sort | comm -23 "$ROWS.codes" - | comm -23 - "$ROWS.met")
idle=$(awk '{ print $1 }' "$ROWS.exempt" | sort | comm -12 - "$ROWS.met")
report "every code of objects and signatures has a kind" "$unmet$idle"

awk -F'|' '{ objects[$2]; count[$1, $2]++; all[$1]++ }
	END {
		for (object in objects)
			printf "# %-22s %3d kinds, %3d variants, %3d genuine\n", object,
				count["kind", object], count["variant", object], count["genuine", object] | "sort"
		close("sort")
		printf "# %-22s %3d kinds, %3d variants, %3d genuine\n", "together", all["kind"], all["variant"],
			all["genuine"]
	}' "$ROWS"
exit "$FAILED"
