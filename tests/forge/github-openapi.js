// tests/forge/github-openapi.js - reduces GitHub's published OpenAPI document to what we
// use, so that prism starts in seconds, and makes its examples a story: no pages that
// lead to api.github.com, and a check run that is not completed yet.
//
//   node github-openapi.js api.github.com.json >reduced.json
'use strict';
const fs = require('fs');
const whole = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const used = /^\/(user|app|app\/hook\/config|app\/installations\/\{installation_id\}\/access_tokens|repos\/\{owner\}\/\{repo\}(\/.*)?)$/;

for (const path of Object.keys(whole.paths)) {
	if (!used.test(path)) {
		delete whole.paths[path];
		continue;
	}
	for (const operation of Object.values(whole.paths[path]))
		for (const response of Object.values(operation.responses || {}))
			delete response.headers;
}

// Only what is still referred to.
const kept = {};
function keep(node) {
	if (Array.isArray(node)) {
		node.forEach(keep);
	} else if (node && typeof node === 'object') {
		if (typeof node.$ref === 'string' && !kept[node.$ref]) {
			kept[node.$ref] = true;
			keep(node.$ref.split('/').slice(1).reduce((at, key) => at[key], whole));
		}
		Object.values(node).forEach(keep);
	}
}
keep(whole.paths);
for (const [group, members] of Object.entries(whole.components))
	for (const name of Object.keys(members))
		if (!kept[`#/components/${group}/${name}`])
			delete members[name];
delete whole['x-webhooks'];
delete whole.webhooks;
whole.servers = [{ url: '/' }];

const run = whole.components.examples['check-run'];
run.value.status = 'in_progress';
run.value.conclusion = null;
run.value.output.annotations_count = 0;
process.stdout.write(JSON.stringify(whole));
