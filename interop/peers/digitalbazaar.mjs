// SPDX-License-Identifier: Apache-2.0
// Digital Bazaar's reference library: Data Integrity proofs and Bitstring status lists.
import * as vc from '@digitalbazaar/vc';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import { cryptosuite } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import { checkStatus, createCredential, createList } from '@digitalbazaar/vc-bitstring-status-list';
import { documentLoader } from './world.mjs';

const suite = new DataIntegrityProof({ cryptosuite });

async function keyPair(seed) {
  const { publicKeyMultibase } = await Ed25519Multikey.generate({ seed });
  return Ed25519Multikey.generate({ seed, controller: `did:key:${publicKeyMultibase}` });
}

export const verify = {
  async 'eddsa-rdfc-2022'({ credential, at }) {
    const result = await vc.verifyCredential({
      credential, suite, documentLoader, checkStatus, now: new Date(at),
    });
    // "verified" says that the list could be read; whether the bit is set is the caller's question.
    const withdrawn = (result.statusResult?.results ?? []).some(({ status }) => status);
    return {
      accepted: result.verified && !withdrawn,
      reason: withdrawn ? 'withdrawn' : String(result.error ?? ''),
    };
  },
};

export const issue = {
  async identity({ seed }) {
    return { id: (await keyPair(seed)).controller };
  },
  async 'eddsa-rdfc-2022'({ credential, seed, at }) {
    const key = await keyPair(seed);
    const signing = new DataIntegrityProof({ signer: key.signer(), date: at, cryptosuite });
    return { credential: await vc.issue({ credential, suite: signing, documentLoader }) };
  },
  async 'status-list'({ url, issuer, set, validFrom, seed, at }) {
    const list = await createList({ length: 131072 });
    for (const index of set) list.setStatus(index, true);
    const unsigned = await createCredential({ id: url, list, statusPurpose: 'revocation' });
    return issue['eddsa-rdfc-2022']({ credential: { ...unsigned, issuer, validFrom }, seed, at });
  },
};
