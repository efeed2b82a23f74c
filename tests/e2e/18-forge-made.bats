#!/usr/bin/env bats
# tests/e2e/18-forge-made.bats - commits that a forge made and signed with its own key, through
# the hook: they count when git makes the same of verified commits, and not otherwise.

load helpers
load forge_made

setup() {
	begin
	make_forge_guarded
}

# --- merges ---

@test "a merge by the forge of verified commits counts" {
	two_sides
	as_forge merge -q --no-ff -S -m "Merge pull request #1" topic
	push origin main
	assert_accepted
}

@test "the same merge is refused where the rule does not say recompute" {
	write_forge_floor "by: [alice]"
	two_sides
	as_forge merge -q --no-ff -S -m "Merge pull request #1" topic
	push origin main
	assert_refused
	assert_says "signed by 'forge', whose signature does not count here"
}

@test "a merge with a change of its own is refused, and the path is named" {
	two_sides
	as_forge merge -q --no-ff --no-commit topic
	put evil.txt "more than both"
	put theirs.txt "and less"
	forge_commit -m "Merge pull request #1"
	push origin main
	assert_refused
	assert_says "made by the forge: merging its parents gives another tree: 'evil.txt' differs"
}
