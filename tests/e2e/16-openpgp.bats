#!/usr/bin/env bats
# Commits signed with OpenPGP keys that real gpg made, pushed through the hook: whose
# signature counts, when a key counts, and that gpg agrees.

load helpers
load service

setup() {
	command -v gpg >/dev/null || skip "gpg is not installed"
	begin
	# Sockets of the agent need a short name.
	export GNUPGHOME
	GNUPGHOME=$(mktemp -d "${TMPDIR:-/tmp}/gg.XXXXXX")
	unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE
	git config --global gpg.format openpgp
	git config --global gpg.program gpg
	echo no-auto-check-trustdb >"$GNUPGHOME/gpg.conf"
}

teardown() {
	end_service
	[ -n "${GNUPGHOME-}" ] || return 0
	gpgconf --kill all 2>/dev/null || true
	rm -rf "$GNUPGHOME"
}

g() {
	gpg --batch --quiet --yes --no-tty --pinentry-mode loopback --passphrase '' "$@" 2>>"$T/gpg.log"
}

# key NAME ALGORITHM [USAGE [EXPIRE]]: its fingerprint in FINGERPRINT
key() {
	g --quick-gen-key "$1 <$1@example.org>" "$2" "${3:-sign,cert}" "${4:-never}"
	FINGERPRINT=$(fingerprint "$1")
}

# fingerprint NAME [N]: of its primary key, or of the Nth of its keys
fingerprint() {
	gpg --batch --with-colons --list-keys "$1@example.org" | awk -F: -v n="${2:-1}" '/^fpr/ && ++i == n {print $10}'
}

# floor NAME...: each may sign everything
floor() {
	local name
	mkdir -p "$T/keys"
	{
		echo "principals:"
		for name; do
			g --export --armor "$name@example.org" >"$T/keys/$name.asc"
			printf '  %s:\n    email: [%s@example.org, alice@example.org]\n    openpgp: [keys/%s.asc]\n' "$name" "$name" "$name"
		done
		printf 'rules:\n  - name: everything-is-signed\n    signatures: {by: [%s]}\n' "$(IFS=,; echo "$*")"
	} >"$T/gitgate.yaml"
}

# A bare repository whose root is trusted, and a clone.
guarded() {
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	git -C "$T/clone" commit -q --allow-empty --no-gpg-sign -m begin
	git -C "$T/clone" push -q origin HEAD:main
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >"$T/init.out"
}

# sign KEY [git commit's options]
sign() {
	local with="$1"
	shift
	git -C "$T/clone" commit -q --allow-empty -S"$with" -m "a change" "$@"
}

@test "openpgp: every kind of key, and gpg agrees; the second push reads what was compiled" {
	local algorithm names=()
	for algorithm in rsa2048 rsa3072 rsa4096 ed25519 nistp256 nistp384 nistp521; do
		key "$algorithm" "$algorithm"
		names+=("$algorithm")
	done
	floor "${names[@]}"
	guarded
	for algorithm in "${names[@]}"; do
		sign "$algorithm@example.org"
		git -C "$T/clone" verify-commit HEAD 2>/dev/null
	done
	push origin HEAD:main
	assert_accepted
	[ "$(ls "$T/shop.git/gitgate/openpgp" | wc -l)" -eq 7 ]
	sign ed25519@example.org
	push origin HEAD:main
	assert_accepted
}

@test "openpgp: a key that nobody holds, and one bit of a commit" {
	key alice ed25519
	key mallory ed25519
	floor alice
	guarded
	sign mallory@example.org
	push origin HEAD:main
	assert_refused
	assert_says "which no principal holds"
	git -C "$T/clone" reset -q --hard HEAD^
	sign alice@example.org -m harmless
	git -C "$T/clone" cat-file commit HEAD | sed 's/^harmless$/harmful/' >"$T/forged"
	FORGED=$(git -C "$T/clone" hash-object -t commit -w "$T/forged")
	! git -C "$T/clone" verify-commit "$FORGED" 2>/dev/null
	push origin "$FORGED:main"
	assert_refused
	assert_says "does not belong to"
	push origin HEAD:main
	assert_accepted
}

@test "openpgp: subkeys sign, until they are revoked" {
	key alice ed25519 cert
	g --quick-add-key "$FINGERPRINT" rsa3072 sign
	g --quick-add-key "$FINGERPRINT" ed25519 sign
	floor alice
	guarded
	sign "$(fingerprint alice 2)!"
	sign "$(fingerprint alice 3)!"
	push origin HEAD:main
	assert_accepted
	printf 'key 1\nrevkey\ny\n0\n\ny\nsave\n' |
		gpg --batch --yes --no-tty --pinentry-mode loopback --passphrase '' --command-fd 0 --edit-key alice@example.org >>"$T/gpg.log" 2>&1
	floor alice
	sign "$(fingerprint alice 3)!"
	push origin HEAD:main
	assert_accepted
	grep -q ' compromised ' "$T/shop.git"/gitgate/openpgp/*
}

# revoke_key NAME REASON: 0 none, 1 compromised, 2 superseded, 3 retired
revoke_key() {
	printf 'y\n%s\n\ny\n' "$2" |
		gpg --no-tty --pinentry-mode loopback --passphrase '' --command-fd 0 --gen-revoke "$1@example.org" >"$T/revoke.asc" 2>>"$T/gpg.log"
	g --import "$T/revoke.asc"
}

@test "openpgp: a compromised key counts for nothing, a retired one only for what is older" {
	key alice ed25519
	key bob ed25519
	key carol ed25519
	floor alice bob carol
	guarded
	for name in alice bob carol; do
		git -C "$T/clone" checkout -q -B "$name" origin/main
		sign "$name@example.org" --date "2026-01-01T00:00:00Z"
	done
	revoke_key alice 1
	revoke_key bob 3
	floor alice bob carol
	push origin alice:main
	assert_refused
	assert_says "owner revoked it"
	# Received after it was retired.
	push origin bob:main
	assert_refused
	assert_says "its owner replaced or retired it"
	push origin carol:main
	assert_accepted
}

@test "openpgp: an expired key is refused, also when the commit is backdated" {
	# Two years ago, for a year.
	local then
	then=$(date -u -d '2 years ago' +%Y%m%dT%H%M%S)
	g --faked-system-time "$then" --quick-gen-key "alice <alice@example.org>" ed25519 sign,cert 1y
	key bob ed25519 sign,cert 1y
	floor alice bob
	guarded
	cat >"$T/old-gpg" <<-END
		#!/bin/sh
		exec gpg --faked-system-time $then "\$@"
	END
	chmod +x "$T/old-gpg"
	git -C "$T/clone" config gpg.program "$T/old-gpg"
	GIT_COMMITTER_DATE="$(date -u -d '2 years ago' +%FT%TZ)" sign alice@example.org
	push origin HEAD:main
	assert_refused
	assert_says "valid only until"
	git -C "$T/clone" config gpg.program gpg
	git -C "$T/clone" reset -q --hard HEAD^
	sign bob@example.org
	push origin HEAD:main
	assert_accepted
}

@test "openpgp: a key within the repository's policy, inline, and one that is revoked there" {
	key alice ed25519
	key bob rsa3072
	floor alice
	guarded
	{
		printf 'principals:\n  bob:\n    openpgp:\n      - |\n'
		gpg --batch --export --armor bob@example.org | sed 's/^/        /'
		printf 'revoked-keys:\n  - {openpgp: "%s", reason: compromised, note: lost}\n' "$(fingerprint bob)"
		printf 'rules:\n  - {name: bobs, refs: [refs/heads/bob], signatures: {by: [bob]}}\n'
	} >"$T/clone/.gitgate.yaml"
	git -C "$T/clone" add -A
	sign alice@example.org
	push origin HEAD:main
	assert_accepted
	sign bob@example.org
	push origin HEAD:main
	assert_refused
	assert_says "is revoked:"
	assert_says "lost"
}

@test "openpgp: a secret key or junk in the policy is refused with its place" {
	key alice ed25519
	floor alice
	g --export-secret-keys --armor alice@example.org >"$T/keys/alice.asc"
	git init -q --bare "$T/shop.git"
	run gitgate init "$T/shop.git" --from-root --config "$T/gitgate.yaml" --socket none
	[ "$status" -ne 0 ]
	assert_says "gitgate.yaml:4:"
	assert_says "secret key"
	echo junk >"$T/keys/alice.asc"
	run gitgate init "$T/shop.git" --from-root --config "$T/gitgate.yaml" --socket none
	[ "$status" -ne 0 ]
	assert_says "librnp cannot read"
}

@test "openpgp: what is kept of keys is made again when it is damaged" {
	key alice ed25519
	floor alice
	guarded
	sign alice@example.org
	push origin HEAD:main
	assert_accepted
	for file in "$T/shop.git"/gitgate/openpgp/*; do
		sed -i 's/^primary sign/primary weak/' "$file"
	done
	sign alice@example.org
	push origin HEAD:main
	assert_accepted
	grep -q '^primary sign' "$T/shop.git"/gitgate/openpgp/*
}

@test "openpgp: init compiles the server's keys for the hook, and takes them away again" {
	key alice ed25519
	key bob rsa2048
	floor alice bob
	guarded
	[ "$(ls "$T/shop.git/gitgate/openpgp" | wc -l)" -eq 2 ]
	[ "$(stat -c %a "$T/shop.git/gitgate/openpgp")" = 700 ]
	gitgate init --remove "$T/shop.git"
	[ ! -e "$T/shop.git/gitgate" ]
}

@test "openpgp: what reads keys has no files and no network when it does" {
	key alice ed25519
	mkfifo "$T/key"
	"$GITGATE_BUILD/gitgate-trust-compile" <"$T/key" >"$T/compiled" &
	exec 8>"$T/key"
	for _ in $(seq 200); do
		grep -q '^Seccomp:.*2' "/proc/$!/status" && break
		sleep 0.05
	done
	grep '^Seccomp:.*2' "/proc/$!/status"
	grep '^NoNewPrivs:.*1' "/proc/$!/status"
	g --export alice@example.org >&8
	exec 8>&-
	wait $!
	grep -q '^primary sign' "$T/compiled"
	gitgate version | grep -q 'librnp  *[0-9]'
}

@test "openpgp: gitgate trust shows, compiles and tests" {
	key alice ed25519 cert 2y
	g --quick-add-key "$FINGERPRINT" ed25519 sign
	key mallory rsa2048
	floor alice
	git init -q "$T/clone"
	cp "$T/gitgate.yaml" "$T/clone/.gitgate.yaml"
	cp -r "$T/keys" "$T/clone/keys"
	cd "$T/clone"
	run gitgate trust show
	[ "$status" -eq 0 ]
	assert_says "$(fingerprint alice 2)"
	assert_says "openpgp"
	run gitgate trust show --json
	assert_says "\"certificate\":\"$(fingerprint alice)\""
	run gitgate trust compile keys/alice.asc
	[ "$status" -eq 0 ]
	assert_says "not-signing"
	run gitgate trust --raw compile keys/alice.asc
	assert_says "gitgate-openpgp-1"
	sign "$(fingerprint alice 2)!"
	run gitgate trust test HEAD
	[ "$status" -eq 0 ] || fail "it does not count"
	assert_says "holder     alice"
	assert_says "subkey of  $(fingerprint alice)"
	sign mallory@example.org
	run gitgate trust test HEAD
	[ "$status" -eq 1 ]
	assert_says "which no principal holds"
	run gitgate trust compile .gitgate.yaml
	[ "$status" -eq 1 ]
}

@test "openpgp: the service judges as the hook does: keys of the server and of the repository" {
	make_key alice
	key bob ed25519
	key carol nistp256
	key mallory ed25519
	mkdir -p "$T/keys"
	g --export --armor bob@example.org >"$T/keys/bob.asc"
	server_config
	sed -i 's/^rules:/  bob: {openpgp: keys\/bob.asc}\nrules:/; s/by: \[alice\]/by: [bob]/' "$T/gitgate.yaml"
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	gitgate init "$T/shop.git" --from-root --config "$T/gitgate.yaml" >"$T/init.out"
	start_service
	git -C "$T/clone" config user.signingKey bob@example.org
	mkdir -p "$T/clone/keys"
	g --export --armor carol@example.org >"$T/clone/keys/carol.asc"
	printf 'principals: {carol: {openpgp: keys/carol.asc}}\nrules: [{name: own, refs: [refs/heads/main], signatures: {by: [carol, bob]}}]\n' >"$T/clone/.gitgate.yaml"
	change "one"
	assert_live "one"
	# The repository's policy, with its key, judges from now on.
	change "two"
	assert_live "two"
	# Past the hook: the service itself must refuse.
	rm "$T/shop.git/hooks/pre-receive"
	git -C "$T/clone" config user.signingKey mallory@example.org
	change "three"
	for _ in $(seq 100); do
		gg log
		[[ "$output" =~ $(git -C "$T/clone" rev-parse --short=10 HEAD)\ +fail ]] && break
		sleep 0.1
	done
	[[ "$output" =~ $(git -C "$T/clone" rev-parse --short=10 HEAD)\ +fail ]] || fail "no refusal"
	assert_live "two"
}

@test "openpgp: a forge signs merges with such a key, and they are made again" {
	key alice ed25519
	key forge rsa2048
	floor alice forge
	sed -i 's/by: \[alice,forge\]/by: [alice], forge-merges: recompute, forge-keys: [forge]/' "$T/gitgate.yaml"
	guarded
	git -C "$T/clone" checkout -q -b topic
	put theirs.txt "theirs"
	git -C "$T/clone" add -A
	sign alice@example.org
	git -C "$T/clone" checkout -q -
	put ours.txt "ours"
	git -C "$T/clone" add -A
	sign alice@example.org
	git -C "$T/clone" merge -q --no-ff -Sforge@example.org -m "Merge pull request #1" topic
	push origin HEAD:main
	assert_accepted
	put evil.txt "evil"
	git -C "$T/clone" add -A
	git -C "$T/clone" commit -q --amend --no-edit -Sforge@example.org
	push origin HEAD:refs/heads/other
	assert_refused
	assert_says "merging its parents gives another"
}

@test "openpgp: pushes are signed too, under the names that git gives the key" {
	local name
	key alice ed25519
	floor alice
	printf '  - {name: pushes-are-signed, push: {by: [alice]}}\n' >>"$T/gitgate.yaml"
	guarded
	# By name and address, as git names a committer; its address alone, the whole fingerprint, a key id.
	for name in "alice <alice@example.org>" "alice@example.org" "$FINGERPRINT" "0x${FINGERPRINT: -16}!"; do
		git -C "$T/clone" config user.signingKey "$name"
		sign "$FINGERPRINT"
		push origin HEAD:main
		assert_refused
		assert_says "the push is not signed"
		push --signed origin HEAD:main
		assert_accepted
	done
	# A part of her name finds the key for gpg, and says nothing here.
	sign "$FINGERPRINT"
	git -C "$T/clone" config user.signingKey "alice <"
	push --signed origin HEAD:main
	assert_refused
	assert_says "but says that 'alice <' pushes"
}
