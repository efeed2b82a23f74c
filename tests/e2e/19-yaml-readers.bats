#!/usr/bin/env bats
# What others read, we read: kubectl for manifests, npm's "yaml" for YAML 1.2.

load helpers

setup() {
	begin
	TO_JSON=$GITGATE_BUILD/tests/e2e/doc_to_json
	[ -x "$TO_JSON" ] || skip "needs tests/e2e/doc_to_json"
}

teardown() {
	end
}

# What kubectl makes of an object, as sorted JSON; "refused" when it does not take it.
kubectl_reads() { # FILE
	if HOME=$T kubectl label --local -f "$1" -o json gitgate-test- >"$T/kubectl.json" 2>/dev/null; then
		jq -cS . "$T/kubectl.json"
	else
		echo refused
	fi
}
we_read() { # FORMAT FILE
	local lines
	lines=$("$TO_JSON" "$1" "$2" | grep -vx -- --- || true)
	case $lines in
	"refused"*) echo refused ;;
	*) jq -cS . <<<"$lines" ;;
	esac
}

@test "yaml readers: scalars are what they are to kubectl" {
	command -v kubectl >/dev/null || skip "needs kubectl"
	command -v jq >/dev/null || skip "needs jq"
	local scalars=(y Y yes on No OFF true True null Null 0 -0 12 +12 010 -010 +010 08 09.5 0o17 0O17 0x1F 0X1f -0x1F 0x 0b 0b11 -0b11
		0b12 1_000 _1 1_ 1__0 1_0.5 0x_1 ._5 .5 -.5 +.5 1. 1e3 1E+3 1.5e-3 e3 1e .e3 1e400 -1e400 0.1e-400 12:30 1:2:3
		190:20:30.15 2026-11-21 2026-11-21T10:00:00Z 9223372036854775807 9223372036854775808 18446744073709551615
		18446744073709551616 -9223372036854775808 100000000000000000000000 0777 0778 00 007 1.10 1,000 0.0.1 = "!!int '010'"
		"!!str 010" "!!float 1" "!!bool on" "!x 1" "! 1" "'on'" '"1_0"' "0x10000000000000000" "1e+3" "0_7" "0b-11x" "--1" "+-1"
		".inf" "-.INF" ".nan" "!!null ''" "~" "|-
  on" "<<" "[on, 010]" "{y: n}" "!!binary aGk=")
	local scalar different=0 refused=0
	for scalar in "${scalars[@]}"; do
		printf 'apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a, labels: {b: c}}\nv: %s\n' "$scalar" >"$T/v.yaml"
		local theirs ours
		theirs=$(kubectl_reads "$T/v.yaml")
		ours=$(we_read kubernetes "$T/v.yaml")
		# A tag of its own is something that JSON cannot say; !!binary would be decoded.
		if [ "$ours" = refused ]; then
			refused=$((refused + 1))
			[ "$theirs" = refused ] || [[ $scalar == "!x"* || $scalar == "!!binary"* ]] || different=$((different + 1))
		elif [ "$ours" != "$theirs" ]; then
			echo "# '$scalar': ours $ours, kubectl's $theirs"
			different=$((different + 1))
		fi
	done
	[ "$different" = 0 ]
	[ "$refused" = 5 ]
}

@test "yaml readers: what kubectl drops or mistakes is refused" {
	local head=$'apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\n' text
	for text in $'x: 1\n<<: {x: 2}\n' $'...\nkind: Dropped\n' $'--- {kind: Dropped}\n' $'---x: 1\n' $'~: 1\n' $'1.5: x\n' \
		$'x: .inf\n' $'on: 1\n"true": 2\n' $'0x1: 1\n1: 2\n'; do
		printf '%s%s' "$head" "$text" >"$T/v.yaml"
		run we_read kubernetes "$T/v.yaml"
		assert_equal "$output" refused
	done
	printf '%%YAML 1.2\n---\n%s' "$head" >"$T/v.yaml"
	run we_read kubernetes "$T/v.yaml"
	assert_equal "$output" refused
	printf '%s<<: {x: 2}\nx: 1\n---\n# c\n--- # c\n%s' "$head" "$head" >"$T/v.yaml"
	run we_read kubernetes "$T/v.yaml"
	[ "$output" != refused ]
}

@test "yaml readers: manifests are to kubectl what they are to us" {
	command -v kubectl >/dev/null || skip "needs kubectl"
	command -v jq >/dev/null || skip "needs jq"
	local shared=${GITGATE_SHARED:-$GITGATE_SOURCE/../shared} file count=0
	[ -d "$shared/data/manifests" ] || skip "the shared data is not there"
	for file in "$shared"/data/manifests/prometheus-operator+kube-prometheus/manifests/*.yaml \
		"$shared"/data/manifests/stefanprodan+podinfo/kustomize/*.yaml; do
		# kubectl takes lists apart.
		! grep -q '^kind: .*List$' "$file" || continue
		local ours
		ours=$(we_read kubernetes "$file")
		[ "$ours" = "$(kubectl_reads "$file")" ] || { echo "# $file"; return 1; }
		count=$((count + 1))
		[ "$count" -lt 40 ] || break
	done
	[ "$count" -gt 10 ]
}

@test "yaml readers: npm's yaml agrees about YAML 1.2" {
	command -v node >/dev/null || skip "needs node"
	command -v python3 >/dev/null || skip "needs python3"
	local modules=${GITGATE_NPM:-$GITGATE_BUILD/npm}/node_modules
	[ -d "$modules/yaml" ] || skip "needs npm's yaml: contrib/test installs it, GITGATE_NPM names another place"
	local shared=${GITGATE_SHARED:-$GITGATE_SOURCE/../shared} files
	[ -d "$shared/data/manifests" ] || skip "the shared data is not there"
	mapfile -t files < <(find "$shared/data/manifests" -name '*.yaml' | sort)
	"$TO_JSON" yaml "${files[@]}" >"$T/ours"
	node "$GITGATE_SOURCE/tests/e2e/yaml_reader.mjs" "$modules" "${files[@]}" >"$T/theirs"
	run python3 "$GITGATE_SOURCE/tests/e2e/yaml_compare.py" "$T/ours" "$T/theirs" "${files[@]}"
	echo "$output"
	assert_equal "$status" 0
}
