#!/usr/bin/env bats
# Schemas of Kubernetes: imported into bundles, named by a policy, and what the hook,
# `gitgate check` and `gitgate schema test` make of documents by them.

load helpers

setup() {
	begin
	make_key alice
	make_swagger
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	gitgate schema import swagger.json --kubernetes=v1.33.0 --output="$T/kubernetes.bundle" >"$T/import.out"
}

# A published document as small as one can be.
make_swagger() {
	cat >"$T/swagger.json" <<-'END'
		{"swagger": "2.0", "info": {"title": "Kubernetes", "version": "unversioned"}, "definitions": {
		  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "object", "properties": {
		    "name": {"type": "string"}, "namespace": {"type": "string"},
		    "creationTimestamp": {"type": "string", "format": "date-time"},
		    "labels": {"type": "object", "additionalProperties": {"type": "string"}}}},
		  "io.k8s.api.apps.v1.Deployment": {"type": "object", "description": "Many of the same.",
		    "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"},
		      "metadata": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
		      "spec": {"type": "object", "required": ["selector"], "properties": {
		        "replicas": {"type": "integer", "format": "int32", "description": "How many."},
		        "paused": {"type": "boolean"}, "selector": {"type": "object"}}}},
		    "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "Deployment"}]},
		  "io.k8s.api.policy.v1beta1.PodDisruptionBudget": {"type": "object", "properties": {
		      "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "spec": {"type": "object"}},
		    "x-kubernetes-group-version-kind": [{"group": "policy", "version": "v1beta1", "kind": "PodDisruptionBudget"}]}
		}}
	END
}

# definition KIND: of a group of its own, with one field and a rule in CEL
definition() {
	cat <<-END
		apiVersion: apiextensions.k8s.io/v1
		kind: CustomResourceDefinition
		metadata: {name: ${1,,}s.example.org}
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
		          spec:
		            type: object
		            required: [size]
		            x-kubernetes-validations: [{rule: "self.size > 0"}]
		            properties: {size: {type: integer}}
	END
}

# begin_shop OPTIONS: a policy with a bundle and these options is on the protected side
begin_shop() {
	cp "$T/kubernetes.bundle" "$T/clone/"
	put .gitgate.yaml "version: 1
rules:
  - name: manifests
    paths: [\"deploy/**\"]
    schema: {kubernetes: kubernetes.bundle$1}"
	commit -m "begin"
	git -C "$T/clone" push -q origin main
	gitgate init "$T/shop.git" --anchor HEAD --socket none >"$T/init.out"
}

deployment() {
	printf '%s\n' "apiVersion: apps/v1" "kind: Deployment" "metadata: {name: web}" "$@"
}

@test "a bundle is listed, and says what stands in a kind" {
	run cat "$T/import.out"
	assert_says "1.33 "
	assert_says "sha256:"
	run gitgate schema list --json "$T/kubernetes.bundle"
	assert_says '"kubernetes":"1.33","kinds":2,'
	assert_says "\"digest\":\"sha256:$(sha256sum <"$T/kubernetes.bundle" | cut -d' ' -f1)\""
	run gitgate schema show "$T/kubernetes.bundle"
	assert_equal "$output" "apps/v1/Deployment
policy/v1beta1/PodDisruptionBudget"
	run gitgate schema show "$T/kubernetes.bundle" Deployment --path spec
	assert_says "apps/v1/Deployment spec: object"
	[[ "$output" =~ replicas\ +integer\ +-\ +How\ many\. ]] || fail "replicas"
	[[ "$output" =~ selector\ +object\ +required ]] || fail "selector"
	run gitgate schema show "$T/kubernetes.bundle" Deploymnt
	assert_equal "$status" 3
	assert_says "did you mean 'Deployment'?"
	run gitgate schema show "$T/kubernetes.bundle" Deployment --path spec.replica
	assert_says "there is no field 'replica'"
}

@test "what cannot be imported is refused, and nothing is written" {
	echo '{"a": 1}' >other.json
	run gitgate schema import other.json --kubernetes=1.33 --output=x.bundle
	assert_equal "$status" 3
	assert_says "there is no schema of a kind of Kubernetes in it"
	run gitgate schema import swagger.json --output=x.bundle
	assert_equal "$status" 2
	assert_says "give --kubernetes=1.33"
	run gitgate schema import swagger.json --kubernetes=soon --output=x.bundle
	assert_equal "$status" 2
	run gitgate schema import http://127.0.0.1/swagger.json --kubernetes=1.33 --output=x.bundle
	assert_equal "$status" 2
	assert_says "must begin with https://"
	[ ! -e x.bundle ] || fail "x.bundle"
	head -c 2000 kubernetes.bundle >cut.bundle
	run gitgate schema list cut.bundle
	assert_equal "$status" 3
	assert_says "is cut or was changed"
}

@test "the hook chooses the schema by apiVersion and kind" {
	begin_shop ""
	put deploy/web.yaml "$(deployment "spec: {replicas: two, selector: {}}")"
	commit
	push origin main
	assert_refused
	assert_tells "deploy/web.yaml:4:18: error: spec.replicas must be an integer, found string \"two\""
	put deploy/web.yaml "$(deployment "spec: {replicas: 2, selector: {}, pausd: true}")"
	commit --amend
	push origin main
	assert_refused
	assert_tells "deploy/web.yaml:4:35: error: spec.pausd is not allowed [manifests]"
	assert_tells "did you mean 'paused'?"
	put deploy/web.yaml "$(deployment "spec: {replicas: 2, selector: {}, paused: null}")"
	commit --amend
	push origin main
	assert_accepted
}

@test "a kind without a schema is refused, unless the policy says otherwise" {
	begin_shop ""
	put deploy/thing.yaml "{apiVersion: example.org/v1, kind: Thing}"
	commit
	push origin main
	assert_refused
	assert_tells "deploy/thing.yaml:1:36: error: there is no schema of example.org/v1/Thing in Kubernetes 1.33"
	assert_tells "add its CustomResourceDefinition to 'crds', or name the kind in 'skip'"
	put deploy/thing.yaml "a: 1"
	commit --amend
	push origin main
	assert_refused
	assert_tells "a document of Kubernetes needs 'apiVersion'"
}

@test "ignore-missing-schemas, skip and strict loosen what they say" {
	begin_shop ", ignore-missing-schemas: true, skip: [Deployment], strict: false"
	put deploy/thing.yaml "{apiVersion: example.org/v1, kind: Thing}"
	put deploy/web.yaml "$(deployment "spec: 1")"
	commit
	push origin main
	assert_accepted
}

@test "definitions of the same commit are schemas of what stands beside them" {
	begin_shop ", crds: [crds/*]"
	put crds/thing.yaml "$(definition Thing)"
	put deploy/thing.yaml "{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}, spec: {size: big}}"
	commit
	push origin main
	assert_refused
	assert_tells "deploy/thing.yaml:1:77: error: spec.size must be an integer, found string \"big\""
	put deploy/thing.yaml "{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}, spec: {size: 2}}"
	commit --amend
	push origin main
	assert_accepted
	assert_tells "warning: example.org/v1/Thing has rules that are not evaluated here"
	# what it decided is not remembered: the definition may change
	put crds/thing.yaml "$(definition Thing | sed 's/size: {type: integer}/size: {type: string}/')"
	put deploy/other.yaml "{apiVersion: example.org/v1, kind: Thing, spec: {size: 2}}"
	commit
	push origin main
	assert_refused
	assert_tells "spec.size must be a string, found integer 2"
}

@test "a deprecated apiVersion is a warning, one that is gone a refusal" {
	begin_shop ""
	put deploy/web.yaml "{apiVersion: extensions/v1beta1, kind: Deployment}"
	put deploy/budget.yaml "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, spec: {}}"
	commit
	push origin main
	assert_refused
	assert_tells "deploy/web.yaml:1:14: error: Deployment of extensions/v1beta1 was removed in Kubernetes 1.16"
	assert_tells "mend: use apiVersion: apps/v1"
	assert_tells "deploy/budget.yaml:1:14: warning: PodDisruptionBudget of policy/v1beta1 is deprecated"
	assert_tells "mend: use apiVersion: policy/v1"
}

@test "a pinned bundle must be exactly that one" {
	local digest
	digest=$(sha256sum <"$T/kubernetes.bundle" | cut -d' ' -f1)
	begin_shop ", kubernetes-digest: \"sha256:$digest\""
	put deploy/web.yaml "$(deployment "spec: {selector: {}}")"
	commit
	push origin main
	assert_accepted
	# another one in its place is refused when it is pushed
	definition Thing >"$T/thing.yaml"
	gitgate schema import "$T/thing.yaml" --kubernetes=1.33 --output="$T/clone/kubernetes.bundle" >/dev/null
	commit
	push origin main
	assert_refused
	assert_tells "'kubernetes.bundle' has another digest: sha256:"
}

# begin_with_floor OPTIONS: the server's floor names the bundle, beside gitgate.yaml
begin_with_floor() {
	cat >"$T/gitgate.yaml" <<-END
		store: $T/state.db
		rules:
		  - name: manifests
		    paths: ["deploy/**"]
		    schema: {kubernetes: kubernetes.bundle$1}
	END
	put readme "begin"
	commit -m "begin"
	git -C "$T/clone" push -q origin main
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >"$T/init.out"
}

# other_bundle FILE
other_bundle() {
	definition Thing >"$T/thing.yaml"
	gitgate schema import "$T/thing.yaml" --kubernetes=1.33 --output="$1" >/dev/null
}

@test "a bundle is opened when the first document needs it" {
	begin_with_floor ", kubernetes-digest: \"sha256:$(sha256sum <"$T/kubernetes.bundle" | cut -d' ' -f1)\""
	put deploy/web.yaml "$(deployment "spec: {selector: {}}")"
	commit
	push origin main
	assert_accepted
	# what has no document is not judged by it
	cp kubernetes.bundle good.bundle
	rm kubernetes.bundle
	other_bundle kubernetes.bundle
	put readme "more"
	commit
	push origin main
	assert_accepted
	# nor is what is remembered: it was good by the pinned one
	push origin main:refs/heads/other
	assert_accepted
	put deploy/web.yaml "$(deployment "spec: {selector: {}, replicas: 1}")"
	commit
	push origin main
	assert_refused
	assert_tells "gitgate.yaml:5:64: 'kubernetes.bundle' has another digest: sha256:"
	assert_tells "an administrator must mend it there"
	run gitgate config check --config "$T/gitgate.yaml"
	assert_equal "$status" 3
	assert_says "has another digest"
	cp good.bundle kubernetes.bundle
	push origin main
	assert_accepted
}

@test "without its bundle a policy is broken, whatever is pushed" {
	begin_with_floor ""
	put readme "more"
	commit
	cp kubernetes.bundle good.bundle
	head -c 2000 good.bundle >kubernetes.bundle
	push origin main
	assert_refused
	assert_tells "gitgate.yaml:5:26: the bundle 'kubernetes.bundle' is cut or was changed"
	echo "no bundle" >kubernetes.bundle
	push origin main
	assert_refused
	assert_tells "'kubernetes.bundle' is no bundle of schemas"
	rm kubernetes.bundle
	push origin main
	assert_refused
	assert_tells "cannot open '$T/kubernetes.bundle'"
	cp good.bundle kubernetes.bundle
	push origin main
	assert_accepted
}

@test "a bundle without a pin may be another one tomorrow" {
	begin_with_floor ""
	put deploy/web.yaml "$(deployment "spec: {selector: {}}")"
	commit
	push origin main
	assert_accepted
	# what was good by the last one has to be good by this one
	other_bundle kubernetes.bundle
	push origin main:refs/heads/other
	assert_refused
	assert_tells "there is no schema of apps/v1/Deployment"
	# one that was changed behind its beginning is found when it is opened
	cp kubernetes.bundle changed.bundle
	printf 'x' | dd of=changed.bundle bs=1 seek=2000 conv=notrunc status=none
	cp changed.bundle kubernetes.bundle
	push origin main:refs/heads/other
	assert_refused
	assert_tells "its digest differs"
}

@test "a pin that no bundle can have is refused at once" {
	begin_with_floor ""
	sed -i 's/bundle}/bundle, kubernetes-digest: "1.33"}/' "$T/gitgate.yaml"
	put readme "more"
	commit
	push origin main
	assert_refused
	assert_tells "'kubernetes-digest' must be 'sha256:' and 64 digits"
}

@test "check and check --files say what the hook says" {
	begin_shop ", crds: [crds/*]"
	put crds/thing.yaml "$(definition Thing)"
	put deploy/thing.yaml "{apiVersion: example.org/v1, kind: Thing, spec: {}}"
	commit
	cd "$T/clone"
	run gitgate check
	assert_equal "$status" 1
	assert_says "deploy/thing.yaml:1:49: error: spec needs 'size'"
	run gitgate check --files deploy
	assert_equal "$status" 1
	assert_says "deploy/thing.yaml:1:49: error: spec needs 'size'"
	run gitgate schema test "$T/kubernetes.bundle" crds deploy --skip=CustomResourceDefinition
	assert_equal "$status" 1
	assert_says "deploy/thing.yaml:1:49: error: spec needs 'size'"
}

@test "options of a bundle need a bundle" {
	put .gitgate.yaml "{version: 1, rules: [{name: a, schema: {skip: [Thing]}}]}"
	cd "$T/clone"
	run gitgate check --files .gitgate.yaml
	assert_equal "$status" 3
	assert_says "'skip' needs 'kubernetes'"
}
