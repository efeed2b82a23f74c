#!/usr/bin/env bats
# `gitgate trust import --from-forge`: the keys that a forge shows of its users.

load helpers
load ../ports
FORGE=

setup() {
	PLACE=place begin
	command -v node >/dev/null || skip "needs node"
	make_key alice
	make_key bob
	mkdir "$T/forge"
	local port
	port=$(free_port)
	ADDRESS="http://127.0.0.1:$port"
	node "$GITGATE_SOURCE/tests/forge/keys.mjs" "$T/forge" "$port" 3>&- >"$T/forge.out" 2>&1 &
	FORGE=$!
	for _ in $(seq 100); do
		(exec 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
		sleep 0.1
	done
	fail "no forge: $(cat "$T/forge.out")"
}

teardown() {
	[ -z "$FORGE" ] || { kill "$FORGE" && wait "$FORGE"; } 2>/dev/null || true
	[ ! -d "${GNUPGHOME-}" ] || gpgconf --kill all 2>/dev/null || true
}

line() {
	cut -d' ' -f1,2 "$T/keys/$1.pub"
}

import() {
	run gitgate trust import --from-forge "$ADDRESS" "$@"
}

# As Gitea and GitHub answer about somebody without one.
no_ring() {
	printf -- '-----BEGIN PGP PUBLIC KEY BLOCK-----\n%s\n\n\n=twTO\n-----END PGP PUBLIC KEY BLOCK-----\n' \
		"Note: This user hasn't uploaded any GPG keys."
}

@test "import: users of a forge become principals, whose pushes count" {
	line alice >"$T/forge/alice.keys"
	no_ring >"$T/forge/alice.gpg"
	{ line bob && ssh-keygen -q -t rsa -b 1024 -N '' -f "$T/keys/weak" && cat "$T/keys/weak.pub"; } >"$T/forge/bob.keys" || true
	: >"$T/forge/bob.gpg"
	import --output "$T/gitgate.yaml" alice bob
	[ "$status" -eq 0 ] || fail "import"
	grep -qF "  alice:" "$T/gitgate.yaml"
	grep -qF "  bob:" "$T/gitgate.yaml"
	grep -qF "$(line bob)" "$T/gitgate.yaml"
	assert_equal 2 "$(grep -c 'key: ' "$T/gitgate.yaml")"
	assert_equal 4 "$(grep -c . "$T/forge/log")"
	printf 'rules:\n  - {name: signed, signatures: {by: [bob]}}\n' >>"$T/gitgate.yaml"
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	gitgate init "$T/shop.git" --from-root --config "$T/gitgate.yaml" --socket none >"$T/init.out"
	put app.yaml "replicas: 1"
	commit
	push origin main
	assert_refused
	git config --global user.signingKey "$T/keys/bob"
	git -C "$T/clone" commit -q --amend --no-edit -S
	push origin main
	assert_accepted
}

@test "import: OpenPGP keys of a forge's user, and their address" {
	command -v gpg >/dev/null || skip "gpg is not installed"
	export GNUPGHOME="$T/gnupg"
	mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --no-tty --passphrase '' --quick-gen-key "Alice <alice@example.org>" ed25519 sign never 2>"$T/gpg.log"
	gpg --export --armor >"$T/forge/alice.gpg"
	line alice >"$T/forge/alice.keys"
	import --name somebody alice
	[ "$status" -eq 0 ] || fail "import"
	assert_says "  somebody:"
	assert_says "'alice@example.org'"
	assert_says "BEGIN PGP PUBLIC KEY BLOCK"
	assert_says "$(line alice)"
}

@test "import: what a forge does not know, hides or sends elsewhere is said" {
	import nobody
	[ "$status" -ne 0 ] || fail "an unknown user"
	assert_says "knows no user 'nobody'"
	: >"$T/forge/empty.keys"
	import empty
	[ "$status" -eq 1 ] || fail "no keys"
	assert_says "nothing was imported"
	echo "http://127.0.0.1:1/mallory.keys" >"$T/forge/moved.moved"
	import moved
	[ "$status" -ne 0 ] || fail "elsewhere"
	assert_says "127.0.0.1"
	[[ "$output" != *principals* ]] || fail "something was imported"
	import "../etc"
	[ "$status" -ne 0 ] || fail "no name"
	[ ! -e "$T/forge/log" ] || ! grep -q etc "$T/forge/log"
	run gitgate trust import --from-forge http://git.example.org alice
	[ "$status" -ne 0 ] || fail "in the clear"
	assert_says "https is needed"
	run gitgate trust import --from-forge git.example.org alice
	[ "$status" -ne 0 ] || fail "no address"
	assert_says "https://HOST"
}
