// SPDX-License-Identifier: Apache-2.0
// The Learner Credential Wallet without its screens: the libraries that it signs with, and the
// steps that its source takes from an interaction, an exchange or a "dccrequest" link.
import * as vc from '@digitalcredentials/vc';
import * as Ed25519Multikey from '@digitalcredentials/ed25519-multikey';
import { DataIntegrityProof } from '@digitalcredentials/data-integrity';
import { cryptosuite } from '@digitalcredentials/eddsa-rdfc-2022-cryptosuite';
import { securityLoader } from '@digitalcredentials/security-document-loader';

const documentLoader = securityLoader().build();
const ROUNDS = 10; // it gives up after so many

async function newKey() {
  const made = await Ed25519Multikey.generate();
  const { publicKeyMultibase } = await made.export({ publicKey: true });
  made.controller = `did:key:${publicKeyMultibase}`;
  made.id = `${made.controller}#${publicKeyMultibase}`;
  return made;
}

async function presentation(key, { challenge, domain }) {
  const suite = new DataIntegrityProof({ signer: key.signer(), cryptosuite });
  const unsigned = vc.createPresentation({ holder: key.controller, version: 2.0 });
  return vc.signPresentation({ presentation: unsigned, suite, challenge, domain, documentLoader });
}

async function post(url, body) {
  const response = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

export async function take({ interaction, dccrequest }) {
  const key = await newKey();
  if (dccrequest) return { holder: key.controller, credentials: [await bare(key, dccrequest)] };
  const response = await fetch(interaction, { headers: { accept: 'application/json' } });
  const { protocols } = await response.json();
  let answer = await post(protocols.vcapi, {});
  for (let round = 0; round < ROUNDS && answer.verifiablePresentationRequest; round += 1) {
    const request = answer.verifiablePresentationRequest;
    const asked = [request.query].flat().map(({ type }) => type);
    if (!asked.includes('DIDAuthentication')) throw new Error(`asked for ${asked}`);
    const { serviceEndpoint } = request.interact.service[0];
    answer = await post(serviceEndpoint, { verifiablePresentation: await presentation(key, request) });
  }
  const credentials = [answer.verifiablePresentation.verifiableCredential].flat();
  return { holder: key.controller, credentials };
}

/** `dccrequest://request?…`: one presentation out, one credential back. */
async function bare(key, link) {
  const query = new URL(link).searchParams;
  return post(query.get('vc_request_url'), await presentation(key, { challenge: query.get('challenge') }));
}
