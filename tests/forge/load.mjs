// tests/forge/load.mjs - four forges that send webhooks at a rate, whatever the receiver does.
//
//   node load.mjs ADDRESS SECRET-FILE TIPS LOG RATE STOP [DROPPED]
//
// TIPS grows while this runs: a line "KIND NAME REF AFTER" each, of which the newest ones are told
// of again and again, every time as a delivery of its own. LOG gets a line "STATUS KIND DELIVERY
// REF AFTER" for each answer (status 0: none). Ends when the file STOP is there and every tip was
// told of since it was answered last. With DROPPED (percent) each tip is told of once, or, so
// often, never.
import * as fs from "node:fs";
import * as http from "node:http";
import { webhook } from "./payloads.mjs";

const [address, secret_file, tips_file, log_file, rate, stop_file, dropped] = process.argv.slice(2);
const secret = fs.readFileSync(secret_file, "utf8").split("\n")[0];
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const log = fs.openSync(log_file, "a");
const counts = { sent: 0, taken: 0 };
const RECENT = 40;
const MOST_OPEN = 500;

const tips = [];
let at = 0;
let open = 0;

function read_tips() {
	const text = fs.existsSync(tips_file) ? fs.readFileSync(tips_file, "utf8") : "";
	const whole = text.slice(at, text.lastIndexOf("\n") + 1);
	at += whole.length;
	for (const line of whole.split("\n").filter(Boolean)) {
		const [kind, name, ref, after] = line.split(" ");
		tips.push({ kind, name, ref, after, taken: false, told: false });
	}
}

function tell(tip) {
	const { body, headers } = webhook({ kind: tip.kind, event: "push", secret, what: { name: tip.name, ref: tip.ref, after: tip.after } });
	tip.told = true;
	open++;
	counts.sent++;
	const answered = (status, text) => {
		open--;
		const delivery = text.match(/"delivery": ?(\d+)/)?.[1] ?? "-";
		if (status === 202) {
			tip.taken = true;
			counts.taken++;
		}
		fs.writeSync(log, `${status} ${tip.kind} ${delivery} ${tip.ref} ${tip.after}\n`);
	};
	const request = http.request(`${address}/${tip.kind}`, { method: "POST", agent, headers: { ...headers, "Content-Length": Buffer.byteLength(body) }, timeout: 10000 }, (response) => {
		let text = "";
		response.on("data", (part) => (text += part));
		response.on("end", () => answered(response.statusCode, text));
		response.on("error", () => answered(0, ""));
	});
	request.on("timeout", () => request.destroy(new Error("timeout")));
	request.on("error", () => answered(0, ""));
	request.end(body);
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function next(turn) {
	if (dropped !== undefined)
		return tips.find((one) => !one.told && !one.lost);
	// A tip that nobody took yet is told of first: a forge is asked to deliver it again.
	return (turn % 4 === 0 && tips.find((one) => !one.taken)) || tips[tips.length - 1 - (turn % Math.min(RECENT, tips.length || 1))];
}

const began = Date.now();
for (let turn = 0; ; turn++) {
	if (turn % 20 === 0)
		read_tips();
	if (fs.existsSync(stop_file) && turn % 20 === 0 && tips.every((one) => one.taken || one.lost || (dropped !== undefined && one.told)))
		break;
	const tip = next(turn);
	if (tip && dropped !== undefined && Math.random() * 100 < Number(dropped))
		tip.lost = true;
	else if (tip && open < MOST_OPEN)
		tell(tip);
	const due = began + (turn * 1000) / Number(rate);
	if (due > Date.now())
		await sleep(due - Date.now());
}
while (open > 0)
	await sleep(20);
agent.destroy();
const seconds = (Date.now() - began) / 1000;
console.log(`${counts.sent} webhooks in ${seconds.toFixed(0)} s (${(counts.sent / seconds).toFixed(0)}/s), ${counts.taken} taken, ${tips.filter((one) => one.lost).length} dropped`);
