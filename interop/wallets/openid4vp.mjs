// SPDX-License-Identifier: Apache-2.0
// A wallet that shows what it has to whoever asks (OpenID4VP 1.0): the request is read, checked and
// answered by the OpenWallet Foundation's library, what fits is found by its DCQL library.
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { Openid4vpClient } from '@openid4vc/openid4vp';
import { setGlobalConfig } from '@openid4vc/oauth2';
import { DcqlQuery } from 'dcql';
import * as vc from '@digitalcredentials/vc';
import * as Ed25519Multikey from '@digitalcredentials/ed25519-multikey';
import { DataIntegrityProof } from '@digitalcredentials/data-integrity';
import { cryptosuite } from '@digitalcredentials/eddsa-rdfc-2022-cryptosuite';
import { securityLoader } from '@digitalcredentials/security-document-loader';
import { SignJWT, compactVerify, importJWK } from 'jose';
import { present } from './sd-jwt-vc.mjs';

setGlobalConfig({ allowInsecureUrls: true });
const documentLoader = securityLoader().build();
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex'); // RFC 8410, before the seed
const BADGE = 'https://purl.imsglobal.org/spec/vc/ob/vocab.html#OpenBadgeCredential';

/** Answer the request of a link with the one credential that this wallet has. */
export async function show({ link, credential, seed, format, disclose }) {
  const key = await keyOf(seed);
  const client = new Openid4vpClient({
    callbacks: {
      fetch,
      hash: (data, alg) => createHash(alg.replace('-', '')).update(data).digest(),
      verifyJwt,
      getX509CertificateMetadata: () => { throw new Error('no certificates here'); },
      decryptJwe: () => { throw new Error('nothing encrypted here'); },
      encryptJwe: () => { throw new Error('nothing encrypted here'); },
      signJwt: () => { throw new Error('nothing signed here but presentations'); },
    },
  });
  const parsed = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: link });
  const resolved = await client.resolveOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: parsed.params,
  });
  const request = resolved.authorizationRequestPayload;
  const chosen = match(resolved.dcql.query, format, credential);
  const shown = { ldp_vc: embedded, jwt_vc_json: token, 'dc+sd-jwt': part }[format];
  const presentation = await shown(credential, key, request, disclose);
  const { authorizationResponsePayload } = await client.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: request,
    authorizationResponsePayload: { vp_token: { [chosen]: [presentation] } },
  });
  const { response } = await client.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: request, authorizationResponsePayload,
  });
  return {
    holder: key.did,
    asker: resolved.client.identifier,
    prefix: resolved.client.prefix,
    signed: resolved.jar !== undefined,
    follows: resolved.version,
    status: response.status,
    answer: await response.json(),
    presentation,
    nonce: request.nonce,
  };
}

function match(query, format, credential) {
  const parsed = DcqlQuery.parse(query);
  DcqlQuery.validate(parsed);
  const kind = format === 'dc+sd-jwt' ? { vct: claimsOf(credential).vct } : { type: [BADGE] };
  const result = DcqlQuery.query(parsed, [
    { credential_format: format, ...kind, claims: {}, cryptographic_holder_binding: true },
  ]);
  const found = Object.entries(result.credential_matches).filter(([, { success }]) => success);
  if (!result.can_be_satisfied || found.length !== 1) throw new Error(JSON.stringify(result));
  return found[0][0];
}

const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8'));

async function keyOf(seed) {
  const made = await Ed25519Multikey.generate({ seed: Buffer.from(seed, 'hex') });
  const { publicKeyMultibase } = await made.export({ publicKey: true });
  made.controller = `did:key:${publicKeyMultibase}`;
  made.id = `${made.controller}#${publicKeyMultibase}`;
  const der = Buffer.concat([PKCS8, Buffer.from(seed, 'hex')]);
  return { made, did: made.controller, private: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
}

async function embedded(credential, { made }, { nonce, client_id: domain }) {
  const suite = new DataIntegrityProof({ signer: made.signer(), cryptosuite });
  const unsigned = vc.createPresentation({
    holder: made.controller, version: 2.0, verifiableCredential: [credential], verify: false,
  });
  return vc.signPresentation({ presentation: unsigned, suite, challenge: nonce, domain, documentLoader });
}

async function token(credential, { made, did, private: key }, { nonce, client_id: aud }) {
  const vp = {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    type: ['VerifiablePresentation'],
    holder: did,
    verifiableCredential: [{
      '@context': 'https://www.w3.org/ns/credentials/v2',
      id: `data:application/vc+jwt,${credential}`,
      type: 'EnvelopedVerifiableCredential',
    }],
  };
  return new SignJWT({ ...vp, iss: did, nonce, aud })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'vp+jwt', cty: 'vp', kid: made.id }).sign(key);
}

async function part(credential, { private: key }, { nonce, client_id: audience }, disclose) {
  return present({ credential, disclose: disclose ?? {}, key, alg: 'EdDSA', audience, nonce });
}

/** The key of whoever asks, from the document of their DID. */
async function verifyJwt(signer, { compact }) {
  if (signer.method !== 'did') return { verified: false };
  const [did] = signer.didUrl.split('#');
  const [host, ...path] = did.slice('did:web:'.length).split(':').map(decodeURIComponent);
  const where = path.length ? path.join('/') : '.well-known';
  const document = await (await fetch(`https://${host}/${where}/did.json`)).json();
  const method = document.verificationMethod.find(({ id }) => id === signer.didUrl);
  const { publicKey } = await Ed25519Multikey.from(method).then((key) => key.export({ publicKey: true, raw: true }));
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') };
  await compactVerify(compact, await importJWK(jwk, 'EdDSA'));
  return { verified: true, signerJwk: createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'jwk' }) };
}
