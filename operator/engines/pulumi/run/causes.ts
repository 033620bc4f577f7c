/**
 * Says in one sentence why a run failed. The engine hands on what programs and plugins said as text, and has exit codes for
 * little; the patterns here are those of the version that is pinned, and the tests run each against the real engine.
 */
import { diskFull, isDiskFull, saysDiskFull, type FailureParts } from '#runtime';
import type { Reason } from '#api';
import type { Diagnostic } from '../values.ts';
import { lockedBy } from './engine-locks.ts';
import { isResource } from '../urn.ts';
import { nameOf } from './repair.ts';

export interface Cause {
  readonly reason: Reason;
  readonly parts: FailureParts;
}

export interface Context {
  readonly path: string;
  readonly memoryMiB: number;
}

interface Pattern {
  readonly pattern: RegExp;
  /** The rest of the first match, in the order of the pattern's groups. */
  readonly cause: (found: readonly string[], context: Context) => Cause;
}

/** Of the command: pkg/cmd/pulumi/cmd/exit_codes.go. */
const noChangesExpected = 7;
/** Of preload.cjs. */
const endedEarly = 87;
const heldBack = 88;

/** Of the program: what it said, or how its process ended. */
const ofProgram: readonly Pattern[] = [
  {
    pattern: /Missing required configuration variable '([^']+)'/,
    cause: ([key = ''], { path }) => ({
      reason: 'ConfigMissing',
      parts: {
        where: path,
        what: `the program needs config ${key}`,
        remedy: 'give it in spec.pulumi.config, or in the stack file in Git',
      },
    }),
  },
  {
    pattern: /out of memory|exit code: 134\b/,
    cause: (_, context) => memoryExceeded(context),
  },
  {
    pattern: new RegExp(`exit code: ${endedEarly}\\b`),
    cause: (_, { path }) => ({
      reason: 'ProgramFailed',
      parts: {
        where: path,
        what: 'the program ended itself before it was done',
        remedy: 'take process.exit() out: what it had not declared until then would have been deleted',
      },
    }),
  },
  {
    pattern: new RegExp(`exit code: ${heldBack}\\b`),
    cause: (_, { path }) => ({
      reason: 'PruneLimitExceeded',
      parts: {
        where: path,
        what: 'the program does not make what the state holds',
        remedy: 'restore the program, or confirm what would be deleted',
      },
    }),
  },
  {
    pattern: /Unable to compile TypeScript:?\s*([^\n]+)|(SyntaxError: [^\n]+)/,
    cause: ([types = '', syntax = ''], { path }) => ({
      reason: 'ProgramInvalid',
      parts: { where: path, what: `the program does not compile: ${(types || syntax).trim()}`, remedy: 'correct it' },
    }),
  },
  {
    pattern: /Cannot find (?:module|package) '([^']+)'/,
    cause: ([name = ''], { path }) => ({
      reason: 'ProgramInvalid',
      parts: {
        where: path,
        what: `the program imports ${name}, which is not there`,
        remedy: 'add it to package.json and the lockfile, or commit the file',
      },
    }),
  },
  {
    pattern: /Access to this API has been restricted/,
    cause: (_, { path }) => ({
      reason: 'ProgramFailed',
      parts: {
        where: path,
        what: 'the program may not start programs, load native code, or use files that are not its own',
        remedy: 'do that before the commit, and commit what comes of it',
      },
    }),
  },
  {
    pattern: /failed with an unhandled exception:\s*(?:<ref[^>]*>)?([^\n]+)/,
    cause: ([error = ''], { path }) => ({
      reason: 'ProgramFailed',
      parts: { where: path, what: `the program threw ${error.trim()}`, remedy: 'correct the program' },
    }),
  },
];

/** The connection to a plugin broke, so that nobody knows what became of the operations in hand. */
export const providerLost =
  /error reading from server|transport is closing|connect(?:ion)? (?:refused|reset)|code = Unavailable|plugin .* exited/;

/** Of the engine and its plugins. */
const ofEngine: readonly Pattern[] = [
  {
    pattern: lockedBy,
    cause: ([who = '', pid = '', since = ''], { path }) => ({
      reason: 'StateLocked',
      parts: {
        where: path,
        what: `the state is in the hands of ${who} (process ${pid}) since ${since}`,
        remedy: 'it goes on when that ends; if nothing runs there any more, `pulumi cancel` takes the lock away',
      },
    }),
  },
  {
    pattern: /incorrect passphrase|passphrase must be set/,
    cause: () => ({
      reason: 'PassphraseWrong',
      parts: {
        what: 'the state was encrypted with another passphrase',
        remedy: 'put that one into the Secret of spec.pulumi.passphraseSecretRef',
      },
    }),
  },
  {
    pattern:
      /resource (\S+) violates plan: ([^\n]+)|(\S+ is not allowed by the plan: [^\n]+)|(expected resource operations for \S+ but none were seen)/,
    cause: ([urn = '', property = '', step = '', missing = '']) => ({
      reason: 'PlanStale',
      parts: {
        ...(urn === '' ? {} : { where: nameOf(urn) }),
        what: `the update would do what its plan does not say: ${property || step || missing}`,
        remedy: 'nothing to do: a new plan is made; if that goes on, make the program do the same each time it is run',
      },
    }),
  },
  {
    pattern: /no (resource|language) plugin '([^']+)'/,
    cause: ([kind = '', name = '']) => ({
      reason: 'ProviderMissing',
      parts: {
        what: `the ${kind} plugin ${name} is not installed`,
        remedy: "put it into the operator's plugin folder; nothing is downloaded for a program",
      },
    }),
  },
  {
    pattern: /(?:could not read plugin \[|failed to load plugin )(?:[^\]:\s]*\/)?([^\]:\s/]+)\]?: ([^\n]+)/,
    cause: ([name = '', why = '']) => ({
      reason: 'ProviderFailed',
      parts: {
        what: `the plugin ${name} does not start: ${why.trim()}`,
        remedy: "put one that does into the operator's plugin folder; the log of the run has what it said",
      },
    }),
  },
  {
    pattern: providerLost,
    cause: () => ({
      reason: 'ProviderFailed',
      parts: { what: 'the provider ended in the middle of the run', remedy: 'the next run goes on' },
    }),
  },
];

export const memoryExceeded = ({ path, memoryMiB }: Context): Cause => ({
  reason: 'MemoryExceeded',
  parts: {
    where: path,
    what: `the program exceeded ${memoryMiB} MiB of memory`,
    remedy: 'raise spec.pulumi.memoryMiB, or make it need less',
  },
});

const noRoom = (path: string): Parameters<typeof diskFull>[0] => ({
  where: path,
  undone: 'the run could not write its files or its state',
  then: 'the next run goes on',
});

export const runDiskFull = ({ path }: Pick<Context, 'path'>): Cause => diskFull(noRoom(path));

/** The error; one of a file for which there was no room as what it is: DiskFull at `path`. */
export const orDiskFull = (error: unknown, path: string): unknown =>
  isDiskFull(error) ? diskFull(noRoom(path), error) : error;

/** The engine blames the resource that it had in hand when it could not write the state. */
const saving = /step event returned an error|failed to save snapshot/;

/**
 * Whether what was said tells of the operator's disk: that a resource failed for want of room on the disk of another
 * machine, as when a node cannot pull an image, is no sign of that.
 */
export function tellsDiskFull({ said, errors }: Pick<Ended, 'said' | 'errors'>): boolean {
  const full = errors.filter(({ message }) => saysDiskFull(message));
  return full.length === 0 ? saysDiskFull(said) : full.some((one) => !isResource(one.urn) || saving.test(one.message));
}

export interface Ended {
  /** Exit code of the command; undefined when a signal ended it. */
  readonly code: number | undefined;
  /** Its last words. */
  readonly said: string;
  readonly errors: readonly Diagnostic[];
}

/** Why the run failed whose command ended with another code than 0. */
export function causeOf(ended: Ended, context: Context): Cause {
  const { code, said, errors } = withoutConsequences(ended);
  const { path } = context;
  // Whatever else went wrong is a consequence, also that a module is not found or a file is cut off.
  if (tellsDiskFull(ended)) return runDiskFull(context);
  if (code === noChangesExpected) {
    const [first, ...more] = errors;
    const what = first === undefined ? 'no change was expected, but there are some' : first.message;
    const where = first === undefined ? path : nameOf(first.urn);
    const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
    const remedy = 'look at what was found, and commit it or put it back';
    return { reason: 'ChangesUnexpected', parts: { where, what: `${what}${rest}`, remedy } };
  }
  if (code === undefined && said === '')
    return {
      reason: 'RunFailed',
      parts: { where: path, what: 'the engine was killed', remedy: 'the next run goes on' },
    };
  const texts = [...errors.map(({ message }) => message), said];
  for (const { pattern, cause } of [...ofProgram, ...ofEngine]) {
    const found = texts.map((text) => pattern.exec(text)).find((match) => match !== null);
    if (found) return cause(found.slice(1), context);
  }
  return (
    failedResources(errors) ?? {
      reason: 'RunFailed',
      parts: { where: path, what: firstLine(texts) ?? `the engine ended with code ${code} and said nothing` },
    }
  );
}

const notBegun = /expected resource operations for \S+ but none were seen/g;

/** What failed keeps others from being begun: that the plan misses these is no news, and no reason to make another plan. */
function withoutConsequences(ended: Ended): Ended {
  const errors = ended.errors.filter(({ message }) => message.search(notBegun) < 0);
  if (failedResources(errors) === undefined) return ended;
  return { ...ended, errors, said: ended.said.replaceAll(notBegun, '') };
}

/** Operations on resources that failed: the first by name, whichever came first, so that each try says the same; the others by number. */
function failedResources(errors: readonly Diagnostic[]): Cause | undefined {
  const failed = errors.filter((error) => isResource(error.urn) && error.message);
  const [first] = failed.toSorted((a, b) => a.urn.localeCompare(b.urn));
  if (first === undefined) return undefined;
  const more = new Set(failed.map(({ urn }) => urn)).size - 1;
  const rest = more > 0 ? ` (and ${more} more)` : '';
  return { reason: 'UpdateFailed', parts: { where: nameOf(first.urn), what: `${tidy(first.message)}${rest}` } };
}

const longest = 1000;
const tidy = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, longest);

function firstLine(texts: readonly string[]): string | undefined {
  const text = texts.find((one) => one.trim() !== '');
  return text === undefined ? undefined : tidy(text.replace(/^\s*error:\s*/, ''));
}
