// tests/forge/send.mjs - sends webhooks, signed as a forge does it.
//
//   node send.mjs ADDRESS SECRET-FILE KIND EVENT WHAT [COUNT]
//
// WHAT is JSON (payloads.mjs), or @FILE with a body as it is. COUNT sends the very same
// delivery so often, over some connections at once. The secret is read from the file's first
// line and stands in no argument. Printed: the status of one; of several "STATUS COUNT" lines.
import * as fs from "node:fs";
import { send_webhook } from "./deliver.mjs";

const [address, secret_file, kind, event, said, times] = process.argv.slice(2);
const secret = fs.readFileSync(secret_file, "utf8").split("\n")[0];
console.log(await send_webhook({ address, secret, kind, event, said, times }));
