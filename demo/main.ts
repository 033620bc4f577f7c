/** `npm run demo`: a real cluster follows a real repository, step by step; every step is verified against the API server. */
import { parseArgs } from 'node:util';
import { chapter, say, until } from './narrator.ts';
import { condition, Look } from './look.ts';
import { World } from './world.ts';

const { values: options } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });

const logTail = 4000;
/** In the order in which they come: the Pulumi programs, the tenants' ground, the applications, and what brings them all. */
const layers = ['infra', 'addons', 'common', 'backend', 'frontend', 'platform'];
/** A Pulumi program gets its packages and is run: some ten seconds each on a quiet machine. */
const runWithinMs = 240_000;
const deployment = '/apis/apps/v1/namespaces/backend/deployments/backend';

async function threeReady(look: Look): Promise<{ wanted: number } | undefined> {
  const found = await look.replicas('backend', 'backend');
  return found?.wanted === 3 && found.ready === 3 ? found : undefined;
}

async function follow(world: World, look: Look): Promise<void> {
  chapter('A platform, written as TypeScript, is committed');
  await world.writePlatform();
  await world.plumbline('synth', world.repository.folder);
  const first = await world.repository.commit({}, 'Start the platform');
  say(`commit ${first.slice(0, 8)}: charts/*.ts and the YAML that plumbline synth made of them`);

  chapter('The operator is installed and pointed at the repository');
  await world.install();
  await world.startOperator();
  say('it runs as ServiceAccount plumbline-system/plumbline, with the rights that `plumbline install` ships');
  say(
    'infra and addons are Pulumi programs, common, backend and frontend are cdk8s charts; each waits for the one before',
  );
  for (const name of layers)
    await until(`stack ${name} is Ready at ${first.slice(0, 8)}`, () => look.ready(name, first), runWithinMs);
  const outputs = Object.entries((await look.stack('infra'))?.status?.outputs ?? {});
  say(`outputs of infra: ${outputs.map(([name, value]) => `${name}=${value}`).join(', ')}`);
}

async function change(world: World, look: Look): Promise<void> {
  chapter('A commit changes the replicas of the back end');
  const scaled = await world.change(
    'charts/backend.ts',
    (text) => text.replace('replicas: 2', 'replicas: 3'),
    'Scale the back end to three',
  );
  await until('the Deployment has three ready replicas', () => threeReady(look));
  await until(`stack backend is Ready at ${scaled.slice(0, 8)}`, () => look.ready('backend', scaled));
  const record = await until('its Change is recorded', async () =>
    (await look.changes()).find(({ spec }) => spec.stack === 'backend' && spec.commit.sha === scaled),
  );
  say(
    `Change: ${record.spec.commit.author}, "${record.spec.commit.subject}": ${record.spec.objects.map(({ object, fields }) => `${object} ${fields?.join(', ')}`).join('; ')}`,
  );
}

/** Whoever looks sees what would be done; alice agrees; the Change says that she did. */
async function agree(world: World, look: Look, { name, commit }: { name: string; commit: string }): Promise<void> {
  const stack = `plumbline-system/${name}`;
  const asking = await until(
    `stack ${name} waits for an approval`,
    async () => {
      const found = await look.stack(name);
      return condition(found, 'AwaitingApproval')?.status === 'True' ? found : undefined;
    },
    runWithinMs,
  );
  say(condition(asking, 'AwaitingApproval')?.message ?? '');
  const alice = await world.approver('alice');
  const shown = await world.plumbline('plan', 'show', stack, '--kubeconfig', alice);
  for (const line of shown.trimEnd().split('\n')) say(`| ${line}`);
  const { status } = (await look.stack(name)) ?? {};
  say(`nothing of it is applied: the stack is at ${status?.applied?.commit.slice(0, 8)}`);
  say(`alice: ${(await world.plumbline('approve', stack, '-m', 'seen', '--kubeconfig', alice)).trimEnd()}`);
  await until(`stack ${name} is Ready at ${commit.slice(0, 8)}`, () => look.ready(name, commit), runWithinMs);
  const { plan } = (
    await until('its Change is recorded', async () =>
      (await look.changes()).find(({ spec }) => spec.stack === name && spec.commit.sha === commit),
    )
  ).spec;
  for (const { user, by, time } of plan?.approvals ?? []) say(`Change: plan ${plan?.name}, ${by} of ${user}, ${time}`);
}

async function approval(world: World, look: Look): Promise<void> {
  chapter('A commit would delete something: it waits until somebody agrees');
  const risky = await world.change(
    'charts/backend.ts',
    (text) => text.replace('replicas: 3', 'replicas: 1'),
    'Scale the back end to one',
  );
  say(`commit ${risky.slice(0, 8)}: with one replica the chart makes no PodDisruptionBudget any more`);
  await agree(world, look, { name: 'backend', commit: risky });
  await world.repository.revert();
  await until('git revert deletes nothing, so that nobody is asked', () => threeReady(look));
}

async function replacement(world: World, look: Look): Promise<void> {
  chapter('A commit would replace infrastructure: it is previewed, and waits until somebody agrees');
  const before = (await look.stack('infra'))?.status?.outputs?.['storageClassName'];
  const risky = await world.change(
    'charts/stacks.ts',
    (text) => text.replace("region: 'local'", "region: 'local', reclaimPolicy: 'Retain'"),
    'Keep volumes whose claims are gone',
  );
  say(`commit ${risky.slice(0, 8)}: what a StorageClass is made of cannot be changed, so Pulumi makes another one`);
  await agree(world, look, { name: 'infra', commit: risky });
  const after = (await look.stack('infra'))?.status?.outputs?.['storageClassName'];
  say(`storageClassName: ${before} -> ${after}`);
}

async function drift(look: Look): Promise<void> {
  chapter('Somebody edits the Deployment by hand');
  await look.edit(deployment, { spec: { replicas: 7 } }, 'kubectl-edit');
  await until('the Deployment is back at three replicas', async () => {
    const found = await look.replicas('backend', 'backend');
    return found?.wanted === 3 ? found : undefined;
  });
  const told = await until('the stack tells what happened', async () =>
    (await look.stack('backend'))?.status?.drift?.find(({ field }) => field === 'spec.replicas'),
  );
  say(`drift: ${told.object} ${told.field}: ${told.from} was changed to ${told.to} by ${told.manager}`);
}

async function mistake(world: World, look: Look): Promise<void> {
  chapter('A bad commit, and git revert');
  const broken = await world.repository.commit(
    { 'charts/dist/backend/extra.yaml': 'kind: ConfigMap\n  apiVersion: v1\n' },
    'Break something',
  );
  const stalled = await until('the stack names the file and the line', async () => {
    const stack = await look.stack('backend');
    return condition(stack, 'Stalled')?.status === 'True' ? stack : undefined;
  });
  say(`${broken.slice(0, 8)}: ${condition(stalled, 'Ready')?.message ?? ''}`);
  const kept = await look.replicas('backend', 'backend');
  say(`the cluster stays on the last good revision: ${kept?.ready} of ${kept?.wanted} replicas are ready`);
  await world.repository.revert();
  await until('after git revert the stack is Ready again', () => look.ready('backend'));
}

async function removal(world: World, look: Look): Promise<void> {
  chapter('Two stacks are removed from Git');
  const gone = await world.repository.commit(
    { 'charts/dist/stacks/backend.yaml': null, 'charts/dist/stacks/frontend.yaml': null },
    'Remove back end and front end',
  );
  say(`commit ${gone.slice(0, 8)}`);
  const order: string[] = [];
  await until('both stacks are gone, and their objects with them', async () => {
    for (const name of ['frontend', 'backend'])
      if (!order.includes(name) && (await look.stack(name)) === undefined) order.push(name);
    const left =
      (await look.get('/apis/apps/v1/namespaces/frontend/deployments/frontend')) ?? (await look.get(deployment));
    return order.length === 2 && left === undefined ? order : undefined;
  });
  say(`in this order: ${order.join(', ')} (frontend depends on backend)`);
  await world.repository.revert();
  for (const name of ['backend', 'frontend']) await until(`git revert brings ${name} back`, () => look.ready(name));
}

async function loss(world: World, look: Look): Promise<void> {
  chapter('The cluster is lost: etcd and everything in it is gone');
  await world.stopOperator();
  await world.cluster.replace();
  await until('a fresh, empty cluster answers', async () =>
    (await look.get('/api/v1/namespaces/backend')) === undefined ? true : undefined,
  );
  await world.install();
  await world.startOperator();
  for (const name of layers) await until(`stack ${name} is Ready`, () => look.ready(name), runWithinMs);
  await until('the back end runs with three replicas, as Git says', () => threeReady(look));
}

async function tell(world: World, look: Look): Promise<void> {
  await follow(world, look);
  await change(world, look);
  await approval(world, look);
  await replacement(world, look);
  await drift(look);
  await mistake(world, look);
  await removal(world, look);
  await loss(world, look);
}

async function main(): Promise<void> {
  process.stdout.write('Plumbline demo: starting a control plane on loopback\n');
  await using world = await World.create();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void world[Symbol.asyncDispose]().finally(() => process.exit(130)));
  }
  const look = new Look(world.transport);
  try {
    await tell(world, look);
  } catch (error) {
    process.stderr.write(
      `\nThe demo failed. How things stand:\n${await look.summary()}\n\nThe end of the operator's log:\n${(await world.operatorLog()).slice(-logTail)}\n`,
    );
    throw error;
  }
  process.stdout.write('\nThe cluster hangs true to Git.\n');
  if (!options.keep) return;
  process.stdout.write(
    `\nexport KUBECONFIG=${world.cluster.kubeconfig}\nrepository: ${world.repository.folder}\nlog: ${world.folder}/operator.log\nCtrl-C ends it.\n`,
  );
  await new Promise(() => setInterval(() => undefined, 60_000));
}

await main();
