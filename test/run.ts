/** `npm test`: gets the programs that the tests need, then runs jest on all of them; arguments go to jest. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { resolveSshd, resolveTools } from '#toolchain';

await resolveTools(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok', 'kubectl']);
await resolveSshd();
const jest = join(import.meta.dirname, '..', 'node_modules', 'jest', 'bin', 'jest.js');
const wanted = process.argv.slice(2);
// Integration tests mostly wait, so two at a time suit two cores, each with a control plane of its own.
const workers = wanted.some((argument) => !argument.startsWith('-')) ? 1 : Math.min(2, availableParallelism());
const args = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  jest,
  `--maxWorkers=${workers}`,
  '--testTimeout=60000',
  ...wanted,
];
// The API servers are what keeps the cores busiest: they spend a fifth less on memory that is there.
const env = { GOGC: '400', ...process.env };
const child = spawn(process.execPath, args, { stdio: 'inherit', cwd: join(import.meta.dirname, '..'), env });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
process.exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
