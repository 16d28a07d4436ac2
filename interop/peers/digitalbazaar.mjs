// SPDX-License-Identifier: Apache-2.0
// Digital Bazaar's reference library: Data Integrity proofs and Bitstring status lists.
import * as vc from '@digitalbazaar/vc';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as ecdsaJcs from '@digitalbazaar/ecdsa-jcs-2019-cryptosuite';
import * as ecdsaSd from '@digitalbazaar/ecdsa-sd-2023-cryptosuite';
import * as eddsaJcs from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import { Ed25519Signature2020 } from '@digitalbazaar/ed25519-signature-2020';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import { cryptosuite as ecdsaRdfc } from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import { cryptosuite as eddsaRdfc } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import { checkStatus, createCredential, createList } from '@digitalbazaar/vc-bitstring-status-list';
import { documentLoader } from './world.mjs';

const signing = {
  'eddsa-rdfc-2022': () => eddsaRdfc,
  'eddsa-jcs-2022': () => eddsaJcs.createSignCryptosuite(),
  'ecdsa-rdfc-2019': () => ecdsaRdfc,
  'ecdsa-jcs-2019': () => ecdsaJcs.createSignCryptosuite(),
  'ecdsa-sd-2023': (mandatoryPointers) => ecdsaSd.createSignCryptosuite({ mandatoryPointers }),
};

const verifying = [
  eddsaRdfc,
  eddsaJcs.createVerifyCryptosuite(),
  ecdsaRdfc,
  ecdsaJcs.createVerifyCryptosuite(),
  ecdsaSd.createVerifyCryptosuite(),
].map((cryptosuite) => new DataIntegrityProof({ cryptosuite }));
verifying.push(new Ed25519Signature2020());

const curveKeys = new Map(); // one key pair for each curve and run: these cannot be made from a seed

async function keyPair(seed, curve) {
  if (curve) {
    if (!curveKeys.has(curve)) {
      const key = await EcdsaMultikey.generate({ curve });
      curveKeys.set(curve, await named(EcdsaMultikey, key));
    }
    return curveKeys.get(curve);
  }
  const { publicKeyMultibase } = await Ed25519Multikey.generate({ seed });
  return Ed25519Multikey.generate({ seed, controller: `did:key:${publicKeyMultibase}` });
}

/** The same key pair under the name that did:key gives it. */
async function named(Multikey, key) {
  const exported = await key.export({ publicKey: true, secretKey: true });
  const controller = `did:key:${exported.publicKeyMultibase}`;
  return Multikey.from({ ...exported, controller, id: `${controller}#${exported.publicKeyMultibase}` });
}

async function judge({ credential, at }) {
  const result = await vc.verifyCredential({
    credential, suite: verifying, documentLoader, checkStatus, now: new Date(at),
  });
  // "verified" says that the list could be read; whether the bit is set is the caller's question.
  const withdrawn = (result.statusResult?.results ?? []).some(({ status }) => status);
  return {
    accepted: result.verified && !withdrawn,
    reason: withdrawn ? 'withdrawn' : String(result.error ?? ''),
  };
}

function issuerWith(name) {
  return async ({ credential, seed, curve, at, mandatoryPointers }) => {
    const key = await keyPair(seed, curve);
    const cryptosuite = signing[name](mandatoryPointers);
    const suite = new DataIntegrityProof({ signer: key.signer(), date: at, cryptosuite });
    return { credential: await vc.issue({ credential, suite, documentLoader }) };
  };
}

const byCryptosuite = (make) =>
  Object.fromEntries(Object.keys(signing).map((name) => [name, make(name)]));

export const verify = { ...byCryptosuite(() => judge), Ed25519Signature2020: judge };

export const issue = {
  ...byCryptosuite(issuerWith),
  async identity({ seed, curve }) {
    return { id: (await keyPair(seed, curve)).controller };
  },
  async Ed25519Signature2020({ credential, seed, at }) {
    const suite = new Ed25519Signature2020({ signer: (await keyPair(seed)).signer(), date: at });
    return { credential: await vc.issue({ credential, suite, documentLoader }) };
  },
  async derive({ credential, selectivePointers }) {
    const cryptosuite = ecdsaSd.createDiscloseCryptosuite({ selectivePointers });
    const suite = new DataIntegrityProof({ cryptosuite });
    return { credential: await vc.derive({ verifiableCredential: credential, suite, documentLoader }) };
  },
  async 'status-list'({ url, issuer, set, validFrom, seed, at }) {
    const list = await createList({ length: 131072 });
    for (const index of set) list.setStatus(index, true);
    const unsigned = await createCredential({ id: url, list, statusPurpose: 'revocation' });
    return issue['eddsa-rdfc-2022']({ credential: { ...unsigned, issuer, validFrom }, seed, at });
  },
};
