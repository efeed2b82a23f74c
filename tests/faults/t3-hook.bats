#!/usr/bin/env bats
# T3 on the hook's path: whichever allocation fails, a push that must not come in never does,
# the hook never crashes, and it says why. A good push is accepted with a verdict or refused
# with a reason.

load ../e2e/helpers

setup() {
	sanitized && skip "the sanitizers have an allocator of their own"
	CC=${CC:-cc}
	command -v "${CC%% *}" >/dev/null || skip "no compiler to build the failing allocator"
	PLACE=place begin # LD_PRELOAD knows no blanks
	make_guarded
	cat >>"$T/gitgate.yaml" <<-END
		  - name: small
		    files: {max-size: 1MiB}
		  - name: documents
		    schema: {}
	END
	$CC -shared -fPIC -O1 -o "$T/failing.so" "$GITGATE_SOURCE/tests/faults/failing_malloc.c"
	BEFORE=$(tip "$T/shop.git" main)
	put app.yaml "replicas: 2"
	put further.yaml "a: [1, 2, {b: c}]"
	commit -m "good"
	GOOD=$(git -C "$T/clone" rev-parse HEAD)
	git -C "$T/clone" commit -q --amend --no-gpg-sign --no-edit
	BAD=$(git -C "$T/clone" rev-parse HEAD)
	# Both lie in the repository; the ref has not moved.
	git --git-dir="$T/shop.git" fetch -q "$T/clone" "$BAD"
	git -C "$T/clone" push -q "$T/shop.git" "$GOOD:refs/heads/good" 2>/dev/null
	git --git-dir="$T/shop.git" update-ref -d refs/heads/good
	rm -f "$T/shop.git/gitgate/facts"
	cd "$T/shop.git"
}

# judge NEW VARIABLE=N: sets $code; what was said is in $T/said
judge() {
	code=0
	printf '%s %s refs/heads/main\n' "$BEFORE" "$1" |
		env -i GIT_DIR=. LD_PRELOAD="$T/failing.so" "$2" "$GITGATE_BUILD/gitgate-pre-receive" 2>"$T/said" || code=$?
	rm -f gitgate/facts
}

check_bad() {
	[ "$code" -ne 0 ] || fail "$1: the unsigned commit was accepted"
	[ "$code" -lt 126 ] || fail "$1: ended with $code"
	[ -s "$T/said" ] || fail "$1: no reason was given"
}

check_good() {
	case $code in
	0) grep -q "refs/heads/main .*: accepted" "$T/said" || fail "$1: accepted without a verdict" ;;
	1) grep -q "gitgate" "$T/said" || fail "$1: refused without a reason" ;;
	*) fail "$1: ended with $code" ;;
	esac
}

# sweep VARIABLE POINTS: both pushes at so many points, evenly spread over all allocations
sweep() {
	local i at accepted=0 crashed=0
	for ((i = 0; i < $2; i++)); do
		at=$((1 + i * ALL / $2))
		judge "$BAD" "$1=$at"
		check_bad "$1=$at"
		judge "$GOOD" "$1=$at"
		check_good "$1=$at"
		[ $code -ne 0 ] || accepted=$((accepted + 1))
		! grep -q "the hook crashed" "$T/said" || crashed=$((crashed + 1))
	done
	echo "# $1: $2 points of $ALL allocations, the good push accepted at $accepted," \
		"a library crashed (refused, with a reason) at $crashed" >&3
	# libgit2's and OpenSSL's beginnings; more would be ours.
	[ $((crashed * 10)) -le "$2" ] || fail "$1: $crashed crashes"
}

count_allocations() {
	judge "$1" FAIL_COUNT="$T/all"
	ALL=$(cat "$T/all")
	[ "$ALL" -gt 200 ]
}

@test "T3: the allocator works" {
	judge "$GOOD" FAIL_AT=0
	assert_equal "$code" 0
	judge "$BAD" FAIL_AT=0
	assert_equal "$code" 1
	count_allocations "$GOOD"
	judge "$GOOD" FAIL_FROM=$((ALL / 2))
	assert_equal "$code" 1
}

@test "T3: any one allocation fails" {
	count_allocations "$GOOD"
	sweep FAIL_AT 220
}

@test "T3: memory ends" {
	count_allocations "$GOOD"
	sweep FAIL_FROM 60
}

@test "T3: the last allocations, one by one" {
	count_allocations "$GOOD"
	local at
	for ((at = ALL - 120; at <= ALL; at++)); do
		judge "$GOOD" FAIL_AT=$at
		check_good "FAIL_AT=$at"
		judge "$BAD" FAIL_AT=$at
		check_bad "FAIL_AT=$at"
	done
}
