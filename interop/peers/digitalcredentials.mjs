// SPDX-License-Identifier: Apache-2.0
// The Digital Credentials Consortium: the verifier behind VerifierPlus, and the stack with which
// the Learner Credential Wallet signs. They bring their own contexts and reach the web by fetch.
import * as vc from '@digitalcredentials/vc';
import * as Ed25519Multikey from '@digitalcredentials/ed25519-multikey';
import { DataIntegrityProof } from '@digitalcredentials/data-integrity';
import { cryptosuite } from '@digitalcredentials/eddsa-rdfc-2022-cryptosuite';
import { securityLoader } from '@digitalcredentials/security-document-loader';
import { verifyCredential } from '@digitalcredentials/verifier-core';

const documentLoader = securityLoader().build();

async function keyPair(seed) {
  const { publicKeyMultibase } = await Ed25519Multikey.generate({ seed });
  return Ed25519Multikey.generate({ seed, controller: `did:key:${publicKeyMultibase}` });
}

// It answers with a log of steps. A step that could not run has an error and no verdict, so each
// one that decides is asked for by name; a list of trusted issuers is the caller's business.
const DECIDING = ['valid_signature', 'expiration'];

export const verify = {
  async 'eddsa-rdfc-2022'({ credential }) {
    const result = await verifyCredential({ credential, knownDIDRegistries: [] });
    const steps = new Map((result.log ?? []).map((step) => [step.id, step]));
    const deciding = credential.credentialStatus ? [...DECIDING, 'revocation_status'] : DECIDING;
    const refused = deciding.filter((id) => steps.get(id)?.valid !== true);
    return {
      accepted: !result.errors && refused.length === 0,
      reason: (result.errors ?? []).map(({ message }) => message).concat(refused).join('; '),
    };
  },
};

export const issue = {
  async identity({ seed }) {
    return { id: (await keyPair(seed)).controller };
  },
  async 'eddsa-rdfc-2022'({ credential, seed, at }) {
    const key = await keyPair(seed);
    const suite = new DataIntegrityProof({ signer: key.signer(), date: at, cryptosuite });
    return { credential: await vc.issue({ credential, suite, documentLoader }) };
  },
};
