// tests/differential/schema_ajv.mjs - what ajv says to the cases. usage: schema_ajv.mjs DEFINITIONS CASES
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [definitions, cases] = process.argv.slice(2);
const require = createRequire(`${process.env.GITGATE_NPM}/node_modules/`);
const options = { strict: false, validateFormats: false, logger: false };
const kubernetes = new (require('ajv').default)(options);
kubernetes.addSchema(JSON.parse(readFileSync(definitions, 'utf8')), 'kubernetes');
// One for all: each is made with the schema of schemas, which takes longer than all of ours.
const small = new (require('ajv/dist/2020').default)(options);
let before;
let validate;
const out = [];
for (const line of readFileSync(cases, 'utf8').trim().split('\n')) {
	const item = JSON.parse(line);
	if (item.entry) {
		validate = kubernetes.getSchema(`kubernetes#/definitions/${item.entry}`);
		before = undefined;
	} else if (before !== JSON.stringify(item.schema)) {
		before = JSON.stringify(item.schema);
		small.removeSchema();
		try { validate = small.compile(item.schema); } catch { validate = undefined; }
	}
	try { out.push(validate ? Number(validate(item.document)) : 'refused'); } catch { out.push('failed'); }
}
console.log(out.join('\n'));
