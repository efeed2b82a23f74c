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

# Only this test's processes: they name a file in its directory, or it is their TMPDIR.
processes() {
	local environment
	ps -eo pid=,args= | grep -F -- "$TMPDIR/" | grep -v grep || true
	for environment in /proc/[0-9]*/environ; do
		[ "$environment" = "/proc/$$/environ" ] || ! tr '\0' '\n' 2>/dev/null <"$environment" |
			grep -qxF -- "TMPDIR=$TMPDIR" || ours "${environment//[!0-9]/}"
	done
}

# A demonstration, not bats.
ours() {
	tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -F -- "gitgate demo" || true
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
		# behind a forge
		assert_says "gitgate/policy: failure: main-is-signed: the commit is not signed"
		assert_equal "$(grep -c 's after the webhook' <<<"$output")" 4
		assert_says "gitgate/www: success"
		assert_says "gitgate/policy: failure: manifests-are-valid: deploy/web/app.yaml:2: replcas is not allowed"
		assert_says "and a comment: deploy/web/app.yaml:2:1: replcas is not allowed"
		assert_says "All 11 steps were seen"
		assert_nothing_left
	done
}

@test "demo: twice at the same time" {
	rm -f "$GIT_CONFIG_GLOBAL"
	timeout -k 5 60 gitgate demo >"$T/other" 2>&1 &
	local other=$! ended=0
	demo
	wait "$other" || ended=$?
	assert_equal "$status" 0
	assert_equal "$ended" 0
	assert_equal "$(tail -n 1 "$T/other")" "${lines[-1]}"
	assert_nothing_left
}

@test "demo: an ordinary user sees the same" {
	[ "$(id -u)" = 0 ] || skip "needs root, to become somebody else"
	rm -f "$GIT_CONFIG_GLOBAL"
	TMPDIR=/tmp begin_shared
	mkdir -m 777 "$T/tmp"
	run env TMPDIR="$T/tmp" setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
		env -i HOME=/nonexistent TMPDIR="$T/tmp" PATH="$T/bin:$PATH" timeout -k 5 60 gitgate demo
	assert_equal "$status" 0
	assert_says "All 11 steps were seen"
	assert_equal "$(ls -A "$T/tmp")" ""
	end
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
	local place pid output_of_demo=$output
	place=$(sed -n "s/^  cd '\(.*\)'$/\1/p" <<<"$output")
	pid=$(sed -n 's/^  kill \([0-9]*\) .*/\1/p' <<<"$output")
	kill -0 "$pid"
	grep -q 'demo --keep' <<<"$(processes)"
	cd "$place"
	run gitgate status --config gitgate.yaml
	assert_equal "$status" 0
	assert_says "web"
	# The forge's page, and an address that a status links to.
	if command -v curl >/dev/null; then
		run curl -s "$(sed -n 's/^  curl \([^ ]*\) .*/\1/p' <<<"$output_of_demo")"
		assert_equal "$status" 0
		assert_says " webhook push "
		assert_says " gitgate/policy failure main-is-signed: the commit is not signed"
	fi
	run gitgate forge test forge --config gitgate.yaml
	assert_equal "$status" 0
	assert_says "'main' can be merged into without gitgate/policy"
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
	# The forge ended with it.
	for i in $(seq 200); do
		[ -n "$(processes)" ] || break
		sleep 0.05
	done
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
