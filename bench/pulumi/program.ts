/** The program of the Pulumi scenarios: so many ConfigMaps, as somebody would write it. */

export interface Shape {
  readonly namespace: string;
  readonly count: number;
  /** In a label of the first one, which an update changes in place. */
  readonly mark?: string;
  /** False: the language host strips the types instead of compiling them. */
  readonly typescript?: boolean;
}

/** Files of the folder `app` of a repository. */
export const programFiles = ({
  namespace,
  count,
  mark = 'first',
  typescript = true,
}: Shape): Record<string, string> => ({
  'Pulumi.yaml': JSON.stringify({
    name: 'bench',
    runtime: { name: 'nodejs', options: { typescript } },
    main: 'index.ts',
  }),
  'index.ts': `import * as k8s from '@pulumi/kubernetes';

for (let index = 0; index < ${count}; index += 1) {
  const name = \`c\${index}\`;
  const labels = { app: 'bench', mark: index === 0 ? '${mark}' : 'other' };
  const metadata = { name, namespace: '${namespace}', labels };
  new k8s.core.v1.ConfigMap(name, { metadata, data: { one: 'value one', two: 'value two' } });
}
`,
});
