#!/usr/bin/env bats
# S5: rules of kind push. Who pushes must sign the push itself (git push --signed); each
# way of being wrong has a twin that is right. Certificates are changed on their way, and
# signed again, by tests/e2e/rewrite_certificate between git push and git receive-pack;
# what receive-pack would never pass on is told to the hook as git tells it.

load helpers

make_scene() {
	make_key alice
	make_key bob
	make_key mallory
	make_pushed
}

setup() {
	begin_with make_scene
}

# The server's floor: pushes to main are signed by Alice; commits are not looked at.
# write_push_floor [OPTIONS]: of the rule
write_push_floor() {
	cat >"$T/gitgate.yaml" <<-END
		principals:
		  alice:
		    email: [alice@example.org]
		    ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]
		  bob: {ssh: ["$(cut -d' ' -f1,2 "$T/keys/bob.pub")"]}
		${PEOPLE-}
		rules:
		  - name: pushes-are-signed
		    refs: [refs/heads/main, "refs/heads/release/*"]
		    push: {by: [alice]${1:+, $1}}
	END
}

make_pushed() {
	write_push_floor
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	put app.yaml "replicas: 1"
	commit -m "begin"
	git -C "$T/clone" push -q origin main
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >"$T/init.out"
}

signed() { # [arguments of push]
	push --signed origin "$@"
}

# What the certificate would be without its signature.
unsigned_part() {
	sed '/^-----BEGIN SSH SIGNATURE-----$/,$d'
}

# sign_again [KEY [NAMESPACE]]: standard input, with a signature behind it
sign_again() {
	local text="$T/to-sign"
	cat >"$text"
	rm -f "$text.sig"
	ssh-keygen -q -Y sign -n "${2:-git}" -f "$T/keys/${1:-alice}" "$text" 2>/dev/null
	cat "$text" "$text.sig"
}

# rewritten COMMAND [arguments of push]: the certificate goes through the command (a
# function of this file, or anything in bash)
rewritten() {
	local command=$1
	shift
	{
		declare -f unsigned_part sign_again
		printf 'T=%q\nset -eo pipefail\n%s\n' "$T" "$command"
	} >"$T/rewrite.bash"
	REWRITE="bash '$T/rewrite.bash'" run git -C "$T/clone" push --signed \
		--receive-pack="'$GITGATE_BUILD/tests/e2e/rewrite_certificate'" origin "${@:-main}"
}

# refused_when COMMAND TEXT: a certificate changed so is refused, with that text
refused_when() {
	rewritten "$1"
	assert_refused
	[[ "$(words)" = *"$2"* ]] || fail "'$1' does not say: $2"
}

# The report without the line breaks that fit it to a terminal.
words() {
	printf '%s\n' "$output" | sed 's/^\(remote:\)\? *//; s/ *$//' | tr '\n' ' '
}

assert_words() {
	[[ "$(words)" = *"$1"* ]] || fail "missing: $1"
}

@test "push: signed by Alice is accepted, not signed or signed by others is not" {
	commit
	push origin main
	assert_refused
	assert_words "the push is not signed [pushes-are-signed]"
	git -C "$T/clone" config user.signingKey "$T/keys/mallory"
	signed main
	assert_refused
	assert_words "which no principal holds [pushes-are-signed]"
	git -C "$T/clone" config user.signingKey "$T/keys/bob"
	signed main
	assert_refused
	assert_words "the push is signed by 'bob', who may not push here"
	git -C "$T/clone" config user.signingKey "$T/keys/alice"
	signed main
	assert_accepted
	# Nothing of git's own word is needed: it knows nobody.
	refute_says "allowedSignersFile"
}

@test "push: revoked and expired keys do not push" {
	commit
	PEOPLE="revoked-keys: [{ssh: \"$(ssh-keygen -lf "$T/keys/alice.pub" | cut -d' ' -f2)\", reason: compromised}]" write_push_floor
	signed main
	assert_refused
	assert_words "is revoked: compromised [pushes-are-signed]"
	write_push_floor
	sed -i "s|    ssh: \\[\"\\(.*\\)\"\\]|    ssh: [{key: \"\\1\", valid-before: 2026-01-01}]|" "$T/gitgate.yaml"
	signed main
	assert_refused
	assert_words "is valid only until 2026-01-01"
	write_push_floor
	signed main
	assert_accepted
}

@test "push: creation, deletion, force and many refs at once, each signed" {
	local what
	commit
	for what in main:release/1 main "+main~1:main" "main:release/2 main:release/3 main" \
		:release/1 "--atomic main:release/4 :release/2"; do
		# shellcheck disable=SC2086
		push origin $what
		assert_refused
		assert_words "the push is not signed"
		# shellcheck disable=SC2086
		push --signed origin $what
		assert_accepted
	done
	# A ref without the rule is nobody's business.
	push origin main:feature
	assert_accepted
	push origin main:feature2 main:release/9
	assert_refused
}

@test "push: a certificate is for this repository alone" {
	commit
	ln -s shop.git "$T/other.git"
	push --signed "$T/other.git" main
	[ "$status" -ne 0 ]
	assert_words "the push certificate is for '$T/other.git', which is not this repository"
	write_push_floor "to: [\"**/other.git\"]"
	signed main
	assert_refused
	assert_words "is not this repository"
	push --signed "$T/other.git" main
	assert_accepted
}

@test "push: push options stand in the certificate" {
	git -C "$T/shop.git" config receive.advertisePushOptions true
	commit
	push --signed -o ci.skip -o "a b" origin main
	assert_accepted
	commit
	# git compares them too.
	rewritten "unsigned_part | sed '/^push-option/d' | sign_again" -o ci.skip main
	[ "$status" -ne 0 ]
	assert_says "inconsistent push options"
}

@test "push: a certificate that was used is not taken again" {
	commit
	git -C "$T/clone" tag two
	rewritten "tee '$T/used'"
	assert_accepted
	cp "$T/used" "$T/kept"
	push --signed origin +two~1:main
	assert_accepted
	# A nonce is that of a second.
	sleep 1.1
	refused_when "cat '$T/kept'" "is not one that this repository gave"
	# The twin: the same move with a certificate of its own.
	signed main
	assert_accepted
	# On another repository with the same refs.
	cp -a "$T/shop.git" "$T/second.git"
	sed -i 's/certNonceSeed = .*/certNonceSeed = another/' "$T/second.git/gitgate/push"
	commit
	rewritten "tee '$T/used'"
	assert_accepted
	git -C "$T/clone" remote set-url origin "$T/second.git"
	rewritten "cat '$T/used'"
	[ "$status" -ne 0 ]
	assert_words "is not one that this repository gave"
}

@test "push: certificates with another text are refused, though Alice signed them" {
	commit
	local again="unsigned_part | sed '%s' | sign_again"
	refused_when "$(printf "$again" '/^nonce /d')" "the push certificate has no nonce"
	refused_when "$(printf "$again" 's/^nonce ./nonce 9/')" "not one that this repository gave"
	refused_when "$(printf "$again" 's/^nonce .*/nonce x/')" "not one that this repository gave"
	refused_when "$(printf "$again" '/^pushee /d')" "does not say where the push goes"
	refused_when "$(printf "$again" 's/^pushee .*/pushee git.example.org:other.git/')" "which is not this repository"
	refused_when "$(printf "$again" 's/^\(pusher \).*\( [0-9]* .....\)$/\1Bob <bob@example.org>\2/')" \
		"the push is signed by 'alice', but says that 'Bob <bob@example.org>' pushes"
	refused_when "$(printf "$again" 's/^\(pusher .*\) [0-9]*\( .....\)$/\1 4000000000\2/')" "claims to be from 2096"
	refused_when "$(printf "$again" '/^pusher /d')" "has no header 'pusher'"
	refused_when "$(printf "$again" 's/^\(pusher .*\) [0-9]* .....$/\1/')" "is not a name with a date and a zone"
	refused_when "$(printf "$again" 's/0\.1$/0.2/')" "is not of version 0.1"
	refused_when "$(printf "$again" 's/^nonce/x y\n&/')" "the header 'x' at byte"
	refused_when "$(printf "$again" 's/^pushee .*/&\n&/')" "stands there a second time"
	refused_when "$(printf "$again" '/^pusher /{h;d};/^nonce /G')" "has no header 'pusher'"
	refused_when "$(printf "$again" 's/^nonce.*/&\r/')" "ends in a carriage return"
	refused_when "$(printf "$again" 's/^pushee.*/&\n continued/')" "goes on over several lines"
	# The twin: taken apart and signed again as it was.
	rewritten "$(printf "$again" '')"
	assert_accepted
}

@test "push: certificates that were changed after signing are refused" {
	commit
	refused_when "sed 's/^pushee /pushee x/'" "the signature of the push is bad"
	refused_when "sed 's/^\\(pusher .*\\) +0000/\\1 +0100/'" "the signature of the push is bad"
	refused_when "unsigned_part | sign_again mallory" "which no principal holds"
	refused_when "unsigned_part | sign_again alice file" "the signature of the push is bad"
	# Here git itself gives up.
	rewritten "unsigned_part"
	[ "$status" -ne 0 ]
	rewritten "sign_again"
	[ "$status" -ne 0 ]
	# git takes the updates from the certificate, so another one needs another signature.
	rewritten "sed 's|^[0-9a-f]* \(.*\)refs/heads/main\$|$(printf %040d 0) \1refs/heads/release/x|'"
	[ "$status" -ne 0 ]
	assert_words "the signature of the push is bad"
	rewritten "cat"
	assert_accepted
}

# --- what git would not pass on: told to the hook as git tells it ---

# tell [VARIABLE=VALUE...]: runs the hook on the lines in $pushed with the certificate in
# $T/cert; sets $status and $output
tell() {
	local blob
	blob=$(git --git-dir="$T/shop.git" hash-object -w "$T/cert")
	run env -C "$T/shop.git" GIT_DIR=. GIT_PUSH_CERT="$blob" GIT_PUSH_CERT_STATUS=G \
		GIT_PUSH_CERT_NONCE_STATUS=OK GIT_PUSH_CERT_NONCE="$nonce" "$@" hooks/pre-receive <<<"$pushed"
}

told_refused() { # TEXT [VARIABLE=VALUE...]
	tell "${@:2}"
	[ "$status" -eq 1 ] || fail "not refused"
	assert_words "$1"
}

# write_certificate LINE...: as Alice's client writes it
write_certificate() {
	{
		printf 'certificate version 0.1\npusher %s %s +0000\npushee %s\nnonce %s\n' \
			"$(ssh-keygen -lf "$T/keys/alice.pub" | cut -d' ' -f2)" "$(date +%s)" "$T/shop.git" "$nonce"
		[ -z "${option-}" ] || printf 'push-option %s\n' "$option"
		printf '\n'
		printf '%s\n' "$@"
	} | sign_again >"$T/cert"
}

told() {
	commit
	git --git-dir="$T/shop.git" fetch -q "$T/clone" "+main:refs/keep/main"
	old=$(tip "$T/shop.git" refs/heads/main)
	new=$(tip "$T/shop.git" refs/keep/main)
	zero=0000000000000000000000000000000000000000
	nonce="$(date +%s)-0123456789abcdef0123456789abcdef01234567"
	main="$old $new refs/heads/main"
	release="$zero $new refs/heads/release/1"
	pushed="$main"
}

@test "push: the certificate names exactly what is pushed" {
	told
	write_certificate "$main"
	pushed="$main"$'\n'"$release"
	told_refused "does not name 'refs/heads/release/1', which is pushed"
	write_certificate "$main" "$release"
	tell
	assert_equal "$status" 0
	pushed="$main"
	told_refused "names 'refs/heads/release/1', which is not pushed"
	pushed="$release"$'\n'"$main"
	told_refused "names 'refs/heads/main' where 'refs/heads/release/1' is pushed"
	pushed="$main"
	write_certificate "$zero $new refs/heads/main"
	told_refused "says that 'refs/heads/main' is at $zero, the push says at $old"
	write_certificate "$old $old refs/heads/main"
	told_refused "moves 'refs/heads/main' to $old, the push to $new"
	write_certificate "$old $zero refs/heads/main"
	told_refused "moves 'refs/heads/main' to $zero, the push to $new"
	write_certificate "$main" "$main"
	told_refused "names a ref that an earlier line names too"
	write_certificate "$main" ""
	told_refused "does not start with two full object ids"
	write_certificate "$main"
	tell
	assert_equal "$status" 0
}

# spoilt COMMAND TEXT: the certificate that came out of a command is refused
spoilt() {
	write_certificate "$main"
	bash -c "$1" <"$T/cert" >"$T/spoilt"
	mv "$T/spoilt" "$T/cert"
	told_refused "$2"
}

# Not by way of git: with such signatures receive-pack itself may end, by SIGPIPE.
@test "push: a signature is one whole armor, and the end" {
	told
	spoilt "cat; echo more" "something follows the push certificate's signature"
	spoilt "cat; echo" "something follows the push certificate's signature"
	spoilt "sed 's/^-----END.*/&\r/'" "something follows the push certificate's signature"
	spoilt "sed 's/^-----BEGIN.*/& /'" "has something behind it"
	spoilt "sed '/^-----END/d'" "has no last line"
	spoilt "head -c -1" "does not end in a line feed"
	spoilt "sed '/BEGIN/,/END/s/^U/V/'" "the signature of the push is bad"
	spoilt "sed 's/SSH SIGNATURE/PGP SIGNATURE/'" "the signature of the push is bad"
	spoilt "sed 's/SSH SIGNATURE/SIGNED MESSAGE/'" "the signature of the push is bad"
	spoilt "sed 's/SSH SIGNATURE/PGP MESSAGE/'" "the signature of the push is bad"
	spoilt "sed 's/SSH SIGNATURE/AGE SIGNATURE/'" "the push certificate is not signed"
	write_certificate "$main"
	tell
	assert_equal "$status" 0
}

@test "push: of what git says only the nonce's state and the blob's id count" {
	told
	write_certificate "$main"
	told_refused "has no nonce" GIT_PUSH_CERT_NONCE_STATUS=MISSING
	told_refused "gives none" GIT_PUSH_CERT_NONCE_STATUS=UNSOLICITED
	told_refused "not one that this repository gave" GIT_PUSH_CERT_NONCE_STATUS=BAD
	told_refused "git does not say whether the nonce" GIT_PUSH_CERT_NONCE_STATUS=
	told_refused "git does not say whether the nonce" GIT_PUSH_CERT_NONCE_STATUS=ok
	told_refused "not the one that git looked at" GIT_PUSH_CERT_NONCE="$(date +%s)-00"
	told_refused "not one that git gives" GIT_PUSH_CERT_NONCE=x
	# Given by another process: within the rule's slop.
	local seconds
	seconds=$(date +%s)
	tell GIT_PUSH_CERT_NONCE_STATUS=SLOP GIT_PUSH_CERT_NONCE="$((seconds + 200))-00" GIT_PUSH_CERT_NONCE_SLOP=9999
	assert_equal "$status" 0
	told_refused "seconds from when it was used; 300 are allowed" \
		GIT_PUSH_CERT_NONCE_STATUS=SLOP GIT_PUSH_CERT_NONCE="$((seconds + 400))-00" GIT_PUSH_CERT_NONCE_SLOP=1
	# What git thinks of the signature is not asked.
	tell GIT_PUSH_CERT_STATUS=B GIT_PUSH_CERT_SIGNER=mallory GIT_PUSH_CERT_KEY=none
	assert_equal "$status" 0
	nonce="1600000000-00" write_certificate "$main"
	nonce="1600000000-00"
	told_refused "is from 2020-09-13T12:26:40Z: over the limit push.nonce_age"
}

@test "push: a certificate that cannot be read refuses" {
	told
	write_certificate "$main"
	told_refused "cannot be read" GIT_PUSH_CERT=1111111111111111111111111111111111111111
	told_refused "is not a blob" GIT_PUSH_CERT="$new"
	told_refused "that has no full object id" GIT_PUSH_CERT=../../etc/passwd
	told_refused "the push is not signed" GIT_PUSH_CERT=
	: >"$T/cert"
	told_refused "has no bytes"
	write_certificate "$main"
	printf '\0' >>"$T/cert"
	told_refused "has a NUL byte"
	write_certificate "$main"
	sign_again <"$T/cert" >"$T/two"
	mv "$T/two" "$T/cert"
	told_refused "holds a second signature block"
	sed -i '/BEGIN SSH/,$d' "$T/cert"
	told_refused "the push certificate is not signed"
	head -c 5000000 /dev/zero | tr '\0' x >"$T/cert"
	told_refused "over the limit git.push_certificate_bytes (4194304)"
	write_certificate "$main"
	tell
	assert_equal "$status" 0
}

@test "push: push options told by git are those of the certificate" {
	told
	option="ci skip" write_certificate "$main"
	told_refused "exactly the push options"
	told_refused "exactly the push options" GIT_PUSH_OPTION_COUNT=1 GIT_PUSH_OPTION_0=other
	told_refused "exactly the push options" GIT_PUSH_OPTION_COUNT=2 GIT_PUSH_OPTION_0="ci skip" GIT_PUSH_OPTION_1=x
	told_refused "git counts 'many' push options" GIT_PUSH_OPTION_COUNT=many
	tell GIT_PUSH_OPTION_COUNT=1 GIT_PUSH_OPTION_0="ci skip"
	assert_equal "$status" 0
	write_certificate "$main"
	told_refused "exactly the push options" GIT_PUSH_OPTION_COUNT=1 GIT_PUSH_OPTION_0=
	tell GIT_PUSH_OPTION_COUNT=0
	assert_equal "$status" 0
}

@test "push: init asks for certificates only where a rule does, and takes it away" {
	assert_equal "$(stat -c %a "$T/shop.git/gitgate/push")" 640
	local seed
	seed=$(git --git-dir="$T/shop.git" config receive.certNonceSeed)
	[ ${#seed} -eq 64 ] || fail "the seed is '$seed'"
	! grep -q "$seed" "$T/init.out" "$T/shop.git/config" || fail "the seed is shown"
	gitgate init "$T/shop.git" --config "$T/gitgate.yaml" --socket none >/dev/null
	assert_equal "$(git --git-dir="$T/shop.git" config receive.certNonceSeed)" "$seed"
	assert_equal "$(git --git-dir="$T/shop.git" config --get-all include.path)" gitgate/push
	gitgate init "$T/shop.git" --remove >/dev/null
	assert_equal "$(git --git-dir="$T/shop.git" config receive.certNonceSeed)" ""
	[ ! -e "$T/shop.git/gitgate" ] || fail "left: $(ls "$T/shop.git/gitgate")"
	write_floor
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >/dev/null
	assert_equal "$(git --git-dir="$T/shop.git" config receive.certNonceSeed)" ""
	# A secret that is there already is kept: machines may share one.
	git --git-dir="$T/shop.git" config receive.certNonceSeed shared
	write_push_floor
	gitgate init "$T/shop.git" --config "$T/gitgate.yaml" --socket none >/dev/null
	assert_equal "$(git --git-dir="$T/shop.git" config receive.certNonceSeed)" shared
	commit
	signed main
	assert_accepted
}

@test "push: doctor sees whether certificates are asked for" {
	printf 'repositories:\n  shop: {path: "%s", anchor: {refs/heads/main: root}}\n' "$T/shop.git" >>"$T/gitgate.yaml"
	run gitgate doctor --config "$T/gitgate.yaml"
	assert_says "signed pushes are asked for"
	chmod 644 "$T/shop.git/gitgate/push"
	run gitgate doctor --config "$T/gitgate.yaml"
	assert_says "holds a secret, and everybody may read"
	rm "$T/shop.git/gitgate/push"
	run gitgate doctor --config "$T/gitgate.yaml"
	assert_equal "$status" 1
	assert_says "git does not ask for it: run gitgate init '$T/shop.git'"
}

@test "push: the rule does not stand in the way of gitgate check" {
	commit
	cd "$T/clone"
	run gitgate check --floor "$T/gitgate.yaml"
	assert_equal "$status" 0
}
