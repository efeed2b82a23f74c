#!/usr/bin/env bats
# `gitgate trust import`: people from what other programs keep, and the round trip: what
# was imported is the policy by which their push is accepted.

load helpers

setup() {
	PLACE=place begin
	make_key alice
	make_key bob
	make_key ca
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
}

teardown() {
	[ ! -d "${GNUPGHOME-}" ] || gpgconf --kill all 2>/dev/null || true
}

line() {
	cut -d' ' -f1,2 "$T/keys/$1.pub"
}

work() {
	git -C "$T/clone" "$@"
}

import() {
	status=0
	output=$(gitgate trust import "$@" 2>"$T/stderr") || status=$?
	stderr=$(cat "$T/stderr")
}

# imported ARGUMENTS: the floor is what comes of it; everybody in it may sign
imported() {
	rm -f "$T/gitgate.yaml"
	gitgate trust import --output "$T/gitgate.yaml" "$@" 2>"$T/refused" || fail "$(cat "$T/refused")"
	local names
	names=$(sed -n 's/^  \([a-z0-9][^ ]*\):$/\1/p' "$T/gitgate.yaml" | paste -sd,)
	printf 'rules:\n  - {name: signed, signatures: {by: [%s], match-committer: %s}}\n' "$names" "${MATCH-true}" >>"$T/gitgate.yaml"
	[ -e "$T/init.out" ] || {
		work commit -q --allow-empty --no-gpg-sign -m begin
		work push -q origin HEAD:refs/heads/main
	}
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >"$T/init.out"
}

# by EMAIL [git's options]: a signed commit is pushed
by() {
	GIT_COMMITTER_DATE="@$(date +%s) +0000" work -c "user.email=$1" "${@:2}" commit -q --allow-empty -S -m "by $1"
	push origin HEAD:refs/heads/main
}

accepts() {
	by "$@"
	assert_accepted
}

refuses() {
	by "$@"
	assert_refused
	work reset -q --hard HEAD~1
}

keyring() {
	command -v gpg >/dev/null || skip "gpg is not installed"
	export GNUPGHOME="$T/gnupg"
	mkdir -m 700 "$GNUPGHOME"
	echo no-auto-check-trustdb >"$GNUPGHOME/gpg.conf"
}

g() {
	gpg --batch --quiet --yes --no-tty --pinentry-mode loopback --passphrase '' "$@" 2>>"$T/gpg.log"
}

@test "import: allowed signers" {
	cat >"$T/signers" <<-END
		# people
		alice@example.org,a@work.example namespaces="git,file" $(line alice) a comment
		bob@example.org valid-before="20990101Z" $(line bob)
		carol@example.org cert-authority $(line ca)
		*@example.org cert-authority $(line ca)
		mail@example.org namespaces="mail" $(line ca)
	END
	imported "$T/signers"
	grep -q "'\*@example.org' is a pattern" "$T/refused"
	grep -q "not for git" "$T/refused"
	grep -q "email: \['alice@example.org', 'a@work.example'\]" "$T/gitgate.yaml"
	grep -q "valid-before: 2099-01-01T00:00:00Z" "$T/gitgate.yaml"
	accepts a@work.example -c "user.signingKey=$T/keys/alice"
	accepts bob@example.org -c "user.signingKey=$T/keys/bob"
	refuses bob@example.org -c "user.signingKey=$T/keys/alice"
	make_key carol
	ssh-keygen -q -s "$T/keys/ca" -I c -n carol@example.org "$T/keys/carol.pub"
	accepts carol@example.org -c "user.signingKey=$T/keys/carol-cert.pub"
}

@test "import: an OpenPGP keyring, binary and armored, with keys that do not count" {
	keyring
	g --quick-gen-key "Alice <alice@example.org>" ed25519 sign,cert 0
	g --quick-gen-key "Bob B. <bob@example.org>" rsa3072 cert 0
	g --quick-add-key "$(g --with-colons --list-keys bob | awk -F: '/^fpr/ {print $10; exit}')" rsa3072 sign 0
	g --quick-gen-key "Dsa <dsa@example.org>" dsa2048 sign 0 || true
	g --quick-gen-key "Enc <enc@example.org>" ed25519 cert 0
	g --faked-system-time 20200101T000000 --quick-gen-key "Old <old@example.org>" ed25519 sign 1y
	g --quick-gen-key "Lost <lost@example.org>" ed25519 sign 0
	printf 'y\n1\n\ny\n' | gpg --no-tty --pinentry-mode loopback --passphrase '' --command-fd 0 --gen-revoke lost@example.org >"$T/r" 2>>"$T/gpg.log"
	g --import "$T/r"
	g --export >"$T/ring.gpg"
	g --export --armor >"$T/ring.asc"
	{
		g --export --armor alice
		echo "and then"
		g --export --armor bob
	} >"$T/two.asc"
	local file
	for file in ring.gpg ring.asc two.asc; do
		imported "$T/$file"
		assert_equal "$(grep -c 'BEGIN PGP' "$T/gitgate.yaml")" 2
		accepts alice@example.org -c gpg.format=openpgp -c user.signingKey=alice@example.org
		accepts bob@example.org -c gpg.format=openpgp -c user.signingKey=bob@example.org
		refuses old@example.org -c gpg.format=openpgp -c user.signingKey=alice@example.org
	done
	imported "$T/ring.gpg"
	grep -q "no key of it can sign commits: .* expired at 2020-12-31" "$T/refused"
	grep -q "no key of it can sign commits: .* revoked" "$T/refused"
	grep -q "no key of it can sign commits: .* not-signing" "$T/refused"
	# The files keep a name that is given.
	import --name robot "$T/two.asc"
	assert_equal "$status" 0
	assert_says "  robot:"
	assert_equal "$(grep -c 'BEGIN PGP' <<<"$output")" 2
	g --export-secret-keys alice >"$T/secret.gpg"
	import "$T/secret.gpg"
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"secret key"* ]]
}

@test "import: certificates in PEM" {
	local ca="$T/ca.pem"
	cat >"$T/ext" <<-END
		[leaf]
		basicConstraints=critical,CA:FALSE
		keyUsage=critical,digitalSignature
		subjectAltName=email:alice@example.org
		[server]
		keyUsage=critical,digitalSignature
		extendedKeyUsage=serverAuth
	END
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$T/ca.key" -out "$ca" -subj "/O=It's/CN=Root" \
		-addext keyUsage=critical,keyCertSign 2>/dev/null
	local name
	for name in leaf server; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$T/$name.key" -out "$T/$name.csr" -subj "/CN=$name" 2>/dev/null
		openssl x509 -req -in "$T/$name.csr" -CA "$ca" -CAkey "$T/ca.key" -CAcreateserial -days 30 -extfile "$T/ext" -extensions "$name" \
			-out "$T/$name.pem" 2>/dev/null
	done
	cat "$T/leaf.pem" "$T/server.pem" "$ca" >"$T/all.pem"
	imported "$T/all.pem"
	grep -q "belongs in the file that 'authorities' names" "$T/refused"
	grep -q "extended key usage" "$T/refused"
	grep -q "issuer: 'CN=Root,O=It''s'" "$T/gitgate.yaml"
	cp "$ca" "$T/authorities.pem"
	echo 'authorities: authorities.pem' >>"$T/gitgate.yaml"
	cat >"$T/sign" <<-END
		#!/bin/sh
		openssl cms -sign -binary -outform PEM -signer '$T/leaf.pem' -inkey '$T/leaf.key' -md sha256 | sed 's/ CMS/ SIGNED MESSAGE/'
		echo '[GNUPG:] SIG_CREATED ' >&2
	END
	chmod +x "$T/sign"
	accepts alice@example.org -c gpg.format=x509 -c "gpg.x509.program=$T/sign"
}

@test "import: keys that forges show" {
	# https://forge/USER.keys
	{
		line alice
		line bob
		echo "ssh-dss AAAAB3NzaC1kc3MAAACBAP"
		line alice
	} >"$T/alice.keys"
	import "$T/alice.keys"
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"give --name"* ]]
	import --name alice - <"$T/alice.keys"
	assert_equal "$status" 0
	assert_says "- key: $(line bob)"
	MATCH=false imported --name alice "$T/alice.keys"
	grep -q "was there already" "$T/refused"
	grep -q "ssh-dss" "$T/refused"
	accepts x@example.org -c "user.signingKey=$T/keys/alice"
	accepts x@example.org -c "user.signingKey=$T/keys/bob"
	# The API of GitLab.
	cat >"$T/keys.json" <<-END
		[{"id": 1, "title": "a", "key": "$(line alice) Alice (laptop)", "usage_type": "auth_and_signing", "expires_at": "2099-01-01T00:00:00.000Z"},
		 {"id": 2, "title": "b", "key": "$(line bob)", "usage_type": "auth", "expires_at": null},
		 {"id": 3, "title": "c", "key": "$(line ca)", "usage_type": "signing", "expires_at": "2020-01-01T00:00:00.000Z"}]
	END
	MATCH=false imported --name alice "$T/keys.json"
	grep -q "for logins only" "$T/refused"
	grep -q "expired at 2020-01-01" "$T/refused"
	grep -q "valid-before: 2099-01-01T00:00:00Z" "$T/gitgate.yaml"
	accepts x@example.org -c "user.signingKey=$T/keys/alice"
	refuses x@example.org -c "user.signingKey=$T/keys/bob"
	# The API of GitHub for OpenPGP keys.
	keyring
	g --quick-gen-key "Alice <alice@example.org>" ed25519 sign 0
	printf '[{"id": 3, "key_id": "x", "raw_key": "%s", "emails": [{"email": "alice@example.org", "verified": true}]}]' \
		"$(g --export --armor | sed ':a;N;$!ba;s/\n/\\n/g')" >"$T/gpg.json"
	imported "$T/gpg.json"
	accepts alice@example.org -c gpg.format=openpgp -c user.signingKey=alice@example.org
}

@test "import: one person of several files, and names that are made" {
	keyring
	g --quick-gen-key "Alice <alice@example.org>" ed25519 sign 0
	g --export >"$T/ring"
	printf 'ALICE@example.org %s\n' "$(line alice)" >"$T/signers"
	printf 'alice@other.example %s\n' "$(line bob)" >"$T/others"
	import "$T/ring" "$T/signers" "$T/others"
	assert_equal "$status" 0
	assert_equal "$(grep -cE '^  [^ ]' <<<"$output")" 2
	assert_says "  alice:"
	assert_says "  alice-2:"
	imported "$T/ring" "$T/signers" "$T/others"
	accepts alice@example.org -c "user.signingKey=$T/keys/alice"
	accepts alice@other.example -c "user.signingKey=$T/keys/bob"
	printf "O'Brien+x@example.org %s\n" "$(line ca)" >"$T/odd"
	imported "$T/odd"
	grep -q "^  o-brien+x:" "$T/gitgate.yaml"
}

@test "import: what cannot be imported says why, and nothing is written over" {
	echo "old" >"$T/out"
	line alice >"$T/alice.keys"
	import --name alice --output "$T/out" "$T/alice.keys"
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"is there already"* ]]
	assert_equal "$(cat "$T/out")" "old"
	import "$T/nowhere"
	[ "$status" -ne 0 ]
	: >"$T/empty"
	import "$T/empty"
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"holds no key"* ]]
	import "$T/keys/alice"
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"private key"* ]]
	import --name 'not a name' "$T/alice.keys"
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"cannot be a name"* ]]
	local text
	for text in '[{"key": 1}]' '[]' '{"a": 1}' '[1' '-----BEGIN PGP PUBLIC KEY BLOCK-----' 'junk' $'\x99\x01' \
		$'-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'; do
		printf '%s\n' "$text" >"$T/bad"
		import "$T/bad"
		[ "$status" -eq 1 ] || [ "$status" -eq 2 ] || [ "$status" -eq 3 ] || fail "$text: $status"
		[ -n "$stderr" ] || fail "$text: no reason"
		[ -z "$output" ] || fail "$text: something was imported"
	done
}
