// SPDX-License-Identifier: Apache-2.0
// Sphereon's client, which follows draft 15: one "proof", and metadata of an authorization server that is looked
// for in every place that a draft has named.
import { OpenID4VCIClientV1_0_15 } from '@sphereon/oid4vci-client';
import { ofJose, signJwt } from './keys.mjs';

export async function take({ offer, code, configuration }) {
  const key = await ofJose('ES256');
  const client = await OpenID4VCIClientV1_0_15.fromURI({ uri: offer, kid: key.kid, alg: key.alg });
  await client.acquireAccessToken({ pin: code });
  const { credential, credentials } = await client.acquireCredentials({
    credentialConfigurationId: configuration,
    format: { 'ob3-ldp': 'ldp_vc', 'ob3-jwt': 'jwt_vc_json', 'ob3-sd-jwt': 'dc+sd-jwt' }[configuration],
    kid: key.kid,
    alg: key.alg,
    proofCallbacks: {
      signCallback: ({ header, payload }) => signJwt(header, payload, key),
    },
  });
  const held = credentials ? credentials.map((each) => each.credential) : [credential];
  return { holder: key.did, credentials: held };
}
