/** A client of the program's doors, typed by their document (docs/api), which looks whether every answer is as the document says. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import createClient from 'openapi-fetch';
import type { components, paths } from '../../docs/api/openapi.d.ts';
import { createContract } from './contract.ts';
import { patiently } from './patience.ts';

export type Order = components['schemas']['Order'];
export type Product = components['schemas']['Product'];

export const contract = createContract(JSON.parse(readFileSync('docs/api/openapi.json', 'utf8')));

/** As `fetch`, of a server of the program. */
export async function fetchChecked(input: Request | string, init?: RequestInit): Promise<Response> {
  const { method, url } = input instanceof Request ? input : { method: init?.method ?? 'GET', url: input };
  const response = await fetch(input, init);
  await contract.check(method, url, response);
  return response;
}

/** The same, and again while the answer is a 503 that says so: what changes something needs an Idempotency-Key. */
export const fetchPatiently = (input: Request | string, init?: RequestInit): Promise<Response> =>
  patiently(() => fetchChecked(input instanceof Request ? input.clone() : input, init));

/** A POST that may be sent again: with a key of its own it is done once. */
export const keyedPost = (body: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
  body: JSON.stringify(body),
});

export const clientOf = (url: string) => createClient<paths>({ baseUrl: url, fetch: fetchPatiently });
