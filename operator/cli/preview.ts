/** `plumbline preview [stack]`: the plan that the operator would make of a working tree, branch or commit; writes nothing. */
import type { Command } from 'commander';
import { annotations, type PlanSpec, type Stack } from '#api';
import { liveOf, proposeObjects, type ObjectsContext } from '#engines';
import type { KubeObject, ObjectKey } from '#kube';
import { countsOf, planObjects, proposalOf, wishOf } from '#plan';
import { planSpec } from '#record';
import { asFailure, Failure, failure, mapBounded } from '#runtime';
import type { ProposedChange, Rendered } from '#values';
import { withCluster, type Cluster } from './cluster.ts';
import { identityOf } from './diff/account.ts';
import { trialOf, type StackDiff } from './diff/objects.ts';
import { planText } from './diff/plan-text.ts';
import { tell } from './diff/print.ts';
import { addTreeOptions, withTree, type RenderedTree, type TreeOptions } from './diff/rendered.ts';
import type { RenderedStack } from './diff/rendering.ts';
import { withProgress } from './output.ts';
import { idOf } from './own-objects.ts';
import { exitCodes, type VerbContext } from './verb.ts';

const concurrency = 16;

export function define(command: Command, { environment }: VerbContext): void {
  addTreeOptions(command).action((name: string | undefined, options: TreeOptions) =>
    withCluster(options, async (cluster) => {
      const path = { PATH: environment['PATH'] ?? '' };
      const plans = await withTree({ cluster, name }, options, path, async (tree) => {
        const found: StackDiff[] = [];
        for (const item of tree.chosen) found.push(await withProgress('planning', preview(item, cluster, tree, path)));
        return found;
      });
      process.stdout.write(tell(plans, options.output));
      if (plans.some(({ failures }) => failures.length > 0)) process.exitCode = exitCodes.failed;
      else if (plans.some(({ objects }) => objects.length > 0)) process.exitCode = exitCodes.different;
    }),
  );
}

async function preview(
  item: RenderedStack,
  cluster: Cluster,
  tree: RenderedTree,
  environment: Environment,
): Promise<StackDiff> {
  const { stack } = item;
  const id = idOf(stack);
  const nothing = { stack: id, account: '', notes: [], unchanged: 0, objects: [], failures: [] };
  try {
    const { spec, note } =
      stack.spec.engine === 'pulumi'
        ? await ofProgram(item, cluster, tree, environment)
        : await ofObjects(item, cluster, tree);
    const notes = [note, stack.spec.approval === undefined ? 'the stack asks for no approval' : undefined];
    return planText(
      id,
      spec,
      notes.filter((one) => one !== undefined),
    );
  } catch (error) {
    tree.signal.throwIfAborted();
    const { reason, message } = asFailure(error);
    return { ...nothing, failures: [{ key: id, reason, message }] };
  }
}

interface Found {
  readonly spec: PlanSpec;
  readonly note: string | undefined;
}

async function ofObjects({ stack, rendered }: RenderedStack, cluster: Cluster, tree: RenderedTree): Promise<Found> {
  if (rendered instanceof Failure) throw rendered;
  const identity = await identityOf(cluster, stack);
  const owned = tree.whole.inventories.get(idOf(stack)) ?? new Map();
  const context = { ...trialOf(stack, identity, owned, { cluster, ...tree }), ...unwatched };
  return { spec: await planOf(stack, rendered, context, tree), note: identity.note };
}

type Environment = Readonly<Record<string, string>>;

async function ofProgram(
  { stack, revision, rendered }: RenderedStack,
  cluster: Cluster,
  tree: RenderedTree,
  environment: Environment,
): Promise<Found> {
  if (revision === undefined && rendered instanceof Failure) throw rendered;
  if (revision === undefined) throw failure('CommandInvalid', { what: `${idOf(stack)} is in no revision` });
  // Nothing of runs is loaded for who has no program.
  const { previewProgram } = await import('./diff/program.ts');
  const owned = tree.whole.inventories.get(idOf(stack)) ?? new Map();
  const changes = await previewProgram(stack, revision, { ...tree, cluster, environment, owned });
  return { spec: storedPlan(stack, '', changes), note: undefined };
}

const unwatched = { observed: new Map<ObjectKey, never>(), concurrency, known: new Map(), final: true };

/** What the operator would store, of the same digest. */
async function planOf(
  stack: Stack,
  rendered: Rendered,
  context: ObjectsContext,
  { whole }: RenderedTree,
): Promise<PlanSpec> {
  const { metadata, spec } = stack;
  const { name, namespace = '' } = metadata;
  const wanted = new Set(rendered.objects.map(({ key }) => key));
  const live = new Map<ObjectKey, KubeObject | undefined>();
  const left = [...context.owned.keys()].filter((key) => !wanted.has(key));
  await mapBounded(left, concurrency, async (key) => void live.set(key, await liveOf(key, context)));
  const movesTo = (key: ObjectKey): string | undefined => whole.movesTo(key, `${namespace}/${name}`);
  const plan = planObjects({
    rendered,
    inventory: context.owned,
    prune: spec.prune,
    movesTo,
    keepsWhenPruned: (key) => live.get(key)?.metadata.annotations?.[annotations.prune] === 'skip',
  });
  // What moves to another stack is handed over, whatever is agreed.
  const prunes = plan.prunes.filter(({ key, action }) => action !== 'forget' || movesTo(key) === undefined);
  const { changes } = await proposeObjects({ ...plan, prunes }, context);
  return storedPlan(stack, rendered.digest, changes);
}

function storedPlan(
  { metadata: { name, namespace = '', uid = '' }, spec, status }: Stack,
  content: string,
  changes: readonly ProposedChange[],
): PlanSpec {
  const [wish, base] = [wishOf(spec), status?.applied?.time ?? ''];
  const proposal = proposalOf({ stack: { namespace, name, uid }, wish, base, changes });
  const revision = { name: '', commit: '', author: '', subject: '' };
  return planSpec(name, { proposal, revision, content, wish, base, counts: countsOf(changes) });
}
