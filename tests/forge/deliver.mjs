// tests/forge/deliver.mjs - brings webhooks to their receiver: what send.mjs and forge.mjs share.
import * as fs from "node:fs";
import * as http from "node:http";
import { webhook } from "./payloads.mjs";

function post(address, headers, body, agent) {
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

// `said` is JSON (payloads.mjs), or @FILE with a body as it is; `times` sends the very same delivery so often, over
// some connections at once. Returns the status and answer of one; of several "STATUS COUNT" lines.
export async function send_webhook({ address, secret, kind, event, said, times }) {
	const raw = said.startsWith("@") ? fs.readFileSync(said.slice(1)) : undefined;
	const what = raw ? {} : JSON.parse(said);
	const { body, headers } = webhook({ kind, event, what, raw, secret, ...(what.id ? { id: what.id } : {}) });
	const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
	const counts = new Map();
	let left = Number(times ?? 1);
	let text = "";

	async function work() {
		while (left-- > 0) {
			const [status, answer] = await post(address, headers, body, agent);
			text = answer;
			counts.set(status, (counts.get(status) ?? 0) + 1);
		}
	}

	await Promise.all(Array.from({ length: Math.min(16, left) }, work));
	agent.destroy();
	if (times === undefined)
		return `${[...counts.keys()][0]} ${text.trim()}`;
	return [...counts].map(([status, count]) => `${status} ${count}`).join("\n");
}
