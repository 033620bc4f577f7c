/** `helm template`: a chart becomes the YAML of its objects. */
import { given } from './chart.ts';
import type { Helm } from './helm.ts';

export interface Rendering {
  /** Folder or archive. */
  readonly path: string;
  readonly release: string;
  readonly namespace: string;
  /** From {@link valueArguments} and {@link capabilityArguments}. */
  readonly args: readonly string[];
  readonly crds: boolean;
  readonly hooks: 'none' | 'all' | 'but tests';
  readonly dependencyUpdate: boolean;
  readonly postRenderer: { readonly command: string; readonly args: readonly string[] } | undefined;
  /** Lets templates look up objects of the cluster. */
  readonly lookup: boolean;
  readonly secrets: readonly string[];
}

/** @throws Failure ToolUnavailable, ToolFailed with what the templates say, TimedOut, FileTooLarge */
export async function renderChart(helm: Helm, rendering: Rendering): Promise<string> {
  const { path, release, namespace, hooks, postRenderer, secrets } = rendering;
  const args = [
    'template',
    release,
    path,
    '--namespace',
    namespace,
    ...rendering.args,
    ...(rendering.crds ? ['--include-crds'] : []),
    ...(hooks === 'none' ? ['--no-hooks'] : hooks === 'but tests' ? ['--skip-tests'] : []),
    ...(rendering.dependencyUpdate ? ['--dependency-update'] : []),
    ...given('--post-renderer', postRenderer?.command),
    ...(postRenderer?.args ?? []).flatMap((each) => ['--post-renderer-args', each]),
  ];
  if (!rendering.lookup) return helm.run({ args, secrets });
  return helm.runInCluster({ args: [...args, '--dry-run=server'], secrets });
}
