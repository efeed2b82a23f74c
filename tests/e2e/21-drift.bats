#!/usr/bin/env bats
# Drift: what others do to a live directory is seen at once, and corrected by a new release.

load helpers
load service

setup() {
	begin
}

teardown() {
	end_service
}

# One of each kind of file, live.
make_live() {
	make_served
	put deploy/web/app.yaml "replicas: 1"
	put deploy/web/conf/deep/file "deep"
	put deploy/web/bin/run "#!/bin/sh"
	chmod 755 "$T/clone/deploy/web/bin/run"
	ln -s conf/deep/file "$T/clone/deploy/web/link"
	start_service
	change "docs" docs/index.md
	assert_judged
	assert_live "replicas: 1"
	LIVE="$T/live/web/current"
	GENERATION=1
}

# What is live, exactly: types, rights, contents.
picture() {
	(cd "$LIVE/" && find . -mindepth 1 -printf '%P %y %m %l\n' | sort &&
		find . -type f -printf '%P\n' | sort | xargs -d '\n' sha256sum)
}

# A newer release that looks as the commit says.
corrected() {
	local now
	now=$(release)
	now=${now#releases/}
	[ "${now%%-*}" -gt "$GENERATION" ] && [ "$(picture)" = "$PICTURE" ] && settled
}

# assert_corrected WHAT
assert_corrected() {
	within 10 corrected || fail "$1 was not corrected: $(release)
$(diff <(echo "$PICTURE") <(picture))"
	local now
	now=$(release)
	now=${now#releases/}
	GENERATION=${now%%-*}
}

@test "drift: every kind of edit is corrected by a new release" {
	make_live
	PICTURE=$(picture)
	echo "replicas: 9" >"$LIVE/app.yaml"
	assert_corrected "an edit"
	# Of the same size, at the same time.
	touch -r "$LIVE/app.yaml" "$T/stamp"
	printf 'replicas: 7\n' >"$LIVE/app.yaml"
	touch -r "$T/stamp" "$LIVE/app.yaml"
	assert_corrected "an edit of the same size and time"
	rm "$LIVE/conf/deep/file"
	assert_corrected "a deleted file"
	rm -r "$LIVE/conf"
	assert_corrected "a deleted directory"
	echo extra >"$LIVE/conf/extra"
	assert_corrected "an added file"
	mkdir -p "$LIVE/new/deep"
	assert_corrected "an added directory"
	ln -s /etc/passwd "$LIVE/conf/passwd"
	assert_corrected "an added link"
	chmod 755 "$LIVE/app.yaml"
	assert_corrected "the executable bit"
	chmod 644 "$LIVE/bin/run"
	assert_corrected "a lost executable bit"
	ln -sfn /etc/passwd "$LIVE/link"
	assert_corrected "a link that leads elsewhere"
	rm "$LIVE/app.yaml"
	ln -s /etc/passwd "$LIVE/app.yaml"
	assert_corrected "a file replaced by a link"
	rm "$LIVE/app.yaml"
	mkdir "$LIVE/app.yaml"
	assert_corrected "a file replaced by a directory"
	mv "$LIVE/conf" "$LIVE/conf2"
	assert_corrected "a renamed directory"
	# The files of others that links led to are as they were.
	grep -q '^root:' /etc/passwd
	run gitgate log --config "$T/gitgate.yaml" --target web
	assert_says "drift by gitgate"
	assert_logged '"event":"a target drifted"'
}

@test "drift: the link itself" {
	make_live
	PICTURE=$(picture)
	rm "$T/live/web/current"
	assert_corrected "a removed link"
	mkdir "$T/elsewhere"
	echo "replicas: 666" >"$T/elsewhere/app.yaml"
	ln -sfn "$T/elsewhere" "$T/live/web/current"
	assert_corrected "a link to somewhere else"
	assert_equal "$(cat "$T/elsewhere/app.yaml")" "replicas: 666"
	change "replicas: 2"
	assert_judged
	assert_live "replicas: 2"
	GENERATION=$(release | sed 's,releases/\([0-9]*\)-.*,\1,') PICTURE=$(picture)
	local old
	old=$(ls "$T/live/web/releases" | grep -v '\.list$' | sort -n | head -1)
	ln -sfn "releases/$old" "$T/live/web/current"
	assert_corrected "a link back to an older release"
	assert_live "replicas: 2"
}

@test "drift: only reported where it is asked for" {
	DRIFT_MODE=report make_live
	echo "by hand" >"$LIVE/app.yaml"
	assert_logged '"event":"a target drifted"'
	gg status
	[[ "$output" =~ web.*drift ]] || fail "status does not tell"
	gg status web
	assert_says "app.yaml"
	sleep 0.5
	assert_live "by hand"
	assert_equal "$(release | cut -d- -f1)" "releases/1"
	# It goes when the hand undoes it, or a deployment comes.
	echo "replicas: 1" >"$LIVE/app.yaml"
	within 10 no_drift || fail "still drifted"
	echo "by hand" >"$LIVE/app.yaml"
	change "replicas: 2"
	assert_live "replicas: 2"
	within 10 no_drift || fail "still drifted"
}

no_drift() {
	gitgate status web --json --config "$T/gitgate.yaml" | grep -q '"drifted":false'
}

@test "drift: the interval finds what the observer did not" {
	DRIFT_EVERY=1s make_live
	PICTURE=$(picture)
	stop_service
	echo "while nobody looked" >"$LIVE/app.yaml"
	start_service
	assert_corrected "an edit while the service was down"
	# The observer is gone: the interval remains.
	local observer
	observer=$(pgrep -f "$T/gitgate.yaml" | while read -r pid; do
		[ ! -e "/proc/$pid/comm" ] || ! grep -q observe "/proc/$pid/comm" || echo "$pid"
	done)
	[ -n "$observer" ] || fail "no observer"
	kill -STOP $observer
	echo "while it slept" >"$LIVE/app.yaml"
	assert_corrected "an edit that the observer could not see"
	kill -CONT $observer
}

@test "drift: off is off" {
	DRIFT_MODE=off DRIFT_EVERY=1s make_live
	echo "by hand" >"$LIVE/app.yaml"
	sleep 1.5
	assert_live "by hand"
	! logged '"event":"a target drifted"' || fail "somebody looked"
	change "replicas: 2"
	assert_live "replicas: 2"
}

@test "drift: a rollback stays, whatever is edited, at every look" {
	DRIFT_EVERY=1s make_live
	change "replicas: 2"
	assert_live "replicas: 2"
	gg rollback web --reason "bad"
	assert_equal "$status" 0
	assert_live "replicas: 1"
	local i
	for i in 1 2; do
		echo "by hand $i" >"$LIVE/app.yaml"
		assert_live "replicas: 1"
		within 10 settled
	done
	# Neither polling nor a restart brings the bad commit back.
	stop_service
	start_service
	sleep 1.5
	assert_live "replicas: 1"
	gg status
	assert_says "1 quarantined"
}
