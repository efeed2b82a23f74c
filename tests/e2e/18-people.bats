#!/usr/bin/env bats
# Rights of principals: by ref and by path, whose address a commit may bear, how long a
# principal counts, and for what a revoked key still does.

load helpers

setup() {
	begin
	make_guarded
	make_key bob
	make_key carol
}

line() {
	cut -d' ' -f1,2 "$T/keys/$1.pub"
}

# floor RULES [MORE]: alice, bob and carol by their ssh keys
floor() {
	cat >"$T/gitgate.yaml" <<-END
		principals:
		  alice: {email: [alice@example.org], ssh: ["$(line alice)"]}
		  bob: {email: [bob@example.org, 7+bob@users.noreply.github.com], ssh: ["$(line bob)"]}
		  carol: {email: [carol@example.org], ssh: ["$(line carol)"]}
		groups:
		  maintainers: [alice]
		  everybody: [maintainers, bob, carol]
		${2-}
		rules:
		$1
	END
}

# by NAME [git commit's options]: a commit of everything, signed by that person's key
by() {
	local name="$1"
	shift
	git -C "$T/clone" add -A
	git -C "$T/clone" -c "user.signingKey=$T/keys/$name" -c "user.name=$name" -c "user.email=$name@example.org" \
		commit -q --allow-empty -S -m "a change by $name" "$@"
}

work() {
	git -C "$T/clone" "$@"
}

@test "people: who may sign on one ref does not sign on another by way of it" {
	git --git-dir="$T/shop.git" config --add gitgate.protected 'refs/heads/**'
	floor "  - {name: main, refs: [refs/heads/main], signatures: {by: [maintainers]}}
  - {name: others, refs: ['refs/heads/{x,dev}', refs/heads/dev, refs/heads/exact], signatures: {by: [everybody]}}"
	put app.yaml "by bob"
	by bob
	push origin HEAD:refs/heads/dev
	assert_accepted
	push origin HEAD:refs/heads/main
	assert_refused
	assert_tells "signed by 'bob', whose signature does not count here"
	# The other way there is nothing to be said against it: fewer may sign main.
	work reset -q --hard origin/main
	put app.yaml "by alice"
	by alice
	push origin HEAD:refs/heads/main
	assert_accepted
	push origin HEAD:refs/heads/exact
	assert_accepted
	# And without a push in between the same holds.
	put app.yaml "by bob again"
	by bob
	push origin HEAD:refs/heads/main HEAD:refs/heads/exact
	assert_refused
	push origin HEAD:refs/heads/exact
	assert_accepted
}

@test "people: a rule with paths asks who signed the commits that touch them" {
	floor "  - {name: all, signatures: {by: [everybody]}}
  - {name: production, paths: ['deploy/production/**'], signatures: {by: [maintainers]}}"
	put src/a.c "1"
	by bob
	push origin main
	assert_accepted
	put deploy/production/web.yaml "replicas: 2"
	by bob
	push origin main
	assert_refused
	assert_says "[production]"
	refute_says "[all]"
	# Signing on top of it does not help, nor does taking it back again.
	by alice
	push origin main
	assert_refused
	work revert -n HEAD~1
	by alice
	push origin main
	assert_refused
	work reset -q --hard HEAD~3
	put deploy/production/web.yaml "replicas: 2"
	by alice
	put src/a.c "2"
	by bob
	push origin main
	assert_accepted
	# Every way to touch a path: mode, deletion, rename away and into, link, root.
	local how
	for how in 'chmod +x deploy/production/web.yaml' 'rm deploy/production/web.yaml' \
		'mv deploy/production/web.yaml elsewhere.yaml' 'mv src/a.c deploy/production/a.c' \
		'ln -sf web.yaml deploy/production/link'; do
		(cd "$T/clone" && eval "$how")
		by bob
		push origin main
		assert_refused
		assert_says "[production]"
		git -C "$T/clone" commit -q --amend --no-edit -S
		push origin +HEAD:refs/heads/other
		assert_accepted
		work reset -q --hard origin/main
	done
	# On a ref that the rule does not speak about it says nothing.
	floor "  - {name: all, signatures: {by: [everybody]}}
  - {name: production, refs: [refs/heads/main], paths: ['deploy/production/**'], signatures: {by: [maintainers]}}"
	put deploy/production/web.yaml "replicas: 3"
	by bob
	push origin HEAD:refs/heads/side
	assert_accepted
	push origin HEAD:refs/heads/main
	assert_refused
}

@test "people: merges and paths" {
	local all="  - {name: all, signatures: {by: [everybody]}}
  - {name: production, paths: ['production/**'], signatures: {by: [maintainers]}}"
	floor "$all"
	put production/web.yaml "version: 1"
	by alice
	push origin main
	assert_accepted
	work branch old
	put production/web.yaml "version: 2"
	by alice
	push origin main
	assert_accepted
	# Bob's branch left before; he merges main into it, and back.
	work checkout -q old
	put src/a.c "bob's"
	by bob
	work merge -q --no-commit main
	by bob
	work checkout -q main
	work merge -q --no-ff --no-commit old
	by bob
	push origin main
	assert_accepted
	# A merge that brings an old version back is no plain merge.
	work checkout -q -b back main~1
	work reset -q --hard "$(git -C "$T/clone" log --format=%H --grep='by alice' | sed -n 2p)"
	put src/b.c "innocent"
	by bob
	work checkout -q main
	work merge -q --no-commit -s ours back
	work checkout -q back -- production/web.yaml
	assert_equal "$(cat "$T/clone/production/web.yaml")" "version: 1"
	by bob
	push origin main
	assert_refused
	assert_says "[production]"
	# Signed by a maintainer it is.
	git -C "$T/clone" commit -q --amend --no-edit -S
	push origin main
	assert_accepted
	assert_equal "$(git --git-dir="$T/shop.git" show main:production/web.yaml)" "version: 1"
	# Both sides changed it: what the merge makes of it is new, even one side's.
	work checkout -q -b left main
	put production/web.yaml "left"
	by alice
	work checkout -q -b right main
	put production/web.yaml "right"
	by alice
	work merge -q --no-commit -s ours left
	by bob
	push origin HEAD:refs/heads/main
	assert_refused
	assert_says "[production]"
	work reset -q --hard HEAD~1
	work merge -q --no-commit -s ours left
	by alice
	push origin HEAD:refs/heads/main
	assert_accepted
	# Something slipped into a merge.
	work checkout -q -b evil right~1
	put src/c.c "c"
	by bob
	work checkout -q right
	work merge -q --no-commit evil
	put production/new.yaml "slipped in"
	by bob
	push origin HEAD:refs/heads/main
	assert_refused
	assert_says "[production]"
}

@test "people: unrelated histories and octopuses do not bring paths in" {
	floor "  - {name: all, signatures: {by: [everybody]}}
  - {name: production, paths: ['production/**'], signatures: {by: [maintainers]}}"
	put production/web.yaml "version: 1"
	by alice
	push origin main
	assert_accepted
	work checkout -q --orphan other
	put production/web.yaml "orphan"
	by bob
	work checkout -q main
	work merge -q --no-commit --allow-unrelated-histories -X theirs other
	by bob
	push origin main
	assert_refused
	work merge --abort 2>/dev/null || true
	work reset -q --hard origin/main
	# The root is alice's, but dropping main's version for it is a decision.
	work checkout -q other
	git -C "$T/clone" commit -q --amend --no-edit -S
	work checkout -q main
	work merge -q --no-commit --allow-unrelated-histories -X theirs other
	assert_equal "$(cat "$T/clone/production/web.yaml")" "orphan"
	by bob
	push origin main
	assert_refused
	assert_says "$(work rev-parse --short=10 HEAD)"
	work reset -q --hard origin/main
	local i
	for i in 1 2 3; do
		work checkout -q -b "arm$i" main
		put "src/$i" "$i"
		by bob
	done
	work checkout -q main
	work merge -q --no-commit arm1 arm2 arm3
	by bob
	push origin main
	assert_accepted
	work checkout -q -b arm4 arm1
	put production/web.yaml "of arm 4"
	by bob
	work checkout -q main
	work merge -q --no-commit arm4
	by alice
	push origin main
	assert_refused
	assert_says "[production]"
}

@test "people: the committer and the author must be the signer where the rule says so" {
	floor "  - {name: all, signatures: {by: [everybody], match-committer: true, match-author: true}}"
	by bob
	push origin main
	assert_accepted
	by bob --author 'Carol <carol@example.org>'
	push origin main
	assert_refused
	assert_tells "signed by 'bob', but the author's address is 'carol@example.org'"
	refute_says "the committer's address"
	work reset -q --hard HEAD~1
	git -C "$T/clone" -c "user.signingKey=$T/keys/bob" -c user.email=carol@example.org \
		commit -q --allow-empty -S -m x --author 'Bob <bob@example.org>'
	push origin main
	assert_refused
	assert_tells "signed by 'bob', but the committer's address is 'carol@example.org'"
	refute_says "the author's address"
	work reset -q --hard HEAD~1
	# A forge's noreply address is one like any other; case does not matter, the rest does.
	by bob --author 'Bob <7+Bob@Users.noreply.GitHub.com>'
	push origin main
	assert_accepted
	local email
	for email in 'bob@users.noreply.github.com' 'bob@example.org.evil' 'bob+x@example.org' 'bоb@example.org' ''; do
		by bob --author "Bob <$email>"
		push origin main
		assert_refused
		work reset -q --hard HEAD~1
	done
	# Of a tag the tagger is both.
	git -C "$T/clone" -c "user.signingKey=$T/keys/bob" -c user.email=carol@example.org tag -s -m t v1
	push origin v1
	assert_refused
	assert_tells "the committer's address is 'carol@example.org'"
	floor "  - {name: all, signatures: {by: [everybody], match-author: true}}"
	push origin v1
	assert_refused
	assert_tells "the author's address is 'carol@example.org'"
}

@test "people: trust test says who signed, with what, and why it counts or not" {
	floor "  - {name: all, signatures: {by: [everybody]}}
  - {name: main, refs: [refs/heads/main], signatures: {by: [maintainers]}}
  - {name: production, refs: [refs/heads/dev], paths: ['production/**'], signatures: {by: [maintainers]}}"
	sed -i "s#^  carol: .*#  carol: {email: [carol@example.org], ssh-ca: ['$(line carol)']}#" "$T/gitgate.yaml"
	cd "$T/clone"
	put app.yaml "bob"
	by bob
	run gitgate trust test --floor "$T/gitgate.yaml" HEAD
	assert_equal "$status" 1
	assert_tells "holder bob"
	assert_tells "committer bob@example.org"
	assert_tells "[main]"
	run gitgate trust test --floor "$T/gitgate.yaml" --ref refs/heads/dev HEAD
	assert_equal "$status" 0
	# By the paths that the commit touches.
	put production/web.yaml "bob"
	by bob
	run gitgate trust test --floor "$T/gitgate.yaml" --ref refs/heads/dev HEAD
	assert_equal "$status" 1
	assert_tells "[production]"
	# A tag, the tag in it, and the commit.
	work -c "user.signingKey=$T/keys/bob" tag -s -m one v1
	work -c "user.signingKey=$T/keys/alice" tag -s -m two v2 v1
	run gitgate trust test --floor "$T/gitgate.yaml" v2
	assert_equal "$status" 0
	assert_tells "name v2"
	assert_tells "name v1"
	assert_tells "refs/tags/v2"
	assert_equal "$(grep -c '^holder' <<<"$output")" 3
	run gitgate trust test --floor "$T/gitgate.yaml" --ref refs/tags/v3 v2
	assert_equal "$status" 1
	assert_tells "not as it is pushed"
	# A certificate, for whom it speaks and for whom not.
	make_key dave
	ssh-keygen -q -s "$T/keys/carol" -I "the id" -n carol "$T/keys/dave.pub"
	git -C "$T/clone" -c "user.signingKey=$T/keys/dave-cert.pub" commit -q --allow-empty -S -m certified
	run gitgate trust test --floor "$T/gitgate.yaml" --ref refs/heads/dev HEAD
	assert_equal "$status" 0
	assert_tells "id the id CA SHA256:"
	assert_tells "holder carol"
	ssh-keygen -q -s "$T/keys/carol" -I "the id" -n nobody "$T/keys/dave.pub"
	git -C "$T/clone" -c "user.signingKey=$T/keys/dave-cert.pub" commit -q --allow-empty -S -m certified
	run gitgate trust test --floor "$T/gitgate.yaml" --ref refs/heads/dev HEAD
	assert_equal "$status" 1
	assert_tells "holder nobody in this policy"
	# Unsigned, bad, not a commit.
	by bob --no-gpg-sign
	run gitgate trust test --floor "$T/gitgate.yaml" HEAD
	assert_equal "$status" 1
	assert_tells "signature none"
	work cat-file commit v1^0 | sed 's/a change/a Change/' >"$T/object"
	run gitgate trust test --floor "$T/gitgate.yaml" "$(work hash-object -t commit -w "$T/object")"
	assert_equal "$status" 1
	assert_tells "signature bad"
	run gitgate trust test --floor "$T/gitgate.yaml" 'HEAD^{tree}'
	[ "$status" -ne 0 ] && [ "$status" -ne 1 ] || fail "a tree was judged"
	run gitgate trust test --floor "$T/gitgate.yaml" --upload-pack=x
	[ "$status" -ne 0 ] || fail "an option was taken for a revision"
	sed -i "s#^  bob: {#  bob: {valid-before: 2026-01-01, #" "$T/gitgate.yaml"
	run gitgate trust show --floor "$T/gitgate.yaml"
	assert_tells "principal expired"
	sed -i "s#valid-before: 2026-01-01, ##" "$T/gitgate.yaml"
	# Where no rule asks.
	sed -i 's#{name: all, sig#{name: all, refs: [refs/heads/other], sig#' "$T/gitgate.yaml"
	run gitgate trust test --floor "$T/gitgate.yaml" --ref refs/heads/third v1^0
	assert_equal "$status" 0
	assert_tells "holder bob"
	assert_tells "no rule asks for signatures on refs/heads/third"
}
