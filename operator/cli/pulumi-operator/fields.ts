/** Reads the fields of a manifest one by one and remembers which: what nobody asked for is told, never dropped. */

export type Json = Readonly<Record<string, unknown>>;

/** Something that is said otherwise here, or not at all. */
export interface Note {
  /** `spec.environment` */
  readonly field: string;
  readonly text: string;
}

export class Fields {
  readonly #value: Json;
  readonly #read = new Set<string>();
  readonly #inner = new Map<string, Fields>();
  readonly path: string;
  readonly notes: Note[];

  constructor(value: unknown, path: string, notes: Note[]) {
    this.#value = isMap(value) ? value : {};
    this.path = path;
    this.notes = notes;
    if (!isMap(value)) notes.push({ field: path, text: 'is no map, and was left out' });
  }

  has(name: string): boolean {
    return this.#value[name] !== undefined && this.#value[name] !== null;
  }

  get names(): string[] {
    return Object.keys(this.#value).sort();
  }

  raw(name: string): unknown {
    this.#read.add(name);
    return this.#value[name] ?? undefined;
  }

  text(name: string): string | undefined {
    return this.#of(name, 'text', (value) => typeof value === 'string');
  }

  boolean(name: string): boolean | undefined {
    return this.#of(name, 'true or false', (value) => typeof value === 'boolean');
  }

  number(name: string): number | undefined {
    return this.#of(name, 'number', (value) => typeof value === 'number');
  }

  texts(name: string): string[] | undefined {
    return this.#of(
      name,
      'list of texts',
      (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
    );
  }

  map(name: string): Fields | undefined {
    return this.has(name) ? this.#open(this.raw(name), `${this.path}.${name}`) : undefined;
  }

  items(name: string): Fields[] {
    const value = this.#of<unknown[]>(name, 'list', Array.isArray) ?? [];
    return value.map((item, index) => this.#open(item, `${this.path}.${name}[${index}]`));
  }

  note(name: string, text: string): void {
    this.notes.push({ field: name === '' ? this.path : `${this.path}.${name}`, text });
  }

  /** Says why the field has no counterpart, when it is there. */
  cannot(name: string, why: string): void {
    if (this.has(name)) this.note(name, why);
    this.#read.add(name);
  }

  /** After all reading: what is left is told. */
  done(): void {
    for (const name of this.names)
      if (!this.#read.has(name)) this.note(name, 'is no field that this translation knows');
    for (const inner of this.#inner.values()) inner.done();
  }

  #of<T>(name: string, what: string, is: (value: unknown) => boolean): T | undefined {
    const value = this.raw(name);
    if (value === undefined || is(value)) return value as T | undefined;
    this.note(name, `is no ${what}, and was left out`);
    return undefined;
  }

  /** The same reader for the same field, whoever asks. */
  #open(value: unknown, path: string): Fields {
    const inner = this.#inner.get(path) ?? new Fields(value, path, this.notes);
    this.#inner.set(path, inner);
    return inner;
  }
}

export const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
