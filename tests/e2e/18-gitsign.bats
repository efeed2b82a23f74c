#!/usr/bin/env bats
# Pushes signed by gitsign: a Sigstore of our own issues certificates and keeps the log.

load helpers
load service
load forge_made
load gitsign
load ../ports

setup() {
	begin
	make_guarded
	make_sigstore
	put app.yaml "replicas: 2"
}

teardown() {
	end_service
	end_rekor
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
	git -C "$T/clone" commit -q --amend --no-edit -S
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

@test "gitsign: what a forge merged of it counts" {
	make_key forge
	floor
	sed -i -e 's|^sigstore:|  forge: {email: noreply@forge.example.org, ssh: "'"$(cut -d' ' -f1,2 "$T/keys/forge.pub")"'"}\n&|' \
		-e 's|{by: .*|{by: [alice], forge-merges: recompute, forge-keys: [forge]}|' "$T/gitgate.yaml"
	two_sides
	as_forge -c gpg.format=ssh merge -q --no-ff -S -m "Merge pull request #1" topic
	sed 's|subject: "alice|subject: "bob|' -i.alice "$T/gitgate.yaml"
	push origin main
	assert_refused
	assert_says "no principal"
	mv "$T/gitgate.yaml.alice" "$T/gitgate.yaml"
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
	cd "$T/clone"
	run gitgate trust test --floor "$T/gitgate.yaml" HEAD
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"names      email:alice@example.org"* ]]
	[[ "$output" == *"told by    https://issuer.example.org"* ]]
	[[ "$output" == *"holder     alice"* ]]
	[[ "$output" == *"entry 987654321 of the log"* ]]
	sign_as wrong=none
	again
	run gitgate trust test --floor "$T/gitgate.yaml" HEAD
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"proof      the signature brings no log entry"* ]]
	run gitgate trust show --floor "$T/gitgate.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"alice"*"sigstore"*"alice@example.org"*"https://issuer.example.org"* ]]
	gitgate trust show --json --floor "$T/gitgate.yaml" | grep -q '"issuer":"https://issuer.example.org"'
}

@test "gitsign: an entry that the log keeps is stored by trust proof, and then counts" {
	local commit other
	floor
	choose_rekor
	start_rekor
	sign_as online
	commit
	commit=$(tip "$T/clone/.git" HEAD)
	push origin main
	assert_refused
	assert_says "gitgate trust proof"
	run gitgate trust proof --rekor "$ADDRESS" --git-dir "$T/shop.git" "$commit"
	[ "$status" -eq 3 ] || fail "no entry"
	assert_says "the log has no entry about $commit"
	told "$commit"
	run gitgate trust proof --rekor "$ADDRESS" --git-dir "$T/shop.git" "$commit"
	[ "$status" -eq 0 ] || fail "an entry"
	assert_says "1 log entry stored"
	push origin main
	assert_accepted
	# nothing is asked of the log at a push, nor is what was proven once forgotten
	assert_equal 3 "$(grep -c . "$T/rekor/log")"
	push origin HEAD:refs/heads/second
	assert_accepted
	# and where the commit was made
	cd "$T/clone"
	gitgate trust proof --rekor "$ADDRESS" HEAD
	run gitgate trust test --floor "$T/gitgate.yaml" HEAD
	[ "$status" -eq 0 ] || fail "trust test"
	assert_says "entry 987654321 of the log"
	# the proof of one is none of another
	put app.yaml "replicas: 3"
	commit
	other=$(tip "$T/clone/.git" HEAD)
	cp "$T/shop.git/gitgate-proofs/$commit" "$T/shop.git/gitgate-proofs/$other"
	push origin main
	assert_refused
	assert_says "is of another object or"
	head -c 100 "$T/shop.git/gitgate-proofs/$commit" >"$T/shop.git/gitgate-proofs/$other"
	push origin main
	assert_refused
	assert_says "are malformed"
	told "$other" wrong=promise
	gitgate trust proof --rekor "$ADDRESS" --git-dir "$T/shop.git" "$other"
	push origin main
	assert_refused
	assert_says "was not signed by the key of the log"
}

@test "gitsign: the service deploys what the hook let in by a stored proof" {
	choose_rekor
	start_rekor
	rm -rf "$T/shop.git" "$T/clone"
	sign_as online
	mkdir -p "$T/keys"
	server_config "sigstore: {trusted-root: sigstore/trusted_root.json}"
	sed -i 's|^    ssh:.*|    sigstore: {issuer: "https://issuer.example.org", subject: "alice@example.org"}|' \
		"$T/gitgate.yaml"
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	gitgate init "$T/shop.git" --from-root --config "$T/gitgate.yaml" >"$T/init.out"
	start_service
	put deploy/web/app.yaml "one"
	commit
	told "$(tip "$T/clone/.git" HEAD)"
	gitgate trust proof --rekor "$ADDRESS" --git-dir "$T/shop.git" "$(tip "$T/clone/.git" HEAD)"
	push origin main
	assert_accepted
	assert_live "one"
}

@test "gitsign: trust proof says what is wrong with the log's answer" {
	local commit id
	choose_rekor
	start_rekor
	sign_as online
	commit
	commit=$(tip "$T/clone/.git" HEAD)
	cd "$T/clone"
	run gitgate trust proof HEAD
	[ "$status" -ne 0 ] || fail "without a log"
	assert_says "--rekor=ADDRESS"
	told "$commit"
	echo '["../../../secret"]' >"$T/rekor/names"
	run gitgate trust proof --rekor "$ADDRESS" HEAD
	[ "$status" -eq 3 ] || fail "an odd name"
	assert_says "is not hexadecimal"
	rm "$T/rekor/names"
	sed -i 's/"treeSize"/"size"/' "$T/rekor/$commit.json"
	run gitgate trust proof --rekor "$ADDRESS" HEAD
	[ "$status" -eq 3 ] || fail "an odd entry"
	assert_says "not of the form of Rekor"
	run gitgate trust proof --rekor "$ADDRESS" nothing
	[ "$status" -eq 3 ] || fail "no object"
	assert_says "neither a full object id nor found here"
	end_rekor
	run gitgate trust proof --rekor "$ADDRESS" HEAD
	[ "$status" -eq 3 ] || fail "no log"
	[ ! -e "$T/clone/.git/gitgate-proofs" ] || fail "something was stored"
}
