// tests/forge/rekor.mjs - a Rekor for end-to-end tests: node rekor.mjs DIRECTORY PORT. DIRECTORY/OBJECT.json are entries
// about objects of git, each of which is found by the digest of its id, as gitsign tells the log. DIRECTORY/mood says how
// it behaves: "busy" (503), "silent", "endless", "huge", "elsewhere ADDRESS" (redirects).
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";

const [directory, port] = process.argv.slice(2);
const digest = (text) => "sha256:" + createHash("sha256").update(text).digest("hex");
const files = () => readdirSync(directory).filter((name) => name.endsWith(".json"));
const entry = (name) => JSON.parse(readFileSync(`${directory}/${name}`, "utf8"));

function answer(method, path, body) {
	if (method === "POST" && path === "/api/v1/index/retrieve") {
		const wanted = JSON.parse(body).hash;
		const found = files().filter((name) => digest(name.replace(".json", "")) === wanted);
		const names = existsSync(`${directory}/names`) ? JSON.parse(readFileSync(`${directory}/names`)) : undefined;
		return [200, names ?? found.flatMap((name) => Object.keys(entry(name)))];
	}
	const uuid = path.match(/^\/api\/v1\/log\/entries\/([0-9a-f]+)$/)?.[1];
	const name = method === "GET" && uuid && files().find((one) => uuid in entry(one));
	return name ? [200, entry(name)] : [404, { code: 404, message: "not found" }];
}

// Answers out of the ordinary; false: this mood has none.
function moody(mood, request, response) {
	const [word, address] = mood.split(" ");
	if (word === "busy") response.writeHead(503, { "retry-after": "1" }).end("{}");
	else if (word === "elsewhere") response.writeHead(302, { location: address + request.url }).end();
	else if (word === "huge") response.writeHead(200).end(`["${"0".repeat(32 << 20)}"]`);
	else if (word === "endless") {
		response.writeHead(200);
		const drip = setInterval(() => response.write(" "), 20);
		response.on("close", () => clearInterval(drip));
	} else return word === "silent";
	return true;
}

createServer((request, response) => {
	const chunks = [];
	request.on("data", (chunk) => chunks.push(chunk));
	request.on("end", () => {
		const mood = existsSync(`${directory}/mood`) ? readFileSync(`${directory}/mood`, "utf8").trim() : "";
		if (mood) appendFileSync(`${directory}/log`, `${request.method} ${request.url} ${mood}\n`);
		if (mood && moody(mood, request, response)) return;
		const [status, reply] = answer(request.method, request.url, Buffer.concat(chunks).toString());
		appendFileSync(`${directory}/log`, `${request.method} ${request.url} ${status}\n`);
		response.writeHead(status, { "content-type": "application/json" });
		response.end(JSON.stringify(reply));
	});
}).listen(Number(port), "127.0.0.1");
