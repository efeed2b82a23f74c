#!/usr/bin/env bats
# A push through gitolite's whole chain: gitolite-shell, our pre-receive, gitolite's
# update hook, our post-receive.

load helpers

GITOLITE_SHELL=/usr/share/gitolite3/gitolite-shell

setup() {
	command -v gitolite >/dev/null && [ -x "$GITOLITE_SHELL" ] || skip "gitolite3 is not installed"
	PLACE=place begin_shared # gitolite itself fails in a path with a blank
	make_key alice
	write_floor
	mkdir "$T/git"
	# As gitolite's own user: an account that exists and has no rights.
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/git"
		as_git() { as nobody "$T/git" "$@"; }
	else
		as_git() { env -i HOME="$T/git" PATH="$PATH" LC_ALL=C.UTF-8 "$@"; }
	fi
	cp "$T/keys/alice.pub" "$T/alice.pub"
	as_git gitolite setup -pk "$T/alice.pub" >"$T/setup.out" 2>&1
	REPO="$T/git/repositories/testing.git"
	# What sshd does with gitolite's authorized_keys: the command goes into a variable.
	cat >"$T/ssh" <<-END
		#!/bin/bash
		shift \$((\$# - 1))
		cd "$T/git" || exit 1
		set -- env -i HOME="$T/git" PATH="$PATH" LC_ALL=C.UTF-8 SSH_CONNECTION="127.0.0.1 9 127.0.0.1 22" \\
			SSH_ORIGINAL_COMMAND="\$1" "$GITOLITE_SHELL" alice
		[ "\$(id -u)" != 0 ] || set -- setpriv --reuid=nobody --regid="\$(id -g nobody)" --clear-groups "\$@"
		exec "\$@"
	END
	chmod 755 "$T/ssh"
	export GIT_SSH="$T/ssh" GIT_SSH_VARIANT=simple
	git init -q "$T/clone"
	git -C "$T/clone" remote add origin git@host:testing
}

teardown() {
	end
}

in_repository() {
	as_git git --git-dir="$REPO" "$@"
}

@test "gitolite: refused and accepted through its chain, as its user" {
	run gitgate init "$REPO" --config "$T/gitgate.yaml" --socket none
	assert_equal "$status" 0
	# All that was made belongs to the repository's owner, and gitolite's hook is untouched.
	assert_equal "$(find "$REPO" -not -user "$(stat -c %U "$REPO")")" ""
	[ -L "$REPO/hooks/update" ]
	put app.yaml "replicas: 1"
	commit --no-gpg-sign
	push origin main
	assert_says "everything-is-signed"
	[ "$status" -ne 0 ]
	run in_repository rev-parse -q --verify main
	[ "$status" -ne 0 ]
	git -C "$T/clone" commit -q --amend -S --no-edit
	push origin main
	assert_accepted
	run in_repository rev-parse main
	assert_equal "$output" "$(git -C "$T/clone" rev-parse HEAD)"
	# gitolite's own update hook had its say.
	grep -q "update.*testing.*alice.*refs/heads/main" "$T/git/.gitolite/logs"/*
}

@test "gitolite: what its rules refuse stays refused" {
	run gitgate init "$REPO" --config "$T/gitgate.yaml" --socket none
	put app.yaml "replicas: 1"
	commit
	# The user alice may not write to gitolite's own repository's other branches.
	as_git sh -c 'printf "repo testing\n    R = alice\n" >"$HOME/.gitolite/conf/gitolite.conf"; gitolite compile; gitolite trigger POST_COMPILE' >/dev/null 2>&1
	push origin main
	[ "$status" -ne 0 ]
	assert_says "DENIED"
}

@test "gitolite: an earlier pre-receive hook sees who pushes" {
	as_git sh -c "printf '#!/bin/sh\necho \"hello \$GL_USER of \$GL_REPO\"\n' >'$REPO/hooks/pre-receive'; chmod 755 '$REPO/hooks/pre-receive'"
	run gitgate init "$REPO" --config "$T/gitgate.yaml" --socket none
	put app.yaml "replicas: 1"
	commit
	push origin main
	assert_accepted
	assert_says "hello alice of testing"
}
