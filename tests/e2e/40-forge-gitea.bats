#!/usr/bin/env bats
# tests/e2e/40-forge-gitea.bats - a Gitea, as tests/forge/forge.mjs plays it: webhook in, fetch
# over https, verdict, status and comment out.

load helpers
load service
load forge

NAME=acme/shop

setup() {
	begin_forge
	mkdir -p "$T/git"
	git init -q --bare "$T/git/shop.git"
	git clone -q "$T/git/shop.git" "$T/clone" 2>/dev/null
	put deploy/web/app.yaml "one"
	commit -m "begin"
	git -C "$T/clone" push -q origin main
	start_git_server
	start_forge
	HOOK_PORT=$(free_port)
	forge_config
}

teardown() {
	end_forge
}

# forge_config [LINE...]: further rules
forge_config() {
	local line
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
			  alice:
			    email: [alice@example.org]
			    ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]
			  bob: {forge: {gitea: bob}}
			sources:
			  gitea:
			    kind: gitea
			    secrets-file: $T/secrets/hook
			    api: $API_BASE/gitea
			    token-file: $T/secrets/token
			    requests-per-minute: 6000
			    api-timeout: 5s
			repositories:
			  shop:
			    source: gitea
			    name: $NAME
			    url: https://127.0.0.1:$GIT_PORT/git/shop.git
			    username: robot
			    password-file: $T/secrets/git
			    ca-file: $T/tls/ca.pem
			    poll: ${POLL:-1h}
			    anchor: {refs/heads/main: root}
			targets:
			  web: {repository: shop, paths: [deploy/web], directory: {path: $T/live/web}, drift: {every: 1h}}
			rules:
			  - {name: everything-is-signed, signatures: {by: [alice]}}
			  - {name: no-keys, files: {forbid: ["*.pem"]}}
		END
		for line; do printf '%s\n' "$line"; done
	} >"$T/gitgate.yaml"
	mkdir -p "$T/live/web"
}

head_of() {
	git -C "$T/clone" rev-parse "${1:-HEAD}"
}

# pushed [REF]: what stands in the work tree, at the forge and in its webhook
pushed() {
	local ref=${1:-refs/heads/main} before
	before=$(tip "$T/git/shop.git" "$ref")
	git -C "$T/clone" push -q -f origin "HEAD:$ref"
	[ -n "${LOST-}" ] || {
		send_webhook gitea push "{\"name\":\"$NAME\",\"ref\":\"$ref\",\"before\":\"${before:-$(printf '%040d' 0)}\",\"after\":\"$(head_of)\"}"
		assert_taken
	}
}

# request NUMBER ACTION [JSON members]: the head of the work tree's HEAD as a merge request into main
request() {
	local head base
	head=$(head_of) base=$(tip "$T/git/shop.git" refs/heads/main)
	git -C "$T/clone" push -q -f origin "HEAD:refs/pull/$1/head"
	tell merge-request "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":$1,\"head\":\"$head\",\"base\":\"$base\"${3:+,$3}}"
	[ -n "${LOST-}" ] || {
		send_webhook gitea request "{\"name\":\"$NAME\",\"number\":$1,\"action\":\"$2\",\"head\":\"$head\",\"base\":\"$base\"}"
		assert_taken
	}
}

# On a branch of its own, away from main: a change that may be merged.
topic() {
	git -C "$T/clone" checkout -q -B "${1:-topic}" origin/main
}

@test "gitea: a push is pending and then passes, once; it is deployed and that is told too" {
	start_service
	put deploy/web/app.yaml "two"
	commit
	pushed
	assert_live two
	assert_posts "pending success" gitea "$NAME" gitgate/policy "$(head_of)"
	assert_final success gitea "$NAME" gitgate/web "$(head_of)"
	[[ "$(description gitea "$NAME" gitgate/policy "$(head_of)")" != *fail* ]]
	# The same delivery again, and what the forge calls Redeliver: nothing is said twice.
	send_webhook gitea push "{\"id\":\"again\",\"name\":\"$NAME\",\"ref\":\"refs/heads/main\",\"before\":\"$(head_of HEAD~1)\",\"after\":\"$(head_of)\"}" 3
	within 10 settled
	sleep 0.5
	assert_posts "pending success" gitea "$NAME" gitgate/policy "$(head_of)"
	assert_equal "$(requests 'r.method === "POST" && /statuses/.test(r.path) && r.body.context === "gitgate/web" && r.body.state === "success" && r.path.endsWith("'"$(head_of)"'")')" 1
}

@test "gitea: a refused push says which rule, in which file and line, and is not deployed" {
	start_service
	assert_live one
	put deploy/web/app.yaml "sneaked in"
	put keys/server.pem "x"
	commit --no-gpg-sign
	pushed
	assert_final failure gitea "$NAME" gitgate/policy "$(head_of)"
	run description gitea "$NAME" gitgate/policy "$(head_of)"
	assert_says everything-is-signed
	assert_live one
}

@test "gitea: a final status whose answer was lost is not posted again" {
	start_service
	assert_live one
	put deploy/web/app.yaml "two"
	commit
	tell fault "{\"kind\":\"gitea\",\"part\":\"$(head_of)\",\"final\":true,\"fault\":\"reset-done\",\"times\":2}"
	pushed
	assert_posts "pending success" gitea "$NAME" gitgate/policy "$(head_of)"
	assert_final success gitea "$NAME" gitgate/web "$(head_of)"
	assert_equal "$(requests 'r.fault === "reset-done"')" 2
	within 20 grep -q '"a status was not posted"' "$T/log"
	sleep 3
	assert_posts "pending success" gitea "$NAME" gitgate/policy "$(head_of)"
	assert_final success gitea "$NAME" gitgate/web "$(head_of)"
}

# --- merge requests ---

@test "gitea: a merge request is judged, its findings stand in one comment, which is brought up to date" {
	start_service
	assert_live one
	topic
	put keys/server.pem "x"
	commit
	local first
	first=$(head_of)
	request 7 opened
	assert_final failure gitea "$NAME" gitgate/policy "$first"
	within 10 test "$(comments gitea "$NAME" | wc -l)" = 1 || fail "comments: $(comments gitea "$NAME")"
	run comments gitea "$NAME"
	assert_says no-keys
	assert_says keys/server.pem
	[[ "$output" == "7 0 "* ]] || fail "it was edited already"
	# A new head that has mended it.
	git -C "$T/clone" rm -q --cached keys/server.pem
	rm "$T/clone/keys/server.pem"
	git -C "$T/clone" commit -q --amend --no-edit -S --allow-empty
	request 7 synchronized
	assert_posts "pending success" gitea "$NAME" gitgate/policy "$(head_of)"
	within 10 comment_says 7 accepts || fail "comments: $(comments gitea "$NAME")"
	assert_equal "$(comments gitea "$NAME" | wc -l)" 1
	assert_equal "$(posts gitea "$NAME" gitgate/policy "$first")" "pending failure"
	# Nothing of it is deployed, and main has moved nowhere.
	assert_live one
}

# comment_says NUMBER WORD: and not what is refused
comment_says() {
	comments gitea "$NAME" | grep "^$1 " | grep -q "$2" && ! comments gitea "$NAME" | grep -q no-keys
}

changes_of() { # REQUEST: how many times it was judged
	gitgate log --config "$T/gitgate.yaml" --json --limit 200 | grep -o '"ref":"refs/pull/'"$1"'/head"' | wc -l
}

judged_merges() { # COUNT: how often merge request 7 was judged
	[ "$(grep -c '"event":"a merge request is judged".*"number":7' "$T/log")" = "$1" ]
}

@test "gitea: when the base moves or is another one, a merge request is judged again; closed: never" {
	start_service
	assert_live one
	topic
	put docs/note "a note"
	commit
	request 7 opened
	assert_posts "pending success" gitea "$NAME" gitgate/policy "$(head_of)"
	judged_merges 1
	local head
	head=$(head_of)
	# Another push moves main.
	git -C "$T/clone" checkout -q main
	put deploy/web/app.yaml "two"
	commit
	pushed
	assert_live two
	within 10 judged_merges 2 || fail "not judged for its new base"
	within 10 settled
	# Until that is known again it may not be merged.
	assert_posts "pending success pending success" gitea "$NAME" gitgate/policy "$head"
	# It is retargeted, to a branch that conflicts with it.
	git -C "$T/clone" checkout -q -B release origin/main~1
	put docs/note "another note"
	commit
	pushed refs/heads/release
	within 10 has_final success gitea "$NAME" gitgate/policy "$(head_of)" || fail "release was not judged"
	tell merge-request "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":7,\"base\":\"$(head_of)\",\"base_ref\":\"release\"}"
	send_webhook gitea request "{\"name\":\"$NAME\",\"number\":7,\"action\":\"edited\",\"head\":\"$head\",\"base\":\"$(head_of)\",\"base_ref\":\"release\",\"changes\":{\"ref\":{\"from\":\"main\"}}}"
	assert_taken
	within 10 last_is failure "$head" || fail "posted: $(posts gitea "$NAME" gitgate/policy "$head")"
	# It is closed: what happens to its base is nothing to it any more.
	tell merge-request "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":7,\"state\":\"closed\"}"
	send_webhook gitea request "{\"name\":\"$NAME\",\"number\":7,\"action\":\"closed\",\"head\":\"$head\",\"base\":\"$(head_of)\"}"
	assert_taken
	within 10 settled
	local count
	count=$(grep -c '"event":"a merge request is judged"' "$T/log")
	put docs/more "more"
	commit
	pushed refs/heads/release
	within 10 has_final success gitea "$NAME" gitgate/policy "$(head_of)" || fail "release was not judged again"
	assert_equal "$(grep -c '"event":"a merge request is judged"' "$T/log")" "$count"
}

last_is() { # STATE COMMIT
	[ "$(posts gitea "$NAME" gitgate/policy "$2" | awk '{print $NF}')" = "$1" ]
}

@test "gitea: a review decides: none refuses, an approval of this head passes, one of another head does not" {
	forge_config "  - {name: reviewed, refs: [refs/heads/main], approvals: {count: 1, from: [bob]}}"
	git -C "$T/git/shop.git" rev-parse -q --verify main >"$T/anchor"
	sed -i "s/{refs.heads.main: root}/{refs\/heads\/main: $(cat "$T/anchor")}/" "$T/gitgate.yaml"
	start_service
	topic
	put deploy/web/app.yaml "reviewed"
	commit
	local head base
	head=$(head_of) base=$(tip "$T/git/shop.git" main)
	request 7 opened
	assert_final failure gitea "$NAME" gitgate/policy "$head"
	run description gitea "$NAME" gitgate/policy "$head"
	assert_says reviewed
	# Somebody who does not count, then bob for another head, then bob.
	tell review "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":7,\"reviewer\":\"mallory\",\"state\":\"approved\",\"commit\":\"$head\"}"
	tell review "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":7,\"reviewer\":\"bob\",\"state\":\"approved\",\"commit\":\"$base\"}"
	send_webhook gitea review "{\"name\":\"$NAME\",\"number\":7,\"state\":\"approved\",\"head\":\"$head\",\"base\":\"$base\",\"sender\":\"mallory\"}"
	within 10 judged_merges 2
	within 10 settled
	within 10 last_is failure "$head"
	tell review "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":7,\"reviewer\":\"bob\",\"state\":\"approved\",\"commit\":\"$head\"}"
	send_webhook gitea review "{\"name\":\"$NAME\",\"number\":7,\"state\":\"approved\",\"head\":\"$head\",\"base\":\"$base\",\"sender\":\"bob\"}"
	within 10 last_is success "$head" || fail "posted: $(posts gitea "$NAME" gitgate/policy "$head"): $(description gitea "$NAME" gitgate/policy "$head")"
	# It is merged by the forge: main moves to it, and what was approved is deployed.
	tell merge-request "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":7,\"state\":\"merged\",\"merge_commit\":\"$head\"}"
	git -C "$T/clone" push -q origin "$head:refs/heads/main"
	send_webhook gitea push "{\"name\":\"$NAME\",\"ref\":\"refs/heads/main\",\"before\":\"$base\",\"after\":\"$head\"}"
	send_webhook gitea request "{\"name\":\"$NAME\",\"number\":7,\"action\":\"closed\",\"merged\":true,\"head\":\"$head\",\"base\":\"$base\"}"
	assert_live reviewed
	assert_final success gitea "$NAME" gitgate/web "$head"
}

# --- webhooks that are lost, repeated, forged ---

@test "gitea: with every webhook lost polling alone comes to the same end" {
	export LOST=yes POLL=1s
	forge_config
	start_service
	assert_live one
	put deploy/web/app.yaml "two"
	commit
	pushed
	assert_live two
	assert_posts "pending success" gitea "$NAME" gitgate/policy "$(head_of)"
	assert_final success gitea "$NAME" gitgate/web "$(head_of)"
	topic
	put keys/server.pem "x"
	commit
	request 7 opened
	assert_final failure gitea "$NAME" gitgate/policy "$(head_of)"
	within 10 comment_count 1
	tell merge-request "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":7,\"state\":\"closed\"}"
	assert_equal "$(requests 'r.path.includes("hooks")')" 0
}

comment_count() {
	[ "$(comments gitea "$NAME" | wc -l)" = "$1" ]
}

@test "gitea: a restart in the middle repeats nothing" {
	start_service
	assert_live one
	put deploy/web/app.yaml "two"
	commit
	pushed
	kill -KILL "$SERVICE"
	wait "$SERVICE" 2>/dev/null || true
	start_service
	assert_live two
	topic
	put keys/server.pem "x"
	commit
	request 7 opened
	stop_service
	start_service
	assert_final failure gitea "$NAME" gitgate/policy "$(head_of)"
	within 10 comment_count 1
	stop_service
	start_service
	within 10 settled
	sleep 1
	run tell state "{\"kind\":\"gitea\",\"name\":\"$NAME\"}"
	local twice
	twice=$(node -e 'const seen = new Map(); for (const one of JSON.parse(process.argv[1])[0].statuses) { const key = [one.commit, one.context, one.status].join(" "); seen.set(key, (seen.get(key) ?? 0) + 1); } console.log([...seen].filter(([, count]) => count > 1).map(([key]) => key).join(", "));' "$output")
	assert_equal "$twice" ""
	assert_equal "$(comments gitea "$NAME" | wc -l)" 1
	assert_equal "$(requests 'r.method === "POST" && /comments/.test(r.path)')" 1
}

@test "gitea: replays of a delivery change nothing" {
	start_service
	put deploy/web/app.yaml "two"
	commit
	pushed
	assert_live two
	assert_final success gitea "$NAME" gitgate/web "$(head_of)"
	within 10 settled
	local before live count=${REPLAYS:-1000}
	live=$(release)
	[ -z "${NIGHTLY-}" ] || count=10000
	before=$(requests 'r.method !== "GET"')
	send_webhook gitea push "{\"id\":\"replayed\",\"name\":\"$NAME\",\"ref\":\"refs/heads/main\",\"before\":\"$(head_of HEAD~1)\",\"after\":\"$(head_of)\"}" "$count"
	[[ "$output" =~ ^202\ ([0-9]+) ]] || fail "none was taken"
	# The bound of what waits may answer some with 503, never with anything else.
	! grep -Evq '^(202|503) ' <<<"$output" || fail "answered"
	within 60 nothing_unread || fail "deliveries wait"
	within 20 settled
	sleep 1
	assert_equal "$(requests 'r.method !== "GET"')" "$before"
	assert_equal "$(release)" "$live"
	assert_equal "$(gitgate log --config "$T/gitgate.yaml" --limit 200 | grep -c "verdict.*$(git -C "$T/clone" rev-parse --short=10 HEAD)")" 1
}

nothing_unread() {
	! curl -s --unix-socket "$T/run/gitgate.sock" "http://x/api/v1/deliveries?state=unread&limit=1" | grep -q '"id"'
}

@test "gitea: what is only said in a payload is fetched, judged and told nowhere" {
	start_service
	assert_live one
	assert_final success gitea "$NAME" gitgate/web "$(head_of)"
	assert_final success gitea "$NAME" gitgate/policy "$(head_of)"
	local forged ghost
	forged=$(printf '%040d' 7)
	ghost=$(git -C "$T/clone" commit-tree -m ghost "HEAD^{tree}")
	local before
	before=$(requests 'r.method !== "GET" || !r.path.startsWith("/gitea/api/v1/repos/'"$NAME"'/pulls")')
	# Names that are not configured, or nearly; refs and ids that nobody has; a number that is none.
	local name
	for name in acme/other ../shop "acme/shop.git" "acme/shop/../../etc" "acme%2fshop" "http://127.0.0.1:$ELSEWHERE_PORT/acme/shop" "" "acme/shop "; do
		send_webhook gitea push "{\"name\":\"$name\",\"ref\":\"refs/heads/main\",\"before\":\"$forged\",\"after\":\"$ghost\"}"
		assert_taken
	done
	# A name that is none makes it unreadable: then our own repositories are looked at.
	assert_equal "$(requests 'r.method !== "GET" || !r.path.startsWith("/gitea/api/v1/repos/'"$NAME"'/pulls")')" "$before"
	send_webhook gitea push "{\"name\":\"$NAME\",\"ref\":\"refs/heads/main\",\"before\":\"$forged\",\"after\":\"$ghost\"}"
	send_webhook gitea push "{\"name\":\"$NAME\",\"ref\":\"refs/heads/../../../evil\",\"before\":\"$forged\",\"after\":\"$forged\"}"
	send_webhook gitea request "{\"name\":\"$NAME\",\"number\":99,\"action\":\"opened\",\"head\":\"$ghost\",\"base\":\"$forged\"}"
	cat >"$T/forged.json" <<-END
		{"ref": "refs/heads/main", "before": "$forged", "after": "$ghost", "sender": {"login": "alice"},
		 "repository": {"full_name": "$NAME", "clone_url": "http://127.0.0.1:$ELSEWHERE_PORT/a.git",
		  "url": "http://127.0.0.1:$ELSEWHERE_PORT/api", "statuses_url": "http://127.0.0.1:$ELSEWHERE_PORT/statuses/{sha}",
		  "ssh_url": "ssh://127.0.0.1:$ELSEWHERE_PORT/a", "default_branch": "evil"},
		 "pull_request": {"number": 7, "url": "http://127.0.0.1:$ELSEWHERE_PORT/pull",
		  "head": {"sha": "$ghost", "repo": {"clone_url": "http://127.0.0.1:$ELSEWHERE_PORT/b.git"}}}}
	END
	send_webhook gitea push "@$T/forged.json"
	assert_taken
	within 10 nothing_unread
	within 10 settled
	sleep 1
	assert_equal "$(wc -c <"$T/forge/elsewhere.log")" 0
	assert_equal "$(posts gitea "$NAME" gitgate/policy "$ghost")$(posts gitea "$NAME" gitgate/web "$ghost")" ""
	assert_equal "$(requests 'r.method !== "GET" && r.path.includes("'"$ghost"'")')" 0
	! grep -q "$ghost" <(gitgate log --config "$T/gitgate.yaml" --json --limit 200 | grep verdict) || fail "the ghost has a verdict"
	assert_live one
}

@test "gitea: an authentic delivery that cannot be read means looking at everything" {
	start_service
	assert_live one
	put deploy/web/app.yaml "two"
	commit
	LOST=yes pushed
	printf '{"ref": "refs/heads/\\u0000", "repository": {"full_name": 1e999999' >"$T/unreadable"
	send_webhook gitea push "@$T/unreadable"
	assert_taken
	assert_live two
	assert_final success gitea "$NAME" gitgate/policy "$(head_of)"
	assert_logged "could not be read"
}

@test "gitea: a wrong secret, an unknown source and no signature are one and the same 401" {
	start_service
	local before answers=()
	printf 'not the secret\n' >"$T/wrong"
	SECRET_FILE="$T/wrong" send_webhook gitea push "{\"name\":\"$NAME\",\"ref\":\"refs/heads/main\"}"
	answers+=("$output")
	SOURCE_NAME=nowhere send_webhook gitea push "{\"name\":\"$NAME\",\"ref\":\"refs/heads/main\"}"
	answers+=("$output")
	answers+=("401 $(curl -s -X POST -H 'Content-Type: application/json' --data-binary '{}' "http://127.0.0.1:$HOOK_PORT/hooks/gitea")")
	assert_equal "${answers[0]%% *}" 401
	assert_equal "${answers[1]}" "${answers[0]}"
	assert_equal "${answers[2]}" "${answers[0]}"
	assert_equal "$(curl -s --unix-socket "$T/run/gitgate.sock" 'http://x/api/v1/deliveries?limit=5' | grep -c '"source":"gitea"')" 0
}
