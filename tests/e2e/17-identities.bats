#!/usr/bin/env bats
# Pushes signed by way of a CA: OpenSSH's certificates, files of allowed signers and
# revocation lists, X.509.

load helpers

setup() {
	begin
	make_guarded
	make_key ca
	make_key other
	put app.yaml "replicas: 2"
}

# The floor: RULES are always the same, $1 is what alice is known by, $2 comes behind.
floor() {
	cat >"$T/gitgate.yaml" <<-END
		principals:
		  alice: {email: [alice@example.org]$1}
		$2
		rules:
		  - name: everything-is-signed
		    signatures: {by: [alice]}
	END
}

line() {
	cut -d' ' -f1,2 "$T/keys/$1.pub"
}

# certify ARGUMENTS: a certificate of alice's key by the CA, by which git signs
certify() {
	ssh-keygen -q -s "$T/keys/ca" -I the-id "$@" "$T/keys/alice.pub"
	git config --global user.signingKey "$T/keys/alice-cert.pub"
}

@test "identities: a certificate of her CA is accepted, twice" {
	floor ", ssh-ca: ['$(line ca)']"
	certify -n alice
	commit
	push origin main
	assert_accepted
	put app.yaml "replicas: 3"
	commit
	push origin main HEAD:refs/heads/second
	assert_accepted
}

@test "identities: a certificate of another name, time or CA is refused" {
	floor ", ssh-ca: ['$(line ca)']"
	certify -n bob
	commit
	push origin main
	assert_refused
	assert_says "names nobody for whom"
	certify -n alice -V 20200101:20200201
	git -C "$T/clone" commit -q --amend --no-edit -S
	push origin main
	assert_refused
	assert_says "2020-01-31T"
	floor ", ssh-ca: ['$(line other)']"
	certify -n alice
	git -C "$T/clone" commit -q --amend --no-edit -S
	push origin main
	assert_refused
	assert_says "speaks for no principal"
}

@test "identities: a file of allowed signers gives keys and CAs" {
	floor "" "allowed-signers: signers"
	printf '*@example.org namespaces="git" %s\n*@example.org cert-authority %s\n' \
		"$(line alice)" "$(line ca)" >"$T/signers"
	commit
	push origin main
	assert_accepted
	certify -n alice@example.org
	put app.yaml "replicas: 3"
	commit
	push origin main
	assert_accepted
	put app.yaml "replicas: 4"
	commit
	rm "$T/signers"
	push origin main
	assert_refused
	assert_says "signers"
}

@test "identities: a revocation list refuses, and so does its absence" {
	floor ", ssh-ca: ['$(line ca)']" "revoked: {krl: list}"
	certify -n alice -z 7
	commit
	push origin main
	assert_refused
	assert_says "list"
	echo "serial: 7" >"$T/spec"
	ssh-keygen -q -k -f "$T/list" -s "$T/keys/ca.pub" "$T/spec"
	push origin main
	assert_refused
	assert_says "the serial of its certificate"
	head -c 50 "$T/list" >"$T/cut"
	mv "$T/cut" "$T/list"
	push origin main
	assert_refused
	assert_says "revocation list"
	echo "serial: 8" >"$T/spec"
	rm "$T/list"
	ssh-keygen -q -k -f "$T/list" -s "$T/keys/ca.pub" "$T/spec"
	push origin main
	assert_accepted
}

# x509 NAME ISSUER SECTION: a key and a certificate of it
x509() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$T/$1.key"
	openssl req -new -key "$T/$1.key" -subj "/CN=$1" -out "$T/$1.csr"
	local by=(-CA "$T/$2.pem" -CAkey "$T/$2.key" -CAcreateserial)
	[ "$1" != "$2" ] || by=(-signkey "$T/$1.key")
	# The commits of these tests are of January.
	openssl x509 -req -in "$T/$1.csr" "${by[@]}" -days 30 -extfile "$T/ext" -extensions "$3" \
		-out "$T/$1.pem" 2>/dev/null
}

# git signs by openssl, as alice's NAME
sign_by() {
	cat >"$T/sign" <<-END
		#!/bin/sh
		openssl cms -sign -binary -outform PEM -signer '$T/$1.pem' -inkey '$T/$1.key' -md sha256 |
			sed 's/ CMS/ SIGNED MESSAGE/'
		echo '[GNUPG:] SIG_CREATED ' >&2
	END
	chmod +x "$T/sign"
	git config --global gpg.format x509
	git config --global gpg.x509.program "$T/sign"
}

@test "identities: an X.509 certificate by an authority is accepted, others are refused" {
	export GIT_COMMITTER_DATE="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
	cat >"$T/ext" <<-END
		[ca]
		basicConstraints=critical,CA:TRUE
		keyUsage=critical,keyCertSign,cRLSign
		[leaf]
		basicConstraints=critical,CA:FALSE
		keyUsage=critical,digitalSignature
		subjectAltName=email:alice@example.org
		[server]
		keyUsage=critical,digitalSignature
		extendedKeyUsage=serverAuth
		subjectAltName=email:alice@example.org
	END
	x509 root root ca
	x509 stranger stranger ca
	x509 alice root leaf
	x509 mallory stranger leaf
	x509 host root server
	cp "$T/root.pem" "$T/authorities.pem"
	floor ", x509: {email: alice@example.org}" "authorities: authorities.pem"
	sign_by mallory
	commit
	push origin main
	assert_refused
	assert_says "leads to no authority"
	sign_by host
	git -C "$T/clone" commit -q --amend --no-edit -S
	push origin main
	assert_refused
	assert_says "extended key usage"
	sign_by alice
	# A second that the certificate has for sure.
	export GIT_COMMITTER_DATE="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
	git -C "$T/clone" commit -q --amend --no-edit -S
	push origin main
	assert_accepted
	push origin HEAD:refs/heads/second
	assert_accepted
	floor ", x509: {email: bob@example.org}" "authorities: authorities.pem"
	put app.yaml "replicas: 3"
	commit
	push origin main
	assert_refused
	assert_says "which is no principal's"
	floor ", x509: {email: alice@example.org}" "$(printf 'authorities: authorities.pem\nrevoked: {crl: crl.pem}')"
	push origin main
	assert_refused
	assert_says "crl.pem"
}
