/** What is said of an outcome, to programs and to people. Pure, and of what never changes once it is told: every attempt says the same. */
import type { Reason, ReasonCode } from '../../../contracts/values.ts';
import type { PricedLine } from '../order.ts';

/** An outcome, as it was decided. */
export interface Told {
  readonly orderId: string;
  readonly customerId: string;
  readonly status: 'confirmed' | 'rejected' | 'cancelled';
  readonly reason: Reason | null;
  readonly lines: readonly PricedLine[];
  readonly total: number;
  readonly currency: string;
  readonly placedAt: Date;
  readonly decidedAt: Date;
}

/** What a webhook says. Where a mail would go is not in it. */
export function payloadOf(told: Told) {
  const { orderId, customerId, status, reason, lines, total, currency, placedAt, decidedAt } = told;
  return {
    type: `order.${status}`,
    timestamp: decidedAt.toISOString(),
    data: {
      id: orderId,
      customerId,
      status,
      reason,
      lines,
      total,
      currency,
      createdAt: placedAt.toISOString(),
    },
  };
}

export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const whys: Readonly<Record<ReasonCode, string>> = {
  out_of_stock: 'Something in it is out of stock.',
  unknown_product: 'Something in it is not sold any more.',
  payment_declined: 'The payment was declined.',
  cancelled_by_customer: 'You cancelled it.',
  timed_out: 'It could not be completed in time.',
};

/** What a mail says. */
export function mailOf(told: Told): Mail {
  const { orderId, status, reason, lines, total, currency } = told;
  const money = moneyIn(currency);
  const title = `Your order is ${status}`;
  const why =
    status === 'confirmed'
      ? 'Thank you for your order.'
      : `${reason ? `${whys[reason.code]} ` : ''}You are not charged for it.`;
  const items = lines.map(({ quantity, name, unitPrice }) => ({
    what: `${quantity} × ${name}`,
    price: money(quantity * unitPrice),
  }));
  return {
    subject: `${title} (${orderId})`,
    text: [
      title,
      why,
      items.map(({ what, price }) => `${what}: ${price}`).join('\n'),
      `Total: ${money(total)}`,
      `Order ${orderId}`,
    ].join('\n\n'),
    html: `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped(title)}</title></head>
<body>
<h1>${escaped(title)}</h1>
<p>${escaped(why)}</p>
<table>
${items.map(({ what, price }) => `<tr><td>${escaped(what)}</td><td align="right">${escaped(price)}</td></tr>`).join('\n')}
<tr><th align="left">Total</th><th align="right">${escaped(money(total))}</th></tr>
</table>
<p>Order ${escaped(orderId)}</p>
</body>
</html>
`,
  };
}

/** Amounts are in minor units, of which currencies have two, none or three digits. */
function moneyIn(currency: string): (amount: number) => string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  // A no-break space would be lost in a plain text.
  return (amount) => format.format(amount / 10 ** digits).replaceAll('\u00a0', ' ');
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (sign) => escapes[sign] ?? sign);

/** An address that its owner recognizes and nobody else can use. */
export function masked(address: string): string {
  const [local = ''] = address.split('@');
  return `${local.length > 1 ? local[0] : ''}***@***${/\.[^.]+$/.exec(address)?.[0] ?? ''}`;
}
