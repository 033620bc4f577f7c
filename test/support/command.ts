/** The command line as a process of its own, without a terminal. */
import { execFile } from 'node:child_process';
import { built } from './built.ts';
import { kubeconfig } from './cluster.ts';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs a verb against the API server of the test run. */
export const plumbline = (...args: readonly string[]): Promise<Said> => plumblineWith({}, ...args);

/** The same with more in its environment. */
export function plumblineWith(environment: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Said> {
  const options = { env: { PATH: process.env['PATH'], KUBECONFIG: kubeconfig, ...environment } };
  return new Promise((resolve) => {
    execFile(process.execPath, [built('plumbline.js'), ...args], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, error: err }),
    );
  });
}
