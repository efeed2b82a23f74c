#!/usr/bin/env bats
# gitgate check --files as a validator for itself: what it takes, what it says, and that it
# says the same however many threads there are.

load helpers

setup() {
	begin
	mkdir -p "$T/tree/a/b/c"
	cd "$T/tree"
	cat >"$T/app.json" <<-END
		{"type": "object", "additionalProperties": false, "properties":
		 {"replicas": {"type": "integer"}, "kind": {}, "metadata": {}}}
	END
	echo "replicas: two" >a/wrong.yaml
	echo "replicas: 2" >a/b/right.yml
	echo '{"replicas": 3}' >a/b/right.json
	printf 'kind: A\nreplicas: 2\n---\nkind: B\nmetadata: {name: "n<&>", namespace: s}\nreplicas: x\nfoo: 1\n---\nreplicas: 3\n' >a/b/c/three.yaml
	echo '{{ .Values.x }}: 1' >a/b/template.yaml
	echo "hi" >a/readme.txt
}

# check [arguments]
check() {
	run gitgate check --files "$@"
}

# quiet [arguments]: the same without standard error
quiet() {
	run bash -c 'gitgate check --files "$@" 2>/dev/null' - "$@"
}

@test "check --files: --schema judges without a policy, and says what became of all" {
	echo "not a policy" >.gitgate.yaml
	check --schema "$T/app.json" a
	assert_equal "$status" 1
	assert_says "a/wrong.yaml:1:11: error: replicas must be an integer"
	assert_says "a/b/c/three.yaml:6:11"
	assert_says "a/b/c/three.yaml:7:1"
	assert_says "a/b/template.yaml:1:2: warning"
	assert_says "7 documents in 5 files: 4 valid, 2 invalid, 1 skipped (1 template); 1 file that is neither YAML nor JSON"
	check --schema "$T/app.json" a/b/right.yml a/b/right.json
	assert_equal "$status" 0
	assert_says "2 documents in 2 files: 2 valid, 0 invalid, 0 skipped"
}

@test "check --files: in the order of the command line, once each" {
	quiet --schema "$T/app.json" a/wrong.yaml ./a//b/ a/../a/wrong.yaml a
	assert_equal "$status" 1
	local places
	places=$(sed -n 's/^\([^ :]*\):\([0-9]*\):.*/\1:\2/p' <<<"$output" | tr '\n' ' ')
	assert_equal "$places" "a/wrong.yaml:1 a/b/c/three.yaml:6 a/b/c/three.yaml:7 a/b/template.yaml:1 a/../a/wrong.yaml:1 "
}

@test "check --files: globs that the shell left alone" {
	check --schema "$T/app.json" '*/*.yaml'
	assert_says "1 document in 1 file: 0 valid, 1 invalid"
	check --schema "$T/app.json" 'a/*/*.json'
	assert_says "1 document in 1 file: 1 valid"
	check --schema "$T/app.json" 'a/**/*.y*ml'
	assert_says "6 documents in 4 files"
	check --schema "$T/app.json" './**'
	assert_says "8 documents in 6 files"
	check --schema "$T/app.json" "$T/tree/a/*/right.yml"
	assert_says "1 document in 1 file: 1 valid"
	check --schema "$T/app.json" '*.yaml'
	assert_equal "$status" 3
	assert_says "'*.yaml' matches no file"
	check --schema "$T/app.json" 'a/['
	assert_equal "$status" 3
	# A file whose name looks like one is a file.
	echo "replicas: 1" >'a/[x]*.yaml'
	check --schema "$T/app.json" 'a/[x]*.yaml'
	assert_equal "$status" 0
}

@test "check --files: --ignore, by name and by path" {
	check --schema "$T/app.json" --ignore wrong.yaml --ignore 'a/b/c' --ignore=template.yaml a
	assert_equal "$status" 0
	assert_says "2 documents in 2 files: 2 valid, 0 invalid, 0 skipped; 1 file that is neither YAML nor JSON, 3 left out by --ignore"
	check --schema "$T/app.json" --ignore '[' a
	assert_equal "$status" 2
	local many=()
	for i in $(seq 33); do many+=(--ignore "$i"); done
	check --schema "$T/app.json" "${many[@]}" a
	assert_equal "$status" 2
	assert_says "too often"
}

@test "check --files: standard input, links, what cannot be read" {
	run bash -c 'gitgate check --files --schema "$1" - <a/wrong.yaml' - "$T/app.json"
	assert_equal "$status" 1
	assert_says "-:1:11: error"
	ln -s a/wrong.yaml link.yaml
	ln -s a linked
	check --schema "$T/app.json" link.yaml
	assert_equal "$status" 1
	assert_says "link.yaml:1:11"
	check --schema "$T/app.json" linked
	assert_says "7 documents in 5 files"
	# In a directory links are links, as they are in git.
	check --schema "$T/app.json" --ignore a .
	assert_equal "$status" 0
	assert_says "0 documents in 0 files"
	assert_says "2 symbolic links that are not followed"
	ln -s nowhere broken.yaml
	check --schema "$T/app.json" a/b/right.yml broken.yaml
	assert_equal "$status" 1
	assert_says "broken.yaml: error"
	assert_says "2 documents in 2 files: 1 valid, 1 invalid"
	truncate -s 17M a/large.yaml
	check --schema "$T/app.json" a/large.yaml
	assert_equal "$status" 1
	assert_says "git.blob_bytes"
	assert_says "1 document in 1 file: 0 valid, 1 invalid"
}

@test "check --files: the exit status" {
	check --schema "$T/app.json" a/b/right.yml
	assert_equal "$status" 0
	check --schema "$T/app.json" a/wrong.yaml
	assert_equal "$status" 1
	for wrong in "--jobs 0" "--jobs x" "--json --junit" "--summary --sarif" "--floor x --schema y" "--nothing"; do
		check $wrong a
		assert_equal "$status" 2
	done
	run gitgate check --schema "$T/app.json"
	assert_equal "$status" 2
	check --schema "$T/app.json" nowhere
	assert_equal "$status" 3
	check --schema nowhere a
	assert_equal "$status" 3
	assert_says "gitgate: cannot open 'nowhere'"
	echo '{"type": "objekt"}' >"$T/wrong.json"
	check --schema "$T/wrong.json" a
	assert_equal "$status" 3
	assert_says "wrong.json:1:10: 'type' must name"
}

@test "check --files: JSON has the summary" {
	quiet --schema "$T/app.json" --json a
	assert_equal "$status" 1
	python3 - <<-END "$output"
		import json, sys
		files = json.loads(sys.argv[1])["changes"][0]["files"]
		assert files["documents"] == 7 and files["valid"] == 4 and files["invalid"] == 2, files
		assert files["skipped_files"] == [{"path": "a/b/template.yaml", "reason": "a template of a document"}], files
	END
	quiet --schema "$T/app.json" --summary a/b/right.yml
	assert_says "1 document in 1 file: 1 valid"
}

@test "check --files: JUnit has a suite a file and a case a document" {
	quiet --schema "$T/app.json" --junit a
	assert_equal "$status" 1
	python3 - <<-END "$output"
		import sys
		import xml.etree.ElementTree as xml
		top = xml.fromstring(sys.argv[1])
		assert (top.get("tests"), top.get("failures"), top.get("skipped")) == ("7", "2", "1"), top.attrib
		suites = {suite.get("name"): suite for suite in top}
		assert list(suites) == ["a/b/c/three.yaml", "a/b/right.json", "a/b/right.yml", "a/b/template.yaml", "a/wrong.yaml"]
		three = suites["a/b/c/three.yaml"]
		assert [case.get("name") for case in three] == ["document 1: A", "document 2: B s/n<&>", "document 3"]
		assert [len(case.findall("failure")) for case in three] == [0, 1, 0]
		assert "three.yaml:7:1" in three[1][0].text
		assert suites["a/b/template.yaml"][0].find("skipped") is not None
	END
}

@test "check --files: the same by one thread and by eight" {
	mkdir many
	for i in $(seq 200); do
		case $((i % 4)) in
		0) echo "replicas: $i" ;;
		1) printf 'replicas: 1\n---\nreplicas: x%d\n' "$i" ;;
		2) echo "a: [" ;;
		3) echo "a: {{ .x }}" ;;
		esac >"many/$i.yaml"
	done
	local form
	for form in "" --json --sarif --junit; do
		gitgate check --files --schema "$T/app.json" --jobs 1 $form many >"$T/one" 2>"$T/one.said" || true
		for i in 1 2 3; do
			gitgate check --files --schema "$T/app.json" --jobs 8 $form many >"$T/eight" 2>"$T/eight.said" || true
			cmp "$T/one" "$T/eight"
			cmp "$T/one.said" "$T/eight.said"
		done
	done
	assert_equal "$(wc -l <"$T/one.said")" 1
	grep -q "250 documents in 200 files: 100 valid, 100 invalid, 50 skipped (50 templates)" "$T/one.said"
}

@test "check --files: more findings than are kept still count" {
	mkdir many
	for i in $(seq 1100); do echo "replicas: x"; done | split -l 1 --additional-suffix=.yaml -a 4 - many/
	check --schema "$T/app.json" many
	assert_equal "$status" 1
	assert_says "and 100 more, over the limit findings"
	assert_says "1100 documents in 1100 files: 0 valid, 1100 invalid"
	quiet --schema "$T/app.json" --junit many
	assert_equal "$(grep -c '<failure' <<<"$output")" 1100
	assert_says 'tests="1100" failures="1100"'
}

@test "check --files: 4 MiB within 64 MiB" {
	! sanitized || skip "sanitizers need more"
	command -v prlimit >/dev/null || skip "prlimit is not installed"
	local text
	text=$(printf 'x%.0s' $(seq 60))
	{ echo "data:"; yes "  - {name: $text, text: '$text', number: 12345}" | head -n 26500; } >large.yaml
	[ "$(stat -c %s large.yaml)" -gt 4000000 ]
	[ "$(stat -c %s large.yaml)" -lt 4194304 ]
	echo '{"properties": {"data": {"items": {"properties": {"number": {"type": "integer"}}}}}}' >"$T/large.json"
	run prlimit --data=67108864 gitgate check --files --schema "$T/large.json" large.yaml
	assert_equal "$status" 0
	assert_says "1 document in 1 file: 1 valid"
}

# Bundles of one kind, and a definition of another with a rule that nobody evaluates.
make_bundle() {
	cat >"$T/swagger.json" <<-'END'
		{"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.33.0"}, "definitions": {
		  "io.k8s.api.apps.v1.Deployment": {"type": "object", "properties": {"apiVersion": {"type": "string"},
		      "kind": {"type": "string"}, "metadata": {"type": "object"},
		      "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}}}},
		    "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "Deployment"}]}}}
	END
	gitgate schema import "$T/swagger.json" --kubernetes=1.33 --output="$T/bundle" >/dev/null
	cat >"$1" <<-END
		apiVersion: apiextensions.k8s.io/v1
		kind: CustomResourceDefinition
		metadata: {name: shops.example.org}
		spec:
		  group: example.org
		  names: {kind: Shop, plural: shops}
		  scope: Namespaced
		  versions:
		  - name: v1
		    served: true
		    storage: true
		    schema:
		      openAPIV3Schema:
		        type: object
		        properties:
		          spec:
		            type: object
		            x-kubernetes-validations: [{rule: "self.size > 0"}]
		            properties: {size: {type: integer}}
	END
}

@test "check --files: --kubernetes, with definitions among the files" {
	make_bundle definition.yaml
	printf 'apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: two}\n' >a/deployment.yaml
	printf 'apiVersion: example.org/v1\nkind: Shop\nspec: {size: big}\n' >a/shop.yaml
	printf 'apiVersion: example.org/v1\nkind: Other\n' >a/other.yaml
	check --kubernetes "$T/bundle" --skip CustomResourceDefinition a/deployment.yaml a/shop.yaml a/other.yaml definition.yaml
	assert_equal "$status" 1
	assert_says "a/deployment.yaml:3:18: error"
	assert_says "a/shop.yaml:3:14: error"
	assert_says "a/other.yaml:2:7: error"
	assert_says "4 documents in 4 files: 0 valid, 3 invalid, 1 skipped (1 without a schema)"
	check --kubernetes "$T/bundle" --ignore-missing-schemas a/deployment.yaml a/shop.yaml a/other.yaml
	assert_says "3 documents in 3 files: 0 valid, 1 invalid, 2 skipped (2 without a schema)"
	check --kubernetes "$T/bundle" --skip "Deployment,Shop" --skip Other a/deployment.yaml a/shop.yaml a/other.yaml
	assert_equal "$status" 0
	printf 'apiVersion: apps/v1\nkind: Deployment\nspec: {replicaz: 2}\n' >a/deployment.yaml
	check --kubernetes "$T/bundle" a/deployment.yaml
	assert_equal "$status" 1
	assert_says "did you mean 'replicas'"
	check --kubernetes "$T/bundle" --no-strict a/deployment.yaml
	assert_equal "$status" 0
	# A definition and what it defines in one stream.
	run bash -c 'cat definition.yaml <(echo ---) a/shop.yaml | gitgate check --files --kubernetes "$1" --skip CustomResourceDefinition -' - "$T/bundle"
	assert_equal "$status" 1
	assert_says "spec.size must be an integer"
	for wrong in "--skip x" "--ignore-missing-schemas" "--no-strict" "--kubernetes nowhere --floor x"; do
		check $wrong a
		assert_equal "$status" 2
	done
}

@test "check --files: what is said once is said once, by one thread and by eight" {
	mkdir many
	make_bundle many/definition.yaml
	for i in $(seq 100); do printf 'apiVersion: example.org/v1\nkind: Shop\nspec: {size: %s}\n' "$i" >"many/$i.yaml"; done
	gitgate check --files --kubernetes "$T/bundle" --skip CustomResourceDefinition --jobs 1 many >"$T/one" 2>"$T/one.said"
	assert_equal "$(grep -c "rules that are not evaluated" "$T/one")" 1
	for i in 1 2 3; do
		gitgate check --files --kubernetes "$T/bundle" --skip CustomResourceDefinition --jobs 8 many >"$T/eight" 2>"$T/eight.said"
		cmp "$T/one" "$T/eight"
		cmp "$T/one.said" "$T/eight.said"
	done
}

@test "check --files: a definition that cannot be used is told by each who needs it, by one thread and by eight" {
	mkdir many
	make_bundle many/definition.yaml
	# Both are found: one before what is broken, one behind it.
	sed 's/Shop/Broken/; s/shops/brokens/; s/type: integer/type: nothing/' many/definition.yaml >many/e-broken.yaml
	for i in $(seq 50); do
		printf 'apiVersion: example.org/v1\nkind: Shop\nspec: {size: %s}\n' "$i" >"many/s$i.yaml"
		printf 'apiVersion: example.org/v1\nkind: Broken\nspec: {size: %s}\n' "$i" >"many/b$i.yaml"
	done
	gitgate check --files --kubernetes "$T/bundle" --skip CustomResourceDefinition --jobs 1 many >"$T/one" 2>"$T/one.said" || true
	assert_equal "$(grep -c "many/b[0-9]*.yaml:1:1: error: many/e-broken.yaml" "$T/one")" 50
	assert_equal "$(grep -c "many/s[0-9]*.yaml.*error" "$T/one")" 0
	for i in 1 2 3; do
		gitgate check --files --kubernetes "$T/bundle" --skip CustomResourceDefinition --jobs 8 many >"$T/eight" 2>"$T/eight.said" || true
		cmp "$T/one" "$T/eight"
		cmp "$T/one.said" "$T/eight.said"
	done
}

@test "check --files: by a policy whose rule warns, what cannot be read is skipped and counted" {
	cp "$T/app.json" app.json
	printf 'version: 1\nwarn-only: true\nrules: [{name: app, paths: ["a/**/*.yaml"], schema: {file: app.json}}]\n' >.gitgate.yaml
	echo "a: [" >a/broken.yaml
	check a
	assert_equal "$status" 0
	assert_says "a/wrong.yaml:1:11: warning"
	assert_says "8 documents in 6 files: 6 valid, 0 invalid, 2 skipped (1 template); 1 file that is neither YAML nor JSON"
	sed -i '/warn-only/d' .gitgate.yaml
	check a
	assert_equal "$status" 1
	assert_says "8 documents in 6 files: 4 valid, 4 invalid, 0 skipped"
}

@test "check --files: progress stays on one line of the terminal, and is taken back" {
	command -v script >/dev/null || skip "needs script"
	# It waits for its input until there is a word.
	TERM=xterm script -qefc 'stty cols 10; { for i in $(seq 400); do ! grep -qs "1 of 1" "$T/typescript" || break; sleep 0.05; done; echo "a: 1"; } | gitgate check --files -' \
		"$T/typescript" </dev/null >/dev/null
	grep -q $'\r1 of 1 lo\r\033\\[K' "$T/typescript" || fail "$(cat -v "$T/typescript")"
	# Neither where nobody sees it, nor where nothing can be taken back.
	TERM=dumb script -qec '{ sleep 1.2; echo "a: 1"; } | gitgate check --files -' "$T/typescript" </dev/null >/dev/null
	! grep -q "looked at" "$T/typescript" || fail "dumb"
}
