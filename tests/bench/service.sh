#!/usr/bin/env bash
# tests/bench/service.sh - from the start of the service, with an existing store, to its first answer.
. "$(dirname "$0")/lib.bash"

git init -q --bare "$BENCH/bench.git"
write_config "$BENCH/gitgate.yaml"
ask() { curl -s --unix-socket "$BENCH/run/gitgate.sock" http://x/healthz >/dev/null 2>&1; }
start_service "$BENCH/gitgate.yaml" # makes the store
stop_service
for _ in $(seq "$ROUNDS"); do
	start=$(now_us)
	"$GITGATE_BUILD/gitgate" serve --config "$BENCH/gitgate.yaml" 2>"$BENCH/log" &
	SERVICE=$!
	until ask; do :; done
	echo $(($(now_us) - start)) >>"$BENCH/start.us"
	wait_for 20 grep -q '"ready"' "$BENCH/log"
	start=$(now_us); ask; echo $(($(now_us) - start)) >>"$BENCH/asked.us"
	stop_service
done
start=$(median <"$BENCH/start.us"); asked=$(median <"$BENCH/asked.us")
echo "start to the first answer $(ms "$start") ms, of this asking a service that runs $(ms "$asked") ms: $(against "$(ms $((start - asked)))" ms 50 20)"
