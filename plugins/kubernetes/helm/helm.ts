/** helm for one operation: its settings as the provider has them, the cluster as the provider reaches it. */
import { failure } from '#runtime';
import { isMap, reveal, type Value } from '../property.ts';
import { runTool } from '../packages/tool.ts';
import type { Session } from '../session.ts';
import { Workspace } from './workspace.ts';

export interface HelmRun {
  readonly args: readonly string[];
  readonly timeoutMs?: number;
  readonly secrets?: readonly string[];
}

/** `helmReleaseSettings`: its name, the variable of the official provider, that of helm. */
const variables = [
  ['driver', 'PULUMI_K8S_HELM_DRIVER', 'HELM_DRIVER'],
  ['pluginsPath', 'PULUMI_K8S_HELM_PLUGINS_PATH', 'HELM_PLUGINS'],
  ['registryConfigPath', 'PULUMI_K8S_HELM_REGISTRY_CONFIG_PATH', 'HELM_REGISTRY_CONFIG'],
  ['repositoryConfigPath', 'PULUMI_K8S_HELM_REPOSITORY_CONFIG_PATH', 'HELM_REPOSITORY_CONFIG'],
  ['repositoryCache', 'PULUMI_K8S_HELM_REPOSITORY_CACHE', 'HELM_REPOSITORY_CACHE'],
] as const;

export class Helm implements AsyncDisposable {
  readonly session: Session;
  readonly workspace: Workspace;
  #cluster: Promise<readonly string[]> | undefined;

  private constructor(session: Session, workspace: Workspace) {
    this.session = session;
    this.workspace = workspace;
  }

  static async open(session: Session): Promise<Helm> {
    return new Helm(session, await Workspace.create());
  }

  /** What helm printed. @throws Failure ToolUnavailable, ToolFailed, TimedOut, FileTooLarge */
  run({ args, ...bounds }: HelmRun): Promise<string> {
    return runTool(this.session, { tool: 'helm', args, environment: this.#environment(), ...bounds });
  }

  /** The same, in the provider's cluster. */
  async runInCluster({ args, ...bounds }: HelmRun): Promise<string> {
    return this.run({ args: [...args, ...(await this.clusterArguments())], ...bounds });
  }

  clusterArguments(): Promise<readonly string[]> {
    return (this.#cluster ??= this.#reach());
  }

  async #reach(): Promise<readonly string[]> {
    const { kubeconfig, context, cluster } = this.session.settings;
    if (cluster !== undefined) {
      const what = 'helm can be told a context of the kubeconfig, but not a cluster of it';
      throw failure('ObjectInvalid', { what, remedy: 'set context on the provider instead of cluster' });
    }
    const contextArguments = context === undefined ? [] : ['--kube-context', context];
    if (kubeconfig === undefined) return contextArguments;
    const isContent = kubeconfig.includes('\n') || kubeconfig.trimStart().startsWith('{');
    const path = isContent ? await this.workspace.file('kubeconfig', kubeconfig) : kubeconfig;
    return ['--kubeconfig', path, ...contextArguments];
  }

  #environment(): Record<string, string> {
    const { helm, environment } = this.session.settings;
    const found = variables.map(([key, variable, name]) => [name, textOf(helm[key]) ?? environment[variable]] as const);
    return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Record<string, string>;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.workspace[Symbol.asyncDispose]();
  }
}

export function textOf(value: Value | undefined): string | undefined {
  const shown = reveal(value ?? null);
  return typeof shown === 'string' && shown !== '' ? shown : undefined;
}

/** A map's entry as text, whatever wraps it. */
export const textIn = (map: Value | undefined, key: string): string | undefined =>
  isMap(map) ? textOf(map[key]) : undefined;
