// tests/forge/forge.mjs - a scripted forge: the parts of five APIs that gitgate uses, kept in
// memory, and every way to fail that we know of. Node's own modules only.
//
//   node forge.mjs DIRECTORY [CERTIFICATE KEY]
//
// One process serves all kinds: the API of github is below /github, of gitlab below
// /gitlab/api/v4, of gitea below /gitea/api/v1, of Bitbucket below /bitbucket-cloud and
// /bitbucket-server; with a certificate over https. DIRECTORY/token holds the token that all of
// them accept. Written there: 'ports' (API, control, other host), 'requests.log' (a line of
// JSON a request of the API, with its headers), 'elsewhere.log' (the same of another host, to
// which nothing may ever come that holds a token).
//
// Control, plain HTTP on a port of its own (POST, JSON both ways):
//   /merge-request {kind, name, number, ...}    made, or what is said of it changed
//   /review {kind, name, number, reviewer, state, commit}
//   /fault {fault, times, kind?, name?, method?, only?, part?, final?}   of the next requests that
//       fit: only: "statuses" ...; part: of the path; final: a status that is not pending (faults.mjs)
//   /state {kind?, name?}                       statuses, comments, merge requests
// The same as text, for who asks often:
//   /statuses {kind?, name?}                    "KIND NAME COMMIT STATE CONTEXT REF", a line each, oldest first
//   /description {kind, name, context, commit}  of the last such status
//   /comments {kind, name}                      "NUMBER EDITS BODY", a line each, the body as JSON
// And not JSON but lines, ADDRESS SECRET-FILE KIND EVENT COUNT WHAT as send.mjs takes them:
//   /send   a webhook, without a process of its own; to this host, of files beside DIRECTORY only
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as paths from "node:path";
import { send_webhook } from "./deliver.mjs";
import { commit_fault, faults } from "./faults.mjs";
import { bitbucket_cloud, bitbucket_server } from "./kind_bitbucket.mjs";
import { gitea } from "./kind_gitea.mjs";
import { github } from "./kind_github.mjs";
import { gitlab } from "./kind_gitlab.mjs";

const [directory, certificate, key] = process.argv.slice(2);
const token = fs.readFileSync(`${directory}/token`, "utf8").trim();
const kinds = { github, gitlab, gitea, "bitbucket-cloud": bitbucket_cloud, "bitbucket-server": bitbucket_server };
const MOST_BYTES = 32 << 20;

// --- what is kept ---

const repositories = new Map(); // "kind name" -> repository
let next_id = 1000;

function new_id() {
	return next_id++;
}

function repository(kind, name) {
	const where = `${kind} ${name}`;
	if (!repositories.has(where))
		repositories.set(where, { kind, name, statuses: [], comments: [], requests: new Map() });
	return repositories.get(where);
}

function put_request(said) {
	const { requests } = repository(said.kind, said.name);
	const old = requests.get(said.number) ?? {
		id: new_id(), state: "open", author: "carol", title: "a change", draft: false, reviews: [],
		base_ref: "main", head_ref: "topic", head_name: said.name, merge_commit: null,
	};
	requests.set(said.number, { ...old, ...said, updated: new Date().toISOString() });
}

function put_review(said) {
	const request = repository(said.kind, said.name).requests.get(said.number);
	request.reviews.push({ id: new_id(), at: new Date().toISOString(), ...said });
}

// --- one request ---

function write_line(file, line) {
	fs.appendFileSync(`${directory}/${file}`, JSON.stringify(line) + "\n");
}

function read_body(request) {
	return new Promise((resolve) => {
		const parts = [];
		let length = 0;
		request.on("data", (part) => {
			length += part.length;
			if (length <= MOST_BYTES)
				parts.push(part);
		});
		request.on("end", () => resolve(Buffer.concat(parts).toString()));
		request.on("error", () => resolve(""));
	});
}

function parse(text) {
	try {
		return text === "" ? {} : JSON.parse(text);
	} catch {
		return {};
	}
}

function send(response, status, value, headers = {}) {
	const body = value === undefined ? "" : JSON.stringify(value);
	response.writeHead(status, {
		...(body === "" ? {} : { "Content-Type": "application/json" }),
		"Content-Length": Buffer.byteLength(body),
		...headers,
	});
	response.end(body);
}

// The fault that waits for a request like this one; one of its times is used up.
const waiting = [];

const open_states = ["pending", "running", "INPROGRESS"];

function take_fault({ method, path, body, kind }, { name, what }) {
	const final = method === "POST" && what === "statuses" && !open_states.includes(body.state);
	const fault = waiting.find(
		(one) => one.times > 0 && (!one.kind || one.kind === kind) && (!one.name || one.name === name) &&
			(!one.method || one.method === method) && (!one.only || one.only === what) &&
			(!one.part || path.includes(one.part)) && (!one.final || final));
	if (!fault)
		return null;
	fault.times--;
	return fault;
}

// A request to the API of `kind` with the token in its header: [status, value, headers] of the
// kind's own handler, or what a fault makes of it.
async function serve(request, response) {
	const url = new URL(request.url, "http://forge.invalid");
	const [, kind, ...rest] = url.pathname.split("/");
	const body = await read_body(request);
	const line = { at: Date.now(), kind, method: request.method, path: request.url, headers: request.headers, body: parse(body) };
	const driver = kinds[kind];
	if (!driver) {
		write_line("requests.log", { ...line, status: 404 });
		return send(response, 404, { message: "no such forge" });
	}
	const path = rest.map(decodeURIComponent);
	const call = { method: request.method, path, query: url.searchParams, body: line.body, repository: (name) => repository(kind, name), new_id };
	const known = driver.describe(call); // name of the repository and what it is about
	const fault = take_fault(line, known);
	if (request.headers[driver.header] !== driver.credential(token)) {
		write_line("requests.log", { ...line, ...known, status: 401 });
		return send(response, 401, { message: "Bad credentials" });
	}
	const answer = () => driver.answer(call) ?? [404, { message: "Not Found" }];
	// Of most faults nothing was done; of some everything, and the answer is lost.
	if (fault && !commit_fault(fault.fault)) {
		write_line("requests.log", { ...line, ...known, fault: fault.fault });
		return faults[fault.fault](response, { request, ports, answer, wait: fault.wait ?? 60, secure: !!certificate });
	}
	const [status, value, headers] = answer();
	write_line("requests.log", { ...line, ...known, status, fault: fault?.fault, id: value?.id });
	if (fault)
		return faults[fault.fault](response, { request, ports, status, value, headers, wait: fault.wait ?? 60, secure: !!certificate });
	return send(response, status, value, headers);
}

// --- control ---

const asked_for = (said) => [...repositories.values()]
	.filter((one) => (!said.kind || one.kind === said.kind) && (!said.name || one.name === said.name));
const context_of = (status) => status.context ?? status.name ?? status.key;

// What is asked for as text: the lines.
const views = {
	"/statuses": (said) => asked_for(said).flatMap(({ kind, name, statuses }) =>
		statuses.map((one) => [kind, name, one.commit, one.state ?? one.status, context_of(one), one.ref ?? "-"].join(" "))),
	"/description": (said) => asked_for(said).flatMap(({ statuses }) =>
		statuses.filter((one) => context_of(one) === said.context && one.commit === said.commit)
			.map((one) => one.description ?? "")).slice(-1),
	"/comments": (said) => asked_for(said).flatMap(({ comments }) =>
		comments.map((one) => [one.number, one.edits, JSON.stringify(one.body ?? one.text ?? one.content?.raw)].join(" "))),
};

const shown = ({ kind, name, statuses, comments, requests }) => ({ kind, name, statuses, comments, requests: [...requests.values()] });

// A file of this test: whoever else can connect gets at no other.
function own_file(name) {
	const place = paths.dirname(fs.realpathSync(directory));
	const file = fs.realpathSync(name);
	if (!file.startsWith(`${place}/`))
		throw new Error(`'${name}' is not below '${place}'`);
	return file;
}

async function send_for(text) {
	const [address, secret_file, kind, event, count, ...rest] = text.split("\n");
	const said = rest.join("\n").trimEnd();
	if (!address.startsWith("http://127.0.0.1:"))
		throw new Error(`'${address}' is another host`);
	const secret = fs.readFileSync(own_file(secret_file), "utf8").split("\n")[0];
	return send_webhook({
		address, secret, kind, event, said: said.startsWith("@") ? `@${own_file(said.slice(1))}` : said,
		times: count === "" ? undefined : count,
	});
}

async function control(request, response) {
	const text = await read_body(request);
	if (request.url === "/send")
		return send_for(text).then((answer) => response.end(`${answer}\n`), (error) => send(response, 500, { message: error.message }));
	const said = parse(text);
	switch (request.url) {
	case "/merge-request":
		put_request(said);
		break;
	case "/review":
		put_review(said);
		break;
	case "/fault":
		if (!faults[said.fault])
			return send(response, 400, { message: `no fault '${said.fault}'`, faults: Object.keys(faults) });
		waiting.push({ times: 1, ...said });
		break;
	case "/faults-from":
		waiting.push(...said.map((one) => ({ times: 1, ...one })));
		break;
	case "/faults":
		return send(response, 200, Object.keys(faults));
	case "/state":
		return send(response, 200, asked_for(said).map(shown));
	default:
		if (!views[request.url])
			return send(response, 404, { message: "no such control" });
		return response.end(views[request.url](said).map((line) => `${line}\n`).join(""));
	}
	return send(response, 200, {});
}

// --- another host, to which nothing of ours may go ---

async function elsewhere(request, response) {
	const body = await read_body(request);
	write_line("elsewhere.log", { at: Date.now(), method: request.method, path: request.url, headers: request.headers, body });
	send(response, 200, { id: 1, login: "elsewhere" });
}

// --- listening ---

const secured = certificate ? { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) } : null;

function listen(handler, secure) {
	const server = secure ? https.createServer(secured, handler) : http.createServer(handler);
	// What a fault does to a connection is no reason to end.
	server.on("clientError", (error, socket) => socket.destroy());
	server.keepAliveTimeout = 60000;
	return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

process.on("uncaughtException", (error) => fs.appendFileSync(`${directory}/errors.log`, `${error.stack}\n`));

const ports = { api: await listen(serve, !!secured), control: await listen(control, false) };
ports.plain = await listen(elsewhere, false);
ports.other = secured ? await listen(elsewhere, true) : ports.plain;
fs.writeFileSync(`${directory}/ports.new`, `api=${ports.api}\ncontrol=${ports.control}\nelsewhere=${ports.other}\nplain=${ports.plain}\n`);
fs.renameSync(`${directory}/ports.new`, `${directory}/ports`);
