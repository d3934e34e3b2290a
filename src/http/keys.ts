/** The identity provider's public keys: fetched when they are needed, kept for a while, fetched again for one that is not among them. */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

/** How long keys are kept and how often they are asked for, in milliseconds. */
export interface KeyTimes {
  /** Older keys are fetched again, while nobody waits: a key that was withdrawn is forgotten then. */
  readonly freshMs: number;
  /** An identity provider may be away for so long; after that its keys vouch for nobody. */
  readonly usableMs: number;
  /** An unknown key is asked for at most so often: strangers can make up as many as they like. */
  readonly cooldownMs: number;
  /** After a failure nobody asks for so long: as long as those who are sent away are told to wait. */
  readonly retryMs: number;
  /** Everybody has an answer within 2 s, also where the identity provider has none. */
  readonly timeoutMs: number;
}

const defaultTimes: KeyTimes = {
  freshMs: 10 * 60_000,
  usableMs: 60 * 60_000,
  cooldownMs: 30_000,
  retryMs: 1_000,
  timeoutMs: 1_000,
};

/** A hundred keys with their certificates. */
const maxBytes = 256 * 1_024;

/** Whether a token is genuine cannot be known: the keys are not to be had. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/**
 * Finds the key that a token names among those at `url`. Throws `KeysUnavailable` where they cannot be had, and jose's errors where
 * no key fits. `onTrouble` is told of every fetch that failed.
 */
export function createKeys(
  url: string,
  options: {
    readonly onTrouble: (error: unknown) => void;
    readonly times?: Partial<KeyTimes>;
    /** A clock that only moves forward, in milliseconds. */
    readonly now?: () => number;
  },
): JWTVerifyGetKey {
  const { onTrouble, now = () => performance.now() } = options;
  const { freshMs, usableMs, cooldownMs, retryMs, timeoutMs } = { ...defaultTimes, ...options.times };
  let keys: { readonly find: JWTVerifyGetKey; readonly fetchedMs: number } | undefined;
  let failedMs: number | undefined;
  let fetching: Promise<void> | undefined;

  async function fetchOnce(): Promise<void> {
    try {
      keys = { find: among(createLocalJWKSet(await fetchKeys(url, timeoutMs))), fetchedMs: now() };
      failedMs = undefined;
    } catch (error) {
      failedMs = now();
      onTrouble(error);
    }
  }

  /** Those who come together wait for one answer. */
  async function refresh(): Promise<void> {
    if (!fetching && failedMs !== undefined && now() - failedMs < retryMs) return;
    fetching ??= fetchOnce().finally(() => {
      fetching = undefined;
    });
    await fetching;
  }

  const ageMs = () => (keys === undefined ? Number.POSITIVE_INFINITY : now() - keys.fetchedMs);

  return async (header, token) => {
    if (ageMs() >= usableMs) await refresh();
    else if (ageMs() >= freshMs) void refresh();
    if (!keys || ageMs() >= usableMs) throw new KeysUnavailable('the keys cannot be fetched');
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || ageMs() < cooldownMs) throw error;
      await refresh();
      // It may be a key that is new: only the identity provider could say.
      if (failedMs !== undefined) throw new KeysUnavailable('the keys cannot be fetched again');
      return keys.find(header, token);
    }
  };
}

/** A token that fits none of the keys is its sender's fault; a key that cannot be used is not. */
const among =
  (find: JWTVerifyGetKey): JWTVerifyGetKey =>
  async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      const isSenders =
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported;
      throw isSenders ? error : new KeysUnavailable('a key cannot be used', { cause: error });
    }
  };

async function fetchKeys(url: string, timeoutMs: number): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    // To another place than the operator has named: no.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes of keys`);
    chunks.push(chunk);
  }
  if (response.status !== 200) throw new Error(`the keys are answered with ${response.status}`);
  return JSON.parse(Buffer.concat(chunks).toString()) as JSONWebKeySet;
}
