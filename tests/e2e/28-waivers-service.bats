#!/usr/bin/env bats
# Waivers and the service: what was refused is judged again when a waiver comes, and the
# ledger names who.

load helpers
load service

# A forge without our hook: pushes come in, the service alone judges.
setup() {
	begin
	make_key carol
	make_served
	sed -i "s|^principals:|waivers: {by: [carol]}\n&\n  carol: {email: [carol@example.org], ssh: [\"$(cut -d' ' -f1,2 "$T/keys/carol.pub")\"]}|" \
		"$T/gitgate.yaml"
	rm "$T/shop.git/hooks/pre-receive"
	unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE
	cd "$T/clone"
	start_service
	change "one"
	assert_live "one"
}

teardown() {
	end_service
	end
}

unsigned() {
	put deploy/web/app.yaml "$1"
	commit --no-gpg-sign
	push origin main
}

# waive [arguments]: by Carol, who signs with her key
waive() {
	run env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.signingKey GIT_CONFIG_VALUE_0="$T/keys/${WHO-carol}" \
		gitgate waive "${1-HEAD}" --rule everything-is-signed --reason "the key was lost" "${@:2}" --push origin
	assert_equal "$status" 0
}

ledger() { # KIND
	curl -s --unix-socket "$T/run/gitgate.sock" "http://x/api/v1/ledger?state=$1"
}

@test "waiver, service: a refused tip is judged again, deployed, and stands in the ledger" {
	command -v curl >/dev/null || skip "needs curl"
	unsigned "two"
	assert_judged fail
	waive HEAD --until 30d
	assert_live "two"
	run ledger waiver
	assert_says '\"by\":\"carol\"'
	assert_says "\\\"commit\\\":\\\"$(git rev-parse HEAD)\\\""
	assert_says '\"rule\":\"everything-is-signed\"'
	assert_says '\"reason\":\"the key was lost\"'
	gg log
	assert_says "waived by 'carol': the commit is not signed (the key was lost)"
	gg status shop
	assert_says "policy passed, waived by 'carol'"
	assert_says "waived error: the commit is not signed [everything-is-signed]"
	assert_says "waived by 'carol' until 20"
	# A later verdict that uses it, or none, adds no second record.
	change "three"
	assert_live "three"
	assert_equal "$(ledger waiver | grep -o '"sequence"' | wc -l)" 1
	unsigned "four"
	assert_judged fail
	assert_live "three"
}

@test "waiver, service: it came first" {
	put deploy/web/app.yaml "two"
	commit --no-gpg-sign
	waive HEAD --until 30d
	push origin main
	assert_live "two"
}

@test "waiver, service: one that does not count is told, and nothing is deployed" {
	unsigned "two"
	assert_judged fail
	WHO=alice waive HEAD --until 30d
	within 10 says_why || fail "the verdict does not say why"
	gg status shop
	assert_says "warning: the waiver"
	assert_says "it is signed by 'alice', who may not waive"
	assert_live "one"
	# The next is by somebody who may.
	sleep 1.1
	waive HEAD --until 30d
	assert_live "two"
}

says_why() {
	gitgate status --config "$T/gitgate.yaml" shop | grep -q "who may not waive"
}

@test "waiver, service: deleted and pushed again counts again" {
	put deploy/web/app.yaml "two"
	commit --no-gpg-sign
	waive HEAD --until 30d
	local ref id
	ref=refs/waivers/$(git rev-parse HEAD)/everything-is-signed
	id=$(git rev-parse "$ref")
	assert_logged "$id"
	git push -q origin ":$ref"
	push origin main
	assert_judged fail
	assert_live "one"
	git push -q origin "$ref"
	assert_live "two"
}

@test "waiver, service: that was there for the verdict and not for the deployment" {
	gg suspend web
	assert_equal "$status" 0
	put deploy/web/app.yaml "two"
	commit --no-gpg-sign
	waive HEAD --until 30d
	push origin main
	assert_judged_once
	git push -q origin ":refs/waivers/$(git rev-parse HEAD)/everything-is-signed"
	within 10 mirror_lost_it || fail "the mirror still has the waiver"
	gg resume web
	assert_equal "$status" 0
	within 10 has_failed || fail "the deployment did not fail"
	assert_live "one"
}

assert_judged_once() {
	within 10 logged "\"commit\":\"$(git rev-parse HEAD)\",\"result\":\"pass\"" || fail "not judged"
}

mirror_lost_it() {
	[ -z "$(git --git-dir="$T/state/mirrors/shop.git" for-each-ref refs/waivers)" ]
}

has_failed() {
	gitgate log --config "$T/gitgate.yaml" | grep -q "deployment.*failed.*the commit is not signed"
}
