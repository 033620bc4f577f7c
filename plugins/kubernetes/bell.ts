/** Rung by watches, timers and the end of a run; heard by the one loop that waits for any of them. */

export type Alarm = 'change' | 'patience' | 'over' | 'stopped';

export class Bell {
  readonly #rung = new Set<Alarm>();
  #next = Promise.withResolvers<void>();

  ring(alarm: Alarm): void {
    this.#rung.add(alarm);
    this.#next.resolve();
  }

  /** Whether it was ever rung for this. */
  has(alarm: Alarm): boolean {
    return this.#rung.has(alarm);
  }

  /** Resolves at the next ring. Ask before looking at the world, so that no ring in between is missed. */
  listen(): Promise<void> {
    this.#next = Promise.withResolvers<void>();
    return this.#next.promise;
  }
}

/** Rings `stopped`; the returned function ends the listening. */
export function ringAtAbort(signal: AbortSignal, bell: Bell): () => void {
  const ring = (): void => bell.ring('stopped');
  if (signal.aborted) ring();
  signal.addEventListener('abort', ring);
  return () => signal.removeEventListener('abort', ring);
}
