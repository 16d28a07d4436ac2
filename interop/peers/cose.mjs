// SPDX-License-Identifier: Apache-2.0
// @auth0/cose: COSE_Sign1 (RFC 9052). What a credential in it means is said here (VC-JOSE-COSE section 3.3).
import { Algorithms, Headers, ProtectedHeaders, Sign1 } from '@auth0/cose';
import { exportJWK, generateKeyPair, importJWK } from 'jose';
import { publicJwk } from './world.mjs';

const CONTENT_TYPE_VC = 'application/vc';
const keys = new Map();

async function keyPair(alg) {
  if (!keys.has(alg)) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = await exportJWK(publicKey);
    const did = `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}`;
    keys.set(alg, { did, privateKey });
  }
  return keys.get(alg);
}

function verifierOf(alg) {
  return async ({ credential }) => {
    const message = Sign1.decode(Buffer.from(credential, 'base64'));
    const kid = Buffer.from(message.protectedHeaders.get(Headers.KeyID)).toString('utf8');
    const key = await importJWK(await publicJwk(kid), alg);
    await message.verify(key, { algorithms: [Algorithms[alg]] });
    const document = JSON.parse(Buffer.from(message.payload).toString('utf8'));
    const issuer = document.issuer?.id ?? document.issuer;
    const bound = kid.split('#')[0] === issuer;
    return { accepted: bound, reason: bound ? '' : 'the key is not one of the issuer' };
  };
}

function issuerOf(alg) {
  return async ({ credential }) => {
    const { did, privateKey } = await keyPair(alg);
    const headers = new ProtectedHeaders([
      [Headers.Algorithm, Algorithms[alg]],
      [16, 'application/vc+cose'], // typ, RFC 9596
      [Headers.ContentType, CONTENT_TYPE_VC],
      [Headers.KeyID, Buffer.from(`${did}#0`)],
    ]);
    const message = await Sign1.sign(headers, undefined, Buffer.from(JSON.stringify(credential)), privateKey);
    return { credential: Buffer.from(message.encode()).toString('base64') };
  };
}

const algorithms = ['EdDSA', 'ES256', 'ES384'];
const byAlgorithm = (make) =>
  Object.fromEntries(algorithms.map((alg) => [`vc+cose.${alg}`, make(alg)]));

export const verify = byAlgorithm(verifierOf);

export const issue = {
  ...byAlgorithm(issuerOf),
  async identity({ alg }) {
    return { id: (await keyPair(alg)).did };
  },
};
