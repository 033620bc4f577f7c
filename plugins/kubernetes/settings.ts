/** Configuration of a provider, read once into one frozen object: its arguments first, then environment variables. */
import { isMap, isUnknown, reveal, type ValueMap } from './property.ts';

export interface Settings {
  /** Path or content; undefined means KUBECONFIG, ~/.kube/config or the pod's own account, in this order. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly cluster: string | undefined;
  readonly clusterIdentifier: string | undefined;
  /** Namespace of objects that name none. */
  readonly namespace: string | undefined;
  readonly serverSideApply: boolean;
  /** Takes fields from other managers. */
  readonly patchForce: boolean;
  /** A create changes an object that is there already. */
  readonly upsert: boolean;
  readonly configMapMutable: boolean;
  readonly secretMutable: boolean;
  readonly deleteUnreachable: boolean;
  readonly skipUpdateUnreachable: boolean;
  readonly suppressDeprecationWarnings: boolean;
  readonly suppressHelmHookWarnings: boolean;
  /** YAML files are written here instead of anything being sent. */
  readonly renderTo: string | undefined;
  readonly alwaysRender: boolean;
  /** `helmReleaseSettings` as given. */
  readonly helm: ValueMap;
  readonly owner: Owner | undefined;
  /** Name as which fields are owned where neither state nor annotation name another. */
  readonly fieldManager: string;
  /** Every object is held against the cluster, and what others changed is taken back from them: PLUMBLINE_HEAL=true. */
  readonly heal: boolean;
  /** A preview tells what the API server would refuse, as an error of the resource, and goes on: PLUMBLINE_PLAN=true. */
  readonly tellsRefusals: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The Stack on whose behalf the operator runs the engine: its objects carry labels by which they are watched. */
export interface Owner {
  readonly namespace: string;
  readonly name: string;
}

type Environment = Settings['environment'];

/** `given`: the provider's arguments, where booleans and maps may come as JSON texts. */
export function readSettings(given: ValueMap, environment: Environment): Settings {
  const text = (key: string): string | undefined => {
    const value = argument(given, key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const flag = (key: string, variable?: string, fallback = false): boolean => {
    const value = argument(given, key) ?? (variable === undefined ? undefined : environment[variable]);
    return value === undefined || value === '' ? fallback : value === true || value === 'true';
  };
  const helm = argument(given, 'helmReleaseSettings');
  return Object.freeze({
    kubeconfig: text('kubeconfig'),
    context: text('context'),
    cluster: text('cluster'),
    clusterIdentifier: text('clusterIdentifier'),
    namespace: text('namespace'),
    serverSideApply: flag('enableServerSideApply', 'PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY', true),
    patchForce: flag('enablePatchForce', 'PULUMI_K8S_ENABLE_PATCH_FORCE'),
    upsert: flag('upsertExistingObjects', 'PULUMI_K8S_UPSERT_EXISTING_OBJECTS'),
    configMapMutable: flag('enableConfigMapMutable', 'PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE'),
    secretMutable: flag('enableSecretMutable', 'PULUMI_K8S_ENABLE_SECRET_MUTABLE'),
    deleteUnreachable: flag('deleteUnreachable', 'PULUMI_K8S_DELETE_UNREACHABLE'),
    skipUpdateUnreachable: flag('skipUpdateUnreachable', 'PULUMI_K8S_SKIP_UPDATE_UNREACHABLE'),
    suppressDeprecationWarnings: flag('suppressDeprecationWarnings', 'PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS'),
    suppressHelmHookWarnings: flag('suppressHelmHookWarnings', 'PULUMI_K8S_SUPPRESS_HELM_HOOK_WARNINGS'),
    renderTo: text('renderYamlToDirectory'),
    alwaysRender: flag('alwaysRender'),
    helm: isMap(helm) ? helm : {},
    owner: ownerIn(environment['PLUMBLINE_STACK']),
    fieldManager: environment['PLUMBLINE_FIELD_MANAGER'] || 'pulumi-kubernetes',
    heal: environment['PLUMBLINE_HEAL'] === 'true',
    tellsRefusals: environment['PLUMBLINE_PLAN'] === 'true',
    environment,
  });
}

/** A map or boolean may have been written as JSON by the SDK. */
function argument(given: ValueMap, key: string): ValueMap[string] | undefined {
  const value = given[key];
  if (value === undefined || value === null || isUnknown(value)) return undefined;
  const known = reveal(value);
  if (typeof known !== 'string' || !/^\s*\{.*\}\s*$/s.test(known) || key === 'kubeconfig') return known;
  return JSON.parse(known) as ValueMap;
}

/** `namespace.name`: a namespace has no dots. */
function ownerIn(text: string | undefined): Owner | undefined {
  const dot = text?.indexOf('.') ?? -1;
  return text === undefined || dot < 0 ? undefined : { namespace: text.slice(0, dot), name: text.slice(dot + 1) };
}
