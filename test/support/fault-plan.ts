/** Which fault comes next: a fixed number of each kind, in an order that the seed decides. */
import type { Fault } from './fault-proxy.ts';
import type { SeededRandom } from './random.ts';

/** Faults of one request, and how many of each a run has. */
export const requestFaults = {
  drop: 36,
  swallow: 36,
  tooMany: 20,
  internal: 24,
  unavailable: 20,
  conflict: 24,
  slow: 14,
};
/** Faults of whole processes and streams. */
export const worldFaults = { cleanEnd: 5, midEvent: 5, gone: 5, kill: 7, wipe: 2, apiServer: 2 };

export type RequestFault = keyof typeof requestFaults;
export type WorldFault = keyof typeof worldFaults;

const refusal = (code: number, reason: string, headers: Record<string, string> = {}): Fault => ({
  refuse: {
    status: code,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: 'injected' }),
  },
});

export class FaultPlan {
  /** Asked as often as there are requests, which no two runs have in common. */
  readonly #ofRequests: SeededRandom;
  readonly #ofWorld: SeededRandom;
  readonly #requests = new Map(Object.entries(requestFaults) as [RequestFault, number][]);
  readonly #world = new Map(Object.entries(worldFaults) as [WorldFault, number][]);
  /** Share of requests that fail while there are faults left. */
  share = 0;
  readonly injected: Record<string, number> = {};

  constructor(random: SeededRandom) {
    this.#ofRequests = random.fork();
    this.#ofWorld = random.fork();
  }

  get requestsLeft(): number {
    return sum(this.#requests);
  }

  get worldLeft(): number {
    return sum(this.#world);
  }

  /** The fault of a request, if it has one. Watches have faults of their own. */
  forRequest(url: string): Fault | undefined {
    if (url.includes('watch=true') || this.#requests.size === 0 || !this.#ofRequests.chance(this.share))
      return undefined;
    return this.#faultOf(this.#draw(this.#requests, this.#ofRequests));
  }

  nextInWorld(): WorldFault | undefined {
    return this.#world.size === 0 ? undefined : this.#draw(this.#world, this.#ofWorld);
  }

  #faultOf(kind: RequestFault): Fault {
    switch (kind) {
      case 'drop':
        return { drop: true };
      case 'swallow':
        return { swallow: true };
      case 'tooMany':
        return refusal(429, 'TooManyRequests', { 'retry-after': '1' });
      case 'internal':
        return refusal(500, 'InternalError');
      case 'unavailable':
        return refusal(503, 'ServiceUnavailable');
      case 'conflict':
        return refusal(409, 'Conflict');
      case 'slow':
        return { delayMs: this.#ofRequests.between(100, 1500) };
    }
  }

  /** Takes one of the faults that are left, each as likely as the next. */
  #draw<T extends string>(left: Map<T, number>, random: SeededRandom): T {
    const kind = random.pick([...left].flatMap(([name, count]) => Array<T>(count).fill(name)));
    const count = (left.get(kind) ?? 0) - 1;
    if (count === 0) left.delete(kind);
    else left.set(kind, count);
    this.injected[kind] = (this.injected[kind] ?? 0) + 1;
    return kind;
  }
}

const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
