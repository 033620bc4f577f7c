/** The house: which room may import which. The rooms test enforces it; run by itself, it prints the house into docs/architecture.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folder below operator/ -> rooms (`#name`) that it may import. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  api: [],
  runtime: ['#api'],
  kube: ['#api', '#runtime'],
  loop: ['#api', '#runtime', '#kube'],
  'way/1-source': ['#api', '#kube', '#runtime', '#values'],
  'way/3-render': ['#api', '#kube', '#runtime', '#values'],
  'way/4-plan': ['#api', '#kube', '#runtime', '#values'],
  'way/5-gate': ['#api', '#kube', '#runtime', '#values'],
  'way/6-apply': ['#api', '#kube', '#runtime', '#values'],
  'way/7-health': ['#api', '#kube', '#runtime', '#values'],
  'way/8-record': ['#api', '#kube', '#runtime', '#values'],
  engines: ['#api', '#kube', '#runtime', '#values', '#loop', '#render', '#plan', '#apply', '#plugins'],
  drift: ['#api', '#kube', '#runtime', '#values', '#apply', '#plan'],
};

/** How far a room is from the ground: one above the highest that it may import. */
function floorOf(room: string): number {
  const below = (rooms[room] ?? []).map((name) =>
    rooms[name.slice(1)] === undefined ? roomNamed(name) : name.slice(1),
  );
  return Math.max(-1, ...below.flatMap((name) => (name === undefined ? 0 : floorOf(name)))) + 1;
}

/** `#plan` is `way/4-plan`; `#values` is no room but the language of all of them. */
const roomNamed = (name: string): string | undefined =>
  Object.keys(rooms).find((room) => room.endsWith(`-${name.slice(1)}`));

/** The house as a drawing, top floor first, and as a table. */
function house(): string {
  const names = Object.keys(rooms);
  const highest = Math.max(...names.map(floorOf));
  const floors = [...Array(highest + 1).keys()].map((floor) =>
    names.filter((name) => floorOf(name) === floor).join('  '),
  );
  const drawing = ['controllers  cli', 'way', ...floors.reverse()].map((rooms) => `  ${rooms}`).join('\n  ---\n');
  const rows = Object.entries(rooms).map(
    ([room, allowed]) => `| \`operator/${room}\` | ${allowed.map((name) => `\`${name}\``).join(' ') || 'nothing'} |`,
  );
  const table = ['| folder | may import |', '|---|---|', ...rows].join('\n');
  return `Each floor stands on those below it:\n\n\`\`\`text\n${drawing}\n\`\`\`\n\n${table}`;
}

const marks = { begin: '<!-- rooms -->', end: '<!-- end of rooms -->' };

/** The page with the house of today between its marks. */
export function withRooms(page: string): string {
  const [before = '', rest = ''] = page.split(marks.begin);
  return `${before}${marks.begin}\n\n${house()}\n\n${marks.end}${rest.split(marks.end)[1] ?? ''}`;
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'architecture.md');
  writeFileSync(file, withRooms(readFileSync(file, 'utf8')));
}
