#!/usr/bin/env bats
# tests/e2e/18-forge-made.bats - commits that a forge made and signed with its own key, through
# the hook: they count when git makes the same of verified commits, and not otherwise.

load helpers
load service
load forge_made

setup() {
	begin_with make_forge_guarded
}

# --- merges ---

@test "merge: of verified commits it counts, and is remembered" {
	two_sides
	forge_merges topic
	push origin main
	assert_accepted
	grep -q '^forge-made-1 ' "$T/shop.git/gitgate/facts" || fail "it is not remembered"
	push origin main:refs/heads/again
	assert_accepted
}

@test "merge: where the rule does not say recompute, the forge is anybody" {
	write_forge_floor "by: [alice]"
	two_sides
	forge_merges topic
	push origin main
	assert_refused
	says "signed by 'forge', whose signature does not count here"
}

@test "merge: with something more it is refused, and the path is named" {
	two_sides
	as_forge merge -q --no-ff --no-commit topic
	put evil.txt "more than both"
	put theirs.txt "and other"
	forge_commit -m "Merge pull request #1"
	push origin main
	assert_refused
	made_of "merging its parents gives another tree:"
	says "'evil.txt' differs"
}

@test "merge: with something less it is refused" {
	two_sides
	as_forge merge -q --no-ff -S -s ours -m "Merge pull request #1" topic
	push origin main
	assert_refused
	says "'theirs.txt' differs"
}

@test "merge: onto a base without news it counts, and with something more it does not" {
	branch topic
	put theirs.txt "theirs"
	commit -m "theirs"
	on main
	forge_merges topic
	push origin main
	assert_accepted
	branch topic2
	put theirs.txt "theirs again"
	commit -m "theirs again"
	main_at "$(forge_tree "$(tree_with topic2 evil.txt evil)" "Merge" main topic2)"
	push origin main
	assert_refused
	says "'evil.txt' differs"
}

@test "merge: one side renamed what the other one changed, as ort sees it" {
	branch topic
	git -C "$T/clone" mv lines.txt renamed.txt
	commit -m "rename"
	on main
	sed -i 's/^5$/five/' "$T/clone/lines.txt"
	commit -m "five"
	forge_merges topic
	assert_equal "$(git -C "$T/clone" show HEAD:renamed.txt | sed -n 5p)" five
	push origin main
	assert_accepted
}

@test "merge: a file added to a folder that the other side renamed is a conflict" {
	mkdir "$T/clone/old"
	for name in a b c; do put old/$name "content of $name, which is long enough"; done
	commit -m "a folder"
	branch topic
	git -C "$T/clone" mv old new
	commit -m "the folder is renamed"
	on main
	put old/d "added"
	commit -m "added"
	git -C "$T/clone" config merge.directoryRenames true
	forge_merges topic
	push origin main
	assert_refused
	made_of "its parents conflict, and who resolved that must sign it"
}

@test "merge: of three parents it is refused" {
	for name in one two; do
		branch $name
		put $name.txt "$name"
		commit -m "$name"
		on main
	done
	as_forge merge -q --no-ff -S -m "Merge both" one two
	push origin main
	assert_refused
	made_of "it merges more than two parents, which no forge does"
}

@test "merge: a conflict that was resolved needs a person's key" {
	conflict
	put lines.txt "both"
	forge_commit -m "Merge pull request #1"
	push origin main
	assert_refused
	made_of "its parents conflict, and who resolved that must sign it"
	git -C "$T/clone" commit -q --amend -S --no-edit
	push origin main
	assert_accepted
}

@test "merge: a parent that nobody signed is refused, however right the merge" {
	branch topic
	put theirs.txt "theirs"
	commit --no-gpg-sign -m "theirs"
	on main
	put ours.txt "ours"
	commit -m "ours"
	forge_merges topic
	push origin main
	assert_refused
	says "commit $(short topic): error: the commit is not signed"
	made_of "its parent $(short topic) is not verified: it is not signed"
}

@test "merge: a parent by another key is refused" {
	make_key mallory
	branch topic
	put theirs.txt "theirs"
	git -C "$T/clone" add -A
	git -C "$T/clone" -c user.signingKey="$T/keys/mallory" commit -q -S -m "theirs"
	on main
	put ours.txt "ours"
	commit -m "ours"
	forge_merges topic
	push origin main
	assert_refused
	says "which no principal holds"
}

@test "merge: criss-cross counts" {
	two_sides
	git -C "$T/clone" branch before
	forge_merges topic
	on topic
	as_forge merge -q --no-ff -S -m "the other way" before
	put more.txt "more"
	commit -m "more"
	on main
	put less.txt "less"
	commit -m "less"
	[ "$(git -C "$T/clone" merge-base --all main topic | wc -l)" = 2 ]
	forge_merges topic
	push origin main
	assert_accepted
}

@test "merge: criss-cross with a base that conflicts in itself" {
	conflict
	put lines.txt "resolved one way"
	commit -m "one way"
	git -C "$T/clone" branch left main
	git -C "$T/clone" checkout -q topic
	git -C "$T/clone" merge -q --no-commit main~1 || true
	put lines.txt "resolved one way"
	commit -m "the same way"
	put more.txt "more"
	commit -m "more"
	on main
	put less.txt "less"
	commit -m "less"
	[ "$(git -C "$T/clone" merge-base --all main topic | wc -l)" = 2 ]
	forge_merges topic
	push origin main
	assert_accepted
}

@test "merge: an empty one counts" {
	branch topic
	commit -m "nothing"
	on main
	commit -m "nothing either"
	forge_merges topic
	push origin main
	assert_accepted
}

@test "merge: of what is contained already counts when it changes nothing" {
	two_sides
	main_at "$(forge_tree "$(tree_of main)" "Merge" main main~1)"
	push origin main
	assert_accepted
	main_at "$(forge_tree "$(tree_of main~2)" "Merge" main main~1)"
	push origin main
	assert_refused
	made_of "merging its parents gives another tree"
}

@test "merge: of unrelated histories is refused, as a subtree too" {
	git -C "$T/clone" checkout -q --orphan other
	git -C "$T/clone" rm -qrf .
	put lib.txt "a library"
	commit -m "another beginning"
	on main
	as_forge merge -q --no-ff -S --allow-unrelated-histories -m "Merge" other
	push origin main
	assert_refused
	made_of "its parents have no history in common"
	main_at origin/main
	as_forge merge -q -s ours --no-commit --allow-unrelated-histories other
	git -C "$T/clone" read-tree --prefix=lib/ -u other
	forge_commit -m "Merge as a subtree"
	push origin main
	assert_refused
	made_of "its parents have no history in common"
}

@test "merge: what git's own drivers make of .gitattributes is no merge here" {
	for driver in union binary ours; do
		git -C "$T/clone" checkout -q -B main origin/main
		printf 'lines.txt merge=%s\n' "$driver" >"$T/clone/.gitattributes"
		git -C "$T/clone" config merge.ours.driver true
		commit -m "attributes"
		conflict "topic-$driver"
		put lines.txt "$(git -C "$T/clone" show HEAD:lines.txt)"
		forge_commit -m "Merge by $driver"
		push origin "main:refs/heads/$driver"
		assert_refused
		made_of "its parents conflict"
	done
}

@test "merge: attributes do not keep what merges from counting" {
	printf '* merge=union -text\n' >"$T/clone/.gitattributes"
	commit -m "attributes"
	two_sides
	forge_merges topic
	push origin main
	assert_accepted
}

@test "merge: nothing that was pushed or configured is run" {
	two_sides
	sed -i 's/^9$/nine/' "$T/clone/lines.txt"
	printf '* merge=evil filter=evil diff=evil\n' >"$T/clone/.gitattributes"
	commit -m "attributes"
	on topic
	sed -i 's/^2$/two/' "$T/clone/lines.txt"
	commit -m "two"
	forge=$(forge_tree "$(merged main topic)" "Merge" main topic)
	git -C "$T/clone" update-ref refs/heads/main "$forge"
	hostile
	push origin main
	assert_accepted
	[ ! -e "$T/was-run" ] || fail "something was run: $(cat "$T/was-run")"
	# The twin shows that git runs it, in the same repository, when nothing keeps it.
	GIT_CONFIG_GLOBAL=/dev/null git --git-dir="$T/shop.git" merge-tree --write-tree "$forge^1" "$forge^2" >/dev/null || true
	[ -e "$T/was-run" ] || fail "git itself runs nothing: the test shows nothing"
}

@test "merge: a submodule that one side moved counts, one that both moved is a conflict" {
	gitlink one
	commit -m "a submodule"
	branch topic
	gitlink two
	commit -m "moved"
	on main
	put ours.txt "ours"
	gitlink one
	commit -m "ours"
	main_at "$(forge_tree "$(merged main topic)" "Merge" main topic)"
	push origin main
	assert_accepted
	branch topic2 topic
	gitlink three
	commit -m "moved on"
	on main
	gitlink four
	commit -m "moved elsewhere"
	main_at "$(forge_tree "$(tree_of topic2)" "Merge" main topic2)"
	push origin main
	assert_refused
	made_of "its parents conflict"
}

@test "merge: links and modes count" {
	branch topic
	chmod +x "$T/clone/lines.txt"
	ln -s kept.txt "$T/clone/link"
	commit -m "a link, and a mode"
	on main
	sed -i 's/^5$/five/' "$T/clone/lines.txt"
	commit -m "five"
	forge_merges topic
	[ "$(git -C "$T/clone" ls-tree HEAD lines.txt | cut -c1-6)" = 100755 ]
	push origin main
	assert_accepted
	main_at "$(forge_tree "$(tree_with main link evil 120000)" "Merge" main~1 topic)"
	push origin main:refs/heads/other
	assert_refused
	says "'link' differs"
}

@test "merge: large files that both sides changed" {
	seq 600000 >"$T/clone/large.txt"
	commit -m "large"
	branch topic
	sed -i '1s/$/ theirs/' "$T/clone/large.txt"
	commit -m "theirs"
	on main
	sed -i '$s/$/ ours/' "$T/clone/large.txt"
	commit -m "ours"
	forge_merges topic
	push origin main
	assert_accepted
}

@test "merge: several in one push, each on its own" {
	two_sides
	forge_merges topic
	branch topic2 main~1
	put more.txt "more"
	commit -m "more"
	on main
	main_at "$(forge_tree "$(tree_with main evil.txt evil)" "Merge" main topic2)"
	good=$(git -C "$T/clone" rev-parse main~1) bad=$(git -C "$T/clone" rev-parse main)
	push origin main
	assert_refused
	says "commit ${bad:0:10}: error: made by the forge"
	refute_says "commit ${good:0:10}"
}

@test "a beginning by the forge is refused" {
	main_at "$(forge_tree "$(tree_of main)" "Initial commit")"
	push origin main:refs/heads/fresh
	assert_refused
	made_of "it has no parent, so it is no merge"
}

@test "a tag by the forge is refused" {
	as_forge tag -s -m "v1" v1
	push origin v1
	assert_refused
	made_of "a tag can only be signed by a person"
}

@test "the forge's key counts as long as it is valid" {
	write_forge_floor
	sed -i "/noreply/{n;s|ssh: .*|ssh: [{key: \"$(cut -d' ' -f1,2 "$T/keys/forge.pub")\", valid-before: 2025-01-01T00:00:00Z}]|}" "$T/gitgate.yaml"
	two_sides
	forge_merges topic
	push origin main
	assert_refused
	says "is valid only until"
}

@test "the forge among those named by 'by' is still the forge" {
	write_forge_floor "by: [alice, forge], forge-merges: recompute, forge-keys: [forge]"
	two_sides
	as_forge merge -q --no-ff --no-commit topic
	put evil.txt "more than both"
	forge_commit -m "Merge pull request #1"
	push origin main
	assert_refused
	says "'evil.txt' differs"
}

@test "recompute without keys is no policy" {
	write_forge_floor "by: [alice], forge-merges: recompute"
	two_sides
	push origin main
	assert_refused
	says "'forge-merges: recompute' needs 'forge-keys'"
}

@test "match-committer speaks about the forge's address" {
	write_forge_floor "by: [alice], forge-merges: recompute, forge-keys: [forge], match-committer: true"
	two_sides
	forge_merges topic
	push origin main
	assert_accepted
	branch topic2 main~1
	put more.txt "more"
	commit -m "more"
	on main
	git -C "$T/clone" -c user.signingKey="$T/keys/forge" merge -q --no-ff -S -m "Merge" topic2
	push origin main
	assert_refused
	says "signed by 'forge', but the committer's address is 'alice@example.org'"
}

# --- squashed ---

@test "squash: of a merge request's head it counts" {
	two_sides
	on topic
	put theirs2.txt "more of theirs"
	commit -m "more of theirs"
	merge_request 7 topic
	squash topic "Theirs (#7)"
	push origin main
	assert_accepted
}

@test "squash: of a branch that is there counts, and of one onto a base without news" {
	branch topic
	put theirs.txt "theirs"
	commit -m "theirs"
	push origin topic
	assert_accepted
	on main
	squash topic "Theirs"
	push origin main
	assert_accepted
}

@test "squash: with something more it is refused, whoever is named as author" {
	two_sides
	merge_request 7 topic
	main_at "$(GIT_AUTHOR_NAME=Alice GIT_AUTHOR_EMAIL=alice@example.org \
		forge_tree "$(tree_with "$(merged main topic)" evil.txt evil)" "Theirs (#7)" main)"
	push origin main
	assert_refused
	made_of "squashing refs/pull/7/head gives another tree: 'evil.txt' differs"
}

@test "squash: of commits that nobody signed is refused, and they are named" {
	two_sides
	on topic
	put theirs2.txt "more of theirs"
	commit --no-gpg-sign -m "more of theirs"
	merge_request 7 topic
	squash topic "Theirs (#7)"
	push origin main
	assert_refused
	made_of "no verified head gives it, and of the commits of refs/pull/7/head $(short topic) is not verified: it is not signed"
}

@test "squash: of commits by somebody whose signature does not count is refused" {
	write_forge_floor
	make_key bob
	sed -i "/^rules:/i\\  bob: {email: [bob@example.org], ssh: [\"$(cut -d' ' -f1,2 "$T/keys/bob.pub")\"]}" "$T/gitgate.yaml"
	branch topic
	put theirs.txt "theirs"
	git -C "$T/clone" add -A
	git -C "$T/clone" -c user.signingKey="$T/keys/bob" commit -q -S -m "theirs"
	merge_request 7 topic
	squash topic "Theirs (#7)"
	push origin main
	assert_refused
	made_of_source "$(short topic) (refs/pull/7/head), which is not verified: signed by 'bob', whose signature does not count here"
}

@test "squash: of a head that is not known here is refused" {
	two_sides
	squash topic "Theirs (#7)"
	push origin main
	assert_refused
	made_of "it is no merge, and no verified head of a merge request or branch is known here"
}

@test "squash: what the forge's own editor made is refused" {
	put edited.txt "in the browser"
	forge_commit -m "Update edited.txt"
	push origin main
	assert_refused
	made_of "it is no merge, and no verified head of a merge request or branch is known here"
}

@test "squash: a conflict that was resolved is refused" {
	conflict
	git -C "$T/clone" reset -q --hard
	merge_request 7 topic
	main_at "$(forge_tree "$(tree_with main lines.txt both)" "Theirs (#7)" main)"
	push origin main
	assert_refused
	made_of "squashing refs/pull/7/head conflicts"
}

@test "squash: of a branch that the forge brought up to date counts, unless it added something" {
	two_sides
	on topic
	as_forge merge -q --no-ff -S -m "Merge branch 'main' into topic" main
	merge_request 7 topic
	on main
	put later.txt "later"
	commit -m "later"
	squash topic "Theirs (#7)"
	push origin main
	assert_accepted
	branch topic2 main~1
	put more.txt "more"
	commit -m "more"
	update=$(forge_tree "$(tree_with "$(merged topic2 main)" evil.txt evil)" "Merge branch 'main'" topic2 main)
	on main
	merge_request 8 "$update"
	squash "$update" "More (#8)"
	push origin main
	assert_refused
	made_of_source "${update:0:10} (refs/pull/8/head), which is not verified: made by the forge: merging"
}

@test "squash: a message that names another merge request does not matter" {
	two_sides
	merge_request 7 topic
	branch topic2 main~1
	put more.txt "more"
	commit -m "more"
	merge_request 8 topic2
	on main
	squash topic "Theirs, after #8"
	push origin main
	assert_accepted
}

@test "squash: two in one push" {
	two_sides
	merge_request 7 topic
	branch topic2 main~1
	put more.txt "more"
	commit -m "more"
	merge_request 8 topic2
	on main
	squash topic "Theirs (#7)"
	squash topic2 "More (#8)"
	push origin main
	assert_accepted
}

@test "squash: a head that holds the result is not its source" {
	two_sides
	squash topic "Theirs"
	git -C "$T/clone" push -q "$T/shop.git" topic 2>/dev/null
	git -C "$T/clone" update-ref refs/heads/evil "$(forge_tree "$(tree_with main evil.txt evil)" "Edit" main)"
	git --git-dir="$T/shop.git" fetch -q "$T/clone" refs/heads/evil:refs/pull/9/head
	push origin refs/heads/evil:refs/heads/main
	assert_refused
	made_of "squashing refs/heads/topic"
}

# --- rebased ---

@test "rebase: commit by commit it counts" {
	three_sources
	rebase topic
	assert_equal "$(git -C "$T/clone" rev-list --count origin/main..main)" 4
	push origin main
	assert_accepted
}

@test "rebase: with something more in the middle it is refused" {
	three_sources
	rebase topic
	export GIT_AUTHOR_NAME=Alice GIT_AUTHOR_EMAIL=alice@example.org
	evil=$(forge_tree "$(tree_with main~1 evil.txt evil)" "$(git -C "$T/clone" log -1 --format=%B main~1)" main~2)
	main_at "$(forge_tree "$(tree_with main evil.txt evil)" "$(git -C "$T/clone" log -1 --format=%B main)" "$evil")"
	push origin main
	assert_refused
	made_of "rebasing refs/pull/7/head gives another tree: 'evil.txt' differs"
	made_of "it was rebased together with the one before it, which is refused"
}

@test "rebase: in another order it is refused" {
	three_sources
	for source in topic topic~1 topic~2; do rebase_one $source; done
	push origin main
	assert_refused
	made_of "rebasing refs/pull/7/head gives another tree"
}

@test "rebase: without the last, or without one in the middle it is refused" {
	three_sources
	rebase_one topic~2
	rebase_one topic~1
	push origin main
	assert_refused
	made_of "rebasing refs/pull/7/head gives another tree: 'three.txt' differs"
	main_at main~2
	rebase_one topic~2
	rebase_one topic
	push origin main
	assert_refused
	made_of "rebasing refs/pull/7/head gives another tree: 'two.txt' differs"
}

@test "rebase: what became empty on the way may be left out" {
	three_sources
	put two.txt "two"
	commit -m "two, by way of main"
	rebase_one topic~2
	rebase_one topic
	push origin main
	assert_accepted
}

@test "rebase: a source that nobody signed is refused" {
	three_sources
	on topic
	put four.txt "four"
	commit --no-gpg-sign -m "four"
	merge_request 7 topic
	on main
	rebase topic
	push origin main
	assert_refused
	made_of "it is no merge, and no verified head of a merge request or branch is known here"
}

@test "rebase: an unsigned source beneath a signed one is refused, and named" {
	three_sources
	on topic
	put four.txt "four"
	commit --no-gpg-sign -m "four"
	bad=$(short topic)
	put five.txt "five"
	commit -m "five"
	merge_request 7 topic
	on main
	rebase topic
	push origin main
	assert_refused
	made_of "no verified head gives it, and of the commits of refs/pull/7/head $bad is not verified: it is not signed"
}

@test "rebase: and then merged counts" {
	three_sources
	git -C "$T/clone" branch base main
	rebase topic
	main_at "$(forge_tree "$(tree_of main)" "Merge pull request #7" base main)"
	push origin main
	assert_accepted
}

@test "rebase: of one commit, of a stack, and a squash behind it" {
	three_sources
	git --git-dir="$T/shop.git" update-ref refs/pull/6/head "$(git -C "$T/clone" rev-parse topic~2)"
	branch topic2 main
	put more.txt "more"
	commit -m "more"
	merge_request 8 topic2
	on main
	rebase_one topic~2
	rebase_one topic~1
	rebase_one topic
	squash topic2 "More (#8)"
	push origin main
	assert_accepted
}

@test "rebase: where both changed one file, as git picks it" {
	branch topic
	sed -i 's/^2$/two/' "$T/clone/lines.txt"
	commit -m "two"
	sed -i 's/^9$/nine/' "$T/clone/lines.txt"
	commit -m "nine"
	merge_request 7 topic
	on main
	sed -i 's/^5$/five/' "$T/clone/lines.txt"
	commit -m "five"
	rebase topic
	push origin main
	assert_accepted
}

# --- elsewhere ---

@test "gitgate check says the same before the push" {
	git --git-dir="$T/shop.git" update-ref -d refs/heads/nothing
	two_sides
	forge_merges topic
	cd "$T/clone"
	run gitgate check --floor "$T/gitgate.yaml" --repository shop origin/main..main
	[ "$status" -eq 0 ] || fail "the merge was refused"
	main_at "$(forge_tree "$(tree_with main evil.txt evil)" "Merge" main~1 topic)"
	run gitgate check --floor "$T/gitgate.yaml" --repository shop origin/main..main
	[ "$status" -eq 1 ] || fail "the evil merge was not refused"
	says "'evil.txt' differs"
}

places() {
	find /tmp -maxdepth 1 -name 'gitgate-merging*' 2>/dev/null | sort
}

# Hooks of others may have theirs for a moment.
all_gone() { # PLACE...
	local place
	for place; do
		[ ! -e "$place" ] || return 1
	done
}

@test "nothing is left behind where temporary files are" {
	two_sides
	forge_merges topic
	local before left of_the_killed
	before=$(places)
	of_the_killed=$(mktemp -d /tmp/gitgate-merging-XXXXXX)
	echo x >"$of_the_killed/x"
	push origin main
	assert_accepted
	[ ! -e "$of_the_killed" ] || fail "what a killed hook left is still there"
	left=$(comm -13 <(echo "$before") <(places))
	# shellcheck disable=SC2086
	within 20 all_gone $left || fail "left behind: $left"
}
