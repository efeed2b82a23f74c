// tests/forge/keys.mjs - the keys that a forge shows of its users: node keys.mjs DIRECTORY PORT. DIRECTORY/alice.keys is
// answered to /alice.keys; DIRECTORY/alice.moved holds the address to which it sends on.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

const [directory, port] = process.argv.slice(2);

createServer((request, response) => {
	const name = request.url.match(/^\/([a-z0-9-]+)\.(keys|gpg)$/);
	appendFileSync(`${directory}/log`, `${request.method} ${request.url}\n`);
	if (name && existsSync(`${directory}/${name[1]}.moved`)) {
		const location = readFileSync(`${directory}/${name[1]}.moved`, "utf8").trim();
		response.writeHead(302, { location }).end();
	} else if (name && existsSync(directory + request.url)) {
		response.writeHead(200, { "content-type": "text/plain" }).end(readFileSync(directory + request.url));
	} else {
		response.writeHead(404).end("Not Found");
	}
}).listen(Number(port), "127.0.0.1");
