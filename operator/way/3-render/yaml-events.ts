/** Parses YAML as leniently as kubectl about the indentation inside brackets and quotes, where it means nothing. */
import { COLLECTION_STYLE, EVENT_ID, parseEvents, SCALAR_STYLE, YAMLException } from 'js-yaml';

type Events = ReturnType<typeof parseEvents>;
type Scalar = Extract<Events[number], { readonly valueStart: number }>;

export interface Parsed {
  readonly events: Events;
  /** What the events point into: the text, in places with more indentation. */
  readonly source: string;
}

/** Characters that may be parsed again for one file. */
const again = 2 ** 25;

/** @throws YAMLException RangeError */
export function parseLeniently(text: string, filename: string, maxDepth: number): Parsed {
  let source = text;
  for (let left = again; ; left -= source.length) {
    try {
      const events = parseEvents(source, { filename, maxDepth });
      refuseAmbiguous(events, source, filename);
      return { events, source };
    } catch (error) {
      const indented = error instanceof YAMLException && left > 0 ? withIndentation(source, error) : undefined;
      if (indented === undefined) throw error;
      source = indented;
    }
  }
}

/** The source with the line (or the tab) that was refused indented further; undefined when that would not help. */
function withIndentation(source: string, { reason, mark }: YAMLException): string | undefined {
  if (reason !== 'deficient indentation' || mark === null || mark === undefined) return undefined;
  const { position, column } = mark;
  const start = position - column;
  const before = source.slice(start, position);
  const blank = /[ \t]*$/.exec(before)?.[0] ?? '';
  if (blank.length < before.length) {
    // In the middle of a line only a tab is refused.
    if (!blank.includes('\t')) return undefined;
    return source.slice(0, position - blank.length) + ' '.repeat(blank.length) + source.slice(position);
  }
  if (/^(?:---|\.\.\.)(?:\s|$)/.test(source.slice(position, position + 4))) return undefined;
  return `${source.slice(0, start)}${' '.repeat(deepest(source.slice(0, start)))}${source.slice(position)}`;
}

/** More blanks than any block of the text is indented by. */
function deepest(text: string): number {
  let most = 0;
  for (const [indentation] of text.matchAll(/^[-? \t]*/gm)) most = Math.max(most, indentation.length);
  return most + 1;
}

interface Frame {
  readonly flow: boolean;
  readonly mapping: boolean;
  /** Nodes so far: in a mapping, keys and values in turn. */
  nodes: number;
  merges: number;
}

const mergeKey = '<<';
const withExponent = /^[-+]?\.?[0-9][0-9_.]*[eE][-+]?[0-9]+$/;

/** Plain text that kubectl, a reader of YAML 1.1, takes in another way than the rest of the world. @throws YAMLException */
function refuseAmbiguous(events: Events, source: string, filename: string): void {
  const frames: Frame[] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      frames.pop();
      continue;
    }
    const parent = frames.at(-1);
    if (parent !== undefined) parent.nodes += 1;
    if (event.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN && parent !== undefined) {
      const what = event.valueStart < 0 ? undefined : ambiguity(event, source, parent);
      if (what !== undefined) YAMLException.throwAt(source, event.valueStart, what, filename);
    }
    if (event.type === EVENT_ID.SCALAR || event.type === EVENT_ID.ALIAS) continue;
    const flow = event.type !== EVENT_ID.DOCUMENT && event.style === COLLECTION_STYLE.FLOW;
    frames.push({ flow, mapping: event.type === EVENT_ID.MAPPING, nodes: 0, merges: 0 });
  }
}

function ambiguity({ valueStart, valueEnd }: Scalar, source: string, parent: Frame): string | undefined {
  const text = source.slice(valueStart, valueEnd);
  if (parent.flow) {
    const colon = source.charAt(valueEnd) === ':' && ',[]{}'.includes(source.charAt(valueEnd + 1)) ? ':' : '';
    if (colon !== '' || text.startsWith('?'))
      return `${text}${colon} can be read in two ways inside brackets; quote it`;
  }
  if (!parent.mapping || parent.nodes % 2 === 0) return undefined;
  if (text === mergeKey && (parent.merges += 1) > 1) return 'a second << in one map; give a list to the first';
  return withExponent.test(text) ? `the key ${text} can be read as a number; quote it` : undefined;
}
