#!/usr/bin/env bats
# Waivers: one commit is excused from one rule, by somebody whom the server names.

load helpers

# Alice signs everything; Carol, who is nobody's author, may waive; Mallory may nothing.
setup() {
	begin
	local name
	for name in carol mallory dave; do make_key "$name"; done
	make_guarded
	waiver_floor
	# The dates of waivers are those of the clock.
	unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE
	cd "$T/work"
}

public() {
	cut -d' ' -f1,2 "$T/keys/$1.pub"
}

# waiver_floor [LINE...]: the server's file; lines stand at its end
waiver_floor() {
	{
		cat <<-END
			principals:
			  alice: {email: [alice@example.org], ssh: ["$(public alice)"]}
			  carol: {email: [carol@example.org], ssh: ["$(public carol)"]}
			  dave: {email: [dave@example.org], ssh: ["$(public dave)"]}
			groups:
			  officers: [carol]
			waivers: {by: [officers]}
			rules:
			  - name: everything-is-signed
			    signatures: {by: [alice]}
			  - name: short
			    commits: {message: "^.{1,20}\$"}
		END
		printf '%s\n' "$@"
	} >"$T/gitgate.yaml"
}

# waive WHO [arguments]: signed by WHO; sets $status and $output
waive() {
	local who=$1
	shift
	run env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.signingKey GIT_CONFIG_VALUE_0="$T/keys/$who" \
		gitgate waive "$@"
}

# waived [WHO [COMMIT [arguments]]]: made and accepted by the server
waived() {
	waive "${1-carol}" "${2-HEAD}" --rule everything-is-signed --reason "the key was lost" --until 30d --push origin "${@:3}"
	assert_equal "$status" 0
}

# refused_waiver TEXT: the server said no, with this
refused_waiver() {
	[ "$status" -ne 0 ] || fail "the waiver was accepted"
	assert_says "pre-receive hook declined"
	assert_says "$1"
}

unsigned() {
	commit --no-gpg-sign "$@"
}

@test "waiver: lets one unsigned commit in, and not the next" {
	unsigned
	push origin main
	assert_refused
	assert_says "the commit is not signed"
	waived
	assert_says "refs/waivers/$(git rev-parse HEAD)/everything-is-signed"
	# It came before the commit, and did not bring it.
	refute_object "$T/shop.git" "$(git rev-parse HEAD)"
	push origin main
	assert_accepted
	assert_says "accepted: 1 waived"
	assert_says "waived error: the commit is not signed [everything-is-signed]"
	assert_says "waived by 'carol' until 20"
	assert_says "the key was lost"
	unsigned
	push origin main
	assert_refused
	commit --amend -S
	push origin main
	assert_accepted
	refute_says waived
}

@test "waiver: is what git calls a good signature of a tag" {
	unsigned
	waived
	local ref
	ref=refs/waivers/$(git rev-parse HEAD)/everything-is-signed
	echo "carol $(public carol)" >"$T/signers"
	run git -c gpg.ssh.allowedSignersFile="$T/signers" verify-tag "$ref"
	assert_equal "$status" 0
	assert_says 'Good "git" signature for carol'
	# Nothing is left beneath refs/tags.
	assert_equal "$(git for-each-ref refs/tags)" ""
}
