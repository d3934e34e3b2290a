import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isMeasurable, nameOf, parentOf, processorSeconds, watch } from './processes.ts';

/** Takes 64 MB and half a second of a processor, in a child first if it is told so. */
const busy = `
  const memory = Buffer.alloc(64e6, 1);
  if (process.argv[1] === 'parent')
    require('node:child_process').spawnSync(process.execPath, ['-e', process.argv[2], 'child', ''], { stdio: 'inherit' });
  while (process.cpuUsage().user < 5e5);
  console.log(memory.length);
  setInterval(() => {}, 1_000);
  if (process.argv[1] === 'child') process.exit();`;

test.runIf(isMeasurable)('what a process and its ended child took is seen', async () => {
  const child = spawn(process.execPath, ['-e', busy, 'parent', busy], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = child.pid ?? 0;
  try {
    expect(parentOf(pid)).toBe(process.pid);
    expect(nameOf(pid)).toMatch(/node|Main/);
    const watching = watch([{ name: 'busy', pid }]);
    // Its child's line comes first.
    for (let lines = 0; lines < 2; )
      lines += String((await once(child.stdout, 'data'))[0]).split('\n').length - 1;
    expect(processorSeconds(pid)).toBeGreaterThan(0.9);
    const [usage] = watching.stop();
    expect(usage?.group).toBe('busy');
    expect(usage?.processorSeconds).toBeGreaterThan(0);
    expect(usage?.peakBytes).toBeGreaterThan(64e6);
  } finally {
    child.kill('SIGKILL');
  }
});
