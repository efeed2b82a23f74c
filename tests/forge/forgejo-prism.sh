#!/bin/bash
# tests/forge/forgejo-prism.sh - every request that we send to Gitea and Forgejo, held against Forgejo's published
# OpenAPI document ($GITGATE_SHARED/data/openapi): prism validates them. Without it everything is skipped.
set -u
. "${GITGATE_SOURCE:?}/tests/forge/prism.bash"
commit=6dcb09b5b57875f334f61aebed695e2e4193db5e
shared=${GITGATE_SHARED:-$source/../shared}/data/openapi

prism_prepare
document=
for candidate in "$shared"/forgejo-*.json; do
	[ -r "$candidate" ] && document=$candidate
done
[ -n "$document" ] || skip "Forgejo's document is not in $shared"
node "$source/tests/forge/forgejo-openapi.js" "$document" >"$work/forgejo.json" || exit 1
prism_start "$work/forgejo.json"

repo=/api/v1/repos/acme/shop
finding='error|hygiene|src/a`b.c|3|a line is <b>too</b> long, @alice|break it'
hook=https://gate.example.org/hooks/forge

try_rubbish "$repo/issues/1/comments" '{"body":7}'

for kind in forgejo gitea; do
	try "$kind: a commit status" '^ref 5$' "get $repo/commits/$commit/statuses;post $repo/statuses/$commit" \
		t0ken status acme/shop $commit gitgate/policy failure "refused: 'main' needs a review" https://gate.example.org/c/1
	for state in pending success failure error cancelled skipped; do
		try "$kind: the state $state" '^ref 5$' "post $repo/statuses/$commit" \
			t0ken status acme/shop $commit gitgate/shop-web $state "text" "" 4
	done
	try "$kind: a new comment" '^ref 9$' "get /api/v1/user;get $repo/issues/1/comments;post $repo/issues/1/comments" \
		t0ken comment acme/shop 1 $commit failure "refused" "" "$finding"
	try "$kind: a comment that is updated" '^ref 9$' "patch $repo/issues/comments/9" \
		t0ken comment acme/shop 1 $commit success "accepted" 9
	try "$kind: a pull request with its reviews" "^review octocat approved $commit" \
		"get $repo/pulls/1;get $repo/pulls/1/reviews" t0ken merge-request acme/shop 1
	try "$kind: the open pull requests" '^count 1$' "get $repo/pulls" t0ken open acme/shop
	try "$kind: the pull request of a commit" '^count 1$' "get $repo/commits/$commit/pull" t0ken commit acme/shop $commit
	try "$kind: the set-up" "^good: required status: 'main' needs gitgate/policy" \
		"get $repo;get /api/v1/user;get $repo/hooks;get $repo/branch_protections" t0ken test acme/shop main $hook
	try "$kind: a webhook that is there" "^good: webhook:" "get $repo/hooks" \
		t0ken test acme/shop main https://gate.example.org/known
	try "$kind: a new webhook" '^made the webhook' "get $repo/hooks;post $repo/hooks" t0ken hook acme/shop $hook s3cret
	try "$kind: a webhook that is replaced" '^replaced the webhook' "post $repo/hooks;delete $repo/hooks/3" \
		t0ken hook acme/shop https://gate.example.org/known s3cret
	try "$kind: no token" '^error forge-denied: ' "post $repo/statuses/$commit" \
		"" status acme/shop $commit gitgate/policy pending "text" "" 4
done
# The command, with a configuration of its own.
gitgate=$build/gitgate
if [ -x "$gitgate" ]; then
	printf 't0ken\n' >"$work/token"
	printf 's3cret-s3cret-s3cret\nolder-older-older\n' >"$work/secrets"
	chmod 600 "$work/token" "$work/secrets"
	cat >"$work/gitgate.yaml" <<-END
		store: $work/state.db
		public-url: https://gate.example.org
		sources:
		  known: {kind: forgejo, api: "http://127.0.0.1:$port", token-file: token, secrets-file: secrets}
		  deaf: {kind: hmac, secrets-file: secrets}
		repositories:
		  shop: {source: known, name: acme/shop, url: "https://git.example.org/acme/shop.git"}
		  site: {source: known, name: acme/site, url: "https://git.example.org/acme/site.git"}
	END
	run() { # name, exit code, what it says, argument...
		local name=$1 code=$2 expected=$3 output status=0 problem=
		shift 3
		output=$("$gitgate" forge "$@" --config "$work/gitgate.yaml" 2>&1) || status=$?
		[ "$status" = "$code" ] || problem="ended with $status: $output"
		printf '%s\n' "$output" | grep -q -E -- "$expected" || problem="$problem said: $output"
		result "$problem" "$name"
	}
	run "forge test says what is bad" 1 "none sends to 'https://gate.example.org/hooks/known'" test known
	run "forge test says how it is mended" 1 "mend: run 'gitgate forge hook'" test known --repository shop
	run "forge test writes JSON" 1 '^\{"source":"known","repositories":\[\{"name":"acme/shop",.*"good":false\}$' test known --json
	run "forge hook makes each webhook" 0 "made the webhook of 'acme/site' to 'https://gate.example.org/hooks/known'" hook known
	run "forge test of an unknown source" 3 "no source 'unknown'" test unknown
	run "forge test of a source without an API" 3 "has no API" test deaf
	run "forge test of an unknown repository" 3 "no repository 'shp'" test known --repository shp
	run "forge wants a verb" 2 "test or hook" nothing-like-it known
	run "forge test wants a source" 2 "wants one source" test
fi
echo "1..$number"
exit $fail
