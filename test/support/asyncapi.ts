/** Whether messages are what an AsyncAPI document says of them. */
import { Ajv } from 'ajv';
import ajvFormats from 'ajv-formats';
import type { Packet } from '../../src/outbox/index.ts';

/** The part of a document that tells of messages. */
export interface DescribedMessages {
  readonly components: { readonly messages: Readonly<Record<string, { readonly contentType: string }>> };
}

/** Returns what looks at the payload of a message of the document, and tells its faults; undefined: there are none. */
export function payloadValidator(
  document: DescribedMessages,
): (name: string, payload: unknown) => string | undefined {
  const ajv = new Ajv({ allErrors: true, strict: false });
  ajvFormats(ajv);
  ajv.addSchema({ components: document.components }, 'document');
  return (name, payload) => {
    const validate = ajv.getSchema(`document#/components/messages/${name}/payload`);
    if (!validate) return `there is no message ${name}`;
    return validate(payload) ? undefined : ajv.errorsText(validate.errors);
  };
}

export interface PacketJudge {
  hear(packet: Packet): void;
  /** The names of the messages that were heard. */
  readonly heard: ReadonlySet<string>;
  readonly faults: readonly string[];
}

/** Listens to what is published: each packet must be one of the messages of its routing key, in its content type. */
export function createPacketJudge(document: DescribedMessages): PacketJudge {
  const faultOf = payloadValidator(document);
  const heard = new Set<string>();
  const faults: string[] = [];
  return {
    heard,
    faults,
    hear({ routingKey, contentType, body }) {
      const payload: unknown = JSON.parse(body.toString());
      const name = Array.isArray(payload) ? `${routingKey}.batch` : routingKey;
      heard.add(name);
      const fault = faultOf(name, payload);
      if (fault) faults.push(`${name}: ${fault}`);
      const described = document.components.messages[name]?.contentType;
      if (contentType !== described) faults.push(`${name}: it is ${contentType}, described as ${described}`);
    },
  };
}
