# tests/faults/service_rights.bats - V2: what every process of a running service may do, read
# from /proc; and the way from a push to live on a kernel with an old Landlock.

load ../e2e/helpers.bash
load service.bash

setup() {
	begin
	need curl
	CHAOS="$GITGATE_BUILD/tests/faults/chaos"
	[ -x "$CHAOS" ] || skip "needs tests/faults/chaos: make check builds it"
	! grep -q 'define WITH_SANITIZERS 1' "$GITGATE_BUILD/config.h" || SANITIZED=1
}

teardown() {
	serve_end
}

# field PID NAME: of /proc/PID/status
field() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" 2>/dev/null
}

# descendants PID: all of them, with their names
descendants() {
	local child
	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
		printf '%s %s\n' "$child" "$(cat "/proc/$child/comm" 2>/dev/null)"
		descendants "$child"
	done
}

# is STATUS NAME VALUE WHAT: a field has this value
is() {
	local value
	value=$(sed -n "s/^$2:[[:space:]]*//p" <<<"$1")
	[ "$value" = "$3" ] || fail "$4 has $2 $value"
}

# confined PID NAME: one process; one that has ended may do nothing. $ROOT: the service was
# started as root.
confined() {
	local what="$2 ($1)" text none=0000000000000000
	text=$(cat "/proc/$1/status" 2>/dev/null) || return 0
	[[ "$text" != *State:?[ZX]* ]] || return 0
	is "$text" NoNewPrivs 1 "$what"
	is "$text" Seccomp 2 "$what"
	# The parent of a tool has some in a user namespace of its own, to make the others there.
	if [ "$2" != gg-tool ] || [ "$(readlink "/proc/$1/ns/user")" = "$(readlink "/proc/$KEEPER/ns/user")" ]; then
		is "$text" CapEff "$none" "$what"
		is "$text" CapPrm "$none" "$what"
	fi
	[ -z "${ROOT:-}" ] || ! grep -q '^Uid:.*[[:space:]]0\([[:space:]]\|$\)' <<<"$text" || fail "$what is root"
}

# Everybody but the keeper, who can only not get more.
all_confined() {
	local pid name count=0
	assert_equal "$(field "$KEEPER" NoNewPrivs)" 1
	while read -r pid name; do
		confined "$pid" "$name"
		count=$((count + 1))
		echo "$name" >>"$T/seen"
	done < <(descendants "$KEEPER")
	[ "$count" -ge 4 ] || fail "only $count processes were found"
}

# catch NAME WORK...: stops the next process of this name while WORK is done, looks at it, lets it go on
catch() {
	local name="$1" stopped
	shift
	"$CHAOS" stop "$KEEPER" "$name" >"$T/stopped" 3>&- &
	stopped=$!
	"$@"
	wait "$stopped" || fail "no process gg-$name was seen"
	sleep 0.05
	await_confined "$(cat "$T/stopped")" "gg-$name"
	kill -CONT "$(cat "$T/stopped")" 2>/dev/null || true
}

# look_at NAME: new commits, until a job of this name was caught alive; $n counts them
look_at() {
	local round
	for ((round = 0; round < 10; round++)); do
		n=$((${n:-0} + 1))
		catch "$1" release "$n"
		await_live "$n"
		all_confined # the tool, too: it sleeps
		await_idle
		! grep -qx "gg-$1" "$T/seen" || return 0
	done
	fail "gg-$1 always ended before it could be looked at"
}

# A job is named before it is confined, and may have been caught in between: then it is let
# go for a moment. It may end in that moment: then it was not seen.
await_confined() {
	local i
	for ((i = 0; i < 20; i++)); do
		[ "$(field "$1" Seccomp)" != 2 ] || break
		kill -CONT "$1" 2>/dev/null || return 0
		kill -STOP "$1" 2>/dev/null || return 0
	done
	confined "$1" "$2"
	echo "$2" >>"$T/seen"
}

# Ends sooner than the job does: the tool sleeps.
write_work() {
	cat >"$T/activate" <<-'END'
		#!/bin/sh
		exec sleep 1
	END
	chmod 755 "$T/activate"
}

@test "every process of a service started as root has its own user, no capabilities, no new privileges, a filter" {
	[ "$(id -u)" -eq 0 ] || skip "needs root: the service drops its users"
	[ -z "${SANITIZED:-}" ] || skip "the sanitizers' run time reads what other users may not"
	ROOT=1
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test"
	as_whom() {
		printf 'user: nobody\nintake-user: daemon\njob-user: bin\n'
	}
	make_shop
	write_work
	write_config
	sed -i "s|directory: {path: \"$T/www\"|directory: {path: \"$T/www\", activate: [\"$T/activate\"]|" "$T/gitgate.yaml"
	chown bin "$T/www"
	chmod 755 "$T/home" "$T/keys"
	install_hooks
	serve_start
	all_confined
	for name in fetch judge deploy tool; do
		look_at "$name"
	done
	all_confined
	for name in gg-control gg-intake gg-zygote gg-runner gg-fetch gg-judge gg-deploy gg-observe; do
		grep -qx "$name" "$T/seen" || fail "$name was not seen"
	done
	assert_equal "$(stat -c %U "$T/state/state.db")" nobody
	assert_equal "$(stat -c %U "$T/state/mirrors/shop.git")" bin
	assert_equal "$(stat -c %U "$T/www/releases")" bin
	serve_stop
}

@test "every process of a service of one user has no capabilities, no new privileges, a filter" {
	make_shop
	write_config
	install_hooks
	serve_start
	look_at judge
	all_confined
	serve_stop
}

@test "with Landlock's second version at most a push goes live, drift is corrected, a rollback works" {
	make_shop
	write_config "sandbox: {landlock-abi: 2}"
	install_hooks
	serve_start
	release 1
	await_live 1
	release 2
	await_live 2
	chmod -R u+w "$T/www/current/"
	echo broken >"$T/www/current/number"
	await_live 2
	gitgate rollback web --config "$T/gitgate.yaml" --reason "a test"
	await_live 1
	all_confined
	serve_stop
	grep -q '"landlock":2' "$T/serve.log" || fail "Landlock was not capped"
	! grep -q '"level":"error"' "$T/serve.log" || fail "$(grep '"level":"error"' "$T/serve.log")"
}
