// Who may import whom, and why. `test/boundaries.test.ts` plants a violation of every rule and sees it caught.

/** Programs and libraries, not their tests. */
const production = { path: '^src/', pathNot: '\\.test\\.ts$' };
const hearts = '^src/modules/(order/(saga|order)|stock/reservation|payment/payment)\\.ts$';
const packages = (...names) => `(^|/)node_modules/(${names.join('|')})/`;

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    rule(
      'no-circles',
      'What needs each other cannot be understood, tested or taken out alone. Types may: they are gone when it runs.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule('no-tests-in-production', 'What is shipped must not need what is not.', production, {
      path: '^(test|bench)/|\\.test\\.ts$',
    }),
    rule(
      'no-undeclared-packages',
      'A package that package.json does not name as a dependency is not there in production.',
      production,
      {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        pathNot: '^node:|\\.sql$',
      },
    ),
    rule(
      'contracts-stand-alone',
      'Contracts are the ground between the modules: whatever they imported, every module would.',
      { path: '^src/contracts/', pathNot: '\\.test\\.ts$' },
      { pathNot: ['^src/contracts/', packages('valibot')] },
    ),
    rule(
      'outbox-knows-nobody',
      'The outbox library could be published: it knows nothing of orders.',
      { path: '^src/outbox/', pathNot: '\\.test\\.ts$' },
      { path: '^src/', pathNot: '^src/outbox/' },
    ),
    rule(
      'outbox-by-its-front-door',
      'The inside of the library may change; its index is what it promises.',
      { ...production, pathNot: ['\\.test\\.ts$', '^src/outbox/'] },
      { path: '^src/outbox/', pathNot: '^src/outbox/index\\.ts$' },
    ),
    rule(
      'modules-are-isolated',
      'Order, Stock and Payment speak by messages only; a shared line of code would be a shared deployment.',
      { path: '^src/modules/([^/]+)/' },
      { path: '^src/modules/[^/]+/', pathNot: '^src/modules/$1/' },
    ),
    rule(
      'modules-by-their-index',
      'Who composes the program plugs modules in; their drawers are their own.',
      { ...production, pathNot: ['\\.test\\.ts$', '^src/modules/'] },
      { path: '^src/modules/[^/]+/', pathNot: '/index\\.ts$' },
    ),
    rule(
      'modules-stay-inside',
      'A module stands on the contracts, the library, the socket and the HTTP kit, and on nothing else of the program.',
      { path: '^src/modules/', pathNot: '\\.test\\.ts$' },
      { path: '^src/', pathNot: ['^src/(modules|contracts|http)/', '^src/outbox/index\\.ts$'] },
    ),
    rule(
      'hearts-are-pure',
      'A heart decides by its arguments: no database, no server, no clock, no chance.',
      { path: hearts },
      { pathNot: ['^src/contracts/', '^src/outbox/index\\.ts$', hearts] },
    ),
    rule(
      'hearts-take-types-only',
      'A heart may name what the library calls things; it must not call the library.',
      { path: hearts },
      { path: '^src/outbox/', dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'stores-know-no-http',
      "A store speaks SQL; status codes are the doors' affair.",
      { path: '/store\\.ts$' },
      { path: ['^src/http/', packages('hono')] },
    ),
    rule(
      'rascal-behind-the-port',
      'One file knows RabbitMQ: another broker is another file.',
      { ...production, pathNot: ['\\.test\\.ts$', '^src/outbox/rabbit'] },
      { path: packages('rascal', 'amqplib') },
    ),
    rule(
      'memory-broker-behind-the-port',
      "smqp is the embedded broker's own business.",
      { ...production, pathNot: ['\\.test\\.ts$', '^src/embedded/'] },
      { path: packages('smqp') },
    ),
    rule(
      'driver-behind-the-connection',
      'The driver is safe only as connection.ts uses it (docs/decisions/001-single-connections.md).',
      { ...production, pathNot: ['\\.test\\.ts$', '^src/outbox/connection\\.ts$', '^src/embedded/'] },
      { path: packages('postgres') },
    ),
    rule(
      'hono-at-the-doors',
      'HTTP lives in the kit and in the doors; the rest would work behind any other.',
      {
        ...production,
        pathNot: [
          '\\.test\\.ts$',
          '^src/http/',
          '^src/modules/([^/]+/(http|index)|order/(notices/(http|index)|live/http|owner)|payment/gateway/simulator|module)\\.ts$',
          '^src/service\\.ts$',
        ],
      },
      { path: packages('hono', '@hono', 'hono-openapi') },
    ),
    rule(
      'kits-know-no-module',
      'What all modules share must not know any of them.',
      { path: '^src/(http|embedded|telemetry)/', pathNot: '\\.test\\.ts$' },
      { path: '^src/', pathNot: ['^src/(contracts)/', '^src/outbox/index\\.ts$', '^src/$1/'] },
    ),
    rule(
      'audit-judges-purely',
      'What the modules must agree on is decided by facts alone: where they came from, a database or a door, is not asked.',
      { path: '^src/audit/(invariants|join)\\.ts$' },
      { pathNot: ['^src/contracts/', '^src/modules/facts\\.ts$', '^src/audit/(invariants|join)\\.ts$'] },
    ),
    rule(
      'embedded-when-needed',
      'A program with services of its own must not pay for those that come along: they are imported on demand.',
      { ...production, pathNot: ['\\.test\\.ts$', '^src/embedded/'] },
      { path: '^src/embedded/', dependencyTypesNot: ['dynamic-import'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
