#!/usr/bin/env bats
# What people ask the service for: tokens, deliveries, polls, the log as it grows, the
# doctor's word on sources.

load helpers
load service

FOLLOWER=

setup() {
	begin
	command -v curl >/dev/null || skip "needs curl"
	command -v openssl >/dev/null || skip "needs openssl"
}

teardown() {
	[ -z "$FOLLOWER" ] || kill "$FOLLOWER" 2>/dev/null || true
	end_service
	end
}

# make_hooked: as make_served, with the source 'forge' that tells of acme/shop
make_hooked() {
	head -c 32 /dev/urandom | base64 >"$T/hook-secret"
	chmod 600 "$T/hook-secret"
	make_served "listen: [\"unix:$T/run/http.sock\"]" \
		"sources: {forge: {kind: gitea, secrets-file: \"$T/hook-secret\"}}"
	sed -i 's|^  shop: {path|  shop: {source: forge, name: acme/shop, path|' "$T/gitgate.yaml"
}

# hook BODY [EVENT]: a signed webhook; the answer's status
hook() {
	local signature
	signature=$(printf '%s' "$1" | openssl dgst -sha256 -hmac "$(cat "$T/hook-secret")" -hex | sed 's/.* //')
	curl -s -o "$T/answer" -w '%{http_code}' --unix-socket "$T/run/http.sock" -H "X-Gitea-Signature: $signature" \
		-H "X-Gitea-Event: ${2:-push}" -H "X-Gitea-Event-Type: ${2:-push}" \
		-H "X-Gitea-Delivery: 1234-$RANDOM" -H 'Content-Type: application/json' --data-binary "$1" http://x/hooks/forge
}

pushed() { # [REPOSITORY [REF]]
	printf '{"ref":"%s","before":"%040d","after":"%s","repository":{"full_name":"%s"},"sender":{"login":"bob"}}' \
		"${2:-refs/heads/main}" 0 "1111111111111111111111111111111111111111" "${1:-acme/shop}"
}

# The API over the network's door: api TOKEN METHOD PATH; the status
api() {
	curl -s -o "$T/answer" -w '%{http_code}' --unix-socket "$T/run/http.sock" ${1:+-H "Authorization: Bearer $1"} \
		-X "$2" $([ "$2" = GET ] || printf '%s' '-HContent-Type:application/json -d{}') "http://x/api/v1/$3"
}

has_state() { # ID STATE
	gitgate deliveries show "$1" --json --config "$T/gitgate.yaml" | grep -qF "\"state\":\"$2\""
}

says() { # FILE TEXT
	grep -qF -- "$2" "$1"
}

@test "commands: a token is shown once, opens what it may, and ends" {
	make_hooked
	start_service
	gitgate token create ci --scope read --expires 90d --config "$T/gitgate.yaml" >"$T/token" 2>"$T/err"
	local token
	token=$(cat "$T/token")
	[[ "$token" =~ ^gg_[A-Za-z0-9_-]{43}$ ]] || fail "it is not a token: $token"
	assert_equal "$(wc -l <"$T/token")" 1
	assert_equal "$(cat "$T/err")" ""
	assert_equal "$(api "" GET repositories)" 401
	assert_equal "$(api "$token" GET repositories)" 200
	assert_equal "$(api "$token" POST repositories/shop/poll)" 403
	assert_equal "$(api "${token%?}x" GET repositories)" 401
	# Nobody has it but we.
	! grep -rqF "$token" "$T/state" "$T/log" || fail "the token is stored"
	gg token list
	[[ "$output" =~ 1\ +ci\ +read\ +valid ]] || fail "no line for ci"
	gg token create ci --scope poll
	assert_equal "$status" 3
	gg token create other --scope poll --json
	assert_says '"token":"gg_'
	assert_says '"name":"other"'
	gg token revoke c
	assert_equal "$status" 3
	gg token revoke ci
	assert_equal "$status" 0
	assert_equal "$(api "$token" GET repositories)" 401
	gg token revoke 2
	assert_equal "$status" 0
	gg token list --json
	assert_says '"name":"ci"'
	# And when the service is down.
	stop_service
	gg token list
	assert_says "(the service is not running)"
	assert_says "revoked"
	gg token create third --scope read
	assert_equal "$status" 3
	refute_says "gg_"
}

@test "commands: a token is for admins, and its words are checked first" {
	make_hooked
	local words
	for words in "" "create" "create a b --scope read" "list a" "revoke" "lst" "list --scope read" "create a" \
		"create a --scope write" "create a --scope read,,poll" "create a --scope read --expires never" \
		"create a --scope read --expires 0s" "create a --scope read --expires 2001-01-01"; do
		# shellcheck disable=SC2086
		gg token $words
		[ "$status" = 2 ] || fail "token $words"
	done
	gg token create a --scope raed
	assert_says "did you mean 'read'?"
	[ "$(id -u)" = 0 ] || skip "needs root"
	id nobody >/dev/null 2>&1 || skip "needs the user nobody"
	chmod 711 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" 2>/dev/null || true
	start_service
	as nobody /nonexistent test -S "$T/run/gitgate.sock" || skip "the directory is not reachable for others"
	run as nobody /nonexistent "$GITGATE_BUILD/gitgate" token create evil --scope deploy --socket "$T/run/gitgate.sock"
	[ "$status" -eq 126 ] || [ "$status" -eq 127 ] || assert_equal "$status" 3
	refute_says "gg_"
	gg token list
	assert_says "there are no tokens"
}

@test "commands: deliveries are listed, shown and taken once more" {
	make_hooked
	start_service
	gg deliveries
	assert_says "no deliveries"
	assert_equal "$(hook "$(pushed)")" 202
	within 10 has_state 1 done || fail "not read"
	assert_equal "$(hook "$(pushed acme/other)")" 202
	within 10 has_state 2 ignored || fail "not read"
	assert_equal "$(hook 'no json')" 202
	within 10 has_state 3 unreadable || fail "not read"
	gg deliveries
	[[ "$output" =~ 1\ +[0-9TZ:-]+\ +forge\ +push\ created\ +shop\ +refs/heads/main\ +done ]] || fail "no line for 1"
	assert_says "acme/other"
	gg deliveries --state ignored --lines 5
	assert_says "acme/other"
	refute_says "refs/heads/main  done"
	gg deliveries --repository shop --source forge --json
	assert_says '"id":1,'
	refute_says '"id":2,'
	gg deliveries show 1
	assert_says "forge's id   1234-"
	assert_says "worth        push"
	assert_says "by           bob"
	gg deliveries replay 1
	assert_equal "$status" 0
	assert_says "is read again"
	within 10 has_state 1 done || fail "not read again"
	gg deliveries show 3
	assert_says "this is not a JSON value"
	gg deliveries show 99
	assert_equal "$status" 3
	gg deliveries replay 99
	assert_equal "$status" 3
	local words
	for words in "show" "replay" "show x" "replay -1" "show 1 2" "list x" "remove 1" "--lines 0" "--lines 201" \
		"--state no" "show 1 --state done"; do
		# shellcheck disable=SC2086
		gg deliveries $words
		[ "$status" = 2 ] || fail "deliveries $words"
	done
	gg deliveries --state ignord
	assert_says "did you mean 'ignored'?"
	# The source and the repository say the same.
	gg status
	[[ "$output" =~ forge\ +gitea\ +3\  ]] || fail "no line for the source"
	gg status shop
	assert_says "name there   acme/shop"
	assert_says "push (1, done)"
	gg status shop --json
	assert_says '"full_name":"acme/shop"'
	stop_service
	gg deliveries
	assert_says "(the service is not running)"
	assert_says "refs/heads/main"
	gg status shop
	assert_says "push (1, done)"
	gg deliveries replay 1
	assert_equal "$status" 3
}

@test "commands: a poll finds what no hook told" {
	make_served
	rm "$T/shop.git/hooks/post-receive"
	start_service
	change "one"
	gg poll shop
	assert_equal "$status" 0
	assert_says "shop: is looked at"
	assert_live "one"
	change "two"
	gg poll --all --json
	assert_says '{"polled":["shop"]}'
	assert_live "two"
	gg poll shop nowhere
	assert_equal "$status" 3
	assert_says "shop: is looked at"
	assert_says "no repository 'nowhere'"
	gg poll
	assert_equal "$status" 2
	gg poll shop --all
	assert_equal "$status" 2
	stop_service
	gg poll shop
	assert_equal "$status" 3
	assert_says "is gitgate running?"
}

@test "commands: a follower sees each line once, over a restart too" {
	make_served
	start_service
	change "one"
	assert_live "one"
	within 10 settled
	gitgate log --follow --config "$T/gitgate.yaml" >"$T/out" 2>"$T/err" 3>&- &
	FOLLOWER=$!
	within 10 says "$T/out" "generation 1" || fail "what was there is not shown"
	change "two"
	assert_live "two"
	# Each line as it happens: nothing is held back.
	within 10 grep -q 'generation 2 .* deployed' "$T/out" || fail "not told"
	stop_service
	change "three"
	start_service
	assert_live "three"
	within 10 grep -q 'generation 3 .* deployed' "$T/out" || fail "not told after the restart"
	change "four"
	assert_live "four"
	within 10 grep -q 'generation 4 .* deployed' "$T/out" || fail "not told any more"
	kill -INT "$FOLLOWER"
	local code=0
	wait "$FOLLOWER" || code=$?
	FOLLOWER=
	assert_equal "$code" 0
	assert_equal "$(sort "$T/out" | uniq -d)" ""
	assert_equal "$(grep -c ' verdict .* pass ' "$T/out")" 4
	assert_equal "$(grep -c ' deployed ' "$T/out")" 4
	# Oldest first.
	assert_equal "$(sed 1d "$T/out" | cut -d' ' -f1 | sort -c 2>&1)" ""
	assert_equal "$(grep -c WHEN "$T/out")" 1
}

is_connected() { # PID
	# shellcheck disable=SC2012
	ls -l "/proc/$1/fd" | grep -q socket:
}

@test "commands: a follower is told what it asked for" {
	make_served
	start_service
	change "one"
	assert_live "one"
	within 10 settled
	gg log --follow --limit 201
	assert_equal "$status" 2
	gitgate log --follow --json --limit 0 --target docs --config "$T/gitgate.yaml" >"$T/out" 2>"$T/err" 3>&- &
	FOLLOWER=$!
	within 10 is_connected "$FOLLOWER" || fail "the follower does not ask: $(cat "$T/err")"
	sleep 0.5
	change "two"
	assert_live "two"
	change "three" docs/index.md
	assert_live "three" docs index.md
	within 10 says "$T/out" '"state":"deployed"' || fail "not told"
	kill -INT "$FOLLOWER"
	wait "$FOLLOWER"
	FOLLOWER=
	refute_web
	# One object a line: the verdict behind it comes first.
	case "$(head -1 "$T/out")" in '{"kind":"verdict","row":{'*'}}') ;; *) fail "$(cat "$T/out")" ;; esac
	stop_service
	gg log --follow
	assert_equal "$status" 3
	assert_says "is gitgate running?"
}

refute_web() {
	! grep -q '"target":"web"' "$T/out" || fail "told of another target"
}

@test "commands: the doctor looks at sources" {
	make_key alice
	printf 'short\n' >"$T/short"
	head -c 32 /dev/urandom | base64 >"$T/long"
	printf 'token\n' >"$T/token"
	chmod 600 "$T/short" "$T/long" "$T/token"
	server_config "anonymous-read: true" "listen: [\"127.0.0.1:8420\", \"unix:$T/run/http.sock\"]" "sources:" \
		"  weak: {kind: gitlab, secrets-file: \"$T/short\"}" \
		"  open: {kind: gitea, api: \"http://git.example.org/api/v1\", token-file: \"$T/token\"}" \
		"  near: {kind: gitea, secrets-file: \"$T/long\", api: \"http://127.0.0.1:3000/api/v1\", token-file: \"$T/token\"}"
	git init -q --bare "$T/shop.git"
	gg doctor
	assert_equal "$status" 1
	assert_doctor BAD weak "less than 16 bytes"
	assert_doctor note weak "plain-token"
	assert_doctor BAD open "is not https"
	assert_doctor note open "no secrets-file"
	assert_doctor note open "public-url"
	assert_doctor ok near "gitea, http://127.0.0.1:3000"
	assert_doctor note anonymous-read "127.0.0.1:8420"
	refute_says "unix:"
	refute_says "$(cat "$T/long")"
	gg doctor --json
	assert_says '"subject":"weak","health":"BAD"'
}

assert_doctor() { # HEALTH SUBJECT TEXT
	printf '%s\n' "$output" | grep -q "^  $1  *$2  *.*$3" || fail "the doctor does not say: $*"
}
