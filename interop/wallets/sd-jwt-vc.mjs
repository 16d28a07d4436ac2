// SPDX-License-Identifier: Apache-2.0
// SD-JWT VC by the OpenWallet Foundation's library: a holder who shows a part, and a stranger who judges what is
// shown. Key, type metadata and status list are fetched by the library itself, over the network as it stands.
import { createHash, randomBytes } from 'node:crypto';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { flattenedVerify, importJWK, FlattenedSign } from 'jose';

const hasher = (data, alg) => createHash(alg.replace('-', '')).update(data).digest();
const config = {
  hasher,
  hashAlg: 'sha-256',
  saltGenerator: (length) => randomBytes(length).toString('base64url'),
};

function parts(compact) {
  return compact.split('~')[0].split('.').slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
}

/** The document of a DID, from the network where it is not its own. */
async function didDocument(did) {
  if (did.startsWith('did:key:')) {
    const publicKeyMultibase = did.slice('did:key:'.length);
    const id = `${did}#${publicKeyMultibase}`;
    return { verificationMethod: [{ id, controller: did, type: 'Multikey', publicKeyMultibase }] };
  }
  const [host, ...path] = did.slice('did:web:'.length).split(':').map(decodeURIComponent);
  return (await fetch(`https://${host}/${path.join('/')}/did.json`)).json();
}

/** A verifier of signatures by the one issuer that the credential names. */
function signedBy(issuer) {
  return async (data, signature) => {
    const [header, payload] = data.split('.');
    const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    if (kid.split('#')[0] !== issuer) throw new Error('the key is not one of the issuer');
    const method = (await didDocument(issuer)).verificationMethod.find(({ id }) => id === kid);
    const jwk = await Ed25519Multikey.toJwk({ keyPair: await Ed25519Multikey.from(method) });
    await flattenedVerify({ protected: header, payload, signature }, await importJWK(jwk, alg));
    return true;
  };
}

async function heldBy(data, signature, payload) {
  const [header, body] = data.split('.');
  const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  await flattenedVerify({ protected: header, payload: body, signature }, await importJWK(payload.cnf.jwk, alg));
  return true;
}

/** Whether the library accepts it now: signature, status, type; with a nonce also that its holder shows it. */
export async function judge({ credential, nonce }) {
  const [, { iss }] = parts(credential);
  let status;
  const instance = new SDJwtVcInstance({
    ...config,
    verifier: signedBy(iss),
    statusVerifier: signedBy(iss),
    kbVerifier: heldBy,
    loadTypeMetadataFormat: true,
    statusValidator: async (value) => {
      status = value;
      if (value !== 0) throw new Error(`its status is ${value}`);
    },
  });
  try {
    const { payload, typeMetadata } = await instance.verify(credential, nonce ? { keyBindingNonce: nonce } : {});
    const [{ name }] = typeMetadata.mergedTypeMetadata.display;
    return { accepted: true, reason: '', status, type: name, claims: payload };
  } catch (error) {
    return { accepted: false, reason: String(error.message), status };
  }
}

/** What its holder shows of it, signed for one reader and one question. */
export async function present({ credential, disclose, key, alg, audience, nonce }) {
  const kbSigner = async (data) => {
    const [header, payload] = data.split('.');
    const protectedHeader = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    const jws = await new FlattenedSign(Buffer.from(payload, 'base64url'))
      .setProtectedHeader(protectedHeader).sign(key);
    if (jws.protected !== header) throw new Error('the header was written differently');
    return jws.signature;
  };
  const instance = new SDJwtVcInstance({ ...config, kbSigner, kbSignAlg: alg });
  return instance.present(credential, disclose, {
    kb: { payload: { iat: Math.floor(Date.now() / 1000), aud: audience, nonce } },
  });
}
