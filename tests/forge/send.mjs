// tests/forge/send.mjs - sends webhooks, signed as a forge does it.
//
//   node send.mjs ADDRESS SECRET-FILE KIND EVENT WHAT [COUNT]
//
// WHAT is JSON (payloads.mjs), or @FILE with a body as it is. COUNT sends the very same
// delivery so often, over some connections at once. The secret is read from the file's first
// line and stands in no argument. Printed: the status of one; of several "STATUS COUNT" lines.
import * as fs from "node:fs";
import * as http from "node:http";
import { webhook } from "./payloads.mjs";

const [address, secret_file, kind, event, said, times] = process.argv.slice(2);
const secret = fs.readFileSync(secret_file, "utf8").split("\n")[0];
const raw = said.startsWith("@") ? fs.readFileSync(said.slice(1)) : undefined;
const what = raw ? {} : JSON.parse(said);
const { body, headers } = webhook({ kind, event, what, raw, secret, ...(what.id ? { id: what.id } : {}) });
const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

function post() {
	return new Promise((resolve) => {
		const request = http.request(address, { method: "POST", headers: { ...headers, "Content-Length": Buffer.byteLength(body) }, agent }, (response) => {
			let text = "";
			response.on("data", (part) => (text += part));
			response.on("end", () => resolve([response.statusCode, text]));
			response.on("error", () => resolve([0, ""]));
		});
		request.on("error", () => resolve([0, ""]));
		request.end(body);
	});
}

const counts = new Map();
let left = Number(times ?? 1);
let text = "";

async function work() {
	while (left-- > 0) {
		const [status, answer] = await post();
		text = answer;
		counts.set(status, (counts.get(status) ?? 0) + 1);
	}
}

await Promise.all(Array.from({ length: Math.min(16, left) }, work));
agent.destroy();
if (times === undefined)
	console.log([...counts.keys()][0], text.trim());
else
	for (const [status, count] of counts)
		console.log(status, count);
