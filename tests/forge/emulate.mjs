// tests/forge/emulate.mjs - npm's `emulate` as a live GitHub with an App, paired with a local
// bare repository.
//
//   node emulate.mjs DIRECTORY MODULES PORT
//
// DIRECTORY/seed.json is what emulate begins with; written there: 'ports' (emulate, api) and
// 'requests.log', a line of JSON a request of the API.
//
// What emulate makes by its git data API has git's own ids, so a commit of the local repository
// is made there too (push.mjs) and is the same one. Two things it does not have, and they are
// what this proxy adds, from emulate's own refs and nothing else: a pull request keeps the head
// and the base that it was opened with, so they are shown as their branches' tips (a merged
// one's commit as its base's tip); and the pull requests of a commit cannot be asked for.
import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import { pathToFileURL } from "node:url";

const [directory, modules, port] = process.argv.slice(2);
const { createEmulator } = await import(pathToFileURL(path.join(modules, "emulate/dist/api.js")));
const seed = JSON.parse(fs.readFileSync(`${directory}/seed.json`, "utf8"));

await createEmulator({ service: "github", port: Number(port), seed });
const upstream = `http://127.0.0.1:${port}`;

async function ask(where, authorization) {
	const response = await fetch(upstream + where, { headers: authorization ? { authorization } : {} });
	return response.ok ? response.json() : null;
}

// --- pull requests as they are now ---

const tip = async (name, branch, authorization) => (await ask(`/repos/${name}/git/ref/heads/${branch}`, authorization))?.object.sha;

async function refresh(pull, authorization) {
	const name = pull.base.repo.full_name;
	if (pull.merged || pull.merged_at) {
		pull.head.sha = (await tip(name, pull.head.ref, authorization)) ?? pull.head.sha;
		pull.merge_commit_sha = await tip(name, pull.base.ref, authorization);
		return pull;
	}
	pull.head.sha = (await tip(name, pull.head.ref, authorization)) ?? pull.head.sha;
	pull.base.sha = (await tip(name, pull.base.ref, authorization)) ?? pull.base.sha;
	return pull;
}

async function pulls_of_commit(name, commit, authorization) {
	const pulls = (await ask(`/repos/${name}/pulls?state=all&per_page=100`, authorization)) ?? [];
	const fresh = await Promise.all(pulls.map((pull) => refresh(pull, authorization)));
	return fresh.filter((pull) => pull.head.sha === commit || pull.merge_commit_sha === commit);
}

// --- the proxy ---

async function body_of(request) {
	const parts = [];
	for await (const part of request)
		parts.push(part);
	return Buffer.concat(parts);
}

function send(response, status, headers, text) {
	response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(text) });
	response.end(text);
}

async function serve(request, response) {
	const { authorization } = request.headers;
	const body = await body_of(request);
	const where = request.url.split("?")[0];
	const of_commit = where.match(/^\/repos\/([^/]+\/[^/]+)\/commits\/([0-9a-f]{40})\/pulls$/);
	const line = { at: Date.now(), method: request.method, path: request.url, headers: request.headers, body: body.toString() };
	if (of_commit) {
		fs.appendFileSync(`${directory}/requests.log`, JSON.stringify({ ...line, status: 200 }) + "\n");
		return send(response, 200, { "content-type": "application/json" }, JSON.stringify(await pulls_of_commit(of_commit[1], of_commit[2], authorization)));
	}
	const { host, connection, "content-length": length, ...headers } = request.headers;
	const answer = await fetch(upstream + request.url, { method: request.method, headers, body: body.length ? body : undefined, redirect: "manual" });
	let text = await answer.text();
	if (request.method === "GET" && answer.ok && /^\/repos\/[^/]+\/[^/]+\/pulls(\/\d+)?$/.test(where)) {
		const found = JSON.parse(text);
		text = JSON.stringify(Array.isArray(found) ? await Promise.all(found.map((pull) => refresh(pull, authorization))) : await refresh(found, authorization));
	}
	fs.appendFileSync(`${directory}/requests.log`, JSON.stringify({ ...line, status: answer.status }) + "\n");
	const kept = Object.fromEntries([...answer.headers].filter(([name]) => !["content-length", "content-encoding", "transfer-encoding", "connection"].includes(name)));
	return send(response, answer.status, kept, text);
}

const server = http.createServer((request, response) => serve(request, response).catch((error) => {
	fs.appendFileSync(`${directory}/errors.log`, `${error.stack}\n`);
	response.destroy();
}));
server.listen(0, "127.0.0.1", () => {
	fs.writeFileSync(`${directory}/ports.new`, `emulate=${port}\napi=${server.address().port}\n`);
	fs.renameSync(`${directory}/ports.new`, `${directory}/ports`);
});
