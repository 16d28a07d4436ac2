// SPDX-License-Identifier: Apache-2.0
// One process for all npm peers: a JSON request a line in, a JSON answer a line out.
//
//   {"peer": "jose", "do": "verify", "format": "vc+jwt.EdDSA", "credential": "…", "at": "…"}
//   {"accepted": true, "reason": ""}          a peer that throws has refused: {"accepted": false}
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pinContexts, publish } from './world.mjs';

// Peers like to log; the answers own the standard output.
console.log = console.info = console.warn = console.error = () => {};

const peers = {
  '@digitalbazaar/vc': await import('./digitalbazaar.mjs'),
  '@digitalcredentials/verifier-core': await import('./digitalcredentials.mjs'),
  '@digitalcredentials/vc': await import('./digitalcredentials.mjs'),
  jose: await import('./jose.mjs'),
  '@sd-jwt/core': await import('./sd-jwt.mjs'),
  '@auth0/cose': await import('./cose.mjs'),
  'didwebvh-ts': await import('./didwebvh.mjs'),
};

const verbs = {
  async contexts({ pinned }) {
    pinContexts(pinned);
    return {};
  },
  async version({ peer }) {
    const file = new URL(`../node_modules/${peer}/package.json`, import.meta.url);
    return { version: JSON.parse(readFileSync(file, 'utf8')).version };
  },
  async verify({ peer, format, resources, ...rest }) {
    publish(resources);
    try {
      return await peers[peer].verify[format](rest);
    } catch (error) {
      return { accepted: false, reason: String(error) };
    }
  },
  async issue({ peer, format, seed, ...rest }) {
    publish({});
    return peers[peer].issue[format]({ ...rest, seed: seed && Buffer.from(seed, 'hex') });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = await verbs[request.do](request);
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
