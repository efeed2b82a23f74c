#!/usr/bin/env bats
# Rules of kind push at the service: it believes nobody that a push was signed, but
# verifies the certificates that the hook kept in the repository, one after another from
# what was accepted to what is there.

load helpers
load service

setup() {
	begin
	make_key mallory
	make_key alice
	server_config
	sed -i 's|^    signatures: {by: \[alice\]}|&\n  - name: pushes-are-signed\n    push: {by: [alice]}|' "$T/gitgate.yaml"
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	gitgate init "$T/shop.git" --from-root --config "$T/gitgate.yaml" >"$T/init.out"
}

teardown() {
	end_service
	end
}

signed() { # TEXT: a commit, pushed with a signature
	put deploy/web/app.yaml "$1"
	commit
	push --signed origin "${2:-main}"
	assert_accepted
}

# past_the_hook REFSPEC: by somebody who can write into the repository
past_the_hook() {
	git -C "$T/clone" push -q --receive-pack="git -c core.hooksPath=/dev/null receive-pack" origin "$@" 2>/dev/null
	gitgate poll --config "$T/gitgate.yaml" shop >/dev/null
}

records() {
	git --git-dir="$T/shop.git" rev-list --count refs/gitgate/pushes
}

@test "signed pushes: are kept by the hook and judged again by the service" {
	start_service
	signed "one"
	assert_live "one"
	signed "two"
	assert_live "two"
	assert_equal "$(records)" 2
	git --git-dir="$T/shop.git" show refs/gitgate/pushes:certificate | grep -q "refs/heads/main$" || fail "no certificate"
	# The records themselves are nobody's business.
	! grep -q "refs/gitgate" "$T/log" || fail "the records were judged"
	gg status
	refute_says "refs/gitgate"
	push origin +HEAD:refs/gitgate/pushes
	[ "$status" -ne 0 ]
	assert_says "deny updating a hidden ref"
}

@test "signed pushes: what came past the hook is refused, though its commits are signed" {
	start_service
	signed "one"
	assert_live "one"
	put deploy/web/app.yaml "sneaked in"
	commit
	past_the_hook main
	assert_judged fail
	gg status shop
	assert_says "pushes-are-signed"
	assert_live "one"
	# A signed push on top names what it started from, and that nobody signed.
	put deploy/web/app.yaml "on top"
	commit
	push --signed origin main
	assert_accepted
	assert_judged fail
	assert_live "one"
	# Put right by a push from what was accepted.
	git --git-dir="$T/shop.git" update-ref refs/heads/main "$(git -C "$T/clone" rev-parse HEAD~2)"
	git -C "$T/clone" reset -q --hard HEAD~2
	signed "two"
	assert_live "two"
}

@test "signed pushes: several at once are followed back to what was accepted" {
	start_service
	signed "one"
	assert_live "one"
	stop_service
	signed "two"
	signed "three"
	push --signed origin +main~1:main
	assert_accepted
	put deploy/web/app.yaml "four"
	git -C "$T/clone" reset -q --hard HEAD~1
	signed "four"
	start_service
	gg poll shop
	assert_live "four"
	assert_equal "$(records)" 5
}

@test "signed pushes: records that somebody else made do not help" {
	start_service
	signed "one"
	assert_live "one"
	put deploy/web/app.yaml "mallory's"
	commit
	# A certificate of her own, in the place of a genuine one.
	local blob tree old new
	old=$(tip "$T/shop.git" main)
	new=$(git -C "$T/clone" rev-parse HEAD)
	git --git-dir="$T/shop.git" show refs/gitgate/pushes:certificate |
		sed "/^-----BEGIN/,\$d; s/^[0-9a-f]* [0-9a-f]* refs/$old $new refs/" >"$T/cert"
	ssh-keygen -q -Y sign -n git -f "$T/keys/mallory" "$T/cert" 2>/dev/null
	blob=$(cat "$T/cert" "$T/cert.sig" | git --git-dir="$T/shop.git" hash-object -w --stdin)
	tree=$(printf '100644 blob %s\tcertificate\n' "$blob" | git --git-dir="$T/shop.git" mktree)
	git --git-dir="$T/shop.git" update-ref refs/gitgate/pushes \
		"$(git --git-dir="$T/shop.git" commit-tree "$tree" -p refs/gitgate/pushes -m x)"
	past_the_hook main
	assert_judged fail
	gg status shop
	assert_says "which no principal holds"
	assert_live "one"
}

@test "signed pushes: where nothing is recorded the anchor is where it begins" {
	# A history from before the rule.
	sed -i '/pushes-are-signed/,+1d' "$T/gitgate.yaml"
	put deploy/web/app.yaml "old"
	commit
	push origin main
	assert_accepted
	sed -i 's|^    signatures: {by: \[alice\]}|&\n  - name: pushes-are-signed\n    push: {by: [alice]}|' "$T/gitgate.yaml"
	sed -i "s|anchor: {refs/heads/main: root}|anchor: {refs/heads/main: $(tip "$T/shop.git" main)}|" "$T/gitgate.yaml"
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" >/dev/null
	start_service
	gg poll shop
	assert_live "old"
	signed "new"
	assert_live "new"
	# Another branch, its creation and its end.
	signed "other" HEAD:refs/heads/other
	assert_judged pass
	push --signed origin :other
	assert_accepted
	# Pushes at the same time lose no record.
	local i
	for i in {1..6}; do
		git -C "$T/clone" push -q --signed origin "HEAD:refs/heads/at-once-$i" 2>"$T/push.$i" &
	done
	wait $(jobs -p | grep -v "^$SERVICE\$")
	assert_equal "$(records)" 9
}
