#!/usr/bin/env bats
# As user `git` the hooks refuse and accept real pushes while the service runs as others:
# once as one unprivileged user, once started as root with a user for each kind of process.
# Existing accounts stand for git and gitgate.

load helpers
load service

GIT=nobody
GITGATE=daemon
INTAKE=bin
JOBS=sys

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root, to be other users"
	local account
	for account in $GIT $GITGATE $INTAKE $JOBS; do
		getent passwd $account >/dev/null || skip "no account $account"
	done
	begin_shared
	make_key alice
	mkdir "$T/srv" "$T/git" "$T/state" "$T/run" "$T/live" "$T/live/web" "$T/live/docs"
	chown $GIT "$T/srv" "$T/git"
}

teardown() {
	end_service
	end
}

# Whoever pushes over ssh is the common account that owns the repositories.
as_git() {
	as $GIT "$T/git" GIT_CONFIG_GLOBAL="$T/git/.gitconfig" GIT_CONFIG_NOSYSTEM=1 "$@"
}

# make_house LINE...: repository and clone of $GIT, a configuration with these lines
make_house() {
	(id() { echo 1; } && server_config "$@")
	sed -i "s,\"$T/shop.git\",\"$T/srv/shop.git\"," "$T/gitgate.yaml"
	sed "s,$T/keys,$T/git/keys," "$GIT_CONFIG_GLOBAL" >"$T/git/.gitconfig"
	cp -r "$T/keys" "$T/git/keys"
	chown -R $GIT "$T/git"
	as_git git init -q --bare "$T/srv/shop.git"
	as_git gitgate init "$T/srv/shop.git" --from-root --config "$T/gitgate.yaml" >"$T/init.out"
	as_git git init -q "$T/git/clone"
	as_git git -C "$T/git/clone" remote add origin "$T/srv/shop.git"
}

# offer TEXT [git commit's options]: a commit by $GIT, pushed
offer() {
	as_git mkdir -p "$T/git/clone/deploy/web"
	as_git tee "$T/git/clone/deploy/web/app.yaml" <<<"$1" >/dev/null
	as_git git -C "$T/git/clone" add -A
	as_git git -C "$T/git/clone" commit -q -m "$1" "${@:2}"
	run as_git git -C "$T/git/clone" push origin main
}

take_back() {
	as_git git -C "$T/git/clone" reset -q --hard HEAD~1
}

# Every process beneath the keeper, and it: what the kernel says of them.
assert_confined() { # KEEPER-UID
	local pid name status seen=
	for pid in $(pgrep -f "$T/gitgate.yaml"); do
		status=$(cat "/proc/$pid/status" 2>/dev/null) || continue
		grep -q '^State:.[ZX]' <<<"$status" && continue
		name=$(sed -n 's/^Name:.//p' <<<"$status")
		grep -q "^NoNewPrivs:.1" <<<"$status" || fail "$name may get new privileges"
		[ "$pid" != "$SERVICE" ] || continue
		[[ "$status" != *Uid:?0* ]] || fail "$name is root"
		grep -q '^CapEff:.0000000000000000' <<<"$status" || fail "$name has capabilities"
		grep -q '^CapPrm:.0000000000000000' <<<"$status" || fail "$name could have capabilities"
		grep -q '^Seccomp:.2' <<<"$status" || fail "$name has no filter"
		seen="$seen $name "
	done
	assert_equal "$(stat -c %u "/proc/$SERVICE")" "$1"
	for name in gg-control gg-intake gg-zygote gg-runner gg-observe; do
		[[ "$seen" = *" $name "* ]] || fail "$name was not seen:$seen"
	done
}

# The whole way, whoever serves.
play() {
	offer "one" -S
	assert_accepted
	refute_says "service" # it was told
	assert_live "one"
	offer "unsigned" --no-gpg-sign
	[ "$status" -ne 0 ]
	assert_says "[everything-is-signed]"
	assert_says "mend: sign it"
	take_back
	offer "two" -S
	assert_accepted
	assert_live "two"
	# Those who push may neither write to what is live nor to the store, nor command.
	run as_git tee "$T/live/web/current/app.yaml" <<<"mine"
	[ "$status" -ne 0 ]
	run as_git cat "$T/state/state.db"
	[ "$status" -ne 0 ]
	run as_git gitgate rollback web --socket "$T/run/gitgate.sock"
	[ "$status" -ne 0 ]
	assert_says "may not do this"
	run as_git gitgate status --socket "$T/run/gitgate.sock"
	assert_equal "$status" 0
	assert_live "two"
	echo "by root's hand" >"$T/live/web/current/app.yaml"
	assert_live "two"
	# Nothing in the repository changed its owner.
	assert_equal "$(find "$T/srv" -not -user $GIT)" ""
}

start_as_one() {
	# Not as(): the process itself must be our child.
	setpriv --reuid=$GITGATE --regid="$(id -g $GITGATE)" --clear-groups --no-new-privs \
		env -i PATH="$PATH" "$T/bin/gitgate" serve --config "$T/gitgate.yaml" 2>>"$T/log" 3>&- &
	SERVICE=$!
	within 20 logged '"event":"ready"' || fail "not ready"
}

@test "two users: git pushes, one unprivileged user serves" {
	make_house
	chown $GITGATE "$T/state" "$T/run" "$T/live"/*
	chmod 700 "$T/state"
	start_as_one
	play
	assert_confined "$(id -u $GITGATE)"
	assert_equal "$(find "$T/live" "$T/state" -mindepth 1 -not -user $GITGATE)" ""
	gg rollback web
	assert_equal "$status" 0
	assert_live "one"
}

@test "two users: git pushes, a service started as root has a user for each kind of process" {
	make_house "user: $GITGATE" "intake-user: $INTAKE" "job-user: $JOBS"
	rmdir "$T/state" "$T/run" # it makes them itself
	chown $JOBS "$T/live"/*
	start_service
	play
	assert_confined 0
	local name user
	while read -r name user; do
		assert_equal "$name $(ps -o user:20= -p "$(pgrep -f "$T/gitgate.yaml" | while read -r pid; do
			[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$name" ] || echo "$pid"
		done | head -1)" | tr -d ' ')" "$name $user"
	done <<-END
		gg-control $GITGATE
		gg-intake $INTAKE
		gg-zygote $JOBS
		gg-observe $JOBS
	END
	assert_equal "$(stat -c %U "$T/state/state.db")" $GITGATE
	assert_equal "$(stat -c %a "$T/state/state.db")" 600
	assert_equal "$(find "$T/live/web" -mindepth 1 -not -user $JOBS)" ""
}

@test "two users: a repository that the service may not read is told, and pushes go on" {
	make_house
	chown $GITGATE "$T/state" "$T/run" "$T/live"/*
	chmod 700 "$T/srv"
	start_as_one
	offer "one" -S
	assert_accepted
	within 10 has_problem || fail "status says nothing"
	offer "unsigned" --no-gpg-sign
	[ "$status" -ne 0 ]
	take_back
	chmod 755 "$T/srv"
	offer "two" -S
	assert_accepted
	assert_live "two"
	! has_problem || fail "the problem stayed"
}

has_problem() {
	gg status shop
	[ "$status" = 0 ] && ! grep -q 'problem *none' <<<"$output"
}
