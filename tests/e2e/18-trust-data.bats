#!/usr/bin/env bats
# What a push cannot do to the people and keys that judge it: the policy comes from the
# protected side, what the server says is out of its reach, and trust data changes only
# as the trust data before it allows.

load helpers

setup() {
	PLACE=place begin
	make_key alice
	make_key bob
	make_key mallory
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	put app.yaml "replicas: 1"
}

line() {
	cut -d' ' -f1,2 "$T/keys/$1.pub"
}

work() {
	git -C "$T/clone" "$@"
}

# by NAME: a commit of everything with that person's key
by() {
	git -C "$T/clone" add -A
	git -C "$T/clone" -c "user.signingKey=$T/keys/$1" -c "user.email=$1@example.org" commit -q --allow-empty -S -m "by $1" "${@:2}"
}

# own TEXT: the repository's policy
own() {
	printf '%s\n' "$1" >"$T/clone/.gitgate.yaml"
}

ALONE='principals:
  alice: {email: alice@example.org, ssh: "ALICE"}
groups: {maintainers: [alice]}
rules:
  - {name: signed, signatures: {by: [maintainers]}}'

alone() {
	printf '%s' "${ALONE/ALICE/$(line alice)}"
}

# The repository judges itself; nothing is said by a server.
guarded_by_itself() {
	own "$(alone)"
	by alice
	work push -q origin HEAD:refs/heads/main
	gitgate init "$T/shop.git" --anchor HEAD --socket none >"$T/init.out"
}

# A floor of alice, staff and the rule 'floor'; the repository adds BODY.
guarded_by_floor() {
	cat >"$T/gitgate.yaml" <<-END
		principals:
		  alice: {email: alice@example.org, ssh: "$(line alice)", forge: {gitea: alice}}
		  old: {ssh: "$(line bob)"}
		groups: {staff: [alice, old]}
		revoked-keys: [{ssh: "$(line bob)", reason: compromised}]
		rules:
		  - {name: floor, signatures: {by: [staff]}}
	END
	by alice
	work push -q origin HEAD:refs/heads/main
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >"$T/init.out"
}

@test "trust data: who is not in the policy does not get in by bringing it" {
	guarded_by_itself
	local before own
	before=$(tip "$T/shop.git" main)
	own "$(alone | sed "s#^groups:.*#  mallory: {ssh: \"$(line mallory)\"}\ngroups: {maintainers: [alice, mallory]}#")"
	# Policy and commit in one, in two commits, on a new branch, with the ref that it is for in the same push.
	by mallory
	push origin HEAD:main
	assert_refused
	assert_says "which no principal holds"
	put app.yaml "replicas: 666"
	by mallory
	push origin HEAD:main
	assert_refused
	push origin HEAD:refs/heads/new
	assert_refused
	push origin HEAD~1:refs/heads/new HEAD:main
	assert_refused
	push --force origin HEAD:main
	assert_refused
	# Unsigned, or without a parent, it is no better.
	work checkout -q --orphan fresh
	by mallory --no-gpg-sign
	push --force origin HEAD:main HEAD:refs/heads/fresh
	assert_refused
	assert_equal "$(tip "$T/shop.git" main)" "$before"
	# Alice may let Mallory in; from then on, not in the same push.
	work checkout -q main
	work reset -q --hard "$before"
	own "$(alone | sed "s#^groups:.*#  mallory: {ssh: \"$(line mallory)\"}\ngroups: {maintainers: [alice, mallory]}#")"
	by alice
	work branch policy
	put app.yaml "replicas: 2"
	by mallory
	push origin policy:main HEAD:refs/heads/new
	assert_refused
	push origin HEAD:main
	assert_refused
	push origin policy:main
	assert_accepted
	push origin HEAD:main
	assert_accepted
	# And out again: what Mallory signs in the same push is judged by the policy before it, and later not.
	own "$(alone)"
	by mallory
	push origin HEAD:main
	assert_accepted
	by mallory
	push origin HEAD:main
	assert_refused
}

@test "trust data: a protected ref that is deleted takes no policy along" {
	guarded_by_itself
	git --git-dir="$T/shop.git" config receive.denyDeleteCurrent ignore
	push origin :main
	assert_accepted
	own "principals: {mallory: {ssh: '$(line mallory)'}}
rules: [{name: signed, signatures: {by: [mallory]}}]"
	work checkout -q --orphan fresh
	by mallory
	push origin HEAD:main
	assert_refused
	assert_says "there is no policy"
}

@test "trust data: files that the policy names come from the protected side too" {
	mkdir "$T/clone/keys"
	printf 'alice@example.org %s\n' "$(line alice)" >"$T/clone/keys/signers"
	: >"$T/clone/keys/revoked"
	ALONE='principals:
  alice: {email: alice@example.org}
allowed-signers: keys/signers
revoked-keys-file: keys/revoked
rules:
  - {name: signed, signatures: {by: [alice]}}' guarded_by_itself
	printf 'alice@example.org %s\n' "$(line mallory)" >"$T/clone/keys/signers"
	by mallory
	push origin HEAD:main
	assert_refused
	work reset -q --hard HEAD~1
	# A revocation counts from the next push, and cannot be taken back by whom it is about.
	line alice >"$T/clone/keys/revoked"
	by alice
	push origin HEAD:main
	assert_accepted
	: >"$T/clone/keys/revoked"
	by alice
	push origin HEAD:main
	assert_refused
	assert_tells "is revoked:"
	work reset -q --hard origin/main
	# Taking the file away refuses before it could count for nothing.
	git --git-dir="$T/shop.git" update-ref refs/heads/main "$(work rev-parse HEAD~1)"
	work reset -q --hard HEAD~1
	rm "$T/clone/keys/revoked"
	by alice
	push origin HEAD:main
	assert_refused
	assert_says "keys/revoked"
}

@test "trust data: what has the policy's name must be a file that can be read" {
	guarded_by_itself
	local how
	for how in 'ln -s app.yaml .gitgate.yaml' 'mkdir .gitgate.yaml && echo x >.gitgate.yaml/x' \
		'git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),.gitgate.yaml' \
		'printf "\\xef\\xbb\\xbfrules: []\\0" >.gitgate.yaml' 'printf "rules: [" >.gitgate.yaml' \
		'printf "rules: []\\nrules: []\\n" >.gitgate.yaml' 'printf "rules: []\\n---\\nrules: []\\n" >.gitgate.yaml' \
		'printf "version: 2\\n" >.gitgate.yaml' 'printf "rulez: []\\n" >.gitgate.yaml' \
		'printf "&a [*a]" >.gitgate.yaml'; do
		work rm -q --cached .gitgate.yaml
		rm "$T/clone/.gitgate.yaml"
		(cd "$T/clone" && eval "$how")
		[[ "$how" == *cacheinfo* ]] || work add -A
		work commit -q -S -m "how"
		push origin HEAD:main
		assert_refused
		assert_says "gitgate.yaml"
		rm -rf "$T/clone/.gitgate.yaml"
		work reset -q --hard origin/main
	done
	# Other names are just files.
	cp "$T/clone/.gitgate.yaml" "$T/clone/.GITGATE.YAML"
	printf 'rules: []\n' >"$T/clone/.GITGATE.YAML"
	mkdir "$T/clone/sub"
	printf 'rules: []\n' >"$T/clone/sub/.gitgate.yaml"
	by alice
	push origin HEAD:main
	assert_accepted
	by mallory
	push origin HEAD:main
	assert_refused
}

# refuses REASON TEXT: alice herself pushes that policy, onto the floor
refuses() {
	own "$2"
	by alice
	push origin HEAD:main
	[ "$status" -ne 0 ] || fail "accepted: $2"
	assert_tells "$1"
	work reset -q --hard origin/main
}

@test "trust data: what the server says is out of the repository's reach" {
	guarded_by_floor
	local m a b
	m=$(line mallory) a=$(line alice) b=$(line bob)
	refuses "principal 'alice' is the server's principal" "principals: {alice: {ssh: '$m'}}"
	refuses "group 'staff' is the server's group" "principals: {m: {ssh: '$m'}}
groups: {staff: [alice, m]}"
	refuses "principal 'staff' is the server's group" "principals: {staff: {ssh: '$m'}}"
	refuses "group 'alice' is the server's principal" "principals: {m: {ssh: '$m'}}
groups: {alice: [m]}"
	refuses "rule 'floor' is the server's rule" "principals: {m: {ssh: '$m'}}
rules: [{name: floor, signatures: {by: [m]}}]"
	refuses "is that of principal 'alice' already" "principals: {m: {ssh: '$a'}}"
	refuses "is that of principal 'old' already" "principals: {m: {ssh: [{key: '$b', valid-after: 2020-01-01}]}}"
	refuses "is that of the server's principal 'alice'" "principals: {m: {email: ALICE@example.ORG, ssh: '$m'}}"
	refuses "is that of principal 'alice' already" "principals: {m: {forge: {gitea: Alice}}}"
	# Names that look alike.
	refuses "differs only in case" "principals: {Alice: {ssh: '$m'}}"
	refuses "differs only in case" "groups: {Staff: []}"
	refuses "cannot be a name" "principals: {аlice: {ssh: '$m'}}"
	refuses "cannot be a name" "principals: {'alice ': {ssh: '$m'}}"
	refuses "cannot be a name" "principals: {\"alice\\u200b\": {ssh: '$m'}}"
	refuses "NUL" "principals: {\"alice\\0\": {ssh: '$m'}}"
	refuses "cannot be a name" "principals: {'': {ssh: '$m'}}"
	refuses "cannot be a name" "groups: {'@staff': []}"
	# The ways of YAML to say a thing twice, or one thing here and another there.
	refuses "" "principals: {m: {ssh: '$m'}, m: {ssh: '$m'}}"
	refuses "unknown key of a policy 'x'" "x: &x {alice: {ssh: '$m'}}
principals: *x"
	refuses "is the server's principal" "groups: &x {alice: []}
principals: *x"
	refuses "is the server's principal" "principals:
  <<: {alice: {ssh: '$m'}}"
	refuses "is the server's principal" "principals: {\"\\u0061lice\": {ssh: '$m'}}"
	refuses "is that of principal 'm' already" "principals:
  m: &m {ssh: '$m'}
  n: {<<: *m, email: n@example.org}"
	refuses "is the server's group" "groups: {? staff : [alice]}"
	# A rule for other repositories, or with a name of the gate.
	refuses "'repositories' belongs to the server's rules" "rules: [{name: x, repositories: [shop], files: {}}]"
	refuses "the gate's own" "rules: [{name: gitgate, files: {}}]"
	# A file of the server's.
	refuses "" "revoked-keys-file: $T/gitgate.yaml"
	refuses "" "allowed-signers: ../../gitgate.yaml"
}

@test "trust data: what a repository adds does not loosen the floor" {
	guarded_by_floor
	own "warn-only: true
principals: {m: {email: m@example.org, ssh: '$(line mallory)'}}
groups: {ours: [staff, m]}
revoked-keys: [{ssh: '$(line bob)', reason: superseded, since: 2099-01-01}]
rules:
  - {name: own, signatures: {by: [ours]}}
  - {name: lax, severity: warn, signatures: {by: [m]}}"
	by alice
	push origin HEAD:main
	assert_accepted
	# Mallory is the repository's; the floor asks for staff.
	by mallory
	push origin HEAD:main
	assert_refused
	assert_says "[floor]"
	refute_says "error: signed by 'm', whose signature does not count here [own]"
	work reset -q --hard origin/main
	# The floor's revocation is not softened.
	by bob
	push origin HEAD:main
	assert_refused
	assert_says "compromised"
	work reset -q --hard origin/main
	# A repository may revoke more, for itself.
	own "revoked-keys: ['$(line alice)']"
	by alice
	push origin HEAD:main
	assert_accepted
	by alice
	push origin HEAD:main
	assert_refused
	assert_tells "is revoked:"
}

@test "trust data: who may change it can be narrower than who may push" {
	own "principals:
  alice: {ssh: '$(line alice)'}
  bob: {ssh: '$(line bob)'}
rules:
  - {name: signed, signatures: {by: [alice, bob]}}
  - {name: policy, paths: [.gitgate.yaml, 'keys/**', '**/.gitgate.yaml'], signatures: {by: [alice]}}"
	by alice
	work push -q origin HEAD:refs/heads/main
	gitgate init "$T/shop.git" --anchor HEAD --socket none >"$T/init.out"
	put app.yaml "replicas: 2"
	by bob
	push origin HEAD:main
	assert_accepted
	sed -i '/name: policy/d' "$T/clone/.gitgate.yaml"
	by bob
	push origin HEAD:main
	assert_refused
	assert_says "[policy]"
	# By way of a merge whose other side is somebody's fork.
	work checkout -q -b side origin/main
	work merge -q --no-commit -s ours main
	work checkout -q main -- .gitgate.yaml
	by bob
	push origin HEAD:main
	assert_refused
	work reset -q --hard origin/main
	# What is as it was is not touched.
	put other "x"
	work add -A
	by bob
	push origin HEAD:main
	assert_accepted
	put keys/bob.pub "$(line bob)"
	by bob
	push origin HEAD:main
	assert_refused
	by alice --amend
	push origin HEAD:main
	assert_accepted
}
