/** The port to a card processor. */

/** The same key gets the same answer and moves money once: it is made of the operation and the order, and survives a restored database. */
export interface Call {
  readonly key: string;
  readonly orderId: string;
  /** In minor units. */
  readonly amount: number;
  readonly currency: string;
}

export interface AuthorizeCall extends Call {
  readonly paymentToken: string;
}

/** A definite answer to an authorization. */
export type Authorization =
  | { readonly approved: true }
  | { readonly approved: false; readonly declineCode: string };

/**
 * Whatever is thrown is an *unknown outcome*: the money may or may not have moved, and the same is asked again with the same
 * key. `signal` ends a call that takes too long. What is thrown is shown to operators: never a payment token in it.
 */
export interface Gateway {
  authorize(call: AuthorizeCall, signal: AbortSignal): Promise<Authorization>;
  capture(call: Call, signal: AbortSignal): Promise<void>;
  void(call: Call, signal: AbortSignal): Promise<void>;
}
