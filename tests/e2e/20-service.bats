#!/usr/bin/env bats
# The service: from a push to what is live, and everything that may happen on the way.

load helpers
load service

setup() {
	begin
}

teardown() {
	end_service
	end
}

named() {
	git -C "$T/clone" rev-parse "${1:-HEAD}"
}

short() {
	git -C "$T/clone" rev-parse --short=10 "${1:-HEAD}"
}

@test "service: a push is judged and deployed, and everybody says the same" {
	make_served
	start_service
	change "one"
	assert_live "one"
	assert_equal "$(release)" "releases/1-$(short)"
	gg status
	assert_equal "$status" 0
	[[ "$output" =~ web\ +live\ +$(short)\ +1 ]] || fail "no line for web"
	# Nobody waits for a path that the repository does not have.
	[[ "$output" =~ docs\ +empty\ +-\ +0 ]] || fail "docs was deployed"
	gg log
	[[ "$output" =~ deployment\ +web\ +generation\ 1\ +$(short)\ +deployed ]] || fail "not in the log"
	[[ "$output" =~ verdict\ +shop\ +refs/heads/main\ +$(short)\ +pass ]] || fail "no verdict"
	gg status web --json
	assert_says "\"commit\":\"$(named)\""
	gg status nowhere
	[ "$status" -ne 0 ]
	assert_says "nowhere"
}

@test "service: health, readiness and metrics" {
	command -v curl >/dev/null || skip "needs curl"
	make_served
	start_service
	change "one"
	assert_live "one"
	local socket="$T/run/gitgate.sock"
	assert_equal "$(curl -s --unix-socket "$socket" http://x/healthz)" "ok"
	assert_equal "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$socket" http://x/readyz)" 200
	run curl -s --unix-socket "$socket" http://x/metrics
	[[ "$output" =~ gitgate_[a-z_]*deploy[a-z_]*(\{[^}]*deployed[^}]*\})?\ 1 ]] || fail "no deployment was counted"
}

@test "service: polling finds what no hook told" {
	POLL=1s make_served
	rm "$T/shop.git/hooks/post-receive"
	start_service
	change "one"
	assert_live "one"
	change "two"
	assert_live "two"
}

@test "service: only targets whose paths changed are deployed" {
	make_served
	put docs/index.md "docs 1"
	put deploy/web/app.yaml "web 1"
	start_service
	change "outside" other/file
	assert_live "web 1"
	assert_live "docs 1" docs index.md
	change "web 2"
	assert_live "web 2"
	change "docs 2" docs/index.md
	assert_live "docs 2" docs index.md
	change "outside again" other/file
	assert_judged
	assert_equal "$(release web)" "releases/2-$(short HEAD~2)"
	assert_equal "$(release docs)" "releases/2-$(short HEAD~1)"
	assert_equal "$(rows 'deployment  web')" 2
	assert_equal "$(rows 'deployment  docs')" 2
}

@test "service: a burst of pushes ends at the last one, and says what it left out" {
	mkdir "$T/notes"
	DIRECTORY="activate: [sh, -c, 'until test -e \"$T/notes/all\"; do sleep 0.05; done'], activate-write: [\"$T/notes\"]" make_served
	start_service
	local i
	for i in {1..8}; do
		change "number $i"
	done
	touch "$T/notes/all"
	assert_live "number 8"
	within 30 settled
	assert_live "number 8"
	local deployed superseded
	deployed=$(gitgate log --config "$T/gitgate.yaml" --limit 100 | grep -c ' deployed ')
	superseded=$(gitgate log --config "$T/gitgate.yaml" --limit 100 | grep -c ' superseded ')
	[ "$superseded" -ge 1 ] || fail "nothing was superseded"
	[ "$deployed" -lt 8 ] || fail "everything was deployed"
	# Every commit has its verdict all the same.
	assert_equal "$(git -C "$T/clone" rev-list HEAD | wc -l)" 8
	# Old never came over new: generations of what was deployed rise with the commits.
	local generation commit number last=0
	while read -r generation commit; do
		number=$(git -C "$T/clone" show "$commit:deploy/web/app.yaml" | tr -dc 0-9)
		[ "$number" -gt "$last" ] || fail "generation $generation is number $number after $last"
		last=$number
	done < <(gitgate log --config "$T/gitgate.yaml" --limit 100 --target web |
		sed -n 's/.*generation \([0-9]*\) *\([0-9a-f]*\) *deployed .*/\1 \2/p' | sort -n)
	assert_equal "$last" 8
}

@test "service: what was pushed past the hook is refused and not deployed" {
	make_served
	start_service
	change "one"
	assert_live "one"
	rm "$T/shop.git/hooks/pre-receive"
	put deploy/web/app.yaml "sneaked in"
	commit --no-gpg-sign
	local bad
	bad=$(named)
	push origin main
	assert_accepted
	assert_judged fail
	assert_live "one"
	gg status shop
	assert_says "everything-is-signed"
	assert_says "is not signed"
	assert_says "git commit --amend --no-edit -S"
	# Signing on top of it does not help.
	change "two"
	within 10 settled
	assert_judged fail
	assert_live "one"
	# Nor does asking for it.
	gg deploy web "$bad"
	assert_equal "$status" 1
	assert_live "one"
	# Taking it out of the history does.
	git -C "$T/clone" reset -q --hard HEAD~2
	put deploy/web/app.yaml "three"
	commit
	push -f origin main
	assert_accepted
	assert_live "three"
}

@test "service: warn-only tells and lets through" {
	make_served "warn-only: true"
	start_service
	put deploy/web/app.yaml "unsigned"
	commit --no-gpg-sign
	push origin main
	assert_accepted
	assert_says "warning: the commit is not signed"
	assert_live "unsigned"
	gg status shop
	assert_says "warning"
}

@test "service: other branches and deletions deploy nothing" {
	make_served
	start_service
	change "one"
	assert_live "one"
	git -C "$T/clone" checkout -q -b other
	put deploy/web/app.yaml "on a branch"
	commit
	push origin other
	assert_accepted
	assert_logged "refs/heads/other"
	push origin --delete other
	assert_accepted
	within 10 test_deleted || fail "the deletion was not seen"
	within 10 settled
	gg log
	[[ "$output" =~ refs/heads/other\ +[-0]+\ +pass ]] || fail "the deletion was not judged"
	assert_equal "$(release)" "releases/1-$(short main)"
	change_on_main
}

test_deleted() {
	[ "$(grep -c '"event":"judged".*refs/heads/other' "$T/log")" = 2 ]
}

change_on_main() {
	git -C "$T/clone" checkout -q main
	change "two"
	assert_live "two"
}

@test "service: down, it delays deployment and never a push" {
	make_served
	change "one"
	refute_says "error"
	start_service
	assert_live "one"
	stop_service
	assert_equal "$ended" 0
	change "two"
	put deploy/web/app.yaml "unsigned"
	commit --no-gpg-sign
	push origin main
	assert_refused
	git -C "$T/clone" reset -q --hard HEAD~1
	assert_live "one"
	start_service
	assert_live "two"
}

@test "service: killed, it goes on where it was" {
	DIRECTORY='activate: [sleep, "0.3"]' make_served
	start_service
	local i
	for i in 1 2 3; do
		change "number $i"
	done
	kill -KILL "$SERVICE"
	wait "$SERVICE" || true
	SERVICE=
	within 10 no_children
	start_service
	assert_live "number 3"
	gg store check
	[ "$status" -eq 3 ] || fail "the service holds the store"
	stop_service
	gg store check
	assert_equal "$status" 0
}

no_children() {
	! pgrep -f "$T/gitgate.yaml" >/dev/null
}

@test "service: SIGHUP takes a good configuration and leaves a broken one" {
	make_served
	start_service
	change "one"
	assert_live "one"
	cp "$T/gitgate.yaml" "$T/good.yaml"
	mkdir "$T/live/copy"
	cat >>"$T/gitgate.yaml" <<-END
		  copy:
		    repository: shop
		    paths: [deploy/web]
		    directory: {path: "$T/live/copy"}
	END
	kill -HUP "$SERVICE"
	assert_logged "the configuration was reloaded"
	assert_live "one" copy
	change "two"
	assert_live "two"
	assert_live "two" copy
	printf 'targts: {}\n' >>"$T/gitgate.yaml"
	kill -HUP "$SERVICE"
	assert_logged "the configuration was not reloaded"
	assert_logged "did you mean 'targets'?"
	# The hook reads the file itself, and lets nobody in by a broken one.
	put deploy/web/app.yaml "three"
	commit
	push origin main
	assert_refused
	assert_says "'targts'"
	gg status --socket "$T/run/gitgate.sock"
	gitgate deploy web --socket "$T/run/gitgate.sock"
	assert_live "two"
	cp "$T/good.yaml" "$T/gitgate.yaml"
	push origin main
	assert_accepted
	assert_live "three"
}

@test "service: a target that follows other files gets them without a push" {
	make_served
	start_service
	change "on main"
	assert_live "on main"
	change "a page" docs/index.md
	assert_live "a page" docs index.md
	assert_judged
	# Nothing of what it follows is there: it stays as it is.
	sed -i 's,paths: .docs.,paths: [nowhere],' "$T/gitgate.yaml"
	kill -HUP "$SERVICE"
	assert_logged "the configuration was reloaded"
	sleep 0.5
	assert_live "a page" docs index.md
	assert_equal "$(rows 'deployment  docs')" 1
	sed -i 's,paths: .nowhere.,paths: [deploy/web],' "$T/gitgate.yaml"
	kill -HUP "$SERVICE"
	assert_live "on main" docs
	within 10 settled
	assert_equal "$(rows 'deployment  docs')" 2
	assert_equal "$(rows 'deployment  web')" 1
	# Once is enough.
	stop_service
	start_service
	sleep 0.5
	assert_equal "$(rows 'deployment  docs')" 2
}

@test "service: a failed deployment does not keep a later change with the same files away" {
	mkdir "$T/notes"
	local DIRECTORY
	DIRECTORY="activate: [sh, -c, 'sleep 0.6; ! grep -q broken current/app.yaml || test -e \"$T/notes/mended\"'], activate-write: [\"$T/notes\"]"
	make_served
	start_service
	change "one"
	assert_live "one"
	within 10 settled
	change "broken"
	within 10 logged '"event":"deployment queued","target":"web","generation":2'
	assert_live "broken"
	change "elsewhere" other/file
	within 10 logged "\"commit\":\"$(named)\",\"result\":\"pass\""
	within 10 has_failed
	touch "$T/notes/mended"
	assert_live "broken"
	within 10 settled
	assert_equal "$(release)" "releases/3-$(short)"
}

@test "service: suspended, a target waits" {
	make_served
	start_service
	change "one"
	assert_live "one"
	gg suspend web --reason "freeze"
	assert_equal "$status" 0
	change "two"
	within 10 logged "\"commit\":\"$(named)\",\"result\":\"pass\""
	gg status
	assert_says "suspended"
	echo "by hand" >"$T/live/web/current/app.yaml"
	sleep 1
	assert_equal "$(live)" "by hand"
	gg resume web
	assert_equal "$status" 0
	assert_live "two"
	gg suspend nowhere
	assert_equal "$status" 3
	assert_says "no target 'nowhere'"
}

@test "service: the activate command runs after the switch, where it may write" {
	mkdir "$T/notes"
	local DIRECTORY
	DIRECTORY="activate: [sh, -c, 'cat current/app.yaml >>\"$T/notes/ran\"'], activate-write: [\"$T/notes\"]"
	make_served
	start_service
	change "one"
	assert_live "one"
	within 10 settled
	change "two"
	assert_live "two"
	within 10 settled
	assert_equal "$(cat "$T/notes/ran")" "one
two"
}

@test "service: a failing activate command switches back" {
	DIRECTORY="activate: [sh, -c, 'echo trying; ! grep -q broken current/app.yaml']" make_served
	start_service
	change "one"
	assert_live "one"
	within 10 settled
	change "broken"
	within 10 has_failed
	assert_live "one"
	assert_equal "$(release)" "releases/1-$(short HEAD~1)"
	gg log --target web
	assert_says "failed"
	gg status web
	assert_says "trying"
	change "three"
	assert_live "three"
}

has_failed() {
	gitgate log --config "$T/gitgate.yaml" --target web | grep -q ' failed '
}

@test "service: deploy and rollback by hand" {
	make_served
	start_service
	gg rollback web
	assert_equal "$status" 3
	assert_says "nothing was deployed"
	change "one"
	assert_live "one"
	gg rollback web
	[ "$status" -ne 0 ]
	change "two"
	assert_live "two"
	change "three"
	assert_live "three"
	gg deploy web "$(named HEAD~2)" --reason "compare"
	assert_equal "$status" 0
	assert_live "one"
	gg deploy web "$(short)"
	assert_equal "$status" 0
	assert_live "three"
	gg rollback web --to 2 --reason "three is bad"
	assert_equal "$status" 0
	assert_live "two"
	assert_says "quarantine"
	gg deploy web
	[ "$status" -ne 0 ]
	assert_says "quarantine"
	gg deploy web "$(named)" --release
	assert_equal "$status" 0
	assert_live "three"
	gg deploy web 1234567890123456789012345678901234567890
	assert_equal "$status" 1
	gg deploy web --rel
	assert_equal "$status" 2
}

@test "service: after a rollback only a push that changes the target's paths ends it" {
	make_served
	start_service
	change "good"
	assert_live "good"
	change "bad"
	assert_live "bad"
	gg rollback web
	assert_live "good"
	change "elsewhere" other/file
	assert_judged
	assert_live "good"
	# Accepted, and not deployed: everybody is told why.
	assert_logged "a change is not deployed"
	if command -v curl >/dev/null; then
		run curl -s --unix-socket "$T/run/gitgate.sock" "http://x/api/v1/outbox?repository=shop"
		[[ "$output" =~ \"commit\":\"$(named)\",\"context\":\"gitgate/web\",\"state\":\"failure\",\"description\":\"quarantined:[^}]*$(short HEAD~1)[^}]*--release ]] ||
			fail "no status says so"
	fi
	change "better"
	assert_live "better"
}

@test "service: without it, status and log read the store" {
	make_served
	start_service
	change "one"
	assert_live "one"
	within 10 settled
	gitgate log --config "$T/gitgate.yaml" >"$T/with"
	stop_service
	gg status
	assert_equal "$status" 0
	assert_says "not running"
	assert_says "web"
	gitgate log --config "$T/gitgate.yaml" >"$T/without" 2>/dev/null
	assert_equal "$(grep -c deployed "$T/without")" "$(grep -c deployed "$T/with")"
	gg deploy web
	assert_equal "$status" 3
	assert_says "service"
}

@test "service: a second one is refused" {
	make_served
	start_service
	gg serve
	assert_equal "$status" 3
	assert_says "running"
	change "one"
	assert_live "one"
}

@test "service: a second one on the same store ends at once" {
	make_served
	start_service
	sed "s,^socket:.*,socket: \"$T/run/second.sock\"," "$T/gitgate.yaml" >"$T/second.yaml"
	run timeout 10 gitgate serve --config "$T/second.yaml"
	assert_equal "$status" 3
	assert_says '"code":"store-locked"'
	refute_says "started again"
	assert_equal "$(grep -c 'control cannot start' <<<"$output")" 1
	change "one"
	assert_live "one"
}

@test "service: the socket gives rights by user" {
	command -v curl >/dev/null || skip "needs curl"
	[ "$(id -u)" = 0 ] || skip "needs root, to be another user"
	begin_shared
	make_served
	chmod 755 "$T/run" 2>/dev/null || true
	start_service
	change "one"
	assert_live "one"
	change "two"
	assert_live "two"
	as_nobody() { run as nobody "$T/home" "$@"; }
	# Looking is free, changing is not.
	as_nobody gitgate status --socket "$T/run/gitgate.sock"
	assert_equal "$status" 0
	assert_says "web"
	local verb
	for verb in rollback deploy suspend resume; do
		as_nobody gitgate "$verb" web --socket "$T/run/gitgate.sock"
		[ "$status" -ne 0 ]
		assert_says "may not do this"
	done
	as_nobody curl -s -o /dev/null -w '%{http_code}' --unix-socket "$T/run/gitgate.sock" \
		-X POST -d '{"repository":"shop"}' http://x/api/v1/hints
	assert_equal "$output" 403
	assert_live "two"
	sed -i '1i admins: [nobody]' "$T/gitgate.yaml"
	kill -HUP "$SERVICE"
	assert_logged "the configuration was reloaded"
	as_nobody gitgate rollback web --socket "$T/run/gitgate.sock"
	assert_equal "$status" 0
	assert_live "one"
}

@test "service: a SHA-256 repository is never judged, and the log says why" {
	make_served
	rm -rf "$T/shop.git" "$T/clone"
	git init -q --bare --object-format=sha256 "$T/shop.git"
	git init -q --object-format=sha256 "$T/clone"
	put deploy/web/app.yaml "one"
	commit
	git -C "$T/clone" push -q "$T/shop.git" main
	start_service
	gg poll shop
	assert_logged "mismatched algorithms: client sha1; server sha256"
	! grep -q '"event":"judged"' "$T/log" || fail "it was judged"
	assert_equal "$(live)" ""
}
