#!/usr/bin/env bash
# tests/bench/hook.sh - a one-file push with the gate's hook, against the same push without: the median of the rounds' own differences.
# FORMAT=openpgp: with an OpenPGP key instead of an SSH key.
ROUNDS=${ROUNDS:-41}
. "$(dirname "$0")/lib.bash"

if [ "${FORMAT:-ssh}" = openpgp ]; then
	export GNUPGHOME=$BENCH/g # the agent's sockets need a short name
	mkdir -m 700 "$GNUPGHOME"
	trap 'gpgconf --kill all; finish' EXIT
	gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key alice@example.org rsa4096 sign,cert never 2>/dev/null
	gpg --batch --armor --export alice@example.org >"$BENCH/alice.asc"
	git config --global gpg.format openpgp
	git config --global user.signingKey alice@example.org
fi
git init -q --bare "$BENCH/plain.git"
git init -q --bare "$BENCH/bench.git"
git init -q "$BENCH/work"
cd "$BENCH/work"
mkdir -p deploy
seq 100 | while read -r i; do echo "value: $i" >"deploy/$i.yaml"; done
git add -A && git commit -qm 'feat: start'
write_config "$BENCH/gitgate.yaml"
[ "${FORMAT:-ssh}" = ssh ] || sed -i "s|ssh: .*]}|openpgp: [alice.asc]}|" "$BENCH/gitgate.yaml"
git push -q "$BENCH/plain.git" main
"$GITGATE_BUILD/gitgate" init "$BENCH/bench.git" --from-root --name bench --config "$BENCH/gitgate.yaml" --socket "$BENCH/none.sock" >/dev/null
rm -f "$BENCH/bench.git/hooks/post-receive"
git push -q "$BENCH/bench.git" main 2>/dev/null

for round in $(seq 0 "$ROUNDS"); do
	echo "value: -$round" >"deploy/1.yaml"
	git commit -qam "feat: round $round"
	push_pair "$round" "$BENCH/plain.git" "$BENCH/bench.git" "$BENCH/us"
done
gate_refuses "$BENCH/bench.git"
plain=$(column 1 "$BENCH/us" | median)
added=$(column 3 "$BENCH/us" | median)
doubt=$(doubt "$(column 3 "$BENCH/us" | deviation)" "$ROUNDS")
echo "one-file push: $(ms "$plain") ms without hook; added, plus or minus $(ms "$doubt") ms: $(against "$(ms "$added")" ms 20 12 "$(ms "$doubt")")"
