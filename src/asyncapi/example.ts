/** A message as it goes over the wire, for who reads or tries the document: all ids and times are of one order's journey. */
import * as v from 'valibot';
import type { Json } from './schemas.ts';

const id = '01a20d4e-2132-7c5b-9f0e-5d1f3a6b7c80';
const otherId = '01a20d4e-2138-7e61-8d24-90ab12cd34ef';
const commandId = '01a20d4e-2116-7b0a-b1c2-3d4e5f607182';

/** The example of a type's promise, in an envelope; a reply tells of its command. */
export function exampleOf(message: {
  readonly type: string;
  readonly promise: v.GenericSchema;
  readonly source: string;
  readonly isReply: boolean;
}): Json {
  const { type, promise, source, isReply } = message;
  const { subject, data } = v.getMetadata(promise)['example'] as { subject: string; data: unknown };
  return {
    specversion: '1.0',
    id,
    source,
    type,
    subject,
    time: '2026-11-24T11:25:53.842Z',
    data,
    correlationid: subject,
    ...(isReply && {
      causationid: commandId,
      commandhandled: '2026-11-24T11:25:53.842Z',
      commandsent: '2026-11-24T11:25:53.824Z',
      commandreceived: '2026-11-24T11:25:53.829Z',
      commandattempt: 1,
    }),
    senttime: '2026-11-24T11:25:53.846Z',
    attempt: 1,
  };
}

/** Another one of its kind. */
export const another = (example: Json): Json => ({ ...example, id: otherId });
