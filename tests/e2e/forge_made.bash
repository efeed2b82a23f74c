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
	seq 10 >"$T/work/lines.txt"
	put kept.txt "kept"
	commit -m "lines"
	git -C "$T/work" push -q origin main
}

# as_forge GIT-ARGUMENTS: in the work tree, by the forge's name and key
as_forge() {
	git -C "$T/work" -c user.name=Forge -c user.email=noreply@forge.example.org \
		-c user.signingKey="$T/keys/forge" -c advice.mergeConflict=false "$@"
}

# forge_commit [git commit's options]: what lies in the work tree
forge_commit() {
	git -C "$T/work" add -A
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
	git -C "$T/work" checkout -q -b "$1" "${2-main}"
}

on() {
	git -C "$T/work" checkout -q "$1"
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

# Moves main to a commit.
main_at() {
	git -C "$T/work" reset -q --hard "$1"
}
