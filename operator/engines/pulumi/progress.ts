/** How far a run has come, in one line: `12 of 30 resources, creating Deployment web`. */
import { urnParts } from './urn.ts';
import type { RunEvent, Step, StepOperation } from './values.ts';

const verbs: Readonly<Record<StepOperation, string>> = {
  same: 'looking at',
  create: 'creating',
  update: 'updating',
  delete: 'deleting',
  forget: 'letting go of',
  replace: 'replacing',
  'create-replacement': 'creating anew',
  'delete-replaced': 'deleting the old',
  read: 'reading',
  refresh: 'refreshing',
  import: 'importing',
};

export class Progress {
  readonly #begun = new Map<string, Step>();
  #done = 0;
  /** Number of resources that the state held before. */
  readonly #known: number;

  constructor(known: number) {
    this.#known = known;
  }

  add(event: RunEvent): void {
    if (event.kind !== 'step') return;
    const id = `${event.step.operation} ${event.step.urn}`;
    if (event.at === 'begun') this.#begun.set(id, event.step);
    else if (this.#begun.delete(id) || event.step.operation === 'same') this.#done += 1;
  }

  /** The oldest of the steps in hand is what the others wait for. */
  line(): string {
    const [step] = this.#begun.values();
    const total = Math.max(this.#known, this.#done + this.#begun.size);
    const count = total === 0 ? 'starting' : `${this.#done} of ${total} resources`;
    return step === undefined ? count : `${count}, ${wordsOf(step)}`;
  }
}

/** `creating Deployment web` */
export const wordsOf = ({ operation, type, urn }: Step): string =>
  `${verbs[operation]} ${type.slice(type.lastIndexOf(':') + 1)} ${urnParts(urn).name}`;
