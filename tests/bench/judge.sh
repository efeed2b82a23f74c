#!/usr/bin/env bash
# tests/bench/judge.sh - the judge job without process start, for one file changed of 10,000 and of 100,000.
#
# The repositories are mirrors as the service's fetch leaves them: the history packed, the new commit loose.
ROUNDS=${ROUNDS:-201}
. "$(dirname "$0")/lib.bash"

make -s -C "$GITGATE_BUILD" tests/bench/bench_judge
write_config "$BENCH/gitgate.yaml"
places=()
for count in 10000 100000; do
	make_files $count "$BENCH/work-$count"
	cd "$BENCH/work-$count"
	mirror=$BENCH/mirror-$count.git
	git init -q --bare "$mirror"
	git --git-dir="$mirror" fetch -q --end-of-options "$PWD" '+refs/heads/*:refs/heads/*'
	old=$(git rev-parse HEAD)
	echo "value: new" >deploy/0/0/file-0.yaml
	git commit -qm "feat: one file" -- deploy/0/0/file-0.yaml
	git --git-dir="$mirror" fetch -q --end-of-options "$PWD" '+refs/heads/*:refs/heads/*'
	places+=("$mirror" "$old" "$(git rev-parse HEAD)")
done
"$GITGATE_BUILD/tests/bench/bench_judge" "$BENCH/gitgate.yaml" bench "$ROUNDS" "${places[@]}" >"$BENCH/times"

msx() { awk -v u="$1" 'BEGIN {printf "%.2f", u / 1000}'; }
all_known=()
for count in 10000 100000; do
	read -r _ known fresh new open < <(grep "mirror-$count.git" "$BENCH/times")
	echo "one of $count files, judged: $(against "$(msx "$known")" ms 1 0.3)"
	echo "    of this opening the repository $(msx "$open") ms; first judgement after a fork $(msx "$fresh") ms; no fact known $(msx "$new") ms"
	all_known+=("$known")
done
echo "at 100,000 files, of the time at 10,000: $(against "$(awk -v a="${all_known[0]}" -v b="${all_known[1]}" 'BEGIN {printf "%.2f", b / a}')" times 1.3 1)"
