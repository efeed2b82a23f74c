#!/usr/bin/env bash
# tests/bench/yaml.sh - YAML to trees, against libyaml to the same tree (SCHEMA.md).
. "$(dirname "$0")/lib.bash"
source=$(cd "$(dirname "$0")/../.." && pwd)
shared=${GITGATE_SHARED:-$source/../shared}
manifests=$shared/data/manifests
[ -d "$manifests" ] || { echo "no manifests in '$manifests': set GITGATE_SHARED" >&2; exit 2; }
make -s -C "$GITGATE_BUILD" tests/bench/bench_yaml

# One stream of a Deployment, many times with another name.
awk 'BEGIN {
	for (i = 0; i < 900; i++)
		printf "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-%d\n  labels:\n    app: web-%d\nspec:\n" \
			"  replicas: 3\n  selector:\n    matchLabels:\n      app: web-%d\n  template:\n    metadata:\n      labels:\n" \
			"        app: web-%d\n    spec:\n      containers:\n      - name: web\n        image: \"example.org/web:1.%d\"\n" \
			"        ports:\n        - containerPort: 8080\n          name: http\n        resources:\n          limits:\n" \
			"            cpu: 100m\n            memory: 128Mi\n", i, i, i, i, i
}' >"$BENCH/deployments.yaml"

show() { # what, files...
	local what=$1 line
	shift
	line=$("$GITGATE_BUILD/tests/bench/bench_yaml" "$ROUNDS" "$@")
	awk -v w="$what" '{
		printf "%s: %s MB/s, libyaml %s MB/s: %s times as fast (must: 0.9, %s; aim: 8, %s)\n", w, $1, $2, $3,
			($3 >= 0.9 ? "met" : "MISSED"), ($3 >= 8 ? "met" : "missed")
		printf "%s: %s bytes a node, besides the text (must: 32, %s; aim: 24, %s)\n", w, $4,
			($4 <= 32 ? "met" : "MISSED"), ($4 <= 24 ? "met" : "missed")
	}' <<<"$line"
}
show "a stream of Deployments" "$BENCH/deployments.yaml"
mapfile -t files < <(find "$manifests/prometheus-operator+kube-prometheus" -name '*.yaml' -not -path '*setup*' | sort)
show "kube-prometheus" "${files[@]}"
mapfile -t files < <(find "$manifests/prometheus-operator+kube-prometheus" -path '*setup*' -name '*.yaml' | sort)
show "its CRDs" "${files[@]}"
