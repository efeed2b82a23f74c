#!/usr/bin/env bash
# tests/bench/schema.sh - validating Kubernetes' manifests: ours and ajv, interleaved; what is asked for are ratios.
# ROUNDS (default 5); in each, both take TURNS (default 10) of MS milliseconds. A round's figures are the means of its
# turns: machines that others use, too, change their speed faster than rounds. Wants node, and ajv and js-yaml below
# $GITGATE_NPM.
ROUNDS=${ROUNDS:-5}
TURNS=${TURNS:-10}
MS=${MS:-30}
. "$(dirname "$0")/lib.bash"
make -s -C "$GITGATE_BUILD" tests/bench/bench_schema
export GITGATE_NPM=${GITGATE_NPM:-$GITGATE_BUILD/npm}
here=$(dirname "$0")
shared=${GITGATE_SHARED:-$here/../../../shared}
node "$here/schema_material.mjs" "$shared/data/kubernetes/v1.33-definitions-nodesc.json" "$BENCH"

ours() { "$GITGATE_BUILD/tests/bench/bench_schema" "$BENCH" "$1" "$2" "$MS"; }
peer() { node "$here/schema_peer.mjs" "$BENCH" "$1" "$2" "$MS"; }
mkfifo "$BENCH/to-a" "$BENCH/from-a" "$BENCH/to-b" "$BENCH/from-b"

# in_turns KIND WORK COMMAND KIND WORK COMMAND: $a and $b, the medians of the rounds of both, and $ratio, that of b to a.
in_turns() {
	local round turn x y
	"$3" "$1" "$2" <"$BENCH/to-a" >"$BENCH/from-a" &
	"$6" "$4" "$5" <"$BENCH/to-b" >"$BENCH/from-b" &
	exec 3>"$BENCH/to-a" 4<"$BENCH/from-a" 5>"$BENCH/to-b" 6<"$BENCH/from-b"
	echo >&3; read -r _ <&4; echo >&5; read -r _ <&6 # both are ready and warm
	for ((round = 0; round < ROUNDS; round++)); do
		for ((turn = 0; turn < TURNS; turn++)); do
			echo >&3; read -r x <&4
			echo >&5; read -r y <&6
			echo "$x $y"
		done | awk '{a += $1; b += $2} END {print a / NR, b / NR, b / a}'
	done >"$BENCH/rounds"
	exec 3>&- 4<&- 5>&- 6<&-
	wait
	a=$(column 1 "$BENCH/rounds" | median); b=$(column 2 "$BENCH/rounds" | median)
	ratio=$(column 3 "$BENCH/rounds" | median)
}

# compare KIND WORK MUST AIM
compare() {
	in_turns "$1" "$2" ours "$1" "$2" peer
	awk -v w="$1, $2" -v a="$a" -v b="$b" -v ratio="$ratio" -v must="$3" -v aim="$4" 'BEGIN {
		printf "%-22s gitgate %9.0f ns, ajv %10.0f ns: %.1f times (must: %s, aim: %s)%s\n", w, a, b, ratio, must, aim, (ratio < must ? "  MISSED" : "") }'
}

# alone KIND WORK UNIT DIVISOR MUST
alone() {
	a=$(MS=$((MS * TURNS)); seq "$ROUNDS" | ours "$1" "$2" | median)
	awk -v w="$1, $2" -v a="$a" -v u="$3" -v d="$4" -v must="$5" 'BEGIN {
		printf "%-22s gitgate %9.3f %s (must: %s)%s\n", w, a / d, u, must, (a / d > must ? "  MISSED" : "") }'
}

compare Deployment hot 3 8
compare Deployment varied 10 45
compare Service hot 3 5
compare Service varied 8 18
compare Service alike 3 5 # different ones, but of few shapes: what JavaScript likes
compare Deployment bad 3 8    # texts, pointers and positions of all errors
compare Deployment mended 1 3 # and how to mend each, which ajv does not say
compare Deployment yaml 2 20
compare Deployment compile 1 1
alone Deployment compile-all ms 1000000 20
alone Deployment load-all ms 1000000 2
in_turns Deployment hot ours Deployment collect ours
printf "collecting on a valid Deployment: %.2f times the fast mode (must: 1.2)\n" "$ratio"
