/** A line that changes often, let out at most once in a while; what was said last always comes out. */
import type { Clock } from '#runtime';

export interface PacedLineOptions {
  readonly clock: Clock;
  /** Milliseconds between two lines. */
  readonly everyMs: number;
  readonly onChange: () => void;
}

export class PacedLine implements Disposable {
  readonly #options: PacedLineOptions;
  #shown: string;
  #shownMs: number;
  #next: string | undefined;
  #cancel: (() => void) | undefined;

  constructor(first: string, options: PacedLineOptions) {
    this.#options = options;
    this.#shown = first;
    this.#shownMs = options.clock.now();
  }

  /** What has been let out. */
  get shown(): string {
    return this.#shown;
  }

  say(line: string): void {
    const { clock, everyMs } = this.#options;
    this.#next = line;
    if (this.#cancel !== undefined) return;
    const waitMs = this.#shownMs + everyMs - clock.now();
    if (waitMs <= 0) this.#show();
    else this.#cancel = clock.after(waitMs, () => this.#show());
  }

  #show(): void {
    const { clock, onChange } = this.#options;
    this.#cancel = undefined;
    const line = this.#next ?? this.#shown;
    if (line === this.#shown) return;
    this.#shown = line;
    this.#shownMs = clock.now();
    onChange();
  }

  /** Nothing more comes out. */
  [Symbol.dispose](): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#next = undefined;
  }
}
