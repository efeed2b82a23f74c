# tests/faults/service_kill.bats - I1 and I3: random processes of the service are killed
# under a load of real pushes; nothing is lost, deployed twice, or old over new.
#
# GITGATE_SEED repeats a run's choices; GITGATE_KILLS (percent, 100) makes it longer or shorter.

load ../e2e/helpers.bash
load service.bash

setup() {
	begin
	need curl sqlite3
	CHAOS="$GITGATE_BUILD/tests/faults/chaos"
	[ -x "$CHAOS" ] || skip "needs tests/faults/chaos: make check builds it"
}

teardown() {
	serve_end
}

# share COUNT: of kills
share() {
	echo $(($1 * ${GITGATE_KILLS:-100} / 100))
}

# Every notification that was answered with 2xx is logged, with its number.
logging_hook() {
	cat >"$T/shop.git/hooks/post-receive" <<-END
		#!/bin/bash
		while read -r old new ref; do
			code=\$(curl -s -o "$T/answer.\$\$" -w '%{http_code}' --max-time 3 --unix-socket "$T/run/gitgate.sock" \\
				-X POST --data-binary "{\"repository\":\"shop\",\"pusher\":\"logger\",\"refs\":[{\"ref\":\"\$ref\",\"old\":\"\$old\",\"new\":\"\$new\"}]}" \\
				http://local/api/v1/hints)
			printf '%s %s %s %s %s\n' "\$code" "\$(sed -n 's/.*"delivery":\([0-9]*\).*/\1/p' "$T/answer.\$\$")" "\$old" "\$new" "\$ref" >>"$T/notified"
		done
		exit 0
	END
	chmod +x "$T/shop.git/hooks/post-receive"
}

# Pushes until $T/enough is there: main, and now and then a branch that comes and goes.
push_on() {
	local n=0
	RANDOM=$1
	while [ ! -e "$T/enough" ] || [ "$n" -lt "$PUSHES" ]; do
		n=$((n + 1))
		release "$n" || { echo "push $n failed" >>"$T/push.failed"; cat "$T/push.err" >>"$T/push.failed"; }
		echo "$n" >"$T/pushed"
		if [ $((n % 7)) -eq 0 ]; then
			git -C "$T/clone" push -q origin "HEAD:refs/heads/topic-$n" 2>>"$T/push.err" || true
		elif [ $((n % 7)) -eq 3 ] && [ "$n" -gt 7 ]; then
			git -C "$T/clone" push -q origin ":refs/heads/topic-$((n - 3))" 2>>"$T/push.err" || true
		fi
		sleep "0.$((RANDOM % 9))"
	done
}

# Each ref's changes are a chain along its log, from nothing to its tip.
check_changes() {
	local ref main=refs/heads/main
	rows "SELECT ref, lower(hex(old)), lower(hex(new)) FROM changes ORDER BY id" |
		awk -F'|' '$1 in last && last[$1] != $2 { print "not a chain: " $0; bad = 1 } { last[$1] = $3 } END { exit bad }'
	for ref in $(rows "SELECT DISTINCT ref FROM changes"); do
		rows "SELECT lower(hex(new)) FROM changes WHERE ref = '$ref' ORDER BY id DESC LIMIT 1" >"$T/last"
		assert_equal "$(cat "$T/last")" "$(tip "$T/shop.git" "$ref" | grep . || printf '%040d' 0)"
	done
	# In the order of the ref's log, each tip once.
	awk '{ print $2 }' "$T/shop.git/logs/$main" >"$T/tips"
	rows "SELECT lower(hex(new)) FROM changes WHERE ref = '$main' ORDER BY id" |
		awk 'NR == FNR { place[$1] = NR; next } !($1 in place) || place[$1] <= last { print "out of order: " $1; bad = 1 } { last = place[$1] } END { exit bad }' "$T/tips" -
	# One verdict a change; unknown only after three crashes.
	assert_equal "$(rows "SELECT count(*) FROM changes WHERE state NOT IN ('accepted', 'unknown')")" 0
	assert_equal "$(rows "SELECT count(*) FROM changes WHERE state = 'unknown' AND attempts < 3")" 0
	assert_equal "$(rows "SELECT count(*) FROM changes c WHERE state = 'accepted' AND (SELECT count(*) FROM verdicts v WHERE v.change = c.id) <> 1")" 0
	assert_equal "$(rows "SELECT count(*) FROM verdicts WHERE result <> 'pass'")" 0
}

check_notifications() {
	local id
	awk '$1 ~ /^2/ { print $2 }' "$T/notified" | sort -u >"$T/accepted"
	[ -s "$T/accepted" ]
	while read -r id; do
		[ -n "$id" ] || fail "an answer without a number"
		assert_equal "$(rows "SELECT state FROM deliveries WHERE id = $id AND repository = 'shop'")" done
	done <"$T/accepted"
	# A number that was given names that very notification.
	while read -r code id old new ref; do
		[[ $code == 2* ]] || continue
		assert_equal "$(rows "SELECT count(*) FROM deliveries WHERE id = $id AND ref = '$ref' AND lower(hex(new)) = '$new' AND lower(hex(old)) = '$old'")" 1
	done <"$T/notified"
}

check_deployments() {
	assert_equal "$(rows "SELECT count(*) FROM deployments WHERE open = 1 OR state NOT IN ('deployed', 'failed', 'superseded')")" 0
	assert_equal "$(rows "SELECT count(*) FROM deployments WHERE state = 'failed' AND attempts < 3")" 0
	# One end each, in the ledger too.
	assert_equal "$(rows "SELECT count(*) FROM deployments d WHERE (SELECT count(*) FROM ledger l WHERE l.kind = 'deployment' AND json_extract(l.body, '\$.generation') = CAST(d.generation AS TEXT)) <> 1")" 0
	# Nothing twice.
	assert_equal "$(rows "SELECT count(*) FROM (SELECT 1 FROM deployments WHERE cause = 'push' AND state = 'deployed' GROUP BY hex(\"commit\") HAVING count(*) > 1)")" 0
	# A later generation never has an earlier commit.
	rows "SELECT lower(hex(\"commit\")) FROM deployments WHERE state = 'deployed' AND cause = 'push' ORDER BY generation" |
		awk 'NR == FNR { place[$1] = NR; next } place[$1] <= last { print "old over new: " $1; bad = 1 } { last = place[$1] } END { exit bad }' "$T/tips" -
}

# What was seen from outside: generations and numbers only rise, and nothing is half there.
check_target() {
	[ "$(wc -l <"$T/switches")" -ge 10 ] || fail "too few switches were seen"
	awk '{ split($1, part, /[\/-]/); generation = part[2] + 0
		if (generation <= last || $2 == "TORN" || $2 + 0 < number + 0) { print "seen: " $0 " after " last " " number; bad = 1 }
		last = generation; number = $2 } END { exit bad }' "$T/switches"
}

# blames CHECK SQL: the check fails once the record says this
blames() {
	cp "$T/state/state.db" "$T/tampered.db"
	sqlite3 "$T/tampered.db" "PRAGMA foreign_keys = OFF; $2" || return 1
	STORE="$T/tampered.db" try "$1"
	[ "$TRIED" -ne 0 ] || fail "$1 does not see: $2"
}

# try CHECK: its status in $TRIED. (Never in a condition: there a shell goes on after errors.)
try() {
	set +e
	(set -e; "$1") >"$T/blamed" 2>&1
	TRIED=$?
	set -e
}

# What this test would be worth if its checks saw nothing.
check_the_checks() {
	local last="(SELECT max(id) FROM changes WHERE ref = 'refs/heads/main')"
	local live="(SELECT max(id) FROM deployments WHERE state = 'deployed')"
	blames check_notifications "DELETE FROM deliveries WHERE id = $(sed -n 3p "$T/accepted")"
	blames check_notifications "UPDATE deliveries SET state = 'waiting' WHERE id = $(sed -n 3p "$T/accepted")"
	blames check_changes "DELETE FROM changes WHERE id = $last"
	blames check_changes "DELETE FROM changes WHERE id = 3"
	blames check_changes "UPDATE changes SET state = 'waiting' WHERE id = $last"
	blames check_changes "DELETE FROM verdicts WHERE change = $last"
	blames check_changes "INSERT INTO verdicts (change, result) VALUES ($last, 'pass')"
	blames check_deployments "UPDATE deployments SET state = 'queued', open = 1 WHERE id = $live"
	blames check_deployments "UPDATE deployments SET \"commit\" = (SELECT \"commit\" FROM deployments WHERE state = 'deployed' LIMIT 1) WHERE id = $live"
	blames check_deployments "UPDATE deployments SET generation = -generation WHERE state = 'deployed'"
	blames check_deployments "DELETE FROM ledger WHERE kind = 'deployment' AND sequence = (SELECT max(sequence) FROM ledger)"
	sed -i '4{h;d};5G' "$T/switches"
	try check_target
	[ "$TRIED" -ne 0 ] || fail "check_target does not see a switch back"
}

@test "processes of every kind are killed under load: nothing lost, nothing twice, nothing old over new" {
	SEED="${GITGATE_SEED:-$((RANDOM * 32768 + RANDOM))}"
	PUSHES=50
	echo "# GITGATE_SEED=$SEED" >&3
	make_shop
	write_config "restarts: 100000" "job-timeout: 20s"
	logging_hook
	install_hooks
	serve_start
	"$CHAOS" watch "$T/www" "$T/switches" 3>&- &
	WATCHER=$!
	push_on "$SEED" 3>&- &
	PUSHER=$!
	status=0
	"$CHAOS" kill "$KEEPER" "$SEED" "$T/killed" control="$(share 15)" intake="$(share 15)" zygote="$(share 15)" \
		fetch="$(share 16)" judge="$(share 16)" deploy="$(share 16)" observe="$(share 5)" runner="$(share 5)" || status=$?
	touch "$T/enough"
	wait "$PUSHER" || true
	PUSHER=
	echo "# killed: $(sort "$T/killed" | cut -d' ' -f1 | uniq -c | awk '{ printf "%s%s %s", (NR > 1) ? ", " : "", $2, $1 }'), $(cat "$T/pushed") pushes" >&3
	[ "$status" -eq 0 ] || fail "$(tail -1 "$T/killed")"
	[ ! -e "$T/push.failed" ] || fail "$(cat "$T/push.failed")"
	# One in peace: it heals what a quarantine may have left.
	serve_wait || fail "the service did not come back"
	last=$(($(cat "$T/pushed") + 1))
	release "$last"
	await_live "$last" 40
	await_idle 40
	kill "$WATCHER"
	WATCHER=
	serve_stop
	[ -z "${GITGATE_KEEP:-}" ] || cp -r "$T" "$GITGATE_KEEP"
	check_notifications
	check_changes
	check_deployments
	check_target
	run gitgate store check --config "$T/gitgate.yaml"
	[ "$status" -eq 0 ] || fail "the store is not sound"
	check_the_checks
}
