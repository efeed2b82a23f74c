#!/usr/bin/env bats
# tests/faults/n1-forge.bats - N1: whatever a forge does to our requests, in the end each commit
# has exactly one final status, and no byte of a token goes to another host. Every kind of fault
# (tests/forge/faults.mjs) at every forge: one commit each, of which the first reading and the
# first final status meet the fault. (Each is refused: there is no anchor. It makes no difference here.)

load ../e2e/helpers
load ../e2e/service
load ../e2e/forge

KINDS="github gitlab gitea bitbucket-cloud bitbucket-server"

setup() {
	begin_forge
	start_forge tls
}

teardown() {
	end_forge
}

name_of() {
	case $1 in
	gitlab) echo acme/group/shop ;;
	bitbucket-server) echo ACME/shop ;;
	*) echo acme/shop ;;
	esac
}

api_of() {
	case $1 in
	gitlab) echo "$API_BASE/gitlab/api/v4" ;;
	*) echo "$API_BASE/$1" ;;
	esac
}

faults_config() { # KINDS: a source and a repository of each
	local kind
	cat <<-END
		store: $T/state/state.db
		state-directory: $T/state
		socket: $T/run/gitgate.sock
		workers: 4
		rules: [{name: no-keys, files: {forbid: ["*.pem"]}}]
	END
	[ "$(id -u)" != 0 ] || printf '%s: root\n' user intake-user job-user
	echo "sources:"
	for kind; do
		cat <<-END
			  $kind:
			    kind: $kind
			    api: $(api_of "$kind")
			    token-file: $T/secrets/token
			    ca-file: $T/tls/ca.pem
			    requests-per-minute: 100000
			    api-timeout: 1s
			    comments: false
		END
	done
	echo "repositories:"
	for kind; do
		cat <<-END
			  $kind: {source: $kind, name: $(name_of "$kind"), path: "$T/git/$kind.git", poll: 1h, merge-requests: false}
		END
	done
}

# A branch with a commit of its own for each kind of fault, and one that meets none.
make_branches() {
	local fault tree commit
	mkdir -p "$T/git"
	git init -q --bare "$T/git/all.git"
	tree=$(git --git-dir "$T/git/all.git" mktree </dev/null)
	for fault in none $FAULTS; do
		commit=$(git --git-dir "$T/git/all.git" commit-tree -m "$fault" "$tree")
		git --git-dir "$T/git/all.git" update-ref "refs/heads/f-$fault" "$commit"
		printf '%s %s\n' "$fault" "$commit"
	done >"$T/commits"
	git --git-dir "$T/git/all.git" symbolic-ref HEAD refs/heads/f-none
	for kind in $KINDS; do
		cp -r "$T/git/all.git" "$T/git/$kind.git"
	done
}

# What is wrong at the forge, a line each; nothing when all is as it must be.
wrong() {
	tell statuses '{}' | awk -v kinds="$KINDS" '
		FNR == NR {fault[NR] = $1; commit[NR] = $2; count = NR; next}
		{
			which = $1 " " $3
			states[which] = states[which] (states[which] == "" ? "" : ",") $4
			open[which] = $4 ~ /^(pending|running|INPROGRESS)$/
			if (!open[which]) {final[which] = $4; finals[which]++}
		}
		END {
			forges = split(kinds, kind, " ")
			for (i = 1; i <= forges; i++)
				for (n = 1; n <= count; n++) {
					which = kind[i] " " commit[n]
					if (finals[which] != 1 || tolower(final[which]) !~ /^fail/ || open[which])
						print kind[i], fault[n], states[which] == "" ? "nothing" : states[which]
				}
		}' "$T/commits" -
}

nothing_wrong() {
	[ -z "$(wrong)" ]
}

@test "N1: every kind of fault at every forge ends in exactly one final status" {
	local kind fault commit
	FAULTS=$(tell faults '{}' | tr -d '[]"' | tr ',' ' ')
	[ "$(wc -w <<<"$FAULTS")" -ge 24 ]
	make_branches
	while read -r fault commit; do
		[ "$fault" != none ] || continue
		for kind in $KINDS; do
			printf '{"kind":"%s","part":"%s","fault":"%s","method":"GET"}\n' "$kind" "$commit" "$fault"
			printf '{"kind":"%s","part":"%s","fault":"%s","final":true}\n' "$kind" "$commit" "$fault"
		done
	done <"$T/commits" >"$T/faults.json"
	printf "[%s]" "$(paste -sd, "$T/faults.json")" >"$T/faults.list"
	curl -sf -X POST --data-binary "@$T/faults.list" "http://127.0.0.1:$CONTROL_PORT/faults-from" >/dev/null
	faults_config $KINDS >"$T/gitgate.yaml"
	SECONDS=0
	start_service
	within 300 nothing_wrong || fail "after $SECONDS s, kind, fault, states:
$(wrong)"
	echo "# $(wc -w <<<"$FAULTS") kinds of faults at $(wc -w <<<"$KINDS") forges in $SECONDS s; given: $(requests 'r.fault')" >&3
	# What comes later changes nothing.
	sleep 2
	nothing_wrong || fail "later: $(wrong)"
	assert_equal "$(wc -c <"$T/forge/elsewhere.log")" 0
	! grep -qF "$(cat "$T/secrets/token")" "$T/log" || fail "the token is in the log"
}
