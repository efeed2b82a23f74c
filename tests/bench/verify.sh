#!/usr/bin/env bash
# tests/bench/verify.sh - judging the signatures of a range, whole process: ours with one thread and with two, a bare
# program, git log --format=%G?; and what openssl speed says of the primitive.
#
# COUNTS (default "200 5000"), FORMATS: those of sign_commits. git is asked once a round for 200 commits, and not at all for
# more than GIT_MOST. Rounds take turns. The comparisons with the bare program and with git are of processor time, one
# thread, which others on the machine disturb least (git waits for its helpers besides: by the clock it is slower still); that
# between one and two threads is of wall time, the best of the rounds: on a machine that others use only it tells what the
# program can do. Beside it stands what two programs of one thread do at the same time: two processors can be one's two
# halves.
ROUNDS=${ROUNDS:-9}
COUNTS=${COUNTS:-200 5000}
FORMATS=${FORMATS:-ssh-ed25519 ssh-p256 openpgp-ed25519 openpgp-rsa4096 openpgp-p256 x509-p256}
GIT_MOST=${GIT_MOST:-200}
. "$(dirname "$0")/lib.bash"
make -s -C "$GITGATE_BUILD" tests/bench/bench_verify tests/bench/bare_verify tests/bench/sign_commits gitgate-trust-compile

# Sockets of the agent need a short name.
export GNUPGHOME=$BENCH/g
mkdir -m 700 "$GNUPGHOME"
finish_agent() { gpgconf --kill all 2>/dev/null || true; finish; }
trap finish_agent EXIT
processors_list=$(taskset -cp $$ | sed 's/.*: //; s/-/,/g')
first_processor=${processors_list%%,*}
processors=$(nproc)

# The best key to the primitive of a format, as openssl speed names it, and the column of verifications a second.
primitive() {
	case $1 in
	*ed25519) echo ed25519 Ed25519 ;;
	*p256) echo ecdsap256 nistp256 ;;
	*rsa4096) echo rsa4096 '4096 bits' ;;
	esac
}
primitive_us() { # format: microseconds of one verification; its time is processor time
	local name word
	read -r name word <<<"$(primitive "$1")"
	openssl speed -seconds 1 "$name" 2>/dev/null | grep "$word" | tail -n 1 | awk '{printf "%.1f", 1000000 / $NF}'
}

# prepare FORMAT COUNT: the repository $PLACE/repo.git and its policy; first and last commit in FIRST and LAST
prepare() {
	PLACE=$BENCH/$1-$2
	mkdir "$PLACE"
	git init -q --bare "$PLACE/repo.git"
	"$GITGATE_BUILD/tests/bench/sign_commits" "$PLACE/repo.git" "$1" "$2" "$PLACE" >"$PLACE/ids"
	{ read -r FIRST; read -r LAST; } <"$PLACE/ids"
	git -C "$PLACE/repo.git" update-ref refs/heads/main "$LAST"
	git -C "$PLACE/repo.git" repack -qad
	local keys
	case $1 in
	ssh-*)
		keys="ssh: [\"$(tr -d '\n' <"$PLACE/public")\"]"
		echo "alice@example.org $(cat "$PLACE/public")" >"$PLACE/allowed"
		git config --global gpg.ssh.allowedSignersFile "$PLACE/allowed"
		;;
	openpgp-*)
		keys="openpgp: [public]"
		mkdir "$PLACE/shelf"
		"$GITGATE_BUILD/gitgate-trust-compile" <"$PLACE/public" >"$PLACE/shelf/$(sha256sum <"$PLACE/public" | cut -d' ' -f1)"
		gpg --batch --quiet --import "$PLACE/public"
		;;
	x509-*) keys="x509: {email: alice@example.org}" ;;
	esac
	cat >"$PLACE/gitgate.yaml" <<-YAML
		principals:
		  alice: {email: [alice@example.org], $keys}
		groups: {maintainers: [alice]}
		rules:
		  - {name: main-is-signed, refs: [refs/heads/main], signatures: {by: [maintainers]}}
	YAML
	[[ $1 != x509-* ]] || echo "authorities: public" >>"$PLACE/gitgate.yaml"
}

# timed NAME command...: "wall processor" in microseconds is added to $PLACE/NAME; what it prints is in $BENCH/out
timed() {
	local name=$1 start end
	shift
	start=${EPOCHREALTIME/[.,]/}
	{ TIMEFORMAT='%U %S'; time "$@" >"$BENCH/out" 2>"$BENCH/errors"; } 2>"$BENCH/cpu" || { cat "$BENCH/errors" >&2; exit 1; }
	end=${EPOCHREALTIME/[.,]/}
	[[ $name != one && $name != two ]] || cat "$BENCH/errors" >>"$PLACE/$name.busy"
	awk -v wall=$((end - start)) '{print wall, int(($1 + $2) * 1000000)}' "$BENCH/cpu" >>"$PLACE/$name"
}
two() { "$GITGATE_BUILD/tests/bench/bench_verify" "$PLACE/gitgate.yaml" "$PLACE/repo.git" "$FIRST" "$LAST" "$PLACE/shelf"; }
# What two processors of this machine do at most: two programs of one thread, each on its own, that share nothing.
pair() {
	local other last=${processors_list##*,}
	taskset -c "$last" "$GITGATE_BUILD/tests/bench/bench_verify" "$PLACE/gitgate.yaml" "$PLACE/repo.git" "$FIRST" "$LAST" "$PLACE/shelf" >"$BENCH/other" 2>/dev/null &
	other=$!
	one
	wait "$other"
}
one() { taskset -c "$first_processor" "$GITGATE_BUILD/tests/bench/bench_verify" "$PLACE/gitgate.yaml" "$PLACE/repo.git" "$FIRST" "$LAST" "$PLACE/shelf"; }
known() { "$GITGATE_BUILD/tests/bench/bench_verify" "$PLACE/gitgate.yaml" "$PLACE/repo.git" "$FIRST" "$LAST" "$PLACE/shelf" "$PLACE"; }
bare() { taskset -c "$first_processor" "$GITGATE_BUILD/tests/bench/bare_verify" "$PLACE/repo.git" "$FIRST" "$LAST" "$1" "$PLACE/raw"; }
theirs() { git -C "$PLACE/repo.git" log --format=%G? "$FIRST..$LAST"; }
best() { column "$1" "$PLACE/$2" | sort -n | head -n 1; }
middle() { column "$1" "$PLACE/$2" | median; }

# at_least FIGURE UNIT MUST [AIM]
at_least() {
	awk -v is="$1" -v unit="$2" -v must="$3" -v aim="${4:-}" 'BEGIN {
		printf("%s %s (must: %s, %s", is, unit, must, (is + 0 >= must + 0) ? "met" : "MISSED")
		if (aim != "") printf("; aim: %s, %s", aim, (is + 0 >= aim + 0) ? "met" : "missed")
		printf(")")
	}'
}
ratio() { awk -v a="$1" -v b="$2" -v digits="$3" 'BEGIN {printf "%.*f", digits, a / b}'; }

report() { # format, count, is git asked
	local us
	us=$(primitive_us "$1")
	echo "$1, $2 commits, load $(cut -d' ' -f1 /proc/loadavg):"
	echo "  one thread $(ms "$(middle 1 one)") ms, of the processor $(ms "$(middle 2 one)"); two threads $(ms "$(middle 1 two)") ms; bare $(ms "$(middle 1 bare)") ms, of the processor $(ms "$(middle 2 bare)"); remembered $(ms "$(middle 1 known)") ms"
	echo "  openssl speed: $us us a verification; here $(awk -v us="$(middle 2 one)" -v n="$2" 'BEGIN {printf "%.1f", us / n}') us of the processor a commit, with the start"
	echo "  of the bare program's speed: $(at_least "$(ratio "$((100 * $(middle 2 bare)))" "$(middle 2 one)" 0)" % 80 90)"
	if [ "$3" = yes ]; then
		local must=10 aim=20
		[[ $1 != ssh-* ]] || { must=20; aim=40; }
		echo "  git log %G?: $(ms "$(middle 1 theirs)") ms, of the processor $(ms "$(middle 2 theirs)"): $(at_least "$(ratio "$(middle 2 theirs)" "$(middle 2 one)" 1)" times "$must" "$aim"); by the clock, best rounds: $(ratio "$(best 1 theirs)" "$(best 1 one)" 1) times, with two threads $(ratio "$(best 1 theirs)" "$(best 1 two)" 1)"
	fi
	[ "$processors" -lt 2 ] || [ "$2" -lt 1000 ] ||
		echo "  two threads: $(at_least "$(ratio "$(best 1 one)" "$(best 1 two)" 2)" 'times one' 1.7); by the busier thread's processor time $(ratio "$(middle 1 one.busy)" "$(middle 1 two.busy)" 2); two programs beside each other: $(ratio "$((2 * $(best 1 one)))" "$(best 1 pair)" 2) times one"
}

for format in $FORMATS; do
	for count in $COUNTS; do
		prepare "$format" "$count"
		ask_git=no
		[[ $format = x509-* ]] || [ "$count" -gt "$GIT_MOST" ] || ask_git=yes
		mkdir "$PLACE/gitgate"
		known >/dev/null 2>&1 # fills the memory
		for ((round = 0; round < ROUNDS; round++)); do
			timed one one; [ "$(cat "$BENCH/out")" = "$count" ]
			timed two two; [ "$(cat "$BENCH/out")" = "$count" ]
			[ "$processors" -lt 2 ] || [ "$count" -lt 1000 ] || { timed pair pair; [ "$(cat "$BENCH/out" "$BENCH/other")" = "$count"$'\n'"$count" ]; }
			timed bare bare "$format"; [ "$(cat "$BENCH/out")" = "$count" ]
			timed known known; [ "$(cat "$BENCH/out")" = "$count" ]
			# git takes as long as all others together: every third round
			[ "$ask_git" = no ] || ((round % 3)) || { timed theirs theirs; [ "$(grep -c '^[GU]$' "$BENCH/out")" = "$count" ]; }
		done
		report "$format" "$count" "$ask_git"
		rm -rf "$PLACE"
	done
done
