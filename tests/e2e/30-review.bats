# tests/e2e/30-review.bats - what the review of the service found, with real git: each of
# these once stopped a repository, lost what was needed, or destroyed somebody's file.

load helpers.bash
load service.bash

setup() {
	begin
}

teardown() {
	end_service
}

# Not by the hooks, which refuse such names: a forge's repository may hold any.
@test "a ref whose name is not UTF-8 is left out, and the others go on" {
	make_served
	change "one"
	git -C "$T/shop.git" update-ref "$(printf 'refs/heads/caf\xe9')" refs/heads/main
	start_service
	assert_live "one"
	assert_logged "its name is not UTF-8"
	change "two"
	assert_live "two"
}

@test "a second push on top of a forced one that was refused does not bring it in" {
	make_served
	sed -i 's/^rules:/rules:\n  - name: no-force\n    refs: {force: false}/' "$T/gitgate.yaml"
	change "one"
	start_service
	assert_live "one"
	# past the hook, as a forge without one
	git -C "$T/clone" remote add behind "$T/shop.git"
	mv "$T/shop.git/hooks/pre-receive" "$T/pre-receive"
	git -C "$T/clone" checkout -q --orphan other
	put deploy/web/app.yaml "forced"
	commit
	git -C "$T/clone" push -q --force origin other:main
	assert_judged fail
	put deploy/web/app.yaml "on top"
	commit
	git -C "$T/clone" push -q origin other:main
	assert_judged fail
	is_live "one" || fail "live is $(live)"
}

@test "git's housekeeping keeps what was accepted" {
	make_served
	change "one"
	local first
	first=$(git -C "$T/clone" rev-parse HEAD)
	start_service
	assert_live "one"
	local mirror
	mirror=$(echo "$T"/state/mirrors/shop*)
	# a pack a fetch, put together at the next one
	git -C "$mirror" config fetch.unpackLimit 1
	git -C "$mirror" config gc.auto 1
	git -C "$mirror" config gc.autoPackLimit 1
	git -C "$mirror" config gc.pruneExpire now
	git -C "$T/clone" checkout -q --orphan other
	put deploy/web/app.yaml "two"
	commit
	git -C "$T/clone" push -q --force origin other:main
	assert_live "two"
	local text
	for text in three four five; do
		put deploy/web/app.yaml "$text"
		commit
		git -C "$T/clone" push -q origin other:main
		assert_live "$text"
	done
	git -C "$mirror" cat-file -e "$first"
}

@test "a file where the socket should be is not removed" {
	make_served
	mkdir -p "$T/run"
	echo precious >"$T/run/gitgate.sock"
	run timeout 20 gitgate serve --config "$T/gitgate.yaml" 3>&-
	[ "$status" -ne 0 ]
	[[ "$output" == *"no socket"* ]]
	[ "$(cat "$T/run/gitgate.sock")" = precious ]
}

# With every signal that can come, from the first moment on.
@test "a service that is told to end while it begins ends in order" {
	make_served
	local i
	for i in 0 0.01 0.02 0.03 0.05 0.08 0.12 0.2; do
		gitgate serve --config "$T/gitgate.yaml" 2>>"$T/log" 3>&- &
		SERVICE=$!
		within 10 grep -q gg-control "/proc/$SERVICE/task/$SERVICE/comm" /proc/[0-9]*/comm || true
		sleep "$i"
		stop_service
		# 143: it had not yet begun to listen to signals
		[ "$ended" = 0 ] || [ "$ended" = 143 ] || fail "after $i seconds it ended with $ended"
	done
}
