/** What the library tells the program that hosts it. It imports no logger and no metrics: it calls back. */

export interface Observer {
  /** The broker has confirmed these messages. */
  sent?(event: { readonly type: string; readonly messages: number }): void;
  /** These messages have had their effect, committed; `duplicates` more had had it before. */
  handled?(event: { readonly types: readonly string[]; readonly duplicates: number }): void;
  /** Something failed that is tried again by itself. */
  failed?(event: {
    readonly what: string;
    readonly error: unknown;
    readonly retryInMs: number;
    /** Whom it is about, how often it was tried, and since when: of work that is one among many. */
    readonly subject?: string;
    readonly attempts?: number;
    readonly since?: Date;
  }): void;
  /** A message could not be handled and was put aside: tried again later, or dead and waiting for a person. Never its content. */
  parked?(event: {
    readonly id: string;
    readonly type: string | null;
    readonly subject: string | null;
    readonly error: string;
    readonly attempts: number;
    readonly dead: boolean;
  }): void;
  /** The broker answered no to these messages; they stay in the outbox and are offered again. */
  refused?(event: { readonly type: string; readonly messages: number; readonly error: string }): void;
}
