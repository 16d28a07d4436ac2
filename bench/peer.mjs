// SPDX-License-Identifier: Apache-2.0
// How fast @digitalbazaar/vc is, in a process of its own: a JSON request a line in, seconds of CPU a line out.
// It verifies without looking at the status list, which we do.
import { createInterface } from 'node:readline';
import { issue } from '../interop/peers/digitalbazaar.mjs';
import { documentLoader, pinContexts } from '../interop/peers/world.mjs';

const modules = new URL('../interop/node_modules/@digitalbazaar/', import.meta.url);
const { verifyCredential } = await import(new URL('vc/lib/index.js', modules));
const { DataIntegrityProof } = await import(new URL('data-integrity/lib/index.js', modules));
const { cryptosuite } = await import(new URL('eddsa-rdfc-2022-cryptosuite/lib/index.js', modules));
const suite = new DataIntegrityProof({ cryptosuite });

console.log = console.info = console.warn = console.error = () => {};

let work = [];
let at = 0;

const verbs = {
  async prepare({ pinned, verb, format, documents, moment, seed }) {
    pinContexts(pinned);
    const checkStatus = async () => ({ verified: true });
    const verifying = async (credential) => {
      const now = new Date(moment);
      const { verified, error } = await verifyCredential({ credential, suite, documentLoader, checkStatus, now });
      if (!verified) throw error;
    };
    const signing = async (credential) => {
      const answer = await issue[format]({ credential, at: moment, seed: Buffer.from(seed, 'hex') });
      return JSON.stringify(answer.credential);
    };
    const peer = verb === 'verify' ? verifying : signing;
    work = documents.map((text) => () => peer(JSON.parse(text)));
    return {};
  },
  async batch({ size }) {
    const before = process.cpuUsage();
    for (let done = 0; done < size; done += 1) await work[(at += 1) % work.length]();
    const { user, system } = process.cpuUsage(before);
    return { seconds: (user + system) / 1e6 };
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
