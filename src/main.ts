/** The program. What it is made of is composed in `service.ts`; what it can be asked is in `cli.ts`. */
import { run } from './cli.ts';

// Not `exitCode`: what a stop has given up after its time must not keep the process.
process.exit(await run(process.argv.slice(2)));
