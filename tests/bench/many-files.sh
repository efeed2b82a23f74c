#!/usr/bin/env bash
# tests/bench/many-files.sh - one file changed in a repository of 10,000 and of 100,000 files, pushed by real git: what the hook adds.
. "$(dirname "$0")/lib.bash"

write_config "$BENCH/gitgate.yaml"
make_repository() { # count
	local count=$1
	git init -q "$BENCH/work-$count"
	cd "$BENCH/work-$count"
	awk -v n="$count" 'BEGIN {
		print "commit refs/heads/main"; print "committer Alice <alice@example.org> 1780000000 +0000"
		print "data 5"; print "start"
		for (i = 0; i < n; i++) {
			printf "M 100644 inline deploy/%d/%d/file-%d.yaml\n", i % 100, int(i / 100) % 100, i
			text = "value: " i
			printf "data %d\n%s\n", length(text), text
		}
		print ""
	}' | git fast-import --quiet
	git reset -q --hard main
	git init -q --bare "$BENCH/plain-$count.git"
	git init -q --bare "$BENCH/gate-$count.git"
	git push -q "$BENCH/plain-$count.git" main
	git push -q "$BENCH/gate-$count.git" main
	"$GITGATE_BUILD/gitgate" init "$BENCH/gate-$count.git" --anchor HEAD --name bench --config "$BENCH/gitgate.yaml" --socket "$BENCH/none.sock" >/dev/null
	rm -f "$BENCH/gate-$count.git/hooks/post-receive"
}
push_us() { local start; start=$(now_us); git push -q "$1" main 2>"$BENCH/push.err" || { cat "$BENCH/push.err" >&2; exit 1; }; echo $(($(now_us) - start)); }
for count in 10000 100000; do make_repository $count; done
for round in $(seq "$ROUNDS"); do
	for count in 10000 100000; do
		cd "$BENCH/work-$count"
		echo "value: r$round" >deploy/0/0/file-0.yaml
		git commit -qm "feat: round $round" -- deploy/0/0/file-0.yaml
		push_us "$BENCH/plain-$count.git" >>"$BENCH/plain-$count.us"
		push_us "$BENCH/gate-$count.git" >>"$BENCH/gate-$count.us"
	done
done
for count in 10000 100000; do
	plain=$(median <"$BENCH/plain-$count.us"); gate=$(median <"$BENCH/gate-$count.us")
	echo "one of $count files: $(ms "$plain") ms without hook, $(ms "$gate") ms with; added $(ms $((gate - plain))) ms"
	eval "added_$count=$((gate - plain))"
done
awk -v a="$added_10000" -v b="$added_100000" 'BEGIN {printf "added at 100,000 files: %.2f times that at 10,000 (must: 1.3)\n", b / a}'
