#!/usr/bin/env bats
# tests/faults/t1-webhooks.bats - T1: the store's disk is full while webhooks come. None is
# answered 202 that is not on disk; the others get 503, and 5 s after there is room it goes on.

load ../e2e/helpers
load ../e2e/service
load ../e2e/forge

setup() {
	begin_forge
	[ "$(id -u)" -eq 0 ] || skip "needs root: a small file system is mounted"
	command -v sqlite3 >/dev/null || skip "needs sqlite3"
	mkdir -p "$T/small"
	mount -t tmpfs -o size=2m,mode=755 none "$T/small" 2>/dev/null || skip "mounting is denied"
	start_forge # it sends
	HOOK_PORT=$(free_port)
	git init -q --bare "$T/git/shop.git"
	git --git-dir "$T/git/shop.git" update-ref refs/heads/main \
		"$(git --git-dir "$T/git/shop.git" commit-tree -m begin "$(git --git-dir "$T/git/shop.git" mktree </dev/null)")"
	cat >"$T/gitgate.yaml" <<-END
		store: $T/small/state.db
		state-directory: $T/state
		socket: $T/run/gitgate.sock
		listen: ["127.0.0.1:$HOOK_PORT"]
		user: root
		intake-user: root
		job-user: root
		restarts: 1000
		sources:
		  gitea: {kind: gitea, secrets-file: $T/secrets/hook}
		repositories:
		  shop: {source: gitea, name: acme/shop, path: $T/git/shop.git, poll: 1h, anchor: {refs/heads/main: root}}
		rules: [{name: no-keys, files: {forbid: ["*.pem"]}}]
	END
}

teardown() {
	end_forge
	umount "$T/small" 2>/dev/null || umount -l "$T/small" 2>/dev/null || true
}

fill() {
	dd if=/dev/zero of="$T/small/filling" bs=4096 2>/dev/null || true
	! dd if=/dev/zero of="$T/small/more" bs=4096 count=1 2>/dev/null || fail "it is not full"
	rm -f "$T/small/more"
}

# say N: one more webhook, each another one; its status
say() {
	send_webhook gitea push "{\"name\":\"acme/shop\",\"ref\":\"refs/heads/b-$1\",\"after\":\"$(printf '%040x' "$1")\"}"
	[ "$status" != 202 ] || sed -n 's/.*"delivery": *\([0-9]*\).*/\1/p' <<<"$output" >>"$T/taken"
}

@test "T1: a full disk: 503, no 202 that is not on disk, and back within 5 s" {
	local i stored=0 refused=0 freed id
	start_service
	say 1
	assert_taken
	fill
	for i in $(seq 2 80); do
		say "$i"
		case "$status" in
		202) stored=$((stored + 1)) ;; # into pages that were there already
		503) refused=$((refused + 1)) ;;
		0) ;; # closed while control was away
		*) fail "status $status" ;;
		esac
		kill -0 "$SERVICE" || fail "the service has ended"
		[ "$refused" -lt 15 ] || break
	done
	echo "# while full: $stored stored, $refused refused" >&3
	[ "$refused" -ge 5 ] || fail "only $refused were refused"
	rm "$T/small/filling"
	freed=$(date +%s%N)
	until say 1000 && [ "$status" = 202 ]; do
		[ $((($(date +%s%N) - freed) / 1000000)) -lt 5000 ] || fail "not back after 5 s"
		sleep 0.1
	done
	echo "# back after $((($(date +%s%N) - freed) / 1000000)) ms" >&3
	within 10 settled
	stop_service
	while read -r id; do
		assert_equal "$(sqlite3 -readonly "$T/small/state.db" "SELECT count(*) FROM deliveries WHERE id = $id")" 1
	done <"$T/taken"
	run gitgate store check --config "$T/gitgate.yaml"
	[ "$status" -eq 0 ] || fail "the store is not sound"
}
