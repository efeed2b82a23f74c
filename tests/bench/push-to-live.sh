#!/usr/bin/env bash
# tests/bench/push-to-live.sh - from the ref's update (the start of post-receive) to the live link of a directory target.
. "$(dirname "$0")/lib.bash"

git init -q --bare "$BENCH/bench.git"
write_config "$BENCH/gitgate.yaml"
"$GITGATE_BUILD/gitgate" init "$BENCH/bench.git" --from-root --name bench --config "$BENCH/gitgate.yaml" --socket "$BENCH/run/gitgate.sock" >/dev/null
# Notes the time at which the ref is there, then runs the real hook.
mv "$BENCH/bench.git/hooks/post-receive" "$BENCH/post-receive"
cat >"$BENCH/bench.git/hooks/post-receive" <<HOOK
#!/bin/sh
date +%s%N >"$BENCH/updated"
exec "$(readlink -f "$BENCH/post-receive")"
HOOK
chmod +x "$BENCH/bench.git/hooks/post-receive"
start_service "$BENCH/gitgate.yaml"
git init -q "$BENCH/work"
cd "$BENCH/work"
mkdir -p deploy
for round in $(seq 0 "$ROUNDS"); do
	echo "value: $round" >deploy/a.yaml
	git add -A && git commit -qm "feat: round $round"
	git push -q "$BENCH/bench.git" main 2>/dev/null
	wait_for 20 grep -qx "value: $round" "$BENCH/www/current/a.yaml"
	live=$(stat -c %.9Z "$BENCH/www/current" | tr -d .)
	updated=$(cat "$BENCH/updated")
	[ "$round" = 0 ] || echo $(((live - updated) / 1000)) >>"$BENCH/live.us"
	sleep 0.3
done
echo "push to live (one file): worst $(ms "$(sort -n "$BENCH/live.us" | tail -1)") ms, median $(against "$(ms "$(median <"$BENCH/live.us")")" ms 150 50)"
