/** Reads the plan that a preview saved: what the update would be held to, resource by resource, as digests from which nothing can be read back. */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fullDigestOf } from '#kube';
import type { PlanFile, PlannedResource } from '../values.ts';
import { secretIn } from '../sealed.ts';
import type { Crypter } from './passphrase.ts';

/** As the engine writes it: sdk/go/common/apitype/plan.go. */
interface Written {
  readonly resourcePlans?: Readonly<Record<string, WrittenResource>>;
}

interface WrittenResource {
  readonly goal?: { readonly inputDiff?: Difference };
  readonly steps?: readonly string[];
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
  const resources = Object.entries(resourcePlans).map(([urn, written]) => {
    const { goal, steps: operations = [] } = written;
    const reader = new Reader(opening);
    const digest = reader.digestOf([reader.read(goal), operations]);
    const resource = { digest, sealed: reader.sealed, operations, properties: propertiesOf(written) };
    return [urn, resource] as const;
  });
  return new Map<string, PlannedResource>(resources);
}

function propertiesOf({ goal }: WrittenResource): string[] {
  const { adds = {}, updates = {}, deletes = [] } = goal?.inputDiff ?? {};
  return [...Object.keys(adds), ...Object.keys(updates), ...deletes].sort();
}

/** Sets that the engine writes in any order. */
const sets = new Set(['dependencies', 'deletes', 'additionalSecretOutputs', 'ignoreChanges', 'aliases']);

class Reader {
  /** A secret was found that cannot be opened. */
  sealed = false;
  readonly #opening: Opening;

  constructor(opening: Opening) {
    this.#opening = opening;
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
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const items = value.map((item) => this.read(item));
      return sets.has(key) ? items.sort(byText) : items;
    }
    const { ciphertext } = secretIn(value) ?? {};
    if (ciphertext !== undefined) return this.#secret(ciphertext);
    const isOfUrns = key === 'propertyDependencies';
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, this.read(inner, isOfUrns ? 'dependencies' : name)]),
    );
  }

  #secret(ciphertext: string): unknown {
    const plain = this.#opening.crypter?.decrypt(ciphertext);
    if (plain !== undefined) return { secret: plain };
    this.sealed = true;
    return { secret: '' };
  }
}

const byText = (a: unknown, b: unknown): number => JSON.stringify(a).localeCompare(JSON.stringify(b));
