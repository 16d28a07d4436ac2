// SPDX-License-Identifier: Apache-2.0
// A stranger judges SD-JWT VCs: a JSON request on the standard input, a JSON answer on the standard output.
//
//   {"shown": [{"credential": "…~", "nonce": "…"?}]}
//   {"version": "…", "judged": [{"accepted", "reason", "status", "type", "claims"}]}
import { readFileSync } from 'node:fs';

console.log = console.info = console.warn = console.debug = () => {};

const { judge } = await import('./sd-jwt-vc.mjs');
const { shown } = JSON.parse(readFileSync(0, 'utf8'));
const judged = [];
for (const each of shown) judged.push(await judge(each));
const file = new URL('../node_modules/@sd-jwt/sd-jwt-vc/package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(file, 'utf8'));
process.stdout.write(JSON.stringify({ version, judged }));
