#!/usr/bin/env bats
# Kubeconfigs: who is asked, and as whom - beside kubectl, which reads the same ones.

load helpers
load service
load ../ports

setup() {
	begin
	unset KUBECONFIG KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT
	command -v openssl >/dev/null || skip "needs openssl"
	command -v node >/dev/null || skip "needs node"
	make_certificates
	start_recorder
}

teardown() {
	[ -z "${RECORDER-}" ] || kill "$RECORDER" 2>/dev/null || true
}

make_certificates() {
	(
		cd "$T/keys"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \
			-keyout ca.key -out ca.pem
		certificate server subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc
		certificate alice extendedKeyUsage=clientAuth
		certificate bob extendedKeyUsage=clientAuth
	) 2>"$T/openssl.out" || fail "$(cat "$T/openssl.out")"
}

certificate() { # NAME EXTENSION
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile <(echo "$2") -out "$1.pem"
}

# A server that writes down who asks it for what gitgate and kubectl want, a line for each: the path above that, the
# host that was meant, the name asked for by TLS, the token and the name in the certificate.
start_recorder() {
	cat >"$T/recorder.mjs" <<-'END'
		import { createServer } from 'node:https';
		import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
		const [, , dir, port] = process.argv;
		const options = { key: readFileSync(`${dir}/keys/server.key`), cert: readFileSync(`${dir}/keys/server.pem`),
			ca: readFileSync(`${dir}/keys/ca.pem`), requestCert: true, rejectUnauthorized: false };
		const text = JSON.stringify({ swagger: '2.0', info: { version: 'v1.33.1' }, definitions: { A: { type: 'object',
			'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Pod' }] } } });
		const version = JSON.stringify({ major: '1', minor: '33', gitVersion: 'v1.33.1' });
		createServer(options, (request, response) => {
			const { socket, headers, url } = request;
			const [, above, wanted] = /^(.*)\/(openapi\/v2|version)(\?.*)?$/.exec(url) || [];
			if (!wanted)
				return response.writeHead(404).end();
			appendFileSync(`${dir}/heard`, [above || '-', headers.host, socket.servername || '-', headers.authorization || '-',
				socket.getPeerCertificate().subject?.CN || '-'].join(' ') + '\n');
			response.writeHead(200, { 'content-type': 'application/json' }).end(wanted === 'version' ? version : text);
		}).listen(Number(port), '127.0.0.1', () => writeFileSync(`${dir}/ready`, ''));
	END
	PORT=$(free_port)
	node "$T/recorder.mjs" "$T" "$PORT" >"$T/recorder.out" 2>&1 3>&- &
	RECORDER=$!
	within 20 test -e "$T/ready" || fail "the recorder is not ready: $(cat "$T/recorder.out")"
}

# A kubeconfig at $T/NAME, from standard input: @PORT@, @CA@ and the like stand for what is of this run.
config() {
	sed -e "s|@PORT@|$PORT|g" -e "s|@CA@|$(base64 -w0 "$T/keys/ca.pem")|" -e "s|@KEYS@|$T/keys|g" \
		-e "s|@BOB@|$(base64 -w0 "$T/keys/bob.pem")|" -e "s|@BOBKEY@|$(base64 -w0 "$T/keys/bob.key")|" >"$T/$1"
	chmod 600 "$T/$1"
}

import() {
	run gitgate schema import --output="$T/kubernetes.bundle" "$@"
}

# heard COMMAND...: what the recorder wrote down for it; some kubectl ask twice
heard() {
	rm -f "$T/heard"
	"$@" >"$T/said" 2>&1 || { echo "refused"; return 0; }
	sort -u "$T/heard"
}

# same [--context NAME]: what gitgate says to the server is what kubectl says
same() {
	local ours theirs
	ours=$(heard gitgate schema import --cluster --output="$T/kubernetes.bundle" "$@")
	theirs=$(heard kubectl version "$@")
	[ "$ours" = "$theirs" ] || fail "gitgate: $ours; kubectl: $theirs; $(cat "$T/said")"
	[ "$ours" != refused ] || fail "both were refused: $(cat "$T/said")"
	SAME=$ours
}

make_configs() {
	echo file-token >"$T/keys/token"
	mkdir "$T/below"
	config all <<-'END'
		apiVersion: v1
		kind: Config
		current-context: token
		clusters:
		  - {name: plain, cluster: {server: "https://127.0.0.1:@PORT@", certificate-authority: keys/ca.pem}}
		  - {name: inline, cluster: {server: "https://localhost:@PORT@/k8s/", certificate-authority-data: @CA@}}
		  - {name: named, cluster: {server: "https://127.0.0.1:@PORT@", certificate-authority: "@KEYS@/ca.pem", tls-server-name: kubernetes.default.svc}}
		users:
		  - {name: token, user: {token: some-token}}
		  - {name: file, user: {token: other, tokenFile: keys/token}}
		  - {name: alice, user: {client-certificate: keys/alice.pem, client-key: keys/alice.key}}
		  - {name: bob, user: {client-certificate-data: @BOB@, client-key-data: @BOBKEY@}}
		  - {name: both, user: {client-certificate: keys/alice.pem, client-key: keys/alice.key, token: some-token}}
		contexts:
		  - {name: token, context: {cluster: plain, user: token}}
		  - {name: file, context: {cluster: plain, user: file}}
		  - {name: alice, context: {cluster: inline, user: alice}}
		  - {name: bob, context: {cluster: named, user: bob, namespace: shop}}
		  - {name: both, context: {cluster: plain, user: both}}
	END
	config below/more <<-'END'
		current-context: more
		clusters: [{name: plain, cluster: {server: "https://localhost:@PORT@/second", certificate-authority: ../keys/ca.pem}}]
		users: [{name: token, user: {token: second-token}}, {name: carol, user: {tokenFile: ../keys/token}}]
		contexts: [{name: more, context: {cluster: plain, user: carol}}]
	END
	: >"$T/empty"
}

@test "what is said to the server is what kubectl says, and to the same one" {
	command -v kubectl >/dev/null || skip "needs kubectl"
	make_configs
	export KUBECONFIG="$T/all"
	local context
	for context in token file alice bob both; do
		same --context="$context"
	done
	same
	assert_equal "$SAME" "- 127.0.0.1:$PORT - Bearer some-token -"
	# several: the first one that has something counts
	export KUBECONFIG="$T/none:$T/empty:$T/below/more::$T/all"
	same
	assert_equal "$SAME" "/second localhost:$PORT localhost Bearer file-token -"
	same --context=token
	assert_equal "$SAME" "/second localhost:$PORT localhost Bearer second-token -"
	export KUBECONFIG="$T/all:$T/below/more"
	same --context=more
	assert_equal "$SAME" "- 127.0.0.1:$PORT - Bearer file-token -"
	same
	# of the user
	unset KUBECONFIG
	mkdir -p "$HOME/.kube"
	config home/.kube/config <<-'END'
		clusters: [{name: c, cluster: {server: "https://127.0.0.1:@PORT@", certificate-authority: ../../keys/ca.pem}}]
		users: [{name: u, user: {token: home-token}}]
		contexts: [{name: x, context: {cluster: c, user: u}}]
		current-context: x
	END
	same
	assert_equal "$SAME" "- 127.0.0.1:$PORT - Bearer home-token -"
	export KUBECONFIG=
	same
}

@test "without kubectl: who asks, and whom" {
	make_configs
	export KUBECONFIG="$T/all"
	assert_equal "$(heard gitgate schema import --cluster --output=b)" "- 127.0.0.1:$PORT - Bearer some-token -"
	assert_equal "$(heard gitgate schema import --context=file --output=b)" \
		"- 127.0.0.1:$PORT - Bearer file-token -"
	assert_equal "$(heard gitgate schema import --context=alice --output=b)" \
		"/k8s localhost:$PORT localhost - alice"
	assert_equal "$(heard gitgate schema import --context=bob --output=b)" \
		"- 127.0.0.1:$PORT kubernetes.default.svc - bob"
	assert_equal "$(heard gitgate schema import --kubeconfig "$T/all" --token-file "$T/keys/token" --output=b)" \
		"- 127.0.0.1:$PORT - Bearer file-token -"
}

@test "no secret is shown, neither in an error nor in the list of processes" {
	make_configs
	config broken <<-'END'
		users: [{name: u, user: {token: some-token}}
		current-context: some-token: x
	END
	local option
	for option in --kubeconfig=broken "--kubeconfig=all --context=none" --kubeconfig=none; do
		# shellcheck disable=SC2086
		import $option
		assert_equal "$status" 3
		refute_says some-token
	done
	# the leak sanitizer and strace both want to trace
	! sanitized || return 0
	command -v strace >/dev/null || return 0
	strace -f -e trace=execve,write -s 4096 -o "$T/trace" gitgate schema import --kubeconfig="$T/all" --output=b >/dev/null ||
		skip "nothing can be traced here"
	! grep -E 'execve|write\((1|2),' "$T/trace" | grep -q some-token
}

@test "what gitgate does not do is refused, with what to do instead" {
	config exec <<-'END'
		clusters: [{name: c, cluster: {server: "https://127.0.0.1:@PORT@", certificate-authority: keys/ca.pem}}]
		users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: touch, args: ["@KEYS@/ran"]}}}]
		contexts: [{name: x, context: {cluster: c, user: u}}]
		current-context: x
	END
	import --kubeconfig="$T/exec"
	assert_equal "$status" 3
	assert_says "$T/exec:2:32: exec: gitgate runs no program that a kubeconfig names: write a token to a file"
	[ ! -e "$T/keys/ran" ]
	sed -i 's/, certificate-authority: keys.ca.pem/, insecure-skip-tls-verify: true/' "$T/exec"
	import --kubeconfig="$T/exec"
	assert_says "insecure-skip-tls-verify: it would give our identity to whoever answers"
	sed -i 's/insecure-skip-tls-verify: true/proxy-url: "http:\/\/h"/' "$T/exec"
	import --kubeconfig="$T/exec"
	assert_says "proxy-url: gitgate uses no proxy"
	import --cluster
	assert_equal "$status" 3
	assert_says "there is no kubeconfig '$HOME/.kube/config'"
	import --cluster --server "https://127.0.0.1:$PORT"
	assert_equal "$status" 2
	assert_says "--server and a kubeconfig"
	import
	assert_equal "$status" 2
	[ ! -e "$T/kubernetes.bundle" ]
	[ ! -e "$T/heard" ]
}
