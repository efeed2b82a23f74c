#!/usr/bin/env bats
# When a signature counts: judged at the time of receipt and at every time that it claims,
# alike by the hook, by `gitgate check` and by the service. All times are relative to now.

load helpers
load service

H=3600
D=86400

setup() {
	command -v gpg >/dev/null || skip "gpg is not installed"
	PLACE=place begin
	export GNUPGHOME="$T/gnupg"
	mkdir -m 700 "$GNUPGHOME"
	echo no-auto-check-trustdb >"$GNUPGHOME/gpg.conf"
	NOW=$(date +%s)
	make_key alice
	PEOPLE=""
	ROWS=()
}

teardown() {
	[ ! -d "${GNUPGHOME-}" ] || gpgconf --kill all 2>/dev/null || true
	end_service
	end
}

# at OFFSET: a time as policies write it
at() {
	date -u -d "@$((NOW + $1))" +%Y-%m-%dT%H:%M:%SZ
}

line() {
	cut -d' ' -f1,2 "$T/keys/$1.pub"
}

# --- situations: each is a person of its own, who signs one commit on a branch of that name ---

# person NAME WHAT: in the policy
person() {
	PEOPLE+="  $1: {email: [$1@example.org], $2}"$'\n'
}

# signed NAME EXPECTED CLAIMED [git options]: the commit; EXPECTED is "yes" or part of the reason
signed() {
	local name="$1" expected="$2" claimed=$((NOW + $3)) id
	shift 3
	[ "$claimed" -ge 0 ] || claimed=0
	id=$(GIT_AUTHOR_DATE="@$claimed +0000" GIT_COMMITTER_DATE="@$claimed +0000" \
		git -C "$T/clone" -c user.name="$name" -c user.email="$name@example.org" "$@" \
		commit-tree -S -p main -m "$name" 'main^{tree}')
	git -C "$T/clone" branch "$name" "$id"
	ROWS+=("$name|$expected")
}

# ssh NAME EXPECTED CLAIMED [BOUNDS [PERSON'S BOUNDS]]: by a key of its own
ssh_row() {
	local name="$1"
	make_key "$name"
	person "$name" "ssh: [{key: $(line "$name")${4:+, $4}}]${5:+, $5}"
	signed "$name" "$2" "$3" -c gpg.format=ssh -c "user.signingKey=$T/keys/$name"
}

# certificate NAME EXPECTED CLAIMED FROM UNTIL [CA's BOUNDS]: by a certificate of a CA of its own
certificate_row() {
	local name="$1"
	make_key "$name"
	make_key "$name-ca"
	TZ=UTC ssh-keygen -q -s "$T/keys/$name-ca" -I "$name" -n "$name" \
		-V "$(date -u -d "@$((NOW + $4))" +%Y%m%d%H%M%S):$(date -u -d "@$((NOW + $5))" +%Y%m%d%H%M%S)" "$T/keys/$name.pub"
	person "$name" "ssh-ca: [{key: $(line "$name-ca"), principals: [$name]${6:+, $6}}]"
	signed "$name" "$2" "$3" -c gpg.format=ssh -c "user.signingKey=$T/keys/$name-cert.pub"
}

# A gpg whose clock shows another time.
gpg_at() {
	printf '#!/bin/sh\nexec gpg --batch --no-tty --pinentry-mode loopback --passphrase "" --faked-system-time %s %s "$@"\n' \
		"$((NOW + $1))" "${2-}" >"$T/gpg$1"
	chmod +x "$T/gpg$1"
}

# openpgp_row NAME EXPECTED CLAIMED MADE LIFE SIGNED [BOUNDS [gpg's options [answers to --gen-revoke, when]]]
openpgp_row() {
	local name="$1"
	gpg_at "$4"
	"$T/gpg$4" --quick-generate-key "$name <$name@example.org>" ed25519 sign "$5" 2>>"$T/gpg.log"
	gpg_at "$6" "${8-}"
	signed "$name" "$2" "$3" -c gpg.format=openpgp -c "gpg.program=$T/gpg$6" -c "user.signingKey=$name@example.org"
	if [ -n "${9-}" ]; then
		printf '%b' "$9" | gpg --no-tty --pinentry-mode loopback --passphrase '' --faked-system-time "$((NOW + ${10}))" \
			--command-fd 0 --gen-revoke "$name@example.org" >"$T/revocation" 2>>"$T/gpg.log"
		gpg --batch --quiet --import "$T/revocation" 2>>"$T/gpg.log"
	fi
	gpg --batch --export --armor "$name@example.org" >"$T/$name.asc"
	person "$name" "openpgp: [{key: $name.asc${7:+, $7}}]"
}

# x509_row NAME EXPECTED CLAIMED FROM UNTIL [PERSON'S BOUNDS]
x509_row() {
	local name="$1"
	x509 "$name" "$4" "$5" leaf -cert "$T/root.pem"
	printf '#!/bin/sh\nopenssl cms -sign -binary -outform PEM -signer %s -inkey %s -md sha256 | sed "s/ CMS/ SIGNED MESSAGE/"\necho "[GNUPG:] SIG_CREATED " >&2\n' \
		"$T/$name.pem" "$T/$name.key" >"$T/sign-$name"
	chmod +x "$T/sign-$name"
	person "$name" "x509: {email: $name@example.org}${6:+, $6}"
	signed "$name" "$2" "$3" -c gpg.format=x509 -c "gpg.x509.program=$T/sign-$name"
}

stamp() {
	date -u -d "@$((NOW + $1))" +%Y%m%d%H%M%SZ
}

# $T/root.pem; openssl req and x509 of Debian 12 know no beginning, openssl ca does.
authority() {
	mkdir "$T/ca"
	: >"$T/ca/index"
	echo 01 >"$T/ca/serial"
	cat >"$T/ca/conf" <<-END
		[ca]
		default_ca = it
		[it]
		database = $T/ca/index
		serial = $T/ca/serial
		new_certs_dir = $T/ca
		policy = any
		default_md = sha256
		unique_subject = no
		copy_extensions = copy
		[any]
		commonName = supplied
		[root]
		basicConstraints = critical,CA:TRUE
		keyUsage = critical,keyCertSign
		[leaf]
		basicConstraints = critical,CA:FALSE
		keyUsage = critical,digitalSignature
	END
	x509 root $((-400 * D)) $((400 * D)) root -selfsign
}

# x509 NAME FROM UNTIL SECTION [openssl ca's options]
x509() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$T/$1.key"
	openssl req -new -key "$T/$1.key" -subj "/CN=$1" -addext "subjectAltName=email:$1@example.org" -out "$T/$1.csr"
	openssl ca -batch -config "$T/ca/conf" -keyfile "$T/root.key" -extensions "$4" -in "$T/$1.csr" -out "$T/$1.pem" \
		-notext -startdate "$(stamp "$2")" -enddate "$(stamp "$3")" "${@:5}" 2>>"$T/openssl.log"
}

# --- the three judges ---

prepare() {
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	put deploy/web/app.yaml "one"
	commit
	git -C "$T/clone" push -q origin main
}

# configure LINES PEOPLE: one floor for all three; the service watches a repository without hooks
configure() {
	git init -q --bare "$T/served.git"
	git -C "$T/clone" push -q "$T/served.git" main
	mkdir -p "$T/live/web"
	{
		cat <<-END
			store: "$T/state/state.db"
			state-directory: "$T/state"
			socket: "$T/run/gitgate.sock"
		END
		if [ "$(id -u)" = 0 ]; then
			printf '%s: root\n' user intake-user job-user
		fi
		printf 'principals:\n  alice: {ssh: ["%s"]}\n%s%s' "$(line alice)" "$PEOPLE" "$1"
		cat <<-END
			rules:
			  - {name: signed, signatures: {by: [$2]}}
			repositories:
			  shop: {path: "$T/served.git", poll: 1s, anchor: {refs/heads/main: $(git -C "$T/clone" rev-parse main)}}
			targets:
			  web: {repository: shop, paths: [deploy/web], directory: {path: "$T/live/web"}}
		END
	} >"$T/gitgate.yaml"
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket none >"$T/init.out"
}

# One row, by the hook and by check.
judge_row() {
	local name="${1%%|*}" expected="${1#*|}"
	push origin "$name"
	if [ "$expected" = yes ]; then
		[ "$status" -eq 0 ] || fail "$name: the hook refused it"
	else
		[ "$status" -ne 0 ] || fail "$name: the hook accepted it"
		[[ "$(flat)" == *"$expected"* ]] || fail "$name: the hook does not say: $expected"
	fi
	cd "$T/clone"
	run gitgate check --floor "$T/gitgate.yaml" --ref "refs/heads/$name" "main..$name"
	cd "$T"
	[ "$status" -eq "$([ "$expected" = yes ] && echo 0 || echo 1)" ] || fail "$name: check says something else"
	[ "$expected" = yes ] || [[ "$(flat)" == *"$expected"* ]] || fail "$name: check does not say: $expected"
}

result_of() {
	grep -oE "\"commit\":\"$(git -C "$T/clone" rev-parse "$1")\",\"result\":\"[a-z]*\"" "$T/log" | grep -oE '[a-z]*"$' | tail -1
}

all_judged() {
	local row
	for row in "${ROWS[@]}"; do
		[ -n "$(result_of "${row%%|*}")" ] || return 1
	done
}

judge_by_service() {
	local row
	start_service
	git -C "$T/clone" push -q "$T/served.git" --all
	within 60 all_judged || fail "not all were judged: $(tail -3 "$T/log")"
	for row in "${ROWS[@]}"; do
		local want='fail"'
		[ "${row#*|}" != yes ] || want='pass"'
		assert_equal "${row%%|*}: $(result_of "${row%%|*}")" "${row%%|*}: $want"
	done
	stop_service
}

@test "times: 50 situations, the same answer by hook, check and service" {
	prepare
	local until='valid-before' from='valid-after' early="valid only from" late="valid only until"
	# Keys of SSH. What is claimed alone can be backdated, receipt alone would let in what was signed before.
	ssh_row plain-now yes 0
	ssh_row plain-long-ago yes $((-3650 * D))
	ssh_row plain-epoch yes -$NOW
	ssh_row ended "$late" 0 "$until: $(at -$D)"
	ssh_row ended-backdated "$late" $((-7 * D)) "$until: $(at -$D)"
	ssh_row ends-soon yes 0 "$until: $(at $D)"
	ssh_row ends-soon-older yes $((-2 * D)) "$until: $(at $D)"
	ssh_row ends-before-claim "$late" $((2 * H)) "$until: $(at $H)"
	ssh_row begun yes 0 "$from: $(at -$D)"
	ssh_row begun-backdated "$early" $((-7 * D)) "$from: $(at -$D)"
	ssh_row begins-soon "$early" 0 "$from: $(at $D)"
	ssh_row begins-before-claim "$early" $((2 * H)) "$from: $(at $H)"
	ssh_row within yes $((-H)) "$from: $(at -$D), $until: $(at $D)"
	ssh_row was-within "$late" $((-2 * D)) "$from: $(at $((-3 * D))), $until: $(at -$D)"
	ssh_row edge-end yes 0 "$until: $(at $H)"
	ssh_row edge-begin yes 0 "$from: $(at 0)"
	ssh_row edge-begin-second "$early" -1 "$from: $(at 0)"
	# Clocks that are ahead.
	ssh_row ahead-a-little yes $((23 * H))
	ssh_row ahead-too-far "but was received at" $((26 * H))
	ssh_row ahead-75-years "but was received at" $((75 * 365 * D))
	# People.
	ssh_row gone "a signature of 'gone' is valid only until" 0 "" "$until: $(at -$D)"
	ssh_row gone-backdated "a signature of" $((-7 * D)) "" "$until: $(at -$D)"
	ssh_row leaves yes 0 "" "$until: $(at $D)"
	ssh_row comes "$early" 0 "" "$from: $(at $D)"
	ssh_row came yes 0 "" "$from: $(at -$D)"
	ssh_row came-backdated "$early" $((-7 * D)) "" "$from: $(at -$D)"
	ssh_row stays-key-ended "the key" 0 "$until: $(at -$D)" "$until: $(at $D)"
	# Revoked keys.
	ssh_row compromised "compromised" $((-300 * D))
	ssh_row compromised-dated "compromised, known since" $((-300 * D))
	ssh_row compromised-later "compromised, known since" $((-300 * D))
	ssh_row superseded "superseded" 0
	ssh_row superseded-backdated "superseded" $((-7 * D))
	ssh_row superseded-later yes 0
	ssh_row retired-before-claim "retired" $((2 * H))
	ssh_row retired-later yes $((-7 * D))
	ssh_row bare "no reason given" 0
	local revoked
	revoked="revoked-keys:
  - {ssh: $(line compromised), reason: compromised}
  - {ssh: $(line compromised-dated), reason: compromised, since: $(at -$D)}
  - {ssh: $(line compromised-later), reason: compromised, since: $(at $D)}
  - {ssh: $(line superseded), reason: superseded, since: $(at -$D)}
  - {ssh: $(line superseded-backdated), reason: superseded, since: $(at -$D)}
  - {ssh: $(line superseded-later), reason: superseded, since: $(at $D)}
  - {ssh: $(line retired-before-claim), reason: retired, since: $(at $H)}
  - {ssh: $(line retired-later), reason: retired, since: $(at $D), note: new laptop}
  - $(line bare)
"
	# Certificates of an SSH CA.
	certificate_row cert yes 0 -$D $D
	certificate_row cert-ended "$late" $((-2 * D)) $((-3 * D)) -$D
	certificate_row cert-begins "$early" 0 $H $D
	certificate_row cert-backdated "$early" $((-7 * D)) -$D $D
	certificate_row cert-ca-ended "the CA" $((-2 * D)) $((-7 * D)) $D "$until: $(at -$D)"
	certificate_row cert-ca-revoked "superseded" 0 -$D $D
	certificate_row cert-ca-revoked-later yes 0 -$D $D
	revoked+="  - {ssh: $(line cert-ca-revoked-ca), reason: superseded, since: $(at -$H)}
  - {ssh: $(line cert-ca-revoked-later-ca), reason: superseded, since: $(at $D)}
"
	# Keys of OpenPGP say of themselves when they end, and so may signatures.
	openpgp_row pgp yes 0 $((-10 * D)) 0 0
	openpgp_row pgp-ended "$late" $((-2 * D)) $((-10 * D)) 9d $((-2 * D))
	openpgp_row pgp-ends-soon yes 0 $((-10 * D)) 20d 0
	openpgp_row pgp-backdated "$early" $((-20 * D)) $((-10 * D)) 0 0
	openpgp_row pgp-made-ahead "$early" 0 $((2 * H)) 0 $((2 * H))
	openpgp_row pgp-signed-ahead "but was received at" 0 $((-10 * D)) 0 $((26 * H))
	openpgp_row pgp-own-end "by its own word" $((-2 * D)) $((-10 * D)) 0 $((-2 * D)) "" "--default-sig-expire 1d"
	openpgp_row pgp-bounds "$late" $((-2 * D)) $((-10 * D)) 0 $((-2 * D)) "$until: $(at -$D)"
	openpgp_row pgp-retired "replaced or retired it" $((-2 * D)) $((-10 * D)) 0 $((-2 * D)) "" "" 'y\n3\n\ny\n' -$D
	openpgp_row pgp-retired-later yes $((-2 * D)) $((-10 * D)) 0 $((-2 * D))
	revoked+="  - {openpgp: $(gpg --batch --with-colons --list-keys pgp-retired-later@example.org | awk -F: '/^fpr/ {print $10; exit}'), reason: retired, since: $(at $D)}
"
	# X.509.
	authority
	x509_row smime yes 0 -$D $D
	x509_row smime-ended "$late" $((-2 * D)) $((-3 * D)) -$D
	x509_row smime-begins "$early" 0 $H $D
	x509_row smime-backdated "$early" $((-7 * D)) -$D $D
	x509_row smime-gone "a signature of" 0 -$D $D "$until: $(at -$H)"
	x509_row smime-compromised "compromised" 0 -$D $D
	revoked+="  - {x509: '$(openssl x509 -in "$T/smime-compromised.pem" -noout -fingerprint -sha256 | cut -d= -f2)', reason: compromised}
authorities: root.pem
"
	[ "${#ROWS[@]}" -ge 50 ] || fail "${#ROWS[@]} situations"
	configure "$revoked" "alice$(printf ', %s' "${ROWS[@]%%|*}")"
	local row
	for row in "${ROWS[@]}"; do
		judge_row "$row"
	done
	judge_by_service
}

# The wall clock of what follows shows so many seconds more.
other_clock() {
	sanitized && skip "the sanitizers do not let a library be preloaded"
	CC=${CC:-cc}
	command -v "${CC%% *}" >/dev/null || skip "no compiler to build the other clock"
	$CC -shared -fPIC -O1 -o "$T/clock.so" "$GITGATE_SOURCE/tests/faults/other_clock.c"
	export LD_PRELOAD="$T/clock.so" OTHER_CLOCK="$1"
}

@test "times: a clock before the date of the build judges nothing" {
	prepare
	ssh_row good yes 0
	configure "" "alice, good"
	other_clock $((-400 * D))
	local reason="which is before this program was built"
	push origin good
	[ "$status" -ne 0 ] || fail "the hook accepted it"
	[[ "$(flat)" == *"$reason"* ]] || fail "the hook gives another reason"
	cd "$T/clone"
	run gitgate check --floor "$T/gitgate.yaml" --ref refs/heads/good main..good
	assert_equal "$status" 1
	[[ "$(flat)" == *"$reason"* ]] || fail "check gives another reason"
	cd "$T"
	start_service
	unset LD_PRELOAD
	git -C "$T/clone" push -q "$T/served.git" good
	within 20 all_judged || fail "not judged"
	assert_equal "$(result_of good)" 'fail"'
	stop_service
	# With the right clock all is well.
	push origin good
	assert_accepted
}

@test "times: the time of receipt is stored once, and counts at every later gate" {
	prepare
	make_key short
	# So long that a slow machine can push and judge in it.
	local end=$(($(date +%s) + 6))
	person short "ssh: [{key: $(line short), valid-before: $(date -u -d "@$end" +%Y-%m-%dT%H:%M:%SZ)}]"
	configure "" "alice, short"
	sed -i 's#directory: {path: \(.*\)/web"}#directory: {path: \1/web", activate: [sleep, "8"]}#' "$T/gitgate.yaml"
	start_service
	git -C "$T/clone" config user.signingKey "$T/keys/short"
	git -C "$T/clone" config user.email short@example.org
	local i
	for i in two three; do
		put deploy/web/app.yaml "$i"
		GIT_COMMITTER_DATE=$(date -u +%Y-%m-%dT%H:%M:%SZ) commit
		git -C "$T/clone" push -q "$T/served.git" main
		within 10 logged "\"commit\":\"$(git -C "$T/clone" rev-parse main)\",\"result\":\"pass\"" || fail "$i was not judged"
	done
	[ "$(date +%s)" -le "$end" ] || skip "this machine is too slow"
	# The second waits for the first; when it is judged for its deployment the key has ended.
	within 30 is_live three || fail "live is $(live)"
	[ "$(date +%s)" -gt "$end" ] || fail "it went live before the key ended"
	# A push that comes now is too late.
	put deploy/web/app.yaml "four"
	commit
	push origin main
	[ "$status" -ne 0 ] || fail "the hook accepted it"
	git -C "$T/clone" push -q "$T/served.git" main
	within 10 logged "\"commit\":\"$(git -C "$T/clone" rev-parse main)\",\"result\":\"fail\"" || fail "not judged"
	assert_live three
}
