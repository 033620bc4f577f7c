/** What a scenario found, and how it is printed: a table for people, JSON for machines. */
import type { World } from './world.ts';

export interface Row {
  /** What was measured, for people. */
  readonly what: string;
  readonly value: number;
  readonly unit: '' | 'ms' | 's' | 'MiB' | 'requests' | 'x';
  /** The most that is asked for; absent when the figure is only told. */
  readonly most?: number;
  /** What the figure is made of: the numbers of each round, or how it was counted. */
  readonly from?: string;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** It takes too long to be run with the others. */
  readonly onlyByName?: boolean;
  run(world: World): Promise<readonly Row[]>;
}

export function print(rows: readonly Row[]): string {
  const lines = rows.map(({ what, value, unit, most, from = '' }) => [
    what,
    `${value} ${unit}`.trim(),
    most === undefined ? '' : `${isMissed({ value, most }) ? 'MISSED' : 'met'} (${most})`,
    from,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** A figure that could not be had breaks its bound, too. */
export const isMissed = ({ value, most }: Pick<Row, 'value' | 'most'>): boolean =>
  most !== undefined && !(value <= most);

export const rounded = (value: number, digits = 0): number => Number(value.toFixed(digits));
