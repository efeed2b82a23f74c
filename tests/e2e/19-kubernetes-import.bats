#!/usr/bin/env bats
# Schemas from a running cluster and from addresses; and the confined judge of the
# service, which gets the bundle of the server's own rules handed over.

load helpers
load service
load ../ports

setup() {
	begin
}

teardown() {
	[ -z "${SERVER-}" ] || kill "$SERVER" 2>/dev/null || true
	end_service
}

# document GROUP VERSION KIND: an OpenAPI document of version 3 with one kind
document() {
	cat <<-END
		{"openapi": "3.0.0", "info": {"version": "v1.33.1"}, "components": {"schemas": {"$1.$3": {"type": "object",
		 "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "size": {"type": "integer"}},
		 "x-kubernetes-group-version-kind": [{"group": "$1", "version": "$2", "kind": "$3"}]}}}}
	END
}

# A server of files beneath $T/www over TLS, which wants the token beneath /openapi.
serve_files() {
	command -v node >/dev/null || skip "needs node"
	command -v openssl >/dev/null || skip "needs openssl"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 -keyout "$T/server.key" -out "$T/server.pem" 2>/dev/null
	cat >"$T/server.mjs" <<-'END'
		import { createServer } from 'node:https';
		import { readFileSync, writeFileSync } from 'node:fs';
		const [, , dir, port] = process.argv;
		const options = { key: readFileSync(`${dir}/server.key`), cert: readFileSync(`${dir}/server.pem`) };
		createServer(options, (request, response) => {
			const path = request.url.split('?')[0];
			const wants = path.startsWith('/openapi') ? 'Bearer secret-token' : undefined;
			try {
				if (request.headers.authorization !== wants) {
					response.writeHead(401).end();
					return;
				}
				const text = readFileSync(`${dir}/www${path}.json`);
				response.writeHead(200, { 'content-type': 'application/json' }).end(text);
			} catch {
				response.writeHead(404).end();
			}
		}).listen(Number(port), '127.0.0.1', () => writeFileSync(`${dir}/ready`, ''));
	END
	PORT=$(free_port)
	node "$T/server.mjs" "$T" "$PORT" >"$T/server.out" 2>&1 3>&- &
	SERVER=$!
	within 20 test -e "$T/ready" || fail "the server is not ready: $(cat "$T/server.out")"
	echo "secret-token" >"$T/token"
	mkdir -p "$T/www/openapi/v3/apis/apps"
}

from_cluster() {
	run gitgate schema import --server "https://127.0.0.1:$PORT/" --token-file "$T/token" --ca-file "$T/server.pem" \
		--output="$T/kubernetes.bundle" "$@"
}

@test "a cluster with OpenAPI 3.0: its index, then each document" {
	serve_files
	cat >"$T/www/openapi/v3.json" <<-'END'
		{"paths": {"api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=AB"},
		 "apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=CD"}}}
	END
	mkdir -p "$T/www/openapi/v3/api"
	document "" v1 Pod >"$T/www/openapi/v3/api/v1.json"
	document apps v1 Deployment >"$T/www/openapi/v3/apis/apps/v1.json"
	from_cluster
	assert_equal "$status" 0
	run gitgate schema show "$T/kubernetes.bundle"
	assert_equal "$output" "apps/v1/Deployment
v1/Pod"
	run gitgate schema list "$T/kubernetes.bundle"
	assert_says " 1.33 "
	# a document that is not there is no cluster without OpenAPI 3.0
	rm "$T/www/openapi/v3/apis/apps/v1.json"
	echo '{"swagger": "2.0", "definitions": {}}' >"$T/www/openapi/v2.json"
	from_cluster
	assert_equal "$status" 3
	assert_says "the server answered 404"
}

@test "a cluster without OpenAPI 3.0 is asked for version 2" {
	serve_files
	cat >"$T/www/openapi/v2.json" <<-'END'
		{"swagger": "2.0", "info": {"version": "v1.20.2"}, "definitions": {"A": {"type": "object",
		 "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pod"}]}}}
	END
	from_cluster
	assert_equal "$status" 0
	assert_says " 1.20 "
	from_cluster --kubernetes=1.33
	assert_equal "$status" 2
	assert_says "--kubernetes is 1.33, but the sources are of 1.20"
}

@test "a cluster that refuses is an error, and the token is not shown" {
	serve_files
	echo "another-token" >"$T/token"
	from_cluster
	[ "$status" -ne 0 ] || fail "it was imported"
	assert_says "the server answered 401"
	refute_says "another-token"
	run gitgate schema import --server "https://127.0.0.1:$PORT" --token-file "$T/token" --output="$T/x.bundle"
	[ "$status" -ne 0 ] || fail "an unknown authority was trusted"
}

@test "addresses are read without the token: a document, and a directory" {
	serve_files
	document apps v1 Deployment >"$T/www/swagger.json"
	mkdir -p "$T/www/v1.33.0"
	cat >"$T/www/v1.33.0/_definitions.json.json" <<-'END'
		{"definitions": {"A": {"type": "object",
		 "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pod"}]}}}
	END
	run gitgate schema import "https://127.0.0.1:$PORT/swagger" "https://127.0.0.1:$PORT/v1.33.0/" \
		--token-file "$T/token" --ca-file "$T/server.pem" --kubernetes=1.33 --output="$T/kubernetes.bundle"
	assert_equal "$status" 0
	run gitgate schema show "$T/kubernetes.bundle"
	assert_equal "$output" "apps/v1/Deployment
v1/Pod"
}

@test "the service's confined judge gets the bundle of the server's rules" {
	mkdir "$T/sources"
	document apps v1 Deployment >"$T/sources/a.json"
	gitgate schema import "$T/sources" --output="$T/kubernetes.bundle" >/dev/null
	POLL=1s make_served
	sed -i "s|^rules:|&\n  - name: manifests\n    paths: [\"deploy/web/*.yaml\"]\n    schema: {kubernetes: kubernetes.bundle}|" \
		"$T/gitgate.yaml"
	# what no hook judged is judged by the service
	rm "$T/shop.git/hooks/pre-receive" "$T/shop.git/hooks/post-receive"
	start_service
	change "{apiVersion: apps/v1, kind: Deployment, size: 1}"
	assert_live "{apiVersion: apps/v1, kind: Deployment, size: 1}"
	put deploy/web/app.yaml "{apiVersion: apps/v1, kind: Deployment, size: one}"
	commit
	push origin main
	within 30 refused_in_log || fail "it was not refused: $(gitgate log --config "$T/gitgate.yaml")"
	is_live "{apiVersion: apps/v1, kind: Deployment, size: 1}" || fail "live is '$(live)'"
}

refused_in_log() {
	gitgate log --config "$T/gitgate.yaml" --json | grep -q '"fail"'
}
