#!/usr/bin/env bats
# tests/e2e/25-unit.bats - the service as its systemd unit runs it, as far as that can be set without systemd: one
# unprivileged user, no capability, everything read-only but its own directories, umask 0077; repositories belong to
# another user, who pushes through the hooks.

load helpers

OWNER=nobody
SERVER=daemon

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root, to be other users"
	unshare --mount true 2>/dev/null || skip "needs a mount namespace"
	begin_shared
	make_key alice
	mkdir "$T/srv" "$T/owner" "$T/state" "$T/run" "$T/www" "$T/tmp"
	chown $OWNER "$T/srv" "$T/owner"
	chown $SERVER "$T/state" "$T/run" "$T/www" "$T/tmp"
	cat >"$T/gitgate.yaml" <<-END
		store: "$T/state/state.db"
		state-directory: "$T/state"
		socket: "$T/run/gitgate.sock"
		principals:
		  alice: {email: [alice@example.org], ssh: ["$(cut -d' ' -f1,2 "$T/keys/alice.pub")"]}
		rules:
		  - {name: everything-is-signed, signatures: {by: [alice]}}
		repositories:
		  shop: {path: "$T/srv/shop.git", poll: 1h, anchor: {refs/heads/main: root}}
		targets:
		  www: {repository: shop, ref: refs/heads/main, paths: [deploy], directory: {path: "$T/www", activate: [/bin/sh, -c, 'id -u >/dev/null']}}
	END
	as_owner git init -q --bare "$T/srv/shop.git"
	gitgate init "$T/srv/shop.git" --from-root --config "$T/gitgate.yaml" >/dev/null
	git init -q "$T/clone"
	git -C "$T/clone" remote add origin "$T/srv/shop.git"
	put deploy/app.yaml "replicas: 1"
	commit -m begin
	chown -R $OWNER "$T/clone" "$T/keys"
	git config --global --add safe.directory '*'
}

teardown() {
	[ -z "${SERVICE-}" ] || { kill "$SERVICE" 2>/dev/null; wait "$SERVICE"; } || true
	end
}

as_owner() {
	as $OWNER "$T/owner" GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_CONFIG_NOSYSTEM=1 "$@"
}

start_as_unit() {
	cat >"$T/bin/unit" <<-END
		#!/bin/sh -e
		umask 077
		for place in state run www tmp; do mount --bind "$T/\$place" "$T/\$place"; done
		mount -o remount,bind,ro /
		exec setpriv --reuid=$SERVER --regid=$(id -g $SERVER) --clear-groups --no-new-privs \\
			--inh-caps=-all --bounding-set=-all env -i PATH="$PATH" TMPDIR="$T/tmp" \\
			"$T/bin/gitgate" serve --config "$T/gitgate.yaml"
	END
	chmod +x "$T/bin/unit"
	unshare --mount --propagation private "$T/bin/unit" 2>"$T/log" 3>&- &
	SERVICE=$!
	wait_until grep -q '"event":"ready"' "$T/log"
}

wait_until() {
	local end=$((SECONDS + 20))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { tail -n 20 "$T/log"; return 1; }
		sleep 0.05
	done
}

@test "unit: pushes by the owner are refused and accepted, and deployed by the service's user" {
	start_as_unit
	run as_owner git -C "$T/clone" push origin main
	assert_accepted
	wait_until grep -q 'replicas: 1' "$T/www/current/app.yaml"
	assert_equal "$(stat -c %U "$T/www/current/app.yaml")" $SERVER
	as_owner git -C "$T/clone" commit -q --no-gpg-sign --allow-empty -m unsigned
	run as_owner git -C "$T/clone" push origin main
	[ "$status" -ne 0 ]
	assert_says "[everything-is-signed]"
	echo "hacked: 1" >"$T/www/current/app.yaml"
	wait_until grep -q 'replicas: 1' "$T/www/current/app.yaml"
}

@test "unit: every process is unprivileged and confined" {
	start_as_unit
	local pids pid status
	pids="$SERVICE $(pgrep -P "$SERVICE")"
	[ "$(wc -w <<<"$pids")" -ge 5 ]
	for pid in $pids; do
		status=$(cat "/proc/$pid/status")
		grep -q "^Uid:.$(id -u $SERVER)" <<<"$status"
		grep -q "^CapEff:.0000000000000000" <<<"$status"
		grep -q "^NoNewPrivs:.1" <<<"$status"
		[ "$pid" = "$SERVICE" ] || grep -q "^Seccomp:.2" <<<"$status"
	done
}
