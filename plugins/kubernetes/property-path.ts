/** Paths to properties as Pulumi writes them: `spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`. */
import { failure } from '#runtime';

/** The name of a field, or a place in a list; `*` in a pattern stands for any one of either. */
export type PathStep = string | number;
export type PropertyPath = readonly PathStep[];

export function writePath(path: PropertyPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/[."[\]]/.test(step) || step === '') text += `["${step.replaceAll('"', '\\"')}"]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** A name, a place in a list, a wildcard, or a quoted name, with the dot that may stand before it. */
const piece = /\.?([^.[\]"]+)|\.?\[(?:(\d+)|(\*)|"((?:[^"\\]|\\.)*)")\]/y;

/** @throws Failure ObjectInvalid naming where the text is no path */
export function parsePath(text: string): PathStep[] {
  const path: PathStep[] = [];
  for (piece.lastIndex = 0; piece.lastIndex < text.length;) {
    const at = piece.lastIndex;
    const found = piece.exec(text);
    if (found === null) {
      const expected = 'names, [0], ["a name with dots"] or [*], joined by dots';
      throw failure('ObjectInvalid', { what: `"${text}" is no property path`, expected, found: text.slice(at) });
    }
    const [, name, index, any, quoted] = found;
    if (index !== undefined) path.push(Number(index));
    else path.push(name ?? any ?? (quoted ?? '').replaceAll('\\"', '"'));
  }
  return path;
}

/** Whether `path` is at or below the place that `pattern` names. */
export const contains = (pattern: PropertyPath, path: PropertyPath): boolean =>
  pattern.length <= path.length && pattern.every((each, index) => isSame(each, path[index]));

export const isSame = (pattern: PathStep, found: PathStep | undefined): boolean => pattern === '*' || pattern === found;
