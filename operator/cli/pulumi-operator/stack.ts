/** `Stack` of pulumi.com, field by field. */
import { filled, nameBackend, nameStack, type Draft } from './draft.ts';
import type { Fields } from './fields.ts';
import { noEsc, readConfig, readConfigRefs, readEnvRefs, readSecretRefs, readSecrets } from './references.ts';
import { readGit } from './source.ts';
import { readUpdateTemplate } from './update.ts';
import { readWorkspaceTemplate } from './workspace.ts';

const noPod = 'no pod is kept for a stack: there is nothing to reclaim';

export function readStack(spec: Fields, draft: Draft): void {
  nameStack(draft, spec.text('stack') ?? draft.name, (text) => spec.note('stack', text));
  nameBackend(draft, spec.text('backend'), (text) => spec.note('backend', text));
  readSource(spec, draft);
  readEnvironment(spec, draft);
  readConfig(spec, draft);
  readSecrets(spec, draft);
  readConfigRefs(spec, draft);
  readSecretRefs(spec, draft);
  draft.pulumi['secretsProvider'] = spec.text('secretsProvider');
  draft.pulumi['targets'] = spec.texts('targets');
  draft.pulumi['targetDependents'] = spec.boolean('targetDependents');
  draft.pulumi['retryOnConflict'] = spec.boolean('retryOnUpdateConflict');
  draft.pulumi['expectNoRefreshChanges'] = spec.boolean('expectNoRefreshChanges');
  draft.spec['serviceAccountName'] = spec.text('serviceAccountName');
  readLifecycle(spec, draft);
  readPrerequisites(spec, draft);
  readUpdateTemplate(spec.map('updateTemplate'), draft);
  readWorkspaceTemplate(spec.map('workspaceTemplate'), draft);
  spec.cannot('workspaceReclaimPolicy', noPod);
  spec.cannot('environment', noEsc);
  spec.cannot('runProgram', 'refresh and destroy work from the state; the program is not run for them');
  spec.cannot(
    'useLocalStackOnly',
    'a stack that has no state yet is made; import its state first, or suspend the Stack until then',
  );
  spec.cannot(
    'retryMaxBackoffDurationSeconds',
    'a failure is tried again after 1 s, doubling up to 5 minutes; retryInterval sets a fixed wait',
  );
}

function readSource(spec: Fields, draft: Draft): void {
  const seconds = spec.number('resyncFrequencySeconds');
  readGit(spec, draft, seconds);
  const flux = spec.map('fluxSource');
  if (flux !== undefined) {
    const ref = flux.map('sourceRef');
    ref?.raw('apiVersion');
    draft.spec['path'] = flux.text('dir')?.replace(/^(\.?\/)+/, '') || undefined;
    const kind = ref?.text('kind') ?? '';
    if (kind === 'GitRepository') draft.sourceName = ref?.text('name');
    else
      flux.note(
        'sourceRef',
        `a ${kind || 'source of Flux'} is no source of this operator; name the Git repository in a GitSource`,
      );
  }
  spec.cannot(
    'programRef',
    'a program inline in the cluster has no commit; put it into a repository, in TypeScript or JavaScript',
  );
}

function readEnvironment(spec: Fields, draft: Draft): void {
  const token = spec.text('accessTokenSecret');
  if (token !== undefined) {
    draft.envFrom.push({ name: 'PULUMI_ACCESS_TOKEN', secretKeyRef: { name: token, key: 'accessToken' } });
    spec.note(
      'accessTokenSecret',
      'the state is not kept at Pulumi Cloud; leave the token out unless the program itself needs it',
    );
  }
  for (const name of spec.texts('envs') ?? []) draft.envFrom.push({ configMapRef: { name } });
  for (const name of spec.texts('envSecrets') ?? []) draft.envFrom.push({ secretRef: { name } });
  readEnvRefs(spec, draft);
}

function readLifecycle(spec: Fields, draft: Draft): void {
  const destroys = spec.boolean('destroyOnFinalize') ?? false;
  // Theirs leaves the resources unless told otherwise, ours removes them.
  draft.spec['deletionPolicy'] = destroys ? 'Delete' : 'Orphan';
  const refreshes = spec.boolean('refresh') ?? false;
  const resyncs = spec.boolean('continueResyncOnCommitMatch') ?? false;
  const seconds = spec.raw('resyncFrequencySeconds');
  if (resyncs) {
    draft.pulumi['refresh'] = 'onDriftSchedule';
    draft.pulumi['refreshInterval'] = `${typeof seconds === 'number' ? Math.max(seconds, 60) : 60}s`;
    spec.note(
      'continueResyncOnCommitMatch',
      'objects of Kubernetes are watched and put back at once; what other providers made is compared every pulumi.refreshInterval. A program is run again only when its commit, config or environment changes',
    );
    if (refreshes)
      spec.note('refresh', 'there is one choice: on a schedule, or before each run (pulumi.refresh: beforeRun)');
  } else if (refreshes) draft.pulumi['refresh'] = 'beforeRun';
  if (spec.boolean('preview') === true) {
    draft.spec['approval'] = { mode: 'manual' };
    spec.note(
      'preview',
      'each new content gets a Plan, and nothing is done before somebody approves it; nobody has to',
    );
  }
}

function readPrerequisites(spec: Fields, draft: Draft): void {
  const dependsOn = spec.items('prerequisites').map((prerequisite) => {
    const requirement = prerequisite.map('requirement');
    requirement?.cannot(
      'succeededWithinDuration',
      'the other stack must be ready at the commit that it is to have, however long ago that was',
    );
    return filled({ name: prerequisite.text('name') });
  });
  draft.spec['dependsOn'] = dependsOn;
}
