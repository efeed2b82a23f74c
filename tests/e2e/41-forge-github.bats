#!/usr/bin/env bats
# tests/e2e/41-forge-github.bats - a whole merge request at a GitHub that is not ours: npm's
# emulate with a GitHub App, pull requests, reviews, check runs and signed webhooks; its git
# side is a bare repository behind https (tests/forge/emulate.mjs says how the two are paired).

load helpers
load service
load forge

NAME=acme/shop

setup() {
	local modules=${GITGATE_NPM:-$GITGATE_BUILD/npm}/node_modules
	begin_forge
	[ -e "$modules/emulate/package.json" ] || skip "npm's emulate is not there: contrib/test installs it"
	NODE=$(node_20 "$modules") || skip "emulate wants node 20"
	MODULES=$modules
	git init -q --bare "$T/git/shop.git" 2>/dev/null || { mkdir -p "$T/git" && git init -q --bare "$T/git/shop.git"; }
	git clone -q "$T/git/shop.git" "$T/clone" 2>/dev/null
	put deploy/web/app.yaml "one"
	commit_plain
	git -C "$T/clone" push -q origin main
	start_git_server
	HOOK_PORT=$(free_port)
	mkdir -p "$T/live/web"
}

teardown() {
	end_forge
}

# A node that is new enough: ours, or npm's.
node_20() {
	local found
	for found in "$(command -v node)" "$1"/node-linux-*/bin/node; do
		[ -x "$found" ] && [ "$("$found" -p 'process.versions.node.split(".")[0]')" -ge 20 ] && echo "$found" && return
	done
	return 1
}

# Emulate has no place for a signature in a commit.
commit_plain() {
	git -C "$T/clone" add -A
	git -C "$T/clone" commit -q --no-gpg-sign -m "${1:-a change}" "${@:2}"
}

# start_emulate WEBHOOK-ADDRESS: with the App 4711; tokens of acme (the owner), bob and carol
start_emulate() {
	openssl genrsa -traditional -out "$T/secrets/app.pem" 2048 2>/dev/null
	local who
	for who in acme bob carol; do
		random_secret >"$T/secrets/$who"
	done
	(cd "$T/secrets" && "$NODE" -e '
		const read = (name) => require("fs").readFileSync(name, "utf8");
		const logins = ["acme", "bob", "carol"];
		console.log(JSON.stringify({
			tokens: Object.fromEntries(logins.map((login) => [read(login).trim(), { login }])),
			github: {
				users: logins.map((login) => ({ login })),
				repos: [{ owner: "acme", name: "shop", auto_init: false }],
				apps: [{
					app_id: 4711, slug: "gitgate", name: "gitgate", private_key: read("app.pem"),
					permissions: { checks: "write", contents: "read", issues: "write", pull_requests: "write", metadata: "read" },
					events: ["push", "create", "delete", "pull_request", "pull_request_review"],
					webhook_url: process.argv[1], webhook_secret: read("hook").trim(),
					installations: [{ installation_id: 99, account: "acme" }],
				}],
			},
		}));' "$1") >"$T/forge/seed.json"
	"$NODE" "$FORGE_TOOLS/emulate.mjs" "$T/forge" "$MODULES" "$(free_port)" 2>>"$T/forge/errors.log" >/dev/null 3>&- &
	FORGE=$!
	within 20 test -e "$T/forge/ports" || fail "emulate did not start: $(cat "$T/forge/errors.log")"
	API_BASE=http://127.0.0.1:$(sed -n 's/^api=//p' "$T/forge/ports")
	EMULATE=http://127.0.0.1:$(sed -n 's/^emulate=//p' "$T/forge/ports")
	mirror refs/heads/main
	for who in bob carol; do
		github acme PUT "/repos/$NAME/collaborators/$who" '{"permission":"push"}' >/dev/null
	done
}

# github WHO METHOD PATH [JSON]: prints the answer; the token goes over a file to curl
github() {
	printf 'header = "Authorization: Bearer %s"\n' "$(cat "$T/secrets/$1")" >"$T/secrets/curl"
	curl -sf -K "$T/secrets/curl" -X "$2" -H 'Content-Type: application/json' ${4:+--data-binary "$4"} "$EMULATE$3" ||
		fail "$1: $2 $3 ${4-}: $(curl -s -K "$T/secrets/curl" -X "$2" ${4:+--data-binary "$4"} "$EMULATE$3")"
}

mirror() { # REF: what the bare repository has there, in emulate too, which sends its webhook
	"$NODE" "$FORGE_TOOLS/push.mjs" "$EMULATE" "$T/secrets/acme" "$NAME" "$T/git/shop.git" "$1"
}

github_config() {
	{
		cat <<-END
			store: $T/state/state.db
			state-directory: $T/state
			socket: $T/run/gitgate.sock
			listen: ["127.0.0.1:$HOOK_PORT"]
			public-url: http://127.0.0.1:$HOOK_PORT
		END
		[ "$(id -u)" != 0 ] || printf '%s: root\n' user intake-user job-user
		cat <<-END
			principals:
			  bob: {forge: {github: bob}}
			sources:
			  hub:
			    kind: github
			    secrets-file: $T/secrets/hook
			    api: $API_BASE
			    app-id: 4711
			    app-key-file: $T/secrets/app.pem
			    requests-per-minute: 6000
			repositories:
			  shop:
			    source: hub
			    name: $NAME
			    url: https://127.0.0.1:$GIT_PORT/git/shop.git
			    username: robot
			    password-file: $T/secrets/git
			    ca-file: $T/tls/ca.pem
			    poll: $1
			    anchor: {refs/heads/main: $(tip "$T/git/shop.git" main)}
			targets:
			  web: {repository: shop, paths: [deploy/web], directory: {path: $T/live/web}, drift: {every: 1h}}
			rules:
			  - {name: no-keys, files: {forbid: ["*.pem"]}}
			  - {name: reviewed, refs: [refs/heads/main], paths: ["deploy/**"], approvals: {count: 1, from: [bob]}}
		END
	} >"$T/gitgate.yaml"
}

# runs COMMIT CONTEXT: "status conclusion" of the check run there, with title and summary
runs() {
	github acme GET "/repos/$NAME/commits/$1/check-runs?check_name=$(sed 's,/,%2F,' <<<"$2")&per_page=100" | "$NODE" -e '
		const { check_runs } = JSON.parse(require("fs").readFileSync(0));
		for (const one of check_runs.filter((run) => run.name === process.argv[1]))
			console.log(one.status, one.conclusion, one.output?.title, one.output?.summary, one.output?.annotations_count);' "$2"
}

concluded() { # CONCLUSION COMMIT CONTEXT: one run, and it ended so
	[ "$(runs "$2" "$3" | grep -c '^[a-z_]* [a-z]* ')" = 1 ] && [[ "$(runs "$2" "$3")" == "completed $1"* ]]
}

assert_concluded() {
	within 20 concluded "$@" || fail "the check run of $2 $3 is: $(runs "$2" "$3")"
}

# tells COMMIT CONTEXT WORD...: its run ended, and says so
tells() {
	local told word
	told=$(runs "$1" "$2")
	[[ $told == completed* ]] || return 1
	for word in "${@:3}"; do
		[[ $told == *"$word"* ]] || return 1
	done
}

# A pull request from its opening to what is live. Each step waits for what GitHub shows.
whole_way() {
	local first second merge base
	start_service
	assert_live one
	base=$(tip "$T/git/shop.git" main)
	# carol opens a pull request with something that is forbidden
	git -C "$T/clone" checkout -q -b topic
	put deploy/web/app.yaml "two"
	put deploy/keys/server.pem "x"
	commit_plain "a topic"
	first=$(git -C "$T/clone" rev-parse HEAD)
	git -C "$T/clone" push -q origin HEAD:refs/heads/topic HEAD:refs/pull/1/head
	mirror refs/heads/topic
	github carol POST "/repos/$NAME/pulls" '{"title":"a topic","head":"topic","base":"main"}' >/dev/null
	assert_concluded failure "$first" gitgate/policy
	# the pushed branch was judged first, then the merge request, which waits for its own verdict; an annotation or
	# the summary says where
	within 20 tells "$first" gitgate/policy no-keys deploy/keys/server.pem ||
		fail "the check run says: $(runs "$first" gitgate/policy)"
	# bob approves, and carol mends it: the approval was of another head
	github bob POST "/repos/$NAME/pulls/1/reviews" "{\"event\":\"APPROVE\",\"commit_id\":\"$first\"}" >/dev/null
	git -C "$T/clone" rm -q deploy/keys/server.pem
	commit_plain "a topic" --amend
	second=$(git -C "$T/clone" rev-parse HEAD)
	git -C "$T/clone" push -q -f origin HEAD:refs/heads/topic HEAD:refs/pull/1/head
	mirror refs/heads/topic
	assert_concluded failure "$second" gitgate/policy
	within 20 tells "$second" gitgate/policy reviewed ||
		fail "the check run says: $(runs "$second" gitgate/policy)"
	github bob POST "/repos/$NAME/pulls/1/reviews" "{\"event\":\"APPROVE\",\"commit_id\":\"$second\"}" >/dev/null
	within 20 passes "$second" || fail "after the approval: $(runs "$second" gitgate/policy)"
	[ "$(live)" = one ] || fail "live before it was merged: $(live)"
	# merged, as GitHub does it: by a merge commit
	merge=$(git -C "$T/clone" commit-tree --no-gpg-sign -p "$base" -p "$second" -m "Merge pull request #1" "$second^{tree}")
	github acme PUT "/repos/$NAME/pulls/1/merge" '{}' >/dev/null
	git -C "$T/clone" push -q origin "$merge:refs/heads/main"
	mirror refs/heads/main
	assert_live two
	assert_concluded success "$merge" gitgate/policy
	assert_concluded success "$merge" gitgate/web
	# one comment, brought up to date
	within 10 one_comment || fail "comments: $(github acme GET "/repos/$NAME/issues/1/comments")"
	# the App's key never left; what was sent stood under tokens of its installation
	! grep -q "PRIVATE KEY" "$T/forge/requests.log" "$T/log" || fail "the App's key was sent or logged"
}

passes() { # COMMIT: the newest check run of it
	runs "$1" gitgate/policy | grep -q '^completed success'
}

one_comment() {
	[ "$(github acme GET "/repos/$NAME/issues/1/comments" | "$NODE" -p 'JSON.parse(require("fs").readFileSync(0)).length')" = 1 ]
}

@test "github: opened, refused, mended, approved, merged, deployed, told: by webhooks alone" {
	start_emulate "http://127.0.0.1:$HOOK_PORT/hooks/hub"
	github_config 1h
	whole_way
	[ "$(curl -s --unix-socket "$T/run/gitgate.sock" 'http://x/api/v1/deliveries?limit=100' | grep -o '"source":"hub"' | wc -l)" -ge 5 ]
}

@test "github: the same with every webhook lost, by polling alone" {
	start_emulate "http://127.0.0.1:1/lost"
	github_config 1s
	whole_way
	assert_equal "$(curl -s --unix-socket "$T/run/gitgate.sock" 'http://x/api/v1/deliveries?limit=100' | grep -o '"source":"hub"' | wc -l)" 0
}
