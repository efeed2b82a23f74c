#!/usr/bin/env bats
# Schemas from a real API server, and its own verdicts beside ours. The server is built by tests/kubernetes/build.

load helpers
load service
load ../ports
load cluster

setup_file() {
	cluster_is_built || return 0
	"$GITGATE_SOURCE/tests/kubernetes/start" "$(cluster_programs)" "$BATS_FILE_TMPDIR/a cluster" 3>&-
}

teardown_file() {
	"$GITGATE_SOURCE/tests/kubernetes/stop" "$BATS_FILE_TMPDIR/a cluster"
}

setup() {
	begin
	cluster_is_built || skip "no API server of Kubernetes: tests/kubernetes/build '$(cluster_programs)'"
	CLUSTER="$BATS_FILE_TMPDIR/a cluster"
	ADDRESS=$(cat "$CLUSTER/server")
	VERDICTS="$GITGATE_SOURCE/tests/data/kubernetes-verdicts"
	BUNDLE="$T/kubernetes.bundle"
}

teardown() {
	[ -z "${DOUBLE-}" ] || kill "$DOUBLE" 2>/dev/null || true
}

import() {
	run gitgate schema import --output="$BUNDLE" "$@"
}

by_token() { # NAME [ADDRESS]
	import --server "${2:-$ADDRESS}" --token-file "$CLUSTER/$1.token" --ca-file "$CLUSTER/ca.pem"
}

# ask METHOD PATH TYPE FILE: sets code and answer, as the administrator
ask() {
	local method=$1 path=$2 type=$3 file=$4
	code=$(curl -s -o "$T/answer" -w '%{http_code}' --cacert "$CLUSTER/ca.pem" -K - -X "$method" \
		-H "Content-Type: $type" --data-binary "@$file" "$ADDRESS$path" <<-END
			header = "Authorization: Bearer $(cat "$CLUSTER/admin.token")"
		END
	)
	answer=$(cat "$T/answer")
}

# header NAME FILE: of a manifest among the verdicts
header() {
	sed -n "s/^# $1: //p" "$2"
}

define_widgets() {
	ask POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions application/yaml "$VERDICTS/definition.yaml"
	[ "$code" = 201 ] || [ "$code" = 409 ] || fail "$code: $answer"
	within 30 knows_widgets || fail "the server does not publish the definition"
}

knows_widgets() {
	gitgate schema import --kubeconfig "$CLUSTER/kubeconfig" --output="$BUNDLE" >/dev/null &&
		[ "$(gitgate schema show "$BUNDLE" | grep -c '^example.org/v1/Widget$')" = 1 ]
}

@test "what a server publishes becomes a bundle, by token and by kubeconfig the same one" {
	by_token gitops
	assert_equal "$status" 0
	assert_says " 1.20 "
	cp "$BUNDLE" "$T/by-token.bundle"
	import --kubeconfig "$CLUSTER/kubeconfig"
	assert_equal "$status" 0
	cmp "$BUNDLE" "$T/by-token.bundle"
	run gitgate schema show "$BUNDLE"
	assert_says "apps/v1/Deployment"
	run gitgate schema show "$BUNDLE" apps/v1/Deployment --path=spec.template.spec.containers
	assert_equal "$status" 0
}

@test "a definition in the cluster comes along, and verdicts are the server's own" {
	define_widgets
	local file seen=0
	for file in "$VERDICTS"/*.yaml; do
		[ "${file##*/}" != definition.yaml ] || continue
		compare_verdicts "$file"
		seen=$((seen + 1))
	done
	[ "$seen" -ge 30 ]
}

# Three verdicts: ours, and the server's of a dry run, applied and created. Where they differ, the file says why.
compare_verdicts() {
	local file=$1 at ours=valid apply create all reason
	at=$(header at "$file")
	gitgate schema test "$BUNDLE" "$file" >"$T/ours" 2>&1 || ours=invalid
	ask PATCH "$at?fieldManager=gitgate&dryRun=All" application/apply-patch+yaml "$file"
	apply=$code
	ask POST "${at%/*}?dryRun=All" application/yaml "$file"
	create=$code
	[ "$ours $apply $create" = "$(header gitgate "$file") $(header apply "$file") $(header create "$file")" ] ||
		fail "${file##*/}: gitgate $ours, apply $apply, create $create: $answer$(cat "$T/ours")"
	all=$(printf '%s\n' "$ours" "$apply" "$create" | sed 's/^2.*/valid/; s/^[45].*/invalid/' | sort -u | wc -l)
	reason=$(header because "$file")
	if [ "$all" = 1 ]; then
		[ -z "$reason" ] || fail "${file##*/}: no difference, but a reason for one"
	else
		[ -n "$reason" ] || fail "${file##*/}: a difference without a reason"
	fi
}

@test "the definition itself, as a source beside the cluster, says what the server's document cannot" {
	define_widgets
	run gitgate schema test "$BUNDLE" "$VERDICTS/widget-both.yaml"
	assert_equal "$status" 0
	import --kubeconfig "$CLUSTER/kubeconfig" "$VERDICTS/definition.yaml"
	assert_equal "$status" 0
	run gitgate schema test "$BUNDLE" "$VERDICTS/widget-both.yaml"
	assert_equal "$status" 1
	assert_says "spec.exactly"
	run gitgate schema test "$BUNDLE" "$VERDICTS/widget.yaml" "$VERDICTS/deployment.yaml"
	assert_equal "$status" 0
}

@test "a push is judged by what the cluster publishes" {
	define_widgets
	make_guarded
	cp "$BUNDLE" "$T/cluster.bundle"
	printf '  - {name: manifests, paths: ["deploy/**"], schema: {kubernetes: cluster.bundle}}\n' >>"$T/gitgate.yaml"
	mkdir "$T/clone/deploy"
	cp "$VERDICTS/widget.yaml" "$VERDICTS/deployment.yaml" "$T/clone/deploy"
	commit
	push origin main
	assert_accepted
	sed -i 's/size: 3/size: 30/' "$T/clone/deploy/widget.yaml"
	commit
	push origin main
	assert_refused
	assert_tells "spec.size must be at most 10, found 30"
}

@test "who is not known, or may not, is told so, and the bundle stays" {
	by_token gitops
	cp "$BUNDLE" "$T/before"
	# a token that nobody has
	echo unknown-to-all >"$T/token"
	chmod 600 "$T/token"
	import --server "$ADDRESS" --token-file "$T/token" --ca-file "$CLUSTER/ca.pem"
	assert_equal "$status" 3
	assert_says "the server answered 401 to GET /openapi/v3: Unauthorized"
	refute_says "unknown-to-all"
	# nobody at all
	import --server "$ADDRESS" --ca-file "$CLUSTER/ca.pem"
	assert_equal "$status" 3
	assert_says '403 to GET /openapi/v3: forbidden: User "system:anonymous" cannot get path'
	# an authority that did not sign the server's certificate
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-authority \
		-keyout /dev/null -out "$T/other.pem" 2>/dev/null
	import --server "$ADDRESS" --token-file "$CLUSTER/gitops.token" --ca-file "$T/other.pem"
	assert_equal "$status" 3
	assert_says "the certificate is not to be trusted"
	# the system's authorities
	import --server "$ADDRESS" --token-file "$CLUSTER/gitops.token"
	assert_equal "$status" 3
	assert_says "the certificate is not to be trusted"
	cmp "$BUNDLE" "$T/before"
}

@test "a user without the right to read it is told so" {
	# everybody who is known may, by this binding; the next start of the server would make it again
	ask DELETE /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:discovery application/json /dev/null
	assert_equal "$code" 200
	within 20 gitops_is_refused || fail "it may still"
	ask POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings application/yaml <(cat <<-END
		apiVersion: rbac.authorization.k8s.io/v1
		kind: ClusterRoleBinding
		metadata: {name: "system:discovery"}
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:discovery"}
		subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}]
	END
	)
	assert_equal "$code" 201
	[ ! -e "$BUNDLE" ]
}

gitops_is_refused() {
	by_token gitops
	[ "$status" = 3 ] || { rm -f "$BUNDLE"; return 1; }
	assert_says '403 to GET /openapi/v3: forbidden: User "gitops" cannot get path "/openapi/v3"'
}

# double KIND: between us and the server, with the server's own key; its port in $PORT
#   cut      passes bytes on, and breaks off after 700,000 from the server
#   away     redirects to another host
double() {
	command -v node >/dev/null || skip "needs node"
	cat >"$T/double.mjs" <<-'END'
		import { createServer as plain, connect } from 'node:net';
		import { createServer as secure } from 'node:https';
		import { readFileSync, writeFileSync } from 'node:fs';
		const [, , kind, dir, server, port, ready] = process.argv;
		const cut = (client) => {
			const other = connect(Number(new URL(server).port), '127.0.0.1');
			let left = 700000;
			client.pipe(other);
			other.on('data', (bytes) => {
				left -= bytes.length;
				if (left > 0)
					client.write(bytes);
				else
					client.destroy(), other.destroy();
			});
			for (const socket of [client, other])
				socket.on('error', () => {}).on('close', () => { client.destroy(); other.destroy(); });
		};
		const away = (request, response) =>
			response.writeHead(302, { location: 'https://elsewhere.example.org/openapi/v3' }).end();
		const keys = kind === 'away' && { key: readFileSync(`${dir}/server.key`), cert: readFileSync(`${dir}/server.pem`) };
		(keys ? secure(keys, away) : plain(cut)).listen(Number(port), '127.0.0.1', () => writeFileSync(ready, ''));
	END
	PORT=$(free_port)
	node "$T/double.mjs" "$1" "$CLUSTER" "$ADDRESS" "$PORT" "$T/ready" >"$T/double.out" 2>&1 3>&- &
	DOUBLE=$!
	within 20 test -e "$T/ready" || fail "the double is not ready: $(cat "$T/double.out")"
}

@test "a server that is gone in the middle is an error, and the bundle stays" {
	by_token gitops
	cp "$BUNDLE" "$T/before"
	double cut
	by_token gitops "https://127.0.0.1:$PORT"
	assert_equal "$status" 3
	assert_says "GET https://127.0.0.1:$PORT/openapi/v2: "
	kill "$DOUBLE"
	wait "$DOUBLE" || true
	by_token gitops "https://127.0.0.1:$PORT"
	assert_equal "$status" 3
	assert_says "no connection to '127.0.0.1': Connection refused"
	cmp "$BUNDLE" "$T/before"
}

@test "a redirect to another host is not followed: the token goes nowhere else" {
	by_token gitops
	cp "$BUNDLE" "$T/before"
	double away
	by_token gitops "https://127.0.0.1:$PORT"
	assert_equal "$status" 3
	assert_says "a redirect leads to https://elsewhere.example.org, port 443"
	cmp "$BUNDLE" "$T/before"
}

@test "a certificate and a token say who we are, wherever the kubeconfig has them" {
	local kubeconfig="$T/config"
	cat >"$kubeconfig" <<-END
		apiVersion: v1
		kind: Config
		current-context: inline
		clusters:
		  - name: test
		    cluster: {server: "$ADDRESS/", certificate-authority-data: $(base64 -w0 "$CLUSTER/ca.pem")}
		  - name: named
		    cluster: {server: "${ADDRESS/127.0.0.1/localhost}", tls-server-name: kubernetes.default.svc,
		              certificate-authority: "$CLUSTER/ca.pem"}
		  - name: strange
		    cluster: {server: "$ADDRESS", tls-server-name: other.example.org, certificate-authority: "$CLUSTER/ca.pem"}
		users:
		  - name: inline
		    user: {client-certificate-data: $(base64 -w0 "$CLUSTER/gitops.pem"), client-key-data: $(base64 -w0 "$CLUSTER/gitops.key")}
		  - name: token
		    user: {token: $(cat "$CLUSTER/gitops.token")}
		  - name: token-file
		    user: {tokenFile: "$CLUSTER/gitops.token"}
		  - name: mixed
		    user: {client-certificate: "$CLUSTER/gitops.pem", client-key: "$CLUSTER/admin.key"}
		  - name: plugin
		    user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: login}}
		contexts:
		  - {name: inline, context: {cluster: test, user: inline}}
		  - {name: token, context: {cluster: test, user: token}}
		  - {name: token-file, context: {cluster: named, user: token-file}}
		  - {name: strange, context: {cluster: strange, user: token}}
		  - {name: mixed, context: {cluster: test, user: mixed}}
		  - {name: plugin, context: {cluster: test, user: plugin}}
	END
	chmod 600 "$kubeconfig"
	export KUBECONFIG="$kubeconfig"
	import --cluster
	assert_equal "$status" 0
	refute_says warning
	local context
	for context in inline token token-file; do
		import --context="$context"
		assert_equal "$status" 0
	done
	import --context=strange
	assert_equal "$status" 3
	assert_says "the cluster of context 'strange'"
	assert_says "other.example.org"
	import --context=mixed
	assert_equal "$status" 3
	assert_says "our own certificate and its key cannot be used"
	import --context=plugin
	assert_equal "$status" 3
	assert_says "exec: gitgate runs no program that a kubeconfig names"
	import --context=plugin --token-file="$CLUSTER/gitops.token"
	assert_equal "$status" 0
	chmod 644 "$kubeconfig"
	import --context=token
	assert_equal "$status" 0
	assert_says "warning: '$kubeconfig' holds a secret and is open to every user"
	refute_says "$(cat "$CLUSTER/gitops.token")"
}
