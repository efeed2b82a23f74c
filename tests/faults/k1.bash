# tests/faults/k1.bash - what the files of fault points of the hook share. After helpers.bash; $SCENE is made by
# setup_file(): shop.clean and floor.clean as they were before the push of the clone's HEAD, and trace.clean, what the
# hook then asks of the system. PUSH are the words of that push.

setup() {
	BATS_TEST_TMPDIR="$BATS_FILE_TMPDIR"
	T="$SCENE"
	restore
	BEFORE=$(tip "$T/shop.git" main)
	NEW=$(git -C "$T/clone" rev-parse HEAD)
}

restore() {
	local main old=("$T/shop.git" "$T/gitgate.yaml" "$T/repositories.d")
	rm -rf "${old[@]}" 2>/dev/null || { chmod -R u+rwX "$T/shop.git" && rm -rf "${old[@]}"; }
	cp -a "$T/shop.clean" "$T/shop.git"
	cp "$T/floor.clean" "$T/gitgate.yaml"
	read -r main <"$T/shop.git/refs/heads/main"
	echo "$main" >"$T/clone/.git/refs/remotes/origin/main"
}

# wrap SCRIPT: the hook is this script, in which $GATE is our program
wrap() {
	rm -f "$T/shop.git/hooks/pre-receive"
	printf '#!/bin/bash\nGATE="%s"\n%s\n' "$GITGATE_BUILD/gitgate-pre-receive" "$1" >"$T/shop.git/hooks/pre-receive"
	chmod 755 "$T/shop.git/hooks/pre-receive"
}

# refused NAME: pushes; everything must be as before. Then the twin.
refused() {
	run git -C "$T/clone" "${PUSH[@]}"
	[ "$status" -ne 0 ] || fail "$1: the push was accepted"
	assert_equal "$(tip "$T/shop.git" main)" "$BEFORE"
	assert_no_quarantine "$T/shop.git"
	refute_object "$T/shop.git" "$NEW"
	restore
	run git -C "$T/clone" "${PUSH[@]}" -q
	[ "$status" -eq 0 ] || fail "$1: the twin without the fault was refused"
	restore
	echo "$1" >>"$SCENE/count"
}

# gives_reason: a refusal by the program itself is explained
gives_reason() {
	assert_says "gitgate"
}

# inject SYSCALL PATTERN NTH WHAT: WHAT (error=EIO, signal=SIGKILL) befalls the NTH call of
# SYSCALL whose line in the clean trace matches PATTERN
inject() {
	local when pattern="${2//OLD/${BEFORE:0:16}}"
	when=$(awk -v call="$1(" -v pattern="$pattern" -v nth="$3" '
		index($0, call) == 1 { n++; if ($0 ~ pattern && ++m == nth) { print n; exit } }' "$SCENE/trace.clean")
	[ -n "$when" ] || fail "no call $1 $2 $3 in the trace"
	wrap "exec strace -qq -o \"$SCENE/trace\" -e trace=$1,mkdir -e \"inject=$1:$4:when=$when\" \"\$GATE\""
}
