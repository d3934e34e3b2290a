/** `order-saga token`: a token for trying, made with the secret that the program has. */
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { ConfigError, readConfig } from './config.ts';
import { maxIdLength, text } from './contracts/values.ts';
import { scopes, signToken } from './http/index.ts';

const defaultMinutes = 60;
/** A year: what needs longer is looked after by an identity provider. */
const maxMinutes = 525_600;

const help = `Makes a bearer token with AUTH_SECRET (and AUTH_ISSUER, AUTH_AUDIENCE where they are set), for trying.

Usage: node dist/main.js token --sub ID --scope "SCOPE..." [--minutes N]

  --sub       whom it names: a customer's id, or who administers
  --scope     what it allows, separated by spaces: orders (to be that customer), metrics (to read them), admin (everything)
  --minutes   how long it is good [${defaultMinutes}]

  curl -H "authorization: Bearer $(node dist/main.js token --sub cus_1 --scope orders)" http://127.0.0.1:3000/orders
`;

/** Writes a token with `out` and returns the exit code. Throws `ConfigError` where it is used wrongly. */
export async function tokenCommand(args: readonly string[], out: (text: string) => void): Promise<number> {
  const { help: isHelp, sub, scope = '', minutes: minutesText = String(defaultMinutes) } = parse(args);
  if (isHelp) {
    out(help);
    return 0;
  }
  const faults: string[] = [];
  const minutes = Number(minutesText);
  const asked = scope.split(' ').filter(Boolean);
  const known: readonly string[] = scopes;
  if (!v.is(text(maxIdLength), sub))
    faults.push(`token: --sub must be an id of 1 to ${maxIdLength} characters`);
  if (asked.length === 0 || !asked.every((name) => known.includes(name)))
    faults.push(`token: --scope must be some of ${scopes.join(', ')}`);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > maxMinutes)
    faults.push(`token: --minutes must be a whole number, 1 to ${maxMinutes}`);
  const { tokens } = readConfig('token');
  if (!tokens || !('secret' in tokens))
    faults.push(
      'token: AUTH_SECRET is needed; where AUTH_JWKS_URL is used, its identity provider makes the tokens',
    );
  if (!sub || !tokens || !('secret' in tokens) || faults.length > 0) throw new ConfigError(faults);
  out(`${await signToken(tokens, { subject: sub, scopes: asked, minutes })}\n`);
  return 0;
}

function parse(args: readonly string[]) {
  const options = {
    sub: { type: 'string' },
    scope: { type: 'string' },
    minutes: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new ConfigError([`token: ${error instanceof Error ? error.message : error}`]);
  }
}
