// tests/bench/check_files_peer.mjs - what check-files.sh has gitgate do, by js-yaml and ajv.
// usage: check_files_peer.mjs SCHEMAS FOLDER: 1 when a document is not valid
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';

const [schemas, folder] = process.argv.slice(2);
const require = createRequire(`${process.env.GITGATE_NPM}/node_modules/`);
const Ajv = require('ajv').default;
const yaml = require('js-yaml');
const ajv = new Ajv({ strict: false, validateFormats: false, inlineRefs: false, allErrors: true });
const validators = {};
const validatorOf = kind => validators[kind] ??= ajv.compile(JSON.parse(readFileSync(join(schemas, `${kind}.schema.json`), 'utf8')));
let wrong = false;
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
	const path = join(entry.parentPath ?? entry.path, entry.name);
	if (!entry.isFile() || !/\.(yaml|yml|json)$/.test(path)) continue;
	for (const document of yaml.loadAll(readFileSync(path, 'utf8'))) {
		if (document?.kind !== 'Deployment' && document?.kind !== 'Service') continue;
		const validate = validatorOf(document.kind);
		if (validate(document)) continue;
		wrong = true;
		for (const error of validate.errors) console.log(`${path}: ${error.instancePath} ${error.message}`);
	}
}
process.exitCode = wrong ? 1 : 0;
