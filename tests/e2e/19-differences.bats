#!/usr/bin/env bats
# Where git says good and gitgate no, or the other way round: each difference that the
# manual lists (gitgate-policy(5), WHERE GIT SAYS OTHERWISE), with real git.

load helpers

setup() {
	PLACE=place begin
	make_key alice
	make_key bob
	git init -q "$T/clone"
	cd "$T/clone"
	put app.yaml "one"
	signers alice@example.org "$(line alice)"
	floor "ssh: ['$(line alice)']"
}

teardown() {
	[ ! -d "${GNUPGHOME-}" ] || gpgconf --kill all 2>/dev/null || true
}

line() {
	cut -d' ' -f1,2 "$T/keys/$1.pub"
}

# What git believes.
signers() {
	printf '%s\n' "$*" >"$T/signers"
	git config --global gpg.ssh.allowedSignersFile "$T/signers"
}

# What gitgate believes: of alice, and MORE; OPTIONS of the rule.
floor() {
	cat >"$T/gitgate.yaml" <<-END
		principals:
		  alice: {email: [alice@example.org], $1}
		${2-}
		rules:
		  - {name: signed, signatures: {by: [alice]${3-}}}
	END
}

# say GIT GITGATE [OBJECT [REF]]: yes or no, each; of git "any" where its version or gpg's decides
say() {
	local object="${3-HEAD}" verb=verify-commit git=no gitgate=no
	[ "$(git cat-file -t "$object")" != tag ] || verb=verify-tag
	git "$verb" "$object" >"$T/git.out" 2>&1 && git=yes
	gitgate trust test --floor "$T/gitgate.yaml" ${4:+--ref "$4"} "$object" >"$T/gitgate.out" 2>&1 && gitgate=yes
	[ "$1" != any ] || set -- "$git" "$2"
	[ "$git $gitgate" = "$1 $2" ] || fail "git $git, gitgate $gitgate, and not $1, $2: $(cat "$T/git.out" "$T/gitgate.out")"
}

# because REASON: what gitgate said
because() {
	output=$(cat "$T/gitgate.out")
	assert_tells "$1"
}

signed() {
	git -C "$T/clone" add -A
	git -C "$T/clone" "$@" commit -q --allow-empty -S -m x
}

# The commit at HEAD, its text changed by a filter.
changed() {
	git cat-file commit HEAD | "$@" >"$T/object"
	git hash-object --literally -t commit -w "$T/object"
}

@test "differences: the twin: both say yes, and no" {
	signed
	say yes yes
	signed -c "user.signingKey=$T/keys/bob"
	say no no
	git commit -q --allow-empty --no-gpg-sign -m x
	say no no
}

@test "differences: ssh: times" {
	# A key that ended, and a commit that claims an older time.
	signers 'alice@example.org valid-before="20260601Z"' "$(line alice)"
	floor "ssh: [{key: $(line alice), valid-before: 2026-06-01}]"
	signed
	say yes no
	because "valid only until 2026-06-01"
	# A commit of the future.
	signers alice@example.org "$(line alice)"
	floor "ssh: ['$(line alice)']"
	GIT_COMMITTER_DATE=2099-01-01T00:00:00Z signed
	say yes no
	because "but was received at"
	# A time without a zone is another one on every machine.
	signers 'alice@example.org valid-before="20990101"' "$(line alice)"
	floor "openpgp: []" "allowed-signers: signers"
	signed
	say yes no
	because "does not say its zone"
}

@test "differences: ssh: revocation" {
	signed
	git config --global gpg.ssh.revocationFile "$T/nowhere"
	floor "ssh: ['$(line alice)']" "revoked-keys-file: nowhere"
	say yes no
	because "nowhere"
	# A key that is superseded: for git it never counted.
	line alice >"$T/revoked"
	git config --global gpg.ssh.revocationFile "$T/revoked"
	floor "ssh: ['$(line alice)']" "revoked-keys: [{ssh: '$(line alice)', reason: superseded, since: 2099-01-01}]"
	say no yes
}

@test "differences: ssh: weak keys, and files that are not read to the end" {
	ssh-keygen -q -t rsa -b 1024 -N '' -f "$T/keys/weak" || skip "ssh-keygen makes no such key any more"
	signers alice@example.org "$(line weak)"
	floor "openpgp: []" "allowed-signers: signers"
	signed -c "user.signingKey=$T/keys/weak"
	say any no
	because "1024"
	# A line that cannot be read: ssh-keygen passes over it.
	printf 'alice@example.org ssh-ed25519 junk\nalice@example.org %s\n' "$(line alice)" >"$T/signers"
	signed
	say yes no
	because "signers:1"
	# A key that stands there twice.
	printf 'alice@example.org %s\nalice@example.org %s\n' "$(line alice)" "$(line alice)" >"$T/signers"
	say yes no
	because "stands there already"
}

@test "differences: ssh: certificates" {
	make_key ca
	signers alice@example.org cert-authority "$(line ca)"
	floor "ssh-ca: ['$(line ca)']"
	ssh-keygen -q -s "$T/keys/ca" -I id -n alice@example.org "$T/keys/alice.pub"
	signed -c "user.signingKey=$T/keys/alice-cert.pub"
	say yes yes
	# About logins, so nothing for either.
	ssh-keygen -q -s "$T/keys/ca" -I id -n alice@example.org -O force-command=x -O source-address=192.0.2.1 "$T/keys/alice.pub"
	signed -c "user.signingKey=$T/keys/alice-cert.pub"
	say yes yes
	# A demand that nobody here knows.
	ssh-keygen -q -s "$T/keys/ca" -I id -n alice@example.org -O critical:new@example.org=x "$T/keys/alice.pub"
	signed -c "user.signingKey=$T/keys/alice-cert.pub"
	say any no
	because "new@example.org"
	# Valid when it claims to be made, and not any more.
	ssh-keygen -q -s "$T/keys/ca" -I id -n alice@example.org -V 20260101:20260201 "$T/keys/alice.pub"
	signed -c "user.signingKey=$T/keys/alice-cert.pub"
	say yes no
	because "is valid only until"
}

@test "differences: ssh: whose signature it is" {
	# Whoever is in git's file may sign anybody's commit.
	printf 'alice@example.org %s\nbob@example.org %s\n' "$(line alice)" "$(line bob)" >"$T/signers"
	floor "ssh: ['$(line alice)']" "  bob: {email: bob@example.org, ssh: ['$(line bob)']}"
	signed -c "user.signingKey=$T/keys/bob"
	say yes no
	because "whose signature does not count here"
	floor "ssh: ['$(line alice)']" "" ", match-committer: true, match-author: true"
	signed -c user.email=bob@example.org
	say yes no
	because "the committer's address is 'bob@example.org'"
	git -c user.email=alice@example.org commit -q --allow-empty -S -m x --author 'Bob <bob@example.org>'
	say yes no
	because "the author's address is 'bob@example.org'"
	# git wants to find the key in its own file.
	: >"$T/signers"
	floor "ssh: ['$(line alice)']"
	signed
	say no yes
}

@test "differences: what is not signed must not be there" {
	signed
	# Behind the END line of the signature.
	local id
	id=$(changed sed 's/^ -----END SSH SIGNATURE-----$/&\n junk/')
	say yes no "$id"
	# A header twice, signed as such: git takes the first, other programs the last.
	git cat-file commit HEAD | sed '/^gpgsig/,/END SSH/d' | sed '1{p;s/.*/tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904/}' >"$T/payload"
	git hash-object -t tree -w --stdin </dev/null >"$T/empty"
	ssh-keygen -q -Y sign -n git -f "$T/keys/alice" <"$T/payload" >"$T/signature" 2>/dev/null
	{
		sed '/^$/,$d' "$T/payload"
		sed '1s/^/gpgsig /; 2,$s/^/ /' "$T/signature"
		sed -n '/^$/,$p' "$T/payload"
	} >"$T/object"
	id=$(git hash-object --literally -t commit -w "$T/object")
	say yes no "$id"
}

@test "differences: what git is told to see instead" {
	signed
	local good bad
	good=$(git rev-parse HEAD)
	git commit -q --allow-empty --no-gpg-sign -m bad
	bad=$(git rev-parse HEAD)
	say no no "$bad"
	git replace "$bad" "$good"
	say yes no "$bad"
	because "not signed"
}

@test "differences: every commit, not the last one" {
	signed
	git init -q --bare "$T/shop.git"
	git push -q "$T/shop.git" HEAD:refs/heads/main
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >"$T/init.out"
	git commit -q --allow-empty --no-gpg-sign -m hidden
	signed
	git verify-commit HEAD
	git init -q "$T/other"
	git -C "$T/other" pull -q --verify-signatures "$T/clone" HEAD
	run git push "$T/shop.git" HEAD:refs/heads/main
	assert_refused
	assert_tells "the commit is not signed"
}

@test "differences: tags" {
	signed
	git tag -s -m one v1
	say yes yes v1
	# An old release under a new name.
	say yes no v1 refs/tags/v2
	because "not as it is pushed"
	# Nobody signed the tag, but the commit is signed.
	git tag -a -m two v2
	say no yes v2
	floor "ssh: ['$(line alice)']" "" ", tags: true"
	say no no v2
	# And the other way round: whoever signs a tag says nothing about the commit.
	git commit -q --allow-empty --no-gpg-sign -m x
	git tag -s -m three v3
	say yes no v3
	because "the commit is not signed"
}

keyring() {
	command -v gpg >/dev/null || skip "gpg is not installed"
	export GNUPGHOME="$T/gnupg"
	mkdir -m 700 "$GNUPGHOME"
	echo no-auto-check-trustdb >"$GNUPGHOME/gpg.conf"
	git config --global gpg.format openpgp
	git config --global user.signingKey alice@example.org
	export GIT_COMMITTER_DATE="@$(date +%s) +0000"
}

g() {
	gpg --batch --quiet --yes --no-tty --pinentry-mode loopback --passphrase '' "$@" 2>>"$T/gpg.log"
}

# signed by gpg with options, with which it does not verify
gpg_with() {
	printf '#!/bin/sh\nexec gpg --batch --no-tty --pinentry-mode loopback --passphrase "" %s "$@"\n' "$*" >"$T/gpg"
	chmod +x "$T/gpg"
	signed -c "gpg.program=$T/gpg"
}

openpgp_floor() {
	g --export --armor alice@example.org >"$T/alice.asc"
	floor "openpgp: [alice.asc]" "$@"
}

@test "differences: openpgp: what signatures are made of" {
	keyring
	g --quick-gen-key "Alice <alice@example.org>" rsa3072 sign 0
	openpgp_floor
	export GIT_COMMITTER_DATE="@$(date +%s) +0000"
	gpg_with
	say yes yes
	gpg_with --textmode
	say yes no
	because "text"
	gpg_with --digest-algo SHA1
	say any no
	because "SHA-1"
	gpg_with --digest-algo RIPEMD160
	say any no
	gpg_with --digest-algo SHA224
	say yes no
	gpg_with --comment one --comment two
	say yes no
	# gpg too refuses what it does not know.
	gpg_with "--sig-notation '!a@example.org=b'"
	say no no
	# Behind the block, and a second one.
	gpg_with
	local id
	id=$(changed sed 's/^ -----END PGP SIGNATURE-----$/&\n junk/')
	say yes no "$id"
}

@test "differences: openpgp: keys" {
	keyring
	g --quick-gen-key "Alice <alice@example.org>" dsa2048 sign 0
	openpgp_floor
	export GIT_COMMITTER_DATE="@$(date +%s) +0000"
	gpg_with
	say yes no
	g --batch --yes --delete-secret-and-public-key "$(g --with-colons --list-keys alice | awk -F: '/^fpr/ {print $10; exit}')"
	# A self-signature by SHA-1.
	g --cert-digest-algo SHA1 --quick-gen-key "Alice <alice@example.org>" rsa3072 sign 0
	openpgp_floor
	export GIT_COMMITTER_DATE="@$(date +%s) +0000"
	gpg_with
	say any no
}

@test "differences: openpgp: keys that ended, and whom one trusts" {
	keyring
	local then
	then=$(date -u -d '2 years ago' +%Y%m%dT%H%M%S)
	g --faked-system-time "$then" --quick-gen-key "Alice <alice@example.org>" ed25519 sign 1y
	openpgp_floor
	GIT_COMMITTER_DATE="$(date -u -d '2 years ago' +%FT%TZ)" gpg_with --faked-system-time "$then"
	# Newer git takes such a signature as good, older git does not; gitgate never.
	say any no
	because "valid only until"
	g --batch --yes --delete-secret-and-public-key "$(g --with-colons --list-keys alice | awk -F: '/^fpr/ {print $10; exit}')"
	# Revoked as retired, some time after.
	g --faked-system-time "$then" --quick-gen-key "Alice <alice@example.org>" ed25519 sign 0
	GIT_COMMITTER_DATE="$(date -u -d '2 years ago' +%FT%TZ)" gpg_with --faked-system-time "$then"
	openpgp_floor "revoked-keys: [{openpgp: $(g --with-colons --list-keys alice | awk -F: '/^fpr/ {print $10; exit}'), reason: retired, since: 2099-01-01}]"
	say yes yes
	# By the key itself, the same is no for git and, received later, for gitgate.
	printf 'y\n3\n\ny\n' | gpg --no-tty --pinentry-mode loopback --passphrase '' --command-fd 0 \
		--gen-revoke alice@example.org >"$T/revocation" 2>>"$T/gpg.log"
	g --import "$T/revocation"
	openpgp_floor
	say no no
	g --batch --yes --delete-secret-and-public-key "$(g --with-colons --list-keys alice | awk -F: '/^fpr/ {print $10; exit}')"
	g --quick-gen-key "Alice <alice@example.org>" ed25519 sign 0
	openpgp_floor
	# Somebody else's key is as good for git, when it is in the keyring.
	g --quick-gen-key "Bob <bob@example.org>" ed25519 sign 0
	export GIT_COMMITTER_DATE="@$(date +%s) +0000"
	signed -c user.signingKey=bob@example.org
	say yes no
	because "which no principal holds"
	# And only what it is told to trust.
	signed
	g --export >"$T/public"
	gpgconf --kill all
	mkdir -m 700 "$T/fresh"
	export GNUPGHOME="$T/fresh"
	g --import "$T/public"
	say yes yes
	git config --global gpg.minTrustLevel fully
	say no yes
}

# gpgsm signs and verifies for git, with alice's certificate by $T/root.pem, which it trusts.
gpgsm_keys() {
	command -v gpgsm >/dev/null || skip "gpgsm is not installed"
	export GNUPGHOME="$T/gnupg"
	mkdir -m 700 "$GNUPGHOME"
	echo allow-loopback-pinentry >"$GNUPGHOME/gpg-agent.conf"
	echo disable-crl-checks >"$GNUPGHOME/gpgsm.conf"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/root.key" -out "$T/root.pem" -subj /CN=Root \
		-addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -keyout "$T/leaf.key" -out "$T/leaf.csr" -subj /CN=Alice 2>/dev/null
	printf '[leaf]\nkeyUsage=critical,digitalSignature\nsubjectAltName=email:alice@example.org\n' >"$T/ext"
	openssl x509 -req -in "$T/leaf.csr" -CA "$T/root.pem" -CAkey "$T/root.key" -CAcreateserial -days 30 -extfile "$T/ext" \
		-extensions leaf -out "$T/leaf.pem" 2>/dev/null
	# Old encryption of the key file: gpgsm reads no other.
	openssl pkcs12 -export -inkey "$T/leaf.key" -in "$T/leaf.pem" -passout pass:x -out "$T/leaf.p12" \
		-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1
	openssl x509 -in "$T/root.pem" -noout -fingerprint -sha1 | sed 's/.*=//; s/$/ S relax/' >"$GNUPGHOME/trustlist.txt"
	printf x >"$T/passphrase"
	gpgsm --batch -q --pinentry-mode loopback --passphrase-fd 0 --import "$T/leaf.p12" <"$T/passphrase" 2>>"$T/gpg.log"
	gpgsm --batch -q --import "$T/root.pem" 2>>"$T/gpg.log"
	printf '#!/bin/sh\nexec gpgsm --batch --pinentry-mode loopback --passphrase-fd 3 --include-certs -2 "$@" 3<%s\n' \
		"$T/passphrase" >"$T/gpgsm"
	chmod +x "$T/gpgsm"
	git config --global gpg.format x509
	git config --global gpg.x509.program "$T/gpgsm"
	git config --global user.signingKey alice@example.org
	export GIT_COMMITTER_DATE="@$(date +%s) +0000"
}

@test "differences: x509: whose word counts" {
	gpgsm_keys
	floor "x509: {email: alice@example.org}" "authorities: root.pem"
	signed
	say yes yes
	# Another authority in the policy than gpgsm trusts, and the other way round.
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/other.key" -out "$T/other.pem" -subj /CN=Other \
		-addext keyUsage=critical,keyCertSign 2>/dev/null
	floor "x509: {email: alice@example.org}" "authorities: other.pem"
	say yes no
	because "leads to no authority"
	: >"$GNUPGHOME/trustlist.txt"
	gpgconf --kill all
	floor "x509: {email: alice@example.org}" "authorities: root.pem"
	say no yes
	# Whose certificate it is.
	openssl x509 -in "$T/root.pem" -noout -fingerprint -sha1 | sed 's/.*=//; s/$/ S relax/' >"$GNUPGHOME/trustlist.txt"
	gpgconf --kill all
	floor "x509: {email: bob@example.org}" "authorities: root.pem"
	say yes no
	because "which is no principal's"
	# A list that is asked for and not there.
	floor "x509: {email: alice@example.org}" "authorities: root.pem
revoked: {crl: nowhere.pem}"
	say yes no
	because "nowhere.pem"
}
