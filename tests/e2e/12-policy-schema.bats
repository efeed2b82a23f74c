#!/usr/bin/env bats
# gitgate policy schema: what editors read. Strict ajv and our own validator take it, and
# agree about samples and mistakes.

load helpers

setup() {
	begin
	MODULES=${GITGATE_NPM:-$GITGATE_BUILD/npm}/node_modules
}

@test "policy schema: prints one of two, and says what it has" {
	run gitgate policy schema
	assert_equal "$status" 0
	assert_says '"title":".gitgate.yaml"'
	refute_says '"listen"'
	gitgate policy schema policy | cmp - <(printf '%s\n' "$output")
	run gitgate policy schema configuration
	assert_says '"title":"gitgate.yaml"'
	assert_says '"listen"'
	gitgate config schema | cmp - <(printf '%s\n' "$output")
	for wrong in "" "schemas" "schema other" "schema policy x"; do
		run gitgate policy $wrong
		assert_equal "$status" 2
	done
	run gitgate policy schema polcy
	assert_says "did you mean 'policy'"
}

@test "policy schema: gitgate check takes samples by it and refuses a mistake" {
	gitgate policy schema configuration >configuration.json
	gitgate policy schema >policy.json
	run gitgate check --files --schema configuration.json "$GITGATE_SOURCE"/etc/gitgate.yaml.*
	assert_equal "$status" 0
	# In one of them everything is commented.
	assert_says "7 documents in 8 files: 7 valid, 0 invalid"
	sed 's/^#//' "$GITGATE_SOURCE/etc/gitgate.yaml.sample" >all.yaml
	run gitgate check --files --schema configuration.json all.yaml
	assert_equal "$status" 0
	printf 'rules:\n  - name: a\n    file: {max-size: 1MiB}\n' >.gitgate.yaml
	run gitgate check --files --schema policy.json .gitgate.yaml
	assert_equal "$status" 1
	assert_says ".gitgate.yaml:3:5"
	assert_says "did you mean 'files'"
}

@test "policy schema: ajv in its strictest mode compiles both, and says the same of samples and mistakes" {
	command -v node >/dev/null || skip "needs node"
	[ -d "$MODULES/ajv" ] && [ -d "$MODULES/js-yaml" ] || skip "npm's ajv and js-yaml are not in $MODULES"
	gitgate policy schema configuration >configuration.json
	gitgate policy schema >policy.json
	mkdir texts
	cp "$GITGATE_SOURCE"/etc/gitgate.yaml.* texts
	sed 's/^#//' "$GITGATE_SOURCE/etc/gitgate.yaml.sample" >texts/gitgate.yaml.all
	sed 's/^#//' "$GITGATE_SOURCE/etc/gitgate-policy.yaml.sample" >texts/policy.all
	sed -n '/^cat >gitgate.yaml <<END/,/^END/p' "$GITGATE_SOURCE/README.md" | sed '1d;$d' >texts/gitgate.yaml.readme
	echo 'rules: [{name: a, files: {max-sise: 1}}]' >texts/policy.wrong1
	echo 'rules: [{files: {}}]' >texts/policy.wrong2
	echo 'principals: {a: {x509: [{mail: x}]}}' >texts/policy.wrong3
	echo 'poll: 300' >texts/gitgate.yaml.wrong4
	echo 'targets: {a: {drift: {mode: later}}}' >texts/gitgate.yaml.wrong5
	cat >judge.cjs <<-'END'
		const fs = require('fs');
		const modules = process.argv[2];
		const Ajv = require(`${modules}/ajv/dist/2020`).default;
		const yaml = require(`${modules}/js-yaml`);
		const validate = {};
		for (const name of ['configuration', 'policy'])
		  validate[name] = new Ajv({strict: true, allErrors: true}).compile(JSON.parse(fs.readFileSync(`${name}.json`)));
		for (const file of fs.readdirSync('texts').sort()) {
		  const kind = file.startsWith('policy') ? 'policy' : 'configuration';
		  const document = yaml.load(fs.readFileSync(`texts/${file}`, 'utf8'), {schema: yaml.CORE_SCHEMA});
		  console.log(file, document == null ? 'empty' : validate[kind](document) ? 'valid' : 'invalid');
		}
	END
	node judge.cjs "$MODULES" >theirs
	for file in texts/*; do
		local kind=configuration verdict=valid
		case "$file" in texts/policy*) kind=policy ;; esac
		gitgate check --files --schema "$kind.json" "$file" >/dev/null 2>&1 || verdict=invalid
		case "$file" in *.sample) verdict=empty ;; esac
		echo "${file#texts/} $verdict"
	done | LC_ALL=C sort >ours
	diff <(LC_ALL=C sort theirs) ours
	assert_equal "$(grep -c ' invalid$' ours)" 5
	assert_equal "$(grep -c ' valid$' ours)" 10
}
