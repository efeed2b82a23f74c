# tests/e2e/forge.bash - a forge for end-to-end tests: repositories behind https with
# credentials, the scripted API of tests/forge/forge.mjs, signed webhooks. After helpers.bash
# and service.bash.

. "$GITGATE_SOURCE/tests/ports.bash"
FORGE=
GIT_SERVER=
FORGE_TOOLS="$GITGATE_SOURCE/tests/forge"

# In setup(): needs what the servers are, keys, secrets. Neither server takes blanks in paths.
begin_forge() {
	local program
	for program in node curl openssl; do
		command -v "$program" >/dev/null || skip "needs $program"
	done
	# Asked once a file.
	[ -e "$BATS_FILE_TMPDIR/node" ] || node -p 'process.versions.node.split(".")[0]' >"$BATS_FILE_TMPDIR/node"
	[ "$(cat "$BATS_FILE_TMPDIR/node")" -ge 18 ] || skip "needs node 18"
	PLACE=forge begin
	make_key alice
	mkdir -p "$T/forge" "$T/secrets" "$T/live"
	chmod 700 "$T/secrets"
	# Canaries: their like is looked for everywhere (30-...), so they are never in an argument.
	random_secret >"$T/secrets/hook"
	random_secret >"$T/secrets/token"
	random_secret >"$T/secrets/git"
	chmod 600 "$T/secrets"/*
	cp "$T/secrets/token" "$T/forge/token"
}

random_secret() {
	od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
	echo
}

# In teardown().
end_forge() {
	local process
	end_service
	for process in $FORGE $GIT_SERVER; do
		kill "$process" 2>/dev/null || true
		wait "$process" 2>/dev/null || true
	done
	[ -z "${KEEP_LOG-}" ] || cp "$T/log" "$KEEP_LOG" 2>/dev/null || true
	[ ! -s "$T/forge/errors.log" ] || { echo "the forge's errors:"; head -20 "$T/forge/errors.log"; }
}

can_connect() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# --- TLS ---

# $T/tls: an authority of our own and a certificate for 127.0.0.1 and localhost, the same ones for all of a file
make_certificate() {
	local made="$BATS_FILE_TMPDIR/tls"
	if [ ! -e "$made" ]; then
		mkdir "$made.new"
		(cd "$made.new" && write_certificate)
		mv "$made.new" "$made"
	fi
	cp -a "$made" "$T/tls"
}

write_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-ca \
		-keyout ca.key -out ca.pem 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=127.0.0.1 \
		-keyout key.pem -out request.pem 2>/dev/null
	printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\n' >extensions
	openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial \
		-days 2 -extfile extensions -out cert.pem 2>/dev/null
}

# --- git over https ---

# start_git_server: what lies in $T/git, below https://127.0.0.1:$GIT_PORT/git, for the user
# 'robot' with the password in $T/secrets/git
start_git_server() {
	command -v lighttpd >/dev/null || skip "lighttpd is not installed"
	[ -e "$T/tls/cert.pem" ] || make_certificate
	GIT_PORT=$(free_port)
	mkdir -p "$T/srv" "$T/git"
	printf 'robot:%s\n' "$(cat "$T/secrets/git")" >"$T/srv/users"
	chmod 600 "$T/srv/users"
	cat >"$T/srv/git" <<-END
		#!/bin/sh
		export GIT_PROJECT_ROOT='$T/git' GIT_HTTP_EXPORT_ALL=1 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
		exec /usr/lib/git-core/git-http-backend
	END
	chmod +x "$T/srv/git"
	cat >"$T/srv/config" <<-END
		server.modules = ("mod_access", "mod_auth", "mod_authn_file", "mod_cgi", "mod_alias", "mod_openssl", "mod_accesslog")
		server.document-root = "$T/srv"
		server.bind = "127.0.0.1"
		server.port = $GIT_PORT
		server.errorlog = "$T/srv/errors"
		accesslog.filename = "$T/srv/access"
		accesslog.format = "%U %u %s"
		ssl.engine = "enable"
		ssl.pemfile = "$T/tls/cert.pem"
		ssl.privkey = "$T/tls/key.pem"
		alias.url = ("/git" => "$T/srv/git")
		\$HTTP["url"] =~ "^/git" { cgi.assign = ("" => "") }
		auth.backend = "plain"
		auth.backend.plain.userfile = "$T/srv/users"
		auth.require = ("/git" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
	END
	lighttpd -D -f "$T/srv/config" 2>"$T/srv/start" 3>&- &
	GIT_SERVER=$!
	within 10 can_connect "$GIT_PORT" || fail "lighttpd does not answer: $(cat "$T/srv/start")"
}

# --- the scripted forge ---

# start_forge [tls]: its ports in $API_PORT, $CONTROL_PORT and $ELSEWHERE_PORT
start_forge() {
	local scheme=http files=()
	if [ "${1-}" = tls ]; then
		[ -e "$T/tls/cert.pem" ] || make_certificate
		files=("$T/tls/cert.pem" "$T/tls/key.pem")
		scheme=https
	fi
	rm -f "$T/forge/ports"
	touch "$T/forge/requests.log" "$T/forge/elsewhere.log"
	node "$FORGE_TOOLS/forge.mjs" "$T/forge" "${files[@]}" 2>>"$T/forge/errors.log" 3>&- &
	FORGE=$!
	within 10 test -e "$T/forge/ports" || fail "the forge did not start: $(cat "$T/forge/errors.log")"
	API_PORT=$(sed -n 's/^api=//p' "$T/forge/ports")
	CONTROL_PORT=$(sed -n 's/^control=//p' "$T/forge/ports")
	ELSEWHERE_PORT=$(sed -n 's/^elsewhere=//p' "$T/forge/ports")
	API_BASE="$scheme://127.0.0.1:$API_PORT"
}

# tell PATH JSON: the forge, over its control port; its answer is printed
tell() {
	curl -sf -X POST -H 'Content-Type: application/json' --data-binary "$2" "http://127.0.0.1:$CONTROL_PORT/$1" ||
		fail "the forge did not take: $1 $2"
}

# posts KIND NAME CONTEXT COMMIT: states that were posted, oldest first, in one line
posts() {
	tell statuses "{\"kind\":\"$1\",\"name\":\"$2\"}" |
		awk -v commit="$4" -v context="$3" '$3 == commit && $5 == context {printf "%s%s", between, $4; between = " "}'
}

# description KIND NAME CONTEXT COMMIT: of the last status
description() {
	tell description "{\"kind\":\"$1\",\"name\":\"$2\",\"context\":\"$3\",\"commit\":\"$4\"}"
}

# comments KIND NAME: number, edits and body of each, bodies as JSON strings
comments() {
	tell comments "{\"kind\":\"$1\",\"name\":\"$2\"}"
}

# requests JAVASCRIPT: how many requests of the forge's log the expression over `r` is true of
requests() {
	node -e '
		const lines = require("fs").readFileSync(process.argv[1], "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
		console.log(lines.filter(new Function("r", `return ${process.argv[2]}`)).length);' "$T/forge/requests.log" "$1"
}

# --- webhooks ---

# send_webhook KIND EVENT WHAT [COUNT]: to /hooks/KIND; sets $status (of several: in $output).
# WHAT: see tests/forge/payloads.mjs. The forge sends it: starting node for each takes longer than all of the rest.
send_webhook() {
	output=$(printf '%s\n' "http://127.0.0.1:$HOOK_PORT/hooks/${SOURCE_NAME:-$1}" "${SECRET_FILE:-$T/secrets/hook}" \
		"$1" "$2" "${4-}" "$3" | curl -sf --data-binary @- "http://127.0.0.1:$CONTROL_PORT/send")
	status=${output%% *}
}

assert_taken() {
	[ "$status" = 202 ] || fail "the webhook was not taken: $output"
}

# --- what is waited for ---

has_posts() { # EXPECTED KIND NAME CONTEXT COMMIT
	[ "$(posts "${@:2}")" = "$1" ]
}

# assert_posts EXPECTED KIND NAME CONTEXT COMMIT: in the end exactly these, in this order
assert_posts() {
	within "${PATIENCE:-15}" has_posts "$@" || fail "of ${*:2} was posted '$(posts "${@:2}")' and not '$1'"
}

# final KIND NAME CONTEXT COMMIT: the states without those that say that it goes on
final() {
	posts "$@" | tr ' ' '\n' | grep -Evx 'pending|running|INPROGRESS' | tr '\n' ' ' | sed 's/ $//'
}

has_final() {
	[ "$(final "${@:2}")" = "$1" ]
}

# assert_final STATE KIND NAME CONTEXT COMMIT: exactly one that is final, and it is this one
assert_final() {
	within "${PATIENCE:-15}" has_final "$@" || fail "of ${*:2} was posted '$(posts "${@:2}")' and not one '$1'"
}
