/** `npm run bench [scenario ...]`: what docs/performance.md names, measured in one run on one API server, as a table and as JSON. */
import { print, type Row, type Scenario } from './report.ts';
import { followCommits } from './scenarios/commits.ts';
import { firstApply } from './scenarios/first-apply.ts';
import { handEdits } from './scenarios/hand-edits.ts';
import { idleWatches } from './scenarios/idle-watches.ts';
import { manyStacks } from './scenarios/many-stacks.ts';
import { memory } from './scenarios/memory.ts';
import { unchanged } from './scenarios/unchanged.ts';
import { World } from './world.ts';

const scenarios: readonly Scenario[] = [
  memory,
  firstApply,
  unchanged,
  handEdits,
  followCommits,
  manyStacks,
  idleWatches,
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !scenarios.some((scenario) => scenario.name === name));
if (unknown.length > 0)
  throw new Error(`no scenario ${unknown.join(', ')}; there are ${scenarios.map(({ name }) => name).join(', ')}`);

await using world = await World.create();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void world[Symbol.asyncDispose]().finally(() => process.exit(130)));
const rows: Row[] = [];
for (const scenario of scenarios) {
  if (wanted.length > 0 && !wanted.includes(scenario.name)) continue;
  process.stdout.write(`\n${scenario.name}: ${scenario.about}\n`);
  const found = await scenario.run(world);
  process.stdout.write(print(found));
  rows.push(...found);
}
process.stdout.write(`\n${print(rows)}\n${JSON.stringify(rows)}\n`);
