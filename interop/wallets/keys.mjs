// SPDX-License-Identifier: Apache-2.0
// The key of a wallet, made for one run: Ed25519 as did:key, or P-256 as did:jwk.
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';

/** An Ed25519 key pair that libraries for Data Integrity sign with. */
export async function ed25519() {
  const made = await Ed25519Multikey.generate();
  const { publicKeyMultibase } = await made.export({ publicKey: true });
  made.controller = `did:key:${publicKeyMultibase}`;
  made.id = `${made.controller}#${publicKeyMultibase}`;
  return made;
}

/** A key pair of WebCrypto, its public JWK and the did:jwk that follows from it. */
export async function ofJose(alg) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const did = `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}`;
  return { alg, jwk, did, kid: `${did}#0`, privateKey };
}

export async function signJwt(header, payload, { privateKey, alg }) {
  return new SignJWT(payload).setProtectedHeader({ ...header, alg }).sign(privateKey);
}
