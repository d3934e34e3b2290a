/** Telling, wired: what customers and their programs learn of outcomes, and how. */
import type { Hono } from 'hono';
import { createLoop, type Loop } from '../../../outbox/index.ts';
import type { ModuleContext } from '../../module.ts';
import { createAddresses } from './addresses.ts';
import { createDeliveries } from './deliveries.ts';
import { createNoticeRoutes } from './http.ts';
import { createMailer, type MailSettings } from './mail.ts';
import { createNotices } from './notices.ts';
import { createPost } from './post.ts';
import { createRetention } from './retention.ts';
import { createWebhook } from './webhook.ts';

export interface TellingSettings {
  /** Networks that webhooks may reach besides the public internet, in CIDR notation. */
  readonly webhookNetworks?: readonly string[] | undefined;
  /** Where mail is handed in, and from whom it is; undefined: no mail is sent. */
  readonly mail?: MailSettings | undefined;
}

export interface Telling {
  readonly routes: Hono;
  readonly clocks: readonly Loop[];
  close(): Promise<void>;
}

/** Opens all of it over Order's database. */
export function createTelling(settings: TellingSettings, context: ModuleContext): Telling {
  const { database, unit, log, observer, budgetMs } = context;
  const addresses = createAddresses(settings.webhookNetworks ?? []);
  const mailer = settings.mail && createMailer(settings.mail);
  const mails = mailer !== undefined;
  const wake = () => deliveryLoop.wake();
  const deliveries = createDeliveries({
    database,
    webhook: createWebhook(createPost(addresses)),
    email: mailer?.send,
    wake,
    onAttempt: (attempt) => observer.attempted?.(attempt),
    onEvent: log,
  });
  const deliveryLoop = createLoop(deliveries, observer);
  const notices = createNotices({
    database,
    mails,
    onHandedOn({ orderId, status, seconds, deliveries: count }) {
      log('customer told', { orderId, status, deliveries: count });
      observer.ended?.({ status, seconds });
      if (count > 0) wake();
    },
  });
  return {
    routes: createNoticeRoutes({ database, unit, addresses, mails, wake, onAction: log, budgetMs }),
    clocks: [
      deliveryLoop,
      ...[notices, createRetention(database)].map((clock) => createLoop(clock, observer)),
    ],
    async close() {
      await deliveries.close();
      mailer?.close();
    },
  };
}
