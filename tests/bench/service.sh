#!/usr/bin/env bash
# tests/bench/service.sh - start of the service to its open socket, and memory (PSS) of all its processes when idle.
. "$(dirname "$0")/lib.bash"

git init -q --bare "$BENCH/bench.git"
write_config "$BENCH/gitgate.yaml"
for i in $(seq 2 10); do
	echo "  www$i: {repository: bench, ref: refs/heads/main, paths: [deploy], directory: {path: $BENCH/www$i}}" >>"$BENCH/gitgate.yaml"
	mkdir -p "$BENCH/www$i"
done
tree_pss_kb() { # pid: it and all its descendants
	local pid=$1 sum child
	sum=$(awk '/^Pss:/ {print $2}' "/proc/$pid/smaps_rollup" 2>/dev/null || echo 0)
	for child in $(cat /proc/"$pid"/task/*/children 2>/dev/null); do
		sum=$((sum + $(tree_pss_kb "$child")))
	done
	echo "$sum"
}
start_service "$BENCH/gitgate.yaml" # makes the store
kill "$SERVICE"; wait "$SERVICE" || true
for round in $(seq "$ROUNDS"); do
	start=$(now_us)
	"$GITGATE_BUILD/gitgate" serve --config "$BENCH/gitgate.yaml" 2>"$BENCH/log" &
	SERVICE=$!
	until curl -s --unix-socket "$BENCH/run/gitgate.sock" http://x/healthz >/dev/null 2>&1; do :; done
	echo $(($(now_us) - start)) >>"$BENCH/start.us"
	wait_for 20 grep -q '"ready"' "$BENCH/log"
	sleep 1
	tree_pss_kb "$SERVICE" >>"$BENCH/pss.kb"
	kill "$SERVICE"; wait "$SERVICE" || true
done
SERVICE=
echo "start to the first answer: median $(ms "$(median <"$BENCH/start.us")") ms, with curl's own start (must: 50, aim: 20)"
echo "memory idle, one repository, ten directory targets: median $(($(median <"$BENCH/pss.kb") / 1024)) MB PSS (must: 24, aim: 16)"
