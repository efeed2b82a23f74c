#!/usr/bin/env bats
# A CustomResourceDefinition that changes: resources of its kind in the repository, which
# the push does not touch, are judged again by the hook, by `gitgate check` and by the
# service.

load helpers
load service

setup() {
	begin
}

teardown() {
	end_service
	end
}

# definition KIND TYPE [LABEL]: of a group of its own, with one field of that type
definition() {
	cat <<-END
		apiVersion: apiextensions.k8s.io/v1
		kind: CustomResourceDefinition
		metadata: {name: ${1,,}s.example.org, labels: {app: "${3-a}"}}
		spec:
		  group: example.org
		  names: {kind: $1, plural: ${1,,}s}
		  scope: Namespaced
		  versions:
		  - name: v1
		    served: true
		    storage: true
		    schema:
		      openAPIV3Schema:
		        type: object
		        properties:
		          spec: {type: object, properties: {size: {type: $2}}}
	END
}

resource() { # KIND SPEC
	printf '%s\n' "apiVersion: example.org/v1" "kind: $1" "metadata: {name: a}" "spec: $2"
}

# begin_shop OPTIONS: one Thing, two documents without one, and another kind
begin_shop() {
	make_key alice
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	definition Bundled string >"$T/bundled.yaml"
	gitgate schema import "$T/bundled.yaml" --kubernetes=1.33 --output="$T/clone/kubernetes.bundle" >/dev/null
	put .gitgate.yaml "version: 1
rules:
  - name: manifests
    paths: [\"deploy/**\"]
    schema: {kubernetes: kubernetes.bundle, crds: [crds/*]$1}"
	put crds/thing.yaml "$(definition Thing integer)"
	put crds/other.yaml "$(definition Other integer)"
	put deploy/thing.yaml "$(resource Thing "{size: 2}")"
	put deploy/bundled.yaml "$(resource Bundled "{size: big}")
---
$(resource Other "{size: 3}")"
	commit -m "begin"
	git -C "$T/clone" push -q origin main
	gitgate init "$T/shop.git" --anchor HEAD --socket none >"$T/init.out"
}

@test "a definition that changes: its resources are judged again" {
	begin_shop ""
	put crds/thing.yaml "$(definition Thing string)"
	commit
	push origin main
	assert_refused
	assert_tells "1 error"
	assert_tells "deploy/thing.yaml:4:14: error: spec.size must be a string, found integer 2; the definition of its kind changes here: crds/thing.yaml [manifests]"
	assert_tells "mend: put it in quotes"
	cd "$T/clone"
	run gitgate check
	assert_equal "$status" 1
	assert_says "deploy/thing.yaml:4:14: error: spec.size must be a string, found integer 2; the definition of its kind changes here: crds/thing.yaml"
	# corrected together, each is judged once
	put deploy/thing.yaml "$(resource Thing "{size: many}")"
	commit --amend
	push origin main
	assert_accepted
	# where nothing better can be said
	put crds/thing.yaml "$(definition Thing "string, maxLength: 3")"
	commit
	push origin main
	assert_refused
	assert_tells "deploy/thing.yaml:4:14: error: spec.size must have at most 3 characters, found 4; the definition of its kind changes here: crds/thing.yaml"
	assert_tells "mend: correct it together with the definition"
	git -C "$T/clone" reset -q --hard HEAD~
	# one that allows what is there
	put crds/thing.yaml "$(definition Thing "string, maxLength: 9")"
	commit
	push origin main
	assert_accepted
}

@test "a definition that says the same elsewhere changes nothing" {
	begin_shop ""
	# what is wrong already is nobody's business: its definition does not change
	put deploy/thing.yaml "$(resource Thing "{size: big}")"
	commit
	git --git-dir="$T/shop.git" fetch -q "$T/clone" main:main
	put crds/thing.yaml "$(definition Thing integer another-label)"
	git -C "$T/clone" mv crds/other.yaml crds/moved.yaml
	commit
	gitgate init "$T/shop.git" --anchor "$(git -C "$T/clone" rev-parse HEAD~)" --socket none >"$T/init.out"
	push origin main
	assert_accepted
	put crds/thing.yaml "$(definition Thing "integer, minimum: 1")"
	commit
	push origin main
	assert_refused
	assert_tells "1 error"
	assert_tells "deploy/thing.yaml:4:14: error: spec.size must be an integer, found string \"big\"; the definition"
}

@test "a definition that goes leaves its resources without a schema" {
	begin_shop ""
	git -C "$T/clone" rm -q crds/thing.yaml
	commit
	push origin main
	assert_refused
	assert_tells "1 error"
	assert_tells "deploy/thing.yaml:2:7: error: there is no schema of example.org/v1/Thing in Kubernetes 1.33; the definition of its kind is removed here: crds/thing.yaml"
	git -C "$T/clone" rm -q deploy/thing.yaml
	commit --amend
	push origin main
	assert_accepted
}

@test "a definition that goes is fine where kinds may be unknown, one that comes is followed" {
	begin_shop ", ignore-missing-schemas: true"
	git -C "$T/clone" rm -q crds/thing.yaml
	commit
	push origin main
	assert_accepted
	put crds/thing.yaml "$(definition Thing boolean)"
	commit
	push origin main
	assert_refused
	assert_tells "deploy/thing.yaml:4:14: error: spec.size must be a boolean, found integer 2; the definition of its kind changes here: crds/thing.yaml"
}

@test "resources that are written in other ways, and in Lists, are found" {
	begin_shop ""
	put deploy/list.yaml "apiVersion: v1
kind: List
items:
- $(resource Thing "{size: 1}" | sed '2,$s/^/  /')
- $(resource Other "{size: 1}" | sed '2,$s/^/  /')"
	put deploy/escaped.json '{"apiVersion": "example.org/v1", "kind": "Th\u0069ng", "spec": {"size": 1}}'
	commit
	push origin main
	assert_accepted
	put crds/thing.yaml "$(definition Thing string)"
	git -C "$T/clone" rm -q deploy/thing.yaml
	commit
	push origin main
	assert_refused
	assert_tells "2 errors"
	assert_tells "deploy/list.yaml:7:16: error: items[0]: spec.size must be a string"
	assert_tells "deploy/escaped.json:1:73: error: spec.size must be a string"
}

@test "a definition that is written with escapes defines what it says, and its changes count" {
	begin_shop ""
	local written=0 escaped
	for escaped in 's/kind: Custom.*/kind: "Custom\\u0052esourceDefinition"/' \
		's/kind: Custom.*/"\\x6bind": "\\U00000043ustomResourceDefinition"/' \
		's/kind: Custom.*/kind: "Custom\\\n  Resource\\\n  Definition"/' \
		's/kind: Custom.*/kind: >-\n  CustomResourceDefinition/' \
		's/kind: Custom.*/x: \&kind "\\x43ustomResourceDefinition"\nkind: *kind/' \
		's/^apiVersion: .*/apiVersion: "apiextensions.k8s.io\\\/v\\x31"/; s/group: .*/group: "ex\\x61mple.org"/; s/Custom/\\x43&/; s/\\x43C\(.*\)/"\\x43\1"/'; do
		definition Thing integer | sed "$escaped" >"$T/clone/crds/thing.yaml"
		! grep -q "kind: CustomResourceDefinition" "$T/clone/crds/thing.yaml" || fail "not written otherwise: $escaped"
		# what is described is taken, what is not is refused
		written=$((written + 1))
		put deploy/thing.yaml "$(resource Thing "{size: $written}")"
		commit
		push origin main
		assert_accepted
		put deploy/thing.yaml "$(resource Thing "{size: big}")"
		commit
		push origin main
		assert_refused
		assert_tells "1 error"
		assert_tells "deploy/thing.yaml:4:14: error: spec.size must be an integer, found string \"big\""
		git -C "$T/clone" reset -q --hard HEAD~
		# a change of it alone is followed
		sed -i 's/size: {type: integer}/size: {type: string}/' "$T/clone/crds/thing.yaml"
		commit
		push origin main
		assert_refused
		assert_tells "deploy/thing.yaml:4:14: error: spec.size must be a string, found integer $written; the definition of its kind changes here: crds/thing.yaml"
		git -C "$T/clone" reset -q --hard HEAD~
	done
	# JSON, beside what has backslashes and defines nothing
	put crds/note.yaml 'text: "C\\x75stom \x43 and \u0052"'
	git -C "$T/clone" rm -q crds/thing.yaml
	put crds/thing.json '{"apiVersion": "apiextensions.k8s.io\/v1", "kind": "CustomResource\u0044efinition", "spec": {"group": "example.org",
"names": {"kind": "\u0054hing"}, "versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": {"type": "object",
"properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}}}]}}'
	put deploy/thing.yaml "$(resource Thing "{size: 0}")"
	commit
	push origin main
	assert_accepted
	cd "$T/clone"
	run gitgate check --files deploy
	assert_equal "$status" 0
	put deploy/thing.yaml "$(resource Thing "{length: 0}")"
	commit
	push origin main
	assert_refused
	assert_tells "deploy/thing.yaml:4:8: error: spec.length is not allowed"
	run gitgate check --files deploy
	assert_equal "$status" 1
	assert_says "spec.length is not allowed"
}

@test "the service judges them again, too" {
	make_served
	definition Bundled string >"$T/bundled.yaml"
	gitgate schema import "$T/bundled.yaml" --kubernetes=1.33 --output="$T/kubernetes.bundle" >/dev/null
	sed -i 's|^rules:|&\n  - {name: shape, paths: ["deploy/**"], schema: {kubernetes: kubernetes.bundle, crds: ["crds/*"]}}|' "$T/gitgate.yaml"
	start_service
	put crds/thing.yaml "$(definition Thing integer)"
	put deploy/web/thing.yaml "$(resource Thing "{size: 2}")"
	commit
	push origin main
	assert_accepted
	assert_judged
	# past the hook, which would have refused it
	put crds/thing.yaml "$(definition Thing string)"
	commit
	push origin main
	assert_refused
	git --git-dir="$T/shop.git" fetch -q "$T/clone" main:main
	gg poll shop
	assert_judged fail
	logged "spec.size must be a string, found integer 2; the definition of its kind changes here: crds/thing.yaml" || fail "the reason"
}
