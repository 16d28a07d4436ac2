// SPDX-License-Identifier: Apache-2.0
// @sd-jwt/core: SD-JWT (RFC 9901) of the OpenWallet Foundation, over jose's keys.
import { createHash, randomBytes } from 'node:crypto';
import { SDJwtInstance } from '@sd-jwt/core';
import { exportJWK, FlattenedSign, flattenedVerify, generateKeyPair, importJWK } from 'jose';
import { publicJwk } from './world.mjs';

const ALG = 'ES256';
const hasher = (data, alg) => createHash(alg.replace('-', '')).update(data).digest();
const saltGenerator = (length) => randomBytes(length).toString('base64url');
const instance = (rest) =>
  new SDJwtInstance({ hasher, hashAlg: 'sha-256', saltGenerator, signAlg: ALG, omitTyp: true, ...rest });

let own;

async function keyPair() {
  if (!own) {
    const { publicKey, privateKey } = await generateKeyPair(ALG, { extractable: true });
    const jwk = await exportJWK(publicKey);
    own = { did: `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}`, privateKey };
  }
  return own;
}

/** The JWS of two parts that are written already, which jose's own header writer would change. */
async function signed(data, key) {
  const [header, payload] = data.split('.');
  const protectedHeader = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  const jws = await new FlattenedSign(Buffer.from(payload, 'base64url'))
    .setProtectedHeader(protectedHeader).sign(key);
  if (jws.protected !== header) throw new Error('the header was written differently');
  return jws.signature;
}

export const verify = {
  async 'vc+sd-jwt'({ credential: token, at }) {
    const [header, payload] = token.split('~')[0].split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('utf8'))
      .slice(0, 2).map((text) => JSON.parse(text));
    const key = await importJWK(await publicJwk(header.kid), ALG);
    const verifier = async (data, signature) => {
      const [protectedHeader, body] = data.split('.');
      await flattenedVerify({ protected: protectedHeader, payload: body, signature }, key);
      return true;
    };
    await instance({ verifier }).verify(token, { currentDate: Math.floor(new Date(at) / 1000) });
    // The library passes over disclosures that nothing refers to; RFC 9901 section 7.1 refuses them.
    const disclosures = token.split('~').slice(1, -1);
    const texts = [JSON.stringify(payload), ...disclosures.map((each) => Buffer.from(each, 'base64url').toString('utf8'))];
    const unused = disclosures.filter((each) => {
      const digest = hasher(each, 'sha-256').toString('base64url');
      return !texts.some((text) => text.includes(digest));
    });
    if (unused.length) return { accepted: false, reason: 'a disclosure belongs nowhere' };
    const issuer = payload.issuer?.id ?? payload.issuer;
    const bound = header.kid.split('#')[0] === issuer;
    return { accepted: bound, reason: bound ? '' : 'the key is not one of the issuer' };
  },
};

export const issue = {
  async identity() {
    return { id: (await keyPair()).did };
  },
  async 'vc+sd-jwt'({ credential, disclosureFrame }) {
    const { did, privateKey } = await keyPair();
    const signer = (data) => signed(data, privateKey);
    const header = { typ: 'vc+sd-jwt', kid: `${did}#0` };
    return { credential: await instance({ signer }).issue(credential, disclosureFrame, { header }) };
  },
};
