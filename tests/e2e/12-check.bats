#!/usr/bin/env bats
# gitgate check: the judge on a workstation, over commits and over files.

load helpers

setup() {
	begin
	make_key alice
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	put .gitgate.yaml "version: 1
principals:
  alice: {email: [alice@example.org], ssh: [\"$(cut -d' ' -f1,2 "$T/keys/alice.pub")\"]}
rules:
  - name: signed
    signatures: {by: [alice]}
  - name: app
    paths: [\"deploy/*.yaml\"]
    schema: {file: app.schema.json}
  - name: small
    files: {max-size: 1KiB}"
	put app.schema.json '{"type": "object", "properties": {"replicas": {"type": "integer"}}, "additionalProperties": false}'
	put deploy/app.yaml "replicas: 1"
	commit
	git -C "$T/clone" push -q origin main
	cd "$T/clone"
}

# check [arguments]
check() {
	run gitgate check "$@"
}

@test "check: nothing new passes" {
	check
	assert_equal "$status" 0
	assert_says "refs/heads/main"
	assert_says "0 commits judged"
	assert_says "upstream"
}

@test "check: from the upstream to HEAD, signed and not" {
	put deploy/app.yaml "replicas: 2"
	commit
	check
	assert_equal "$status" 0
	assert_says "1 commit judged"
	commit --no-gpg-sign
	check
	assert_equal "$status" 1
	assert_says "[signed]"
	assert_says "mend: "
}

@test "check: says that the server may have rules of its own" {
	check
	assert_says "the server's own rules are not known here"
	cat >"$T/floor.yaml" <<-END
		rules:
		  - name: no-secrets
		    files: {forbid: [".env"]}
	END
	check --floor "$T/floor.yaml"
	assert_equal "$status" 0
	refute_says "not known here"
	put .env "x"
	commit
	check
	assert_equal "$status" 0
	check --floor "$T/floor.yaml"
	assert_equal "$status" 1
	assert_says "[no-secrets]"
	check --floor "$T/missing.yaml"
	[ "$status" -ne 0 ]
}

@test "check: ranges" {
	put a 1
	commit
	put b 2
	commit --no-gpg-sign
	put c 3
	commit
	check HEAD~1..HEAD
	assert_equal "$status" 0
	check HEAD~1..
	assert_equal "$status" 0
	check HEAD~2..HEAD~1
	assert_equal "$status" 1
	check HEAD~2
	assert_equal "$status" 0
	check ..HEAD
	assert_equal "$status" 1
	check HEAD~2...HEAD
	assert_equal "$status" 2
	check nothing..HEAD
	assert_equal "$status" 3
	check --ranges
	assert_equal "$status" 2
	check a b
	assert_equal "$status" 2
}

@test "check: the policy before the commits counts, or the work tree's when asked" {
	put big "$(head -c 3000 /dev/zero | tr '\0' x)"
	sed -i 's/1KiB/1MiB/' .gitgate.yaml
	commit
	check
	assert_equal "$status" 1
	assert_says "[small]"
	check --policy worktree
	assert_equal "$status" 0
	assert_says "the work tree"
	check --policy other
	assert_equal "$status" 2
}

@test "check: without an upstream everything is judged" {
	git branch -q --unset-upstream
	check
	assert_equal "$status" 0
	assert_says "no upstream"
	git commit -q --amend --no-gpg-sign --no-edit
	check
	assert_equal "$status" 1
}

@test "check: rules of other refs do not speak" {
	cat >"$T/floor.yaml" <<-END
		rules:
		  - name: production
		    refs: [refs/heads/production]
		    commits: {message: "^never$"}
	END
	put a 1
	commit
	check --floor "$T/floor.yaml"
	assert_equal "$status" 0
	check --floor "$T/floor.yaml" --ref refs/heads/production
	assert_equal "$status" 1
	assert_says "[production]"
	# A branch that is pushed under another name.
	git -C "$T/clone" push -q origin main:refs/heads/production
	git checkout -q -b mine --track origin/production
	put a 2
	commit
	check --floor "$T/floor.yaml"
	assert_equal "$status" 1
}

@test "check: JSON and SARIF" {
	put deploy/app.yaml "replicas: two"
	commit
	check --json
	assert_equal "$status" 1
	assert_says '"path":"deploy/app.yaml"'
	assert_says '"line":1'
	gitgate check --sarif >"$T/out.sarif" 2>/dev/null || true
	grep -q '"version":"2.1.0"' "$T/out.sarif"
	# Only the document goes to standard output.
	run head -c 1 "$T/out.sarif"
	assert_equal "$output" "{"
	check --json --sarif
	assert_equal "$status" 2
}

@test "check: in a bare repository, a linked work tree, a directory below" {
	mkdir -p sub/sub
	cd sub/sub
	check
	assert_equal "$status" 0
	cd "$T/clone"
	git worktree add -q "$T/linked" -b linked 2>/dev/null
	cd "$T/linked"
	check HEAD..HEAD
	assert_equal "$status" 0
	cd "$T/shop.git"
	check
	assert_equal "$status" 0
	cd "$T"
	check
	assert_equal "$status" 3
	assert_says "not a git repository"
}

@test "check --files: file, line and column by the policy's schema" {
	put deploy/app.yaml "# two
replicas: two"
	check --files deploy/app.yaml
	assert_equal "$status" 1
	assert_says "deploy/app.yaml:2:11"
	assert_says "[app]"
	assert_says "signed"
	cd deploy
	check --files app.yaml
	assert_equal "$status" 1
	assert_says "deploy/app.yaml:2:11"
	put deploy/app.yaml "replicas: 2"
	check --files "$T/clone/deploy/app.yaml"
	assert_equal "$status" 0
}

@test "check --files: directories, standard input, what is not YAML" {
	put other/broken.json '{"a": 1, "a": 2}'
	put other/fine.txt "a: b: c"
	put other/broken.yaml "a: b: c"
	check --files other
	assert_equal "$status" 1
	assert_says "other/broken.json:1:10"
	assert_says "other/broken.yaml:1:5"
	refute_says "fine.txt"
	rm -r other
	check --files
	assert_equal "$status" 0
	run bash -c 'echo "a: [" | gitgate check --files -'
	assert_equal "$status" 1
	run bash -c 'echo "a: [1]" | gitgate check --files -'
	assert_equal "$status" 0
	check --files nowhere.yaml
	assert_equal "$status" 3
	mkfifo "$T/pipe"
	check --files "$T/pipe"
	assert_equal "$status" 2
}

@test "check --files: rules about files" {
	put deploy/large.bin "$(head -c 3000 /dev/zero | tr '\0' x)"
	ln -s ../../../etc/passwd deploy/link
	check --files deploy
	assert_equal "$status" 1
	assert_says "deploy/large.bin"
	assert_says "deploy/link"
}

@test "check --files: without a policy documents must be well-formed" {
	mkdir "$T/plain"
	cd "$T/plain"
	echo "a: 1" >fine.yaml
	check --files fine.yaml
	assert_equal "$status" 0
	assert_says "well-formed"
	printf 'a: 1\na: 2\n' >twice.yaml
	check --files --json twice.yaml
	assert_equal "$status" 1
	assert_says '"line":2'
}

@test "check --files: a broken policy is an error with its place" {
	put .gitgate.yaml "version: 1
rules:
  - name: x
    schemas: {}"
	check --files deploy
	[ "$status" -ne 0 ]
	assert_says ".gitgate.yaml:4:5"
}

@test "check: a SHA-256 repository is refused clearly" {
	git init -q --object-format=sha256 "$T/sha256"
	git -C "$T/sha256" commit -q --allow-empty -m x
	cd "$T/sha256"
	check --floor "$T/gitgate.yaml"
	[ "$status" -ne 0 ]
	assert_says "uses another hash than SHA-1"
}
