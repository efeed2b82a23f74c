# tests/faults/service_full.bats - T1: the store's disk is full, the target's disk is full.

load ../e2e/helpers.bash
load service.bash

setup() {
	begin
	need curl sqlite3
	[ "$(id -u)" -eq 0 ] || skip "needs root: a small file system is mounted"
	mkdir -p "$T/small"
	mount -t tmpfs -o size=2m,mode=755 none "$T/small" 2>/dev/null || skip "mounting is denied"
}

teardown() {
	serve_end
	umount "$T/small" 2>/dev/null || umount -l "$T/small" 2>/dev/null || true
}

fill() {
	dd if=/dev/zero of="$T/small/filling" bs=4096 2>/dev/null || true
	! dd if=/dev/zero of="$T/small/more" bs=4096 count=1 2>/dev/null || fail "it is not full"
	rm -f "$T/small/more"
}

# say N: one more notification, each of another id; its status
say() {
	hint "$(printf '{"repository":"shop","refs":[{"ref":"refs/heads/main","old":"%040x","new":"%040x"}]}' "$1" "$(($1 + 1))")"
}

@test "a full disk under the store: 503 and never 2xx, the service lives, and is back within 5 s" {
	make_shop
	write_config
	sed -i "s|^store: .*|store: $T/small/state.db|" "$T/gitgate.yaml"
	install_hooks
	serve_start
	release 1
	await_live 1
	await_idle
	fill
	# What fits into pages that are there already may still be taken: then it is on disk.
	stored=0 refused=0
	for i in $(seq 1 60); do
		status=$(say "$i")
		case "$status" in
		2*) stored=$((stored + 1)) && sed -n 's/.*"delivery":\([0-9]*\).*/\1/p' "$T/body" >>"$T/taken" ;;
		503) refused=$((refused + 1)) ;;
		000) ;; # it was closed while control was away
		*) fail "status $status: $(cat "$T/body")" ;;
		esac
		kill -0 "$KEEPER" || fail "the service has ended: $(tail -40 "$T/serve.log")"
		[ "$refused" -lt 15 ] || break
	done
	echo "# while full: $stored stored, $refused refused" >&3
	[ "$refused" -ge 5 ] || fail "only $refused were refused"
	release 2
	rm "$T/small/filling"
	freed=$(date +%s%N)
	until [ "$(say 1000)" = 202 ]; do
		[ $((($(date +%s%N) - freed) / 1000000)) -lt 5000 ] || fail "not back after 5 s"
		sleep 0.1
	done
	echo "# back after $((($(date +%s%N) - freed) / 1000000)) ms" >&3
	await_live 2
	await_idle
	serve_stop
	STORE="$T/small/state.db"
	touch "$T/taken"
	while read -r id; do
		assert_equal "$(rows "SELECT count(*) FROM deliveries WHERE id = $id")" 1
	done <"$T/taken"
	run gitgate store check --config "$T/gitgate.yaml"
	[ "$status" -eq 0 ] || fail "the store is not sound"
}

@test "a full disk under the target: the deployment failed, the old release is live, the next push heals" {
	make_shop
	write_config
	sed -i "s|path: \"$T/www\"|path: \"$T/small/www\"|" "$T/gitgate.yaml"
	mkdir "$T/small/www"
	rmdir "$T/www"
	ln -s small/www "$T/www"
	install_hooks
	serve_start
	release 1
	await_live 1
	head -c 3000000 /dev/urandom >"$T/clone/site/large"
	release 2
	for _ in $(seq 200); do
		[ "$(http '/api/v1/deployments?state=failed')" = 200 ] && ! grep -q '"items":\[\]' "$T/body" && break
		sleep 0.1
	done
	grep -q 'full\|space' "$T/body" || fail "the reason does not say so: $(cat "$T/body" "$T/serve.log")"
	assert_equal "$(live)" 1
	[ ! -e "$T/www/current/large" ]
	rm "$T/clone/site/large"
	release 3
	await_live 3
	await_idle
	serve_stop
	assert_equal "$(rows "SELECT group_concat(state) FROM (SELECT state FROM deployments ORDER BY generation DESC LIMIT 2)")" deployed,failed
}
