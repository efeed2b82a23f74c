#!/usr/bin/env bats
# Kubernetes 1.33 as it is published, manifests of real projects, and what people do to
# them: twenty mistakes in podinfo's, each with its place and its mend.

load helpers

setup() {
	SHARED_DATA="${GITGATE_SHARED:-$GITGATE_SOURCE/../shared}/data"
	[ -e "$SHARED_DATA/kubernetes/v1.33-swagger-raw.json" ] && [ -d "$SHARED_DATA/manifests" ] ||
		skip "the shared data is not there: $SHARED_DATA"
	MANIFESTS="$SHARED_DATA/manifests"
	begin
	gitgate schema import "$SHARED_DATA/kubernetes/v1.33-swagger-raw.json" --kubernetes=1.33 \
		--output="$T/kubernetes.bundle" >"$T/import.out"
}

# try PATH...: documents against the bundle; kustomize's own files are not Kubernetes'
try() {
	run gitgate schema test "$T/kubernetes.bundle" --skip=Kustomization,Component,LabelTransformer "$@"
}

# The lines that say what is wrong, without files that are no documents of Kubernetes.
refusals() {
	printf '%s\n' "$output" | grep ': error: ' | grep -v "a template of a document\|needs 'apiVersion'\|needs 'kind'" || true
}

@test "all kinds of 1.33 are there, and the bundle is opened quickly" {
	run gitgate schema list --json "$T/kubernetes.bundle"
	assert_says '"kubernetes":"1.33","kinds":177,'
	run gitgate schema show "$T/kubernetes.bundle" Deployment --path spec.template.spec.containers.resources.limits
	assert_says "map of quantity"
}

@test "podinfo: what it deploys is valid" {
	cd "$MANIFESTS/stefanprodan+podinfo"
	try kustomize deploy/bases deploy/overlays deploy/webapp
	assert_equal "$status" 0
	assert_says "0 invalid"
	# cert-manager's kinds have their definitions elsewhere
	try deploy/secure
	assert_equal "$(refusals)" \
"deploy/secure/common/cluster-issuer.yaml:2:7: error: there is no schema of cert-manager.io/v1/ClusterIssuer in Kubernetes 1.33 [schema]
deploy/secure/frontend/certificate.yaml:2:7: error: there is no schema of cert-manager.io/v1/Certificate in Kubernetes 1.33 [schema]"
	gitgate schema import "$SHARED_DATA/kubernetes/v1.33-swagger-raw.json" \
		"$SHARED_DATA/kubernetes/crds/cert-manager.io" --kubernetes=1.33 --output="$T/kubernetes.bundle" >/dev/null
	try deploy/secure
	assert_equal "$status" 0
}

@test "microservices-demo: what it deploys is valid" {
	cd "$MANIFESTS/GoogleCloudPlatform+microservices-demo"
	try kubernetes-manifests release/kubernetes-manifests.yaml kustomize/base
	assert_equal "$status" 0
	# Istio's, the gateway's and Google's kinds have no definitions here; one file is a patch of kustomize's
	try .
	assert_equal "$(refusals | grep -v "there is no schema of [a-z0-9.]*\(istio.io\|gateway.networking.k8s.io\|gke.io\|skaffold\|cloud.google.com\)/")" \
"./kustomize/components/without-loadgenerator/delete-loadgenerator.patch.yaml:5:1: error: \$patch is not allowed [schema]"
}

@test "flux: only its own kinds are not known" {
	cd "$MANIFESTS/fluxcd+flux2-kustomize-helm-example"
	try .
	assert_equal "$(refusals | grep -v "there is no schema of [a-z0-9.]*\(fluxcd.io\|cert-manager.io\|gateway.networking.k8s.io\|gateway.envoyproxy.io\)/")" ""
}

@test "kube-prometheus: manifests, definitions and the resources that follow them are valid" {
	cd "$MANIFESTS/prometheus-operator+kube-prometheus"
	try manifests
	assert_equal "$status" 0
	assert_says "0 invalid, 0 without a schema"
	assert_says "monitoring.coreos.com/v1/Prometheus has rules that are not evaluated here"
	# the same by the definitions that others made JSON Schemas of
	gitgate schema import "$SHARED_DATA/kubernetes/v1.33-swagger-raw.json" \
		"$SHARED_DATA/kubernetes/crds/monitoring.coreos.com" --kubernetes=1.33 --output="$T/kubernetes.bundle" >/dev/null
	try manifests/*.yaml
	assert_equal "$status" 0
}

@test "mistakes that people make are refused by the hook, with the place and the mend" {
	local from="$MANIFESTS/stefanprodan+podinfo/kustomize/deployment.yaml" to="$T/clone/deploy"
	make_key alice
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	cp "$T/kubernetes.bundle" "$T/clone/"
	put .gitgate.yaml "version: 1
rules:
  - name: manifests
    paths: [\"deploy/**\"]
    schema: {kubernetes: kubernetes.bundle}"
	commit -m "begin"
	git -C "$T/clone" push -q origin main
	gitgate init "$T/shop.git" --anchor HEAD --socket none >"$T/init.out"
	mkdir "$to"
	cp "$from" "$to/00-good.yaml"
	commit
	push origin main
	assert_accepted
	sed '59,67s/^  //' "$from" >"$to/01-a-field-that-is-not-indented-enough.yaml"
	sed '28s/^        /\t/' "$from" >"$to/02-a-tab.yaml"
	sed '6s/.*/  replicas: "2"/' "$from" >"$to/03-a-number-in-quotes.yaml"
	sed 's/imagePullPolicy/imagePullPolcy/' "$from" >"$to/04-a-field-misspelt.yaml"
	sed '13,15d' "$from" >"$to/05-no-selector.yaml"
	sed 's/containerPort: 9898/containerPort: http/' "$from" >"$to/06-a-port-by-its-name.yaml"
	sed '27s/.*/        image: ghcr.io\/stefanprodan\/podinfo:latest/' "$from" >"$to/07-a-key-twice.yaml"
	sed '1s/.*/apiVersion: extensions\/v1beta1/' "$from" >"$to/08-an-old-apiVersion.yaml"
	sed 's/value: "#34577c"/value: yes/' "$from" >"$to/09-yes-without-quotes.yaml"
	sed '22s/.*/      - app: podinfo/' "$from" >"$to/10-a-list-instead-of-a-map.yaml"
	sed '23s/$/\n      replicas: 2/' "$from" >"$to/11-a-field-under-the-wrong-parent.yaml"
	sed 's/memory: 64Mi/memory: 64mi/' "$from" >"$to/12-a-malformed-quantity.yaml"
	sed '2s/.*/kind: Deploymnt/' "$from" >"$to/13-a-kind-misspelt.yaml"
	sed '35s/grpc/http/; 36s/9999/9898/' "$from" >"$to/14-a-port-twice.yaml"
	sed '6s/: 3/:3/' "$from" >"$to/15-no-space-behind-the-colon.yaml"
	sed 's/--level=info/level: info/' "$from" >"$to/16-a-text-that-is-a-mapping.yaml"
	{ sed '59,67d' "$from"; sed -n '59,67s/^    //p' "$from"; } >"$to/17-a-field-two-levels-too-far-out.yaml"
	sed '16,23d; 24,80s/^    //' "$from" >"$to/18-a-pod-made-a-deployment.yaml"
	sed '4s/$/\n  replicas: 2/' "$from" >"$to/19-a-field-of-the-object-beside.yaml"
	sed '21,22d; 23s/$/\n      labels:\n        app: podinfo/' "$from" >"$to/20-labels-outside-of-metadata.yaml"
	commit
	push origin main
	assert_refused
	local said
	said=$(flat)
	cd "$T/clone"
	run gitgate check
	assert_equal "$status" 1
	printf '%s\n' "$output" | sed -n 's/^deploy\///p; /^ *mend: /p' >"$T/told"
	# the hook says the same, in lines that fit a terminal
	while read -r line; do
		case "$said" in *"$line"*) ;; *) fail "not said by the hook: $line" ;; esac
	done <"$T/told"
	diff -u - "$T/told" <<-'END'
		01-a-field-that-is-not-indented-enough.yaml:59:7: error: spec.template.spec.readinessProbe is not allowed [manifests]
		  mend: it belongs to an item of 'containers': indent it further
		02-a-tab.yaml:28:1: error: a tab cannot indent [manifests]
		  mend: use spaces
		03-a-number-in-quotes.yaml:6:13: error: spec.replicas must be an integer, found string "2" [manifests]
		  mend: remove the quotes
		04-a-field-misspelt.yaml:27:9: error: spec.template.spec.containers[0].imagePullPolcy is not allowed [manifests]
		  mend: did you mean 'imagePullPolicy'?
		05-no-selector.yaml:6:3: error: spec needs 'selector' [manifests]
		  mend: add 'selector'
		06-a-port-by-its-name.yaml:30:26: error: spec.template.spec.containers[0].ports[0].containerPort must be an integer, found string "http" [manifests]
		  mend: write a number
		07-a-key-twice.yaml:27:9: error: the key 'image' stands twice in one mapping, first at 26:9 [manifests]
		  mend: remove one of the two
		08-an-old-apiVersion.yaml:1:13: error: Deployment of extensions/v1beta1 was removed in Kubernetes 1.16 [manifests]
		  mend: use apiVersion: apps/v1
		09-yes-without-quotes.yaml:49:18: error: spec.template.spec.containers[0].env[0].value must be a string, found boolean true [manifests]
		  mend: put it in quotes
		10-a-list-instead-of-a-map.yaml:22:7: error: spec.template.metadata.labels must be an object, found array [manifests]
		  mend: write keys and values, without '-' before them
		11-a-field-under-the-wrong-parent.yaml:24:7: error: spec.template.spec.replicas is not allowed [manifests]
		  mend: it belongs to spec: indent it less
		12-a-malformed-quantity.yaml:74:21: error: spec.template.spec.containers[0].resources.requests.memory must be a quantity like 500m, 64Mi or 2, found string "64mi" [manifests]
		  mend: did you mean '64Mi'?
		13-a-kind-misspelt.yaml:2:7: error: there is no schema of apps/v1/Deploymnt in Kubernetes 1.33 [manifests]
		  mend: did you mean 'kind: Deployment'?
		14-a-port-twice.yaml:35:11: error: spec.template.spec.containers[0].ports[2] has the same 'containerPort' 9898 and 'protocol' "TCP" as spec.template.spec.containers[0].ports[0] (line 29) [manifests]
		  mend: remove one of them, or change it
		15-no-space-behind-the-colon.yaml:7:23: error: a ': ' where no key can stand [manifests]
		  mend: put a value that holds ': ' in quotes, or check the indentation, and that a space follows the ':' above
		16-a-text-that-is-a-mapping.yaml:44:11: error: spec.template.spec.containers[0].command[5] must be a string, found object [manifests]
		  mend: if it is one text, put it in quotes: ': ' makes it a key and a value
		17-a-field-two-levels-too-far-out.yaml:72:5: error: spec.template.readinessProbe is not allowed [manifests]
		  mend: it belongs to an item of spec.template.spec.containers: indent it further
		18-a-pod-made-a-deployment.yaml:6:3: error: spec needs 'template' [manifests]
		  mend: add 'template'
		18-a-pod-made-a-deployment.yaml:16:3: error: spec.containers is not allowed [manifests]
		18-a-pod-made-a-deployment.yaml:70:3: error: spec.volumes is not allowed [manifests]
		  mend: it belongs in spec.template.spec, which is not there yet
		19-a-field-of-the-object-beside.yaml:5:3: error: metadata.replicas is not allowed [manifests]
		  mend: it belongs in spec
		20-labels-outside-of-metadata.yaml:22:7: error: spec.template.spec.labels is not allowed [manifests]
		  mend: it belongs in spec.template.metadata
	END
}
