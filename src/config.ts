/** The only reader of the environment: every variable, what it means, and what is wrong with it. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import * as v from 'valibot';
import type { TokenSettings } from './http/index.ts';

/** Filled in by the build. */
declare const ORDER_SAGA_VERSION: string | undefined;
export const version = typeof ORDER_SAGA_VERSION === 'string' ? ORDER_SAGA_VERSION : 'development';

export const moduleNames = ['order', 'stock', 'payment'] as const;
export type ModuleName = (typeof moduleNames)[number];

type Environment = Readonly<Record<string, string | undefined>>;

const Url = (...protocols: readonly string[]) =>
  v.pipe(
    v.string(),
    v.check(
      (text) => protocols.some((protocol) => text.startsWith(`${protocol}://`)),
      `must begin with ${protocols[0]}://`,
    ),
  );
/** Without a user: that would be in every error about the address. */
const GatewayUrl = v.pipe(
  Url('http', 'https'),
  v.check(
    (text) => URL.canParse(text) && !/[@?#]/.test(text),
    'must be an address without user, query and fragment: what authenticates goes into GATEWAY_TOKEN',
  ),
);
const BearerToken = v.pipe(
  v.string(),
  v.regex(/^[\x21-\x7e]+$/, 'must be of printable ASCII characters without spaces'),
);
/** HS256 is as strong as its secret: shorter than its hash, it can be guessed from one token (RFC 7518, 3.2). */
const minSecretLength = 32;
const Secret = v.pipe(
  v.string(),
  v.minLength(
    minSecretLength,
    `must have at least ${minSecretLength} characters, by chance: openssl rand -base64 32`,
  ),
);
/** Whoever can change the keys on their way is let in with tokens of his own. */
const KeysUrl = v.pipe(
  v.string(),
  v.check(
    (text) => URL.canParse(text) && isSafeForKeys(new URL(text)),
    'must be https:// (http:// only on loopback)',
  ),
);
const Text = v.pipe(v.string(), v.maxLength(1_000));
const Origins = v.pipe(
  v.string(),
  v.transform((text) => text.split(',').map((origin) => origin.trim())),
  v.array(
    v.pipe(
      v.string(),
      v.check(
        (text) => URL.canParse(text) && new URL(text).origin === text,
        'must be a comma list of origins, as https://shop.example.com',
      ),
    ),
  ),
);
const PerMinute = v.pipe(
  v.string(),
  v.transform(Number),
  v.integer('must be a whole number'),
  v.minValue(1),
  v.maxValue(1_000_000),
);
const Seconds = v.pipe(
  v.string(),
  v.transform(Number),
  v.number('must be a number'),
  v.minValue(0.1),
  v.maxValue(86_400),
);
const Count = v.pipe(
  v.string(),
  v.transform(Number),
  v.integer('must be a whole number'),
  v.minValue(1),
  v.maxValue(10_000),
);
const Switch = v.pipe(
  v.picklist(['0', '1'], 'must be 0 or 1'),
  v.transform((text) => text === '1'),
);
const SmtpUrl = v.pipe(
  Url('smtp', 'smtps'),
  v.check((text) => URL.canParse(text) && new URL(text).hostname !== '', 'must name a mail server'),
);
/** An address, or a name and an address in angle brackets; no line breaks, which would be headers. */
const Sender = v.pipe(
  v.string(),
  v.regex(
    /^([^<>\p{Cc}]{1,100} <[^\s@<>,]+@[^\s@<>,]+>|[^\s@<>,]+@[^\s@<>,]+)$/u,
    'must be an e-mail address, as The shop <shop@example.com>',
  ),
);
const Networks = v.pipe(
  v.string(),
  v.transform((text) => text.split(',').map((network) => network.trim())),
  v.check((networks) => networks.every(isNetwork), 'must be a comma list of networks, as 10.0.0.0/8'),
);
const Modules = v.pipe(
  v.string(),
  v.transform((text) => (text === 'all' ? [...moduleNames] : text.split(',').map((name) => name.trim()))),
  v.array(v.picklist(moduleNames, 'must be all, order, stock, payment, or a comma list')),
);
const Port = v.pipe(
  v.string(),
  v.transform(Number),
  v.integer('must be a port number'),
  v.minValue(0),
  v.maxValue(65_535),
);

/** Every variable in the order of `--help`: its schema, its default as text (null: none), and one sentence. */
const variables = {
  MODULE: [Modules, 'all', 'what this process runs: all, order, stock, payment, or a comma list'],
  ORDER_DATABASE_URL: [
    Url('postgres', 'postgresql'),
    null,
    "Order's PostgreSQL; only for a process that runs order",
  ],
  STOCK_DATABASE_URL: [Url('postgres', 'postgresql'), null, "Stock's PostgreSQL"],
  PAYMENT_DATABASE_URL: [Url('postgres', 'postgresql'), null, "Payment's PostgreSQL"],
  ORDER_URL: [
    Url('http', 'https'),
    null,
    'where Order serves HTTP: for audit, where its database is not known',
  ],
  STOCK_URL: [Url('http', 'https'), null, 'the same of Stock'],
  PAYMENT_URL: [Url('http', 'https'), null, 'the same of Payment'],
  AMQP_URL: [Url('amqp', 'amqps'), null, 'RabbitMQ; a comma list names the nodes of a cluster'],
  PORT: [
    Port,
    null,
    'where HTTP is served: 3000 (stock alone 3001, payment alone 3002, gateway-simulator 3003); 0 takes a free one',
  ],
  HOST: [v.string(), '127.0.0.1', 'the address to listen on'],
  DATA_DIR: [v.string(), '.data', 'where the embedded database lives'],
  SEED_DEMO: [Switch, null, '1: make demo products at the start if there are none; always on when embedded'],
  STEP_TIMEOUT_SECONDS: [
    Seconds,
    '30',
    'how long the saga waits for an answer before it sends the command again',
  ],
  STEP_MAX_ATTEMPTS: [Count, '8', 'how often a command is sent before the saga turns back'],
  FAILURE_RETRY_SECONDS: [Seconds, '10', 'the first wait of a message that failed; it doubles'],
  MIGRATE: [Switch, '1', '0: serve does not migrate, it waits until somebody has'],
  DATABASE_PREPARE: [Switch, '1', '0: no prepared statements (PgBouncer before 1.21)'],
  INQUIRY_AFTER_SECONDS: [Seconds, '300', 'how long Stock and Payment hold something before they ask Order'],
  PAYMENT_GATEWAY: [
    v.picklist(['simulated', 'http'], 'must be simulated or http'),
    'simulated',
    'the card processor: simulated, or http for the one at GATEWAY_URL',
  ],
  GATEWAY_URL: [GatewayUrl, null, 'where the card processor is asked'],
  GATEWAY_TOKEN: [
    BearerToken,
    null,
    'shown to the card processor as a bearer token; the gateway-simulator asks for it',
  ],
  GATEWAY_CONCURRENCY: [Count, '200', 'calls to the card processor at once'],
  GATEWAY_TIMEOUT_SECONDS: [
    Seconds,
    '2',
    'how long one call may take; after that its outcome is unknown and it is asked again',
  ],
  SMTP_URL: [
    SmtpUrl,
    null,
    'where mail to customers is handed in, as smtp://user:password@mail.example.com:587; none: no mail is sent',
  ],
  MAIL_FROM: [Sender, null, 'from whom that mail is, as The shop <shop@example.com>'],
  WEBHOOK_NETWORKS: [
    Networks,
    null,
    'networks that webhooks may reach besides the public internet, as 10.0.0.0/8,::1/128',
  ],
  AUTH: [
    v.picklist(['none', 'jwt'], 'must be none or jwt'),
    null,
    'jwt: who asks shows a token (so where a key is set); none: nobody does, to be said aloud beyond loopback',
  ],
  AUTH_JWKS_URL: [
    KeysUrl,
    null,
    'where the public keys of who signs the tokens are (asymmetric algorithms only)',
  ],
  AUTH_ISSUER: [Text, null, 'what iss of a token must be; needed with AUTH_JWKS_URL'],
  AUTH_AUDIENCE: [Text, null, 'what aud of a token must name; needed with AUTH_JWKS_URL'],
  AUTH_SECRET: [
    Secret,
    null,
    'instead of AUTH_JWKS_URL: the secret with which tokens are signed (HS256), at least 32 characters',
  ],
  ADMIN_TOKEN: [BearerToken, null, 'for audit: shown to the doors, a token with the scope admin'],
  RATE_LIMIT_PER_MINUTE: [
    PerMinute,
    null,
    'requests of a caller (subject, else address) that a process answers in a minute; unlimited if not set',
  ],
  CORS_ORIGINS: [
    Origins,
    null,
    'a comma list of origins whose pages may ask from a browser; none if not set',
  ],
} as const satisfies Record<string, readonly [v.GenericSchema<string, unknown>, string | null, string]>;

/** In CIDR notation. */
function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}

type Variables = typeof variables;
type Name = keyof Variables;
type Values = {
  [N in Name]: v.InferOutput<Variables[N][0]> | (Variables[N][1] extends null ? undefined : never);
};

export interface Config {
  readonly modules: readonly ModuleName[];
  /** Where the services are; null: they are brought along. */
  readonly services: {
    readonly databaseUrls: Readonly<Partial<Record<ModuleName, string>>>;
    readonly amqpUrl: string;
  } | null;
  /** Where the modules serve, as far as that was said. */
  readonly doors: Readonly<Partial<Record<ModuleName, string>>>;
  readonly http: { readonly host: string; readonly port: number };
  readonly dataDir: string;
  readonly seedDemo: boolean;
  readonly migrate: boolean;
  readonly databasePrepare: boolean;
  readonly stepTimeoutSeconds: number;
  readonly stepMaxAttempts: number;
  readonly failureRetrySeconds: number;
  readonly inquiryAfterSeconds: number;
  readonly gatewayConcurrency: number;
  readonly gatewayTimeoutSeconds: number;
  /** Undefined: the card processor is simulated. */
  readonly gatewayUrl: string | undefined;
  readonly gatewayToken: string | undefined;
  /** Undefined: nobody is authenticated. */
  readonly tokens: TokenSettings | undefined;
  /** Shown to the modules' doors by who audits them. */
  readonly adminToken: string | undefined;
  /** Undefined: requests are not counted. */
  readonly rateLimitPerMinute: number | undefined;
  readonly corsOrigins: readonly string[];
  readonly webhookNetworks: readonly string[];
  /** Undefined: no mail is sent. */
  readonly mail: { readonly url: string; readonly from: string } | undefined;
}

/** The configuration cannot be meant so: each fault is one line that says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

type Command = 'serve' | 'migrate' | 'audit' | 'token' | 'gateway-simulator';

const servicesFor = {
  serve: servicesOf,
  migrate: databasesOf,
  audit: auditedOf,
  token: () => null,
  'gateway-simulator': () => null,
};

/** What `command` needs; it asks for nothing that it does not use. Throws `ConfigError` with everything that is wrong at once. */
export function readConfig(command: Command, environment: Environment = process.env): Config {
  const values = readValues(environment);
  const modules = [...new Set(values.MODULE)];
  const faults: string[] = [];
  const services = servicesFor[command](values, modules, faults);
  const tokens = command === 'serve' || command === 'token' ? tokensOf(values, faults) : undefined;
  if (command === 'serve' || command === 'gateway-simulator')
    checkListening(values, tokens !== undefined || faults.length > 0, faults);
  if (command === 'serve' && modules.includes('payment')) checkGateway(values, faults);
  if (command === 'serve' && modules.includes('order')) checkMail(values, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    modules,
    services,
    doors: given(values, doorVariable),
    http: { host: values.HOST, port: values.PORT ?? portOf(command, modules) },
    dataDir: values.DATA_DIR,
    seedDemo: values.SEED_DEMO ?? services === null,
    migrate: values.MIGRATE,
    databasePrepare: values.DATABASE_PREPARE,
    stepTimeoutSeconds: values.STEP_TIMEOUT_SECONDS,
    stepMaxAttempts: values.STEP_MAX_ATTEMPTS,
    failureRetrySeconds: values.FAILURE_RETRY_SECONDS,
    inquiryAfterSeconds: values.INQUIRY_AFTER_SECONDS,
    gatewayConcurrency: values.GATEWAY_CONCURRENCY,
    gatewayTimeoutSeconds: values.GATEWAY_TIMEOUT_SECONDS,
    gatewayUrl: values.PAYMENT_GATEWAY === 'http' ? values.GATEWAY_URL : undefined,
    gatewayToken: values.GATEWAY_TOKEN,
    tokens,
    adminToken: values.ADMIN_TOKEN,
    rateLimitPerMinute: values.RATE_LIMIT_PER_MINUTE,
    corsOrigins: values.CORS_ORIGINS ?? [],
    webhookNetworks: values.WEBHOOK_NETWORKS ?? [],
    mail: values.SMTP_URL && values.MAIL_FROM ? { url: values.SMTP_URL, from: values.MAIL_FROM } : undefined,
  };
}

function portOf(command: Command, [module]: readonly ModuleName[]): number {
  if (command === 'gateway-simulator') return 3003;
  return module === 'stock' ? 3001 : module === 'payment' ? 3002 : 3000;
}

/** The lines of `--help` about the environment. */
export function describeVariables(): readonly string[] {
  return (Object.entries(variables) as [Name, Variables[Name]][]).map(
    ([name, [, fallback, sentence]]) =>
      `  ${name.padEnd(24)} ${sentence}${fallback === null ? '' : ` [${fallback}]`}`,
  );
}

/** Reads `NAME`, or the file that `NAME_FILE` names (a mounted secret). An empty value is none. */
function readValues(environment: Environment): Values {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, [schema, fallback]] of Object.entries(variables)) {
    const text = readText(environment, name, faults) ?? fallback;
    if (text === null) continue;
    const parsed = v.safeParse(schema as v.GenericSchema<unknown, unknown>, text);
    if (parsed.success) values[name] = parsed.output;
    // Never the value: it may hold a password.
    else faults.push(`${name} ${parsed.issues[0].message}`);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return values as Values;
}

function readText(environment: Environment, name: string, faults: string[]): string | undefined {
  const file = environment[`${name}_FILE`];
  if (!file) return environment[name] || undefined;
  if (environment[name]) faults.push(`${name} and ${name}_FILE are both set: keep one`);
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch {
    faults.push(`${name}_FILE names a file that cannot be read: ${file}`);
    return undefined;
  }
}

const databaseVariable = (name: ModuleName) =>
  `${name.toUpperCase()}_DATABASE_URL` as `${Uppercase<ModuleName>}_DATABASE_URL`;
const doorVariable = (name: ModuleName) => `${name.toUpperCase()}_URL` as `${Uppercase<ModuleName>}_URL`;

/** The variables of the modules that have a value. */
function given(
  values: Values,
  variable: (name: ModuleName) => ReturnType<typeof databaseVariable> | ReturnType<typeof doorVariable>,
): Partial<Record<ModuleName, string>> {
  const named = moduleNames.map((name) => [name, values[variable(name)]] as const);
  return Object.fromEntries(named.filter(([, url]) => url !== undefined));
}

/** Nothing given and everything run: the services are brought along. Otherwise all that is used must be named. */
function servicesOf(values: Values, modules: readonly ModuleName[], faults: string[]): Config['services'] {
  const urls = given(values, databaseVariable);
  const everything = modules.length === moduleNames.length;
  if (everything && Object.keys(urls).length === 0 && values.AMQP_URL === undefined) return null;
  const missing: string[] = modules.filter((name) => urls[name] === undefined).map(databaseVariable);
  if (values.AMQP_URL === undefined) missing.push('AMQP_URL');
  if (missing.length > 0)
    faults.push(
      everything
        ? `${missing.join(', ')} missing: name every service, or none of them to have them embedded`
        : `MODULE=${modules.join(',')} needs ${missing.join(', ')}: only MODULE=all can bring its own services`,
    );
  return { databaseUrls: urls, amqpUrl: values.AMQP_URL ?? '' };
}

function databasesOf(values: Values, modules: readonly ModuleName[], faults: string[]): Config['services'] {
  const urls = given(values, databaseVariable);
  const missing = modules.filter((name) => urls[name] === undefined).map(databaseVariable);
  if (missing.length > 0) faults.push(`${missing.join(', ')} missing: there is nothing to migrate without`);
  return { databaseUrls: urls, amqpUrl: '' };
}

/** Of every module its database, or else its door; nothing given: what was brought along is audited. Whatever `MODULE` says. */
function auditedOf(values: Values, _: readonly ModuleName[], faults: string[]): Config['services'] {
  const urls = given(values, databaseVariable);
  const known = { ...given(values, doorVariable), ...urls };
  if (Object.keys(known).length === 0) return null;
  const missing = moduleNames.filter((name) => known[name] === undefined);
  if (missing.length > 0)
    faults.push(
      `${missing.map((name) => `${databaseVariable(name)} or ${doorVariable(name)}`).join(', ')} missing: an audit compares all three`,
    );
  return { databaseUrls: urls, amqpUrl: '' };
}

/** How tokens are told from forgeries; undefined: nobody is authenticated. */
function tokensOf(values: Values, faults: string[]): TokenSettings | undefined {
  const {
    AUTH_SECRET: secret,
    AUTH_JWKS_URL: jwksUrl,
    AUTH_ISSUER: issuer,
    AUTH_AUDIENCE: audience,
  } = values;
  // Whoever gives a key means it to be used, whether he says so or not.
  if (values.AUTH === 'none' || (values.AUTH === undefined && secret === undefined && jwksUrl === undefined))
    return undefined;
  if (secret !== undefined && jwksUrl !== undefined)
    faults.push('AUTH_SECRET and AUTH_JWKS_URL are both set: keep one');
  else if (secret !== undefined) return { secret, issuer, audience };
  else if (jwksUrl === undefined) faults.push('AUTH=jwt needs AUTH_JWKS_URL or AUTH_SECRET');
  // An identity provider signs tokens for many: those for others are none for us.
  else if (issuer === undefined || audience === undefined)
    faults.push(
      'AUTH_JWKS_URL needs AUTH_ISSUER and AUTH_AUDIENCE: whose tokens, and that they are meant for here',
    );
  else return { jwksUrl, issuer, audience };
  return undefined;
}

function checkListening(
  { HOST: host, AUTH: auth }: Values,
  isAuthenticated: boolean,
  faults: string[],
): void {
  if (!isLoopback(host) && auth !== 'none' && !isAuthenticated)
    faults.push(
      `HOST=${host} would serve everyone who reaches it without authentication: AUTH=none says that this is meant`,
    );
}

function isSafeForKeys({ protocol, hostname, username }: URL): boolean {
  return username === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname)));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function checkGateway(values: Values, faults: string[]): void {
  if (values.PAYMENT_GATEWAY === 'http' && values.GATEWAY_URL === undefined)
    faults.push('PAYMENT_GATEWAY=http needs GATEWAY_URL: where the card processor is asked');
}

function checkMail(values: Values, faults: string[]): void {
  if (values.SMTP_URL !== undefined && values.MAIL_FROM === undefined)
    faults.push('SMTP_URL needs MAIL_FROM: from whom the mail to customers is');
}
