/** `npm run try-manifests -- PATH...`: how the operator gets on with manifests that nobody wrote for it. */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../operator/cli/output.ts';
import { Stage } from './manifest-stage.ts';
import { tryManifest, type TrialResult } from './manifest-trial.ts';

const usage = 'usage: npm run try-manifests -- [--idle SECONDS] [--timeout SECONDS] [--json] PATH...';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    idle: { type: 'string', default: '30' },
    timeout: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});

const header = 'MANIFEST OBJECTS KINDS APPLIED REQUESTS UNREADY IDLE HEALED PRUNED LEFT MIB'.split(' ');

const row = (result: TrialResult): string[] => [
  result.name,
  ...[result.objects, result.kinds].map(String),
  `${result.appliedSeconds} s`,
  String(result.requests),
  String(result.unready.length),
  String(result.idle.length + result.idleAfterEdits.length),
  `${result.edits - result.unhealed.length} of ${result.edits} in ${result.healedSeconds} s`,
  `${result.prunedSeconds} s`,
  String(result.leftovers.length),
  String(result.residentMiB),
];

const details = (result: TrialResult): string =>
  [
    ...result.unready.map((line) => `not ready: ${line}`),
    ...result.idle.map((line) => `while idle: ${line}`),
    ...result.changed.map((line) => `one change: ${line}`),
    ...result.unhealed.map((line) => `not healed: ${line}`),
    ...result.idleAfterEdits.map((line) => `idle after edits: ${line}`),
    ...result.outOfOrder.map((line) => `pruned after a definition or namespace: ${line}`),
    ...result.leftovers.map((line) => `left: ${line}`),
  ]
    .map((line) => `  ${line}\n`)
    .join('');

const isBad = ({ idle, idleAfterEdits, unhealed, leftovers, outOfOrder }: TrialResult): boolean =>
  [idle, idleAfterEdits, unhealed, leftovers, outOfOrder].some(({ length }) => length > 0);

/** A stack may be called like the file or folder; the name says what is tried. */
const nameOf = (path: string): string =>
  basename(path)
    .replace(/\.[^.]*$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');

async function main(): Promise<void> {
  if (positionals.length === 0) {
    process.stderr.write(`${usage}\n`);
    process.exitCode = 2;
    return;
  }
  process.stderr.write('starting a control plane\n');
  await using stage = await Stage.create();
  const results: TrialResult[] = [];
  for (const path of positionals) {
    const name = nameOf(path);
    process.stderr.write(`${name}\n`);
    try {
      const times = { idleMs: Number(values.idle) * 1000, timeoutMs: Number(values.timeout) * 1000 };
      const result = await tryManifest(stage, { name, path, ...times });
      results.push(result);
      process.stderr.write(details(result));
    } catch (error) {
      process.stderr.write(`  ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
      await stage.deleteStack(name);
    }
  }
  if (results.some(isBad)) process.exitCode = 1;
  process.stdout.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : table(header, results.map(row)));
}

await main();
