/** What a repository of several stacks says, and random commits that change it. */
import type { SeededRandom } from './random.ts';

export interface ModelObject {
  readonly stack: string;
  readonly kind: 'ConfigMap' | 'Secret' | 'Widget' | 'ClusterRole' | 'Namespace' | 'CustomResourceDefinition';
  readonly name: string;
  /** Absent for objects of the whole cluster. */
  readonly namespace?: string;
  readonly value: string;
  readonly wave?: number;
}

/** Stacks by name, with those that they depend on. */
export const modelStacks: Readonly<Record<string, readonly string[]>> = {
  infra: [],
  apps: ['infra'],
  web: ['apps'],
  solo: [],
};

const movable = ['apps', 'web', 'solo'];
const fewest = 8;
const most = 60;

export class GitModel {
  readonly objects = new Map<string, ModelObject>();
  /** Keys of objects that left Git at some time; they may have come back as others. */
  readonly removed = new Set<string>();
  readonly #random: SeededRandom;
  readonly #namespace: string;
  #names = 0;
  #values = 0;

  constructor(random: SeededRandom, namespace: string) {
    this.#random = random;
    this.#namespace = namespace;
  }

  get group(): string {
    return `${this.#namespace}.example.com`;
  }

  get fleet(): string {
    return `${this.#namespace}-fleet`;
  }

  /** Files of the first commit: a namespace and a definition with what needs them, and some of everything else. */
  start(): Record<string, string> {
    const fixed: ModelObject[] = [
      { stack: 'infra', kind: 'Namespace', name: this.fleet, value: '' },
      { stack: 'infra', kind: 'CustomResourceDefinition', name: `widgets.${this.group}`, value: '' },
      { stack: 'infra', kind: 'ClusterRole', name: `${this.#namespace}-reader`, value: this.#value() },
    ];
    for (const object of fixed) this.#put(object);
    for (const stack of ['infra', 'web', 'solo'])
      for (let count = 0; count < 4; count += 1) this.#put(this.#newObject(stack));
    for (let count = 0; count < 8; count += 1) this.#put(this.#newObject('apps'));
    return Object.fromEntries([...this.objects.values()].map((object) => [fileOf(object), this.yaml(object)]));
  }

  /** Changes some objects; the files to commit, null for one that goes. */
  commit(): Record<string, string | null> {
    const files: Record<string, string | null> = {};
    const steps = this.#random.between(1, 6);
    for (let step = 0; step < steps; step += 1) this.#change(files);
    return files;
  }

  /** Objects that people may edit and delete by hand without taking others along. */
  ordinary(): ModelObject[] {
    return [...this.objects.values()].filter(({ kind }) => kind === 'ConfigMap' || kind === 'Widget');
  }

  #change(files: Record<string, string | null>): void {
    const plain = [...this.objects.values()].filter(({ kind }) => kind !== 'Namespace' && !kind.startsWith('Custom'));
    const object = this.#random.pick(plain);
    const mayMove = movable.includes(object.stack) && object.kind === 'ConfigMap';
    const dice = this.#random.next();
    if (this.objects.size < fewest || (dice < 0.25 && this.objects.size < most)) {
      const added = this.#newObject(this.#random.pick(Object.keys(modelStacks)));
      this.#put(added, files);
    } else if (dice < 0.45) this.#put({ ...object, value: this.#value() }, files);
    else if (dice < 0.6) this.#drop(object, files);
    else if (dice < 0.7) {
      this.#drop(object, files);
      this.#put({ ...object, name: this.#name() }, files);
    } else if (mayMove) {
      const { [fileOf(object)]: _file, ...others } = files;
      const stack = this.#random.pick(movable.filter((name) => name !== object.stack));
      Object.assign(files, others, { [fileOf(object)]: null });
      this.#put({ ...object, stack, ...(this.#random.chance(0.5) ? { value: this.#value() } : {}) }, files);
    } else this.#put({ ...object, value: this.#value() }, files);
  }

  #put(object: ModelObject, files: Record<string, string | null> = {}): void {
    this.objects.set(keyOfModel(object, this.group), object);
    files[fileOf(object)] = this.yaml(object);
  }

  #drop(object: ModelObject, files: Record<string, string | null>): void {
    this.objects.delete(keyOfModel(object, this.group));
    this.removed.add(keyOfModel(object, this.group));
    files[fileOf(object)] = null;
  }

  #newObject(stack: string): ModelObject {
    const kind = this.#random.pick(
      stack === 'apps' ? (['ConfigMap', 'Widget', 'Widget', 'Secret'] as const) : plainKinds,
    );
    const namespace =
      kind === 'Widget' || (stack === 'apps' && this.#random.chance(0.3)) ? this.fleet : this.#namespace;
    const wave = stack === 'infra' ? 0 : this.#random.between(0, 3);
    return { stack, kind, name: this.#name(), namespace, value: this.#value(), wave };
  }

  #name(): string {
    return `n${(this.#names += 1)}`;
  }

  #value(): string {
    return `v${(this.#values += 1)}`;
  }

  yaml({ kind, name, namespace, value, wave = 0 }: ModelObject): string {
    const annotations = wave === 0 ? {} : { annotations: { 'plumbline.dev/wave': String(wave) } };
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }), ...annotations };
    return JSON.stringify({ ...this.#body(kind, value), metadata }, undefined, 1);
  }

  #body(kind: ModelObject['kind'], value: string): Record<string, unknown> {
    switch (kind) {
      case 'ConfigMap':
        return { apiVersion: 'v1', kind, data: { value } };
      case 'Secret':
        return { apiVersion: 'v1', kind, data: { value: Buffer.from(value).toString('base64') } };
      case 'Widget':
        return { apiVersion: `${this.group}/v1`, kind, spec: { value } };
      case 'ClusterRole':
        return {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind,
          rules: [{ apiGroups: [''], resources: [value], verbs: ['get'] }],
        };
      case 'Namespace':
        return { apiVersion: 'v1', kind };
      case 'CustomResourceDefinition':
        return { apiVersion: 'apiextensions.k8s.io/v1', kind, spec: definition(this.group) };
    }
  }
}

const plainKinds = ['ConfigMap', 'ConfigMap', 'ConfigMap', 'Secret'] as const;

const fileOf = ({ stack, kind, name }: ModelObject): string => `${stack}/${kind.toLowerCase()}-${name}.yaml`;

const groups = (group: string): Partial<Record<ModelObject['kind'], string>> => ({
  Widget: group,
  ClusterRole: 'rbac.authorization.k8s.io',
  CustomResourceDefinition: 'apiextensions.k8s.io',
});

/** As the operator's inventory names it. */
export function keyOfModel({ kind, name, namespace }: ModelObject, group: string): string {
  const suffix = groups(group)[kind];
  return [suffix === undefined ? kind : `${kind}.${suffix}`, namespace, name].filter(Boolean).join('/');
}

const definition = (group: string): Record<string, unknown> => ({
  group,
  scope: 'Namespaced',
  names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
  versions: [
    {
      name: 'v1',
      served: true,
      storage: true,
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: { spec: { type: 'object', properties: { value: { type: 'string' } } } },
        },
      },
    },
  ],
});
