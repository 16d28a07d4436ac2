// SPDX-License-Identifier: Apache-2.0
// The OpenWallet Foundation's library, with its strict schemas: the best judge of the protocol.
import { createHash, randomBytes } from 'node:crypto';
import { clientAuthenticationAnonymous } from '@openid4vc/oauth2';
import { Openid4vciClient, setGlobalConfig } from '@openid4vc/openid4vci';
import { ofJose, signJwt } from './keys.mjs';

setGlobalConfig({ allowInsecureUrls: true });

export async function take({ offer, code, configuration }) {
  const key = await ofJose('ES256');
  const client = new Openid4vciClient({
    callbacks: {
      fetch,
      hash: (data, alg) => createHash(alg.replace('-', '')).update(data).digest(),
      generateRandom: (length) => randomBytes(length),
      clientAuthentication: clientAuthenticationAnonymous(),
      async signJwt(_signer, { header, payload }) {
        return { jwt: await signJwt(header, payload, key), signerJwk: key.jwk };
      },
    },
  });
  const credentialOffer = await client.resolveCredentialOffer(offer);
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
  const { accessTokenResponse } = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({
    credentialOffer, issuerMetadata, txCode: code,
  });
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata });
  const { jwt } = await client.createCredentialRequestJwtProof({
    issuerMetadata,
    credentialConfigurationId: configuration,
    nonce,
    signer: { method: 'did', didUrl: key.kid, alg: key.alg },
  });
  const accessToken = accessTokenResponse.access_token;
  const { credentialResponse } = await client.retrieveCredentials({
    issuerMetadata, credentialConfigurationId: configuration, accessToken, proofs: { jwt: [jwt] },
  });
  await client.sendNotification({
    issuerMetadata,
    accessToken,
    notification: {
      notificationId: credentialResponse.notification_id, event: 'credential_accepted',
    },
  });
  return {
    holder: key.did,
    follows: issuerMetadata.originalDraftVersion,
    credentials: credentialResponse.credentials.map(({ credential }) => credential),
  };
}
