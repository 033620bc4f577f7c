/** Reads the plan that a preview saved: what the update would be held to, resource by resource, as digests from which nothing can be read back. */
import { createHash, createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fullDigestOf } from '#kube';
import type { PlanFile, PlannedResource } from '../values.ts';
import type { Crypter } from './passphrase.ts';

/** As the engine writes it: sdk/go/common/apitype/plan.go. */
interface Written {
  readonly resourcePlans?: Readonly<Record<string, WrittenResource>>;
}

interface WrittenResource {
  readonly goal?: { readonly name: string; readonly inputDiff?: Difference };
  readonly steps?: readonly string[];
  /** base64 */
  readonly seed?: string;
}

interface Difference {
  readonly adds?: Readonly<Record<string, unknown>>;
  readonly updates?: Readonly<Record<string, unknown>>;
  readonly deletes?: readonly string[];
}

/** What opens the secrets of the file. */
export interface Opening {
  readonly crypter: Crypter | undefined;
  readonly passphrase: string | undefined;
}

export async function readPlanFile(file: string, opening: Opening): Promise<PlanFile> {
  return planIn(JSON.parse(await readFile(file, 'utf8')) as Written, opening);
}

/** Two previews of the same content come to the same digests, whatever the nonces, seeds and orders of the file are. */
export function planIn({ resourcePlans = {} }: Written, opening: Opening): PlanFile {
  const drawn = drawnNames(Object.values(resourcePlans));
  const resources = Object.entries(resourcePlans).map(([urn, written]) => {
    const { goal, steps: operations = [] } = written;
    const reader = new Reader(opening, drawn);
    const digest = reader.digestOf([reader.read(goal), operations]);
    const resource = { digest, sealed: reader.sealed, operations, properties: propertiesOf(written) };
    return [urn, resource] as const;
  });
  return { resources: new Map<string, PlannedResource>(resources), drawn };
}

function propertiesOf({ goal }: WrittenResource): string[] {
  const { adds = {}, updates = {}, deletes = [] } = goal?.inputDiff ?? {};
  return [...Object.keys(adds), ...Object.keys(updates), ...deletes].sort();
}

/** As many characters as the Kubernetes provider draws. */
const drawnLength = 8;

/** Names that follow from a seed of this very file, and so from nothing that anybody chose. */
function drawnNames(resources: readonly WrittenResource[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { goal, seed } of resources) {
    if (goal === undefined || seed === undefined) continue;
    const suffix = createHash('sha256').update(Buffer.from(seed, 'base64')).digest('hex').slice(0, drawnLength);
    names.set(`${goal.name}-${suffix}`, `${goal.name}-<random>`);
  }
  return names;
}

const mayHoldDrawn = /-[0-9a-f]{8}/;

/** The text with names that were drawn by lot as they are shown. */
export function withoutDrawn(text: string, drawn: PlanFile['drawn']): string {
  if (!mayHoldDrawn.test(text)) return text;
  let left = text;
  for (const [name, shown] of drawn) if (left.includes(name)) left = left.replaceAll(name, () => shown);
  return left;
}

/** Marks of special values in what the engine writes: sdk/go/common/resource/sig.go. */
const mark = '4dabf18193072939515e22adb298388d';
const secretMark = '1b47061264138c4ac30d75fd1eb44270';

/** Sets that the engine writes in any order. */
const sets = new Set(['dependencies', 'deletes', 'additionalSecretOutputs', 'ignoreChanges', 'aliases']);

class Reader {
  /** A secret was found that cannot be opened. */
  sealed = false;
  readonly #opening: Opening;
  readonly #drawn: PlanFile['drawn'];

  constructor(opening: Opening, drawn: PlanFile['drawn']) {
    this.#opening = opening;
    this.#drawn = drawn;
  }

  /**
   * Where there is a passphrase, the digest is made with it: a short secret, in a Secret of a program that does not
   * mark it as one, could be guessed from a plain digest.
   */
  digestOf(value: unknown): string {
    const { passphrase } = this.#opening;
    const digest = fullDigestOf(value);
    if (passphrase === undefined) return digest;
    return createHmac('sha256', `plan ${passphrase}`).update(digest).digest('base64url');
  }

  /** The value without what differs from one preview to the next. */
  read(value: unknown, key = ''): unknown {
    if (typeof value === 'string') return withoutDrawn(value, this.#drawn);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const items = value.map((item) => this.read(item));
      return sets.has(key) ? items.sort(byText) : items;
    }
    const map = value as Readonly<Record<string, unknown>>;
    if (map[mark] === secretMark && typeof map['ciphertext'] === 'string') return this.#secret(map['ciphertext']);
    const isOfUrns = key === 'propertyDependencies';
    return Object.fromEntries(
      Object.entries(map).map(([name, inner]) => [name, this.read(inner, isOfUrns ? 'dependencies' : name)]),
    );
  }

  #secret(ciphertext: string): unknown {
    const plain = this.#opening.crypter?.decrypt(ciphertext);
    if (plain !== undefined) return { secret: withoutDrawn(plain, this.#drawn) };
    this.sealed = true;
    return { secret: '' };
  }
}

const byText = (a: unknown, b: unknown): number => JSON.stringify(a).localeCompare(JSON.stringify(b));
