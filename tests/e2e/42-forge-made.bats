#!/usr/bin/env bats
# tests/e2e/42-forge-made.bats - commits that a forge made and signed itself, through the service:
# merge requests are opened and merged at a Gitea (tests/forge/forge.mjs), and what it pushed is
# made again by the runner.

load helpers
load service
load forge
load forge_made

NAME=acme/shop

setup() {
	begin_forge
	make_key forge
	mkdir -p "$T/git" "$T/live/web"
	git init -q --bare "$T/git/shop.git"
	git clone -q "$T/git/shop.git" "$T/clone" 2>/dev/null
	put deploy/web/app.yaml "one"
	seq 10 >"$T/clone/lines.txt"
	commit -m "begin"
	git -C "$T/clone" push -q origin main
	start_git_server
	start_forge
	HOOK_PORT=$(free_port)
	configure
	start_service
	assert_live one
}

teardown() {
	end_forge
}

configure() {
	{
		cat <<-END
			store: $T/state/state.db
			state-directory: $T/state
			socket: $T/run/gitgate.sock
			listen: ["127.0.0.1:$HOOK_PORT"]
		END
		[ "$(id -u)" != 0 ] || printf '%s: root\n' user intake-user job-user
		cat <<-END
			principals:
			  alice: {email: [alice@example.org], ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]}
			  forge: {email: [noreply@forge.example.org], ssh: ["$(cut -d' ' -f1,2 "$T/keys/forge.pub")"]}
			sources:
			  gitea:
			    kind: gitea
			    secrets-file: $T/secrets/hook
			    api: $API_BASE/gitea
			    token-file: $T/secrets/token
			    requests-per-minute: 6000
			repositories:
			  shop:
			    source: gitea
			    name: $NAME
			    url: https://127.0.0.1:$GIT_PORT/git/shop.git
			    username: robot
			    password-file: $T/secrets/git
			    ca-file: $T/tls/ca.pem
			    poll: 1h
			    anchor: {refs/heads/main: root}
			targets:
			  web: {repository: shop, paths: [deploy/web], directory: {path: $T/live/web}, drift: {every: 1h}}
			rules:
			  - name: everything-is-signed
			    signatures: {by: [alice], forge-merges: recompute, forge-keys: [forge]}
		END
	} >"$T/gitgate.yaml"
}

head_of() {
	git -C "$T/clone" rev-parse "${1:-HEAD}"
}

# pushed: main as it stands in the work tree, at the forge and in its webhook
pushed() {
	local before
	before=$(tip "$T/git/shop.git" refs/heads/main)
	git -C "$T/clone" push -q -f origin main
	send_webhook gitea push "{\"name\":\"$NAME\",\"ref\":\"refs/heads/main\",\"before\":\"$before\",\"after\":\"$(head_of main)\"}"
	assert_taken
}

# opened NUMBER BRANCH: a merge request into main that is judged
opened() {
	local head base
	head=$(head_of "$2") base=$(tip "$T/git/shop.git" refs/heads/main)
	git -C "$T/clone" push -q -f origin "$head:refs/pull/$1/head"
	tell merge-request "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":$1,\"head\":\"$head\",\"base\":\"$base\"}"
	send_webhook gitea request "{\"name\":\"$NAME\",\"number\":$1,\"action\":\"opened\",\"head\":\"$head\",\"base\":\"$base\"}"
	assert_taken
	assert_final success gitea "$NAME" gitgate/policy "$head"
}

# closed NUMBER BRANCH: by a merge to what main is in the work tree
closed() {
	tell merge-request "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":$1,\"state\":\"merged\",\"merge_commit\":\"$(head_of main)\"}"
	pushed
	send_webhook gitea request "{\"name\":\"$NAME\",\"number\":$1,\"action\":\"closed\",\"merged\":true,\"head\":\"$(head_of "$2")\",\"base\":\"$(head_of main~1)\"}"
	assert_taken
}

# topic and main both went on: what is on main is live
both_sides() {
	branch topic
	put deploy/web/app.yaml "two"
	commit -m "two"
	on main
	put ours.txt "ours"
	commit -m "ours"
	pushed
	assert_final success gitea "$NAME" gitgate/policy "$(head_of main)"
}

refused() { # TEXT
	assert_final failure gitea "$NAME" gitgate/policy "$(head_of main)"
	run description gitea "$NAME" gitgate/policy "$(head_of main)"
	assert_says "$1"
	within 10 settled
	is_live one || fail "it is deployed"
}

@test "service: what the forge merged is made again, and deployed" {
	both_sides
	opened 7 topic
	forge_merges topic
	closed 7 topic
	assert_final success gitea "$NAME" gitgate/policy "$(head_of main)"
	assert_live two
	[ -z "$(find "$T/state" -name "made-*")" ] || fail "something is left in scratch"
	# The next one of the same repository is judged at once, and the first is remembered.
	branch topic2 main~1
	put deploy/web/other.yaml "three"
	commit -m "three"
	on main
	opened 8 topic2
	forge_merges topic2
	closed 8 topic2
	assert_final success gitea "$NAME" gitgate/policy "$(head_of main)"
	within 10 is_live three web other.yaml
	stop_service
	start_service
	within 10 settled
	is_live three web other.yaml
}

@test "service: a merge with something more is refused, and not deployed" {
	both_sides
	opened 7 topic
	main_at "$(forge_tree "$(tree_with "$(merged main topic)" deploy/web/evil.yaml evil)" "Merge pull request #7" main topic)"
	closed 7 topic
	refused "made by the forge: merging its parents gives another tree: 'deploy/web/evil.yaml' differs"
}

@test "service: what the forge squashed is made again of the merge request's head" {
	both_sides
	on topic
	put docs "about two"
	commit -m "documents"
	on main
	opened 7 topic
	squash topic "Two (#7)"
	closed 7 topic
	assert_final success gitea "$NAME" gitgate/policy "$(head_of main)"
	assert_live two
}

@test "service: a squash with something more is refused, and not deployed" {
	both_sides
	opened 7 topic
	main_at "$(forge_tree "$(tree_with "$(merged main topic)" deploy/web/evil.yaml evil)" "Two (#7)" main)"
	closed 7 topic
	refused "made by the forge: squashing refs/pull/7/head gives another tree"
}

@test "service: what the forge rebased is made again commit by commit" {
	both_sides
	on topic
	put docs "about two"
	commit -m "documents"
	on main
	opened 7 topic
	rebase topic
	closed 7 topic
	assert_final success gitea "$NAME" gitgate/policy "$(head_of main)"
	assert_live two
}

@test "service: a merge request whose branch the forge brought up to date passes, an evil one does not" {
	both_sides
	on topic
	as_forge merge -q --no-ff -S -m "Merge branch 'main' into topic" main
	opened 7 topic
	evil=$(forge_tree "$(tree_with topic evil.txt evil)" "Merge branch 'main'" topic~1 main)
	git -C "$T/clone" update-ref refs/heads/evil "$evil"
	git -C "$T/clone" push -q -f origin "$evil:refs/pull/8/head"
	tell merge-request "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":8,\"head\":\"$evil\",\"base\":\"$(head_of main)\"}"
	send_webhook gitea request "{\"name\":\"$NAME\",\"number\":8,\"action\":\"opened\",\"head\":\"$evil\",\"base\":\"$(head_of main)\"}"
	assert_final failure gitea "$NAME" gitgate/policy "$evil"
}

@test "service: a squash that comes before its merge request was heard of is judged again" {
	both_sides
	git -C "$T/clone" push -q -f origin topic:refs/pull/7/head
	base=$(head_of main) head=$(head_of topic)
	squash topic "Two (#7)"
	pushed
	within 10 has_final failure gitea "$NAME" gitgate/policy "$(head_of main)" || fail "it was not refused first"
	run description gitea "$NAME" gitgate/policy "$(head_of main)"
	assert_says "no verified head"
	is_live one
	tell merge-request "{\"kind\":\"gitea\",\"name\":\"$NAME\",\"number\":7,\"head\":\"$head\",\"base\":\"$base\",\"state\":\"merged\",\"merge_commit\":\"$(head_of main)\"}"
	send_webhook gitea request "{\"name\":\"$NAME\",\"number\":7,\"action\":\"closed\",\"merged\":true,\"head\":\"$head\",\"base\":\"$base\"}"
	assert_taken
	assert_live two
}
