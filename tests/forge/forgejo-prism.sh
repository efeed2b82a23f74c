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
		"" status acme/shop $commit gitgate/policy failure "text" "" 4
done
echo "1..$number"
exit $fail
