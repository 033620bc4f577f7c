/** What a repository says of Pulumi programs beside manifests that depend on each other, and random commits that change it. */
import { program } from './pulumi-platform.ts';
import type { SeededRandom } from './random.ts';

export interface MixedObject {
  readonly stack: MixedStack;
  /** What it is called in the program, or its file. */
  readonly id: string;
  /** Undefined: Pulumi chooses one. */
  readonly name: string | undefined;
  /** Changing it makes another object, as Pulumi has it. */
  readonly value: string;
  /** A label, changed in place. */
  readonly generation: string;
}

/** Stacks by name: `base` gives `app` its output, and stacks of one engine wait for those of the other. */
export const mixedStacks = {
  infra: { engine: 'manifests', after: [] },
  base: { engine: 'pulumi', after: [] },
  app: { engine: 'pulumi', after: ['infra'] },
  web: { engine: 'manifests', after: ['app'] },
} as const satisfies Record<string, { readonly engine: 'manifests' | 'pulumi'; readonly after: readonly string[] }>;

export type MixedStack = keyof typeof mixedStacks;
export const mixedNames = Object.keys(mixedStacks) as MixedStack[];

/** What one commit says. */
interface Said {
  readonly objects: ReadonlyMap<string, MixedObject>;
  /** The output of `base`. */
  readonly size: string;
  /** A stack whose folder nobody can read. */
  readonly broken: MixedStack | undefined;
}

const fewest = 2;
const most = 5;

export class MixedModel {
  readonly #random: SeededRandom;
  readonly #past: Said[] = [];
  #said: Said = { objects: new Map(), size: 's0', broken: undefined };
  #count = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Files of the first commit. */
  start(): Record<string, string | null> {
    return this.#commit(() => {
      for (const stack of mixedNames)
        for (let count = 0; count <= fewest; count += 1) this.#put(this.#newObject(stack));
    });
  }

  /** Changes some objects; the files to commit, null for one that goes. */
  commit(): Record<string, string | null> {
    return this.#commit(() => {
      this.#said = { ...this.#said, broken: undefined };
      for (let step = this.#random.between(1, 5); step > 0; step -= 1) this.#change(this.#random.pick(mixedNames));
    });
  }

  /** As {@link commit}, and one stack cannot be read, or its program fails. */
  breaks(): Record<string, string | null> {
    return this.#commit(() => {
      this.#change(this.#random.pick(mixedNames));
      this.#said = { ...this.#said, broken: this.#random.pick(mixedNames) };
    });
  }

  /** The last commit is taken back. */
  revert(): void {
    const before = this.#past.at(-1);
    if (before === undefined) throw new RangeError('nothing to take back');
    this.#past.push(this.#said);
    this.#said = before;
  }

  get isBroken(): boolean {
    return this.#said.broken !== undefined;
  }

  objectsOf(stack: MixedStack): MixedObject[] {
    return [...this.#said.objects.values()].filter((object) => object.stack === stack);
  }

  dataOf({ stack, value }: MixedObject): Readonly<Record<string, string>> {
    return stack === 'app' ? { value, size: this.#said.size } : { value };
  }

  #commit(change: () => void): Record<string, string | null> {
    const before = this.#files();
    this.#past.push(this.#said);
    change();
    const after = this.#files();
    const gone = Object.keys(before).filter((file) => after[file] === undefined);
    return { ...after, ...Object.fromEntries(gone.map((file) => [file, null])) };
  }

  #change(stack: MixedStack): void {
    const own = this.objectsOf(stack);
    const object = this.#random.pick(own);
    const dice = this.#random.next();
    if (own.length <= fewest || (dice < 0.3 && own.length < most)) this.#put(this.#newObject(stack));
    else if (dice < 0.5) this.#put({ ...object, generation: this.#next('g') });
    else if (dice < 0.65) this.#put({ ...object, value: this.#next('v') });
    else if (dice < 0.75) this.#drop(object);
    else if (dice < 0.9 && object.name !== undefined) this.#put({ ...object, name: `${stack}-${this.#next('m')}` });
    else this.#said = { ...this.#said, size: this.#next('s') };
  }

  #put(object: MixedObject): void {
    const objects = new Map(this.#said.objects).set(`${object.stack}/${object.id}`, object);
    this.#said = { ...this.#said, objects };
  }

  #drop({ stack, id }: MixedObject): void {
    const objects = new Map(this.#said.objects);
    objects.delete(`${stack}/${id}`);
    this.#said = { ...this.#said, objects };
  }

  #newObject(stack: MixedStack): MixedObject {
    const id = this.#next('n');
    const isNamed = mixedStacks[stack].engine === 'manifests' || this.#random.chance(0.6);
    const name = isNamed ? `${stack}-${id}` : undefined;
    return { stack, id, name, value: this.#next('v'), generation: this.#next('g') };
  }

  #next(prefix: string): string {
    return `${prefix}${(this.#count += 1)}`;
  }

  #files(): Record<string, string> {
    const filesOf = (stack: MixedStack): Record<string, string> =>
      mixedStacks[stack].engine === 'pulumi' ? program(stack, this.#program(stack)) : this.#manifests(stack);
    return Object.fromEntries(mixedNames.flatMap((stack) => Object.entries(filesOf(stack))));
  }

  #program(stack: MixedStack): string {
    const size = stack === 'app' ? `, size: config.require('size')` : '';
    const lines = this.objectsOf(stack).map(({ id, name, value, generation }) => {
      const named = name === undefined ? '' : `name: '${name}', `;
      const metadata = `{ namespace, ${named}labels: { generation: '${generation}' } }`;
      return `new ConfigMap('${id}', { metadata: ${metadata}, data: { value: '${value}'${size} } });`;
    });
    const broken = this.#said.broken === stack ? `throw new Error('not today');` : '';
    return [...lines, `exports.size = '${this.#said.size}';`, broken].join('\n');
  }

  #manifests(stack: MixedStack): Record<string, string> {
    const files = this.objectsOf(stack).map((object) => {
      const { id, name, generation } = object;
      const metadata = { name, labels: { generation } };
      return [
        `${stack}/${id}.yaml`,
        JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: this.dataOf(object) }),
      ];
    });
    const broken = this.#said.broken === stack ? { [`${stack}/broken.yaml`]: 'kind: [' } : {};
    return { ...(Object.fromEntries(files) as Record<string, string>), ...broken };
  }
}
