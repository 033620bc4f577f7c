/** Prints passed and failed tests of jest's JSON report; a suite that could not run counts as one failure. */
import { readFile } from 'node:fs/promises';

const report = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
};
process.stdout.write(`${report.numPassedTests} ${report.numFailedTests + report.numRuntimeErrorTestSuites}\n`);
