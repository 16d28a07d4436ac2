// SPDX-License-Identifier: Apache-2.0
// One wallet answers one request, over the network as it stands: a JSON request on the standard
// input, a JSON answer on the standard output.
//
//   {"link": "openid4vp://…", "credential": {…} or "…", "seed": "<64 hex>", "format": "ldp_vc"}
//   {"version": "…", "asker": "…", "signed": true, "status": 200, "answer": {…}}
import { readFileSync } from 'node:fs';

// Wallets like to log; the answer owns the standard output.
console.log = console.info = console.warn = console.debug = () => {};

const request = JSON.parse(readFileSync(0, 'utf8'));
const { show } = await import('./openid4vp.mjs');
const answer = await show(request);
const file = new URL('../node_modules/@openid4vc/openid4vp/package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(file, 'utf8'));
process.stdout.write(JSON.stringify({ version, ...answer }));
