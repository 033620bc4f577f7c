/** A Stack of ours in the making, with the source that it will get. */
import type { Json } from './fields.ts';

export interface Draft {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly labels: unknown;
  readonly annotations: unknown;
  /** Spec of the GitSource; undefined when it could not be said. */
  source: Json | undefined;
  /** Name of a GitSource that is translated from another object. */
  sourceName: string | undefined;
  readonly spec: Record<string, unknown>;
  readonly pulumi: Record<string, unknown>;
  readonly config: Record<string, string>;
  readonly configFrom: Json[];
  readonly env: Record<string, string>;
  readonly envFrom: Json[];
}

export const newDraft = (of: Pick<Draft, 'name' | 'namespace' | 'labels' | 'annotations'>): Draft => ({
  ...of,
  source: undefined,
  sourceName: undefined,
  spec: {},
  pulumi: {},
  config: {},
  configFrom: [],
  env: {},
  envFrom: [],
});

/** Without what is undefined or empty, in this order. */
export function specOf(draft: Draft, sourceName: string): Json {
  const { config, configFrom, env, envFrom, pulumi, spec } = draft;
  const { path, ...rest } = spec;
  const given = filled({ ...pulumi, config, configFrom, env, envFrom });
  return { sourceRef: { name: sourceName }, ...filled({ path }), engine: 'pulumi', ...filled(rest), pulumi: given };
}

export const filled = (fields: Json): Json =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== undefined && !(typeof value === 'object' && value !== null && Object.keys(value).length === 0),
    ),
  );

const organisation = 'there is one organization in a backend of your own, called organization; it was left out';

/** `<stack>`, `<org>/<stack>` or `<org>/<project>/<stack>`: in a backend of one's own there are no organisations. */
export function nameStack(draft: Draft, full: string, note: (text: string) => void): void {
  const parts = full.split('/');
  const [, project] = parts.length === 3 ? parts : [];
  draft.pulumi['stack'] = project === undefined ? parts.at(-1) : `organization/${project}/${parts.at(-1)}`;
  draft.pulumi['project'] = project;
  if (parts.length > 1 && parts[0] !== 'organization') note(`${full}: ${organisation}`);
}

const inCluster =
  'the state is kept in the cluster; bring it by `pulumi stack export --show-secrets` there and `plumbline state import` here before the first run';

/** Without a backend theirs is Pulumi Cloud, or what a variable of the workspace says. */
export function nameBackend(draft: Draft, backend: string | undefined, note: (text: string) => void): void {
  if (backend === undefined) return note(inCluster);
  if (/^(file|s3|gs|azblob|postgres):\/\//.test(backend)) {
    draft.pulumi['backend'] = backend;
    const { stack } = draft.pulumi;
    if (draft.pulumi['project'] === undefined)
      note(`a backend may hold stacks of several projects; set pulumi.stack: organization/<project>/${String(stack)}`);
  } else note(`${backend} is no backend that this operator takes; ${inCluster}`);
}
