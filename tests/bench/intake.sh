#!/usr/bin/env bash
# tests/bench/intake.sh - webhooks: refused ones and stored ones, against a bare program of the same HTTP library and
# against Debian's `webhook`, in turns; then 10,000 idle and 2,000 slow connections beside others.
#
# The bare program and `webhook` only verify the signature and refuse. gitgate refuses as they do, or (durable) answers
# 202 when the delivery is on disk; each delivery has another body. Root is needed for the memory figures.
# Environment: ROUNDS (default 5), SECONDS_EACH (default 3), IDLE (10000), SLOW (2000).
ROUNDS=${ROUNDS:-5}
. "$(dirname "$0")/lib.bash"
SECONDS_EACH=${SECONDS_EACH:-3}
IDLE=${IDLE:-10000}
SLOW=${SLOW:-2000}
ulimit -n "$(ulimit -Hn)"
make -s -C "$GITGATE_BUILD" tests/bench/bench_intake tests/bench/bare_intake >/dev/null
CLIENT=$GITGATE_BUILD/tests/bench/bench_intake
SECRET="a secret of the bench"
others=()
end_others() { for pid in "${others[@]}"; do kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; done; }
trap 'end_others; finish' EXIT

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# --- the place ---
PORT=$(free_port) BARE=$(free_port) PEER=$(free_port)
printf '%s\n' "$SECRET" >"$BENCH/secret"
chmod 600 "$BENCH/secret"
git init -q --bare "$BENCH/bench.git"
write_config "$BENCH/gitgate.yaml"
sed -i "s|^  bench: .*|  bench: {source: bench, name: acme/bench, path: $BENCH/bench.git, poll: 1h, anchor: {refs/heads/main: root}}|" \
	"$BENCH/gitgate.yaml"
cat >>"$BENCH/gitgate.yaml" <<YAML
listen: ["127.0.0.1:$PORT"]
trusted-proxies: [127.0.0.0/8]
sources:
  bench: {kind: github, secrets-file: $BENCH/secret}
YAML
"$GITGATE_BUILD/tests/bench/bare_intake" "$BARE" "$SECRET" &
others+=($!)
have_peer=no
if command -v webhook >/dev/null; then
	have_peer=yes
	cat >"$BENCH/hooks.json" <<-JSON
		[{"id": "bench", "execute-command": "/bin/true", "trigger-rule-mismatch-http-response-code": 401,
		  "trigger-rule": {"match": {"type": "payload-hmac-sha256", "secret": "$SECRET",
		    "parameter": {"source": "header", "name": "X-Hub-Signature-256"}}}}]
	JSON
	webhook -hooks "$BENCH/hooks.json" -ip 127.0.0.1 -port "$PEER" >/dev/null 2>&1 &
	others+=($!)
	wait_for 10 answers "$PEER"
fi
wait_for 10 answers "$BARE"

# fresh_service: an empty store, so that no round pays for what an earlier one left
fresh_service() {
	[ -z "$SERVICE" ] || stop_service
	rm -rf "$BENCH/state" "$BENCH/log"
	start_service "$BENCH/gitgate.yaml"
}
run_client() { # port path secret active: "rate p50 p99 2xx others failed"
	"$CLIENT" "$1" "$2" "$3" "$4" 0 0 500 $((SECONDS_EACH * 1000))
}
note() { # name figures
	read -r rate _ p99 good other failed <<<"$2"
	echo "$rate" >>"$BENCH/$1.rate"
	echo "$p99" >>"$BENCH/$1.p99"
	echo "$good $other $failed" >>"$BENCH/$1.answers"
}
rate() { median <"$BENCH/$1.rate"; }
p99() { median <"$BENCH/$1.p99"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", (b > 0 ? a / b : 0)}'; }
# at_least FIGURE UNIT MUST AIM
at_least() {
	awk -v is="$1" -v unit="$2" -v must="$3" -v aim="$4" 'BEGIN {
		printf "%s%s (must: %s, %s; aim: %s, %s)\n", is, unit, must, (is + 0 >= must + 0 ? "met" : "MISSED"),
			aim, (is + 0 >= aim + 0 ? "met" : "missed")
	}'
}

# --- rounds ---
for _ in $(seq "$ROUNDS"); do
	fresh_service
	for connections in 2 64; do
		note "bare$connections" "$(run_client "$BARE" /hooks/bench - $connections)"
		note "gitgate$connections" "$(run_client "$PORT" /hooks/bench - $connections)"
		[ "$have_peer" = no ] || note "peer$connections" "$(run_client "$PEER" /hooks/bench - $connections)"
	done
	note durable "$(run_client "$PORT" /hooks/bench "$SECRET" 64)"
done

# How often the disk can be told to keep something.
syncs() {
	python3 - "$BENCH" <<-'PY' 2>/dev/null || echo unknown
		import os, sys, time
		f = os.open(sys.argv[1] + "/sync", os.O_CREAT | os.O_WRONLY)
		end = time.time() + 1; n = 0
		while time.time() < end:
		    os.write(f, b"x" * 4096); os.fdatasync(f); n += 1
		print(n)
	PY
}

echo "webhooks of 7.7 KB, median of $ROUNDS rounds of $SECONDS_EACH s in turns; $(nproc) processors; $(syncs) fdatasync/s"
for connections in 2 64; do
	echo "refused, $connections connections: gitgate $(rate gitgate$connections)/s, p99 $(ms "$(p99 gitgate$connections)") ms;" \
		"bare $(rate bare$connections)/s, p99 $(ms "$(p99 bare$connections)") ms"
	echo "  against the bare program: $(at_least "$(ratio "$(rate gitgate$connections)" "$(rate bare$connections)")" " times" 0.60 0.85)"
	[ "$have_peer" = no ] || {
		echo "  webhook $(rate peer$connections)/s, p99 $(ms "$(p99 peer$connections)") ms"
		echo "  against webhook: $(at_least "$(ratio "$(rate gitgate$connections)" "$(rate peer$connections)")" " times" 4 8)"
	}
done
echo "stored, 64 connections: gitgate $(rate durable)/s, p99 $(ms "$(p99 durable)") ms;" \
	"answers (2xx, others, failed): $(awk '{a += $1; b += $2; c += $3} END {print a ", " b ", " c}' "$BENCH/durable.answers")"
if [ "$have_peer" = yes ]; then
	echo "  against webhook that only verifies: $(at_least "$(ratio "$(rate durable)" "$(rate peer64)")" " times" 2 3)"
	echo "  p99 against webhook's: $(against "$(ratio "$(p99 durable)" "$(p99 peer64)")" times 0.7 0.3)"
else
	echo "  webhook is not installed: no comparison"
fi

# --- many connections ---
fresh_service
intake_pid=$(pgrep -P "$SERVICE" gg-intake)
pss() { awk '/^Pss:/ {print $2}' "/proc/$intake_pid/smaps_rollup" 2>/dev/null || echo 0; }
run_client "$PORT" /hooks/bench - 64 >/dev/null
before=$(pss)
"$CLIENT" "$PORT" /hooks/bench - 0 "$IDLE" "$SLOW" 0 3600000 >/dev/null &
others+=($!)
wait_for 60 bash -c "[ \$(ls /proc/$intake_pid/fd | wc -l) -gt $(((IDLE + SLOW) * 9 / 10)) ]" || true
connected=$(find "/proc/$intake_pid/fd" -type l | wc -l)
after=$(pss)
for _ in $(seq "$ROUNDS"); do note crowd "$(run_client "$PORT" /hooks/bench - 8)"; done
crowd_rate=$(rate crowd) crowd_p99=$(p99 crowd)
echo "beside $IDLE idle and $SLOW slow connections: $crowd_rate/s, p99 $(against "$(ms "$crowd_p99")" ms 250)"
echo "  memory: $before KB, with $connected connections $after KB;" \
	"each $(against "$(awk -v a="$before" -v b="$after" -v n="$connected" 'BEGIN {printf "%.2f", (b - a) / (n + 1)}')" KB 8)"
