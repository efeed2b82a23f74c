#!/usr/bin/env bats
# `gitgate demo`: every step is seen, in at most 60 lines, and nothing is left behind.

load helpers

setup() {
	begin
	mkdir "$T/tmp dir"
	export TMPDIR="$T/tmp dir"
}

demo() {
	run timeout -k 5 60 gitgate demo "$@"
}

# Only this test's processes: they name a file in its directory.
processes() {
	ps -eo pid=,args= | grep -F -- "$TMPDIR/" | grep -v grep || true
}

assert_nothing_left() {
	assert_equal "$(ls -A "$TMPDIR")" ""
	assert_equal "$(processes)" ""
	assert_equal "$(ls -A "$HOME")" ""
}

@test "demo: ends 0 after every step, in at most 60 lines, twice" {
	rm -f "$GIT_CONFIG_GLOBAL"
	local round
	for round in 1 2; do
		demo
		assert_equal "$status" 0
		[ "${#lines[@]}" -le 60 ] || fail "${#lines[@]} lines"
		assert_says "the commit is not signed [main-is-signed]"
		assert_says "deploy/web/app.yaml:2:1: error:"
		assert_says "mend: did you mean 'replicas'?"
		assert_says "the signature is bad"
		assert_equal "$(grep -c '=> refused; main is as it was' <<<"$output")" 3
		assert_equal "$(grep -c '=> accepted, judged again' <<<"$output")" 2
		assert_equal "$(grep -c ' ms from the begin of git push to live' <<<"$output")" 2
		assert_equal "$(grep -c '=> corrected after' <<<"$output")" 2
		assert_says "in quarantine"
		assert_says "All 8 steps were seen"
		assert_nothing_left
	done
}

@test "demo: an interruption cleans up" {
	gitgate demo >"$T/said" 2>&1 &
	local demo=$! ended=0
	while kill -0 "$demo" && ! grep -q '^1\.' "$T/said"; do sleep 0.05; done
	kill -TERM "$demo"
	wait "$demo" || ended=$?
	assert_equal "$ended" 3
	grep -q "interrupted" "$T/said"
	rm -f "$GIT_CONFIG_GLOBAL"
	assert_nothing_left
}

@test "demo: --keep leaves it running and says how to look around" {
	demo --keep
	assert_equal "$status" 0
	[ "${#lines[@]}" -le 60 ] || fail "${#lines[@]} lines"
	local place pid
	place=$(sed -n "s/^  cd '\(.*\)'$/\1/p" <<<"$output")
	pid=$(sed -n 's/^  kill \([0-9]*\) .*/\1/p' <<<"$output")
	kill -0 "$pid"
	cd "$place"
	run gitgate status --config gitgate.yaml
	assert_equal "$status" 0
	assert_says "web"
	# As the last lines say: edit, commit, push, look.
	sed -i 's/replicas: 3/replicas: 4/' work/deploy/web/app.yaml
	git -C work commit -q -a -S -m mine
	git -C work push -q origin main
	local i
	for i in $(seq 200); do
		! grep -q 'replicas: 4' live/current/app.yaml || break
		sleep 0.05
	done
	kill "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	grep -q 'replicas: 4' live/current/app.yaml
	cd "$T"
	rm -r "$place" "$GIT_CONFIG_GLOBAL"
	assert_nothing_left
}

@test "demo: what goes wrong is told, with status 3, and leaves nothing" {
	mkdir bin
	# A git that cannot push.
	cat >bin/git <<-END
		#!/bin/sh
		for word; do [ "\$word" = push ] && { echo "no way" >&2; exit 1; }; done
		exec $(command -v git) "\$@"
	END
	chmod 755 bin/git
	PATH="$T/bin:$PATH" demo
	assert_equal "$status" 3
	assert_says "step 1"
	assert_says "it was not the hook that refused"
	assert_says "the end of the service's log"
	rm -f "$GIT_CONFIG_GLOBAL"
	assert_nothing_left
}

@test "demo: an unknown option is named" {
	demo --kep
	assert_equal "$status" 2
	assert_says "did you mean '--keep'?"
	demo today
	assert_equal "$status" 2
}
