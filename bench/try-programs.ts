/** `npm run try-programs -- FOLDER...`: how Pulumi programs that nobody wrote for Plumbline get on with its plugins. */
import { parseArgs } from 'node:util';
import { table } from '../operator/cli/output.ts';
import { Stage } from './program-stage.ts';
import { projectName, steps, tryProgram, type ProgramResult } from './program-trial.ts';

const usage =
  'usage: npm run try-programs -- [--config KEY=VALUE]... [--secret KEY=VALUE]... [--env NAME=VALUE]... [--json] FOLDER...';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    config: { type: 'string', multiple: true, default: [] },
    secret: { type: 'string', multiple: true, default: [] },
    env: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
});

const header = ['PROGRAM', 'RESOURCES', ...steps.map((step) => step.toUpperCase()), 'LEFT'];

const row = ({ name, resources, steps: results, leftovers }: ProgramResult): string[] => [
  name,
  String(resources),
  ...steps.map((step) => {
    const result = results.find((each) => each.step === step);
    if (result === undefined) return '-';
    return result.failed === undefined ? `${result.seconds} s` : 'failed';
  }),
  String(leftovers.length),
];

const details = ({ refused, steps: results, leftovers }: ProgramResult): string =>
  [
    ...(refused === undefined ? [] : [refused]),
    ...results.flatMap(({ step, failed }) =>
      (failed ?? '')
        .split('\n')
        .filter(Boolean)
        .map((line) => `${step}: ${line}`),
    ),
    ...leftovers.map((object) => `left: ${object}`),
  ]
    .map((line) => `  ${line}\n`)
    .join('');

const isBad = ({ refused, steps: results, leftovers }: ProgramResult): boolean =>
  refused !== undefined || leftovers.length > 0 || results.some(({ failed }) => failed !== undefined);

async function main(): Promise<void> {
  if (positionals.length === 0) {
    process.stderr.write(`${usage}\n`);
    process.exitCode = 2;
    return;
  }
  process.stderr.write('starting a control plane\n');
  await using stage = await Stage.create();
  const environment = Object.fromEntries(values.env.map((text) => text.split(/=(.*)/s).slice(0, 2)));
  const results: ProgramResult[] = [];
  for (const path of positionals) {
    const name = await projectName(path);
    process.stderr.write(`${name}\n`);
    const result = await tryProgram(stage, { name, path, config: values.config, secrets: values.secret, environment });
    results.push(result);
    process.stderr.write(details(result));
  }
  if (results.some(isBad)) process.exitCode = 1;
  process.stdout.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : table(header, results.map(row)));
}

await main();
