# tests/e2e/forge_made.bash - commits by the key of a forge. After helpers.bash.

# write_forge_floor [OPTIONS]: of the rule of signatures
write_forge_floor() {
	cat >"$T/gitgate.yaml" <<-END
		principals:
		  alice:
		    email: [alice@example.org]
		    ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]
		  forge:
		    email: [noreply@forge.example.org]
		    ssh: ["$(cut -d' ' -f1,2 "$T/keys/forge.pub")"]
		rules:
		  - name: everything-is-signed
		    signatures: {${1-by: [alice], forge-merges: recompute, forge-keys: [forge]}}
	END
}

# As make_guarded, for a forge that signs with $T/keys/forge; a file of ten lines on main.
make_forge_guarded() {
	make_key forge
	make_guarded
	write_forge_floor
	seq 10 >"$T/clone/lines.txt"
	put kept.txt "kept"
	commit -m "lines"
	git -C "$T/clone" push -q origin main
}

# as_forge GIT-ARGUMENTS: in the work tree, by the forge's name and key
as_forge() {
	git -C "$T/clone" -c user.name=Forge -c user.email=noreply@forge.example.org \
		-c user.signingKey="$T/keys/forge" -c advice.mergeConflict=false "$@"
}

# forge_commit [git commit's options]: what lies in the work tree
forge_commit() {
	git -C "$T/clone" add -A
	as_forge commit -q --allow-empty -S "$@"
}

# forge_tree TREE MESSAGE PARENT...: a commit by the forge of exactly that; its id is printed
forge_tree() {
	local tree="$1" message="$2" parents=()
	shift 2
	local parent
	for parent; do parents+=(-p "$parent"); done
	as_forge commit-tree -S -m "$message" "${parents[@]}" "$tree"
}

# branch NAME [FROM]: a new branch of the work tree, checked out
branch() {
	git -C "$T/clone" checkout -q -b "$1" "${2-main}"
}

on() {
	git -C "$T/clone" checkout -q "$1"
}

# theirs.txt on topic and ours.txt on main, both signed; main is checked out
two_sides() {
	branch topic
	put theirs.txt "theirs"
	commit -m "theirs"
	on main
	put ours.txt "ours"
	commit -m "ours"
}

# Moves main to a commit, and checks it out.
main_at() {
	local commit
	commit=$(git -C "$T/clone" rev-parse "$1")
	on main
	git -C "$T/clone" reset -q --hard "$commit"
}

short() {
	git -C "$T/clone" rev-parse --short=10 "$1"
}

tree_of() {
	git -C "$T/clone" rev-parse "$1^{tree}"
}

# forge_merges BRANCH: into what is checked out, as a forge merges
forge_merges() {
	as_forge merge -q --no-ff -S -m "Merge pull request #1 from $1" "$1"
}

# merged A B: the tree that merging them gives
merged() {
	git -C "$T/clone" merge-tree --write-tree "$1" "$2"
}

# tree_with TREE PATH TEXT [MODE]: that tree with one more file, in a private index
tree_with() {
	local blob
	blob=$(printf '%s\n' "$3" | git -C "$T/clone" hash-object -w --stdin)
	GIT_INDEX_FILE="$T/index" git -C "$T/clone" read-tree "$1"
	GIT_INDEX_FILE="$T/index" git -C "$T/clone" update-index --add --cacheinfo "${4-100644},$blob,$2"
	GIT_INDEX_FILE="$T/index" git -C "$T/clone" write-tree
}

# conflict [BRANCH]: both sides changed one line; main is checked out, and the merge begun
conflict() {
	branch "${1-topic}"
	sed -i 's/^5$/theirs/' "$T/clone/lines.txt"
	commit -m "theirs"
	on main
	sed -i 's/^5$/ours/' "$T/clone/lines.txt"
	commit -m "ours"
	as_forge merge -q --no-ff --no-commit "${1-topic}" >/dev/null 2>&1 || true
}

# gitlink NAME: a submodule "module" at some commit, named by a word
gitlink() {
	local id
	id=$(printf '%s' "$1" | git hash-object --stdin)
	mkdir -p "$T/clone/module"
	git -C "$T/clone" update-index --add --cacheinfo "160000,$id,module"
}

# merge_request NUMBER COMMIT: its head, as a forge keeps it
merge_request() {
	git -C "$T/clone" update-ref "refs/kept/$1" "$2"
	git --git-dir="$T/shop.git" fetch -q "$T/clone" "+refs/kept/$1:refs/pull/$1/head"
}

# says TEXT: as assert_says, over the ends of lines
says() {
	output=$(printf '%s' "$output" | sed -z 's/ *\nremote:     */ /g') assert_says "$1"
}

made_of() {
	says "made by the forge: $1"
}

made_of_source() {
	says "made by the forge of $1"
}

# squash COMMIT MESSAGE: onto main, as a forge squashes
squash() {
	main_at "$(forge_tree "$(merged main "$1")" "$2" main)"
}

# one.txt, two.txt and three.txt on topic, the head of merge request 7; a commit on main
three_sources() {
	branch topic
	for name in one two three; do
		put $name.txt "$name"
		commit -m "$name"
	done
	merge_request 7 topic
	on main
	put ours.txt "ours"
	commit -m "ours"
}

# rebase_one COMMIT: onto main, as a forge rebases: author and message stay
rebase_one() {
	as_forge cherry-pick -S "$1" >/dev/null
}

# rebase BRANCH: all that it has and main has not
rebase() {
	local commit
	for commit in $(git -C "$T/clone" rev-list --reverse "main..$1"); do rebase_one "$commit"; done
}

# Wherever git would look: drivers, filters and helpers that leave $T/was-run behind.
hostile() {
	local place key
	printf '#!/bin/sh\necho "$@" >>"%s"; tr "\\0" " " </proc/$PPID/cmdline >>"%s"\nexit 0\n' "$T/was-run" "$T/was-run" >"$T/run"
	chmod +x "$T/run"
	mkdir -p "$T/shop.git/info" "$T/shop.git/hooks" "$T/home/.config/git"
	for place in "$T/shop.git/config" "$T/home/.gitconfig" "$T/home/.config/git/config"; do
		for key in merge.evil.driver merge.default filter.evil.clean filter.evil.smudge filter.evil.process \
			diff.evil.textconv diff.evil.command diff.external; do
			git config -f "$place" "$key" "'$T/run' %A"
		done
	done
	printf '* merge=evil filter=evil diff=evil\n' | tee "$T/shop.git/info/attributes" >"$T/home/.config/git/attributes"
}
