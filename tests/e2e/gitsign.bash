# tests/e2e/gitsign.bash - gitsign and the Sigstore behind it for end-to-end tests, in
# $T/sigstore and $T/rekor; after helpers.bash.

REKOR=

# A Sigstore of our own, by which git signs from now on.
make_sigstore() {
	mkdir -p "$T/sigstore" "$T/rekor"
	"$GITGATE_BUILD/tests/e2e/gitsign_double" init "$T/sigstore"
	git config --global gpg.format x509
	git config --global gpg.x509.program "$T/sign"
	sign_as "$@"
}

# sign_as [KEY=VALUE...]: what git signs by from now on
sign_as() {
	local option
	{
		printf '#!/bin/sh\nexec "%s" sign "%s"' "$GITGATE_BUILD/tests/e2e/gitsign_double" "$T/sigstore"
		for option in "$@"; do
			printf " '%s'" "$option"
		done
		echo
	} >"$T/sign"
	chmod +x "$T/sign"
}

# told OBJECT [KEY=VALUE...]: the log knows of it from now on
told() {
	local object="$1"
	shift
	"$GITGATE_BUILD/tests/e2e/gitsign_double" tell "$T/sigstore" "$object" "$@" >"$T/told"
	mv "$T/told" "$T/rekor/$object.json"
}

# Where a Rekor will be: $ADDRESS.
choose_rekor() {
	command -v node >/dev/null || skip "needs node"
	REKOR_PORT=$(free_port)
	ADDRESS="http://127.0.0.1:$REKOR_PORT"
	mkdir -p "$T/rekor"
}

# A Rekor there, that answers with the entries in $T/rekor, in the mood of $T/rekor/mood.
start_rekor() {
	node "$GITGATE_SOURCE/tests/forge/rekor.mjs" "$T/rekor" "$REKOR_PORT" 3>&- >"$T/rekor.out" 2>&1 &
	REKOR=$!
	for _ in $(seq 100); do
		(exec 4<>"/dev/tcp/127.0.0.1/$REKOR_PORT") 2>/dev/null && return
		sleep 0.1
	done
	fail "no Rekor: $(cat "$T/rekor.out")"
}

# In teardown().
end_rekor() {
	[ -z "$REKOR" ] || { kill "$REKOR" && wait "$REKOR"; } 2>/dev/null || true
	REKOR=
}

# How many requests the log got.
asked() {
	[ ! -e "$T/rekor/log" ] || grep -c . "$T/rekor/log"
}
