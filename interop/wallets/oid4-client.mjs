// SPDX-License-Identifier: Apache-2.0
// Digital Bazaar's client, which Veres wallets use. It speaks https alone, and of transaction codes
// it knows nothing: it gets an offer without one.
import { OID4Client, getCredentialOffer } from '@digitalbazaar/oid4-client';
import { ed25519 } from './keys.mjs';

export async function take({ offer, configuration }) {
  const key = await ed25519();
  const format = configuration === 'ob3-ldp' ? 'ldp_vc' : 'jwt_vc_json';
  const client = await OID4Client.fromCredentialOffer({
    offer: await getCredentialOffer({ url: offer }), supportedFormats: [format],
  });
  const signer = { ...key.signer(), id: key.id, algorithm: 'Ed25519' };
  const { credentials } = await client.requestCredentials({
    did: key.controller, didProofSigner: signer, format,
  });
  return { holder: key.controller, credentials };
}
