#!/usr/bin/env bats
# Care for the store: backup, restore, check; what is newer, damaged, foreign or held.

load helpers
load service

setup() {
	begin
	make_served
	STORE="$T/state/state.db"
}

teardown() {
	end_service
}

# Two deployments, settled.
make_history() {
	start_service
	change "one"
	assert_live "one"
	change "two"
	assert_judged
	assert_live "two"
}

# poke FILE OFFSET OCTAL-BYTES: overwrites them
poke() {
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "store: backup, restore and check while it runs and while it does not" {
	make_history
	gg store backup "$T/running.db"
	assert_equal "$status" 0
	assert_equal "$(stat -c %a "$T/running.db")" 600
	assert_equal "$(ls "$T/state" | grep -c backup)" 0
	gg store backup "$T/running.db"
	assert_equal "$status" 3
	assert_says "exists"
	gitgate log --config "$T/gitgate.yaml" >"$T/before"
	change "three"
	assert_live "three"
	assert_judged
	# A whole store of its own, also to look at.
	run gitgate store check --file "$T/running.db"
	assert_equal "$status" 0
	assert_says "the store is sound"
	gg store restore "$T/running.db"
	assert_equal "$status" 3
	assert_says "the service is running"
	stop_service
	gg store backup "$T/stopped.db"
	assert_equal "$status" 0
	gg store check
	assert_equal "$status" 0
	gg store restore "$T/running.db"
	assert_equal "$status" 0
	assert_equal "$(gitgate log --config "$T/gitgate.yaml" 2>/dev/null | grep -v '^(' | cut -c1-70)" "$(cut -c1-70 "$T/before")"
	[ -e "$STORE.before-restore" ]
	gg store check
	assert_equal "$status" 0
}

@test "store: with an older store nothing old comes over what is newer" {
	make_history
	gg store backup "$T/older.db"
	change "three"
	assert_judged
	assert_live "three"
	local newest
	newest=$(release)
	stop_service
	gg store restore "$T/older.db"
	start_service
	# It polls, finds the third push that it does not know, and sees who is ahead.
	within 10 judged_again || fail "the push was not found again"
	within 10 logged "a target is held" || fail "the target is not held"
	assert_live "three"
	assert_equal "$(release)" "$newest"
	gg status
	assert_says "held"
	gg deploy web
	assert_equal "$status" 0
	assert_live "three"
	[ "$(release | cut -d/ -f2 | cut -d- -f1)" -gt "$(cut -d/ -f2 <<<"$newest" | cut -d- -f1)" ]
	change "four"
	assert_live "four"
}

judged_again() {
	[ "$(grep -c "\"commit\":\"$(git -C "$T/clone" rev-parse HEAD)\",\"result\"" "$T/log")" = 2 ]
}

@test "store: a newer one is refused, clearly" {
	make_history
	stop_service
	# The version is the 32-bit number at 60, as SQLite's file format says.
	local version
	version=$(od -An -v -to1 -j60 -N4 "$STORE" | sed 's/ \([0-7]*\)/\\\1/g')
	poke "$STORE" 60 '\000\000\003\347'
	gg serve
	assert_equal "$status" 3
	assert_says "version 999"
	assert_says "newer"
	local command
	for command in "store check" "store backup copy.db" status log; do
		# The words of a command.
		gg $command
		[ "$status" -ne 0 ] || fail "$command did not refuse"
		assert_says "version 999"
	done
	[ ! -e "$T/copy.db" ]
	poke "$STORE" 60 "$version"
	gg store check
	assert_equal "$status" 0
}

@test "store: a damaged one is refused, and a backup mends it" {
	make_history
	gg store backup "$T/good.db"
	stop_service
	local page
	for page in 1 2 3 4 5; do
		dd if=/dev/urandom of="$STORE" bs=4096 seek="$page" count=1 conv=notrunc status=none
	done
	gg store check
	assert_equal "$status" 3
	assert_says "damaged"
	run timeout 20 gitgate serve --config "$T/gitgate.yaml"
	assert_equal "$status" 3
	assert_says "damaged"
	assert_says "gitgate store restore"
	gg store restore "$T/good.db"
	assert_equal "$status" 0
	start_service
	change "three"
	assert_live "three"
}

@test "store: a damaged backup restores nothing" {
	make_history
	gg store backup "$T/bad.db"
	stop_service
	dd if=/dev/urandom of="$T/bad.db" bs=4096 seek=2 count=2 conv=notrunc status=none
	cp "$STORE" "$T/same"
	gg store restore "$T/bad.db"
	assert_equal "$status" 3
	assert_says "damaged"
	cmp "$STORE" "$T/same"
	: >"$T/empty.db"
	gg store restore "$T/empty.db"
	assert_equal "$status" 3
	gg store restore "$T/nowhere.db"
	assert_equal "$status" 3
	assert_says "nowhere.db"
	echo "not a database" >"$T/text.db"
	gg store restore "$T/text.db"
	assert_equal "$status" 3
	cmp "$STORE" "$T/same"
	gg store check
	assert_equal "$status" 0
}

@test "store: a changed ledger is noticed" {
	command -v sqlite3 >/dev/null || skip "needs sqlite3"
	make_history
	stop_service
	gg store check
	assert_equal "$status" 0
	sqlite3 "$STORE" "UPDATE ledger SET body = replace(body, '\"result\":\"pass\"', '\"result\":\"fail\"')
		WHERE sequence = 1"
	gg store check
	assert_equal "$status" 3
	assert_says "ledger"
}

@test "store: held by a running service, nobody else opens it" {
	start_service
	sed "s,^socket:.*,socket: \"$T/run/other.sock\"\nrestarts: 1," "$T/gitgate.yaml" >"$T/other.yaml"
	run timeout 20 gitgate serve --config "$T/other.yaml"
	assert_equal "$status" 3
	assert_says "is held by"
	run gitgate store check --config "$T/other.yaml"
	assert_equal "$status" 3
	assert_says "is held by"
	change "one"
	assert_live "one"
}

@test "store: the database of another program is left alone" {
	command -v sqlite3 >/dev/null || skip "needs sqlite3"
	mkdir -p "$T/state"
	sqlite3 "$STORE" "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)"
	run timeout 20 gitgate serve --config "$T/gitgate.yaml"
	assert_equal "$status" 3
	assert_says "database of another program"
	assert_equal "$(sqlite3 "$STORE" "SELECT x FROM theirs")" 1
}

@test "store: a word that is not one is named" {
	gg store bakcup "$T/x"
	assert_equal "$status" 2
	assert_says "did you mean 'backup'?"
	gg store backup
	assert_equal "$status" 2
}
