// tests/forge/faults.mjs - how a forge fails: one function a kind of fault.
//
// Each gets the response and { request, ports, answer, status, value, wait }. Those that end in
// "-done" are given after the request was carried out: its answer is lost or spoilt.
import * as zlib from "node:zlib";

const html = "<html><body><h1>Bad Gateway</h1></body></html>";

function plain(response, status, headers, body) {
	response.writeHead(status, { "Content-Length": Buffer.byteLength(body), ...headers });
	response.end(body);
}

function json(response, status, body, headers = {}) {
	plain(response, status, { "Content-Type": "application/json", ...headers }, body);
}

function redirect(response, status, location) {
	plain(response, status, { Location: location }, "");
}

// What HTTP has no function for: bytes as they are.
function raw(response, bytes, then = "end") {
	const { socket } = response;
	socket.write(bytes, () => (then === "end" ? socket.end() : then === "reset" ? reset(response) : undefined));
}

// The connection below TLS is the one that can be reset.
const reset = (response) => (response.socket._parent ?? response.socket).resetAndDestroy();

const soon = (seconds) => new Date(Date.now() + seconds * 1000);
const later = (seconds) => String(Math.ceil(soon(seconds).getTime() / 1000));
const limited = '{"message":"API rate limit exceeded"}';

export const faults = {
	"429-seconds": (r) => json(r, 429, limited, { "Retry-After": "1" }),
	"429-date": (r) => json(r, 429, limited, { "Retry-After": soon(2).toUTCString() }),
	"429-reset": (r) => json(r, 429, limited, { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": later(1) }),
	"403-limit": (r) => json(r, 403, limited, { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": later(1) }),
	"403-secondary": (r) => json(r, 403, '{"message":"secondary rate limit"}', { "Retry-After": "1" }),
	"401": (r) => json(r, 401, '{"message":"Bad credentials"}'),
	"403": (r) => json(r, 403, '{"message":"Forbidden"}'),
	"404": (r) => json(r, 404, '{"message":"Not Found"}'),
	"408": (r) => json(r, 408, '{"message":"Request Timeout"}'),
	"409": (r) => json(r, 409, '{"message":"Conflict"}'),
	"422": (r) => json(r, 422, '{"message":"No commit found for SHA"}'),
	"500": (r) => json(r, 500, '{"message":"Internal Server Error"}'),
	"502": (r) => plain(r, 502, { "Content-Type": "text/html" }, html),
	"503": (r) => json(r, 503, "{}", { "Retry-After": "1" }),
	"504": (r) => plain(r, 504, { "Content-Type": "text/html" }, html),
	"timeout": () => undefined,
	"reset": reset,
	"closed": (r) => r.socket.end(),
	"reset-after-headers": (r) => raw(r, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n", "reset"),
	"truncated": (r) => raw(r, 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id":1'),
	"chunk-cut": (r) => raw(r, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{"id":1\r\n'),
	"chunk-broken": (r) => raw(r, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{"id":1}\r\n0\r\n\r\n'),
	"no-http": (r) => raw(r, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
	"two-lengths": (r) => raw(r, 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nContent-Length: 9\r\n\r\n{"id":1}'),
	"long-header": (r) => raw(r, `HTTP/1.1 200 OK\r\nX-Long: ${"a".repeat(400000)}\r\nContent-Length: 2\r\n\r\n{}`),
	"garbage": (r) => plain(r, 200, { "Content-Type": "application/json" }, "\u0000\u0001 not { json"),
	"half-json": (r) => json(r, 200, '[{"id":1,"context":"gitgate/pol'),
	"deep-json": (r) => json(r, 200, "[".repeat(100000)),
	"wrong-types": (r) => json(r, 200, '{"id":{"a":[]},"statuses":7,"values":"x","login":[],"key":0}'),
	"wrong-list": (r) => json(r, 200, '[7,null,{"id":[],"context":{},"name":5}]'),
	"huge": (r) => json(r, 200, `"${"x".repeat(20 << 20)}"`),
	"drip": (r, { wait }) => drip(r, wait),
	"bomb": (r) => plain(r, 200, { "Content-Encoding": "gzip" }, zlib.gzipSync(Buffer.alloc(64 << 20))),
	"redirect-other": (r, { ports, secure }) => redirect(r, 307, `${secure ? "https" : "http"}://127.0.0.1:${ports.other}/stolen`),
	"redirect-name": (r, { ports, secure }) => redirect(r, 307, `${secure ? "https" : "http"}://localhost:${ports.other}/stolen`),
	"redirect-plain": (r, { ports }) => redirect(r, 307, `http://127.0.0.1:${ports.plain}/stolen`),
	"redirect-user": (r, { ports, secure }) => redirect(r, 302, `${secure ? "https" : "http"}://127.0.0.1@localhost:${ports.other}/stolen`),
	"redirect-loop": (r, { request }) => redirect(r, 307, request.url),
	"redirect-scheme": (r) => redirect(r, 307, "file:///etc/passwd"),
	// carried out, and the answer lost
	"reset-done": reset,
	"timeout-done": () => undefined,
	"502-done": (r) => plain(r, 502, { "Content-Type": "text/html" }, html),
	"truncated-done": (r) => raw(r, 'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"id":1'),
	"empty-done": (r) => plain(r, 200, {}, ""),
	"type-done": (r, { value }) => plain(r, 200, { "Content-Type": "text/plain" }, JSON.stringify(value ?? null)),
};

export function commit_fault(name) {
	return name.endsWith("-done");
}

// A byte every fifth of a second: slower than any deadline of a whole reply.
function drip(response, wait) {
	response.writeHead(200, { "Content-Type": "application/json", "Content-Length": 4096 });
	let left = wait * 5;
	const timer = setInterval(() => {
		response.write(" ");
		if (--left <= 0 || response.socket?.destroyed)
			clearInterval(timer);
	}, 200);
	response.on("close", () => clearInterval(timer));
}
