# tests/faults/service.bash - a whole service in a private directory, on real pushes: what
# every fault test of the service begins with. Needs helpers.bash.

# The service's users: none of their own, unless a test says so.
as_whom() {
	[ "$(id -u)" -ne 0 ] || printf '%s: root\n' user intake-user job-user
}

# write_config [LINE...]: $T/gitgate.yaml with the repository 'shop' and the target 'web';
# lines are added at the top level
write_config() {
	local line
	{
		as_whom
		cat <<-END
			store: $T/state/state.db
			state-directory: $T/state
			socket: $T/run/gitgate.sock
			poll: 2s
			workers: 3
			drain-timeout: 10s
			principals:
			  alice:
			    email: [alice@example.org]
			    ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]
			rules:
			  - name: everything-is-signed
			    signatures: {by: [alice]}
			repositories:
			  shop: {path: "$T/shop.git", anchor: {refs/heads/main: $(tip "$T/shop.git" refs/heads/main)}}
			targets:
			  web:
			    repository: shop
			    ref: refs/heads/main
			    paths: [site]
			    directory: {path: "$T/www", keep: 5}
			    drift: {every: ${DRIFT_EVERY:-10m}, mode: correct}
		END
		for line; do printf '%s\n' "$line"; done
	} >"$T/gitgate.yaml"
	mkdir -p "$T/www"
}

# $T/shop.git with one signed commit, $T/clone a clone
make_shop() {
	make_key alice
	git init -q --bare "$T/shop.git"
	git -C "$T/shop.git" config core.logAllRefUpdates true
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	put site/number 0
	put site/again 0
	commit -m "begin"
	git -C "$T/clone" push -q origin main
}

# install_hooks: gitgate's own, as `gitgate init` makes them
install_hooks() {
	gitgate init "$T/shop.git" --anchor HEAD --config "$T/gitgate.yaml" --socket "$T/run/gitgate.sock" >"$T/init.out"
}

# serve_start: in the background; returns when it is ready. $KEEPER is its process.
serve_start() {
	mkdir -p -m 1777 "$T/tmp"
	TMPDIR="$T/tmp" gitgate serve --config "$T/gitgate.yaml" >>"$T/serve.log" 2>&1 3>&- &
	KEEPER=$!
	serve_wait || { tail -20 "$T/serve.log"; return 1; }
}

serve_wait() {
	local i
	for ((i = 0; i < 200; i++)); do
		[ "$(http /readyz)" != 200 ] || return 0
		kill -0 "$KEEPER" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}

# serve_stop: drains; its status
serve_stop() {
	local rc=0
	kill -TERM "$KEEPER" 2>/dev/null || true
	wait "$KEEPER" || rc=$?
	KEEPER=
	return "$rc"
}

# In teardown(): nothing stays, whatever happened.
serve_end() {
	[ -z "${WATCHER:-}" ] || kill "$WATCHER" 2>/dev/null || true
	[ -z "${KEEPER:-}" ] || kill -KILL "$KEEPER" 2>/dev/null || true
	[ -z "${PUSHER:-}" ] || kill "$PUSHER" 2>/dev/null || true
	wait 2>/dev/null || true
}

# http PATH [curl's options]: the status; the body in $T/body
http() {
	local path="$1"
	shift
	curl -s -o "$T/body" -w '%{http_code}' --max-time 5 --unix-socket "$T/run/gitgate.sock" "$@" "http://local$path" || true
}

# hint JSON: posts a notification; the status
hint() {
	http /api/v1/hints -X POST -H 'Content-Type: application/json' --data-binary "$1"
}

# rows SQL: from the store, while no service runs
rows() {
	sqlite3 -readonly "${STORE:-$T/state/state.db}" "$1"
}

# release N: commits and pushes the content with that number on the branch of $T/clone
release() {
	put site/number "$1"
	put site/again "$1"
	commit -m "number $1" && git -C "$T/clone" push -q "${@:2}" origin HEAD 2>"$T/push.err"
}

live() {
	cat "$T/www/current/number" 2>/dev/null || true
}

# await_live NUMBER [SECONDS]
await_live() {
	local i
	for ((i = 0; i < ${2:-20} * 20; i++)); do
		[ "$(live)" != "$1" ] || return 0
		sleep 0.05
	done
	echo "not live after ${2:-20} s: $1, but $(live)"
	tail -30 "$T/serve.log"
	return 1
}

# await_idle [SECONDS]: nothing waits or runs
await_idle() {
	local i
	for ((i = 0; i < ${1:-30} * 5; i++)); do
		if [ "$(http '/api/v1/changes?state=waiting')" = 200 ] && grep -q '"items":\[\]' "$T/body" &&
			[ "$(http '/api/v1/deployments?state=queued')" = 200 ] && grep -q '"items":\[\]' "$T/body" &&
			[ "$(http '/api/v1/deployments?state=applying')" = 200 ] && grep -q '"items":\[\]' "$T/body"; then
			return 0
		fi
		sleep 0.2
	done
	echo "not idle after ${1:-30} s"
	tail -30 "$T/serve.log"
	return 1
}

need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "needs $program"
	done
}
