/**
 * `npm run bench [scenario ...]`: what docs/performance.md names, measured in one run on one API server, as a table and as
 * JSON. `pulumi` stands for all scenarios of that beginning but those that are run by their full name alone. It fails when a bound is broken.
 */
import { isMissed, print, type Row, type Scenario } from './report.ts';
import { followCommits } from './scenarios/commits.ts';
import { firstApply } from './scenarios/first-apply.ts';
import { handEdits } from './scenarios/hand-edits.ts';
import { idleWatches } from './scenarios/idle-watches.ts';
import { manyStacks } from './scenarios/many-stacks.ts';
import { memory } from './scenarios/memory.ts';
import { pulumiCrowd } from './scenarios/pulumi-crowd.ts';
import { pulumiIdle } from './scenarios/pulumi-idle.ts';
import { pulumiPackages } from './scenarios/pulumi-packages.ts';
import { pulumiThousand, pulumiUpdates } from './scenarios/pulumi-updates.ts';
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
  pulumiUpdates,
  pulumiThousand,
  pulumiPackages,
  pulumiCrowd,
  pulumiIdle,
];

const wanted = process.argv.slice(2);
const isMeant = (name: string, scenario: Scenario): boolean =>
  name === scenario.name || (scenario.onlyByName !== true && scenario.name.startsWith(`${name}-`));
const unknown = wanted.filter((name) => !scenarios.some((scenario) => isMeant(name, scenario)));
if (unknown.length > 0)
  throw new Error(`no scenario ${unknown.join(', ')}; there are ${scenarios.map(({ name }) => name).join(', ')}`);

await using world = await World.create();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void world[Symbol.asyncDispose]().finally(() => process.exit(130)));
const rows: Row[] = [];
for (const scenario of scenarios) {
  const isAsked = wanted.length === 0 ? scenario.onlyByName !== true : wanted.some((name) => isMeant(name, scenario));
  if (!isAsked) continue;
  process.stdout.write(`\n${scenario.name}: ${scenario.about}\n`);
  const found = await scenario.run(world);
  process.stdout.write(print(found));
  rows.push(...found);
}
process.stdout.write(`\n${print(rows)}\n${JSON.stringify(rows)}\n`);
if (rows.some(isMissed)) process.exitCode = 1;
