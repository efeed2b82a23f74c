#!/usr/bin/env bats
# S3: one commit that nobody signed, wherever it hides, is refused by the hook and by the
# service, which hears of it by a hint; with that commit signed both let it pass.

load helpers
load service
load topologies

setup() {
	begin
	make_served
	# The hook judges in a repository of its own: what it refuses reaches the service's
	# by another way, as if there were no hook.
	git init -q --bare "$T/hook.git"
	gitgate init "$T/hook.git" --from-root --name shop --config "$T/gitgate.yaml" --socket none >/dev/null
	rm "$T/shop.git/hooks/pre-receive"
	put app.yaml "replicas: 1"
	commit -m "begin"
	cd "$T/clone"
	git push -q "$T/hook.git" main
	git push -q origin main
	start_service
	assert_judged pass
}

teardown() {
	end_service
	end
}

# judged RESULT REF: the service has judged what the ref holds
judged() {
	local line
	line="\"commit\":\"$(git rev-parse "$2")\",\"result\":\"$1\""
	within 10 logged "$line" || fail "the service did not judge $2: $line"
}

# Both gates, about what was built, say RESULT; refs and options of push follow.
both_say() {
	local result=$1 ref
	shift
	run git push "$T/hook.git" "$@"
	[ "$result" = pass ] && assert_accepted
	[ "$result" = pass ] || [[ "$output" = *"pre-receive hook declined"* ]] || fail "the hook did not refuse it"
	run git push -f origin "$@"
	assert_accepted
	for ref in "$@"; do
		judged "$result" "${ref#+}"
	done
}

# topology SHAPE REF...: the last ref is the one that holds the hidden commit
topology() {
	local shape=$1
	shift
	"$shape" --no-gpg-sign
	if [ $# -gt 1 ]; then
		both_say_of_each "$@"
	else
		both_say fail "$@"
	fi
	cd "$T"
	rm -rf "$T/clone"
	cp -a "$T/clone.clean" "$T/clone"
	cd "$T/clone"
	"$shape" -S
	both_say pass "$@"
}

# The hook refuses all, the service the last.
both_say_of_each() {
	run git push "$T/hook.git" "$@"
	[[ "$output" = *"pre-receive hook declined"* ]] || fail "the hook did not refuse it"
	run git push -f origin "$@"
	assert_accepted
	judged fail "${@: -1}"
}

@test "topologies, both gates: behind others, on sides, roots and new branches" {
	cp -a "$T/clone" "$T/clone.clean"
	topology deep main
	# What main has now is judged: the next shapes are branches from where it began.
	local shape
	for shape in side_deep octopus other_root criss_cross; do
		again
		topology "$shape" +main
	done
	again
	topology new_branch feature
}

# The service has not let pass what HEAD is.
refute_passed() {
	! grep -q "\"commit\":\"$(git rev-parse HEAD)\",\"result\":\"pass\"" "$T/log" || fail "it passed"
}

# A new start, as it was.
again() {
	cd "$T"
	rm -rf "$T/clone"
	cp -a "$T/clone.clean" "$T/clone"
	cd "$T/clone"
}

@test "topologies, both gates: under tags, undone, empty, merged away, by force" {
	cp -a "$T/clone" "$T/clone.clean"
	topology on_tag v1
	again
	topology tag_of_tag outer
	local shape
	for shape in reverted empty ours forced; do
		again
		topology "$shape" +main
	done
	again
	topology two_refs +main second
}

@test "topologies, both gates: a replace ref hides nothing" {
	one hidden --no-gpg-sign
	mark
	local signed hidden
	hidden=$(git rev-parse HEAD)
	signed=$(git commit-tree -S -p HEAD~1 -m hidden "HEAD^{tree}")
	git push -q "$T/shop.git" "$signed:refs/heads/stand-in" "$hidden:refs/heads/x"
	git push -q "$T/hook.git" "$signed:refs/heads/stand-in"
	git --git-dir="$T/shop.git" update-ref "refs/replace/$hidden" "$signed"
	both_say fail main
	git reset -q --hard "$signed"
	both_say pass +main
}

@test "topologies, both gates: objects by way of alternates are judged or not seen at all" {
	# The pusher's objects are the server's alternates: nothing at all is sent.
	echo "$T/clone/.git/objects" | tee "$T/shop.git/objects/info/alternates" >"$T/hook.git/objects/info/alternates"
	one hidden --no-gpg-sign
	one a -S
	run git push "$T/hook.git" main
	[[ "$output" = *"pre-receive hook declined"* ]] || fail "the hook did not refuse it"
	# What fetches is confined to the repository's own directory.
	git push -q origin main
	assert_logged '"event":"a fetch failed"'
	refute_judged
	git --git-dir="$T/shop.git" repack -adq
	rm "$T/shop.git/objects/info/alternates"
	gg poll shop
	judged fail main
	git reset -q --hard HEAD~2
	one a -S
	git push -q "$T/hook.git" main
	git push -q -f origin main
	judged pass main
}

# The service has not judged what HEAD is.
refute_judged() {
	! grep -q "\"commit\":\"$(git rev-parse HEAD)\"" "$T/log" || fail "it was judged"
}

@test "topologies, both gates: a namespace hides nothing" {
	one hidden --no-gpg-sign
	one a -S
	export GIT_NAMESPACE=other
	run git push "$T/hook.git" main
	[[ "$output" = *"pre-receive hook declined"* ]] || fail "the hook did not refuse it"
	git reset -q --hard HEAD~2
	one b -S
	git push -q "$T/hook.git" main
	git push -q origin main
	unset GIT_NAMESPACE
	# The service serves what stands outside of namespaces, and that did not move.
	assert_equal "$(tip "$T/shop.git" refs/namespaces/other/refs/heads/main)" "$(git rev-parse HEAD)"
	within 10 settled
	both_say pass main
}

@test "topologies, both gates: grafts and shallow boundaries at the server hide nothing" {
	local boundary
	for boundary in info/grafts shallow; do
		one "hidden-${boundary##*/}" --no-gpg-sign
		one "a-${boundary##*/}" -S
		# The signed tip would stand there without its parent.
		git push -q origin "main:refs/keep/${boundary##*/}"
		git rev-parse HEAD | tee "$T/shop.git/$boundary" >"$T/hook.git/$boundary"
		run git push "$T/hook.git" main
		[ "$status" -ne 0 ] || fail "the hook let it in"
		git --git-dir="$T/shop.git" update-ref refs/heads/main "$(git rev-parse HEAD)"
		gg poll shop
		within 10 settled
		sleep 0.3
		refute_passed
		rm "$T/shop.git/$boundary" "$T/hook.git/$boundary"
		gg poll shop
		judged fail HEAD
		git reset -q --hard HEAD~2
		one "twin-${boundary##*/}" -S
		both_say pass +main
	done
}
