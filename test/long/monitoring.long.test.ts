/** Alerts, dashboard, and the profile `monitoring` of the stack: that they ask for what is there, and that every alert can fire. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { findCompose } from '../support/compose.ts';
import {
  hasPromtool,
  isMatched,
  type Matcher,
  promtool,
  readExpression,
  readMetrics,
} from '../support/prometheus.ts';
import { cart, openShop } from '../support/shop.ts';
import { until } from '../support/until.ts';

interface Rule {
  readonly alert: string;
  expr: string;
  for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const folder = 'deploy/monitoring';
const readRules = (): { groups: { rules: Rule[] }[] } => parse(readFileSync(`${folder}/alerts.yml`, 'utf8'));
const alerts = readRules().groups.flatMap(({ rules }) => rules);
const dashboard: { panels: readonly Panel[] } = JSON.parse(
  readFileSync(`${folder}/grafana/dashboards/order-saga.json`, 'utf8'),
);
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({
    title,
    legendFormat,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  })),
);
/** What Prometheus itself makes of every target, and the labels that it gives. */
const madeByPrometheus = { metrics: ['up', 'ALERTS'], labels: ['job', 'instance', 'service'] };

describe('what is asked for is served', () => {
  let served: ReturnType<typeof readMetrics>;

  beforeAll(async () => {
    const shop = await openShop('embedded', '', { GATEWAY_TIMEOUT_SECONDS: '0.3' });
    await shop.opened();
    // Of everything a little: the good end, the bad one, a call without an answer, a fault of the customer, a dead message.
    for (const token of ['tok_visa', 'tok_declined', 'tok_timeout'])
      await shop.ended((await shop.place(cart('MUG-01', 1, token))).id);
    await shop.ask('order', '/orders', {});
    await shop.ask('order', '/readyz');
    await shop.say('stock.reserved', uuidv7());
    const read = async () => readMetrics(await (await shop.ask('order', '/metrics')).text());
    await until(
      'it is dead',
      async () => (await read()).get('order_saga_messages_parked_total')?.length === 1,
    );
    served = await read();
    await shop.stop();
  });

  /** What an expression asks for in vain. */
  function missing(expr: string): readonly string[] {
    const { metrics, groupedBy } = readExpression(expr);
    const asked = metrics.filter(({ name }) => !madeByPrometheus.metrics.includes(name));
    const unknown = asked.filter(({ name }) => !served.has(name)).map(({ name }) => name);
    const known = asked.filter(({ name }) => served.has(name));
    const labels = new Set([
      ...madeByPrometheus.labels,
      ...known.flatMap(({ name }) => served.get(name)?.flatMap((sample) => Object.keys(sample)) ?? []),
    ]);
    const used = [...groupedBy, ...known.flatMap(({ matchers }) => matchers.map(({ label }) => label))];
    // A shop that is well answers neither 500 nor 503, and what must not be cannot be looked for.
    const sought = ({ label, operator, value }: Matcher) =>
      !madeByPrometheus.labels.includes(label) && !operator.startsWith('!') && !/^50[03]$/.test(value);
    const inVain = known.filter(({ name, matchers }) => {
      const samples = served.get(name) ?? [];
      const wanted = matchers.filter(sought);
      return (
        samples.length > 0 && !samples.some((sample) => wanted.every((matcher) => isMatched(matcher, sample)))
      );
    });
    return [
      ...unknown,
      // A metric without a sample shows no labels.
      ...(known.every(({ name }) => served.get(name)?.length)
        ? used.filter((label) => !labels.has(label))
        : []),
      ...inVain.map(({ name, matchers }) => `${name}${JSON.stringify(matchers)}`),
    ];
  }

  test('by every alert', () => {
    expect(alerts.length).toBeGreaterThan(15);
    for (const { alert, expr } of alerts) {
      expect(readExpression(expr).metrics, alert).not.toEqual([]);
      expect(missing(expr), alert).toEqual([]);
    }
  });

  test('by every graph, whose legends name labels that are left', () => {
    expect(queries.length).toBeGreaterThan(25);
    for (const { title, expr, legendFormat } of queries) {
      expect(missing(expr), title).toEqual([]);
      const { groupedBy } = readExpression(expr);
      const left = groupedBy.length > 0 ? groupedBy : madeByPrometheus.labels;
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        expect(left, title).toContain(label);
    }
  });

  test('a name that is not served is noticed, as is a label, and a value', () => {
    expect(missing('max by (module) (order_saga_outbox_messages)')).toEqual([]);
    expect(missing('sum(rate(order_saga_outbox_message[5m])) > 0')).toEqual(['order_saga_outbox_message']);
    expect(missing('max by (modul) (order_saga_outbox_messages)')).toEqual(['modul']);
    expect(missing('order_saga_failures{state="died"}')).toHaveLength(1);
  });
});

describe('alerts', () => {
  test('say how urgent they are, what is wrong, and where it stands what to do', () => {
    for (const { alert, labels, annotations } of alerts) {
      expect(['critical', 'warning'], alert).toContain(labels['severity']);
      expect(annotations, alert).toEqual({
        summary: expect.stringMatching(/\.$/),
        description: expect.stringMatching(/\.$/),
        runbook: `docs/operations.md#${alert.toLowerCase()}`,
      });
    }
    // Each once, in the order of the runbook.
    const runbook = readFileSync('docs/operations.md', 'utf8');
    const sections = [...runbook.matchAll(/^### (OrderSaga\w+)$/gm)].map(([, name]) => name);
    expect(sections).toEqual(alerts.map(({ alert }) => alert));
  });

  test('are the same in Kubernetes: `npm run alerts` has been run', () => {
    const rule = parse(readFileSync('deploy/kubernetes/components/monitoring/prometheus-rule.yaml', 'utf8'));
    expect(rule.spec).toEqual(readRules());
  });
});

const hasTool = await hasPromtool();

describe.skipIf(!hasTool)('promtool', () => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'order-saga-alerts-'));
    await cp(`${folder}/alerts.test.yml`, join(scratch, 'alerts.test.yml'));
  });
  afterAll(() => rm(scratch, { recursive: true }));

  test('takes the alerts, the configuration, and every graph', async () => {
    const records = queries.map(({ expr }, i) => ({ record: `graph:${i}`, expr }));
    const graphs = join(scratch, 'graphs.yml');
    await writeFile(graphs, stringify({ groups: [{ name: 'graphs', rules: records }] }));
    for (const args of [
      ['check', 'rules', `${folder}/alerts.yml`],
      ['check', 'config', `${folder}/prometheus.yml`],
      ['check', 'rules', graphs],
    ])
      expect(await promtool(...args)).toMatchObject({ ok: true });
  });

  test('sees every case of every alert come true', async () =>
    expect(await promtool('test', 'rules', `${folder}/alerts.test.yml`)).toMatchObject({ ok: true }));

  /** Of which alerts a case fails, with rules that were changed, because it `got` nothing, or because it expected nothing. */
  async function failing(side: 'exp' | 'got', change: (rule: Rule) => void): Promise<readonly string[]> {
    const rules = readRules();
    for (const rule of rules.groups.flatMap((group) => group.rules)) change(rule);
    await writeFile(join(scratch, 'alerts.yml'), stringify(rules));
    const { ok, output } = await promtool('test', 'rules', join(scratch, 'alerts.test.yml'));
    expect(ok).toBe(false);
    const failures = output.split(/^\s*expr: /m).filter((text) => text.includes(`${side}: nil`));
    const named = failures.map((text) => /alertname=\\?"(\w+)/.exec(text)?.[1] ?? 'all');
    return [...new Set(named)].filter((name) => name !== 'all').toSorted();
  }
  const all = alerts.map(({ alert }) => alert).toSorted();

  test('sees each of them fail where an alert never fires', async () =>
    expect(await failing('got', (rule) => Object.assign(rule, { expr: 'vector(1) < 0' }))).toEqual(all));

  test('sees each of them fail where an alert always fires', async () =>
    expect(
      await failing('exp', (rule) => {
        rule.expr = 'vector(1)';
        delete rule.for;
      }),
    ).toEqual(all));
});

const compose = await findCompose();

test.skipIf(!compose)(
  'the profile `monitoring` is one that compose takes, closed to everybody else',
  async () => {
    const [program = '', ...prefix] = compose ?? [];
    const args = [...prefix, '--profile', 'monitoring', 'config'];
    const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 16 * 1_024 * 1_024 });
    const { services } = parse(stdout);
    for (const name of ['prometheus', 'grafana']) {
      const { image, read_only, cap_drop, ports, volumes, profiles } = services[name];
      expect({ read_only, cap_drop, profiles }).toEqual({
        read_only: true,
        cap_drop: ['ALL'],
        profiles: ['monitoring'],
      });
      expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
      // Version 1 writes a port as text, version 2 as an object.
      for (const port of ports) expect(port.host_ip ?? port).toMatch(/^127\.0\.0\.1/);
      for (const volume of volumes) {
        const source: string = volume.source ?? volume.split(':')[0];
        if (source.startsWith('/')) expect(existsSync(source), source).toBe(true);
      }
    }
    const { scrape_configs } = parse(readFileSync(`${folder}/prometheus.yml`, 'utf8'));
    expect(scrape_configs[0].job_name).toBe('order-saga');
    for (const target of scrape_configs[0].dns_sd_configs[0].names)
      expect(Object.keys(services[target].networks)).toContain('messages');
    expect(Object.keys(services.prometheus.networks)).toContain('messages');
  },
);
