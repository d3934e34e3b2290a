/** The report, for people: what is wrong, with what each module says of it, and what to do. */
import type { Finding, Report } from './audit.ts';

const speakers = ['order', 'stock', 'payment', 'gateway'] as const;

export function toText(report: Report): string {
  const { clean, orders, graceSeconds, tookSeconds, findings, messaging } = report;
  const total = findings.reduce((sum, { count }) => sum + count, 0);
  const verdict = clean ? 'clean: nothing is wrong' : `${total} findings`;
  const lines = [
    `${orders.toLocaleString('en')} orders audited in ${tookSeconds.toFixed(1)} s, ${graceSeconds} s of grace: ${verdict}`,
    '',
    ...findings.flatMap(tellFinding),
    'module   waiting to be sent   tried again   dead',
    ...Object.entries(messaging).map(([module, { outboxMessages, parked, dead }]) =>
      [module.padEnd(8), String(outboxMessages).padEnd(20), String(parked).padEnd(13), dead].join(' '),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function tellFinding({ invariant, title, whatToDo, count, suspected, examples }: Finding): string[] {
  const all = suspected > count ? ` (${suspected} at the first look)` : '';
  const hidden = count - examples.length;
  return [
    `${count} ${title} [${invariant}]${all}`,
    ...examples.flatMap(({ subject, says }) => [
      `  ${subject}`,
      ...speakers.flatMap((name) =>
        says[name] === undefined ? [] : [`    ${name.padEnd(8)} ${says[name] ?? 'nothing'}`],
      ),
    ]),
    ...(hidden > 0 ? [`  and ${hidden} more: --json tells up to 100 of each`] : []),
    `  ${whatToDo}`,
    '',
  ];
}
