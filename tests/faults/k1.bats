#!/usr/bin/env bats
# K1: the hook fails closed. Each row is one fault during a real `git push` of a commit that
# deserves to be accepted: the push must be refused, the ref must not move, nothing of the
# quarantine may stay. Its twin, the same push without the fault, must be accepted.

load ../e2e/helpers
load k1
PUSH=(push origin main)

# The scene is built once: a guarded repository, a clone with one good commit to push.
setup_file() {
	BATS_TEST_TMPDIR="$BATS_FILE_TMPDIR" begin
	export SCENE="$T" STARTED=$(date +%s)
	export GIT_TEMPLATE_DIR=
	make_guarded
	cat >>"$T/gitgate.yaml" <<-END
		  - name: small
		    files: {max-size: 1MiB}
		  - name: documents
		    schema: {}
	END
	put .gitgate.yaml "version: 1
rules:
  - name: app
    paths: [app.yaml]
    schema: {file: app.schema.json}"
	put app.schema.json '{"type": "object"}'
	commit -m "policy"
	git -C "$T/clone" push -q origin main
	rm -f "$T/shop.git/gitgate/facts"
	put app.yaml "replicas: 2"
	commit -m "good"
	cp -a "$T/shop.git" "$T/shop.clean"
	cp "$T/gitgate.yaml" "$T/floor.clean"
	# What the hook asks of the system when nothing is wrong: faults are placed by it.
	if strace -o /dev/null true 2>/dev/null && ! sanitized; then
		export TRACED=1
		wrap 'exec strace -qq -o "$SCENE/trace.clean" "$GATE"'
		git -C "$T/clone" push -q origin main
		restore
	fi
	: >"$SCENE/count"
}

@test "K1: system calls that fail" {
	[ -n "${TRACED-}" ] || skip "strace is missing or must not trace here"
	local name call pattern nth errors error
	while IFS='|' read -r name call pattern nth errors; do
		for error in ${errors//,/ }; do
			inject "$call" "$pattern" "$nth" "error=$error"
			refused "$name: $error"
			grep -q INJECTED "$SCENE/trace" || fail "$name: $error was not injected"
		done
	done <<-'END'
		standard input|read|^read\(0,|1|EIO,EBADF,EISDIR
		standard input, its end|read|^read\(0,|2|EIO
		working directory|getcwd|getcwd|1|ENOENT,EACCES
		repository's configuration|openat|shop.git/config"|1|EACCES,EIO,EMFILE,ENFILE,ENOMEM
		repository's configuration, second reading|openat|shop.git/config"|2|EACCES,EIO
		repository's configuration, anchor|openat|shop.git/config"|5|EIO
		repository's configuration, bytes|read|\[core\]|1|EIO
		repository's configuration, bytes again|read|\[core\]|4|EIO
		deadline's timer|setitimer|tv_sec=60|2|EINVAL
		deadline's handler|rt_sigaction|SIGALRM|1|EINVAL
		deadline's mask|rt_sigprocmask|UNBLOCK|1|EINVAL
		HEAD|openat|shop.git/HEAD"|2|EACCES,EIO,EMFILE
		HEAD, bytes|read|ref: refs|2|EIO
		branch|openat|refs/heads/main"|3|EACCES,EIO,EMFILE
		branch, bytes|read|^read.[1-9][0-9]*, "OLD|3|EIO
		floor|openat|gitgate.yaml"|1|EACCES,EIO,ENOENT,EMFILE,ENOMEM,ELOOP
		floor, bytes|read|principals:|1|EIO
		floor's further files|openat|repositories.d"|1|EACCES,EIO
		grafts|newfstatat|info/grafts"|1|EIO,EACCES
		shallow|newfstatat|/shallow"|1|EIO
		quarantine|newfstatat|tmp_objdir-incoming-[^/"]*"|1|EACCES,ENOENT
		new commit|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|1|EACCES,EIO,EMFILE
		new commit, read again|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|2|EIO
		new tree|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|5|EIO
		old commit|openat|shop.git/objects/[0-9a-f][0-9a-f]/|1|EACCES,EIO
		old commit, read again|openat|shop.git/objects/[0-9a-f][0-9a-f]/|2|EIO
		old object 3|openat|shop.git/objects/[0-9a-f][0-9a-f]/|3|EIO
		old object 4|openat|shop.git/objects/[0-9a-f][0-9a-f]/|4|EIO
		old object 5|openat|shop.git/objects/[0-9a-f][0-9a-f]/|5|EIO
		old object 6|openat|shop.git/objects/[0-9a-f][0-9a-f]/|6|EIO
		old object 7|openat|shop.git/objects/[0-9a-f][0-9a-f]/|7|EIO
		old object 8|openat|shop.git/objects/[0-9a-f][0-9a-f]/|8|EIO
		old object 9|openat|shop.git/objects/[0-9a-f][0-9a-f]/|9|EIO
		old object 10|openat|shop.git/objects/[0-9a-f][0-9a-f]/|10|EIO
		report|write|^write\(2,|1|EIO,EPIPE,ENOSPC,EBADF
	END
}

# Whoever starts the tests in the background has them ignore INT and QUIT: then these end nobody.
is_ignored() {
	local mask
	mask=$(awk '/^SigIgn/ {print $2}' /proc/self/status)
	(((16#${mask: -8} >> ($(kill -l "$1") - 1)) & 1))
}

@test "K1: signals" {
	[ -n "${TRACED-}" ] || skip "strace is missing or must not trace here"
	local signal
	for signal in KILL TERM ALRM INT HUP SEGV BUS XCPU PIPE QUIT; do
		! is_ignored "$signal" || continue
		inject openat 'tmp_objdir[^"]*/[0-9a-f][0-9a-f]/' 1 "signal=SIG$signal"
		refused "signal $signal"
	done
	inject read '^read\(0,' 1 signal=SIGKILL
	refused "killed while reading"
	inject write '^write\(2,' 1 signal=SIGKILL
	refused "killed while reporting"
}

@test "K1: what git says is pushed" {
	local name text
	while IFS='|' read -r name text; do
		text=${text//OLD/$BEFORE}
		text=${text//NEW/$NEW}
		wrap "printf '$text' | \"\$GATE\""
		refused "input: $name"
	done <<-'END'
		empty|
		only a line feed|\n
		no line feed at the end|OLD NEW refs/heads/main
		half a line|OLD NEW
		one id|OLD refs/heads/main\n
		garbage|\001\002\003\n
		a NUL byte|OLD NEW refs/heads/main\000\n
		a short id|1234567 NEW refs/heads/main\n
		an id too long|OLDaa NEW refs/heads/main\n
		capital digits|ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD NEW refs/heads/main\n
		no ref|OLD NEW \n
		not below refs|OLD NEW HEAD\n
		two blanks|OLD  NEW refs/heads/main\n
		a tab|OLD\tNEW\trefs/heads/main\n
		carriage return|OLD NEW refs/heads/main\r\n
		a fourth word|OLD NEW refs/heads/main x\n
		one ref twice|OLD NEW refs/heads/main\nOLD NEW refs/heads/main\n
		a second line that is broken|OLD NEW refs/heads/main\nx\n
		a commit that is not there|OLD 1111111111111111111111111111111111111111 refs/heads/main\n
		both ids zero|0000000000000000000000000000000000000000 0000000000000000000000000000000000000000 refs/heads/main\n
		SHA-256 ids|OLDOLDOLD NEW refs/heads/main\n
		a dangerous ref|OLD NEW refs/heads/../../config\n
	END
	wrap "\"\$GATE\" <&-"
	refused "input: closed"
	wrap "\"\$GATE\" <."
	refused "input: a directory"
	wrap "\"\$GATE\" </dev/null"
	refused "input: nothing"
	wrap "for ((i = 0; i < 10001; i++)); do echo \"$BEFORE $NEW refs/heads/b\$i\"; done | \"\$GATE\""
	refused "input: over git.refs_per_push"
	wrap "yes \"$BEFORE $NEW refs/heads/main\" | \"\$GATE\""
	refused "input: without end"
}

@test "K1: output" {
	wrap '"$GATE" 2>&-'
	refused "output: closed"
	wrap '"$GATE" 2>/dev/full'
	refused "output: full"
	wrap '"$GATE" 2> >(exec true); code=$?; exit $code'
	wrap 'exec 3>&2; "$GATE" 2> >(exec 2>&-; read -r -N 1 x; exec <&-; sleep 0.1) </dev/null'
	refused "output: nobody reads"
}

@test "K1: environment" {
	local name change
	while IFS='|' read -r name change; do
		wrap "$change; exec \"\$GATE\""
		refused "environment: $name"
	done <<-'END'
		the quarantine is elsewhere|export GIT_QUARANTINE_PATH=/tmp
		the quarantine is not there|export GIT_QUARANTINE_PATH=$PWD/objects/nothing
		the quarantine is not told|unset GIT_QUARANTINE_PATH
		the quarantine is not told at all|unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY
		the objects are elsewhere|export GIT_OBJECT_DIRECTORY=/tmp
		the objects are the repository's|export GIT_OBJECT_DIRECTORY=$PWD/objects
		the quarantine is the object directory|export GIT_QUARANTINE_PATH=$PWD/objects
		the quarantine is a link out|ln -s /tmp "$GIT_QUARANTINE_PATH/out"; export GIT_QUARANTINE_PATH="$GIT_QUARANTINE_PATH/out" GIT_OBJECT_DIRECTORY="$GIT_QUARANTINE_PATH/out"
		the repository is not there|export GIT_DIR=/nonexistent
		the repository is another directory|export GIT_DIR=/tmp
	END
}

@test "K1: configuration" {
	local name change
	while IFS='|' read -r name change; do
		(cd "$T" && eval "$change")
		refused "configuration: $name"
	done <<-'END'
		the floor is gone|rm gitgate.yaml
		the floor is a directory|rm gitgate.yaml; mkdir gitgate.yaml
		the floor is empty and the section too|: >gitgate.yaml; git --git-dir=shop.git config --remove-section gitgate
		the floor is no YAML|echo 'rules: [' >gitgate.yaml
		the floor has an unknown key in a rule|echo '    signature: {}' >>gitgate.yaml
		the floor names nobody|sed -i 's/by: .alice./by: [alicia]/' gitgate.yaml
		the floor's key is broken|sed -i 's/AAAA/AAAB/' gitgate.yaml
		the floor is over config.bytes|head -c 5000000 /dev/zero | tr '\0' '#' >>gitgate.yaml
		the floor holds a NUL|printf '\0' >>gitgate.yaml
		the floor never ends|git --git-dir=shop.git config gitgate.timeout 1; rm gitgate.yaml; mkfifo gitgate.yaml
		a further file of the floor is broken|mkdir repositories.d; echo 'x: [' >repositories.d/a.yaml
		no anchor|git --git-dir=shop.git config --unset-all gitgate.anchor
		an anchor that is no id|git --git-dir=shop.git config gitgate.anchor refs/heads/main=main
		an anchor that is not there|git --git-dir=shop.git config gitgate.anchor refs/heads/main=; true
		a glob that is broken|git --git-dir=shop.git config gitgate.protected '[a'
		a timeout of nothing|git --git-dir=shop.git config gitgate.timeout ''
		the floor's name is relative|git --git-dir=shop.git config gitgate.config gitgate.yaml
		grafts|mkdir -p shop.git/info; git -C clone rev-parse HEAD >shop.git/info/grafts
	END
	# On the protected side: put there by hand, as no push could.
	while IFS='|' read -r name change; do
		git clone -q "$T/shop.git" "$T/hand" 2>/dev/null
		(cd "$T/hand" && eval "$change" && git add -A && git commit -q -S -m "by hand")
		mv "$T/shop.git/hooks/pre-receive" "$T/shop.git/hooks/off"
		git -C "$T/hand" push -q origin main
		mv "$T/shop.git/hooks/off" "$T/shop.git/hooks/pre-receive"
		rm -rf "$T/hand"
		BEFORE=$(tip "$T/shop.git" main)
		run git -C "$T/clone" push -f origin main
		[ "$status" -ne 0 ] || fail "$name: accepted"
		assert_equal "$(tip "$T/shop.git" main)" "$BEFORE"
		assert_no_quarantine "$T/shop.git"
		gives_reason
		restore
		echo "$name" >>"$SCENE/count"
	done <<-'END'
		the policy is no YAML|echo 'rules: [' >.gitgate.yaml
		the policy is a link|rm .gitgate.yaml; ln -s /etc/passwd .gitgate.yaml
		the policy is a directory|rm .gitgate.yaml; mkdir .gitgate.yaml; touch .gitgate.yaml/x
		the policy's schema is gone|git rm -q app.schema.json
		the policy's schema is no schema|echo '{"type": 7}' >app.schema.json
		the policy is over policy.bytes|head -c 1100000 /dev/zero | tr '\0' '#' >>.gitgate.yaml
		the policy redefines the floor's rule|sed -i 's/name: app/name: small/' .gitgate.yaml
	END
}

@test "K1: objects" {
	local name change
	# In the quarantine, between git's own check and ours; Q is its directory.
	while IFS='|' read -r name change; do
		wrap "Q=\$GIT_QUARANTINE_PATH; C=\$Q/${NEW:0:2}/${NEW:2}; TREE=$(git -C "$T/clone" rev-parse HEAD^{tree})
			F=\$Q/\${TREE:0:2}/\${TREE:2}; chmod -R u+w \"\$Q\"; $change; exec \"\$GATE\""
		refused "object: $name"
	done <<-'END'
		commit gone|rm "$C"
		commit empty|: >"$C"
		commit cut|truncate -s 40 "$C"
		commit garbage|head -c 300 /dev/urandom >"$C"
		commit one byte other|printf 'X' | dd of="$C" bs=1 seek=60 conv=notrunc 2>/dev/null
		commit is another's|cp "$F" "$C"
		commit unreadable|rm "$C"; mkdir "$C"
		commit a pipe|rm "$C"; ln -s /nonexistent "$C"
		tree gone|rm "$F"
		tree empty|: >"$F"
		tree cut, which libgit2 reads for ever|git config gitgate.timeout 1; truncate -s 20 "$F"
		tree is a commit|cp "$C" "$F"
		everything gone|rm -rf "$Q"
		everything gone but the directory|rm -rf "$Q"/*
	END
	# The same with a pack.
	while IFS='|' read -r name change; do
		git --git-dir="$T/shop.git" config receive.unpackLimit 1
		wrap "P=\$(echo \"\$GIT_QUARANTINE_PATH\"/pack/*.pack); I=\${P%.pack}.idx; chmod u+w \"\$P\" \"\$I\"; $change; exec \"\$GATE\""
		refused "pack: $name"
	done <<-'END'
		gone|rm "$P"
		empty|: >"$P"
		cut|truncate -s 100 "$P"
		bytes other|printf 'XXXX' | dd of="$P" bs=1 seek=40 conv=notrunc 2>/dev/null
		header other|printf 'X' | dd of="$P" bs=1 seek=0 conv=notrunc 2>/dev/null
		index gone|rm "$I"
		index empty|: >"$I"
		index cut|truncate -s 500 "$I"
		index of other version|printf 'XXXX' | dd of="$I" bs=1 seek=0 conv=notrunc 2>/dev/null
	END
}

@test "K1: resources" {
	! sanitized || skip "sanitizers need terabytes of addresses"
	local name change
	while IFS='|' read -r name change; do
		wrap "$change; exec \"\$GATE\""
		refused "resource: $name"
	done <<-'END'
		3 descriptors|ulimit -n 3
		4 descriptors: only what is standard and one|ulimit -n 3; exec 3</dev/null
		little address space|ulimit -v 8000
		less address space|ulimit -v 6000
		hardly any stack|ulimit -s 16
		no library|export LD_LIBRARY_PATH=$PWD/lib; mkdir -p lib; : >lib/libgit2.so.1.5; : >lib/libgit2.so.1.7; : >lib/libgit2.so.1.9; : >lib/libcrypto.so.3
	END
	wrap 'GATE=/nonexistent/gitgate-pre-receive; exec "$GATE"'
	refused "resource: no program"
	wrap 'cp "$GATE" gate; truncate -s 5000 gate; exec ./gate'
	refused "resource: half a program"
}

@test "K1: the hook that was there before" {
	[ -n "${TRACED-}" ] || skip "strace is missing or must not trace here"
	local call what row
	chained() {
		printf '#!/bin/sh\nexit 0\n' >"$T/shop.git/hooks/pre-receive.gitgate-saved"
		chmod 755 "$T/shop.git/hooks/pre-receive.gitgate-saved"
	}
	for row in memfd_create:EMFILE memfd_create:ENOMEM dup2:EBADF execve:EACCES execve:ENOMEM; do
		call=${row%:*} what=${row#*:}
		chained
		wrap "exec strace -qq -o \"$SCENE/trace\" -e trace=$call -e inject=$call:error=$what:when=1 \"\$GATE\" \"\$0\""
		refused "chain: $call $what"
		grep INJECTED "$SCENE/trace" | grep -vq 'execve.*gitgate-pre-receive"' || fail "chain: $row was not injected"
	done
}

@test "K1: at least 60 fault points" {
	[ -n "${TRACED-}" ] || skip "strace is missing or must not trace here: fewer points"
	local points
	points=$(sort -u "$SCENE/count" | wc -l)
	echo "# $points fault points in $(($(date +%s) - STARTED)) s" >&3
	[ "$points" -ge 60 ] || fail "$points fault points"
}
