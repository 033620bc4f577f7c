/** The same ConfigMaps as each engine wants them written, so that one suite can hold all engines to the same. */
import { dump } from 'js-yaml';

export interface WrittenMap {
  readonly name: string;
  readonly value: string;
  /** A label of the object; one of another form the API server refuses. */
  readonly size?: string;
}

export interface EngineAdapter {
  readonly engine: string;
  /** Flow YAML for the spec of a stack. */
  readonly spec: string;
  /** Files of a folder. */
  files(folder: string, namespace: string, maps: readonly WrittenMap[]): Record<string, string>;
  /** In the status of the stack; undefined where an engine has none. */
  outputs(maps: readonly WrittenMap[]): Readonly<Record<string, string>> | undefined;
}

const objectOf = ({ name, value, size = 'small' }: WrittenMap, namespace: string): object => ({
  metadata: { name, namespace, labels: { size } },
  data: { value },
});

const manifests: EngineAdapter = {
  engine: 'manifests',
  spec: 'engine: manifests',
  outputs: () => undefined,
  files: (folder, namespace, maps) => ({
    [`${folder}/maps.yaml`]: maps
      .map((map) => dump({ apiVersion: 'v1', kind: 'ConfigMap', ...objectOf(map, namespace) }))
      .join('---\n'),
  }),
};

/** Plain JavaScript, so that no run waits for a compiler. */
const pulumi: EngineAdapter = {
  engine: 'pulumi',
  // As manifests do, an update goes on with the others when one object is refused.
  spec: 'engine: pulumi, pulumi: {stack: dev, continueOnError: true}',
  outputs: (maps) => ({ count: String(maps.length) }),
  files: (folder, namespace, maps) => ({
    [`${folder}/Pulumi.yaml`]: 'name: maps\nruntime: {name: nodejs, options: {typescript: false}}\n',
    [`${folder}/index.js`]: [
      `const { core } = require('@pulumi/kubernetes');`,
      ...maps.map((map) => `new core.v1.ConfigMap('${map.name}', ${JSON.stringify(objectOf(map, namespace))});`),
      `exports.count = '${maps.length}';\n`,
    ].join('\n'),
  }),
};

export const engineAdapters: readonly EngineAdapter[] = [manifests, pulumi];
