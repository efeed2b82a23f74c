// tests/e2e/yaml_reader.mjs - how npm's "yaml" reads files by YAML 1.2's core schema: a line of JSON a document, "refused"
// for an error, "---" behind each file. usage: yaml_reader.mjs MODULES FILE...
import {createRequire} from "node:module";
import {readFileSync} from "node:fs";
const [modules, ...files] = process.argv.slice(2);
const {parseAllDocuments} = createRequire(modules + "/")("yaml");
for (const file of files) {
	const options = {version: "1.2", merge: true, intAsBigInt: true, uniqueKeys: true, maxAliasCount: -1, logLevel: "silent"};
	const documents = parseAllDocuments(readFileSync(file, "utf8"), options);
	for (const document of Array.isArray(documents) ? documents : []) {
		if (document.errors.length) console.log("refused " + document.errors[0].message.split("\n")[0]);
		else console.log(JSON.stringify(document.toJS({maxAliasCount: -1}), (_, value) => typeof value === "bigint" ? {$int: String(value)} : value)
			.replace(/\{"\$int":"(-?\d+)"\}/g, "$1"));
	}
	console.log("---");
}
