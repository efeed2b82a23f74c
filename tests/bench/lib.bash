# tests/bench/lib.bash - what the benches share: a private place, keys, a gated repository, medians.
#
# A bench prints ratios or differences to the same work without gitgate, measured in the same run in turns.
# Environment: GITGATE_BUILD (build directory; default: the present one), ROUNDS (default 9).

set -euo pipefail
GITGATE_BUILD=${GITGATE_BUILD:-$PWD}
ROUNDS=${ROUNDS:-9}
. "$(dirname "$0")/../ports.bash"
[ -x "$GITGATE_BUILD/gitgate" ] || { echo "no gitgate in '$GITGATE_BUILD': set GITGATE_BUILD" >&2; exit 2; }
BENCH=$(mktemp -d "${TMPDIR:-/tmp}/gitgate-bench.XXXXXX")
SERVICE=
finish() {
	[ -z "$SERVICE" ] || { kill "$SERVICE" 2>/dev/null || true; wait "$SERVICE" 2>/dev/null || true; }
	rm -rf "$BENCH"
}
trap finish EXIT
export HOME=$BENCH GIT_CONFIG_GLOBAL=$BENCH/gitconfig GIT_CONFIG_NOSYSTEM=1
ssh-keygen -q -t ed25519 -N '' -C alice@example.org -f "$BENCH/key"
git config --global user.name Alice
git config --global user.email alice@example.org
git config --global gpg.format ssh
git config --global user.signingKey "$BENCH/key.pub"
git config --global commit.gpgSign true
git config --global init.defaultBranch main
git config --global safe.directory '*'
git config --global gc.auto 0

now_us() { echo "${EPOCHREALTIME/[.,]/}"; }
median() { sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'; }
# Median absolute deviation from the median: the noise, which single bad rounds do not change.
deviation() {
	local all middle
	all=$(cat); middle=$(median <<<"$all")
	awk -v m="$middle" '{print $1 < m ? m - $1 : $1 - m}' <<<"$all" | median
}
ms() { awk -v u="$1" 'BEGIN {printf "%.1f", u / 1000}'; }

# How far off a median of so many rounds may be, from their deviation: twice its standard error, if errors were normal.
doubt() { awk -v d="$1" -v n="$2" 'BEGIN {printf "%d", 2 * 1.86 * d / sqrt(n)}'; } # deviation, rounds
# against FIGURE UNIT MUST [AIM [DOUBT]]: the figure, and whether it is what is asked for: met, missed, or nearer than DOUBT
# to it, so that this run cannot tell.
against() {
	awk -v is="$1" -v unit="$2" -v must="$3" -v aim="${4:-}" -v doubt="${5:-0}" '
	function word(limit, no) {
		return is - limit < doubt && limit - is < doubt ? "in the noise" : is <= limit ? "met" : no
	}
	BEGIN {
		is += 0; must += 0; doubt += 0
		printf "%s %s (must: %s, %s", ARGV[1], unit, must, word(must, "MISSED")
		if (aim != "") printf "; aim: %s, %s", aim, word(aim + 0, "missed")
		printf ")\n"
	}' "$1"
}

# make_files COUNT DIRECTORY: a work tree there whose first commit has that many small documents, in 100 times 100 folders.
make_files() {
	git init -q "$2"
	awk -v n="$1" 'BEGIN {
		print "commit refs/heads/main"; print "committer Alice <alice@example.org> 1780000000 +0000"
		print "data 5"; print "start"
		for (i = 0; i < n; i++) {
			printf "M 100644 inline deploy/%d/%d/file-%d.yaml\n", i % 100, int(i / 100) % 100, i
			text = "value: " i
			printf "data %d\n%s\n", length(text), text
		}
		print ""
	}' | git -C "$2" fast-import --quiet
	git -C "$2" reset -q --hard main
}

# push_pair ROUND PLAIN GATED OUT: pushes main to both, in changing order, and adds "plain gated difference" (us) to OUT.
# Round 0 warms up and adds nothing.
push_pair() {
	local plain gated
	if (($1 % 2)); then
		plain=$(push_us "$2"); gated=$(push_us "$3")
	else
		gated=$(push_us "$3"); plain=$(push_us "$2")
	fi
	[ "$1" = 0 ] || echo "$plain $gated $((gated - plain))" >>"$4"
}
push_us() { # repository
	local start=${EPOCHREALTIME/[.,]/}
	git push -q "$1" main 2>"$BENCH/push.err" || { cat "$BENCH/push.err" >&2; return 1; }
	echo $((${EPOCHREALTIME/[.,]/} - start))
}
# A gate that lets everything in would be the fastest: in the work tree, at the end, it must refuse what is not signed.
gate_refuses() { # repository
	git commit -q --no-gpg-sign --allow-empty -m 'feat: not signed'
	! git push -q "$1" main 2>/dev/null || { echo "the gate of $1 is open" >&2; exit 1; }
}
column() { cut -d' ' -f"$1" "$2"; } # number, file

# write_config FILE: a floor that asks for signatures, one target, an SQLite store, all in the private place.
write_config() {
	local user; user=$(id -un)
	cat >"$1" <<YAML
store: $BENCH/state/state.db
state-directory: $BENCH/state
socket: $BENCH/run/gitgate.sock
user: $user
intake-user: $user
job-user: $user
principals:
  alice: {email: [alice@example.org], ssh: ["$(cat "$BENCH/key.pub")"]}
groups: {maintainers: [alice]}
rules:
  - name: main-is-signed
    refs: [refs/heads/main]
    signatures: {by: [maintainers]}
  - name: hygiene
    files: {max-size: 1MiB, no-case-collisions: true}
  - name: manifests-are-valid
    paths: ["deploy/**"]
    schema: {}
repositories:
  bench: {path: $BENCH/bench.git, poll: 1h, anchor: {refs/heads/main: root}}
targets:
  www: {repository: bench, ref: refs/heads/main, paths: [deploy], directory: {path: $BENCH/www}, drift: {every: 1h}}
YAML
}

wait_for() { # seconds, command...
	local end=$(($(date +%s) + $1)); shift
	until "$@" 2>/dev/null; do
		[ "$(date +%s)" -lt "$end" ] || { echo "timeout: $*" >&2; return 1; }
		sleep 0.005
	done
}

start_service() { # configuration
	mkdir -p "$BENCH/run" "$BENCH/www"
	"$GITGATE_BUILD/gitgate" serve --config "$1" 2>"$BENCH/log" &
	SERVICE=$!
	wait_for 20 grep -q '"ready"' "$BENCH/log"
}

stop_service() {
	kill "$SERVICE"; wait "$SERVICE" || true
	SERVICE=
}
