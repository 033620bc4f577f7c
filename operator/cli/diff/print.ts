/** How a diff is told: stack by stack, object by object, field by field. */
import { showValue } from '#plan';
import { colour, serialise } from '../output.ts';
import type { DiffAction, ObjectDiff, StackDiff } from './objects.ts';

export type DiffFormat = 'json' | 'yaml' | 'wide';

const colours = {
  create: 'green',
  adopt: 'yellow',
  change: 'yellow',
  recreate: 'red',
  drift: 'yellow',
  prune: 'red',
  release: 'yellow',
} as const satisfies Record<DiffAction, string>;

export function tell(stacks: readonly StackDiff[], output: DiffFormat | undefined): string {
  if (output === 'json' || output === 'yaml') return serialise({ stacks: stacks.map(plain) }, output);
  return stacks.map((stack) => tellStack(stack, output === 'wide')).join('\n');
}

/** JSON has no undefined: a side that is absent is null. */
const plain = ({ objects, ...stack }: StackDiff): unknown => ({
  ...stack,
  objects: objects.map((object) => ({
    ...object,
    fields: object.fields.map(({ path, from, to }) => ({ path, from: from ?? null, to: to ?? null })),
  })),
});

function tellStack(
  { stack, account, headline, notes, objects, failures, unchanged }: StackDiff,
  wide: boolean,
): string {
  const total = objects.length + failures.length + unchanged;
  const differ = objects.length === 0 ? 'nothing differs' : `${objects.length} of ${total} objects differ`;
  const failed = failures.length === 0 ? '' : `, ${failures.length} failed`;
  const lines = [
    `${colour('bold', stack)}${account === '' ? '' : ` (as ${account})`}: ${headline ?? `${differ}${failed}`}`,
    ...notes.map((note) => `  ${colour('dim', `note      ${note}`)}`),
    ...objects.flatMap((object) => tellObject(object, wide)),
    ...failures.map(({ key, message }) => `  ${colour('red', 'failed')}    ${key}: ${message}`),
  ];
  return `${lines.join('\n')}\n`;
}

function tellObject({ key, action, where, note, fields }: ObjectDiff, wide: boolean): string[] {
  const tail = [where, note].filter((text) => text !== undefined).join(', ');
  const head = `  ${colour(colours[action], action)}${' '.repeat(10 - action.length)}${key}  ${colour('dim', tail)}`;
  // All fields of a new object are new; they are told when asked for.
  return [head.trimEnd(), ...(action === 'create' && !wide ? [] : fields.flatMap(tellField))];
}

const indent = ' '.repeat(14);

function tellField({ path, from, to }: ObjectDiff['fields'][number]): string[] {
  if (typeof from === 'string' && typeof to === 'string' && `${from}${to}`.trimEnd().includes('\n')) {
    return [`${indent}${path}:`, ...changedLines(from, to).map((line) => `${indent}  ${line}`)];
  }
  return [`${indent}${path}: ${showValue(from)} -> ${showValue(to)}`];
}

const mostLines = 40;

/** The lines between what both texts begin and end with. */
function changedLines(from: string, to: string): string[] {
  const [before, after] = [from.split('\n'), to.split('\n')];
  const shortest = Math.min(before.length, after.length);
  let start = 0;
  while (start < shortest && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shortest - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const middle = (lines: readonly string[], mark: string): string[] =>
    lines.slice(start, lines.length - end).map((line) => `${mark} ${line}`);
  const lines = [...middle(before, '-'), ...middle(after, '+')];
  const more = lines.length > mostLines ? [`and ${lines.length - mostLines} more lines`] : [];
  return [`from line ${start + 1}`, ...lines.slice(0, mostLines), ...more];
}
