#!/usr/bin/env bats
# K1 where signatures, imports, merges and signed pushes are judged: the hook fails closed.
# One push that deserves to be accepted goes through all of it; each row is one fault on its
# way, and its twin the same push without (k1.bats, k1.bash).
#
# The push is signed. It brings a merge that the forge made and signed, of a commit that
# Alice signed and of one that she signed by gitsign, whose proof was stored before; that one
# touches a path with a rule of its own. The floor names files of every kind: keys, allowed
# signers, lists of revoked keys, authorities, a root of Sigstore.

load ../e2e/helpers
load ../e2e/forge_made
load k1
. "$BATS_TEST_DIRNAME/../ports.bash"
PUSH=(push --signed origin main)

# The floor with everything; the files it names.
write_whole_floor() {
	make_key carol
	make_key mallory
	echo "carol@example.org $(cut -d' ' -f1,2 "$T/keys/carol.pub")" >"$T/keys/signers"
	ssh-keygen -q -k -f "$T/keys/revoked.krl" "$T/keys/mallory.pub"
	echo "ssh:$(ssh-keygen -lf "$T/keys/mallory.pub" | cut -d' ' -f2)" | cut -d: -f2- >"$T/keys/revoked-keys"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/keys/root.key" -out "$T/keys/root.pem" -subj /CN=Root \
		-addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
	local rule="by: [alice], forge-merges: recompute, forge-keys: [forge]"
	cat >"$T/gitgate.yaml" <<-END
		principals:
		  alice:
		    email: [alice@example.org]
		    ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]
		    sigstore: {issuer: "https://issuer.example.org", subject: "alice@example.org"}
		  carol: {email: [carol@example.org]}
		  forge:
		    email: [noreply@forge.example.org]
		    ssh: ["$(cut -d' ' -f1,2 "$T/keys/forge.pub")"]
		${BOB-}
		allowed-signers: keys/signers
		revoked-keys-file: keys/revoked-keys
		revoked: {krl: keys/revoked.krl}
		authorities: keys/root.pem
		sigstore: {trusted-root: sigstore/trusted_root.json}
		rules:
		  - {name: signed, signatures: {$rule}}
		  - {name: deployed, paths: ["deploy/**"], signatures: {$rule}}
		  - {name: pushes, push: {by: [alice], slop: 600}}
	END
}

# A key of OpenPGP, which the hook has compiled by a child; without gpg there is none.
make_bob() {
	command -v gpg >/dev/null || return 0
	local home
	home=$(mktemp -d "${TMPDIR:-/tmp}/gg.XXXXXX")
	gpg --homedir "$home" --batch --quiet --no-tty --pinentry-mode loopback --passphrase '' \
		--quick-gen-key "Bob <bob@example.org>" ed25519 sign,cert never 2>/dev/null
	gpg --homedir "$home" --batch --export --armor bob@example.org >"$T/keys/bob.asc"
	gpgconf --homedir "$home" --kill all 2>/dev/null || true
	rm -rf "$home"
	export BOB="  bob: {openpgp: [keys/bob.asc]}"
}

# gitsign_by CONFIG...: signs by our Sigstore; the log is asked for its entry, which is stored
commit_by_gitsign() {
	local port commit rekor
	printf '#!/bin/sh\nexec "%s" sign "%s" online\n' "$GITGATE_BUILD/tests/e2e/gitsign_double" "$T/sigstore" >"$T/sign"
	chmod +x "$T/sign"
	git -C "$T/clone" add -A
	git -C "$T/clone" -c gpg.format=x509 -c "gpg.x509.program=$T/sign" commit -q -S -m "theirs"
	commit=$(git -C "$T/clone" rev-parse HEAD)
	mkdir "$T/rekor"
	port=$(free_port)
	node "$GITGATE_SOURCE/tests/forge/rekor.mjs" "$T/rekor" "$port" 3>&- >"$T/rekor.out" 2>&1 &
	rekor=$!
	for _ in $(seq 100); do
		(exec 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
		sleep 0.1
	done
	"$GITGATE_BUILD/tests/e2e/gitsign_double" tell "$T/sigstore" "$commit" >"$T/rekor/$commit.json"
	# The object is not in the repository yet: what is stored is put there from here.
	gitgate trust proof --rekor "http://127.0.0.1:$port" --git-dir "$T/clone/.git" "$commit" >/dev/null
	kill "$rekor"
	wait "$rekor" || true
	mkdir -p "$T/shop.git/gitgate-proofs"
	cp "$T/clone/.git/gitgate-proofs/$commit" "$T/shop.git/gitgate-proofs/$commit"
	echo "$commit" >"$T/signed-by-gitsign"
}

setup_file() {
	command -v node >/dev/null || skip "needs node"
	BATS_TEST_TMPDIR="$BATS_FILE_TMPDIR" begin
	export SCENE="$T" STARTED=$(date +%s)
	export GIT_TEMPLATE_DIR=
	unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE
	make_forge_guarded
	mkdir "$T/sigstore"
	"$GITGATE_BUILD/tests/e2e/gitsign_double" init "$T/sigstore"
	make_bob
	write_whole_floor
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >"$T/init.out"
	branch topic
	put deploy/app.yaml "replicas: 2"
	commit_by_gitsign
	on main
	put ours.txt "ours"
	commit -m "ours"
	as_forge merge -q --no-ff -S -m "Merge pull request #1" topic
	rm -rf "$T/shop.git/gitgate/facts" "$T/shop.git/gitgate/openpgp"
	cp -a "$T/shop.git" "$T/shop.clean"
	cp "$T/gitgate.yaml" "$T/floor.clean"
	if strace -o /dev/null true 2>/dev/null && ! sanitized; then
		export TRACED=1
		wrap 'exec strace -qq -o "$SCENE/trace.clean" "$GATE"'
	fi
	run git -C "$T/clone" "${PUSH[@]}"
	[ "$status" -eq 0 ] || fail "the scene is refused"
	restore
	: >"$SCENE/count"
}

# What a child answers comes in pieces that differ: behind the first one reads are counted by their file.
@test "K1 signatures: files that cannot be opened or read" {
	[ -n "${TRACED-}" ] || skip "strace is missing or must not trace here"
	local file error
	for file in keys/revoked-keys keys/signers keys/root.pem keys/revoked.krl sigstore/trusted_root.json keys/bob.asc \
		shop.git/gitgate/push "shop.git/gitgate-proofs/$(cat "$SCENE/signed-by-gitsign")"; do
		[ -e "$T/$file" ] || continue
		for error in openat:EACCES openat:EIO openat:EMFILE read:EIO; do
			wrap "exec strace -qq -o \"$SCENE/trace\" -P \"$T/$file\" -e \"inject=${error%:*}:error=${error#*:}:when=1\" \"\$GATE\""
			refused "${file%/*}/${file##*[0-9a-f]/}: $error"
			grep -q INJECTED "$SCENE/trace" || fail "$file: $error was not injected"
		done
	done
}

@test "K1 signatures: system calls that fail" {
	[ -n "${TRACED-}" ] || skip "strace is missing or must not trace here"
	local name call pattern nth errors error
	while IFS='|' read -r name call pattern nth errors; do
		# Of the children the first one compiles Bob's key.
		[[ -n "${BOB-}" || "$name" != @(OpenPGP*|*child|*pipe) ]] || continue
		for error in ${errors//,/ }; do
			inject "$call" "$pattern" "$nth" "error=$error"
			refused "$name: $error"
			grep -q INJECTED "$SCENE/trace" || fail "$name: $error was not injected"
		done
	done <<-'END'
		OpenPGP key, its compiler|clone|clone|1|EAGAIN,ENOMEM
		OpenPGP key, the compiler's pipe|pipe2|pipe2|1|EMFILE
		new object 1|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|1|EACCES,EIO
		new object 2|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|2|EIO
		new object 3|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|3|EIO
		new object 4|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|4|EIO
		new object 5|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|5|EIO
		new object 6|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|6|EIO
		new object 7|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|7|EIO
		new object 8|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|8|EIO
		new object 9|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|9|EIO
		new object 10|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|10|EIO
		new object 11|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|11|EIO
		new object 12|openat|tmp_objdir[^"]*/[0-9a-f][0-9a-f]/|12|EIO
		place of merges|mkdir|gitgate-merging|1|EACCES,ENOSPC
		place of merges, its lock|openat|gitgate-merging-[^/"]*"|1|EACCES,EMFILE
		place of merges, repository|mkdir|gitgate-merging|2|ENOSPC
		place of merges, refs|mkdir|gitgate-merging|3|ENOSPC
		place of merges, objects|mkdir|gitgate-merging|4|ENOSPC
		place of merges, HEAD|openat|gitgate-merging[^"]*HEAD"|1|EIO,EMFILE
		place of merges, configuration|openat|gitgate-merging[^"]*config"|1|EIO
		place of merges, alternates|openat|gitgate-merging[^"]*alternates"|1|EIO
		merge, its input|memfd_create|"input"|1|EMFILE,ENOMEM
		merge, its pipe|pipe2|pipe2|4|EMFILE
		merge, its child|clone|clone|2|EAGAIN,ENOMEM
	END
}

# Who is killed leaves the place of its merges: the system's, not the scene's.
sweep() {
	sed -n 's#^mkdir("\(/tmp/gitgate-merging-[A-Za-z0-9]*\)".*#\1#p' "$SCENE/trace" | xargs -r rm -rf
}

@test "K1 signatures: signals" {
	[ -n "${TRACED-}" ] || skip "strace is missing or must not trace here"
	local nth
	for nth in 1 ${BOB+2}; do
		inject clone clone "$nth" signal=SIGKILL
		refused "killed at child $nth"
		sweep
		inject poll poll "$nth" signal=SIGKILL
		refused "killed while child $nth works"
		sweep
	done
	inject openat trusted_root.json 1 signal=SIGSEGV
	refused "crashed at the root of Sigstore"
}

@test "K1 signatures: files of trust" {
	local name change proof
	proof="shop.git/gitgate-proofs/$(cat "$SCENE/signed-by-gitsign")"
	while IFS='|' read -r name change; do
		[[ -n "${BOB-}" || "$name" != OpenPGP* ]] || continue
		rm -rf "$T/keys.whole" "$T/sigstore.whole"
		cp -a "$T/keys" "$T/keys.whole"
		cp -a "$T/sigstore" "$T/sigstore.whole"
		(cd "$T" && P="$proof" && eval "$change")
		run git -C "$T/clone" "${PUSH[@]}"
		rm -rf "$T/keys" "$T/sigstore"
		mv "$T/keys.whole" "$T/keys"
		mv "$T/sigstore.whole" "$T/sigstore"
		[ "$status" -ne 0 ] || fail "$name: accepted"
		gives_reason
		assert_equal "$(tip "$T/shop.git" main)" "$BEFORE"
		assert_no_quarantine "$T/shop.git"
		restore
		echo "file: $name" >>"$SCENE/count"
	done <<-'END'
		OpenPGP key gone|rm keys/bob.asc
		OpenPGP key empty|: >keys/bob.asc
		OpenPGP key cut|truncate -s 100 keys/bob.asc
		OpenPGP key a directory|rm keys/bob.asc; mkdir keys/bob.asc
		OpenPGP key over its limit|head -c 20000000 /dev/zero >keys/bob.asc
		allowed signers gone|rm keys/signers
		allowed signers garbage|head -c 300 /dev/urandom >keys/signers
		allowed signers cut|truncate -s 60 keys/signers
		allowed signers with a key of somebody else's|cp keys/signers x; sed "s/carol/alice/" x >>keys/signers
		allowed signers a directory|rm keys/signers; mkdir keys/signers
		revoked keys gone|rm keys/revoked-keys
		revoked keys garbage|echo nonsense >keys/revoked-keys
		revocation list gone|rm keys/revoked.krl
		revocation list empty|: >keys/revoked.krl
		revocation list cut|truncate -s 60 keys/revoked.krl
		revocation list of another version|printf '\002' | dd of=keys/revoked.krl bs=1 seek=11 conv=notrunc 2>/dev/null
		authorities gone|rm keys/root.pem
		authorities empty|: >keys/root.pem
		authorities cut|truncate -s 300 keys/root.pem
		root of Sigstore gone|rm sigstore/trusted_root.json
		root of Sigstore empty|: >sigstore/trusted_root.json
		root of Sigstore cut|truncate -s 900 sigstore/trusted_root.json
		root of Sigstore without logs|sed -i 's/"tlogs"/"logs"/' sigstore/trusted_root.json
		stored proof gone|rm "$P"
		stored proof empty|: >"$P"
		stored proof cut|truncate -s 700 "$P"
		stored proof garbage|head -c 2000 /dev/urandom >"$P"
		stored proof one byte other|printf 'X' | dd of="$P" bs=1 seek=900 conv=notrunc 2>/dev/null
		stored proof a directory|rm "$P"; mkdir "$P"
		stored proof over its limit|head -c 20000000 /dev/zero >"$P"
		stored proofs unreadable|rm -r shop.git/gitgate-proofs; : >shop.git/gitgate-proofs
	END
}

# A program beside another compiler of OpenPGP keys.
@test "K1 signatures: the compiler of keys" {
	[ -n "${BOB-}" ] || skip "gpg is not installed"
	! sanitized || skip "the sanitizer wants its libraries"
	local name script
	while IFS='|' read -r name script; do
		wrap "mkdir -p b; cp \"\$GATE\" b/gitgate-pre-receive; printf '#!/bin/sh\n%s\n' '$script' >b/gitgate-trust-compile
			chmod 755 b/gitgate-trust-compile; git config gitgate.timeout 5; exec b/gitgate-pre-receive"
		refused "compiler: $name"
	done <<-'END'
		fails|exit 1
		says nothing|exit 0
		says garbage|cat /dev/null; echo nonsense
		says half|printf gitgate-openpgp-2; exit 0
		is killed|kill -9 $$
		never ends|exec sleep 1000
		says too much|exec yes
	END
	wrap 'mkdir -p b; cp "$GATE" b/gitgate-pre-receive; : >b/gitgate-trust-compile; exec b/gitgate-pre-receive'
	refused "compiler: no program"
}

@test "K1 signatures: what git says of the certificate of a push" {
	local name change
	while IFS='|' read -r name change; do
		wrap "$change; exec \"\$GATE\""
		refused "certificate: $name"
	done <<-'END'
		not told|unset GIT_PUSH_CERT
		empty|export GIT_PUSH_CERT=
		not there|export GIT_PUSH_CERT=1111111111111111111111111111111111111111
		a short id|export GIT_PUSH_CERT=${GIT_PUSH_CERT:0:10}
		another object|export GIT_PUSH_CERT=$(git rev-parse HEAD)
		gone|find objects -path "*/${GIT_PUSH_CERT:0:2}/${GIT_PUSH_CERT:2}" -delete
		nonce not judged|unset GIT_PUSH_CERT_NONCE_STATUS
		nonce bad|export GIT_PUSH_CERT_NONCE_STATUS=BAD
		nonce missing|export GIT_PUSH_CERT_NONCE_STATUS=MISSING
		nonce of no known state|export GIT_PUSH_CERT_NONCE_STATUS=FINE
		another nonce|export GIT_PUSH_CERT_NONCE=1-0000
		no nonce|unset GIT_PUSH_CERT_NONCE
	END
}

@test "K1 signatures: at least 100 fault points" {
	[ -n "${TRACED-}" ] || skip "strace is missing or must not trace here: fewer points"
	local points
	points=$(sort -u "$SCENE/count" | wc -l)
	echo "# $points fault points in $(($(date +%s) - STARTED)) s" >&3
	[ -z "${BOB-}" ] || [ "$points" -ge 100 ] || fail "$points fault points"
}
