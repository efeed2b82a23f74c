#!/usr/bin/env bats
# Documents that were good are remembered by the hook and by the service, each for itself:
# who judges them again parses none of them, until the schema changes.

load helpers
load service

setup() {
	begin
}

teardown() {
	end_service
	end
}

# The floor asks for a schema; three documents and one that is none of its business.
add_documents() {
	echo '{"properties": {"replicas": {"type": "integer"}}}' >"$T/app.schema.json"
	sed -i 's|^rules:|&\n  - {name: shape, paths: ["deploy/**"], schema: {file: app.schema.json}}|' "$T/gitgate.yaml"
	put deploy/web/app.yaml "replicas: 1"
	put deploy/web/two.yaml "replicas: 2"
	put deploy/web/two.json '{"replicas": 2}'
	put other.yaml "replicas: many"
}

# How many good documents the hook remembers: each that it parses adds a line.
hook_remembers() {
	grep -c '^\(yaml\|json\)-document-' "$T/shop.git/gitgate/facts" || true
}

@test "remembered documents: the hook parses none of them again" {
	make_guarded
	add_documents
	commit --no-gpg-sign
	# Refused for its signature; what is known of its documents stays.
	push origin main
	assert_refused
	assert_equal "$(hook_remembers)" 3
	git -C "$T/clone" commit -q --amend -S -m "signed"
	push origin main
	assert_accepted
	assert_equal "$(hook_remembers)" 3
	# A new ref brings all of them, one push later one.
	push origin main:refs/heads/other
	assert_accepted
	assert_equal "$(hook_remembers)" 3
	put deploy/web/two.yaml "replicas: 22"
	commit
	push origin main
	assert_accepted
	assert_equal "$(hook_remembers)" 4
	# Another schema forgets them; with the old one back they are known.
	echo '{"properties": {"replicas": {"maximum": 10}}}' >"$T/app.schema.json"
	push origin main:refs/heads/third
	assert_refused
	assert_says "deploy/web/two.yaml:1:11"
	assert_equal "$(hook_remembers)" 6
	echo '{"properties": {"replicas": {"type": "integer"}}}' >"$T/app.schema.json"
	push origin main:refs/heads/third
	assert_accepted
	assert_equal "$(hook_remembers)" 6
}

# Rows about good documents, with the time when they were put, of the store of a service that was ended.
service_remembers() {
	python3 - "$T/state/state.db" <<-END
		import sqlite3, sys
		rows = sqlite3.connect(sys.argv[1]).execute(
		    "SELECT hex(key), stored_at FROM facts WHERE kind LIKE '%-document-% shop' ORDER BY key, stored_at")
		for row in rows: print(*row)
	END
}

@test "remembered documents: the service parses none of them again" {
	command -v python3 >/dev/null || skip "needs python3"
	make_served
	add_documents
	start_service
	commit
	push origin main
	assert_accepted
	assert_judged
	stop_service
	service_remembers >"$T/first"
	assert_equal "$(wc -l <"$T/first")" 3
	start_service
	commit
	push origin main:refs/heads/other
	assert_accepted
	assert_judged
	stop_service
	# Who parses one puts it anew, with another time.
	service_remembers >"$T/second"
	cmp "$T/first" "$T/second"
}
