#!/usr/bin/env bats
# Pushes signed by gitsign: a Sigstore of our own issues certificates and keeps the log.

load helpers

setup() {
	begin
	make_guarded
	mkdir "$T/sigstore"
	"$GITGATE_BUILD/tests/e2e/gitsign_double" init "$T/sigstore"
	git config --global gpg.format x509
	git config --global gpg.x509.program "$T/sign"
	sign_as
	put app.yaml "replicas: 2"
}

# sign_as [KEY=VALUE...]: what git signs by from now on
sign_as() {
	local option
	{
		printf '#!/bin/sh\nexec "%s" sign "%s"' "$GITGATE_BUILD/tests/e2e/gitsign_double" "$T/sigstore"
		for option in "$@"; do
			printf " '%s'" "$option"
		done
		echo
	} >"$T/sign"
	chmod +x "$T/sign"
}

# floor [SUBJECT] [ISSUER] [ROOT]
floor() {
	cat >"$T/gitgate.yaml" <<-END
		principals:
		  alice:
		    email: alice@example.org
		    sigstore: {issuer: "${2:-https://issuer.example.org}", subject: "${1:-alice@example.org}"}
		sigstore: ${3:-{trusted-root: sigstore/trusted_root.json\}}
		rules:
		  - name: everything-is-signed
		    signatures: {by: [alice], match-committer: true}
	END
}

again() {
	git -C "$T/work" commit -q --amend --no-edit -S
}

@test "gitsign: a signature whose time the log proves is accepted" {
	floor
	commit
	push origin main
	assert_accepted
	put app.yaml "replicas: 3"
	commit
	push origin main HEAD:refs/heads/second
	assert_accepted
}

@test "gitsign: by files of a Sigstore of one's own, for a workflow" {
	floor https://git.example.org/acme/shop/release.yml@refs/heads/main https://ci.example.org \
		"{authorities: sigstore/fulcio.pem, rekor-keys: sigstore/rekor.pem, ct-keys: sigstore/ct.pem}"
	sign_as san=URI:https://git.example.org/acme/shop/release.yml@refs/heads/main issuer=https://ci.example.org
	commit
	push origin main
	assert_accepted
	sign_as san=URI:https://git.example.org/acme/shop/release.yml@refs/heads/other issuer=https://ci.example.org
	put app.yaml "replicas: 3"
	commit
	push origin main
	assert_refused
	assert_says "which is no principal's"
}

@test "gitsign: without proof, or with that of another signature or time, it is refused" {
	floor
	sign_as wrong=none
	commit
	push origin main
	assert_refused
	assert_says "brings no"
	assert_says "gitsign.rekorMode"
	sign_as wrong=entry
	again
	push origin main
	assert_refused
	assert_says "is not of this signature"
	sign_as wrong=early
	again
	push origin main
	assert_refused
	assert_says "before its certificate"
	sign_as
	again
	push origin main
	assert_accepted
}

@test "gitsign: another issuer, another person or another root is refused" {
	floor
	sign_as issuer=https://other.example.org
	commit
	push origin main
	assert_refused
	assert_says "'https://other.example.org' who said so"
	sign_as san=email:mallory@example.org
	again
	push origin main
	assert_refused
	assert_says "mallory@example.org"
	sign_as
	again
	mkdir "$T/other"
	"$GITGATE_BUILD/tests/e2e/gitsign_double" init "$T/other"
	floor "" "" "{trusted-root: other/trusted_root.json}"
	push origin main
	assert_refused
	assert_says "ask for the root of Sigstore"
	floor "" "" "{authorities: sigstore/fulcio.pem, rekor-keys: other/rekor.pem, require-sct: false}"
	push origin main
	assert_refused
	assert_says "whose key the policy"
	rm "$T/sigstore/fulcio.pem"
	push origin main
	assert_refused
	assert_says "fulcio.pem"
}

@test "gitsign: trust test tells who signed, and why it counts or not" {
	floor
	commit
	cd "$T/work"
	run gitgate trust test --floor "$T/gitgate.yaml" HEAD
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"name       email:alice@example.org"* ]]
	[[ "$output" == *"issued by  https://issuer.example.org"* ]]
	[[ "$output" == *"holder     alice"* ]]
	[[ "$output" == *"entry 987654321 of the log"* ]]
	sign_as wrong=none
	again
	run gitgate trust test --floor "$T/gitgate.yaml" HEAD
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"because    the signature brings no log entry"* ]]
	run gitgate trust show --floor "$T/gitgate.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"alice"*"sigstore"*"alice@example.org"*"https://issuer.example.org"* ]]
	gitgate trust show --json --floor "$T/gitgate.yaml" | grep -q '"issuer":"https://issuer.example.org"'
}
