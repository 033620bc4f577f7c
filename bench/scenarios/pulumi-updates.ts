/** A Pulumi program of 1, 20, 200, or 1,000 resources: the operator beside `pulumi up`, in turn. */
import { BareProgram } from '../pulumi/bare.ts';
import { cpuSeconds } from '../pulumi/processes.ts';
import { ProgramStack } from '../pulumi/stack.ts';
import { median, timed } from '../objects.ts';
import { rounded, type Row, type Scenario } from '../report.ts';
import type { World } from '../world.ts';

/** Resources -> rounds. */
type Sizes = ReadonlyMap<number, number>;

const few: Sizes = new Map([
  [1, 5],
  [20, 5],
  [200, 3],
]);
/** A round takes five minutes: with a state in files pulumi up writes all of it for each resource. */
const many: Sizes = new Map([[1000, 1]]);
const most = 1.1;

/** Milliseconds, and seconds of a core. */
interface Cost {
  readonly ms: number;
  readonly cpu: number;
}

interface Round {
  readonly first: Cost;
  readonly change: Cost;
}

async function operator(world: World, name: string, count: number): Promise<Round> {
  await using stack = await ProgramStack.create(world, name, { count });
  const cost = async (work: () => Promise<number>): Promise<Cost> => {
    const before = cpuSeconds(world.operatorPid);
    const ms = await work();
    const after = cpuSeconds(world.operatorPid);
    return { ms, cpu: after.own + after.children - before.own - before.children };
  };
  const first = await cost(() => stack.first());
  return { first, change: await cost(() => stack.change({ count, mark: 'second' })) };
}

async function bare(world: World, name: string, count: number): Promise<Round> {
  const namespace = `${name}-bare`;
  await world.namespace(namespace);
  const program = await BareProgram.create(world, name);
  const up = async (mark: string): Promise<Cost> => {
    await program.write({ namespace, count, mark });
    const before = cpuSeconds(process.pid);
    const ms = await timed(() => program.up());
    return { ms, cpu: cpuSeconds(process.pid).children - before.children };
  };
  return { first: await up('first'), change: await up('second') };
}

type Rounds = readonly { readonly ours: Round; readonly bare: Round }[];

function rowsOf(count: number, what: keyof Round, rounds: Rounds): Row[] {
  const name = `${what === 'first' ? 'first run' : 'change of one'} of ${count} resources`;
  const ratio = (of: keyof Cost): number =>
    rounded(median(rounds.map(({ ours, bare }) => ours[what][of] / bare[what][of])), 2);
  const told = (who: 'ours' | 'bare', of: keyof Cost): string =>
    rounds.map((round) => (round[who][what][of] / (of === 'ms' ? 1000 : 1)).toFixed(2)).join(', ');
  const from = (of: keyof Cost): string => `${told('ours', of)} s; bare ${told('bare', of)} s`;
  return [
    { what: `${name} / pulumi up`, value: ratio('ms'), unit: 'x', most, from: from('ms') },
    { what: `the same, time of a core`, value: ratio('cpu'), unit: 'x', from: from('cpu') },
  ];
}

async function measure(world: World, sizes: Sizes): Promise<Row[]> {
  await world.startOperator();
  // Not counted: both sides are warm then.
  await operator(world, `warm-up-${sizes.size}`, 1);
  await bare(world, `warm-up-${sizes.size}`, 1);
  const rows: Row[] = [];
  for (const [count, rounds] of sizes) {
    const found = [];
    for (let round = 0; round < rounds; round += 1) {
      const name = `up-${count}-${round}`;
      // Whoever goes second finds the machine warmer.
      if (round % 2 === 0)
        found.push({ bare: await bare(world, name, count), ours: await operator(world, name, count) });
      else found.push({ ours: await operator(world, name, count), bare: await bare(world, name, count) });
    }
    rows.push(...rowsOf(count, 'first', found), ...rowsOf(count, 'change', found));
  }
  return rows;
}

const scenario = (name: string, sizes: Sizes): Scenario => ({
  name,
  about: `a program of ${[...sizes.keys()].join(', ')} resources, from the revision to Ready, beside pulumi up`,
  run: (world) => measure(world, sizes),
});

export const pulumiUpdates = scenario('pulumi-updates', few);
export const pulumiThousand: Scenario = { ...scenario('pulumi-thousand', many), onlyByName: true };
