/** Reasons of stacks whose files are a Pulumi program. */
import type { ReasonText } from './reasons.ts';

export const pulumiReasons = {
  // State of Pulumi stacks
  StateLocked: {
    retry: 'backoff',
    meaning: 'Another run, or a command, has the state of the stack.',
    remedy: 'Wait; the message names who has it. What is left of one that died is taken over by itself.',
  },
  StateCorrupt: {
    retry: 'backoff',
    meaning:
      'The stored state of the stack cannot be read: a piece is missing or altered, or a newer version wrote it.',
    remedy: 'Restore the Secret that the message names, or import an export with `plumbline state import`.',
  },
  PassphraseWrong: {
    retry: 'backoff',
    meaning: 'The passphrase does not open the secrets of the state.',
    remedy: 'Put the passphrase that the state was written with into the Secret that the message names.',
  },
  BackendInvalid: {
    retry: 'on-change',
    meaning: 'The backend or the secrets provider of the stack is none that Pulumi knows.',
    remedy: 'Correct the URL that the message names.',
  },
  BackendFailed: {
    retry: 'backoff',
    meaning: 'The backend of the state did not answer, or refused the credentials.',
    remedy: 'Read what the engine said; correct spec.pulumi.backend, or the credentials that the stack names.',
  },
  // Programs and their runs
  ValueNotFound: {
    retry: 'backoff',
    meaning: 'A Secret, ConfigMap, variable or output from which a program is to be given a value does not exist.',
    remedy: 'Create it, or correct spec.pulumi; the program is run by itself once it is there.',
  },
  ProjectInvalid: {
    retry: 'on-change',
    meaning: 'Pulumi.yaml is missing, is of another project, or asks for what is not to be had here.',
    remedy: 'Correct the file, or spec.pulumi.project.',
  },
  ConfigInvalid: {
    retry: 'on-change',
    meaning: 'A value of the config, the environment or the limits of the program cannot be used.',
    remedy: 'Correct the key that the message names.',
  },
  ConfigMissing: {
    retry: 'on-change',
    meaning: 'The program asks for a config value that nobody gives.',
    remedy: 'Give it in spec.pulumi.config or configFrom, or in the stack file in Git.',
  },
  LockfileMissing: {
    retry: 'on-change',
    meaning: 'The program has no package.json or no lockfile, so that nobody knows which packages it needs.',
    remedy: 'Run `npm install` and commit package-lock.json.',
  },
  DependenciesFailed: {
    retry: 'backoff',
    meaning: 'The packages of the program could not be installed.',
    remedy: 'Read what the package manager said; correct package.json, the lockfile or the way to the registry.',
  },
  ProgramInvalid: {
    retry: 'on-change',
    meaning: 'The program does not compile, or imports what is not there.',
    remedy: 'Correct it.',
  },
  ProgramFailed: {
    retry: 'backoff',
    meaning: 'The program threw an error, or ended before it was done.',
    remedy: 'Read the message and the log of the run.',
  },
  // As Kubernetes does with a container that ran out of memory: what it takes depends on more than its code.
  MemoryExceeded: {
    retry: 'backoff',
    meaning: 'The program needed more memory than it may have.',
    remedy: 'Raise spec.pulumi.memoryMiB; the program is tried again less and less often, every 5 minutes in the end.',
  },
  OutputExceeded: {
    retry: 'on-change',
    meaning: 'The program printed without end.',
    remedy: 'Make it print less.',
  },
  ProviderMissing: {
    retry: 'on-change',
    meaning: 'The program uses a provider that is not installed.',
    remedy: "Put the plugin into the operator's plugin folder.",
  },
  ProviderFailed: {
    retry: 'backoff',
    meaning: 'A provider ended in the middle of a run, or does not start.',
    remedy: 'The next run goes on; read the log of the run when it happens again.',
  },
  UpdateFailed: {
    retry: 'backoff',
    meaning: 'One or more resources could not be made, changed or deleted.',
    remedy: 'Read the message, and the log of the run for the others.',
  },
  ChangesUnexpected: {
    retry: 'backoff',
    meaning: 'A run that was to change nothing found changes.',
    remedy: 'Commit what is meant, or put it back.',
  },
  RunFailed: {
    retry: 'backoff',
    meaning: 'The Pulumi engine failed for a reason of its own, or was killed.',
    remedy: 'Read the message; the next run puts in order what was left half done.',
  },
} as const satisfies Readonly<Record<string, ReasonText>>;
