/** Starts the operator: reads the configuration, joins the election, runs until it is told to stop. */
import { readConfig } from '#config';
import { startOperator } from './operator.ts';

const operator = await startOperator(readConfig(process.argv.slice(2)));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void operator.stop(signal));
process.exitCode = await operator.stopped;
