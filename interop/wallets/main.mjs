// SPDX-License-Identifier: Apache-2.0
// One wallet takes one credential, over the network as it stands: a JSON request on the standard
// input, a JSON answer on the standard output.
//
//   {"wallet": "@openid4vc/openid4vci", "interaction": "http://…/interactions/X?iuv=1",
//    "offer": "openid-credential-offer://…", "code": "123456", "configuration": "ob3-ldp",
//    "contexts": {…}, "at": "…"}
//   {"version": "…", "holder": "did:…", "credentials": […], "verified": [{"accepted", "reason"}]}
import { readFileSync } from 'node:fs';

// Wallets like to log; the answer owns the standard output.
console.log = console.info = console.warn = console.debug = () => {};

const wallets = {
  '@openid4vc/openid4vci': './openid4vci.mjs',
  '@learncard/openid4vc-plugin': './learncard.mjs',
  '@digitalbazaar/oid4-client': './oid4-client.mjs',
  '@sphereon/oid4vci-client': './sphereon.mjs',
  '@digitalcredentials/vc': './learner-credential-wallet.mjs',
};

const network = globalThis.fetch;
const request = JSON.parse(readFileSync(0, 'utf8'));
const { take } = await import(wallets[request.wallet]);
const { holder, credentials, ...more } = await take(request);

// What it keeps is looked at by libraries that ask nobody but the issuer: its document is fetched
// before they are loaded, for they close the network of their process.
// An SD-JWT VC is judged before that, by a library that fetches its status list and its type as well.
const isSdJwt = (credential) => typeof credential === 'string' && credential.includes('~');
const { judge } = await import('./sd-jwt-vc.mjs');
const verdicts = new Map();
const documents = {};
for (const credential of credentials) {
  if (isSdJwt(credential)) {
    const { accepted, reason } = await judge({ credential });
    verdicts.set(credential, { accepted, reason });
    continue;
  }
  for (const url of addresses(credential)) documents[url] = await (await network(url)).text();
}
const { pinContexts, publish } = await import('../peers/world.mjs');
pinContexts(request.contexts);
publish(documents);
const verified = [];
for (const credential of credentials) verified.push(await verify(credential));

const file = new URL(`../node_modules/${request.wallet}/package.json`, import.meta.url);
const { version } = JSON.parse(readFileSync(file, 'utf8'));
process.stdout.write(JSON.stringify({ version, holder, credentials, verified, ...more }));

function contentOf(credential) {
  if (typeof credential !== 'string') return credential;
  return JSON.parse(Buffer.from(credential.split('.')[1], 'base64url').toString('utf8'));
}

function addresses(credential) {
  const { issuer, credentialStatus } = contentOf(credential);
  const found = [credentialStatus.statusListCredential];
  if (issuer.id.startsWith('did:web:')) {
    const [host, ...path] = issuer.id.slice('did:web:'.length).split(':').map(decodeURIComponent);
    found.push(`https://${host}/${path.join('/')}/did.json`);
  }
  return found;
}

async function verify(credential) {
  if (verdicts.has(credential)) return verdicts.get(credential);
  const token = typeof credential === 'string';
  const library = await import(token ? '../peers/jose.mjs' : '../peers/digitalbazaar.mjs');
  const way = token ? 'vc+jwt.EdDSA' : credential.proof.cryptosuite;
  try {
    return await library.verify[way]({ credential, at: request.at });
  } catch (error) {
    return { accepted: false, reason: String(error) };
  }
}
