/** Objects that a rule of ours refuses, a row a rule: the offline validator and the API server are held to the same table. */

export interface WrongObject {
  readonly name: string;
  readonly kind: 'GitSource' | 'Stack';
  readonly objectName?: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** Field that is named, and what is said about it. */
  readonly path: string;
  readonly message: string;
}

const url = 'https://git.example/platform.git';
const sourceRef = { name: 'platform' };
const badUrl = 'url must begin with https://, http://, ssh:// or file://, or have the form git@host:path';
const badPath = 'path must stay inside the repository, without a leading slash and without ".."';
const oneRef = 'ref takes at most one of branch, tag, semver, commit and name';
const noTime = 'must be longer than 0s';
const source = { kind: 'GitSource' } as const;
const stack = { kind: 'Stack' } as const;

export const wrongObjects: readonly WrongObject[] = [
  { name: 'an unknown scheme', ...source, spec: { url: 'ftp://git.example/a' }, path: 'spec.url', message: badUrl },
  { name: 'a blank in the url', ...source, spec: { url: 'https://a b' }, path: 'spec.url', message: badUrl },
  { name: 'an option as host', ...source, spec: { url: 'git@-oProxy:a' }, path: 'spec.url', message: badUrl },
  { name: 'two refs', ...source, spec: { url, ref: { branch: 'main', tag: 'v1' } }, path: 'spec.ref', message: oneRef },
  { name: 'an interval of 0s', ...source, spec: { url, interval: '0s' }, path: 'spec.interval', message: noTime },
  { name: 'a timeout of 0m0s', ...source, spec: { url, timeout: '0m0s' }, path: 'spec.timeout', message: noTime },
  {
    name: 'a name of 64 characters',
    ...stack,
    objectName: 's'.repeat(64),
    spec: { sourceRef },
    path: 'metadata.name',
    message: 'the name of a stack must not be longer than 63 characters: it becomes a label',
  },
  { name: 'a path upwards', ...stack, spec: { sourceRef, path: 'a/../../b' }, path: 'spec.path', message: badPath },
  { name: 'an absolute path', ...stack, spec: { sourceRef, path: '/etc' }, path: 'spec.path', message: badPath },
  { name: 'no interval at all', ...stack, spec: { sourceRef, interval: '0s' }, path: 'spec.interval', message: noTime },
  {
    name: 'a retry without a pause',
    ...stack,
    spec: { sourceRef, retryInterval: '0ms' },
    path: 'spec.retryInterval',
    message: noTime,
  },
  {
    name: 'a pointer without a slash',
    ...stack,
    spec: { sourceRef, drift: { ignore: [{ pointers: ['spec/replicas'] }] } },
    path: 'spec.drift.ignore[0].pointers[0]',
    message: 'a JSON pointer must begin with /',
  },
  {
    name: 'fields of Pulumi for manifests',
    ...stack,
    spec: { sourceRef, pulumi: {} },
    path: 'spec',
    message: 'spec.pulumi goes with engine: pulumi',
  },
  {
    name: 'a namespace forced on a program',
    ...stack,
    spec: { sourceRef, engine: 'pulumi', targetNamespace: 'shop' },
    path: 'spec',
    message: 'targetNamespace is of engine: manifests; give the provider of the program a namespace instead',
  },
  {
    name: 'recreate for a program',
    ...stack,
    spec: { sourceRef, engine: 'pulumi', recreate: true },
    path: 'spec',
    message: 'recreate is of engine: manifests; Pulumi itself decides what has to be replaced',
  },
  {
    name: 'a config value from two places',
    ...stack,
    spec: {
      sourceRef,
      engine: 'pulumi',
      pulumi: { configFrom: [{ key: 'size', value: '1', env: 'SIZE' }] },
    },
    path: 'spec.pulumi.configFrom[0]',
    message: 'configFrom takes exactly one of value, secretKeyRef, configMapKeyRef, env, stackOutput',
  },
  {
    name: 'a name for all keys of a Secret',
    ...stack,
    spec: { sourceRef, engine: 'pulumi', pulumi: { envFrom: [{ name: 'A', secretRef: { name: 'all' } }] } },
    path: 'spec.pulumi.envFrom[0]',
    message: 'envFrom.name goes with secretKeyRef or configMapKeyRef: all keys of a Secret keep their names',
  },
  {
    name: 'a path that the program reads elsewhere',
    ...stack,
    spec: { sourceRef, engine: 'pulumi', pulumi: { reads: ['../dist'] } },
    path: 'spec.pulumi.reads[0]',
    message: badPath,
  },
];
