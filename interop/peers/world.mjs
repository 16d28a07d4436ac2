// SPDX-License-Identifier: Apache-2.0
// The only world a peer sees: pinned contexts, keys that are their own identifier, and the
// resources a flow hands over. Nothing here opens a socket, so a flow means the same tomorrow.
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';

const contexts = new Map();
let resources = new Map();

/** Fill the world, once for all flows: the contexts that Cairn pins, by URL. */
export function pinContexts(pinned) {
  for (const [url, context] of Object.entries(pinned)) contexts.set(url, context);
}

/** What a flow publishes (DID documents, status lists), as text by URL. */
export function publish(texts) {
  resources = new Map(Object.entries(texts ?? {}));
}

function didWebUrl(did) {
  const [host, ...path] = did.slice('did:web:'.length).split(':').map(decodeURIComponent);
  return `https://${host}/${path.length ? path.join('/') : '.well-known'}/did.json`;
}

const libraryOf = (multibase) => (multibase.startsWith('z6Mk') ? Ed25519Multikey : EcdsaMultikey);

/** A did:key document with the one relationship these flows need. */
async function didKeyDocument(did) {
  const multibase = did.slice('did:key:'.length);
  const method = await (await libraryOf(multibase).from({
    id: `${did}#${multibase}`, controller: did, type: 'Multikey', publicKeyMultibase: multibase,
  })).export({ publicKey: true, includeContext: false });
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did, verificationMethod: [method], assertionMethod: [method.id],
  };
}

async function didDocument(did) {
  if (did.startsWith('did:key:')) return didKeyDocument(did);
  if (did.startsWith('did:web:')) return JSON.parse(textAt(didWebUrl(did)));
  throw new Error(`no resolver for ${did}`);
}

function textAt(url) {
  const text = resources.get(url);
  if (text === undefined) throw new Error(`nothing is published at ${url}`);
  return text;
}

/** A jsonld.js document loader over this world. */
export async function documentLoader(url) {
  return { contextUrl: null, documentUrl: url, document: await load(url) };
}

async function load(url) {
  if (contexts.has(url)) return contexts.get(url);
  if (!url.startsWith('did:')) return JSON.parse(textAt(url));
  const [did, fragment] = url.split('#');
  const document = await didDocument(did);
  if (fragment === undefined) return document;
  const method = document.verificationMethod.find(({ id }) => id === url);
  if (!method) throw new Error(`${did} lists no ${url}`);
  return { '@context': 'https://w3id.org/security/multikey/v1', ...method };
}

/** The public JWK that a did:jwk, did:key or did:web verification method stands for. */
export async function publicJwk(method) {
  const [did] = method.split('#');
  if (did.startsWith('did:jwk:')) {
    return JSON.parse(Buffer.from(did.slice('did:jwk:'.length), 'base64url').toString('utf8'));
  }
  const { document } = await documentLoader(method);
  return Ed25519Multikey.toJwk({ keyPair: await Ed25519Multikey.from(document) });
}

/** Peers that bring their own loader reach the web through `fetch`: they get this world too. */
globalThis.fetch = async (input) => {
  const url = typeof input === 'string' ? input : input.url;
  const text = contexts.has(url) ? JSON.stringify(contexts.get(url)) : resources.get(url);
  if (text === undefined) return new Response('nothing is published here', { status: 404 });
  return new Response(text, { headers: { 'content-type': 'application/json' } });
};
