#!/usr/bin/env bats
# tests/e2e/24-remote.bats - repositories on other hosts: fetched over ssh and https with
# credentials from files, which reach nobody else.

load helpers
load ../ports
bats_require_minimum_version 1.5.0

setup() {
	PLACE=remote begin # sshd and lighttpd take no blanks in paths
	make_key alice
	git init -q --bare "$T/shop.git"
	git -C "$T/shop.git" config http.receivepack false
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	put deploy/app.yaml "replicas: 1"
	commit -m "begin"
	git -C "$T/clone" push -q origin main
	mkdir -p "$T/state" "$T/run" "$T/www"
}

teardown() {
	for process in ${SERVICE-} ${SERVER-}; do
		kill "$process" 2>/dev/null || true
		wait "$process" 2>/dev/null || true
	done
}

# write_config URL [line of the repository's options]
write_config() {
	local user
	user=$(id -un)
	cat >"$T/gitgate.yaml" <<-END
		store: $T/state/state.db
		state-directory: $T/state
		socket: $T/run/gitgate.sock
		user: $user
		intake-user: $user
		job-user: $user
		principals:
		  alice: {email: [alice@example.org], ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]}
		rules:
		  - {name: signed, signatures: {by: [alice]}}
		repositories:
		  shop: {url: "$1", poll: 1s, anchor: {refs/heads/main: root}, $2}
		targets:
		  www: {repository: shop, ref: refs/heads/main, paths: [deploy], directory: {path: $T/www}}
	END
}

serve() { # [COMMAND...]: which runs it
	"$@" gitgate serve --config "$T/gitgate.yaml" 2>"$T/log" &
	SERVICE=$!
}

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { tail -n 20 "$T/log"; return 1; }
		sleep 0.1
	done
}

start_sshd() {
	PORT=$(free_port)
	make_key host
	make_key robot
	ssh-keygen -q -t ed25519 -N '' -f "$T/keys/other"
	mkdir -p "$T/ssh" /run/sshd 2>/dev/null || true
	cp "$T/keys/robot.pub" "$T/ssh/authorized_keys"
	cat >"$T/ssh/config" <<-END
		Port $PORT
		ListenAddress 127.0.0.1
		HostKey $T/keys/host
		PidFile none
		AuthorizedKeysFile $T/ssh/authorized_keys
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		PermitRootLogin prohibit-password
	END
	"$(command -v sshd || echo /usr/sbin/sshd)" -D -e -f "$T/ssh/config" 2>"$T/ssh/log" &
	SERVER=$!
	printf '[127.0.0.1]:%s %s\n' "$PORT" "$(cut -d' ' -f1,2 "$T/keys/host.pub")" >"$T/known_hosts"
	until_true 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT"
}

@test "over ssh, with a key and a known host" {
	start_sshd
	write_config "ssh://$(id -un)@127.0.0.1:$PORT$T/shop.git" \
		"ssh-key-file: $T/keys/robot, known-hosts-file: $T/known_hosts"
	serve
	until_true 20 grep -q 'replicas: 1' "$T/www/current/app.yaml" || {
		! grep -q "account is locked" "$T/ssh/log" || skip "sshd lets nobody in as $(id -un): the account is locked"
		false
	}
	put deploy/app.yaml "replicas: 2"
	commit
	git -C "$T/clone" push -q origin main
	until_true 20 grep -q 'replicas: 2' "$T/www/current/app.yaml"
	# the private key stays only as long as a fetch
	kill "$SERVICE"
	wait "$SERVICE" || true
	run ! grep -rl "OPENSSH PRIVATE KEY" "$T/state"
}

@test "a host with another key is refused, and says so" {
	start_sshd
	printf '[127.0.0.1]:%s %s\n' "$PORT" "$(cut -d' ' -f1,2 "$T/keys/other.pub")" >"$T/known_hosts"
	write_config "ssh://$(id -un)@127.0.0.1:$PORT$T/shop.git" \
		"ssh-key-file: $T/keys/robot, known-hosts-file: $T/known_hosts"
	serve
	until_true 20 grep -q '"a fetch failed"' "$T/log"
	[ ! -e "$T/www/current" ]
}

start_https() {
	command -v lighttpd >/dev/null || skip "lighttpd is not installed"
	PORT=$(free_port)
	mkdir -p "$T/tls" "$T/srv"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-ca \
		-keyout "$T/tls/ca.key" -out "$T/tls/ca.pem" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=127.0.0.1 \
		-keyout "$T/tls/key.pem" -out "$T/tls/request.pem" 2>/dev/null
	printf 'subjectAltName=IP:127.0.0.1\n' >"$T/tls/extensions"
	openssl x509 -req -in "$T/tls/request.pem" -CA "$T/tls/ca.pem" -CAkey "$T/tls/ca.key" -CAcreateserial \
		-days 2 -extfile "$T/tls/extensions" -out "$T/tls/cert.pem" 2>/dev/null
	printf 'robot:a secret with "quotes"\n' >"$T/srv/users"
	cat >"$T/srv/git" <<-END
		#!/bin/sh
		export GIT_PROJECT_ROOT='$T' GIT_HTTP_EXPORT_ALL=1 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
		exec /usr/lib/git-core/git-http-backend
	END
	chmod +x "$T/srv/git"
	cat >"$T/srv/config" <<-END
		server.modules = ("mod_access", "mod_auth", "mod_authn_file", "mod_cgi", "mod_alias", "mod_setenv", "mod_openssl", "mod_redirect", "mod_accesslog")
		server.document-root = "$T/srv"
		server.bind = "127.0.0.1"
		server.port = $PORT
		server.errorlog = "$T/srv/errors"
		accesslog.filename = "$T/srv/access"
		accesslog.format = "%U %u %s"
		ssl.engine = "enable"
		ssl.pemfile = "$T/tls/cert.pem"
		ssl.privkey = "$T/tls/key.pem"
		url.redirect = ("^/moved/(.*)" => "https://localhost:$PORT/git/\$1")
		alias.url = ("/git" => "$T/srv/git")
		\$HTTP["url"] =~ "^/git" { cgi.assign = ("" => "") }
		auth.backend = "plain"
		auth.backend.plain.userfile = "$T/srv/users"
		auth.require = ("/git" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
	END
	lighttpd -D -f "$T/srv/config" 2>"$T/srv/start" &
	SERVER=$!
	printf 'a secret with "quotes"\n' >"$T/token"
	chmod 600 "$T/token"
	until_true 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT"
}

@test "over https, with a password and an authority of its own" {
	start_https
	write_config "https://127.0.0.1:$PORT/git/shop.git" \
		"username: robot, password-file: $T/token, ca-file: $T/tls/ca.pem"
	serve
	until_true 20 grep -q 'replicas: 1' "$T/www/current/app.yaml"
	kill "$SERVER" # its log is complete at its end
	wait "$SERVER" || true
	grep -q ' robot 200' "$T/srv/access"
	kill "$SERVICE"
	wait "$SERVICE" || true
	run ! grep -rl "a secret with" "$T/state" "$T/log"
}

@test "with an authority of its own those of the system do not count" {
	unshare -m true 2>/dev/null || skip "must not mount"
	start_https
	# The server's authority becomes one of the system's.
	mkdir "$T/system"
	cp "$T/tls/ca.pem" "$T/system/ca-certificates.crt"
	cp "$T/tls/ca.pem" "$T/system/ca.pem"
	openssl rehash "$T/system"
	printf '#!/bin/sh\nmount --bind %s /etc/ssl/certs && exec "$@"\n' "$T/system" >"$T/with-system"
	chmod +x "$T/with-system"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=another-ca \
		-keyout "$T/tls/another.key" -out "$T/tls/another.pem" 2>/dev/null
	write_config "https://127.0.0.1:$PORT/git/shop.git" \
		"username: robot, password-file: $T/token, ca-file: $T/tls/another.pem"
	serve unshare -m "$T/with-system"
	until_true 20 grep -q '"a fetch failed"' "$T/log"
	grep '"a fetch failed"' "$T/log" | head -1 | grep -qi certificate
	[ ! -e "$T/www/current" ]
	kill "$SERVICE"
	wait "$SERVICE" || true
	# Without it they do.
	write_config "https://127.0.0.1:$PORT/git/shop.git" "username: robot, password-file: $T/token"
	serve unshare -m "$T/with-system"
	until_true 20 grep -q 'replicas: 1' "$T/www/current/app.yaml"
}

@test "a redirect is not followed: the password stays with its host" {
	start_https
	write_config "https://127.0.0.1:$PORT/moved/shop.git" \
		"username: robot, password-file: $T/token, ca-file: $T/tls/ca.pem"
	serve
	until_true 20 grep -q '"a fetch failed"' "$T/log"
	kill "$SERVER"
	wait "$SERVER" || true
	run ! grep -q '^/git' "$T/srv/access"
}

@test "an unknown authority and a wrong password are refused, and the log holds no secret" {
	start_https
	write_config "https://127.0.0.1:$PORT/git/shop.git" "username: robot, password-file: $T/token"
	serve
	until_true 20 grep -q '"a fetch failed"' "$T/log"
	kill "$SERVICE"
	wait "$SERVICE" || true
	printf 'wrong-secret-value\n' >"$T/token"
	write_config "https://127.0.0.1:$PORT/git/shop.git" \
		"username: robot, password-file: $T/token, ca-file: $T/tls/ca.pem"
	: >"$T/log"
	serve
	until_true 20 grep -q '"a fetch failed"' "$T/log"
	run ! grep -q "wrong-secret" "$T/log"
	[ ! -e "$T/www/current" ]
}

@test "old defects are allowed one by one" {
	# a commit without a blank before the date, as some old tools wrote it
	local tree bad
	tree=$(git -C "$T/clone" write-tree)
	bad=$(printf 'tree %s\nauthor A <a@example.org>1700000000 +0000\ncommitter A <a@example.org> 1700000000 +0000\n\nold\n' "$tree" |
		git -C "$T/shop.git" hash-object -t commit -w --literally --stdin)
	git -C "$T/shop.git" update-ref refs/heads/old "$bad"
	write_config "file://$T/shop.git" ""
	serve
	until_true 20 grep -q 'missingSpaceBeforeDate' "$T/log"
	[ ! -e "$T/www/current" ]
	kill "$SERVICE"
	wait "$SERVICE" || true
	write_config "file://$T/shop.git" 'fsck: ["missingSpaceBeforeDate=ignore"]'
	serve
	until_true 20 grep -q 'replicas: 1' "$T/www/current/app.yaml"
	# ours still refuses the ref with the defect
	until_true 20 grep -q '"refs/heads/old".*"result":"fail"' "$T/log"
}
