#!/usr/bin/env bats
# The pre-receive hook with real pushes: what is refused, what is accepted, what is said.

load helpers

setup() {
	begin_with make_guarded
	BEFORE=$(tip "$T/shop.git" main)
}

# A refused push leaves ref and objects as they were.
assert_unchanged() {
	assert_equal "$(tip "$T/shop.git" main)" "$BEFORE"
	refute_object "$T/shop.git" "$(git -C "$T/clone" rev-parse "${1:-HEAD}")"
}

# forge SED-SCRIPT: the work tree's HEAD with its raw text changed; prints the new id
forge() {
	git -C "$T/clone" cat-file commit HEAD | sed "$1" >"$T/forged"
	git -C "$T/clone" hash-object -t commit -w --literally "$T/forged"
}

@test "hook: a signed commit is accepted" {
	put app.yaml "replicas: 2"
	commit
	push origin main
	assert_accepted
	assert_equal "$(tip "$T/shop.git" main)" "$(git -C "$T/clone" rev-parse HEAD)"
	assert_says "refs/heads/main"
	assert_says "accepted"
}

@test "hook: an unsigned commit is refused, with rule, commit and mend" {
	put app.yaml "replicas: 2"
	commit --no-gpg-sign
	push origin main
	assert_refused
	assert_unchanged
	assert_says "everything-is-signed"
	assert_says "commit $(git -C "$T/clone" rev-parse --short=10 HEAD)"
	assert_says "mend: "
	assert_says "gitgate: push refused: 1 of 1 ref"
}

@test "hook: lines are at most 100 columns, without colour" {
	put app.yaml "replicas: 2"
	commit --no-gpg-sign
	git -C "$T/clone" -c color.ui=always push origin main 2>"$T/said" || true
	run grep -c $'\033\[[0-9;]*m.*everything' "$T/said"
	assert_equal "$output" 0
	run awk '/^remote:/ { sub(/ +$/, ""); if (length > 100) print }' "$T/said"
	assert_equal "$output" ""
}

@test "hook: a forged signature is refused" {
	put app.yaml "replicas: 2"
	commit
	# Letters of the first line of the signature.
	FORGED=$(forge '/BEGIN SSH/{n;y/AB/BA/}')
	[ "$FORGED" != "$(git -C "$T/clone" rev-parse HEAD)" ]
	push origin "$FORGED:refs/heads/main"
	assert_refused
	assert_unchanged "$FORGED"
	push origin main
	assert_accepted
}

@test "hook: a changed message under a good signature is refused" {
	put app.yaml "replicas: 2"
	commit -m "harmless"
	FORGED=$(forge 's/^harmless$/harmful/')
	push origin "$FORGED:refs/heads/main"
	assert_refused
	assert_unchanged "$FORGED"
	push origin main
	assert_accepted
}

@test "hook: a key that nobody holds is refused" {
	make_key mallory
	put app.yaml "replicas: 2"
	git -C "$T/clone" add -A
	git -C "$T/clone" -c user.signingKey="$T/keys/mallory" commit -q -S -m "mine"
	push origin main
	assert_refused
	assert_unchanged
	assert_says "$(ssh-keygen -lf "$T/keys/mallory.pub" | cut -d' ' -f2)"
}

@test "hook: an unsigned commit hidden on a side branch is refused" {
	git -C "$T/clone" checkout -q -b side
	put side.txt "hidden"
	commit --no-gpg-sign
	HIDDEN=$(git -C "$T/clone" rev-parse HEAD)
	git -C "$T/clone" checkout -q main
	put app.yaml "replicas: 2"
	commit
	git -C "$T/clone" merge -q -S --no-ff -m "merge" side
	push origin main
	assert_refused
	assert_unchanged
	assert_says "commit ${HIDDEN:0:10}"
}

@test "hook: one refused ref of several refuses all" {
	put app.yaml "replicas: 2"
	commit
	git -C "$T/clone" checkout -q -b other HEAD~1
	put app.yaml "replicas: 3"
	commit --no-gpg-sign
	push origin main other
	assert_refused
	assert_unchanged main
	assert_equal "$(tip "$T/shop.git" other)" ""
	assert_says "gitgate: push refused: 1 of 2 refs"
	git -C "$T/clone" commit -q --amend -S --no-edit
	push origin main other
	assert_accepted
}

@test "hook: a branch may be deleted" {
	git -C "$T/clone" push -q origin main:refs/heads/feature
	push origin :refs/heads/feature
	assert_accepted
	assert_equal "$(tip "$T/shop.git" refs/heads/feature)" ""
}

@test "hook: rules about creating, deleting and forcing hold" {
	cat >>"$T/gitgate.yaml" <<-END
		  - name: main-stays
		    refs: {only: [refs/heads/main], delete: false, force: false}
		  - name: no-tags
		    refs: {only: ["refs/tags/**"], create: false}
	END
	git --git-dir="$T/shop.git" symbolic-ref HEAD refs/heads/other
	push origin :main
	assert_refused
	assert_says "[main-stays]"
	put app.yaml "replicas: 2"
	git -C "$T/clone" commit -q -a --amend -S --no-edit
	push -f origin main
	assert_refused
	assert_says "[main-stays]"
	push origin HEAD:refs/tags/v1
	assert_refused
	assert_says "[no-tags]"
	sed -i '/name: main-stays/,$d' "$T/gitgate.yaml"
	push -f origin main
	assert_accepted
	push origin HEAD:refs/tags/v1 :main
	assert_accepted
}

@test "hook: what needs reviews is refused, with the way to get them; a branch for them is accepted" {
	cat >>"$T/gitgate.yaml" <<-END
		  - name: main-is-reviewed
		    refs: [refs/heads/main]
		    approvals: {from: [alice]}
	END
	put app.yaml "replicas: 2"
	commit
	push origin main
	assert_refused
	assert_unchanged
	assert_says "[main-is-reviewed]"
	assert_says "open a merge request"
	push origin main:refs/heads/feature
	assert_accepted
}

@test "hook: a signed commit under an annotated tag is accepted, an unsigned one refused" {
	put app.yaml "replicas: 2"
	commit
	git -C "$T/clone" tag -a -m "one" v1
	push origin v1
	assert_accepted
	put app.yaml "replicas: 3"
	commit --no-gpg-sign
	git -C "$T/clone" tag -a -m "two" v2
	push origin v2
	assert_refused
	assert_equal "$(tip "$T/shop.git" refs/tags/v2)" ""
}

@test "hook: the signature of a tag must count, be its own, and stand under its name" {
	make_key mallory
	put app.yaml "replicas: 2"
	commit
	git -C "$T/clone" -c user.signingKey="$T/keys/mallory" tag -s -m "hers" v1
	push origin v1
	assert_refused
	assert_says "which no principal holds"
	git -C "$T/clone" tag -f -s -m "mine" v1
	push origin v1:refs/tags/v2
	assert_refused
	assert_says "named 'v1'"
	git -C "$T/clone" cat-file tag v1 | sed 's/^mine$/thine/' >"$T/forged"
	push origin "$(git -C "$T/clone" hash-object -t tag -w --literally "$T/forged"):refs/tags/v1"
	assert_refused
	assert_says "does not belong to these"
	push origin v1
	assert_accepted
	sed -i 's/{by: \[alice\]}/{by: [alice], tags: true}/' "$T/gitgate.yaml"
	git -C "$T/clone" tag -a -m "not signed" v3
	push origin v3
	assert_refused
	assert_says "the tag is not signed"
	git -C "$T/clone" tag -f -s -m "signed" v3
	push origin v3
	assert_accepted
}

@test "hook: every tag of a chain is looked at, and its end" {
	local mallory i
	mallory="user.signingKey=$T/keys/mallory"
	make_key mallory
	git() { command git -C "$T/clone" -c advice.nestedTag=false "$@"; }
	commit
	git tag -s -m "inner" inner
	git tag -s -m "outer" outer inner
	push origin outer
	assert_accepted
	# Somebody else's tag beneath ours.
	git -c "$mallory" tag -s -m "hers" hers
	git tag -s -m "over hers" over hers
	push origin over
	assert_refused
	assert_says "which no principal holds"
	# Ours beneath somebody else's.
	git -c "$mallory" tag -s -m "over mine" hers-over inner
	push origin hers-over
	assert_refused
	# Chains have an end, and it is a commit.
	git tag -s -m "of a tree" tree "HEAD^{tree}"
	git tag -s -m "over a tree" over-tree tree
	push origin over-tree
	assert_refused
	assert_says "does not lead to a"
	git tag -s -m 0 deep0
	for i in {1..9}; do git tag -s -m "$i" "deep$i" "deep$((i - 1))"; done
	push origin deep9
	assert_refused
	push origin deep5
	assert_accepted
}

@test "hook: a lightweight tag says nothing of its own" {
	push origin HEAD:refs/tags/old HEAD~0:refs/tags/same
	assert_accepted
	commit --no-gpg-sign
	push origin HEAD:refs/tags/new
	assert_refused
	assert_says "the commit is not signed"
	# A tag object under another name is still the tag that it is.
	git -C "$T/clone" tag -s -m "first" v1 origin/main
	push origin v1 refs/tags/v1:refs/tags/v2
	assert_refused
	assert_says "is named 'v1', not as it is pushed"
	push origin v1
	assert_accepted
}

@test "hook: a tag of a tree or a blob is refused" {
	git -C "$T/clone" tag a-tree "HEAD^{tree}"
	push origin a-tree
	assert_refused
	git -C "$T/clone" tag a-blob HEAD:app.yaml
	push origin a-blob
	assert_refused
}

@test "hook: a forced push of signed history is judged by what is new" {
	put app.yaml "replicas: 2"
	commit
	git -C "$T/clone" push -q origin main
	git -C "$T/clone" commit -q --amend -S -m "another"
	push -f origin main
	assert_accepted
	git -C "$T/clone" commit -q --amend --no-gpg-sign -m "a third"
	push -f origin main
	assert_refused
}

@test "hook: a repository without an anchor is refused, with the command that sets one" {
	git --git-dir="$T/shop.git" config --unset-all gitgate.anchor
	put app.yaml "replicas: 2"
	commit
	push origin main
	assert_refused
	assert_says "gitgate init"
	assert_says "--anchor HEAD"
	# Also for a ref that is new, and even though main exists.
	push origin main:refs/heads/new
	assert_refused
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >/dev/null
	push origin main
	assert_accepted
}

@test "hook: a mistyped anchor, glob, timeout or file name refuses" {
	put app.yaml "replicas: 2"
	commit
	local key value
	while IFS='|' read -r key value; do
		cp "$T/shop.git/config" "$T/config"
		git --git-dir="$T/shop.git" config --add "gitgate.$key" "$value"
		push origin main
		assert_refused
		assert_says "gitgate.$key"
		cp "$T/config" "$T/shop.git/config"
	done <<-END
		anchor|refs/heads/main
		anchor|refs/heads/main=HEAD
		anchor|refs/heads/main=1234567
		anchor|main=$BEFORE
		anchor|refs/heads/main=0000000000000000000000000000000000000000
		protected|refs/heads/[
		timeout|0
		timeout|soon
		config|gitgate.yaml
	END
	push origin main
	assert_accepted
}

@test "hook: the first push to an empty repository is judged from the root" {
	git init -q --bare "$T/empty.git"
	gitgate init "$T/empty.git" --config "$T/gitgate.yaml" --socket none >/dev/null
	git -C "$T/clone" remote add empty "$T/empty.git"
	git -C "$T/clone" checkout -q --orphan fresh
	commit --no-gpg-sign
	push empty fresh:main
	[ "$status" -ne 0 ]
	assert_says "everything-is-signed"
	git -C "$T/clone" commit -q --amend -S --no-edit
	push empty fresh:main
	assert_accepted
}

@test "hook: a pushed policy that cannot be read is refused with its place" {
	put .gitgate.yaml "version: 1
rules:
  - name: x
    signature: {by: [alice]}"
	commit
	push origin main
	assert_refused
	assert_says ".gitgate.yaml:4:5"
	assert_says "signatures"
	git -C "$T/clone" rm -q -f .gitgate.yaml
	git -C "$T/clone" commit -q --amend -S --allow-empty -m "none"
	push origin main
	assert_accepted
}

@test "hook: the policy counts that is there already, not the pushed one" {
	put .gitgate.yaml "version: 1
rules:
  - name: prefix
    commits: {message: '^ok: '}"
	commit -m "no prefix yet"
	push origin main
	assert_accepted
	# Now it counts: taking it out needs what it asks for.
	git -C "$T/clone" rm -q .gitgate.yaml
	commit -m "take it out"
	push origin main
	assert_refused
	assert_says "[prefix]"
	git -C "$T/clone" commit -q --amend -S -m "ok: take it out"
	push origin main
	assert_accepted
}

@test "hook: a manifest that breaks its schema is refused at file, line and column" {
	put .gitgate.yaml "version: 1
rules:
  - name: app
    paths: [app.yaml]
    schema: {file: app.schema.json}"
	put app.schema.json '{"type": "object", "properties": {"replicas": {"type": "integer"}}, "additionalProperties": false}'
	commit
	git -C "$T/clone" push -q origin main
	put app.yaml "# how many
replicas: two"
	commit
	push origin main
	assert_refused
	assert_says "app.yaml:2:11"
	assert_says "[app]"
	put app.yaml "replica: 2"
	git -C "$T/clone" commit -q --amend -S -a --no-edit
	push origin main
	assert_refused
	assert_says "app.yaml:1:1"
	put app.yaml "replicas: 2"
	git -C "$T/clone" commit -q --amend -S -a --no-edit
	push origin main
	assert_accepted
}

@test "hook: the floor is gone or cannot be read: refused" {
	put app.yaml "replicas: 2"
	commit
	mv "$T/gitgate.yaml" "$T/away"
	push origin main
	assert_refused
	assert_says "gitgate.yaml"
	echo "rules: [" >"$T/gitgate.yaml"
	push origin main
	assert_refused
	mv "$T/away" "$T/gitgate.yaml"
	push origin main
	assert_accepted
}

@test "hook: a repository without floor and policy is refused" {
	git --git-dir="$T/shop.git" config --unset gitgate.config
	put app.yaml "replicas: 2"
	commit
	push origin main
	assert_refused
	assert_says "there is no policy"
}

@test "hook: SHA-256 repositories are refused clearly" {
	git init -q --bare --object-format=sha256 "$T/sha256.git"
	git -C "$T/sha256.git" config gitgate.anchor refs/heads/main=root
	git -C "$T/sha256.git" config gitgate.config "$T/gitgate.yaml"
	ln -s "$(command -v gitgate-pre-receive)" "$T/sha256.git/hooks/pre-receive"
	git init -q --object-format=sha256 "$T/work256"
	git -C "$T/work256" commit -q --allow-empty -m x
	run git -C "$T/work256" push "$T/sha256.git" main
	[ "$status" -ne 0 ]
	assert_says "SHA-256"
}

@test "hook: what an unsigned commit brought by itself stays out when another branch has it" {
	# An unprotected branch lends no trust, even if it exists already.
	put side.txt "unsigned"
	commit --no-gpg-sign
	git -C "$T/clone" push -q "$T/shop.git" "HEAD:refs/heads/raw" 2>/dev/null && fail "it came in"
	HIDDEN=$(git -C "$T/clone" rev-parse HEAD)
	git --git-dir="$T/shop.git" fetch -q "$T/clone" "$HIDDEN"
	git --git-dir="$T/shop.git" update-ref refs/heads/raw "$HIDDEN"
	put app.yaml "replicas: 2"
	commit
	push origin main
	assert_refused
	assert_says "commit ${HIDDEN:0:10}"
}

@test "hook: environment of the pusher changes nothing" {
	put app.yaml "replicas: 2"
	commit --no-gpg-sign
	git -C "$T/clone" tag -f anything >/dev/null
	local setting
	for setting in GITGATE_CONFIG=/dev/null GIT_TRACE=1 OPENSSL_CONF=/nonexistent \
		GIT_NO_REPLACE_OBJECTS=1 GIT_REPLACE_REF_BASE=refs/x GIT_GRAFT_FILE=/dev/null \
		GIT_CONFIG_COUNT=1 HOME=/nonexistent; do
		run env "$setting" GIT_CONFIG_KEY_0=gitgate.config GIT_CONFIG_VALUE_0=/dev/null \
			git -C "$T/clone" -c user.name=x push origin HEAD:refs/heads/main
		assert_refused
	done
}

@test "hook: a value that readers of YAML take differently is refused where the policy asks" {
	put .gitgate.yaml "version: 1
rules:
  - name: clear
    paths: [app.yaml]
    schema: {unambiguous: true}"
	commit
	git -C "$T/clone" push -q origin main
	put app.yaml "debug: on
port: 8080"
	commit
	push origin main
	assert_refused
	assert_says "app.yaml:1:8"
	assert_says "'on' is a boolean to YAML 1.1 and Kubernetes"
	put app.yaml "debug: true
country: 'no'
port: 8080"
	git -C "$T/clone" commit -q --amend -S -a --no-edit
	push origin main
	assert_accepted
}

@test "hook: a manifest is judged as Kubernetes reads it" {
	put .gitgate.yaml "version: 1
rules:
  - name: app
    paths: [app.yaml]
    schema: {file: app.schema.json}"
	put app.schema.json '{"properties": {"debug": {"type": "boolean"}, "mode": {"const": 420}}}'
	commit
	git -C "$T/clone" push -q origin main
	put app.yaml "debug: on"
	commit
	push origin main
	assert_refused
	assert_says "app.yaml:1:8"
	put app.yaml "apiVersion: v1
kind: Thing
debug: on
mode: 0644"
	git -C "$T/clone" commit -q --amend -S -a --no-edit
	push origin main
	assert_accepted
	put app.yaml "apiVersion: v1
kind: Thing
...
apiVersion: v1
kind: Dropped"
	commit
	push origin main
	assert_refused
	assert_says "app.yaml:4:1"
	assert_says "Kubernetes drops"
}

@test "hook: links few libraries" {
	run ldd "$(command -v gitgate-pre-receive)"
	assert_equal "$status" 0
	local library
	for library in librnp libcurl libsqlite libpq libmicrohttpd libseccomp libyaml; do
		grep -q "NEEDED.*$library" <(readelf -d "$(command -v gitgate-pre-receive)") &&
			fail "linked with $library"
	done
	for library in libgit2 libcurl libsqlite libyaml; do
		grep -q "NEEDED.*$library" <(readelf -d "$(command -v gitgate-post-receive)") &&
			fail "linked with $library"
	done
	true
}

@test "hook: a deadline refuses the push" {
	git --git-dir="$T/shop.git" config gitgate.timeout 1
	put app.yaml "replicas: 2"
	commit
	# The floor never ends.
	mv "$T/gitgate.yaml" "$T/away"
	mkfifo "$T/gitgate.yaml"
	push origin main
	assert_refused
	rm "$T/gitgate.yaml"
	mv "$T/away" "$T/gitgate.yaml"
	push origin main
	assert_accepted
}

@test "hook: facts are remembered, a damaged memory is forgotten" {
	put app.yaml "replicas: 2"
	commit
	git -C "$T/clone" push -q origin main
	[ -s "$T/shop.git/gitgate/facts" ]
	head -c 100000 /dev/urandom >"$T/shop.git/gitgate/facts"
	put app.yaml "replicas: 3"
	commit
	push origin main
	assert_accepted
	put app.yaml "replicas: 4"
	commit --no-gpg-sign
	push origin main
	assert_refused
}

@test "hook: nothing pushed into hidden or odd refs gets by" {
	put app.yaml "replicas: 2"
	commit --no-gpg-sign
	local ref
	for ref in refs/anything/x refs/notes/commits refs/replace/"$BEFORE" refs/heads/ä refs/tags/v9; do
		push origin "HEAD:$ref"
		[ "$status" -ne 0 ] || fail "$ref was accepted"
		assert_equal "$(tip "$T/shop.git" "$ref")" ""
	done
}
