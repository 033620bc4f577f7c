/** `Workspace` of auto.pulumi.com, by itself or as the template of a Stack. */
import { nameBackend, nameStack, type Draft } from './draft.ts';
import type { Fields } from './fields.ts';
import { noEsc, putLeaves, readContainerEnv, readContainerEnvFrom } from './references.ts';
import { readWorkspaceGit } from './source.ts';

const noPod = 'no pod is kept for a stack: the program runs in a process of the operator';

export function readWorkspaceTemplate(template: Fields | undefined, draft: Draft): void {
  template?.cannot('metadata', noPod);
  const spec = template?.map('spec');
  if (spec === undefined) return;
  readPod(spec, draft);
  const git = spec.map('git');
  if (git !== undefined) readWorkspaceGit(git, draft);
  readElsewhere(spec);
  for (const stack of spec.items('stacks')) readWorkspaceStack(stack, draft);
}

/** What all stacks of a workspace have in common. */
export function readWorkspace(spec: Fields, draft: Draft): void {
  const git = spec.map('git');
  if (git !== undefined) readWorkspaceGit(git, draft);
  readElsewhere(spec);
  readPod(spec, draft);
  nameBackend(draft, undefined, (text) => spec.note('', text));
}

export function readWorkspaceStack(stack: Fields, draft: Draft): void {
  const name = stack.text('name');
  if (name !== undefined) nameStack(draft, name, (text) => stack.note('name', text));
  draft.pulumi['secretsProvider'] = stack.text('secretsProvider') ?? draft.pulumi['secretsProvider'];
  if (stack.boolean('create') === false)
    stack.note(
      'create',
      'a stack that has no state yet is made; import its state first, or suspend the Stack until then',
    );
  stack.cannot('environment', noEsc);
  for (const item of stack.items('config')) readItem(item, draft);
}

function readItem(item: Fields, draft: Draft): void {
  const key = item.text('key') ?? '';
  const path = item.boolean('path') === true ? { path: true } : {};
  const secret = item.boolean('secret');
  const value = item.raw('value');
  const from = item.map('valueFrom');
  const common = { key, ...path, ...(secret === undefined ? {} : { secret }) };
  if (from !== undefined) {
    const env = from.text('env');
    from.cannot('path', 'a file of the workspace is not there; put its content into a Secret');
    if (from.boolean('json') === true)
      from.note(
        'json',
        'the value stays text: getObject and requireObject of the program read JSON from it, get does not',
      );
    if (env !== undefined) draft.configFrom.push({ ...common, env });
    return;
  }
  if (secret === true) {
    const name = `${draft.name}-config`;
    const entry = key.replaceAll(/[^A-Za-z0-9._-]/g, '.');
    draft.configFrom.push({ ...common, secretKeyRef: { name, key: entry } });
    return item.note(
      'value',
      `is a secret in the manifest and was not copied; put it into Secret ${name}, key ${entry}`,
    );
  }
  if (typeof value === 'object' && value !== null)
    return putLeaves(draft, key, value, (text) => item.note('value', text));
  if (item.boolean('path') === true) draft.configFrom.push({ ...common, value: String(value) });
  else draft.config[key] = String(value);
}

function readPod(spec: Fields, draft: Draft): void {
  readContainerEnv(spec, draft);
  readContainerEnvFrom(spec, draft);
  draft.spec['serviceAccountName'] = spec.text('serviceAccountName') ?? draft.spec['serviceAccountName'];
  const resources = spec.map('resources');
  const memory = resources?.map('limits')?.raw('memory');
  if (memory !== undefined) readMemory(memory, draft, (text) => resources?.note('limits.memory', text));
  resources?.map('limits')?.cannot('cpu', 'the processor is shared by all runs');
  resources?.cannot(
    'requests',
    'nothing is set aside for a stack: how many run at once is decided by the memory that is there',
  );
  resources?.cannot('claims', noPod);
  for (const field of [
    'image',
    'imagePullPolicy',
    'securityProfile',
    'podTemplate',
    'serviceTemplate',
    'pulumiLogLevel',
  ])
    spec.cannot(field, field === 'pulumiLogLevel' ? 'the log of each run is told by `plumbline logs`' : noPod);
}

const units: Readonly<Record<string, number>> = {
  Ki: 1 / 1024,
  Mi: 1,
  Gi: 1024,
  k: 1e3 / 2 ** 20,
  M: 1e6 / 2 ** 20,
  G: 1e9 / 2 ** 20,
  '': 2 ** -20,
};

function readMemory(memory: unknown, draft: Draft, note: (text: string) => void): void {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|k|M|G)?$/.exec(String(memory)) ?? [];
  const mebibytes = amount === undefined ? Number.NaN : Math.floor(Number(amount) * (units[unit] ?? Number.NaN));
  if (mebibytes >= 64) draft.pulumi['memoryMiB'] = mebibytes;
  else note(`${String(memory)} is no memory that a program could run in; pulumi.memoryMiB is 512 when absent`);
}

function readElsewhere(spec: Fields): void {
  spec.cannot('flux', 'an artifact of Flux is no source of this operator; name the Git repository in a GitSource');
  spec.cannot('local', 'a folder of the workspace is not there; put the program into a Git repository');
  spec.cannot('projectInfo', 'Pulumi.yaml of the repository says it');
}
