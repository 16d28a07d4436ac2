// SPDX-License-Identifier: Apache-2.0
// The holder's side of LearnCard. It takes everything that is offered, so both forms come.
import { acceptCredentialOffer, createJoseEd25519Signer, parseCredentialOfferUri } from '@learncard/openid4vc-plugin';
import { exportJWK } from 'jose';
import { ofJose } from './keys.mjs';

export async function take({ offer, code }) {
  const { did, kid, privateKey } = await ofJose('EdDSA');
  const signer = await createJoseEd25519Signer({ keypair: await exportJWK(privateKey), kid });
  const parsed = parseCredentialOfferUri(offer);
  const { credentials } = await acceptCredentialOffer({
    offer: parsed.offer ?? parsed, signer, options: { txCode: code },
  });
  return { holder: did, credentials: credentials.map(({ credential }) => credential) };
}
