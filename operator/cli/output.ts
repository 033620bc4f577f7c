/** How verbs print: tables, JSON, YAML; colour and progress on a terminal only. */
import { styleText } from 'node:util';
import { Option, type Command } from 'commander';
import { dump } from 'js-yaml';
import { systemClock } from '#runtime';

export type OutputFormat = 'json' | 'yaml' | 'wide';
type Style = 'green' | 'red' | 'yellow' | 'dim' | 'bold';

const quietMs = 1_000;

/** Adds `-o, --output json|yaml|wide`. */
export function addOutputOption(command: Command): Command {
  return command.addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml', 'wide']));
}

/** Styled where stdout is a terminal; NO_COLOR and FORCE_COLOR are honoured by Node. */
export const colour = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout });

/** Columns padded to their widest cell; the width of styled text is that of its letters. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ''))));
  const pad = (cell: string, column: number): string => cell + ' '.repeat((widths[column] ?? 0) - width(cell) + 3);
  return lines.map((line) => `${line.map(pad).join('').trimEnd()}\n`).join('');
}

export function serialise(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? `${JSON.stringify(value, undefined, 2)}\n` : dump(value, { lineWidth: -1, noRefs: true });
}

/** Says on stderr what goes on, once it has taken a second and while somebody is looking; a text may change with time. */
export async function withProgress<T>(text: string | (() => string), work: Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work;
  let shown = false;
  let cancel = (): void => undefined;
  const show = (): void => {
    process.stderr.write(`${eraseLine}${typeof text === 'string' ? text : text()} ...`);
    shown = true;
    cancel = systemClock.after(quietMs, show);
  };
  cancel = systemClock.after(quietMs, show);
  try {
    return await work;
  } finally {
    cancel();
    if (shown) process.stderr.write(eraseLine);
  }
}

const eraseLine = '\r\u001B[K';
const styles = /\u001B\[\d+m/g;
const width = (text: string): number => text.replace(styles, '').length;
