/** What a page tells its reader to do, taken from the page: so that what is tested is what is written. */
import { readFileSync } from 'node:fs';

export interface Block {
  /** What stands behind the fence, as `sql repair-stock`. */
  readonly info: string;
  readonly text: string;
}

/** The fenced blocks of a page, in their order. */
export const blocksOf = (page: string): readonly Block[] =>
  [...readFileSync(page, 'utf8').matchAll(/^```(\S.*)\n([\s\S]*?)^```$/gm)].map(
    ([, info = '', text = '']) => ({
      info,
      text,
    }),
  );

/** The one block of `docs/operations.md` that is named so. */
export function operation(info: string): string {
  const found = blocksOf('docs/operations.md').filter((block) => block.info === info);
  const [block] = found;
  if (!block || found.length > 1) throw new Error(`docs/operations.md has ${found.length} blocks "${info}"`);
  return block.text;
}
