# tests/e2e/topologies.bash - shapes of history that hide one commit, for S3; after
# helpers.bash, in the work tree. Each is a function that builds on main and is told with
# which option of git commit the hidden one is made: --no-gpg-sign, or -S for its twin.

# one NAME [options]: a commit of its own file on the present branch
one() {
	echo "$1" >"$1.txt"
	git add -A
	git commit -q -m "$1" "${@:2}"
}

join() {
	git merge -q -S --no-ff --allow-unrelated-histories -m "merge $*" "$@"
}

# The hidden commit is remembered under a name that is not pushed.
mark() {
	git update-ref refs/tests/HIDDEN HEAD
	git symbolic-ref HIDDEN refs/tests/HIDDEN
}

deep() {
	one hidden "$1"
	mark
	one a -S
	one b -S
	one c -S
}

side() {
	git checkout -q -b side
	one hidden "$1"
	mark
	git checkout -q main
	one a -S
	join side
}

side_deep() {
	git checkout -q -b side
	one hidden "$1"
	mark
	one b -S
	git checkout -q main
	one a -S
	join side
	one c -S
}

octopus() {
	local branch
	for branch in x y z; do
		git checkout -q -b $branch main
		if [ $branch = z ]; then one hidden "$1" && mark; else one $branch -S; fi
	done
	git checkout -q main
	join x y z
}

other_root() {
	git checkout -q --orphan other
	one hidden "$1"
	mark
	one more -S
	git checkout -q main
	one a -S
	join other
}

new_branch() {
	git checkout -q -b feature
	one hidden "$1"
	mark
	one a -S
}

on_tag() {
	git checkout -q -b feature
	one hidden "$1"
	mark
	git tag -s -m "signed tag" v1
}

tag_of_tag() {
	git checkout -q -b feature
	one hidden "$1"
	mark
	git tag -s -m "inner" inner
	git tag -s -m "outer" outer inner
}

criss_cross() {
	git checkout -q -b left
	one l -S
	git checkout -q -b right main
	one hidden "$1"
	mark
	git checkout -q left
	join right
	git checkout -q right
	git reset -q --hard HIDDEN
	join left~1
	git checkout -q main
	join left
	join right
}

reverted() {
	one hidden "$1"
	mark
	git revert --no-edit -S HEAD >/dev/null
}

ours() {
	git checkout -q -b side
	one hidden "$1"
	mark
	git checkout -q main
	git merge -q -S -s ours -m "ours" side
}

empty() {
	git commit -q --allow-empty -m "empty" "$1"
	mark
	one a -S
}

two_refs() {
	one a -S
	git checkout -q -b second
	one hidden "$1"
	mark
	one b -S
}

forced() {
	git checkout -q -B main "$(git commit-tree -S -m "new root" HEAD^{tree})"
	one hidden "$1"
	mark
	one a -S
}
