// SPDX-License-Identifier: Apache-2.0
// jose: a general JOSE library. It knows nothing of credentials, so the few lines that make a
// VC-JWT of a JWT (VC-JOSE-COSE section 3.1) are here.
import { CompactSign, exportJWK, generateKeyPair, importJWK, jwtVerify } from 'jose';
import { publicJwk } from './world.mjs';

const keys = new Map(); // one key pair for each algorithm and run

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
  return async ({ credential: token, at }) => {
    const key = async ({ kid }) => importJWK(await publicJwk(kid), alg);
    const { payload, protectedHeader } = await jwtVerify(token, key, {
      algorithms: [alg], typ: 'vc+jwt', currentDate: new Date(at),
    });
    const issuer = payload.issuer?.id ?? payload.issuer;
    const bound = protectedHeader.kid.split('#')[0] === issuer && (payload.iss ?? issuer) === issuer;
    return { accepted: bound, reason: bound ? '' : 'the key is not one of the issuer' };
  };
}

function issuerOf(alg) {
  return async ({ credential }) => {
    const { did, privateKey } = await keyPair(alg);
    const header = { alg, typ: 'vc+jwt', cty: 'vc', kid: `${did}#0` };
    const payload = new TextEncoder().encode(JSON.stringify(credential));
    return { credential: await new CompactSign(payload).setProtectedHeader(header).sign(privateKey) };
  };
}

const algorithms = ['EdDSA', 'ES256', 'ES384', 'RS256'];
const byAlgorithm = (make) =>
  Object.fromEntries(algorithms.map((alg) => [`vc+jwt.${alg}`, make(alg)]));

export const verify = byAlgorithm(verifierOf);

export const issue = {
  ...byAlgorithm(issuerOf),
  async identity({ alg }) {
    return { id: (await keyPair(alg)).did };
  },
};
