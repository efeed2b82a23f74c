#!/usr/bin/env bats
# The steps of the demonstration again, seen with git and cat alone; and two mutants, a
# judge that always passes and one that always refuses, which this must notice.

load helpers

MANIFEST=deploy/web/app.yaml

setup() {
	begin
	make_key alice
	SERVICE=
}

teardown() {
	[ -z "$SERVICE" ] || { kill "$SERVICE" && wait "$SERVICE"; } 2>/dev/null || true
	[ ! -e "$T/log" ] || tail -5 "$T/log"
}

# Repository with hooks, clone, service; all programs come from $BIN.
stage() {
	local user
	user=$(id -un)
	mkdir -p "$T/live"
	cat >"$T/schema.json" <<-END
		{"type": "object", "required": ["replicas"],
		 "properties": {"replicas": {"type": "integer"}}}
	END
	cat >"$T/gitgate.yaml" <<-END
		store: "$T/state/state.db"
		state-directory: "$T/state"
		socket: "$T/run/socket"
		user: $user
		intake-user: $user
		job-user: $user
		principals:
		  alice: {email: [alice@example.org], ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]}
		rules:
		  - {name: main-is-signed, refs: [refs/heads/main], signatures: {by: [alice]}}
		  - {name: manifests, paths: ["deploy/**/*.yaml"], schema: {file: schema.json}}
		repositories:
		  shop: {path: "$T/shop.git", poll: 1h, anchor: {refs/heads/main: root}}
		targets:
		  web:
		    repository: shop
		    paths: [deploy/web]
		    directory: {path: "$T/live"}
		    drift: {every: 2s}
	END
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	"$BIN/gitgate" init "$T/shop.git" --from-root --config "$T/gitgate.yaml" >"$T/init.out" 2>&1
	"$BIN/gitgate" serve --config "$T/gitgate.yaml" 2>"$T/log" 3>&- &
	SERVICE=$!
	until_true grep -q '"event":"ready"' "$T/log"
}

# Five seconds, then no.
until_true() {
	local i
	for i in {1..100}; do
		! "$@" || return 0
		sleep 0.05
	done
	return 1
}

live_is() {
	[ "$(cat "$T/live/current/app.yaml" 2>/dev/null)" = "$1" ]
}

# write TEXT: the manifest, in a commit on what main of the server is; $ID
write() {
	local tip signs=${2--S}
	tip=$(git --git-dir="$T/shop.git" rev-parse -q --verify main || true)
	if [ -n "$tip" ]; then
		git -C "$T/clone" reset -q --hard "$tip"
	else
		git -C "$T/clone" update-ref -d HEAD
	fi
	put "$MANIFEST" "$1"
	git -C "$T/clone" add -A
	git -C "$T/clone" commit -q "$signs" -m "$1"
	ID=$(git -C "$T/clone" rev-parse HEAD)
}

# offer ID: pushes it; whether main is there afterwards
offer() {
	git -C "$T/clone" push -q origin "$1:refs/heads/main" >"$T/said" 2>&1
	[ "$(git --git-dir="$T/shop.git" rev-parse -q --verify main)" = "$1" ]
}

refuses() {
	! offer "$1" || return 1
	grep -q "remote:.*$2" "$T/said" && grep -q 'remote: .*mend: ' "$T/said"
}

unsigned_is_refused() {
	write "replicas: 1" --no-gpg-sign
	refuses "$ID" main-is-signed
}

broken_is_refused() {
	write "replicas: one"
	refuses "$ID" "$MANIFEST:1:11: "
}

# One byte of the signature itself, near its end.
forged_is_refused() {
	write "replicas: 1"
	git -C "$T/clone" cat-file commit "$ID" >"$T/raw"
	awk '{ line[NR] = $0 } /END SSH SIGNATURE/ { last = NR - 2 }
		END { for (i = 1; i <= NR; i++) { if (i == last) {
			c = substr(line[i], 20, 1)
			line[i] = substr(line[i], 1, 19) (c == "A" ? "B" : "A") substr(line[i], 21)
		} print line[i] } }' "$T/raw" >"$T/forged"
	[ "$(cmp -l "$T/raw" "$T/forged" | wc -l)" = 1 ] || return 1
	refuses "$(git -C "$T/clone" hash-object -t commit -w --literally "$T/forged")" main-is-signed
}

good_is_deployed() {
	write "replicas: 1" && FIRST=$ID
	offer "$ID" && until_true live_is "replicas: 1"
}

second_is_deployed() {
	write "replicas: 2" && SECOND=$ID
	offer "$ID" && until_true live_is "replicas: 2"
}

edit_is_corrected() {
	echo "replicas: 666" >"$T/live/current/app.yaml"
	until_true live_is "replicas: $1"
}

rollback_is_done() {
	"$BIN/gitgate" rollback web --config "$T/gitgate.yaml" >"$T/said" 2>&1 &&
		until_true live_is "replicas: 1"
}

# Longer than the interval of comparisons.
rollback_stays() {
	edit_is_corrected 1 || return 1
	sleep 2.5
	live_is "replicas: 1" &&
		[ "$(git --git-dir="$T/shop.git" rev-parse main)" = "$SECOND" ]
}

# Each step whatever the others gave: names of those that failed in $FAILED.
play() {
	BIN=$1 FAILED=
	stage
	local step
	for step in unsigned_is_refused broken_is_refused forged_is_refused \
		good_is_deployed second_is_deployed "edit_is_corrected 2" \
		rollback_is_done rollback_stays; do
		$step || { FAILED="$FAILED${step%% *} "; head -3 "$T/said"; }
	done
}

# mutate WHAT: the programs in $T/mutant, with a judge that ends with WHAT
mutate() {
	local cc=${CC:-cc} line program
	command -v "${cc%% *}" >/dev/null || skip "no compiler"
	mkdir "$T/mutant"
	sed "s/verdict_conclude(verdict);/{ verdict_conclude(verdict); $1 }/" \
		"$GITGATE_SOURCE/src/policy/evaluate.c" >"$T/mutant/evaluate.c"
	grep -q "verdict->result = VERDICT_" "$T/mutant/evaluate.c" || fail "no mutant"
	cp "$GITGATE_BUILD/libpolicy.a" "$T/mutant/"
	cd "$GITGATE_BUILD"
	# The object has the name that automake gave it.
	local object
	object=$(ar t libpolicy.a | grep '^\(libpolicy_a-\)\?evaluate\.o$')
	$cc -std=gnu11 -g -O1 -I. -I"$GITGATE_SOURCE/src" -include config.h \
		-include "$GITGATE_SOURCE/src/base/banned.h" \
		-c -o "$T/mutant/$object" "$T/mutant/evaluate.c"
	ar r "$T/mutant/libpolicy.a" "$T/mutant/$object" 2>/dev/null
	for program in gitgate gitgate-pre-receive; do
		line=$(env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
			make -n V=1 -W libpolicy.a "$program" | grep -- " -o $program ")
		line=${line/ -o $program / -o \"\$T/mutant/$program\" }
		eval "${line/ libpolicy.a / \"\$T/mutant/libpolicy.a\" }"
	done
	cp gitgate-post-receive gitgate-ssh "$T/mutant/"
	cd "$T"
}

@test "demo with git and cat: every step is seen" {
	play "$GITGATE_BUILD"
	assert_equal "$FAILED" ""
}

@test "demo with git and cat: a judge that always passes is noticed" {
	mutate "verdict->result = VERDICT_PASS; verdict->errors = 0;"
	play "$T/mutant"
	echo "failed: $FAILED"
	[[ "$FAILED" = *unsigned_is_refused* ]]
	[[ "$FAILED" = *broken_is_refused* ]]
	[[ "$FAILED" = *forged_is_refused* ]]
	# It is a working program otherwise.
	[[ "$FAILED" != *good_is_deployed* ]]
}

@test "demo with git and cat: a judge that always refuses is noticed" {
	mutate "verdict->result = VERDICT_FAIL; verdict->errors = 1;"
	play "$T/mutant"
	echo "failed: $FAILED"
	[[ "$FAILED" = *good_is_deployed* ]]
	[[ "$FAILED" = *second_is_deployed* ]]
	[[ "$FAILED" = *rollback_is_done* ]]
	[[ "$FAILED" != *unsigned_is_refused* ]]
}
