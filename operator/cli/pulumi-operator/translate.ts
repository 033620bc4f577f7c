/** Objects of the Pulumi Kubernetes Operator become objects of ours, with what could not be said beside them. Pure. */
import {
  annotations as ours,
  gitSourceKind,
  group,
  stackKind,
  validateObject,
  version,
  type KindDefinition,
} from '#api';
import { newDraft, specOf, type Draft } from './draft.ts';
import { Fields, isMap, type Json, type Note } from './fields.ts';
import { readGitRepository } from './source.ts';
import { readStack } from './stack.ts';
import { readUpdate, tellUpdate } from './update.ts';
import { readWorkspace, readWorkspaceStack } from './workspace.ts';

/** One document: an object and what is to be known of it, or only the latter. */
export interface Translated {
  /** `Stack shop/app`, as it was. */
  readonly of: string;
  readonly objects: readonly Json[];
  readonly notes: readonly Note[];
}

/** GitSources by what they say: stacks of one repository share one. */
type Sources = Map<string, string>;

export function translate(documents: readonly unknown[]): Translated[] {
  const sources: Sources = new Map();
  return documents.filter(isMap).map((document) => translateOne(document, sources));
}

function translateOne(document: Json, sources: Sources): Translated {
  const notes: Note[] = [];
  const root = new Fields(document, '', notes);
  const apiVersion = root.text('apiVersion') ?? '';
  const kind = root.text('kind') ?? '';
  const metadata = readMetadata(new Fields(root.raw('metadata'), 'metadata', notes));
  // What it has come to is not carried over; what is wanted is.
  root.raw('status');
  const of = `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
  const read = readers[`${apiVersion.split('/')[0]} ${kind}`];
  if (read === undefined) return { of, objects: [], notes: [{ field: kind, text: `${apiVersion} is not translated` }] };
  const spec = new Fields(
    root.raw(kind === 'Program' ? 'program' : 'spec'),
    kind === 'Program' ? 'program' : 'spec',
    notes,
  );
  const objects = read(spec, metadata, sources);
  spec.done();
  root.done();
  return { of, objects, notes: distinct([...notes, ...objects.flatMap(problemsOf)]) };
}

/** Stacks of one workspace have what it says in common. */
const distinct = (notes: readonly Note[]): Note[] => [
  ...new Map(notes.map((note) => [`${note.field} ${note.text}`, note])).values(),
];

type Metadata = Pick<Draft, 'name' | 'namespace' | 'labels' | 'annotations'>;
type Read = (spec: Fields, metadata: Metadata, sources: Sources) => Json[];

const readers: Readonly<Record<string, Read | undefined>> = {
  'pulumi.com Stack': (spec, metadata, sources) => {
    const draft = newDraft(metadata);
    readStack(spec, draft);
    return objectsOf(draft, sources, (text) => spec.note('', text));
  },
  'auto.pulumi.com Workspace': (spec, metadata, sources) => {
    const stacks = spec.items('stacks');
    if (stacks.length === 0) spec.note('stacks', 'without a stack there is nothing to run');
    return stacks.flatMap((stack) => {
      const named = stack.text('name')?.split('/').at(-1) ?? '';
      const name = stacks.length === 1 ? metadata.name : `${metadata.name}-${named}`;
      const draft = newDraft({ ...metadata, name });
      readWorkspace(spec, draft);
      readWorkspaceStack(stack, draft);
      // A workspace runs nothing by itself, and removes nothing.
      draft.spec['deletionPolicy'] = 'Orphan';
      return objectsOf(draft, sources, (text) => spec.note('', text));
    });
  },
  'auto.pulumi.com Update': (spec, metadata) => {
    const draft = newDraft(metadata);
    spec.note('', tellUpdate(spec));
    readUpdate(spec, draft);
    for (const [field, value] of Object.entries(draft.pulumi))
      spec.note('', `to have it in every run, set pulumi.${field}: ${JSON.stringify(value)} in the Stack`);
    return [];
  },
  'pulumi.com Program': (program) => {
    program.note(
      '',
      'a program inline in the cluster has no commit; put it into a repository, in TypeScript or JavaScript, and name it in a Stack',
    );
    for (const name of program.names) program.raw(name);
    return [];
  },
  'source.toolkit.fluxcd.io GitRepository': (spec, metadata) => [
    objectOf(gitSourceKind.kind, metadata, readGitRepository(spec)),
  ],
};

function objectsOf(draft: Draft, sources: Sources, note: (text: string) => void): Json[] {
  const { source } = draft;
  if (source === undefined) {
    if (draft.sourceName === undefined) note('no Git repository is named; make a GitSource, and name it in sourceRef');
    return [objectOf(stackKind.kind, draft, specOf(draft, draft.sourceName ?? draft.name))];
  }
  const same = `${draft.namespace ?? ''} ${JSON.stringify(source)}`;
  const known = sources.get(same);
  sources.set(same, known ?? draft.name);
  const stack = objectOf(stackKind.kind, draft, specOf(draft, known ?? draft.name));
  if (known !== undefined) return [stack];
  return [objectOf(gitSourceKind.kind, { ...draft, labels: undefined, annotations: undefined }, source), stack];
}

function objectOf(kind: string, { name, namespace, labels, annotations }: Metadata, spec: Json): Json {
  const metadata = Object.fromEntries(
    Object.entries({ name, namespace, labels, annotations }).filter(([, value]) => value !== undefined),
  );
  return { apiVersion: `${group}/${version}`, kind, metadata, spec };
}

/** What the API server adds is not carried over. */
const ofServer = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields', 'selfLink'];
const ofKubectl = 'kubectl.kubernetes.io/last-applied-configuration';
const request = 'pulumi.com/reconciliation-request';

function readMetadata(metadata: Fields): Metadata {
  const name = metadata.text('name') ?? 'stack';
  const namespace = metadata.text('namespace');
  const labels = metadata.raw('labels');
  const annotations = isMap(metadata.raw('annotations')) ? { ...(metadata.raw('annotations') as Json) } : undefined;
  if (annotations !== undefined) {
    delete annotations[ofKubectl];
    if (annotations[request] !== undefined)
      metadata.note(`annotations["${request}"]`, `use \`plumbline reconcile\`, or annotation ${ours.reconcile}`);
    delete annotations[request];
  }
  for (const field of ofServer) metadata.raw(field);
  metadata.cannot(
    'finalizers',
    'the operator sets its own; before you delete the old object, remove its finalizer, or it destroys what you keep',
  );
  metadata.cannot('ownerReferences', 'the new object has no owner');
  metadata.done();
  const kept = annotations === undefined || Object.keys(annotations).length === 0 ? undefined : annotations;
  return { name, namespace, labels, annotations: kept };
}

function problemsOf(object: Json): Note[] {
  const kinds: readonly KindDefinition[] = [stackKind, gitSourceKind];
  const definition = kinds.find(({ kind }) => kind === object['kind']);
  const problems = definition === undefined ? [] : validateObject(definition, object);
  return problems.map(({ path, expected, found }) => ({
    field: `${String(object['kind'])} ${path}`,
    text: `must be corrected: expected ${expected}, found ${found}`,
  }));
}
