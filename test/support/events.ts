/** A reader of Server-Sent Events. */
export interface Heard {
  readonly id: string | undefined;
  readonly event: string | undefined;
  /** Parsed; undefined: a block that only notes an id or a time. */
  readonly data: Record<string, unknown> | undefined;
}

/** Reads a response block by block; comments are left out. */
export function hear(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  const blocks: string[] = [];
  let rest = '';

  /** The next block; undefined: the stream has ended. */
  async function block(): Promise<string | undefined> {
    while (blocks.length === 0) {
      const { done, value } = await reader.read();
      if (done) return undefined;
      const parts = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = parts.pop() ?? '';
      blocks.push(...parts);
    }
    return blocks.shift();
  }

  /** The next block of those with an id or data; undefined: the stream has ended. */
  async function next(): Promise<Heard | undefined> {
    for (;;) {
      const text = await block();
      if (text === undefined) return undefined;
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
      const [id, event, data] = [field('id'), field('event'), field('data')];
      if (id !== undefined || data !== undefined)
        return { id, event, data: data === undefined ? undefined : JSON.parse(data) };
    }
  }

  return {
    block,
    next,
    /** Everything that comes until the stream ends. */
    async all(): Promise<readonly Heard[]> {
      const heard: Heard[] = [];
      for (let one = await next(); one; one = await next()) heard.push(one);
      return heard;
    },
    leave: () => reader.cancel(),
  };
}
