/** Bearer tokens (JWT): whether one is genuine, whom it names, what it lets him do; and how one is made. */
import { errors, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose';
import * as v from 'valibot';
import { maxIdLength, text } from '../contracts/values.ts';
import { createKeys, KeysUnavailable, type KeyTimes } from './keys.ts';

/** What a token may let its bearer do: be a customer, read the metrics, everything. */
export const scopes = ['orders', 'metrics', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** How tokens are told from forgeries. */
export type TokenSettings = (
  | { /** Shared with whoever makes tokens (HS256). */ readonly secret: string }
  | { /** Where the identity provider's public keys are. */ readonly jwksUrl: string }
) & {
  /** What `iss` must be, where it is said. */
  readonly issuer?: string | undefined;
  /** What `aud` must name, where it is said. */
  readonly audience?: string | undefined;
};

/** Whom a genuine token names. */
export interface Identity {
  readonly subject: string;
  readonly scopes: readonly string[];
}

/** `invalid`: why, in words that may be shown. `unavailable`: nobody can say now. */
export type Verdict =
  | { readonly identity: Identity }
  | { readonly invalid: string }
  | { readonly unavailable: string };

export type Verify = (token: string) => Promise<Verdict>;

/** Two clocks that are set by the network differ by less; a token that has expired is let in for so long. */
const clockSkewSeconds = 30;

/** Public keys vouch for these only: nothing that a public key, taken for a secret, could sign. */
const publicKeyAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** A subject is a customer's id: it keeps the same bounds. */
const Subject = text(maxIdLength);

/** Returns what looks at tokens. `onTrouble` is told when keys cannot be fetched. */
export function createVerifier(
  settings: TokenSettings,
  options: {
    readonly onTrouble: (error: unknown) => void;
    readonly times?: Partial<KeyTimes>;
    readonly now?: () => number;
  },
): Verify {
  const [key, algorithms] =
    'secret' in settings
      ? [always(hmacKey(settings.secret)), ['HS256']]
      : [createKeys(settings.jwksUrl, options), publicKeyAlgorithms];
  const expected = {
    algorithms,
    clockTolerance: clockSkewSeconds,
    // One that never expires would be good for whoever finds it in ten years.
    requiredClaims: ['exp', 'sub'],
    ...(settings.issuer !== undefined && { issuer: settings.issuer }),
    ...(settings.audience !== undefined && { audience: settings.audience }),
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, expected);
      if (!v.is(Subject, payload.sub)) return { invalid: 'its subject is not a customer id' };
      const { scope } = payload;
      return {
        identity: {
          subject: payload.sub,
          scopes: typeof scope === 'string' ? scope.split(' ') : [],
        },
      };
    } catch (error) {
      if (error instanceof KeysUnavailable) return { unavailable: error.message };
      if (error instanceof errors.JOSEError) return { invalid: reasonOf(error) };
      throw error;
    }
  };
}

/** Makes a token that `createVerifier` takes with the same settings. */
export async function signToken(
  settings: Extract<TokenSettings, { readonly secret: string }>,
  claims: { readonly subject: string; readonly scopes: readonly string[]; readonly minutes: number },
): Promise<string> {
  const token = new SignJWT({ scope: claims.scopes.join(' ') })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(claims.subject)
    .setIssuedAt()
    .setExpirationTime(`${claims.minutes} minutes`);
  if (settings.issuer !== undefined) token.setIssuer(settings.issuer);
  if (settings.audience !== undefined) token.setAudience(settings.audience);
  return token.sign(await hmacKey(settings.secret));
}

const hmacKey = (secret: string) =>
  crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);

const always =
  (key: ReturnType<typeof hmacKey>): JWTVerifyGetKey =>
  () =>
    key;

/** jose's own words can repeat what the token says. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'nbf'
      ? 'it is not valid yet'
      : `its claim ${error.claim} is missing or not as it must be`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature does not fit';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed';
  if (error instanceof errors.JWKSNoMatchingKey) return 'it is signed with an unknown key';
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'it does not say with which key it is signed';
  return 'it is not a token';
}
