/** A Pulumi program of 1, 20, 200, or 1,000 resources: the operator beside `pulumi up`, in turn. */
import { BareProgram, type Types } from '../pulumi/bare.ts';
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

async function bare(world: World, name: string, count: number, types: Types): Promise<Round> {
  const key = `${name}-bare-${types.replace(' ', '-')}`;
  await world.namespace(key);
  const program = await BareProgram.create(world, key, types);
  const up = async (mark: string): Promise<Cost> => {
    await program.write({ namespace: key, count, mark });
    const before = cpuSeconds(process.pid);
    const ms = await timed(() => program.up());
    return { ms, cpu: cpuSeconds(process.pid).children - before.children };
  };
  return { first: await up('first'), change: await up('second') };
}

const contestants = {
  ours: operator,
  checked: (world: World, name: string, count: number) => bare(world, name, count, 'checked'),
  leftOut: (world: World, name: string, count: number) => bare(world, name, count, 'left out'),
};
type Contestant = keyof typeof contestants;
type Rounds = readonly Readonly<Record<Contestant, Round>>[];

function rowsOf(count: number, what: keyof Round, rounds: Rounds): Row[] {
  const name = `${what === 'first' ? 'first run' : 'change of one'} of ${count} resources`;
  const told = (who: Contestant, of: keyof Cost): string =>
    rounds.map((round) => (round[who][what][of] / (of === 'ms' ? 1000 : 1)).toFixed(2)).join(', ');
  const beside = (who: Contestant, of: keyof Cost): Pick<Row, 'value' | 'unit' | 'from'> => ({
    value: rounded(median(rounds.map((round) => round.ours[what][of] / round[who][what][of])), 2),
    unit: 'x',
    from: `${told('ours', of)} s; bare ${told(who, of)} s`,
  });
  return [
    { what: `${name} / pulumi up`, most, ...beside('checked', 'ms') },
    { what: 'the same, time of a core', ...beside('checked', 'cpu') },
    { what: `${name} / pulumi up that leaves types out, too`, ...beside('leftOut', 'ms') },
    { what: 'the same, time of a core', ...beside('leftOut', 'cpu') },
  ];
}

async function roundOf(world: World, name: string, count: number, order: readonly Contestant[]) {
  const round = {} as Record<Contestant, Round>;
  for (const who of order) round[who] = await contestants[who](world, name, count);
  return round;
}

async function measure(world: World, sizes: Sizes): Promise<Row[]> {
  await world.startOperator();
  const order = Object.keys(contestants) as Contestant[];
  // Not counted: all sides are warm then.
  await roundOf(world, `warm-up-${sizes.size}`, 1, order);
  const rows: Row[] = [];
  for (const [count, rounds] of sizes) {
    const found = [];
    // Whoever goes last finds the machine warmest.
    for (let round = 0; round < rounds; round += 1)
      found.push(await roundOf(world, `up-${count}-${round}`, count, round % 2 === 0 ? order.toReversed() : order));
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
