#!/usr/bin/env bats
# tests/e2e/26-http.bats - HTTP from outside: IPv4, IPv6, a unix socket, TLS, proxies in front, the API's document.

load helpers
load service
load ../ports
bats_require_minimum_version 1.5.0

setup() {
	PLACE=http begin # nginx takes no blanks in paths
	command -v curl >/dev/null || skip "needs curl"
	PORT=$(free_port)
	SERVER=
}

teardown() {
	[ -z "$SERVER" ] || { kill "$SERVER" 2>/dev/null || true; wait "$SERVER" 2>/dev/null || true; }
	[ -z "${READER-}" ] || kill "$READER" 2>/dev/null || true
	end_service
	end
}

answers() { # PORT
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

status_of() { # curl's arguments
	curl -s -g -o "$T/body" -w '%{http_code}' --max-time 20 "$@" || true
}

assert_status() { # STATUS curl's arguments
	local wanted=$1 got
	shift
	got=$(status_of "$@")
	[ "$got" = "$wanted" ] || fail "$*: $got, not $wanted: $(head -c 400 "$T/body")"
}

have_ipv6() {
	(exec 3<>"/dev/tcp/::1/1") 2>&1 | grep -q refused
}

serve() { # configuration lines
	server_config "$@"
	git init -q --bare "$T/shop.git"
	start_service
}

make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/certificate.pem" \
		-days 30 -subj /CN=localhost -addext "subjectAltName=DNS:localhost" 2>/dev/null
	chmod 600 "$T/key.pem"
}

@test "http: over a network nothing is read without a token, unless everybody may" {
	make_key alice
	serve "listen: [\"127.0.0.1:$PORT\"]"
	for path in /api/v1 /api/v1/targets /api/v1/events /api/v1/openapi.json /metrics; do
		assert_status 401 "http://127.0.0.1:$PORT$path"
	done
	assert_status 401 -H 'Authorization: Bearer nobody-gave-it' "http://127.0.0.1:$PORT/metrics"
	assert_status 200 "http://127.0.0.1:$PORT/healthz"
	assert_status 401 -X POST -d '{}' "http://127.0.0.1:$PORT/api/v1/targets/web/deploy"
	assert_status 403 -X POST -d '{"repository":"shop"}' "http://127.0.0.1:$PORT/api/v1/hints"
	assert_status 200 --unix-socket "$T/run/gitgate.sock" http://x/api/v1/targets
	stop_service
	serve "listen: [\"127.0.0.1:$PORT\"]" "anonymous-read: true"
	for path in /api/v1 /api/v1/targets /api/v1/openapi.json /metrics; do
		assert_status 200 "http://127.0.0.1:$PORT$path"
	done
	assert_status 401 -X POST -d '{}' "http://127.0.0.1:$PORT/api/v1/targets/web/deploy"
	assert_status 403 "http://127.0.0.1:$PORT/api/v1/tokens"
}

@test "http: IPv6 and a unix socket" {
	make_key alice
	local addresses="\"unix:$T/run/http.sock\""
	if have_ipv6; then addresses="$addresses, \"[::1]:$PORT\""; fi
	serve "listen: [$addresses]"
	assert_status 200 --unix-socket "$T/run/http.sock" http://x/healthz
	# It is for a proxy, not the local socket.
	assert_status 401 --unix-socket "$T/run/http.sock" http://x/api/v1/targets
	assert_status 403 --unix-socket "$T/run/http.sock" -X POST -d '{"repository":"shop"}' http://x/api/v1/hints
	have_ipv6 || skip "no IPv6 here"
	assert_status 200 "http://[::1]:$PORT/healthz"
	assert_status 401 "http://[::1]:$PORT/api/v1/targets"
}

@test "http: TLS 1.2 and later, and nothing else on that port" {
	command -v openssl >/dev/null || skip "needs openssl"
	make_key alice
	make_certificate
	serve "listen: [\"127.0.0.1:$PORT\", \"unix:$T/run/http.sock\"]" "anonymous-read: true" \
		"tls-certificate-file: $T/certificate.pem" "tls-key-file: $T/key.pem"
	local at="https://localhost:$PORT"
	assert_status 200 --cacert "$T/certificate.pem" "$at/healthz"
	assert_status 200 --cacert "$T/certificate.pem" "$at/api/v1/targets"
	head -c 3000000 /dev/zero >"$T/zeros"
	assert_status 413 --cacert "$T/certificate.pem" --data-binary "@$T/zeros" -H 'Expect:' \
		--unix-socket "$T/run/gitgate.sock" http://x/api/v1/targets/web/deploy
	for version in tls1_2 tls1_3; do
		run openssl s_client -connect "127.0.0.1:$PORT" -"$version" -CAfile "$T/certificate.pem" </dev/null
		[[ $output == *"Verify return code: 0"* ]] || fail "$version: $output"
	done
	for version in tls1 tls1_1; do
		run openssl s_client -connect "127.0.0.1:$PORT" -"$version" -cipher 'ALL:@SECLEVEL=0' </dev/null
		[[ $output == *"Cipher is (NONE)"* ]] || fail "$version is spoken: $output"
	done
	assert_status 000 "http://127.0.0.1:$PORT/healthz"
	assert_status 200 --unix-socket "$T/run/http.sock" http://x/healthz # no TLS between us and a proxy
	# The key is intake's alone.
	local pid
	for pid in $(pgrep -P "$SERVICE"); do
		[ "$(cat "/proc/$pid/comm")" = gg-intake ] || ! grep -qs "BEGIN PRIVATE" "/proc/$pid/environ" || fail "a key in $pid"
	done
}

@test "http: what cannot be served is told at the start" {
	make_key alice
	command -v openssl >/dev/null || skip "needs openssl"
	make_certificate
	try() { # TEXT LINE...
		local text=$1
		shift
		server_config "$@"
		run timeout 20 gitgate serve --config "$T/gitgate.yaml"
		[ "$status" -ne 0 ] && [[ $output == *"$text"* ]] || fail "$status: $output"
	}
	git init -q --bare "$T/shop.git"
	try "tls-key-file" "listen: [\"127.0.0.1:$PORT\"]" "tls-certificate-file: $T/certificate.pem"
	chmod 644 "$T/key.pem"
	try "everybody can read" "listen: [\"127.0.0.1:$PORT\"]" "tls-certificate-file: $T/certificate.pem" "tls-key-file: $T/key.pem"
	chmod 600 "$T/key.pem"
	try "cannot" "listen: [\"127.0.0.1:$PORT\"]" "tls-certificate-file: $T/nothing.pem" "tls-key-file: $T/key.pem"
	try "'localhost' is n" "trusted-proxies: [localhost]"
	try "10.0.0.1/8" "trusted-proxies: [10.0.0.1/8]"
}

@test "http: behind nginx, over TCP and over a unix socket" {
	command -v nginx >/dev/null || PATH=$PATH:/usr/sbin command -v nginx >/dev/null || skip "needs nginx"
	make_key alice
	serve "listen: [\"127.0.0.1:$PORT\", \"unix:$T/run/http.sock\"]" "anonymous-read: true" "trusted-proxies: [127.0.0.1]"
	local front
	front=$(free_port)
	mkdir -p "$T/nginx"
	cat >"$T/nginx/nginx.conf" <<-END
		daemon off;
		$([ "$(id -u)" != 0 ] || echo "user root;")
		pid $T/nginx/pid;
		error_log $T/nginx/error.log;
		events { worker_connections 512; }
		http {
			access_log off;
			client_body_temp_path $T/nginx/body;
			proxy_temp_path $T/nginx/proxy;
			fastcgi_temp_path $T/nginx/fastcgi;
			uwsgi_temp_path $T/nginx/uwsgi;
			scgi_temp_path $T/nginx/scgi;
			client_max_body_size 64m;
			proxy_http_version 1.1;
			proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
			proxy_set_header Host \$host;
			upstream socket { server unix:$T/run/http.sock; }
			server {
				listen 127.0.0.1:$front;
				location /tcp/ { proxy_pass http://127.0.0.1:$PORT/; }
				location / { proxy_pass http://socket; }
			}
		}
	END
	PATH=$PATH:/usr/sbin nginx -c "$T/nginx/nginx.conf" -p "$T/nginx" -e "$T/nginx/error.log" >"$T/nginx/out" 2>&1 3>&- &
	SERVER=$!
	within 10 answers "$front" || fail "no nginx: $(cat "$T/nginx/"{out,error.log})"
	local at
	for at in "http://127.0.0.1:$front" "http://127.0.0.1:$front/tcp"; do
		assert_status 200 "$at/healthz"
		assert_status 200 "$at/api/v1/targets"
		# The body is read to its end before it is refused: otherwise nginx says 502.
		head -c 1000000 /dev/zero >"$T/zeros"
		assert_status 401 --data-binary "@$T/zeros" "$at/api/v1/targets/web/deploy"
		# Events are not held back.
		curl -sN --max-time 60 "$at/api/v1/events" >"$T/events" 3>&- &
		READER=$!
		within 20 grep -q '^retry: 2000' "$T/events" || fail "no events through $at"
		kill "$READER"
		wait "$READER" || true
		READER=
	done
}

count_refs() {
	local socket=$T/run/gitgate.sock
	[ "$(curl -s --unix-socket "$socket" "http://local/api/v1/refs?repository=shop" | grep -o '"ref":' | wc -l)" -ge "$1" ]
}

@test "http: many long answers at one time are given one after the other" {
	local socket=$T/run/gitgate.sock commit long
	long=$(printf 'x%.0s' {1..200})
	make_served
	commit=$(git -C "$T/shop.git" -c user.name=a -c user.email=a@example.org commit-tree -m x \
		"$(git -C "$T/shop.git" hash-object -w -t tree /dev/null)")
	seq -f "create refs/heads/$long-%g $commit" 800 | git -C "$T/shop.git" update-ref --stdin
	start_service
	within 60 count_refs 800
	# On a slow machine some are told to come again.
	curl -s -Z --no-progress-meter --parallel-immediate --parallel-max 300 --retry 10 --retry-delay 1 \
		--unix-socket "$socket" -o /dev/null -w '%{http_code}\n' \
		"http://local/api/v1/refs?repository=shop#[1-300]" >"$T/codes" 2>/dev/null || true
	assert_equal "$(sort "$T/codes" | uniq -c | xargs)" "300 200"
	! grep -q "a standing process" "$T/log" || fail "$(grep "a standing process" "$T/log")"
}

@test "http: the API's document holds for the running service" {
	local prism=${GITGATE_NPM:-$GITGATE_BUILD/npm}/node_modules/.bin/prism front
	[ -x "$prism" ] || skip "needs prism: contrib/test installs it, GITGATE_NPM names another place"
	make_served "listen: [\"127.0.0.1:$PORT\"]" "anonymous-read: true"
	start_service
	change "one: 1"
	assert_live "one: 1"
	assert_status 200 "http://127.0.0.1:$PORT/api/v1/openapi.json"
	cp "$T/body" "$T/openapi.json"
	front=$(free_port)
	(cd "$T" && exec "$prism" proxy --errors -p "$front" "$T/openapi.json" "http://127.0.0.1:$PORT") >"$T/prism.log" 2>&1 3>&- &
	SERVER=$!
	within 120 answers "$front" || fail "no prism: $(tail -5 "$T/prism.log")"
	local list
	for list in repositories "refs?repository=shop" sources deliveries changes verdicts "findings?id=1" merge-requests \
		"reviews?repository=shop&number=1" deployments targets quarantine outbox ledger "deployments?limit=1&state=deployed"; do
		assert_status 200 "http://127.0.0.1:$front/api/v1/$list"
	done
	assert_status 200 "http://127.0.0.1:$front/healthz"
	assert_status 200 "http://127.0.0.1:$front/readyz"
	assert_status 200 "http://127.0.0.1:$front/metrics"
	assert_status 200 "http://127.0.0.1:$front/api/v1"
	# prism itself refuses what the document does not know
	assert_status 404 "http://127.0.0.1:$front/api/v1/nothing"
	assert_status 422 "http://127.0.0.1:$front/api/v1/refs"
}
