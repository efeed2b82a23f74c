#!/usr/bin/env bash
# tests/bench/check-files.sh - `gitgate check --files` over the manifests of kube-prometheus, and node with js-yaml and ajv
# at the same work with the same schemas: whole processes, in turns, time of the processor.
# Wants node, and ajv and js-yaml below $GITGATE_NPM.
. "$(dirname "$0")/lib.bash"
export GITGATE_NPM=${GITGATE_NPM:-$GITGATE_BUILD/npm}
here=$(cd "$(dirname "$0")" && pwd)
shared=${GITGATE_SHARED:-$here/../../../shared}
tree=$BENCH/tree
git init -q "$tree"
node "$here/schema_material.mjs" "$shared/data/kubernetes/v1.33-definitions-nodesc.json" "$tree"
rm "$tree"/*.jsonl "$tree"/*.yaml
cp -r "$shared/data/manifests/prometheus-operator+kube-prometheus/manifests" "$tree/manifests"
cat >"$tree/.gitgate.yaml" <<'YAML'
version: 1
rules:
  - name: deployments
    paths: ["manifests/**"]
    schema: {file: Deployment.schema.json, kinds: [Deployment]}
  - name: services
    paths: ["manifests/**"]
    schema: {file: Service.schema.json, kinds: [Service]}
YAML
cd "$tree"

ours() { "$GITGATE_BUILD/gitgate" check --files manifests; }
theirs() { node "$here/check_files_peer.mjs" "$tree" manifests; }
# The time of the processor that a command takes, in us; its answer must be "nothing is wrong".
cost() {
	local TIMEFORMAT='%U %S' out
	out=$({ time "$1" >"$BENCH/said" 2>&1 || echo failed >"$BENCH/failed"; } 2>&1)
	[ ! -e "$BENCH/failed" ] || { cat "$BENCH/said" >&2; exit 1; }
	awk '{print int(($1 + $2) * 1e6)}' <<<"$out"
}
: >"$BENCH/times"
for ((round = 0; round < ROUNDS; round++)); do
	if ((round % 2)); then a=$(cost ours); b=$(cost theirs); else b=$(cost theirs); a=$(cost ours); fi
	echo "$a $b" >>"$BENCH/times"
done
# One that is wrong is found by both.
sed -i 's/replicas: 1/replicas: one/' manifests/grafana-deployment.yaml
! ours >"$BENCH/said" 2>&1 && grep -q 'grafana-deployment.yaml:.*replicas' "$BENCH/said" || { cat "$BENCH/said" >&2; exit 1; }
! theirs >"$BENCH/said" 2>&1 && grep -q 'grafana-deployment.yaml:.*replicas' "$BENCH/said" || { cat "$BENCH/said" >&2; exit 1; }
awk -v files="$(find manifests -name '*.yaml' | wc -l)" -v a="$(column 1 "$BENCH/times" | median)" -v b="$(column 2 "$BENCH/times" | median)" 'BEGIN {
	printf "check --files, %d files: gitgate %.0f ms, node %.0f ms: %.1f times (must: 5, aim: 20)%s\n", files, a / 1000, b / 1000, b / a, (b / a < 5 ? "  MISSED" : "") }'
