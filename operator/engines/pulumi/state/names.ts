/** What the state of a stack is called in its namespace. */
import type { KubeObject, Resource } from '#kube';
import type { StackName } from '../values.ts';

/** On a Secret that holds state or passphrase: name of the stack. */
export const stateLabel = 'plumbline.dev/state-of';
export const manifestType = 'plumbline.dev/pulumi-state';
export const chunkType = 'plumbline.dev/pulumi-state-chunk';
export const passphraseType = 'plumbline.dev/pulumi-passphrase';

export const manifestName = ({ name }: StackName): string => `${name}-pulumi-state`;
export const leaseName = ({ name }: StackName): string => `${name}-pulumi-state`;
export const passphraseName = ({ name }: StackName): string => `${name}-pulumi`;
/** The content gives the name: a chunk is never changed, only made and removed. */
export const chunkName = (stack: StackName, digest: string): string => `${manifestName(stack)}-${digest.slice(0, 20)}`;

export const secrets: Resource = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  verbs: [],
  shortNames: [],
};

export type Secret = KubeObject & { readonly data?: Readonly<Record<string, string>>; readonly type?: string };

export const secretKey = (namespace: string, name: string): string => `Secret/${namespace}/${name}`;

export const idOf = ({ namespace, name }: StackName): string => `${namespace}/${name}`;
