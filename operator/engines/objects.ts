/** The engine of plain Kubernetes objects (`spec.engine: manifests`): the rooms of the way, put together. */
import { annotations } from '#api';
import { applyPlan, pruneObjects, stackKey } from '#apply';
import type { Discovery, GroupKind, ObjectKey } from '#kube';
import { assertNotEmptied, assertPruneLimit, planObjects, prunePhase, reverseOfApply } from '#plan';
import { render } from '#render';
import type { Plan } from '#values';
import { proposeObjects } from './propose.ts';
import type { Engine, EngineContext, PlanRequest } from './engine.ts';

export function manifestsEngine(discovery: Discovery): Engine {
  const prune: Engine['prune'] = (keys, context) => pruneObjects({ keys, phaseOf: prunePhase }, context);
  return {
    name: 'manifests',
    treeOf: ({ spec }, revision) => revision.treeOf(spec.path),
    inputsOf: () => Promise.resolve(undefined),
    render: async ({ stack, revision, signal }) => {
      const { name, namespace = '' } = stack.metadata;
      const scopes = await discovery.scopes();
      return render(
        {
          folder: revision.folder,
          path: stack.spec.path,
          targetNamespace: stack.spec.targetNamespace,
          stack: { name, namespace },
          scopeOf: (kind: GroupKind) => scopes(kind),
        },
        { signal },
      );
    },
    plan: planGuarded,
    propose: async (plan, context) => ({ done: true, ...(await proposeObjects(plan, context)) }),
    // An apply that is in hand goes through the gate again: what is left of it may wait.
    hasBegun: () => false,
    isBusy: () => false,
    rest: () => undefined,
    forget: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    apply: applyPlan,
    prune,
    owned,
    left: owned,
    destroy: async (context) => {
      const objects = (await owned(context)).map((key) => ({ key }));
      return prune(
        objects.sort(reverseOfApply).map(({ key }) => key),
        context,
      );
    },
  };
}

/** Without what asks to be kept when it leaves Git, which it does now. */
async function owned({ inventory, observed, stack }: EngineContext): Promise<ObjectKey[]> {
  const keys = [...inventory.of(stackKey(stack)).keys()];
  await observed.ensure(keys);
  return keys.filter((key) => observed.get(key)?.keepWhenPruned !== true);
}

function planGuarded({ of: { spec, metadata }, ...request }: PlanRequest): Plan {
  const { rendered, inventory } = request;
  const { path, allowEmpty } = spec;
  assertNotEmptied({ path, rendered: rendered.objects.length, owned: inventory.size, allowEmpty });
  const plan = planObjects({ ...request, prune: spec.prune });
  assertPruneLimit({
    prunes: plan.prunes.filter(({ action }) => action === 'prune').map((pruned) => pruned.key),
    owned: inventory.size,
    percent: rendered.objects.length === 0 && allowEmpty ? 100 : spec.pruneLimit,
    confirmed: metadata.annotations?.[annotations.confirmPrune],
  });
  return plan;
}
