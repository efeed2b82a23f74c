#!/usr/bin/env bats
# The user who owns the repositories and the one who administers are two.

load helpers

OWNER=nobody
OTHER=daemon

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root, to be two users"
	getent passwd $OWNER >/dev/null && getent passwd $OTHER >/dev/null || skip "no account $OWNER or $OTHER"
	begin_shared
	make_key alice
	write_floor
	mkdir "$T/srv" "$T/owner"
	chown $OWNER "$T/srv" "$T/owner"
	as_owner git init -q --bare "$T/srv/shop.git"
	git init -q "$T/clone"
	git -C "$T/clone" remote add origin "$T/srv/shop.git"
	put app.yaml "replicas: 1"
	commit -m begin
	# Who pushes acts as the owner, as with a common account git@.
	chown -R $OWNER "$T/clone" "$T/keys"
	git config --global --add safe.directory '*'
}

teardown() {
	end
}

as_owner() {
	as $OWNER "$T/owner" GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_CONFIG_NOSYSTEM=1 "$@"
}

push_as_owner() {
	run as_owner git -C "$T/clone" push origin "$@"
}

@test "two users: root installs, everything belongs to the owner" {
	run gitgate init "$T/srv/shop.git" --config "$T/gitgate.yaml" --socket none
	assert_equal "$status" 0
	assert_equal "$(find "$T/srv" -not -user $OWNER)" ""
	push_as_owner main
	assert_accepted
	as_owner git -C "$T/clone" commit -q --allow-empty -m "unsigned"
	push_as_owner main
	[ "$status" -ne 0 ]
	assert_says "[everything-is-signed]"
	assert_no_quarantine "$T/srv/shop.git"
	assert_equal "$(find "$T/srv" -not -user $OWNER)" ""
}

@test "two users: a floor that the owner cannot read is refused at once" {
	chmod 600 "$T/gitgate.yaml"
	run gitgate init "$T/srv/shop.git" --config "$T/gitgate.yaml" --socket none
	[ "$status" -ne 0 ]
	assert_says "gitgate.yaml"
	[ ! -e "$T/srv/shop.git/hooks/pre-receive" ]
	chmod 644 "$T/gitgate.yaml"
	gitgate init "$T/srv/shop.git" --config "$T/gitgate.yaml" --socket none >/dev/null
	# Later it becomes so: every push is refused.
	chmod 600 "$T/gitgate.yaml"
	push_as_owner main
	[ "$status" -ne 0 ]
	assert_says "gitgate.yaml"
	chmod 644 "$T/gitgate.yaml"
	push_as_owner main
	assert_accepted
}

@test "two users: a repository that leads root elsewhere leads it nowhere" {
	# The owner makes hooks/ a link to a place that only root could write to.
	mkdir "$T/precious"
	as_owner rm -r "$T/srv/shop.git/hooks"
	as_owner ln -s "$T/precious" "$T/srv/shop.git/hooks"
	run gitgate init "$T/srv/shop.git" --config "$T/gitgate.yaml" --socket none
	[ "$status" -ne 0 ]
	assert_equal "$(ls "$T/precious")" ""
}

@test "two users: another user cannot install, and pushes only where git lets it" {
	run as $OTHER "$T/home" gitgate init "$T/srv/shop.git" --config "$T/gitgate.yaml" --socket none
	[ "$status" -ne 0 ]
	gitgate init "$T/srv/shop.git" --config "$T/gitgate.yaml" --socket none >/dev/null
	run as $OTHER "$T/home" GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" git -C "$T/clone" push origin main
	[ "$status" -ne 0 ]
	assert_equal "$(as_owner git --git-dir="$T/srv/shop.git" for-each-ref)" ""
}
