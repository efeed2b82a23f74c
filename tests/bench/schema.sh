#!/usr/bin/env bash
# tests/bench/schema.sh - validating Kubernetes' manifests: ours and ajv, interleaved; what is asked for are ratios.
# ROUNDS (default 5); MS: milliseconds of each measurement. Wants node, and ajv and js-yaml below $GITGATE_NPM.
ROUNDS=${ROUNDS:-5}
MS=${MS:-300}
. "$(dirname "$0")/lib.bash"
make -s -C "$GITGATE_BUILD" tests/bench/bench_schema
export GITGATE_NPM=${GITGATE_NPM:-$GITGATE_BUILD/npm}
here=$(dirname "$0")
shared=${GITGATE_SHARED:-$here/../../../shared}
node "$here/schema_material.mjs" "$shared/data/kubernetes/v1.33-definitions-nodesc.json" "$BENCH"

ours() { "$GITGATE_BUILD/tests/bench/bench_schema" "$BENCH" "$1" "$2" "$MS"; }
peer() { node "$here/schema_peer.mjs" "$BENCH" "$1" "$2" "$MS" | cut -d' ' -f1; }

# compare KIND WORK MUST AIM
compare() {
	local round
	: >"$BENCH/times"
	for ((round = 0; round < ROUNDS; round++)); do
		if ((round % 2)); then a=$(ours "$1" "$2"); b=$(peer "$1" "$2"); else b=$(peer "$1" "$2"); a=$(ours "$1" "$2"); fi
		echo "$a $b" >>"$BENCH/times"
	done
	a=$(column 1 "$BENCH/times" | median); b=$(column 2 "$BENCH/times" | median)
	awk -v w="$1, $2" -v a="$a" -v b="$b" -v must="$3" -v aim="$4" 'BEGIN {
		printf "%-22s gitgate %9.0f ns, ajv %10.0f ns: %.1f times (must: %s, aim: %s)%s\n", w, a, b, b / a, must, aim, (b / a < must ? "  MISSED" : "") }'
}

# alone KIND WORK UNIT DIVISOR MUST
alone() {
	local round
	: >"$BENCH/times"
	for ((round = 0; round < ROUNDS; round++)); do ours "$1" "$2" >>"$BENCH/times"; done
	a=$(median <"$BENCH/times")
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
: >"$BENCH/collect"
for ((round = 0; round < ROUNDS; round++)); do
	a=$(ours Deployment hot); b=$(ours Deployment collect)
	awk -v a="$a" -v b="$b" 'BEGIN {print b / a}' >>"$BENCH/collect"
done
echo "collecting on a valid Deployment: $(median <"$BENCH/collect") times the fast mode (must: 1.2)"
