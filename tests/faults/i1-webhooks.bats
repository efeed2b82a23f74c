#!/usr/bin/env bats
# tests/faults/i1-webhooks.bats - I1: what was answered 202 is on disk, and every tip that a
# webhook named gets its verdict and its status, though processes of every kind are killed under
# 200 webhooks a second of four forges. I6: forges lose three of ten webhooks; it converges.
#
# (Judges are killed in service_kill.bats; here they are over too soon.) GITGATE_SEED repeats a
# run's choices; NIGHTLY=1: 1,000 kills instead of 100.

load ../e2e/helpers
load ../e2e/service
load ../e2e/forge

KINDS="github gitlab gitea bitbucket-cloud"

setup() {
	begin_forge
	command -v sqlite3 >/dev/null || skip "needs sqlite3"
	CHAOS="$GITGATE_BUILD/tests/faults/chaos"
	[ -x "$CHAOS" ] || skip "needs tests/faults/chaos: make check builds it"
	start_forge
	HOOK_PORT=$(free_port)
}

teardown() {
	touch "$T/stop"
	[ -z "${LOAD-}" ] || kill "$LOAD" 2>/dev/null || true
	[ -z "${PUSHER-}" ] || kill "$PUSHER" 2>/dev/null || true
	end_forge
}

load_config() { # POLL
	local kind
	{
		cat <<-END
			store: $T/state/state.db
			state-directory: $T/state
			socket: $T/run/gitgate.sock
			listen: ["127.0.0.1:$HOOK_PORT"]
			restarts: 100000
			job-timeout: 20s
			workers: 3
			rules: [{name: no-keys, files: {forbid: ["*.pem"]}}]
		END
		[ "$(id -u)" != 0 ] || printf '%s: root\n' user intake-user job-user
		echo "sources:"
		for kind in $KINDS; do
			cat <<-END
				  $kind:
				    kind: $kind
				    secrets-file: $T/secrets/hook
				    api: $API_BASE/$kind$([ "$kind" != gitlab ] || echo /api/v4)
				    token-file: $T/secrets/token
				    requests-per-minute: 100000
				    comments: false
			END
		done
		echo "repositories:"
		for kind in $KINDS; do
			echo "  $kind: {source: $kind, name: acme/shop, path: \"$T/git/$kind.git\", poll: $1, merge-requests: false, anchor: {refs/heads/main: root}}"
		done
	} >"$T/gitgate.yaml"
	for kind in $KINDS; do
		git init -q --bare "$T/git/$kind.git"
		TREE=$(git --git-dir "$T/git/$kind.git" mktree </dev/null)
	done
}

# new_tip N: a branch of its own with a commit of its own, in the repository whose turn it is
new_tip() {
	local kinds=($KINDS) kind commit
	kind=${kinds[$(($1 % 4))]}
	commit=$(git --git-dir "$T/git/$kind.git" commit-tree -m "number $1" "$TREE")
	git --git-dir "$T/git/$kind.git" update-ref "refs/heads/b-$1" "$commit"
	[ "$1" -ge 4 ] || git --git-dir "$T/git/$kind.git" update-ref refs/heads/main "$commit"
	printf '%s acme/shop refs/heads/b-%s %s\n' "$kind" "$1" "$commit" >>"$T/tips"
}

push_on() {
	local n=0
	while [ ! -e "$T/enough" ]; do
		new_tip "$n"
		n=$((n + 1))
		sleep 0.4
	done
}

# Tips that lack a final status at the forge, or have several, or one that is open at another of
# their refs (the first of each repository have two; GitLab keeps statuses by ref), a line each.
unsettled() {
	tell statuses '{}' | awk '
		FNR == NR {tip[NR] = $1 " " $2 " " $4; line[NR] = $1 " " $3 " " $4; kind[NR] = $1; count = NR; next}
		$5 == "gitgate/policy" {
			which = $1 " " $2 " " $3
			states[which] = states[which] (states[which] == "" ? "" : ",") $4
			is_open = $4 ~ /^(pending|running|INPROGRESS)$/
			open[which] += is_open - open_at[which, $6]
			open_at[which, $6] = is_open
			if (!is_open) {
				different[which] = different[which] || (finals[which] > 0 && $4 != final[which])
				final[which] = $4
				finals[which]++
			}
		}
		# Bitbucket keeps one status a key, whatever is posted again.
		END {
			for (n = 1; n <= count; n++) {
				which = tip[n]
				if (finals[which] < 1 || (finals[which] > 1 && kind[n] != "bitbucket-cloud") || different[which] || open[which])
					print line[n], states[which] == "" ? "nothing" : states[which]
			}
		}' "$T/tips" -
}

all_settled() {
	[ -z "$(unsettled)" ]
}

store() {
	sqlite3 -readonly "$T/state/state.db" "$1"
}

# Every delivery that was answered 202 is there (one that was merged with another under the
# other's number), was read, and is of that source.
check_deliveries() {
	awk '$1 == 202 { print $3 "|" $2 }' "$T/answers" | sort -u >"$T/promised"
	[ "$(wc -l <"$T/promised")" -ge 100 ] || fail "only $(wc -l <"$T/promised") deliveries were taken"
	! grep -q '^-' "$T/promised" || fail "a 202 without a number"
	store "SELECT id || '|' || source FROM deliveries WHERE state IN ('done', 'ignored', 'unreadable')" | sort -u >"$T/stored"
	comm -23 "$T/promised" "$T/stored" >"$T/lost"
	[ ! -s "$T/lost" ] || fail "answered 202 and not in the store: $(head -5 "$T/lost") ($(wc -l <"$T/lost"))"
}

check_verdicts() {
	local kind name ref commit
	while read -r kind name ref commit; do
		[ "$(store "SELECT count(*) FROM changes WHERE repository = '$kind' AND ref = '$ref' AND lower(hex(new)) = '$commit' AND state IN ('accepted', 'refused', 'unknown')")" = 1 ] ||
			fail "no verdict for $kind $ref $commit"
	done <"$T/tips"
}

share() {
	echo $(($1 * ${KILLS:-100} / 100))
}

@test "I1: kills under 200 webhooks a second: what was answered 202 is on disk, every tip has its verdict" {
	local seed="${GITGATE_SEED:-$((RANDOM * 32768 + RANDOM))}"
	[ -z "${NIGHTLY-}" ] || KILLS=1000
	echo "# GITGATE_SEED=$seed" >&3
	load_config 10s
	new_tip 0 && new_tip 1 && new_tip 2 && new_tip 3
	start_service
	push_on 3>&- &
	PUSHER=$!
	node "$FORGE_TOOLS/load.mjs" "http://127.0.0.1:$HOOK_PORT/hooks" "$T/secrets/hook" "$T/tips" "$T/answers" 200 "$T/stop" >"$T/load" 3>&- &
	LOAD=$!
	status=0
	"$CHAOS" kill "$SERVICE" "$seed" "$T/killed" control="$(share 30)" intake="$(share 26)" zygote="$(share 12)" \
		read="$(share 17)" fetch="$(share 7)" report="$(share 6)" runner="$(share 2)" || status=$?
	[ "$status" -eq 0 ] || fail "$(tail -1 "$T/killed")"
	touch "$T/enough"
	wait "$PUSHER" || true
	PUSHER=
	touch "$T/stop"
	wait "$LOAD" || fail "the load ended badly"
	LOAD=
	echo "# killed: $(sort "$T/killed" | cut -d' ' -f1 | uniq -c | awk '{ printf "%s%s %s", (NR > 1) ? ", " : "", $2, $1 }'); $(cat "$T/load"); $(wc -l <"$T/tips") tips" >&3
	within 90 all_settled || fail "without one final status: $(unsettled)"
	within 20 nothing_unread || fail "deliveries wait"
	stop_service
	check_deliveries
	check_verdicts
	run gitgate store check --config "$T/gitgate.yaml"
	[ "$status" -eq 0 ] || fail "the store is not sound"
	# What these checks would be worth if they saw nothing.
	cp "$T/state/state.db" "$T/whole.db"
	sqlite3 "$T/state/state.db" "PRAGMA foreign_keys = OFF; DELETE FROM deliveries WHERE id = $(sed -n '7s/|.*//p' "$T/promised")"
	run check_deliveries
	[ "$status" -ne 0 ] || fail "a lost delivery is not seen"
}

nothing_unread() {
	! curl -s --unix-socket "$T/run/gitgate.sock" "http://x/api/v1/deliveries?state=received&limit=1" | grep -q '"id"'
}

@test "I6: forges lose three of ten webhooks, and everything gets its verdict all the same" {
	local n
	load_config 2s
	for n in 0 1 2 3; do
		new_tip "$n"
	done
	start_service
	node "$FORGE_TOOLS/load.mjs" "http://127.0.0.1:$HOOK_PORT/hooks" "$T/secrets/hook" "$T/tips" "$T/answers" 200 "$T/stop" 30 >"$T/load" 3>&- &
	LOAD=$!
	for n in {4..63}; do
		new_tip "$n"
		sleep 0.05
	done
	touch "$T/stop"
	wait "$LOAD"
	LOAD=
	echo "# $(cat "$T/load")" >&3
	within 30 all_settled || fail "without one final status: $(unsettled)"
	stop_service
	check_verdicts
}
