#!/usr/bin/env bats
# Waivers: one commit is excused from one rule, by somebody whom the server names.

load helpers

# Alice signs everything; Carol, who is nobody's author, may waive; Mallory may nothing.
make_scene() {
	local name
	for name in carol mallory dave; do make_key "$name"; done
	make_guarded
	waiver_floor
}

setup() {
	begin_with make_scene
	# The dates of waivers are those of the clock.
	unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE
	cd "$T/clone"
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
	output=$(printf '%s' "$output" | sed -e ':a;N;$!ba;s/ *\nremote:     */ /g')
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

# What git wraps at the width of a terminal is one line again.
push() {
	run git -C "$T/clone" push "$@"
	output=$(printf '%s' "$output" | sed -e ':a;N;$!ba;s/ *\nremote:     */ /g')
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

# text [COMMIT [RULE [UNTIL [REPOSITORY [REASON]]]]]: what a waiver says
text() {
	printf 'gitgate waiver 1\nrepository: %s\ncommit: %s\nrule: %s\nuntil: %s\nreason: %s\n' "${4-shop}" \
		"$(git rev-parse "${1-HEAD}")" "${2-everything-is-signed}" "${3-$(in_days 30)}" "${5-by hand}"
}

in_days() {
	date -u -d "$1 days" +%Y-%m-%dT23:59:59Z
}

ref_of() { # [COMMIT [RULE]]
	echo "refs/waivers/$(git rev-parse "${1-HEAD}")/${2-everything-is-signed}"
}

# hand_made REF WHO [TARGET]: a tag with the text on standard input, pushed to the ref; WHO '': unsigned
hand_made() {
	local sign=(-s -u "$T/keys/$2")
	[ -n "$2" ] || sign=(-a)
	git tag "${sign[@]}" -f --cleanup=verbatim -F - "${1#refs/}" \
		"${3-$(git hash-object -t tree -w --stdin </dev/null)}" >/dev/null
	push origin "+refs/tags/${1#refs/}:$1"
}

# planted REF WHO [TARGET]: the same, but it stands in the server's repository as if no hook had looked
planted() {
	mv "$T/shop.git/hooks/pre-receive" "$T/pre-receive"
	hand_made "$@"
	mv "$T/pre-receive" "$T/shop.git/hooks/pre-receive"
	assert_accepted
}

# refused_with TEXT: the branch is, and the verdict says this about a waiver
refused_with() {
	push origin main
	assert_refused
	assert_says "the commit is not signed"
	assert_says "$1"
	refute_says "waived by"
}

@test "waiver: one by hand is as good as the command's" {
	unsigned
	hand_made "$(ref_of)" carol <<<"$(text)"
	assert_accepted
	push origin main
	assert_accepted
	assert_says "waived by 'carol'"
}

@test "waiver: is taken from nobody else, by the hook" {
	unsigned
	hand_made "$(ref_of)" '' <<<"$(text)"
	refused_waiver "it is not signed"
	hand_made "$(ref_of)" alice <<<"$(text)"
	refused_waiver "it is signed by 'alice', who may not waive"
	hand_made "$(ref_of)" dave <<<"$(text)"
	refused_waiver "it is signed by 'dave', who may not waive"
	hand_made "$(ref_of)" mallory <<<"$(text)"
	refused_waiver "which no principal holds"
	push origin main
	assert_refused
	refute_says "the waiver"
}

@test "waiver: is taken from nobody else, by the judge" {
	unsigned
	planted "$(ref_of)" '' <<<"$(text)"
	refused_with "it is not signed"
	planted "$(ref_of)" alice <<<"$(text)"
	refused_with "it is signed by 'alice', who may not waive"
	planted "$(ref_of)" mallory <<<"$(text)"
	refused_with "which no principal holds"
	# The twin.
	planted "$(ref_of)" carol <<<"$(text)"
	push origin main
	assert_accepted
}

@test "waiver: a repository's policy gives nobody the right" {
	put .gitgate.yaml "principals: {mallory: {ssh: [\"$(public mallory)\"]}}
groups: {officers-too: [mallory, carol]}
rules:
  - {name: own, files: {max-size: 1MiB}}"
	commit
	push origin main
	assert_accepted
	unsigned
	waive mallory HEAD --rule everything-is-signed --reason "I may" --until 30d --push origin
	refused_waiver "it is signed by 'mallory', who may not waive"
	planted "$(ref_of)" mallory <<<"$(text)"
	refused_with "it is signed by 'mallory', who may not waive"
	# Neither by the key itself, pushed along with what it should excuse.
	put .gitgate.yaml "waivers: {by: [mallory]}
principals: {mallory: {ssh: [\"$(public mallory)\"]}}
rules:
  - {name: own, files: {max-size: 1MiB}}"
	git add -A
	git commit -q --amend --no-gpg-sign --no-edit
	push origin main
	assert_refused
	assert_says "waivers"
	put .gitgate.yaml "groups: {officers: [mallory]}
principals: {mallory: {ssh: [\"$(public mallory)\"]}}"
	git add -A
	git commit -q --amend --no-gpg-sign --no-edit
	push origin main
	assert_refused
	assert_says "group 'officers' is the server's"
}

@test "waiver: is for one commit, one rule, one repository" {
	unsigned
	local other=$(git rev-parse HEAD~1) bad
	# What it says and where it stands agree, in tag and text.
	hand_made "$(ref_of)" carol <<<"$(text HEAD~1)"
	refused_waiver "about another commit or rule than its ref"
	hand_made "$(ref_of HEAD short)" carol <<<"$(text)"
	refused_waiver "about another commit or rule than its ref"
	hand_made "$(ref_of HEAD~1)" carol <<<"$(text HEAD~1)"
	assert_accepted
	bad=$(git rev-parse "refs/tags/waivers/$other/everything-is-signed")
	push origin "$bad:$(ref_of)"
	refused_waiver "about another commit or rule than its ref"
	hand_made "$(ref_of)" carol <<<"$(text HEAD everything-is-signed "$(in_days 30)" market)"
	refused_waiver "it is for the repository 'market', this one is 'shop'"
	hand_made "$(ref_of HEAD everything-was-signed)" carol <<<"$(text HEAD everything-was-signed)"
	refused_waiver "the policy has no rule 'everything-was-signed'; did you mean 'everything-is-signed'?"
	hand_made "$(ref_of HEAD gitgate)" carol <<<"$(text HEAD gitgate)"
	refused_waiver "the policy has no rule 'gitgate'"
	push origin main
	assert_refused
	# The same where no hook looked.
	planted "$(ref_of)" carol <<<"$(text HEAD~1)"
	refused_with "about another commit or rule than its ref"
	planted "$(ref_of)" carol <<<"$(text HEAD everything-is-signed "$(in_days 30)" market)"
	refused_with "it is for the repository 'market'"
	planted "$(ref_of HEAD everything-was-signed)" carol <<<"$(text HEAD everything-was-signed)"
	refused_with "the policy has no rule 'everything-was-signed'"
	planted "$(ref_of HEAD short)" carol <<<"$(text HEAD short)"
	refused_with "it is for the repository 'market'"
}

@test "waiver: neither parents nor children are excused with it" {
	unsigned
	unsigned
	waived
	push origin main
	assert_refused
	assert_says "waived by 'carol'"
	assert_says "refused: 1 error, 1 waived"
	waived carol HEAD~1
	push origin main
	assert_accepted
	assert_says "accepted: 2 waived"
}

@test "waiver: two rules need two" {
	unsigned -m "a message that is longer than twenty characters"
	waived
	push origin main
	assert_refused
	assert_says "refused: 1 error, 1 waived"
	waive carol HEAD --rule short --reason "nobody reads it" --until 30d --push origin
	assert_equal "$status" 0
	push origin main
	assert_accepted
	assert_says "accepted: 2 waived"
}

@test "waiver: makes nothing known and lends no trust, whatever it points to" {
	unsigned
	local target
	# The hook: neither as a tag of the commit, nor as the commit itself, nor as anything else.
	hand_made "$(ref_of)" carol HEAD <<<"$(text)"
	refused_waiver "a waiver's points at the empty tree"
	refute_object "$T/shop.git" "$(git rev-parse HEAD)"
	push origin "HEAD:$(ref_of)"
	refused_waiver "it is not an annotated tag"
	push origin HEAD:refs/waivers/main
	refused_waiver "is not refs/waivers/<full commit id>/<rule>"
	hand_made "$(ref_of)" carol 'HEAD^{tree}' <<<"$(text)"
	refused_waiver "a waiver's points at the empty tree"
	push origin main
	assert_refused
	# They stand there, and every ref is protected: still nothing.
	git --git-dir="$T/shop.git" config --add gitgate.protected 'refs/**'
	planted "$(ref_of)" carol HEAD <<<"$(text)"
	refused_with "a waiver's points at the empty tree"
	git --git-dir="$T/shop.git" update-ref "$(ref_of)" "$(git rev-parse HEAD)"
	refused_with "it is not an annotated tag"
	git --git-dir="$T/shop.git" update-ref refs/waivers/main "$(git rev-parse HEAD)"
	push origin main
	assert_refused
	unsigned
	push origin main
	assert_refused
	assert_says "refused: 2 errors"
}

@test "waiver: its tag is no other tag, and no branch" {
	unsigned
	waived
	push origin "$(ref_of):refs/tags/waivers/$(git rev-parse HEAD)/everything-is-signed"
	assert_refused
	assert_says "does not lead to a commit"
	push origin "$(ref_of):refs/tags/v1"
	assert_refused
}

@test "waiver: ends" {
	unsigned
	hand_made "$(ref_of)" carol <<<"$(text HEAD everything-is-signed "$(in_days -1)")"
	refused_waiver "it ended at"
	hand_made "$(ref_of)" carol <<<"$(text HEAD everything-is-signed "$(in_days 367)")"
	refused_waiver "more than 366 days after it was signed"
	hand_made "$(ref_of)" carol <<<"$(text HEAD everything-is-signed "$(in_days 365)")"
	assert_accepted
	# It counts when it comes (which takes a busy machine longer), and not any more when the commit does.
	local seconds
	for seconds in 2 6 20; do
		sleep 1.1
		waive carol HEAD --rule everything-is-signed --reason "shortly" --until "${seconds}s" --push origin
		[ "$status" -ne 0 ] || break
		assert_says "it ended at"
	done
	assert_equal "$status" 0
	sleep $((seconds + 1))
	refused_with "it ended at"
	assert_says "mend: make it again: gitgate waive"
	waived
	push origin main
	assert_accepted
}

@test "waiver: is signed in the future" {
	unsigned
	GIT_COMMITTER_DATE=$(in_days 2) hand_made "$(ref_of)" carol <<<"$(text)"
	refused_waiver "which has not come yet"
	GIT_COMMITTER_DATE=$(in_days 2) planted "$(ref_of)" carol <<<"$(text)"
	refused_with "which has not come yet"
}

@test "waiver: a revoked key takes it along" {
	unsigned
	waived
	waiver_floor "revoked-keys: [{ssh: \"$(public carol)\", reason: compromised}]"
	refused_with "is revoked: compromised"
	# Also one that counts for what was signed before.
	waiver_floor "revoked-keys: [{ssh: \"$(public carol)\", reason: superseded, since: \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}]"
	sleep 1.1
	refused_with "is revoked since"
	waive carol HEAD --rule short --reason "again" --until 30d --push origin
	refused_waiver "is revoked since"
	waiver_floor
	push origin main
	assert_accepted
}

@test "waiver: who leaves takes it along" {
	unsigned
	waived
	sed -i 's/officers: .*/officers: [dave]/' "$T/gitgate.yaml"
	refused_with "it is signed by 'carol', who may not waive"
	sed -i '/^waivers:/d' "$T/gitgate.yaml"
	refused_with "the server lets nobody waive the rule"
	waive dave HEAD --rule short --reason "why not" --until 30d --push origin
	refused_waiver "the server lets nobody waive the rule"
	sed -i 's/^rules:/waivers: [{by: [carol], rules: [short]}, {by: [carol], repositories: [market]}]\n&/' "$T/gitgate.yaml"
	refused_with "the server lets nobody waive the rule"
	sed -i 's/^waivers:.*/waivers: [{by: [carol], rules: [short, "every*"]}]/' "$T/gitgate.yaml"
	push origin main
	assert_accepted
}

@test "waiver: is withdrawn, and what was withdrawn does not come back" {
	unsigned
	waived
	local first
	first=$(git rev-parse "$(ref_of)")
	push origin ":$(ref_of)"
	refused_waiver "a waiver must not be deleted"
	# By nobody else, and not by one that is older.
	waive alice HEAD --rule everything-is-signed --reason "no" --withdraw --push origin
	refused_waiver "it is signed by 'alice', who may not waive"
	GIT_COMMITTER_DATE=$(in_days -1) waive carol HEAD --rule everything-is-signed --reason "no" --withdraw --push origin
	refused_waiver "the one that stands there was signed at"
	sleep 1.1
	waive carol HEAD --rule everything-is-signed --reason "it was wrong" --withdraw --push origin
	assert_equal "$status" 0
	refused_with "'carol' withdrew it: it was wrong"
	push origin "+$first:$(ref_of)"
	refused_waiver "the one that stands there was signed at"
	push origin ":$(ref_of)"
	refused_waiver "a waiver must not be deleted"
	sleep 1.1
	waived
	push origin main
	assert_accepted
}

@test "waiver: its reason is one line that can be shown" {
	unsigned
	local reason
	for reason in $'two\nlines' $'a bell\a' $'an escape\e[31m' $'turned \u202e round' $'no \xff text' ' blank' ''; do
		waive carol HEAD --rule everything-is-signed --reason "$reason" --until 30d --push origin
		[ "$status" -ne 0 ] || fail "taken: $reason"
		assert_says "the waiver"
		hand_made "$(ref_of)" carol <<<"$(text HEAD everything-is-signed "$(in_days 30)" shop "$reason")"
		refused_waiver "the waiver"
	done
	# Where no hook looked it is no waiver either, and its text is shown nowhere.
	planted "$(ref_of)" carol <<<"$(text HEAD everything-is-signed "$(in_days 30)" shop $'an escape\e[31m')"
	refused_with "holds a character that cannot be shown"
	case "$output" in *$'\e[31m'*) fail "an escape came through" ;; esac
	planted "$(ref_of)" carol <<<"$(text HEAD everything-is-signed "$(in_days 30)" shop 'schön, weil "<b>" & `so`')"
	push origin main
	assert_accepted
	assert_says 'schön, weil "<b>" & `so`'
}

@test "waiver: the command is told what is missing" {
	unsigned
	local arguments
	for arguments in "" "HEAD" "HEAD --rule a --reason b" "HEAD --rule a --reason b --until 1d --withdraw" \
		"HEAD HEAD --rule a --reason b --until 1d" "HEAD --rule a --reason b --until yesterday" \
		"HEAD --rule a --reason b --until 2026-01-01"; do
		run gitgate waive $arguments
		assert_equal "$status" 2
	done
	run gitgate waive nothing --rule a --reason b --until 1d
	assert_equal "$status" 3
	assert_says "'nothing' is neither a commit in this repository nor a full commit id"
	for arguments in 'a..b' 'x.lock' 'a b' 'a/b'; do
		run gitgate waive HEAD --rule "$arguments" --reason b --until 1d
		[ "$status" -ne 0 ] || fail "taken: $arguments"
	done
	git remote remove origin
	run gitgate waive HEAD --rule a --reason b --until 1d
	assert_equal "$status" 2
	assert_says "--repository NAME"
	# Nothing is left behind where nothing could be signed.
	run env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.signingKey GIT_CONFIG_VALUE_0="$T/keys/none" \
		gitgate waive HEAD --rule a --reason b --until 1d --repository shop
	assert_equal "$status" 3
	assert_equal "$(git for-each-ref refs/waivers refs/tags)" ""
}

@test "waiver: gitgate check sees it, in every form" {
	unsigned
	run gitgate check --floor "$T/gitgate.yaml" --repository shop
	assert_equal "$status" 1
	waive carol HEAD --rule everything-is-signed --reason "the key was lost" --until 2036-01-01
	assert_equal "$status" 0
	assert_says "push it: git push origin +refs/waivers/"
	run gitgate check --floor "$T/gitgate.yaml" --repository shop
	assert_equal "$status" 1
	assert_says "more than 366 days"
	waive carol HEAD --rule everything-is-signed --reason "the key was lost" --until 30d
	run gitgate check --floor "$T/gitgate.yaml" --repository shop
	assert_equal "$status" 0
	assert_says "waived by 'carol'"
	run gitgate check --floor "$T/gitgate.yaml" --repository shop --json
	assert_equal "$status" 0
	assert_says '"waived":1'
	assert_says '"waived":{"by":"carol"'
	assert_says '"reason":"the key was lost"'
	run gitgate check --floor "$T/gitgate.yaml" --repository shop --sarif
	assert_equal "$status" 0
	assert_says '"suppressions":[{"kind":"external","status":"accepted"'
	# Without a name it is for nobody.
	run gitgate check --floor "$T/gitgate.yaml"
	assert_equal "$status" 1
	assert_says "the name of this one is not known here"
}

@test "waiver: signed with OpenPGP" {
	command -v gpg >/dev/null || skip "needs gpg"
	export GNUPGHOME="$T/gnupg"
	mkdir -m 700 "$GNUPGHOME"
	gpg -q --batch --passphrase '' --quick-gen-key 'Olga <olga@example.org>' ed25519 sign never 2>/dev/null
	gpg -q --armor --export olga@example.org >"$T/olga.asc"
	sed -i "s|^principals:|&\n  olga: {openpgp: [\"$T/olga.asc\"]}|; s/officers: .*/officers: [olga]/" "$T/gitgate.yaml"
	unsigned
	run env GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=gpg.format GIT_CONFIG_VALUE_0=openpgp \
		GIT_CONFIG_KEY_1=user.signingKey GIT_CONFIG_VALUE_1=olga@example.org \
		gitgate waive HEAD --rule everything-is-signed --reason "the key was lost" --until 30d --push origin
	gpgconf --kill all
	assert_equal "$status" 0
	push origin main
	assert_accepted
	assert_says "waived by 'olga'"
}
