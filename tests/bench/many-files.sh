#!/usr/bin/env bash
# tests/bench/many-files.sh - one file changed in a repository of 10,000 and of 100,000 files, pushed by real git: what the hook adds.
#
# Each round pushes the same commit with and without hook, at both sizes, in changing order; what counts is the median of
# the rounds' own differences. What is nearer to the limit than its doubt (lib.bash) is said to be in the noise.
ROUNDS=${ROUNDS:-61}
. "$(dirname "$0")/lib.bash"
[ "$ROUNDS" -ge 15 ] || echo "fewer than 15 rounds say little" >&2

write_config "$BENCH/gitgate.yaml"
for count in 10000 100000; do
	make_files $count "$BENCH/work-$count"
	cd "$BENCH/work-$count"
	for kind in plain gate; do
		git init -q --bare "$BENCH/$kind-$count.git"
		git push -q "$BENCH/$kind-$count.git" main
	done
	"$GITGATE_BUILD/gitgate" init "$BENCH/gate-$count.git" --anchor HEAD --name bench --config "$BENCH/gitgate.yaml" --socket "$BENCH/none.sock" >/dev/null
	rm -f "$BENCH/gate-$count.git/hooks/post-receive"
done

for round in $(seq 0 "$ROUNDS"); do
	for count in 10000 100000; do
		cd "$BENCH/work-$count"
		echo "value: r$round" >deploy/0/0/file-0.yaml
		git commit -qm "feat: round $round" -- deploy/0/0/file-0.yaml
		push_pair "$round" "$BENCH/plain-$count.git" "$BENCH/gate-$count.git" "$BENCH/$count.us"
	done
done
gate_refuses "$BENCH/gate-100000.git"
added=() doubt=()
for count in 10000 100000; do
	plain=$(column 1 "$BENCH/$count.us" | median)
	noise=$(column 3 "$BENCH/$count.us" | deviation)
	added+=("$(column 3 "$BENCH/$count.us" | median)")
	doubt+=("$(doubt "$noise" "$ROUNDS")")
	echo "one of $count files: $(ms "$plain") ms without hook; added $(ms "${added[-1]}") ms, plus or minus $(ms "${doubt[-1]}") ms (deviation of a round: $(ms "$noise") ms)"
done
read -r ratio off < <(awk -v a="${added[0]}" -v b="${added[1]}" -v c="${doubt[0]}" -v d="${doubt[1]}" 'BEGIN {
	if (a <= c) print "unknown", 1000 # the hook itself is in the noise
	else printf "%.2f %.2f\n", b / a, sqrt((d / a) ^ 2 + (c * b / a / a) ^ 2)
}')
echo "added at 100,000 files, of that at 10,000, plus or minus $off: $(against "$ratio" times 1.3 "" "$off")"
