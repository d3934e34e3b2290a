/** Handles a batch of messages once, in one transaction; takes it apart when one of them is guilty. */
import * as v from 'valibot';
import type { Message } from './message.ts';

/** The message types that a service takes, each with the schema of `{subject, data}`. */
export type Handles = Readonly<Record<string, v.GenericSchema>>;

/** What a catalogue of schemas lets in: a union that `type` tells apart. */
export type Incoming<Catalogue extends Handles> = {
  [Type in keyof Catalogue]: Message & { readonly type: Type } & v.InferOutput<Catalogue[Type]>;
}[keyof Catalogue];
