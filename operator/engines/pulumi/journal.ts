/** What a run tells the log and the metrics: each step, and what the engine and the program say, within bounds. */
import type { Log, Metrics } from '#runtime';
import { wordsOf } from './progress.ts';
import type { Diagnostic, RunEvent, Step, StepOperation } from './values.ts';

export interface JournalOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  /** A preview only says what would be done. */
  readonly isPreview: boolean;
}

/** Lines of one run; errors come on top. */
const mostLines = 2000;

/** They change nothing: of interest only to who looks for the cause of something. */
const quiet: readonly StepOperation[] = ['same', 'read', 'refresh'];

const levels = { info: 'info', warning: 'warn', error: 'error' } as const;

export class Journal {
  readonly #options: JournalOptions;
  #lines = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** What it hands on has been masked where the event was made. */
  add(event: RunEvent): void {
    if (event.kind === 'step') this.#step(event.step, event.at);
    else if (event.kind === 'diagnostic') this.#diagnostic(event.diagnostic);
    else this.#write('info', 'the program says', { text: event.line });
  }

  #step(step: Step, at: 'begun' | 'done' | 'failed'): void {
    const { metrics, isPreview } = this.#options;
    const { urn, operation, id, fields } = step;
    if (at !== 'begun' && !isPreview) metrics.runResources.inc({ operation, result: at });
    const what = { operation, urn, ...(id === undefined ? {} : { object: id }) };
    const words = wordsOf(step);
    // Which fields, never what they hold.
    const paths = fields.length === 0 ? {} : { fields: fields.map(({ path }) => path).slice(0, mostFields) };
    if (at === 'failed') this.#write('warn', `failed: ${words}`, what);
    else if (at === 'begun' || quiet.includes(operation)) this.#write('debug', `${at}: ${words}`, what);
    else this.#write('info', `${isPreview ? 'planned' : 'done'}: ${words}`, { ...what, ...paths });
  }

  #diagnostic({ severity, urn, message }: Diagnostic): void {
    this.#write(levels[severity], 'the engine says', { text: message, ...(urn === '' ? {} : { urn }) });
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>): void {
    const { log } = this.#options;
    if (level === 'error' || level === 'debug') return log[level](message, fields);
    this.#lines += 1;
    if (this.#lines <= mostLines) log[level](message, fields);
    else if (this.#lines === mostLines + 1)
      log.warn(`the run tells more than ${mostLines} lines; the rest is not written, errors apart`);
  }
}

const mostFields = 20;
