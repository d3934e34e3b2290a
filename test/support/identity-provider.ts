/** An identity provider: it serves the public keys of tokens that it makes, and can be told to fail. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export const issuer = 'https://id.example.com';
export const audience = 'order-saga';

export interface SigningKey {
  /** As it is published. */
  readonly published: JWK;
  /** Signs claims; the issuer's and the audience's are there, unless they are given otherwise. */
  sign(claims: object, header?: object): Promise<string>;
}

/** Makes a key pair. */
export async function makeKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  return {
    published: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    sign: (claims, header = {}) =>
      new SignJWT({ iss: issuer, aud: audience, exp: Math.floor(Date.now() / 1_000) + 60, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey),
  };
}

/** Serves keys on loopback. `answer` may be replaced. */
export async function startIdentityProvider() {
  const provider = {
    keys: [] as readonly JWK[],
    asked: 0,
    url: '',
    answer: (response: ServerResponse) => {
      response.end(JSON.stringify({ keys: provider.keys }));
    },
    /** Serves the keys again. */
    recover() {
      provider.answer = serveKeys;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const serveKeys = provider.answer;
  const server = createServer((_, response) => {
    provider.asked += 1;
    provider.answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  return provider;
}
