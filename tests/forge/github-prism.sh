#!/bin/bash
# tests/forge/github-prism.sh - every request that we send to GitHub, held against its published OpenAPI document:
# prism validates them. One server for all cases. npm's packages @stoplight/prism-cli and @octokit/openapi are
# looked for in $GITGATE_NPM (default: npm/ in the build directory); without them everything is skipped.
set -u
. "${GITGATE_SOURCE:?}/tests/forge/prism.bash"
kind=github
document=$modules/@octokit/openapi/generated/api.github.com.json
commit=6dcb09b5b57875f334f61aebed695e2e4193db5e
# Of the document's example of a check run, which is the App 1's.
run_commit=ce587453ced02b1526dfb4cb910479d431683101

prism_prepare
[ -r "$document" ] || skip "npm's @octokit/openapi is not in $modules"
node "$source/tests/forge/github-openapi.js" "$document" >"$work/github.json" || exit 1
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/key.pem" 2>/dev/null || skip "no openssl"
prism_start "$work/github.json"

as_user="t0ken"
as_app="app:1:$work/key.pem"
repo=/repos/acme/shop
finding='error|hygiene|src/a.c|3|a line is too long|break it'

try_rubbish "$repo/statuses/$commit" '{"state":"rubbish"}'
try "a commit status" '^ref [0-9]+$' "get $repo/commits/$commit/status;post $repo/statuses/$commit" \
	"$as_user" status acme/shop $commit gitgate/policy failure "refused: 'main' needs a review" https://gate.example.org/c/1
try "a pending commit status without a link" '^ref [0-9]+$' "post $repo/statuses/$commit" \
	"$as_user" status acme/shop $commit gitgate/policy pending "is being judged" "" 5
try "a new comment" '^ref [0-9]+$' "get /user;get $repo/issues/7/comments;post $repo/issues/7/comments" \
	"$as_user" comment acme/shop 7 $commit failure "refused" "" "$finding"
try "a comment that is updated" '^ref [0-9]+$' "patch $repo/issues/comments/9" \
	"$as_user" comment acme/shop 7 $commit success "accepted" 9
try "a pull request with its reviews" '^review octocat approved ecdd80bb57125d7ba9641ffaa4d7d2c19d3f3091' \
	"get $repo/pulls/1347;get $repo/pulls/1347/reviews" "$as_user" merge-request acme/shop 1347
try "the open pull requests" '^count 1$' "get $repo/pulls" "$as_user" open acme/shop
try "the pull requests of a commit" '^count 1$' "get $repo/commits/$commit/pulls" "$as_user" commit acme/shop $commit
try "the set-up of a token" '^good: token:' \
	"get /user;get $repo;get $repo/hooks;get $repo/rules/branches/main;get $repo/branches/main;get $repo/branches/main/protection/required_status_checks" \
	"$as_user" test acme/shop main https://gate.example.org/hooks/forge
try "a new webhook" 'was created$' "get $repo/hooks;post $repo/hooks" \
	"$as_user" hook acme/shop https://gate.example.org/hooks/forge s3cret
try "a webhook that is updated" 'was brought up to date$' "get $repo/hooks;patch $repo/hooks/12345678" \
	"$as_user" hook acme/shop https://example.com/webhook s3cret
try "a new check run with an annotation" '^ref 4$' \
	"get $repo/installation;post /app/installations/1/access_tokens;get $repo/commits/$commit/check-runs;post $repo/check-runs" \
	"$as_app" status acme/shop $commit gitgate/policy failure "refused" https://gate.example.org/c/1 "" "$finding"
try "a pending check run" '^ref 4$' "post $repo/check-runs" \
	"$as_app" status acme/shop $commit gitgate/policy pending "is being judged"
try "a check run that is updated" '^ref 4$' "get $repo/check-runs/4;patch $repo/check-runs/4" \
	"$as_app" status acme/shop $run_commit mighty_readme failure "refused" "" 4 "$finding" 'warning|hygiene|b.c|1|odd|'
try "a comment of an App" '^ref [0-9]+$' "get /app;post $repo/issues/7/comments" \
	"$as_app" comment acme/shop 7 $commit failure "refused" "" "$finding"
try "the set-up of an App" "^good: token: it acts as the App 'octoapp'" "get /app;get /app/hook/config;get $repo" \
	"$as_app" test acme/shop main https://gate.example.org/hooks/forge
echo "1..$number"
exit $fail
