#!/usr/bin/env bats
# tests/faults/service_tools.bats - what tools write into their private directories goes away,
# however the service ends: in order, killed, or killed with everything that belongs to it.

load ../e2e/helpers
load ../e2e/service

setup() {
	begin
	mkdir -m 1777 "$T/tmp" "$T/notes"
	export TMPDIR="$T/tmp"
}

teardown() {
	end_service
	[ -z "${OTHER-}" ] || kill "$OTHER" 2>/dev/null || true
	wait
}

# A service whose tool has written into its directory, and goes on.
serve_with_tool() {
	cat >"$T/tool" <<-END
		#!/bin/bash
		mkdir -p "\$TMPDIR/a/b"
		echo x >"\$TMPDIR/a/b/x"
		echo x >"$T/notes/running"
		exec sleep 60
	END
	chmod 755 "$T/tool"
	DIRECTORY="activate: [\"$T/tool\"], activate-write: [\"$T/notes\"]" make_served
	start_service
	change "one"
	within 20 test -s "$T/notes/running" || fail "the tool does not run"
	[ -e "$T/tmp"/*/*/a/b/x ] || fail "where the tool writes is not where this test looks"
}

# Directories in TMPDIR, a line each.
left() {
	ls -A "$T/tmp"
}

some_left() {
	! nothing_left
}

more_than_one_left() {
	[ "$(left | wc -l)" -gt 1 ]
}

nothing_left() {
	[ -z "$(left)" ]
}

# family PID: it and its descendants
family() {
	local pid
	echo "$1"
	for pid in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		family "$pid"
	done
}

# Whoever is to take its status.
all_ended() { # PID...
	local pid
	for pid; do
		[ ! -e "/proc/$pid" ] || grep -q '^State:.[ZX]' "/proc/$pid/status" || return 1
	done
}

@test "tools' directories: nothing is left when the service ends in order" {
	local turn
	make_served
	for turn in 1 2 3 4; do
		start_service
		within 10 some_left || fail "the runner has no directory"
		stop_service
		nothing_left || fail "left behind: $(left)"
	done
}

@test "tools' directories: nothing is left when the service is killed in the middle of a job" {
	local all
	serve_with_tool
	all=$(family "$SERVICE")
	[ "$(wc -w <<<"$all")" -ge 8 ] || fail "a service with a job and a tool is more than $all"
	kill -KILL "$SERVICE"
	wait "$SERVICE" || true
	SERVICE=
	within 20 nothing_left || fail "left behind: $(left)"
	# shellcheck disable=SC2086
	within 20 all_ended $all || fail "a process stays: $(ps -o pid,args $all)"
}

# Nobody is left to tidy up; another service's directory is not touched.
@test "tools' directories: what a service left that was killed as a whole, its next start removes" {
	local all others
	mkdir "$T/other"
	serve_with_tool
	sed "s#$T/state#$T/other#g; s#$T/run/#$T/other/#; /^targets:/,\$d" "$T/gitgate.yaml" >"$T/other.yaml"
	others=$(left)
	gitgate serve --config "$T/other.yaml" 2>"$T/other.log" 3>&- &
	OTHER=$!
	within 20 grep -q '"event":"ready"' "$T/other.log" || fail "the other service is not ready: $(cat "$T/other.log")"
	within 20 more_than_one_left
	others=$(left | grep -vxF "$others")
	all=$(family "$SERVICE")
	# shellcheck disable=SC2086
	kill -STOP $all && kill -KILL $all
	wait "$SERVICE" || true
	SERVICE=
	# shellcheck disable=SC2086
	within 20 all_ended $all || fail "a process stays: $(ps -o pid,args $all)"
	[ -e "$T/tmp"/*/*/a/b/x ] || fail "there is nothing that the next start could remove"
	sed -i "s#activate: [^]]*]#activate: [\"true\"]#" "$T/gitgate.yaml"
	start_service
	assert_live "one"
	within 20 settled
	! ls -d "$T/tmp"/*/*/a 2>/dev/null || fail "left behind: $(left)"
	[ -d "$T/tmp/$others" ] || fail "the other service's directory is gone"
	assert_equal "$(left | wc -l)" 2
	stop_service
	assert_equal "$(left)" "$others"
	kill "$OTHER"
	wait "$OTHER"
	OTHER=
	nothing_left || fail "left behind: $(left)"
}
