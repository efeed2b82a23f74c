# tests/faults/service_shuffle.bats - I4: notifications in any order, repeated, late or lying
# never bring an older commit over a newer one. (10,000 of them: tests/unit/test_control_flow.)
#
# GITGATE_SEED repeats a run's choices.

load ../e2e/helpers.bash
load service.bash

setup() {
	begin
	need curl sqlite3
	CHAOS="$GITGATE_BUILD/tests/faults/chaos"
	[ -x "$CHAOS" ] || skip "needs tests/faults/chaos: make check builds it"
	SEED="${GITGATE_SEED:-$((RANDOM * 32768 + RANDOM))}"
	RANDOM=$SEED
	echo "# GITGATE_SEED=$SEED" >&3
}

teardown() {
	serve_end
}

# Every move of main, "old new" a line
moves() {
	awk '{ print $1, $2 }' "$T/shop.git/logs/refs/heads/main"
}

# say_any COUNT: notifications of moves chosen at random, some of them turned round
say_any() {
	local i old new status
	mapfile -t known < <(moves)
	for ((i = 0; i < $1; i++)); do
		read -r old new <<<"${known[RANDOM % ${#known[@]}]}"
		[ $((RANDOM % 5)) -ne 0 ] || read -r new old <<<"$old $new"
		status=$(hint "{\"repository\":\"shop\",\"refs\":[{\"ref\":\"refs/heads/main\",\"old\":\"$old\",\"new\":\"$new\"}]}")
		[ "$status" = 202 ] || fail "status $status: $(cat "$T/body")"
	done
}

@test "notifications in random order while the branch grows: what is live never goes back" {
	make_shop
	write_config
	sed -i 's/^poll: .*/poll: 1h/' "$T/gitgate.yaml" # only they tell
	serve_start
	"$CHAOS" watch "$T/www" "$T/switches" 3>&- &
	WATCHER=$!
	for n in $(seq 1 15); do
		release "$n"
		say_any 10
	done
	say_any 30
	await_live 15
	await_idle
	say_any 40
	await_idle
	serve_stop
	awk '{ split($1, part, /[\/-]/); if (part[2] + 0 <= last || $2 + 0 < number + 0) { print "back: " $0; bad = 1 } last = part[2] + 0; number = $2 } END { exit bad }' "$T/switches"
	assert_equal "$(tail -1 "$T/switches" | cut -d' ' -f2)" 15
	assert_equal "$(rows "SELECT count(*) FROM (SELECT 1 FROM deployments WHERE state = 'deployed' GROUP BY \"commit\" HAVING count(*) > 1)")" 0
}

@test "after forced pushes, notifications that name what is gone change nothing" {
	make_shop
	write_config
	sed -i 's/^poll: .*/poll: 1h/' "$T/gitgate.yaml"
	serve_start
	for n in 1 2 3 4 5 6; do
		release "$n"
		say_any 3
	done
	say_any 1
	await_live 6
	back=$((RANDOM % 4 + 1))
	git -C "$T/clone" reset -q --hard "HEAD~$((6 - back))"
	git -C "$T/clone" push -q --force origin HEAD 2>/dev/null
	say_any 1
	await_live "$back"
	release 7 --force
	say_any 1
	await_live 7
	await_idle
	before=$(http '/api/v1/deployments' >/dev/null && sha256sum <"$T/body")
	generation=$(readlink "$T/www/current")
	say_any 60
	await_idle
	assert_equal "$(http '/api/v1/deployments' >/dev/null && sha256sum <"$T/body")" "$before"
	assert_equal "$(readlink "$T/www/current")" "$generation"
	assert_equal "$(live)" 7
	serve_stop
}
