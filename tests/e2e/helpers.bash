# tests/e2e/helpers.bash - what every end-to-end test begins with: gitgate's programs, a
# private directory, git that knows nothing of the user who runs the tests, keys.

GITGATE_SOURCE="${GITGATE_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
GITGATE_BUILD="${GITGATE_BUILD:-$GITGATE_SOURCE}"
export GITGATE_SOURCE GITGATE_BUILD
PATH="$GITGATE_BUILD:$PATH"
umask 022

# In setup(): $T is a fresh directory; HOME, git's configuration and the keys lie in it.
# Its name has a blank, so that every path must be quoted (PLACE says another).
begin() {
	T="$BATS_TEST_TMPDIR/${PLACE-a place}"
	mkdir -p "$T/home" "$T/keys"
	chmod 755 "$BATS_TEST_TMPDIR" "$T"
	local name
	for name in $(env | sed -n 's/^\(GIT_[A-Z_]*\|GL_[A-Z]*\|SSH_[A-Z_]*\|REMOTE_USER\)=.*/\1/p'); do
		unset "$name"
	done
	export T HOME="$T/home" LC_ALL=C.UTF-8 GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL="$T/home/.gitconfig"
	export GIT_AUTHOR_DATE='2026-01-02T03:04:05Z' GIT_COMMITTER_DATE='2026-01-02T03:04:05Z'
	cat >"$GIT_CONFIG_GLOBAL" <<-END
		[user]
			name = Alice
			email = alice@example.org
			signingKey = $T/keys/alice
		[gpg]
			format = ssh
		[init]
			defaultBranch = main
		[advice]
			detachedHead = false
		[protocol "file"]
			allow = always
		[core]
			fsync = none
		[gc]
			auto = 0
		[receive]
			autogc = false
	END
	cd "$T"
}

# begin_with COMMAND...: begin, and what the command makes in $T. A file's first test makes it, the others get a copy
# in the same place; variables that it sets do not come along.
begin_with() {
	local place="$BATS_FILE_TMPDIR/each" made="$BATS_FILE_TMPDIR/made"
	rm -rf "$place" 2>/dev/null || { chmod -R u+rwX "$place" && rm -rf "$place"; }
	[ ! -e "$made" ] || cp -a "$made" "$place"
	mkdir -p "$place"
	BATS_TEST_TMPDIR="$place" begin
	[ ! -e "$made" ] || return 0
	"$@"
	find "$place" -path '*/hooks/*.sample' -delete # git's, of no use and half of the files
	cp -a "$place" "$made.new"
	mv "$made.new" "$made"
}

# In setup() instead of begin, for tests with other users: $T can be reached by everybody,
# the programs lie in $T/bin (the build directory may be private). end() in teardown().
begin_shared() {
	local shared
	shared=$(mktemp -d "${TMPDIR:-/tmp}/gitgate-test.XXXXXX")
	chmod 755 "$shared"
	BATS_TEST_TMPDIR="$shared" begin
	SHARED="$shared"
	mkdir "$T/bin"
	cp "$GITGATE_BUILD/gitgate" "$GITGATE_BUILD/gitgate-pre-receive" "$GITGATE_BUILD/gitgate-post-receive" \
		"$GITGATE_BUILD/gitgate-trust-compile" "$T/bin"
	PATH="$T/bin:$PATH"
}

end() {
	[ -z "${SHARED-}" ] || rm -rf "$SHARED"
}

# as USER HOME COMMAND...: with that user's rights and nothing of our environment
as() {
	local user="$1" home="$2"
	shift 2
	setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups --no-new-privs \
		env -i HOME="$home" PATH="$PATH" LC_ALL=C.UTF-8 "$@"
}

# make_key NAME [TYPE]: $T/keys/NAME and its .pub
make_key() {
	ssh-keygen -q -t "${2:-ed25519}" -N '' -C "$1" -f "$T/keys/$1"
}

# The server's floor: Alice signs everything on every ref.
write_floor() {
	cat >"$T/gitgate.yaml" <<-END
		principals:
		  alice:
		    email: [alice@example.org]
		    ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]
		rules:
		  - name: everything-is-signed
		    signatures: {by: [alice]}
	END
}

# commit [git commit's options]: in $T/clone, an empty message is none; signed unless --no-gpg-sign
commit() {
	git -C "$T/clone" add -A
	git -C "$T/clone" commit -q --allow-empty -S -m "a change" "$@"
}

# put PATH TEXT: a file in the work tree
put() {
	mkdir -p "$(dirname "$T/clone/$1")"
	printf '%s\n' "$2" >"$T/clone/$1"
}

# $T/shop.git: bare, with one signed commit on main up to which it trusts; $T/clone: a
# clone. The hooks are installed with the floor.
make_guarded() {
	make_key alice
	write_floor
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	put app.yaml "replicas: 1"
	commit -m "begin"
	git -C "$T/clone" push -q origin main
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >"$T/init.out"
}

# tip REPOSITORY REF: its id, or nothing
tip() {
	git --git-dir="$1" rev-parse -q --verify "$2" || true
}

# push [arguments]: sets $status and $output; from $T/clone to its origin
push() {
	run git -C "$T/clone" push "$@"
}

# Whether the programs were built with the address sanitizer.
sanitized() {
	grep -qa __asan_init "$GITGATE_BUILD/gitgate-pre-receive"
}

# What was said, for the log of a failed test.
fail() {
	echo "$*"
	echo "status: ${status-}"
	echo "${output-}"
	return 1
}

assert_refused() {
	[ "$status" -ne 0 ] || fail "the push was accepted"
	case "$output" in *"died of signal"* | *"the hook crashed"*) fail "the hook crashed" ;; esac
	case "$output" in *"pre-receive hook declined"*) ;; *) fail "the hook did not refuse it" ;; esac
	assert_no_quarantine "$T/shop.git"
}

assert_accepted() {
	[ "$status" -eq 0 ] || fail "the push was refused"
}

# Where lines are broken depends on how long the path of the test's place is.
assert_says() {
	case "$output $(flat)" in *"$1"*) ;; *) fail "missing: $1" ;; esac
}

# The same whatever lines it was broken into.
assert_tells() {
	case "$(flat)" in *"$1"*) ;; *) fail "missing: $1" ;; esac
}

flat() {
	printf '%s\n' "$output" | sed 's/^remote: *//; s/ *$//' | tr -s '\n ' ' '
}

refute_says() {
	case "$output" in *"$1"*) fail "not expected: $1" ;; esac
}

assert_equal() {
	[ "$1" = "$2" ] || fail "'$1' is not '$2'"
}

# Nothing of a refused push is left behind.
assert_no_quarantine() {
	local left
	left=$(find "$1/objects" -name 'tmp_objdir*' -o -name 'incoming-*' -o -name 'tmp_pack*')
	[ -z "$left" ] || fail "left behind: $left"
}

refute_object() {
	! git --git-dir="$1" cat-file -e "$2" 2>/dev/null || fail "object $2 is in $1"
}
