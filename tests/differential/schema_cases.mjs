// tests/differential/schema_cases.mjs - cases for our validator and ajv, the same at every run: real manifests, manifests
// that were changed a little, and small schemas with documents. usage: schema_cases.mjs SHARED FOLDER
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';

const [shared, folder] = process.argv.slice(2);
const yaml = createRequire(`${process.env.GITGATE_NPM}/node_modules/`)('js-yaml');
const { definitions } = JSON.parse(readFileSync(`${shared}/data/kubernetes/v1.33-definitions-nodesc.json`, 'utf8'));

// mulberry32
let state = 5;
const random = () => {
	state = (state + 0x6d2b79f5) | 0;
	let t = Math.imul(state ^ (state >>> 15), 1 | state);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const below = n => Math.floor(random() * n);
const pick = list => list[below(list.length)];
const cases = [];

// --- real manifests, by strict schemas of Kubernetes ---
const kinds = new Map();
for (const [name, definition] of Object.entries(definitions)) {
	for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? [])
		kinds.set(`${group ? `${group}/` : ''}${version} ${kind}`, name);
	if (definition.properties && !('additionalProperties' in definition)) definition.additionalProperties = false;
}
writeFileSync(`${folder}/definitions.json`, JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', definitions }));
const manifests = [];
const walk = path => {
	for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
		const below = join(path, entry.name);
		if (entry.isDirectory()) walk(below);
		else if (/\.ya?ml$/.test(entry.name)) {
			let documents = [];
			try { documents = yaml.loadAll(readFileSync(below, 'utf8'), null, { schema: yaml.CORE_SCHEMA }); } catch { /* a template */ }
			documents.forEach((document, index) => {
				const entry = kinds.get(`${document?.apiVersion} ${document?.kind}`);
				if (entry) manifests.push({ id: `${relative(`${shared}/data/manifests`, below)}#${index}`, entry, document });
			});
		}
	}
};
walk(`${shared}/data/manifests`);
cases.push(...manifests);

// --- the same, changed ---
const places = (value, list = []) => {
	if (value && typeof value === 'object') for (const key of Object.keys(value)) { list.push([value, key]); places(value[key], list); }
	return list;
};
const odd = () => pick([null, true, 0, -1, 1.5, 3.0, 1e21, '', '8080', 'two', [], [1], {}, { a: 1 }, 9007199254740993]);
const change = document => {
	const copy = structuredClone(document);
	for (let i = 0, n = 1 + below(2); i < n; i++) {
		const [owner, key] = pick(places(copy));
		switch (below(5)) {
		case 0: if (Array.isArray(owner)) owner.splice(Number(key), 1); else delete owner[key]; break;
		case 1: owner[key] = odd(); break;
		case 2: if (!Array.isArray(owner)) { owner[`${key}x`] = owner[key]; delete owner[key]; } break;
		case 3: owner[key] = [owner[key]]; break;
		case 4: if (!Array.isArray(owner)) owner[`extra${below(9)}`] = odd(); break;
		}
		if (places(copy).length === 0) break;
	}
	return copy;
};
for (let i = 0; i < 3000; i++) {
	const { entry, document } = pick(manifests);
	cases.push({ id: `changed-${i}`, entry, document: change(document) });
}

// --- small schemas ---
const names = ['a', 'b', 'c', 'ab', 'x-1', ''];
const values = [null, true, false, 0, 1, -1, 1.0, 1.5, 0.3, 4.35, 100, 1e300, '', 'a', 'ab', 'é', '😀', [], [1], [1, 1], ['a', 'b'], [1, true], [[], []], {}, { a: 1 }, { a: 1, b: 'x' }, { b: [1, 2] }, { 'x-1': true, ab: null }];
const types = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];
const some = (least, most, make) => Array.from({ length: least + below(most - least + 1) }, make);
const map = make => Object.fromEntries(some(0, 3, () => [pick(names), make()]));
const keywords = depth => {
	const sub = () => schema(depth - 1);
	const all = {
		type: () => (below(2) ? pick(types) : [...new Set(some(1, 3, () => pick(types)))]),
		const: () => pick(values), enum: () => [...new Set(some(1, 3, () => pick(values)))],
		minimum: () => pick([0, 1, 1.5, -1]), maximum: () => pick([0, 1, 1.5, 100]), exclusiveMinimum: () => pick([0, 1]), exclusiveMaximum: () => pick([1, 2]),
		multipleOf: () => pick([1, 2, 0.5, 0.1, 0.01]),
		minLength: () => below(3), maxLength: () => below(3), pattern: () => pick(['^a', 'b$', '^$', '.', '[^a]', '^\\w+$', '\\d', '^(a|b)*$', '^\\S$']),
		minItems: () => below(3), maxItems: () => below(3), uniqueItems: () => true,
		minProperties: () => below(3), maxProperties: () => below(3), required: () => [...new Set(some(0, 2, () => pick(names)))],
		properties: () => map(sub), patternProperties: () => Object.fromEntries(some(1, 2, () => [pick(['^a', 'b', '^x-']), sub()])),
		additionalProperties: sub, propertyNames: () => ({ maxLength: below(3) }), items: sub, contains: sub,
		allOf: () => some(1, 2, sub), anyOf: () => some(1, 3, sub), oneOf: () => some(1, 3, sub), not: sub,
		if: sub, then: sub, else: sub,
		dependentRequired: () => ({ [pick(names)]: [pick(names)] }), dependentSchemas: () => ({ [pick(names)]: sub() }),
		prefixItems: () => some(1, 2, sub), minContains: () => below(3), maxContains: () => below(3),
		unevaluatedProperties: sub, unevaluatedItems: sub,
	};
	return all;
};
const schema = depth => {
	if (depth <= 0 || below(10) === 0) return pick([true, false, {}, { type: pick(types) }, { const: pick(values) }]);
	const all = keywords(depth);
	const chosen = some(1, 4, () => pick(Object.keys(all)));
	return Object.fromEntries([...new Set(chosen)].map(name => [name, all[name]()]));
};
for (let i = 0; i < 1500; i++) {
	const made = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...Object(schema(3)) };
	for (let k = 0; k < 4; k++) cases.push({ id: `small-${i}-${k}`, schema: made, document: pick(values) });
}
// a number like 1.0 is written as 1 by JavaScript: both see the same text
writeFileSync(`${folder}/cases`, cases.map(item => JSON.stringify(item) + '\n').join(''));
