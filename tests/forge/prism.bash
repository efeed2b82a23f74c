# tests/forge/prism.bash - for the scripts beside it: a prism that validates what we send against a published OpenAPI
# document. npm's packages are looked for in $GITGATE_NPM (default: npm/ in the build directory); without prism
# everything is skipped.
build=${GITGATE_BUILD:?}
source=${GITGATE_SOURCE:?}
drive=${GITGATE_DRIVE:-$build/tests/forge/drive}
modules=${GITGATE_NPM:-$build/npm}/node_modules
. "$source/tests/ports.bash"
number=0
fail=0
server=

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	wait
	rm -rf "$work"
}

# Skips unless everything is there; makes $work.
prism_prepare() {
	command -v node >/dev/null || skip "node is not installed"
	[ -x "$modules/.bin/prism" ] || skip "npm's @stoplight/prism-cli is not in $modules"
	[ -x "$drive" ] || skip "$drive is not built"
	work=$(mktemp -d "${TMPDIR:-/tmp}/prism.XXXXXX") || exit 1
	trap finish EXIT
	trap 'exit 1' INT TERM HUP
}

# prism_start DOCUMENT: one server for all cases, at $port.
prism_start() {
	port=$(free_port)
	"$modules/.bin/prism" mock --host 127.0.0.1 --port "$port" "$1" >>"$work/log" 2>&1 &
	server=$!
	for _ in $(seq 240); do
		grep -q 'Prism is listening' "$work/log" && return
		kill -0 "$server" 2>/dev/null || break
		sleep 0.5
	done
	tail -5 "$work/log" | sed 's/^/# /'
	skip "prism did not start within 120 s"
}

result() { # problem, name
	number=$((number + 1))
	if [ -z "$1" ]; then
		echo "ok $number - $2"
	else
		printf '%s\n' "$1" | sed 's/^/# /'
		echo "not ok $number - $2"
		fail=1
	fi
}

# What prism found wrong with requests: answers are the document's own examples, and some of them break its rules.
complaints() {
	grep -a -E 'Violation: request|NO_PATH_MATCHED|NO_METHOD_MATCHED|NOT_ACCEPTABLE|UNSUPPORTED_MEDIA|UNPROCESSABLE|Security' \
		"$work/log" | cut -c 1-300
}

# try NAME EXPECTED OPERATIONS CREDENTIAL VERB ARGUMENT...: as a forge of $kind; the output matches, these operations were asked for and
# nothing was wrong with them. Operations: "post /path;get /path".
try() {
	local name=$1 expected=$2 operations=$3 credential=$4 problem= output operation
	shift 4
	: >"$work/log"
	output=$("$drive" "$kind" "http://127.0.0.1:$port" "$credential" "$@" 2>&1)
	printf '%s\n' "$output" | grep -q -E -- "$expected" || problem="said: $output"
	sleep 0.2
	problem=$problem$(complaints)
	while [ -n "$operations" ]; do
		operation=${operations%%;*}
		operations=${operations#"$operation"}
		operations=${operations#;}
		grep -a -q -F "[HTTP SERVER] $operation " "$work/log" || problem="$problem was not asked: $operation"
	done
	result "$problem" "$name"
}

# try_rubbish PATH BODY: prism complains about a body that is wrong, so that its silence means something.
try_rubbish() {
	: >"$work/log"
	curl -s -o /dev/null -H 'Content-Type: application/json' -H 'Authorization: token t0ken' -d "$2" \
		"http://127.0.0.1:$port$1"
	sleep 0.5
	result "$([ -n "$(complaints)" ] || echo 'prism did not complain')" "a wrong request is found out"
}
