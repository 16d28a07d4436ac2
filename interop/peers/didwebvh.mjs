// SPDX-License-Identifier: Apache-2.0
// didwebvh-ts: histories of did:webvh 1.0 from the working group of the method.
import { createPublicKey, generateKeyPairSync, sign, verify as verifySignature } from 'node:crypto';
import {
  AbstractCrypto,
  createDID,
  deriveNextKeyHash,
  multibaseEncode,
  MultibaseEncoding,
  prepareDataForSigning,
  resolveDIDFromLog,
  signWitnessProofEntry,
  updateDID,
} from 'didwebvh-ts';

const BASE58 = MultibaseEncoding.BASE58_BTC;
const SPKI = Buffer.from('302a300506032b6570032100', 'hex'); // what stands before the 32 bytes of Ed25519

class Key extends AbstractCrypto {
  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
    const multikey = multibaseEncode(Buffer.concat([Buffer.from([0xed, 1]), raw]), BASE58);
    const controller = `did:key:${multikey}`;
    const id = `${controller}#${multikey}`;
    super({ verificationMethod: { id, controller, type: 'Multikey', publicKeyMultibase: multikey } });
    this.privateKey = privateKey;
    this.multikey = multikey;
    this.did = controller;
  }

  getVerificationMethodId() {
    return `${this.did}#${this.multikey}`;
  }

  async sign({ document, proof }) {
    const data = await prepareDataForSigning(document, proof);
    return { proofValue: multibaseEncode(sign(null, data, this.privateKey), BASE58) };
  }

  async verify(signature, message, raw) {
    const key = createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
    return verifySignature(null, message, key, signature);
  }
}

const lines = (log) => log.trim().split('\n').map((line) => JSON.parse(line));

export const verify = {
  async 'did-webvh'({ credential: { did, log, witnesses } }) {
    const found = await resolveDIDFromLog(lines(log), {
      verifier: new Key(),
      witnessProofs: JSON.parse(witnesses),
      requestedDid: did,
    });
    const accepted = found.did === did && !found.meta.error;
    return { accepted, reason: JSON.stringify(found.meta.problemDetails ?? '') };
  },
};

export const issue = {
  /** Two entries with pre-rotation, a witness, and one key for assertions. */
  async 'did-webvh'({ first, second }) {
    const [began, next, issuing, witness] = [new Key(), new Key(), new Key(), new Key()];
    const verificationMethods = [
      { type: 'Multikey', publicKeyMultibase: issuing.multikey, purpose: 'assertionMethod' },
    ];
    const witnesses = [{ id: witness.did }];
    const confirm = async ({ log }) => [
      await signWitnessProofEntry({
        versionId: log.at(-1).versionId, witnesses, witnessSignersByDid: { [witness.did]: witness },
      }),
    ];
    let made = await createDID({
      domain: 'harbour.example', signer: began, verifier: began, updateKeys: [began.multikey], portable: true,
      nextKeyHashes: [await deriveNextKeyHash(next.multikey)], witness: { threshold: 1, witnesses },
      verificationMethods, created: first,
    });
    made = await updateDID({
      log: made.log, signer: next, verifier: next, updateKeys: [next.multikey], nextKeyHashes: [],
      witnessProofs: await confirm(made), verificationMethods, updated: second,
    });
    const log = made.log.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    return { credential: { did: made.did, log, witnesses: JSON.stringify(await confirm(made)) } };
  },
};
