# tests/bench/lib.bash - what the benches share: a private place, keys, a gated repository, medians.
#
# A bench prints ratios or differences to the same work without gitgate, measured in the same run in turns.
# Environment: GITGATE_BUILD (build directory; default: the present one), ROUNDS (default 9).

set -euo pipefail
GITGATE_BUILD=${GITGATE_BUILD:-$PWD}
ROUNDS=${ROUNDS:-9}
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

now_us() { echo $(($(date +%s%N) / 1000)); }
median() { sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'; }
ms() { awk -v u="$1" 'BEGIN {printf "%.1f", u / 1000}'; }

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
