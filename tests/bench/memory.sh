#!/usr/bin/env bash
# tests/bench/memory.sh - memory of all of gitgate's processes (PSS), one repository and ten directory targets.
#
# Idle, with 64 open connections that were used, what an idle connection costs, and while 10,000 changes that wait are worked off. Git's
# own processes during a fetch are told apart. Root is needed: nobody else may look into the processes.
# Environment: ROUNDS (default 5), CONNECTIONS (2000), CHANGES (10000).
ROUNDS=${ROUNDS:-5}
. "$(dirname "$0")/lib.bash"
CONNECTIONS=${CONNECTIONS:-2000}
CHANGES=${CHANGES:-10000}
ulimit -n $((2 * CONNECTIONS + 1000)) # also of the service, which keeps some for itself

# --- the place ---
PORT=$(free_port)
write_config "$BENCH/gitgate.yaml"
for i in $(seq 2 10); do
	echo "  www$i: {repository: bench, ref: refs/heads/main, paths: [deploy], directory: {path: $BENCH/www$i}}" >>"$BENCH/gitgate.yaml"
done
mkdir -p "$BENCH"/www{2,3,4,5,6,7,8,9,10}
printf 'listen: ["127.0.0.1:%s"]\ntrusted-proxies: [127.0.0.0/8]\nanonymous-read: true\n' "$PORT" >>"$BENCH/gitgate.yaml"
git init -q --bare "$BENCH/bench.git"
git init -q "$BENCH/work"
cd "$BENCH/work"
mkdir deploy
seq 100 | while read -r i; do echo "value: $i" >"deploy/$i.yaml"; done
git add -A && git commit -qm 'feat: start'
git push -q "$BENCH/bench.git" main

# --- measuring ---
# Adds the PSS of a process and of all that came from it to GATE_KB or GIT_KB.
add_tree() { # pid
	local key value file child children=() own=0
	for file in /proc/"$1"/task/*/children; do
		{ read -r -a children <"$file"; } 2>/dev/null || true
		for child in "${children[@]}"; do add_tree "$child"; done
	done
	{ while read -r key value _; do [ "$key" != Pss: ] || own=$value; done <"/proc/$1/smaps_rollup"; } 2>/dev/null || true
	if [ "/proc/$1/exe" -ef "$GITGATE_BUILD/gitgate" ]; then GATE_KB=$((GATE_KB + own)); else GIT_KB=$((GIT_KB + own)); fi
}
measure() { GATE_KB=0; GIT_KB=0; add_tree "$SERVICE"; }
sample() { sleep "$1"; measure; } # seconds to settle

connections=()
open_connections() { # how many
	local fd
	for _ in $(seq "$1"); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
		connections+=("$fd")
	done
}
# One request over each, with the answer read: then it waits for the next.
use_connections() {
	local fd line length
	for fd in "${connections[@]}"; do
		printf 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' >&"$fd"
		while IFS= read -r line <&"$fd" && line=${line%$'\r'} && [ -n "$line" ]; do
			case ${line,,} in content-length:*) length=${line#*: } ;; esac
		done
		read -r -N "$length" _ <&"$fd"
	done
}
# Measures while at least so many connections are open.
measure_with() { # count
	local before; before=$(metric http_connections)
	measure
	if [ "$before" -lt "$1" ] || ! reached http_connections "$1"; then
		echo "fewer than $1 connections stayed open" >&2
		exit 1
	fi
}
close_connections() {
	local fd
	for fd in "${connections[@]}"; do exec {fd}>&-; done
	connections=()
}
metric() { curl -s "http://127.0.0.1:$PORT/metrics" | awk -v name="gitgate_$1" '$1 == name {print $2}'; }
verdicts() { echo $(($(metric verdicts_pass_total) + $(metric verdicts_fail_total) + $(metric verdicts_unknown_total))); }
reached() { [ "$(metric "$1")" -ge "$2" ]; }
drained() { [ "$(metric http_connections)" -le 1 ]; }
mb() { awk -v k="$1" 'BEGIN {printf "%.1f", k / 1024}'; }

# --- a service that has deployed ---
start_service "$BENCH/gitgate.yaml"
wait_for 60 reached deployments_deployed_total 10
stop_service
[ "$(ls -d "$BENCH"/www*/current | wc -l)" = 10 ]

for _ in $(seq "$ROUNDS"); do
	start_service "$BENCH/gitgate.yaml"
	wait_for 20 reached fetches_total 1
	sample 1; idle=$GATE_KB
	echo "$idle" >>"$BENCH/idle.kb"
	open_connections 64
	use_connections
	sleep 0.2
	measure_with 64
	echo "$GATE_KB" >>"$BENCH/64.kb"
	echo $(((GATE_KB - idle) * 1024 / 64)) >>"$BENCH/used.bytes"
	close_connections
	wait_for 5 drained
	measure; before=$GATE_KB
	open_connections "$CONNECTIONS"
	measure_with "$CONNECTIONS"
	echo $(((GATE_KB - before) * 1024 / CONNECTIONS)) >>"$BENCH/silent.bytes"
	close_connections
	stop_service
done
idle=$(median <"$BENCH/idle.kb")
[ "$idle" -gt 0 ] || { echo "the memory of the processes cannot be read: run it as root" >&2; exit 1; }
echo "idle: $(against "$(mb "$idle")" MB 24 16)"
echo "64 open connections that were used: $(against "$(mb "$(median <"$BENCH/64.kb")")" MB 40 24)"
echo "an idle connection, of $CONNECTIONS that said nothing yet: $(against "$(median <"$BENCH/silent.bytes")" bytes 8192)"
echo "an idle connection, of 64 that were used (at most 256 stay open after an answer): $(against "$(median <"$BENCH/used.bytes")" bytes 8192)"

# --- the backlog: a branch with a commit of its own for each change, pushed while nobody looks ---
awk -v n="$CHANGES" 'BEGIN {
	for (i = 1; i <= n; i++) {
		printf "commit refs/heads/topic-%d\ncommitter Alice <alice@example.org> 1780000000 +0000\n", i
		printf "data 5\ntopic\nfrom refs/heads/main\nM 100644 inline deploy/1.yaml\n"
		text = "value: -" i
		printf "data %d\n%s\n", length(text), text
	}
}' | git --git-dir="$BENCH/bench.git" fast-import --quiet
start_service "$BENCH/gitgate.yaml"
begin=$(now_us)
most=0 most_git=0 samples=0 done_at_most=0 done=0
until [ "$done" -ge "$CHANGES" ]; do
	[ $(($(now_us) - begin)) -lt 900000000 ] || { echo "only $done of $CHANGES changes in 15 minutes" >&2; exit 1; }
	measure
	done=$(verdicts)
	samples=$((samples + 1))
	[ "$GATE_KB" -le "$most" ] || { most=$GATE_KB; done_at_most=$done; }
	[ "$GIT_KB" -le "$most_git" ] || most_git=$GIT_KB
	((samples % 50)) || echo "$((($(now_us) - begin) / 1000000)) s: $done judged, $(mb "$GATE_KB") MB" >&2
done
taken=$(($(now_us) - begin))
sample 2
echo "$CHANGES changes that wait: at most $(against "$(mb "$most")" MB 48 24)"
echo "    $(mb $((most - idle))) MB more than idle, reached with $done_at_most of them judged, $samples samples in $((taken / 1000000)) s; git's own processes at most $(mb "$most_git") MB; afterwards $(mb "$GATE_KB") MB"
[ "$(metric verdicts_pass_total)" -ge "$CHANGES" ] || echo "    only $(metric verdicts_pass_total) passed: not what was meant" >&2
