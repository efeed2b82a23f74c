#!/usr/bin/env bats
# The service asks a log for what gitsign left there: a repository without our hooks, that
# it fetches.

load helpers
load service
load gitsign
load ../ports

setup() {
	PLACE=rekor begin # an address takes no blanks
	choose_rekor
	make_sigstore online
	mkdir -p "$T/keys"
	: >"$T/keys/alice.pub"
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
}

teardown() {
	end_service
	end_rekor
}

# write_config [line of rekor] [option of the repository]
write_config() {
	server_config "sigstore: {trusted-root: sigstore/trusted_root.json}" ${1:+"rekor: {$1}"}
	sed -i -e 's|^    ssh:.*|    sigstore: {issuer: "https://issuer.example.org", subject: "alice@example.org"}|' \
		-e "s|shop: {path: \"\(.*\)/shop.git\", |shop: {url: \"file://\1/shop.git\", ${2:+$2, }|" "$T/gitgate.yaml"
}

# brought TEXT: a commit at the repository; its id in $commit. Nobody tells the service.
brought() {
	put deploy/web/app.yaml "$1"
	commit
	commit=$(tip "$T/clone/.git" HEAD)
	push -q origin HEAD:main
	assert_accepted
}

looked() {
	gitgate poll --config "$T/gitgate.yaml" shop
}

proof() {
	echo "$T/state/mirrors/shop.git/gitgate-proofs/${1:-$commit}"
}

reloaded() { # TIMES
	[ "$(grep -c '"event":"the configuration was reloaded"' "$T/log")" -ge "$1" ]
}

@test "rekor: what the log knows is fetched with the commit, once, and counts" {
	write_config "url: \"$ADDRESS/\""
	start_rekor
	start_service
	brought one
	told "$commit"
	looked
	assert_live one
	[ -f "$(proof)" ]
	assert_equal 2 "$(asked)"
	# neither what is stored nor what brings its own proof is asked for
	looked
	sign_as
	brought two
	looked
	assert_live two
	[ ! -e "$(proof)" ]
	assert_equal 2 "$(asked)"
}

@test "rekor: an entry that comes later is found without anybody's doing" {
	write_config "url: \"$ADDRESS\""
	start_rekor
	start_service
	brought one
	looked
	within 20 logged '"result":"fail"' || fail "not judged"
	gg log
	assert_says "brings no log entry"
	[ ! -e "$(proof)" ]
	told "$commit"
	assert_live one
	[ -f "$(proof)" ]
}

@test "rekor: a log that comes back is asked again, and stops no fetch" {
	write_config "url: \"$ADDRESS\""
	start_service
	brought one
	looked
	within 20 logged '"result":"fail"' || fail "not judged"
	assert_logged "the log of signatures cannot be asked"
	told "$commit"
	start_rekor
	assert_live one
	echo busy >"$T/rekor/mood"
	brought two
	told "$commit"
	looked
	within 20 logged "$commit\",\"result\":\"fail\"" || fail "not judged"
	rm "$T/rekor/mood"
	assert_live two
}

@test "rekor: what a log makes up is not believed" {
	local first good
	write_config "url: \"$ADDRESS\", timeout: 1s"
	start_rekor
	start_service
	brought one
	told "$commit"
	looked
	assert_live one
	first=$commit
	# the entry of another commit: not even stored
	brought two
	cp "$T/rekor/$first.json" "$T/rekor/$commit.json"
	looked
	within 20 logged "$commit\",\"result\":\"fail\"" || fail "not judged"
	[ ! -e "$(proof)" ]
	logged "none of the log's entries about $commit" || fail "it is not said why"
	# its own, but the time was not signed by the log
	told "$commit" wrong=promise
	within 20 test -e "$(proof)" || fail "not asked again"
	within 10 settled
	gg log
	assert_says "was not signed by the key of the log"
	is_live one
	# stored anew by hand, and judged again when somebody asks
	told "$commit"
	gitgate trust proof --rekor "$ADDRESS" --git-dir "$T/state/mirrors/shop.git" "$commit"
	looked
	assert_live two
}

asked_since() { # COUNT
	[ "$(asked)" -gt "$1" ]
}

@test "rekor: a log that answers without end, without sense or from elsewhere stops nothing" {
	local mood elsewhere seen
	write_config "url: \"$ADDRESS\", timeout: 1s"
	start_rekor
	start_service
	elsewhere=$(free_port)
	node -e "require('http').createServer((q, a) => { console.log(q.url); a.end('[]'); }).listen($elsewhere, '127.0.0.1')" \
		3>&- >"$T/elsewhere" &
	ELSEWHERE=$!
	for mood in silent endless huge "elsewhere http://127.0.0.1:$elsewhere"; do
		rm -f "$T/rekor/mood"
		sign_as
		brought "before $mood"
		looked
		assert_live "before $mood"
		echo "$mood" >"$T/rekor/mood"
		sign_as online
		brought "$mood"
		# a reload forgets how the log was before
		seen=$(asked)
		kill -HUP "$SERVICE"
		within 30 logged "$commit\",\"result\":\"fail\"" || fail "not judged: $mood"
		# at the latest when it is asked again
		within 60 asked_since "${seen:-0}" || fail "the log was not asked: $mood"
		gg status
		[[ "$output" != *"fetch failed"* ]] || fail "$mood"
		git -C "$T/clone" reset -q --hard HEAD~1
		push -q --force origin HEAD:main
	done
	kill "$ELSEWHERE"
	[ ! -s "$T/elsewhere" ] || fail "somebody else was asked"
}

@test "rekor: nobody is asked where none is configured, or the repository says no" {
	write_config
	start_rekor
	start_service
	brought one
	told "$commit"
	looked
	within 20 logged '"result":"fail"' || fail "not judged"
	gg log
	assert_says "brings no log entry"
	stop_service
	write_config "url: \"$ADDRESS\"" "rekor: false"
	start_service
	looked
	within 20 settled
	assert_equal "" "$(asked)"
	[ ! -e "$(proof)" ]
	# from now on: what came before, too
	write_config "url: \"$ADDRESS\""
	kill -HUP "$SERVICE"
	assert_live one
	assert_equal 2 "$(asked)"
	write_config
	kill -HUP "$SERVICE"
	within 10 reloaded 2 || fail "not reloaded"
	brought two
	told "$commit"
	looked
	within 20 logged "$commit\",\"result\":\"fail\"" || fail "not judged"
	assert_equal 2 "$(asked)"
	stop_service
	write_config "url: \"$ADDRESS\""
	start_service
	assert_live two
	assert_equal 4 "$(asked)"
}

@test "rekor: a signed tag has its entry, too" {
	write_config "url: \"$ADDRESS\""
	start_rekor
	start_service
	brought one
	told "$commit"
	git -C "$T/clone" tag -s -m v1 v1
	commit=$(tip "$T/clone/.git" v1)
	told "$commit"
	push -q origin v1
	looked
	assert_live one
	within 10 test -e "$(proof)" || fail "no proof of the tag"
	within 20 settled
	gg log
	assert_says "refs/tags/v1"
	[[ "$output" != *refused* ]] || fail "the tag was refused"
}
