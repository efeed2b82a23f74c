#!/usr/bin/env bats
# S3: one unsigned commit, wherever it hides in what is pushed, is refused. Each way has a
# genuine twin, the same shape with that commit signed, which is accepted.

load helpers
load topologies

setup() {
	begin_with make_guarded
	cd "$T/clone"
}

# expect_both SHAPE REFSPEC...: SHAPE is a function that builds with $1 as the hidden
# commit's signing option
expect_both() {
	local shape="$1" hidden
	shift
	cp -a "$T/clone" "$T/clone.clean"
	"$shape" --no-gpg-sign
	hidden=$(git rev-parse HIDDEN)
	push origin "$@"
	assert_refused
	assert_says "commit ${hidden:0:10}"
	cd "$T"
	rm -rf "$T/clone"
	mv "$T/clone.clean" "$T/clone"
	cd "$T/clone"
	"$shape" -S
	push origin "$@"
	assert_accepted
}

@test "topology: behind signed commits" {
	expect_both deep main
}

@test "topology: second parent of a merge" {
	expect_both side main
}

@test "topology: behind a signed commit on a side branch" {
	expect_both side_deep main
}

@test "topology: last parent of an octopus" {
	expect_both octopus main
}

@test "topology: the root of another history" {
	expect_both other_root main
}

@test "topology: on a new branch" {
	expect_both new_branch feature
}

@test "topology: under a signed tag" {
	expect_both on_tag v1
}

@test "topology: under a tag of a tag" {
	expect_both tag_of_tag outer
}

@test "topology: in a criss-cross of merges" {
	expect_both criss_cross main
}

@test "topology: undone again by a signed commit" {
	expect_both reverted main
}

@test "topology: merged with no change at all" {
	expect_both ours main
}

@test "topology: an empty commit" {
	expect_both empty main
}

@test "topology: behind the second of two refs" {
	expect_both two_refs main second
}

@test "topology: in a history that replaces the old one by force" {
	expect_both forced +main
}

@test "topology: a replace ref at the server changes nothing" {
	one hidden --no-gpg-sign
	mark
	# A signed commit that would stand for the unsigned one.
	local signed
	signed=$(git commit-tree -S -p HEAD~1 -m hidden "HEAD^{tree}")
	git --git-dir="$T/shop.git" fetch -q "$T/clone" "$(git rev-parse HIDDEN)" "$signed" 2>/dev/null ||
		git --git-dir="$T/shop.git" fetch -q "$T/clone" "+refs/*:refs/keep/*"
	git update-ref refs/tests/signed "$signed"
	git --git-dir="$T/shop.git" fetch -q "$T/clone" "+refs/tests/*:refs/keep/*"
	git --git-dir="$T/shop.git" update-ref "refs/replace/$(git rev-parse HIDDEN)" "$signed"
	push origin main
	assert_refused
	assert_says "commit $(git rev-parse HIDDEN | cut -c1-10)"
	git reset -q --hard "$signed"
	push origin main
	assert_accepted
}

@test "topology: a replace ref of the one who pushes changes nothing" {
	one hidden --no-gpg-sign
	mark
	local signed
	signed=$(git commit-tree -S -p HEAD~1 -m hidden "HEAD^{tree}")
	git replace "$(git rev-parse HIDDEN)" "$signed"
	push origin main
	assert_refused
	push origin "refs/replace/*:refs/replace/*" main
	assert_refused
	git replace -d "$(git rev-parse HIDDEN)" >/dev/null
	git reset -q --hard "$signed"
	push origin main
	assert_accepted
}

@test "topology: grafts at the server refuse everything" {
	one hidden --no-gpg-sign
	mark
	one a -S
	git rev-parse HEAD >"$T/shop.git/info/grafts"
	push origin main
	assert_refused
	assert_says "grafts"
	rm "$T/shop.git/info/grafts"
	git reset -q --hard HEAD~2
	one a -S
	push origin main
	assert_accepted
}

@test "topology: a shallow server refuses everything" {
	one a -S
	git rev-parse HEAD~1 >"$T/shop.git/shallow"
	push origin main
	[ "$status" -ne 0 ]
	assert_says "shallow"
	rm "$T/shop.git/shallow"
	push origin main
	assert_accepted
}

@test "topology: a push from a shallow clone brings no hidden parent" {
	one hidden --no-gpg-sign
	one a -S
	git --git-dir="$T/shop.git" config core.bare true
	git init -q --bare "$T/other.git"
	git push -q "$T/other.git" main
	git clone -q --depth 1 "file://$T/other.git" "$T/shallow" 2>/dev/null
	git -C "$T/shallow" remote set-url origin "$T/shop.git"
	run git -C "$T/shallow" push origin main
	[ "$status" -ne 0 ]
	assert_no_quarantine "$T/shop.git"
	assert_equal "$(tip "$T/shop.git" main)" "$(git rev-parse HEAD~2)"
}
