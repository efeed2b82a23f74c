# tests/e2e/service.bash - a running service for end-to-end tests; after helpers.bash.
#
# $T/shop.git is guarded and watched, alice signs everything. Targets: 'web' brings
# deploy/web to $T/live/web, 'docs' brings docs to $T/live/docs.

SERVICE=

# server_config [LINE...]: $T/gitgate.yaml; further lines stand at its top
server_config() {
	mkdir -p "$T/live/web" "$T/live/docs"
	{
		printf '%s\n' "$@"
		cat <<-END
			store: "$T/state/state.db"
			state-directory: "$T/state"
			socket: "$T/run/gitgate.sock"
		END
		if [ "$(id -u)" = 0 ]; then
			printf '%s: root\n' user intake-user job-user
		fi
		cat <<-END
			principals:
			  alice:
			    email: [alice@example.org]
			    ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]
			rules:
			  - name: everything-is-signed
			    signatures: {by: [alice]}
			repositories:
			  shop: {path: "$T/shop.git", poll: ${POLL:-1h}, anchor: {refs/heads/main: root}}
			targets:
			  web:
			    repository: shop
			    paths: [deploy/web]
			    directory: {path: "$T/live/web", keep: 5${DIRECTORY:+, $DIRECTORY}}
			    drift: {every: ${DRIFT_EVERY:-1h}, mode: ${DRIFT_MODE:-correct}}
			  docs:
			    repository: shop
			    paths: [docs]
			    directory: {path: "$T/live/docs", keep: 5}
			    drift: {every: 1h}
		END
	} >"$T/gitgate.yaml"
}

# make_served [LINE...]: keys, configuration, repository with hooks, clone
make_served() {
	make_key alice
	server_config "$@"
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
	gitgate init "$T/shop.git" --from-root --config "$T/gitgate.yaml" >"$T/init.out"
}

# The service in the background; returns when it is ready.
start_service() {
	local ready
	ready=$(grep -c '"event":"ready"' "$T/log" 2>/dev/null || true)
	gitgate serve --config "$T/gitgate.yaml" 2>>"$T/log" 3>&- &
	SERVICE=$!
	within 20 more_ready "${ready:-0}" && kill -0 "$SERVICE" || fail "the service is not ready: $(tail -5 "$T/log")"
}

more_ready() {
	kill -0 "$SERVICE" 2>/dev/null || return 0
	[ "$(grep -c '"event":"ready"' "$T/log")" -gt "$1" ]
}

# Ends it in order; its status in $ended.
stop_service() {
	ended=0
	[ -n "$SERVICE" ] || return 0
	kill -TERM "$SERVICE" 2>/dev/null || true
	wait "$SERVICE" || ended=$?
	SERVICE=
}

# In teardown().
end_service() {
	if [ -n "$SERVICE" ]; then
		kill -TERM "$SERVICE" 2>/dev/null || true
		wait "$SERVICE" 2>/dev/null || true
	fi
	# bats shows this only for a failed test.
	[ ! -e "$T/log" ] || { echo "the service's log ends:"; tail -12 "$T/log"; }
}

# within SECONDS COMMAND...: until it succeeds. Who waits longer asks less often: what is waited
# for needs the processors, too.
within() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)) pause=20
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || return 1
		sleep "0.$(printf %03d "$pause")"
		[ "$pause" -ge 100 ] || pause=$((pause * 5 / 4))
	done
}

# Text of what is live; nothing when there is none.
live() {
	cat "$T/live/${1:-web}/current/${2:-app.yaml}" 2>/dev/null || true
}

is_live() { # TEXT [TARGET [FILE]]
	[ "$(live "${2-}" "${3-}")" = "$1" ]
}

assert_live() { # TEXT [TARGET [FILE]]
	within 30 is_live "$@" || fail "live is '$(live "${2-}" "${3-}")' and not '$1'"
}

# Where the link of a target leads.
release() {
	readlink "$T/live/${1:-web}/current" || true
}

# change TEXT [PATH]: a signed commit that is pushed and accepted
change() {
	put "${2:-deploy/web/app.yaml}" "$1"
	commit
	push origin main
	assert_accepted
}

logged() { # a fixed string in the service's log
	grep -qF -- "$1" "$T/log"
}

assert_logged() {
	within 10 logged "$1" || fail "not in the log: $1"
}

# gg COMMAND [arguments]: with this service's configuration; sets $status and $output
gg() {
	local verb=$1
	shift
	run gitgate "$verb" --config "$T/gitgate.yaml" "$@"
}

# How many rows of `gitgate log` hold a text.
rows() {
	gitgate log --config "$T/gitgate.yaml" | grep -cF -- "$1" || true
}

# The service has nothing more to do: every hint was followed and nothing is open.
settled() {
	! gitgate log --config "$T/gitgate.yaml" | grep -Eq ' (waiting|queued|applying) '
}

# The service has judged the commit, and nothing is open.
assert_judged() { # [RESULT [COMMIT]]
	local line="\"commit\":\"$(git -C "$T/clone" rev-parse "${2:-HEAD}")\",\"result\":\"${1:-pass}\""
	within 10 logged "$line" || fail "not judged: $line"
	within 10 settled || fail "something is open"
}
