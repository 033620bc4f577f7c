/** What a reconcile comes to. A wait names what ends it, so that "look again in 30 s" cannot be written. */

/** What can end a wait: an object, a source's next revision, an object's health, a kind's arrival, or the clock. */
export type Wake =
  | { readonly on: 'object'; readonly kind: string; readonly key: string }
  | { readonly on: 'health' }
  | { readonly on: 'kind'; readonly kind: string }
  | { readonly on: 'clock' };

export type Outcome =
  | { readonly kind: 'settled'; readonly reason: string; readonly message: string }
  | Waiting
  | { readonly kind: 'moving'; readonly reason: string; readonly message: string; readonly untilMs?: number };

export interface Waiting {
  readonly kind: 'waiting';
  readonly reason: string;
  readonly message: string;
  readonly wakes: readonly Wake[];
  /** Epoch milliseconds of the safety net: looked at again then, whatever happened. */
  readonly untilMs?: number;
}

export const settled = (reason: string, message: string): Outcome => ({ kind: 'settled', reason, message });

export const waiting = (reason: string, message: string, wakes: readonly Wake[], untilMs?: number): Waiting => ({
  kind: 'waiting',
  reason,
  message,
  wakes,
  ...(untilMs === undefined ? {} : { untilMs }),
});

export const moving = (reason: string, message: string, untilMs?: number): Outcome => ({
  kind: 'moving',
  reason,
  message,
  ...(untilMs === undefined ? {} : { untilMs }),
});
