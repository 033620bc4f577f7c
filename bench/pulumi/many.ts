/** Many small Pulumi stacks of one commit: one folder, and what each is to call its ConfigMap. */
import type { Watched } from '../watched.ts';
import { isReady } from '../watched.ts';
import { api, type World } from '../world.ts';
import { withinMs } from './stack.ts';

export interface Many extends AsyncDisposable {
  /** Creates the stacks, and comes back when all are Ready. */
  run(): Promise<void>;
}

interface Shape {
  readonly count: number;
  /** False: Node strips the types, which takes a third of the time. */
  readonly typescript: boolean;
  readonly interval: string;
}

const program = `import * as pulumi from '@pulumi/pulumi';
import * as k8s from '@pulumi/kubernetes';

const config = new pulumi.Config();
const metadata = { name: config.require('name'), namespace: config.require('namespace') };
new k8s.core.v1.ConfigMap('map', { metadata, data: { one: 'value one' } });
`;

/** `name` is that of the namespace and the source. */
export async function manyPrograms(world: World, name: string, shape: Shape): Promise<Many> {
  const { count, typescript, interval } = shape;
  await world.namespace(name);
  const runtime = { name: 'nodejs', options: { typescript } };
  await world.source(name, name, {
    'app/Pulumi.yaml': JSON.stringify({ name: 'bench', runtime, main: 'index.ts' }),
    'app/index.ts': program,
  });
  const stacks: Watched = await world.watch(api, 'Stack', name);
  const names = [...Array(count).keys()].map((index) => `s${index}`);
  return {
    run: async () => {
      for (const stack of names) {
        const pulumi = { config: { name: stack, namespace: name } };
        const spec = { sourceRef: { name }, path: 'app', engine: 'pulumi', interval, timeout: '10m', pulumi };
        await world.stack(stack, name, spec);
      }
      const allReady = (): true | undefined =>
        names.every((stack) => isReady(stacks.get(`${name}/${stack}`))) ? true : undefined;
      await stacks.until('all stacks are Ready', allReady, 2 * withinMs);
    },
    [Symbol.asyncDispose]: () => stacks[Symbol.asyncDispose](),
  };
}
