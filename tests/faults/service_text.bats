# tests/faults/service_text.bats - X2: text that others wrote never reaches a log, a terminal or
# an answer with a raw control byte in it.

load ../e2e/helpers.bash
load service.bash

setup() {
	begin
	need curl sqlite3 iconv
}

teardown() {
	serve_end
}

# The strings, one a line, as the shell's $'...' writes them. None has a NUL or a line feed,
# which the places below add where they can be.
write_strings() {
	local byte
	{
		for byte in 01 02 03 04 05 06 07 08 09 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 7f; do
			echo "a\\x${byte}b"
		done
		for byte in 80 84 85 88 8d 8e 90 98 9a 9b 9c 9d 9e 9f; do
			echo "c1\\xc2\\x${byte}d"
		done
		for byte in 80 9b c0 c3 e2 ed f4 fe ff; do
			echo "bad\\x${byte}"
		done
		cat <<-'END'
			\e[31mred\e[0m
			\e]0;title\a
			\e]8;;http://evil.example\e\\link\e]8;;\e\\
			\e[2J\e[H
			\ec
			\eP+q544e\e\\
			\e_Gf=100;AAAA\e\\
			\e[6n
			\e[?1049h
			\e[1A\e[2K
			\e(0lqk
			\x9b31mred
			one\rtwo
			one\b\b\btwo
			\xe2\x80\xaagnp.exe
			\xe2\x80\xabgnp.exe
			\xe2\x80\xacgnp.exe
			\xe2\x80\xadgnp.exe
			\xe2\x80\xaegnp.exe
			\xe2\x81\xa6gnp.exe
			\xe2\x81\xa7gnp.exe
			\xe2\x81\xa8gnp.exe
			\xe2\x81\xa9gnp.exe
			\xe2\x80\xa8line
			\xe2\x80\xa9paragraph
			\xe2\x80\x8ezero
			\xe2\x80\x8bzero
			\xef\xbb\xbfmark
			\xef\xbf\xbenone
			\xed\xa0\x80surrogate
			\xf4\x90\x80\x80beyond
			\xc0\xafoverlong
			\xe0\x80\xafoverlong
			\xf0\x80\x80\xafoverlong
			%s%s%s%n%d
			%1$s %99999d
			"quoted" 'quoted' `quoted`
			","level":"error","x":"
			{"event":"forged"}
			</script><script>alert(1)</script>
			&amp;&lt;
			$(touch owned)
			; rm -rf x
			| cat
			..\\..\\windows
			back\\slash
			\\x1b[31m
			\\u001b[31m
			--upload-pack=touch owned
			-oProxyCommand=x
			remote: error: forged
			::error file=x::forged
			##[error]forged
			\xf0\x9f\x92\xa9
			a\xcc\x80\xcc\x81\xcc\x82\xcc\x83\xcc\x84
			.
			 
			~^:?*[
		END
	} >"$T/strings"
	[ "$(wc -l <"$T/strings")" -ge 100 ] || fail "too few strings"
}

# as_bytes LINE: in $REPLY
as_bytes() {
	printf -v REPLY '%b' "${1//\\e/\\x1b}"
}

quote_path() {
	local text="${1//\\/\\\\}"
	printf '"%s"' "${text//\"/\\\"}"
}

# One commit a string, which has it in message, names, addresses and a path.
write_history() {
	local line n=0 text path
	echo "blob"
	echo "mark :1"
	printf 'data 2\nx\n'
	while IFS= read -r line; do
		n=$((n + 1))
		as_bytes "$line"
		text="$REPLY"
		path="${text//\//_}"
		[[ "$path" != . && "$path" != ..* ]] || path="dot"
		printf 'commit refs/heads/hostile\nmark :%d\n' $((n + 1))
		printf 'author %s <%s@example.org> 1700000000 +0000\n' "${text//[<>]/}" "${text//[<> ]/}"
		printf 'committer %s <%s@example.org> 1700000000 +0000\n' "${text//[<>]/}" "${text//[<> ]/}"
		printf 'data %d\n%s\n' "$(printf '%s\n%s' "$text" "$text" | wc -c)" "$text
$text"
		[ "$n" -gt 1 ] || printf 'from %s\n' "$(tip "$T/shop.git" refs/heads/main)"
		printf 'M 100644 :1 %s\n' "$(quote_path "site/$n $path")"
	done <"$T/strings"
}

# clean FILE: no control byte but the line feed, nothing that turns or hides text, and UTF-8
clean() {
	local found
	found=$(LC_ALL=C grep -naP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]' "$1" | head -3 | cut -b1-300 | cat -v)
	[ -z "$found" ] || fail "raw in ${1##*/}: $found"
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null || fail "not UTF-8: ${1##*/}"
}

# each_line_is_json FILE
each_line_is_json() {
	sqlite3 :memory: 'CREATE TABLE t (line)' '.mode ascii' '.separator "\001" "\n"' ".import \"$1\" t" \
		'SELECT count(*) FROM t WHERE NOT json_valid(line)' >"$T/invalid"
	assert_equal "$(cat "$T/invalid")" 0
}

# What the test would be worth if the checks saw nothing.
check_the_checks() {
	local sample
	for sample in 'a\x1bb' 'a\rb' 'a\xc2\x9bb' 'a\xe2\x80\xaeb' 'a\xffb' 'a\tb'; do
		printf "{\"a\": \"$sample\"}\n" >"$T/sample"
		set +e
		(set -e; clean "$T/sample") >/dev/null 2>&1
		status=$?
		set -e
		[ "$status" -ne 0 ] || fail "not seen: $sample"
	done
	printf '{"a": 1}\n{"a": "b"c"}\n' >"$T/sample"
	set +e
	(set -e; each_line_is_json "$T/sample") >/dev/null 2>&1
	status=$?
	set -e
	[ "$status" -ne 0 ] || fail "a broken line is not seen"
}

@test "hostile text in commits, paths, refs and pushers is escaped in logs, answers and on terminals" {
	check_the_checks
	make_shop
	write_config
	sed -i 's/^rules:$/rules:\n  - name: words\n    commits: {message: "^ok ", author-email: "^x$", committer-email: "^x$"}\n  - name: paths\n    files: {name: "^ok$", forbid: ["site\/**"]}/' "$T/gitgate.yaml"
	write_strings
	write_history >"$T/history"
	git -C "$T/clone" fast-import --quiet --date-format=raw-permissive <"$T/history"
	assert_equal "$(git -C "$T/clone" rev-list --count hostile ^main)" "$(wc -l <"$T/strings")"
	# What a pusher sees.
	install_hooks
	run git -C "$T/clone" push origin hostile
	assert_refused
	printf '%s\n' "$output" >"$T/pushed.txt"
	output=
	grep -q 'remote: ' "$T/pushed.txt" || fail "nothing was said"
	clean "$T/pushed.txt"
	# What the service says: the hook is taken out, so that it has to judge.
	rm "$T/shop.git/hooks/pre-receive"
	serve_start
	git -C "$T/clone" push -q origin hostile
	n=0
	while IFS= read -r line; do
		n=$((n + 1))
		as_bytes "$line"
		# Names of refs that git takes.
		if git check-ref-format "refs/heads/$n$REPLY" 2>/dev/null; then
			git -C "$T/clone" push -q origin "main:refs/heads/$n$REPLY" 2>/dev/null || true
		fi
		# Pushers, raw and as JSON can say them.
		text="${REPLY//\\/\\\\}"
		hint "{\"repository\":\"shop\",\"pusher\":\"${text//\"/\\\"}\",\"refs\":[{\"ref\":\"refs/heads/x$n\",\"old\":\"$(printf %040x "$n")\",\"new\":\"$(printf %040x 9)\"}]}" >/dev/null
		cat "$T/body" >>"$T/answers.txt"
		hint "{\"repository\":\"shop\",\"pusher\":\"p\\u001b[31m\\u009b\\u202e\\n$n\"}" >/dev/null
		cat "$T/body" >>"$T/answers.txt"
		# In addresses and names of things that are not there.
		http "/api/v1/changes?repository=$(printf '%s' "$REPLY" | od -An -tx1 | tr -d ' \n' | sed 's/../%&/g')" >/dev/null
		cat "$T/body" >>"$T/answers.txt"
	done <"$T/strings"
	await_idle 60
	for list in repositories "refs?repository=shop" deliveries changes verdicts findings deployments targets "quarantine?target=web" "outbox?repository=shop" ledger; do
		http "/api/v1/$list" >"$T/status"
		[ "$list" = findings ] || assert_equal "$(cat "$T/status")" 200
		cat "$T/body" >>"$T/answers.txt"
		echo >>"$T/answers.txt"
	done
	for id in $(seq 1 8); do
		http "/api/v1/findings?id=$id" >/dev/null
		cat "$T/body" >>"$T/answers.txt"
		echo >>"$T/answers.txt"
	done
	grep -q 'site/' "$T/answers.txt" || fail "no finding names a path"
	for words in "status" "status shop" "status web" "log" "log --json" "status --json" "log --limit 200"; do
		gitgate $words --config "$T/gitgate.yaml" >>"$T/shown.txt" 2>&1 || fail "gitgate $words failed"
	done
	serve_stop
	gitgate status shop --config "$T/gitgate.yaml" >>"$T/shown.txt" 2>&1
	gitgate log --config "$T/gitgate.yaml" >>"$T/shown.txt" 2>&1
	(cd "$T/clone" && gitgate check main..hostile --floor "$T/gitgate.yaml") >"$T/checked.txt" 2>&1 || true
	grep -q 'words' "$T/checked.txt" || fail "gitgate check said nothing"
	clean "$T/answers.txt"
	clean "$T/shown.txt"
	clean "$T/checked.txt"
	clean "$T/serve.log"
	each_line_is_json "$T/serve.log"
	[ ! -e owned ] && [ ! -e "$T/clone/owned" ] && [ ! -e "$T/shop.git/owned" ]
}
