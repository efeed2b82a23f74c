#!/usr/bin/env bash
# tests/bench/verify.sh - verifying the commits of a range, whole process: ours, a bare program, git log --format=%G?.
# COMMITS (default 200); FORMATS: rows of the table below.
ROUNDS=${ROUNDS:-7}
COMMITS=${COMMITS:-200}
FORMATS=${FORMATS:-openpgp-ed25519 openpgp-rsa4096 openpgp-rsa2048}
. "$(dirname "$0")/lib.bash"
make -s -C "$GITGATE_BUILD" tests/bench/bench_verify tests/bench/bare_verify gitgate-trust-compile

# Sockets of the agent need a short name.
export GNUPGHOME=$BENCH/g
mkdir -m 700 "$GNUPGHOME"
finish_agent() { gpgconf --kill all 2>/dev/null || true; finish; }
trap finish_agent EXIT

# prepare FORMAT: a repository $BENCH/FORMAT, its first and last commit in FIRST and LAST, the compiled key
prepare() {
	local algorithm=${1#openpgp-} i fingerprint
	gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
		--quick-gen-key "alice <$algorithm@example.org>" "$algorithm" sign,cert never 2>/dev/null
	fingerprint=$(gpg --batch --quiet --with-colons --list-keys "$algorithm@example.org" | awk -F: '/^fpr/ {print $10; exit}')
	gpg --batch --export "$fingerprint" | "$GITGATE_BUILD/gitgate-trust-compile" >"$BENCH/$1.compiled"
	git init -q "$BENCH/$1"
	git -C "$BENCH/$1" config gpg.format openpgp
	git -C "$BENCH/$1" config user.signingKey "$fingerprint"
	git -C "$BENCH/$1" commit -q --no-gpg-sign --allow-empty -m start
	FIRST=$(git -C "$BENCH/$1" rev-parse HEAD)
	for ((i = 0; i < COMMITS; i++)); do git -C "$BENCH/$1" commit -q --allow-empty -m "change $i"; done
	git -C "$BENCH/$1" repack -qad
	LAST=$(git -C "$BENCH/$1" rev-parse HEAD)
}

timed() { # command...: microseconds; what it prints is in $BENCH/out
	local start=${EPOCHREALTIME/[.,]/}
	"$@" >"$BENCH/out"
	echo $((${EPOCHREALTIME/[.,]/} - start))
}
ours() { "$GITGATE_BUILD/tests/bench/bench_verify" "$BENCH/$1/.git" "$FIRST" "$LAST" "$BENCH/$1.compiled"; }
bare() { "$GITGATE_BUILD/tests/bench/bare_verify" "$BENCH/$1" "$FIRST" "$LAST" openpgp "$(awk '/^primary/ {print $7}' "$BENCH/$1.compiled")"; }
theirs() { git -C "$BENCH/$1" log --format=%G? "$FIRST..$LAST"; }

for format in $FORMATS; do
	prepare "$format"
	: >"$BENCH/times"
	for ((round = 0; round <= ROUNDS; round++)); do
		a=$(timed ours "$format"); [ "$(cat "$BENCH/out")" = "$COMMITS" ]
		b=$(timed bare "$format"); [ "$(cat "$BENCH/out")" = "$COMMITS" ]
		# git takes as long as all others together: every third round
		c=-
		((round % 3)) || { c=$(timed theirs "$format"); [ "$(grep -c '^G$' "$BENCH/out")" = "$COMMITS" ]; }
		[ "$round" = 0 ] && [ "$ROUNDS" -ge 3 ] || echo "$a $b $c" >>"$BENCH/times"
	done
	a=$(column 1 "$BENCH/times" | median); b=$(column 2 "$BENCH/times" | median)
	c=$(column 3 "$BENCH/times" | grep -v -- - | median)
	awk -v f="$format" -v n="$COMMITS" -v a="$a" -v b="$b" -v c="$c" 'BEGIN {
		printf "%s, %d commits: gitgate %.1f ms, bare %.1f ms, git log %%G? %.0f ms\n", f, n, a / 1000, b / 1000, c / 1000
		printf "  %.0f %% of the bare program (must: 80, aim: 90); %.1f times git (must: 10, aim: 20)\n", 100 * b / a, c / a
	}'
done
