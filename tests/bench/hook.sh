#!/usr/bin/env bash
# tests/bench/hook.sh - a one-file push with the gate's hook, against the same push without.
. "$(dirname "$0")/lib.bash"

git init -q --bare "$BENCH/plain.git"
git init -q --bare "$BENCH/bench.git"
git init -q "$BENCH/work"
cd "$BENCH/work"
mkdir -p deploy
seq 100 | while read -r i; do echo "value: $i" >"deploy/$i.yaml"; done
git add -A && git commit -qm 'feat: start'
write_config "$BENCH/gitgate.yaml"
git push -q "$BENCH/plain.git" main
"$GITGATE_BUILD/gitgate" init "$BENCH/bench.git" --from-root --name bench --config "$BENCH/gitgate.yaml" --socket "$BENCH/none.sock" >/dev/null
rm -f "$BENCH/bench.git/hooks/post-receive"
git push -q "$BENCH/bench.git" main 2>/dev/null

push_us() { local start; start=$(now_us); git push -q "$1" main 2>/dev/null; echo $(($(now_us) - start)); }
for round in $(seq "$ROUNDS"); do
	echo "value: -$round" >"deploy/1.yaml"
	git commit -qam "feat: round $round"
	push_us "$BENCH/plain.git" >>"$BENCH/plain.us"
	push_us "$BENCH/bench.git" >>"$BENCH/hook.us"
done
plain=$(median <"$BENCH/plain.us")
hook=$(median <"$BENCH/hook.us")
echo "one-file push: $(ms "$plain") ms without hook, $(ms "$hook") ms with; added $(ms $((hook - plain))) ms (must: 20, aim: 12)"
