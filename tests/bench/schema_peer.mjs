// tests/bench/schema_peer.mjs - ajv (and js-yaml) at the work of bench_schema.c.
// usage: schema_peer.mjs FOLDER KIND WORK MILLISECONDS: for each line that it is given, prints the nanoseconds that one
// document takes
import { readFileSync, readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const [folder, kind, work, milliseconds] = process.argv.slice(2);
const require = createRequire(`${process.env.GITGATE_NPM}/node_modules/`);
const Ajv = require('ajv').default;
const schema = JSON.parse(readFileSync(`${folder}/${kind}.schema.json`, 'utf8'));
const options = { strict: false, validateFormats: false, inlineRefs: false, allErrors: work === 'bad' || work === 'mended' };
const set = `${kind.toLowerCase()}-${work === 'yaml' ? 'varied' : work === 'mended' ? 'bad' : work}`;
let checks = 0;
let run;
if (work === 'compile') {
	run = () => { new Ajv(options).compile(schema); return 1; };
} else if (work === 'yaml') {
	const yaml = require('js-yaml');
	const validate = new Ajv(options).compile(schema);
	const texts = readFileSync(`${folder}/${set}.yaml`, 'utf8').split('---\n');
	run = () => {
		for (const text of texts) checks += validate(yaml.load(text));
		return texts.length;
	};
} else {
	const validate = new Ajv(options).compile(schema);
	const documents = readFileSync(`${folder}/${set}.jsonl`, 'utf8').trim().split('\n').map(line => JSON.parse(line));
	for (const document of documents)
		if (validate(document) !== (set.indexOf('bad') < 0)) throw new Error(`unexpected: ${JSON.stringify(validate.errors)}`);
	run = () => {
		for (const document of documents) checks += validate(document);
		return documents.length;
	};
}
// as ours: of the processor, so that what else runs here does not count
const cpu = () => { const used = process.cpuUsage(); return (used.user + used.system) * 1e3; };
const measure = time => {
	let done = 0;
	const start = cpu();
	let now = start;
	while (now - start < time * 1e6) {
		const most = work === 'compile' || work === 'yaml' ? 1 : 64;
		for (let i = 0; i < most; i++) done += run();
		now = cpu();
	}
	return (now - start) / done;
};
measure(500); // let the compiler of JavaScript do its work first
const byte = Buffer.alloc(1);
while (readSync(0, byte) > 0)
	if (byte[0] === 10) writeSync(1, `${measure(milliseconds).toFixed(1)}${checks < 0 ? '?' : ''}\n`);
