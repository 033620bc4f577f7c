/** The line that the CLI shows beside a resource while it is worked on. */
import type { Engine } from './engine.ts';

export class Status {
  readonly #engine: Engine;
  readonly #urn: string;
  #text = '';

  constructor(engine: Engine, urn: string) {
    this.#engine = engine;
    this.#urn = urn;
  }

  /** Says only what is new. */
  async say(text: string): Promise<void> {
    if (text === this.#text) return;
    this.#text = text;
    await this.#engine.tell({ urn: this.#urn, severity: 'info', text, passing: true });
  }

  async clear(): Promise<void> {
    await this.say('');
  }
}
