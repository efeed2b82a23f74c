// tests/forge/forgejo-openapi.js - makes Forgejo's published document one that prism can serve: below /api/v1, and
// with examples that tell a story (ids that are ids, numbers from 1, lists of one page).
//
//   node forgejo-openapi.js forgejo.v1.json >served.json
'use strict';
const fs = require('fs');
const whole = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

whole.paths = Object.fromEntries(Object.entries(whole.paths).map(([path, item]) => ['/api/v1' + path, item]));
delete whole.basePath;
// A token in the header, which is what we send.
whole.security = [{ AuthorizationHeaderToken: [] }];

function walk(node) {
	if (!node || typeof node !== 'object')
		return;
	if (node.type === 'integer' && node.format === 'int64')
		node.minimum = 1;
	Object.values(node).forEach(walk);
}
walk(whole.definitions);

const commit = '6dcb09b5b57875f334f61aebed695e2e4193db5e';
function example(name, examples) {
	for (const [property, value] of Object.entries(examples))
		whole.definitions[name].properties[property].example = value;
}
example('PRBranchInfo', { sha: commit, ref: 'main' });
example('PullRequest', { state: 'open', merged: false, merge_commit_sha: commit });
example('PullReview', { state: 'APPROVED', official: true, stale: false, dismissed: false, commit_id: commit });
example('User', { login: 'octocat' });
example('Repository', { archived: false });
example('BranchProtection', { rule_name: 'main', enable_status_check: true, status_check_contexts: ['gitgate/policy'] });
example('Hook', { active: true, config: { url: 'https://gate.example.org/known' }, events: ['push', 'pull_request'], id: 3 });
example('Comment', { id: 9 });
example('CommitStatus', { id: 5 });

process.stdout.write(JSON.stringify(whole));
