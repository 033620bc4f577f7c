/** The engine of plain Kubernetes objects (`spec.engine: manifests`): the rooms of the way, put together. */
import { applyPlan, pruneObjects } from '#apply';
import type { Discovery, GroupKind } from '#kube';
import { planObjects, prunePhase } from '#plan';
import { render } from '#render';
import type { Engine } from './engine.ts';

export function manifestsEngine(discovery: Discovery): Engine {
  return {
    name: 'manifests',
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
    plan: planObjects,
    apply: applyPlan,
    destroy: (keys, context) => pruneObjects({ keys, phaseOf: prunePhase }, context),
    keyOrder: prunePhase,
  };
}
