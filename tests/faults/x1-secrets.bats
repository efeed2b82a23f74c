#!/usr/bin/env bats
# tests/faults/x1-secrets.bats - X1: the webhooks' secret, the forge's token and git's password
# appear nowhere but where they belong: in no log, status, comment, answer of the API, argument
# or environment of any process, file of the state, in no encoding; neither when all is well nor
# when the forge refuses, redirects or says the token back.

load ../e2e/helpers
load ../e2e/service
load ../e2e/forge

setup() {
	begin_forge
	git init -q --bare "$T/git/shop.git"
	git clone -q "$T/git/shop.git" "$T/clone" 2>/dev/null
	put site/a "one"
	commit
	git -C "$T/clone" push -q origin main
	start_git_server
	start_forge tls
	HOOK_PORT=$(free_port)
	cat >"$T/gitgate.yaml" <<-END
		store: $T/state/state.db
		state-directory: $T/state
		socket: $T/run/gitgate.sock
		listen: ["127.0.0.1:$HOOK_PORT"]
		public-url: http://127.0.0.1:$HOOK_PORT
		log-level: debug
		principals:
		  alice: {email: [alice@example.org], ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]}
		sources:
		  gitea: {kind: gitea, secrets-file: $T/secrets/hook, api: "$API_BASE/gitea", token-file: $T/secrets/token, ca-file: $T/tls/ca.pem, api-timeout: 2s}
		  gitlab: {kind: gitlab, secrets-file: $T/secrets/hook, api: "$API_BASE/gitlab/api/v4", token-file: $T/secrets/token, ca-file: $T/tls/ca.pem, api-timeout: 2s}
		repositories:
		  shop: {source: gitea, name: acme/shop, url: "https://127.0.0.1:$GIT_PORT/git/shop.git", username: robot, password-file: $T/secrets/git, ca-file: $T/tls/ca.pem, poll: 1h, anchor: {refs/heads/main: root}}
		  other: {source: gitlab, name: acme/other, url: "https://127.0.0.1:$GIT_PORT/git/nowhere.git", username: robot, password-file: $T/secrets/git, ca-file: $T/tls/ca.pem, poll: 1h}
		rules:
		  - {name: signed, signatures: {by: [alice]}}
		  - {name: no-keys, files: {forbid: ["*.pem"]}}
	END
	[ "$(id -u)" != 0 ] || printf '%s: root\n' user intake-user job-user >>"$T/gitgate.yaml"
}

teardown() {
	touch "$T/watched"
	end_forge
}

# Every way in which a secret may be written.
encodings() {
	local secret
	for secret in hook token git; do
		node -e '
			const secret = require("fs").readFileSync(process.argv[1], "utf8").trim();
			const bytes = Buffer.from(secret);
			const pair = Buffer.from("robot:" + secret);
			const all = [secret, bytes.toString("base64").replace(/=+$/, ""), bytes.toString("base64url"), bytes.toString("hex"),
				bytes.toString("hex").toUpperCase(), [...secret].map((one) => "%" + one.charCodeAt(0).toString(16)).join(""),
				[...secret].reverse().join(""), pair.toString("base64").replace(/=+$/, "")];
			// Of base64 the middle, whatever stands before it.
			for (const shift of [1, 2])
				all.push(Buffer.concat([Buffer.alloc(shift, "x"), bytes]).toString("base64").slice(4, -4));
			console.log([...new Set(all)].join("\n"));' "$T/secrets/$secret"
	done
}

# Arguments and environments of every process, as long as the test runs.
watch_processes() {
	local file
	while [ ! -e "$T/watched" ]; do
		for file in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
			tr '\0' '\n' <"$file"
		done 2>/dev/null | grep -aFf "$T/secrets/encodings" >>"$T/seen" || true
		sleep 0.02
	done
}

@test "X1: secrets and tokens appear nowhere, in no encoding" {
	local fault path
	encodings >"$T/secrets/encodings"
	chmod 600 "$T/secrets/encodings"
	[ "$(wc -l <"$T/secrets/encodings")" -ge 24 ]
	watch_processes 3>&- &
	WATCHER=$!
	start_service
	put keys/a.pem "x"
	commit --no-gpg-sign
	git -C "$T/clone" push -q origin main HEAD:refs/pull/7/head
	tell merge-request "{\"kind\":\"gitea\",\"name\":\"acme/shop\",\"number\":7,\"head\":\"$(git -C "$T/clone" rev-parse HEAD)\",\"base\":\"$(git -C "$T/clone" rev-parse HEAD~1)\"}"
	for fault in 401 403 422 redirect-other redirect-plain garbage truncated; do
		tell fault "{\"kind\":\"gitea\",\"fault\":\"$fault\"}" >/dev/null
		tell fault "{\"kind\":\"gitlab\",\"fault\":\"$fault\"}" >/dev/null
	done
	send_webhook gitea push "{\"name\":\"acme/shop\",\"ref\":\"refs/heads/main\"}"
	assert_taken
	send_webhook gitlab push "{\"name\":\"acme/other\",\"ref\":\"refs/heads/main\"}"
	assert_taken
	send_webhook gitea request "{\"name\":\"acme/shop\",\"number\":7,\"action\":\"opened\"}"
	printf 'wrong\n' >"$T/wrong"
	SECRET_FILE="$T/wrong" send_webhook gitea push '{"name":"acme/shop","ref":"refs/heads/main"}'
	within 40 has_final failure gitea acme/shop gitgate/policy "$(git -C "$T/clone" rev-parse HEAD)" || fail "no status"
	for path in sources deliveries changes verdicts deployments targets findings?id=1 openapi.json; do
		curl -s --unix-socket "$T/run/gitgate.sock" "http://x/api/v1/$path"
	done >"$T/answers"
	curl -s --unix-socket "$T/run/gitgate.sock" http://x/metrics >>"$T/answers"
	for path in status log doctor "config show" "forge test gitea" "deliveries show 1"; do
		# shellcheck disable=SC2086
		gitgate $path --config "$T/gitgate.yaml" >>"$T/answers" 2>&1 || true
	done
	tell state '{}' >"$T/posted"
	stop_service
	touch "$T/watched"
	wait "$WATCHER" || true
	! [ -s "$T/seen" ] || fail "in arguments or environments: $(cut -c1-20 "$T/seen" | head -3)..."
	for path in log answers posted forge/elsewhere.log state srv/access srv/errors live; do
		! grep -raqFf "$T/secrets/encodings" "$T/$path" || fail "a secret is in $path: $(grep -raoFf "$T/secrets/encodings" "$T/$path" | cut -c1-80 | head -3)"
	done
	# This would be seen: the forge's own log has the token in its headers.
	grep -aqFf "$T/secrets/encodings" "$T/forge/requests.log"
	[ "$(grep -c '"path"' "$T/forge/requests.log")" -ge 8 ]
}
