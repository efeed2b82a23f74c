#!/usr/bin/env bats
# gitgate init: hooks beside hooks that exist, settings, and taking it all away.

load helpers

setup() {
	begin
	make_key alice
	write_floor
	git init -q --bare "$T/shop.git"
}

# init [arguments]: on the repository, with the floor
init() {
	run gitgate init "$T/shop.git" --config "$T/gitgate.yaml" --socket none "$@"
}

setting() {
	git config --file "$T/shop.git/config" --get-all "$1"
}

clone_and_fill() {
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	put app.yaml "replicas: 1"
	commit
	git -C "$T/clone" push -q origin main
}

# hook NAME BODY: a hook of somebody else
hook() {
	printf '#!/bin/sh\n%s\n' "$2" >"$T/shop.git/hooks/$1"
	chmod 755 "$T/shop.git/hooks/$1"
}

@test "init: an empty repository is judged from the root" {
	init
	assert_equal "$status" 0
	assert_equal "$(setting gitgate.anchor)" "refs/heads/main=root"
	assert_equal "$(setting gitgate.name)" "shop"
	assert_equal "$(setting gitgate.config)" "$T/gitgate.yaml"
	assert_equal "$(setting receive.fsckObjects)" "true"
	assert_says "receive.fsckObjects"
	[ -x "$T/shop.git/hooks/pre-receive" ]
	[ -x "$T/shop.git/hooks/post-receive" ]
}

@test "init: a repository with a history needs to be told what is trusted" {
	clone_and_fill
	init
	assert_equal "$status" 1
	assert_says "gitgate init $T/shop.git --anchor HEAD"
	[ ! -e "$T/shop.git/hooks/pre-receive" ]
	assert_equal "$(setting gitgate.anchor)" ""
	init --anchor HEAD
	assert_equal "$status" 0
	assert_equal "$(setting gitgate.anchor)" "refs/heads/main=$(tip "$T/shop.git" main)"
}

@test "init: --from-root judges what is there" {
	clone_and_fill
	git -C "$T/clone" commit -q --allow-empty --no-gpg-sign -m "unsigned"
	git -C "$T/clone" push -q origin main
	init --from-root
	assert_equal "$status" 1
	assert_says "everything-is-signed"
	[ ! -e "$T/shop.git/hooks/pre-receive" ]
	git -C "$T/clone" commit -q --amend --allow-empty -S --no-edit
	git -C "$T/clone" push -q -f origin main
	init --from-root
	assert_equal "$status" 0
	assert_equal "$(setting gitgate.anchor)" "refs/heads/main=root"
	put app.yaml "replicas: 2"
	commit
	push origin main
	assert_accepted
}

@test "init: twice is once, and keeps what was set" {
	clone_and_fill
	init --anchor HEAD
	cp "$T/shop.git/config" "$T/before"
	cp -a "$T/shop.git/hooks" "$T/hooks-before"
	init
	assert_equal "$status" 0
	cmp "$T/before" "$T/shop.git/config"
	diff -r "$T/hooks-before" "$T/shop.git/hooks"
}

@test "init: --ref anchors other refs, and leaves the rest" {
	clone_and_fill
	init --anchor HEAD
	git -C "$T/clone" push -q "$T/shop.git" main:refs/heads/release 2>/dev/null
	init --anchor HEAD --ref refs/heads/release --ref=refs/heads/next
	assert_equal "$status" 0
	local id
	id=$(tip "$T/shop.git" main)
	assert_equal "$(setting gitgate.anchor | sort | tr '\n' ' ')" \
		"refs/heads/main=$id refs/heads/next=$id refs/heads/release=$id "
	init --from-root --ref refs/heads/next
	assert_equal "$(setting gitgate.anchor | grep next)" "refs/heads/next=root"
	init --anchor HEAD --ref next
	[ "$status" -ne 0 ]
}

@test "init: what is wrong is said and nothing is done" {
	clone_and_fill
	init --anchor nothing
	[ "$status" -ne 0 ]
	assert_says "nothing"
	init --anchor HEAD:app.yaml
	[ "$status" -ne 0 ]
	run gitgate init "$T/clone" --anchor HEAD
	[ "$status" -ne 0 ]
	assert_says "bare"
	run gitgate init "$T/nowhere.git"
	assert_equal "$status" 3
	run gitgate init
	assert_equal "$status" 2
	run gitgate init "$T/shop.git" "$T/clone"
	assert_equal "$status" 2
	init --anchor HEAD --from-root
	assert_equal "$status" 2
	init --ancor HEAD
	assert_equal "$status" 2
	assert_says "--anchor"
	run gitgate init "$T/shop.git" --anchor HEAD --config "$T/missing.yaml"
	assert_equal "$status" 3
	echo "rule: []" >"$T/broken.yaml"
	run gitgate init "$T/shop.git" --anchor HEAD --config "$T/broken.yaml"
	[ "$status" -ne 0 ]
	[ ! -e "$T/shop.git/hooks/pre-receive" ]
	assert_equal "$(setting gitgate.name)" ""
}

@test "init: an earlier hook runs after ours, with its own environment and input" {
	hook pre-receive 'env | sort >"$GIT_DIR/seen-environment"; cat >"$GIT_DIR/seen-input"; pwd >"$GIT_DIR/seen-directory"; echo "earlier hook speaks"'
	clone_and_fill
	cp "$T/shop.git/hooks/pre-receive" "$T/original"
	init --anchor HEAD
	assert_says "pre-receive.gitgate-saved"
	cmp "$T/original" "$T/shop.git/hooks/pre-receive.gitgate-saved"
	rm "$T/shop.git"/seen-*
	git --git-dir="$T/shop.git" config receive.advertisePushOptions true
	put app.yaml "replicas: 2"
	commit
	local old
	old=$(tip "$T/shop.git" main)
	run env MARK=kept GL_USER=carol git -C "$T/clone" push -o one=two origin main
	assert_accepted
	assert_says "earlier hook speaks"
	assert_equal "$(cat "$T/shop.git/seen-input")" "$old $(tip "$T/shop.git" main) refs/heads/main"
	assert_equal "$(cat "$T/shop.git/seen-directory")" "$T/shop.git"
	grep -qx MARK=kept "$T/shop.git/seen-environment"
	grep -qx GL_USER=carol "$T/shop.git/seen-environment"
	grep -q '^GIT_QUARANTINE_PATH=' "$T/shop.git/seen-environment"
	grep -qx 'GIT_PUSH_OPTION_0=one=two' "$T/shop.git/seen-environment"
	# What ours refuses the earlier one never sees.
	rm "$T/shop.git"/seen-*
	put app.yaml "replicas: 3"
	commit --no-gpg-sign
	push origin main
	assert_refused
	[ ! -e "$T/shop.git/seen-input" ]
}

@test "init: an earlier hook that refuses still refuses" {
	clone_and_fill
	hook pre-receive 'cat >/dev/null; echo "not today"; exit 3'
	init --anchor HEAD
	put app.yaml "replicas: 2"
	commit
	push origin main
	assert_refused
	assert_says "not today"
	hook pre-receive.gitgate-saved 'exit 0' # does not even read
	push origin main
	assert_accepted
}

@test "init: an earlier hook that cannot be run refuses, one that is switched off does not" {
	clone_and_fill
	hook pre-receive ''
	sed -i '1s,.*,#!/nonexistent/interpreter,' "$T/shop.git/hooks/pre-receive"
	init --anchor HEAD
	put app.yaml "replicas: 2"
	commit
	push origin main
	assert_refused
	chmod 644 "$T/shop.git/hooks/pre-receive.gitgate-saved"
	push origin main
	assert_accepted
}

@test "init: the earlier post-receive runs too" {
	hook post-receive 'cat >"$GIT_DIR/seen-after"'
	clone_and_fill
	rm "$T/shop.git/seen-after"
	init --anchor HEAD
	put app.yaml "replicas: 2"
	commit
	push origin main
	assert_accepted
	assert_equal "$(cut -d' ' -f3 "$T/shop.git/seen-after")" "refs/heads/main"
}

@test "init: a hook whose program is gone refuses" {
	clone_and_fill
	mkdir "$T/it's here"
	cp "$GITGATE_BUILD/gitgate" "$GITGATE_BUILD/gitgate-pre-receive" "$GITGATE_BUILD/gitgate-post-receive" "$T/it's here"
	"$T/it's here/gitgate" init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none
	put app.yaml "replicas: 2"
	commit
	mv "$T/it's here/gitgate-pre-receive" "$T/away"
	push origin main
	assert_refused
	mv "$T/away" "$T/it's here/gitgate-pre-receive"
	push origin main
	assert_accepted
}

@test "init: a kept hook is never overwritten" {
	hook pre-receive 'echo first'
	init
	rm "$T/shop.git/hooks/pre-receive"
	hook pre-receive 'echo second'
	init
	assert_equal "$status" 3
	assert_says "pre-receive.gitgate-saved"
	grep -q first "$T/shop.git/hooks/pre-receive.gitgate-saved"
	grep -q second "$T/shop.git/hooks/pre-receive"
}

@test "init: --remove restores what was there" {
	hook pre-receive 'echo first'
	hook update 'exit 0'
	cp -a "$T/shop.git/hooks" "$T/hooks-before"
	init
	[ -d "$T/shop.git/gitgate" ]
	run gitgate init --remove "$T/shop.git"
	assert_equal "$status" 0
	diff -r "$T/hooks-before" "$T/shop.git/hooks"
	[ ! -e "$T/shop.git/gitgate" ]
	assert_equal "$(setting gitgate.anchor)" ""
	# Twice is no harm, and other hooks are left alone.
	run gitgate init --remove "$T/shop.git"
	assert_equal "$status" 0
	diff -r "$T/hooks-before" "$T/shop.git/hooks"
}

@test "init: hooks that git would not run are not installed" {
	mkdir "$T/elsewhere"
	git --git-dir="$T/shop.git" config core.hooksPath "$T/elsewhere"
	init
	[ "$status" -ne 0 ]
	assert_says "core.hooksPath"
	[ ! -e "$T/elsewhere/pre-receive" ]
	git --git-dir="$T/shop.git" config --unset core.hooksPath
	git config --global core.hooksPath "$T/elsewhere"
	init
	[ "$status" -ne 0 ]
	assert_says "core.hooksPath"
	git config --global --unset core.hooksPath
	git --git-dir="$T/shop.git" config core.hooksPath "$T/shop.git/my hooks"
	init
	assert_equal "$status" 0
	[ -x "$T/shop.git/my hooks/pre-receive" ]
}

@test "init: a warning where there is no policy at all" {
	run gitgate init "$T/shop.git" --socket none
	assert_equal "$status" 0
	assert_says "no policy"
}

@test "init: the socket is kept for post-receive, whose failure delays and never refuses" {
	clone_and_fill
	run gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket "$T/service.sock"
	assert_equal "$(cat "$T/shop.git/gitgate/socket")" "$T/service.sock"
	put app.yaml "replicas: 2"
	commit
	push origin main
	assert_accepted
	assert_says "the deployment waits for the next poll"
	init
	put app.yaml "replicas: 3"
	commit
	push origin main
	assert_accepted
	refute_says "the deployment waits"
}

@test "init: post-receive tells the service what moved" {
	clone_and_fill
	run gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket "$T/service.sock"
	perl -MIO::Socket::UNIX -e '
		my ($path, $out) = @ARGV;
		my $s = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die $!;
		alarm 20;
		my $c = $s->accept or die $!;
		my $data = "";
		while ($data !~ /\r\n\r\n/) { $c->sysread($data, 65536, length $data) or die }
		my ($head, $body) = split /\r\n\r\n/, $data, 2;
		my ($length) = $head =~ /^content-length: *(\d+)/mi;
		while (length $body < $length) { $c->sysread($body, 65536, length $body) or die }
		open my $f, ">", $out or die $!;
		print $f $head =~ s/\r\n.*//sr, "\n", $body;
		close $f;
		$c->syswrite("HTTP/1.0 202 Accepted\r\nContent-Length: 2\r\n\r\n{}");
	' "$T/service.sock" "$T/request" 3>&- &
	local service=$!
	until [ -S "$T/service.sock" ]; do sleep 0.05; done
	put app.yaml "replicas: 2"
	commit
	local old
	old=$(tip "$T/shop.git" main)
	run env GL_USER=carol git -C "$T/clone" push origin main
	wait $service
	assert_accepted
	refute_says "the deployment waits"
	run cat "$T/request"
	assert_says "POST /api/v1/hints HTTP/1.0"
	assert_says "{\"path\":\"$T/shop.git\",\"refs\":[{\"ref\":\"refs/heads/main\",\"old\":\"$old\",\"new\":\"$(tip "$T/shop.git" main)\"}],\"pusher\":\"carol\"}"
}

@test "init: a SHA-256 repository is refused clearly" {
	git init -q --bare --object-format=sha256 "$T/sha256.git"
	run gitgate init "$T/sha256.git" --config "$T/gitgate.yaml" --socket none
	[ "$status" -ne 0 ]
	assert_says "uses another hash than SHA-1"
	[ ! -e "$T/sha256.git/hooks/pre-receive" ]
}
