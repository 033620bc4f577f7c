/** `Update` of auto.pulumi.com: a run that was asked for once, or the template of the runs of a Stack. */
import type { Draft } from './draft.ts';
import type { Fields } from './fields.ts';

const always = 'runs by themselves leave a Change (or a Plan); spec.history says how many are kept';

export function readUpdateTemplate(template: Fields | undefined, draft: Draft): void {
  template?.cannot('metadata', 'there is no object for each run');
  const spec = template?.map('spec');
  if (spec !== undefined) readUpdate(spec, draft);
}

/** What an update says of how it runs, as fields of the Stack. */
export function readUpdate(spec: Fields, draft: Draft): void {
  const put = (field: string, value: unknown): void => {
    if (value !== undefined) draft.pulumi[field] = value;
  };
  put('parallel', spec.number('parallel'));
  put('replace', spec.texts('replace'));
  put('targets', spec.texts('target'));
  put('targetDependents', spec.boolean('targetDependents'));
  put('continueOnError', spec.boolean('continueOnError'));
  if (spec.boolean('refresh') === true && draft.pulumi['refresh'] === undefined) put('refresh', 'beforeRun');
  spec.cannot('message', 'the commit says why');
  spec.cannot('ttlAfterCompleted', always);
  spec.cannot(
    'expectNoChanges',
    'an update that must change nothing is a preview: `plumbline preview`; for a refresh, pulumi.expectNoRefreshChanges',
  );
  spec.cannot('runProgram', 'refresh and destroy work from the state; the program is not run for them');
  spec.cannot('remove', 'when a Stack is deleted and nothing is left, its state is removed');
  spec.cannot('workspaceName', 'it is the Stack that runs');
  spec.cannot('stackName', 'it is the Stack that says it');
  spec.cannot('type', 'the Stack decides: up for new content, refresh by pulumi.refresh, destroy when it is deleted');
}

const insteadOf: Readonly<Record<string, string>> = {
  preview: '`plumbline preview`, or approval: {mode: manual} for a Plan of each new content',
  up: '`plumbline reconcile <stack>`; a new commit does so by itself',
  refresh: 'pulumi.refresh: onDriftSchedule, and `plumbline reconcile <stack>`',
  destroy: 'delete the Stack, with deletionPolicy: Delete',
};

/** An `Update` by itself makes no object here: it was a command. */
export function tellUpdate(spec: Fields): string {
  const type = spec.text('type') ?? 'up';
  const workspace = spec.text('workspaceName') ?? 'the workspace';
  const stack = spec.text('stackName') ?? 'its stack';
  return `was a command, ${type} of ${stack} in ${workspace}: ${insteadOf[type] ?? insteadOf['up']}`;
}
