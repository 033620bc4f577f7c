/** How long a plugin lives: until it is told to end, or until the engine that started it is gone. */

const lookEveryMs = 1000;

/** Runs `end` and exits at a signal or when the parent process is another one. */
export function endWithEngine(end: () => Promise<void>): void {
  let ending = false;
  const finish = (): void => {
    if (ending) return;
    ending = true;
    void end().finally(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, finish);
  const engine = process.ppid;
  // An engine that is killed closes nothing; nothing but the parent's number tells.
  setInterval(() => {
    if (process.ppid !== engine) finish();
  }, lookEveryMs).unref();
}
