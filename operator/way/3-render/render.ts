/** Reads what a commit says for one stack: files, documents, objects; every problem of every file is told at once. */
import { digestOf, parseKey, type GroupKind } from '#kube';
import { Failure, failure } from '#runtime';
import type { Rendered, RenderedObject } from '#values';
import { readFiles } from './files.ts';
import { toObjects, type ObjectRules } from './objects.ts';
import { readYaml } from './yaml.ts';

export interface RenderInput extends ObjectRules {
  /** Folder of the exported commit. */
  readonly folder: string;
  readonly path: string;
}

const mostObjects = 50_000;
const mostProblems = 20;

/** @throws Failure naming file and line; with several problems, the reason is that of the first. */
export async function render(
  { folder, path, ...rules }: RenderInput,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Rendered> {
  const files = await readFiles(folder, path, signal);
  const problems: Failure[] = [];
  const documents = files.flatMap((file) => {
    try {
      return readYaml(file.text, file.path).map((document) => ({ ...document, file: file.path }));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problems.push(error);
      return [];
    }
  });
  const scopes = scopesOf(documents.map(({ value }) => value));
  const all = { ...rules, scopeOf: (kind: GroupKind) => rules.scopeOf(kind) ?? scopes(kind) };
  const objects = documents.flatMap(({ value, file, line }) => toObjects(value, { file, line }, all, problems));
  checkDuplicates(objects, problems);
  if (objects.length > mostObjects) {
    problems.push(
      failure('FileTooLarge', {
        where: path,
        what: 'too many objects',
        expected: `at most ${mostObjects}`,
        found: String(objects.length),
      }),
    );
  }
  if (problems.length > 0) throw together(problems);
  return { objects, digest: digestOf(objects.map(({ key, digest }) => [key, digest])) };
}

/** Scopes of kinds whose CustomResourceDefinition comes with the same commit. */
function scopesOf(documents: readonly unknown[]): (kind: GroupKind) => 'Namespaced' | 'Cluster' | undefined {
  const scopes = new Map<string, 'Namespaced' | 'Cluster'>();
  for (const document of documents) {
    const { kind, spec } = (document ?? {}) as {
      kind?: string;
      spec?: { group?: string; scope?: string; names?: { kind?: string } };
    };
    if (kind !== 'CustomResourceDefinition' || spec?.names?.kind === undefined) continue;
    scopes.set(`${spec.names.kind}.${spec.group}`, spec.scope === 'Cluster' ? 'Cluster' : 'Namespaced');
  }
  return ({ group, kind }) => scopes.get(`${kind}.${group}`);
}

function checkDuplicates(objects: readonly RenderedObject[], problems: Failure[]): void {
  const first = new Map<string, RenderedObject>();
  for (const object of objects) {
    const other = first.get(object.key);
    if (other === undefined) {
      first.set(object.key, object);
      continue;
    }
    const { kind, name, namespace } = parseKey(object.key);
    problems.push(
      failure('DuplicateObject', {
        where: `${object.origin.file}:${object.origin.line}`,
        what: `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name} stands in ${other.origin.file}:${other.origin.line} too`,
        remedy: 'remove or rename one of the two',
      }),
    );
  }
}

function together(problems: readonly Failure[]): Failure {
  const [first] = problems;
  if (first === undefined || problems.length === 1) return first ?? failure('Internal', { what: 'no problem' });
  const shown = problems.slice(0, mostProblems).map(({ message }) => message);
  const more = problems.length > shown.length ? [`and ${problems.length - shown.length} more`] : [];
  return failure(
    first.reason,
    { what: `${problems.length} problems:\n${[...shown, ...more].join('\n')}` },
    { cause: first },
  );
}
