/** The environment of a run: what the Stack names, what Pulumi needs, and nothing of the operator's own. */
import { delimiter, dirname } from 'node:path';
import { failure } from '#runtime';
import type { RunRequest } from '../values.ts';
import { passphraseVariable } from './stack-config.ts';
import type { Scratch } from './scratch.ts';

/** What decides which code runs, outside of the confinement of the program. */
const reserved = /^(PATH|HOME|TMPDIR|KUBECONFIG|KUBERNETES_.*|NODE_.*|LD_.*|GCONV_PATH|PULUMI_.*|PLUMBLINE_.*)$/;
/** Of Pulumi's own variables, those that a stack may set. */
const allowed = new Set(['PULUMI_ACCESS_TOKEN', 'PULUMI_NODEJS_TRANSPILE_ONLY', 'PULUMI_ERROR_OUTPUT_STRING']);

export interface Programs {
  /** Folders with `pulumi`, the language host and the provider. */
  readonly path: readonly string[];
  /** Environment that these need to find each other, and the way out through a proxy. */
  readonly environment: Readonly<Record<string, string>>;
}

/** In every process of the run, so that none can be lost. */
export const runVariable = 'PLUMBLINE_RUN';

/** @throws Failure ConfigInvalid for a variable that a stack may not set */
export function environmentOf(request: RunRequest, programs: Programs, scratch: Scratch): Record<string, string> {
  const { environment, backend, stack } = request;
  for (const name of Object.keys(environment)) assertFree(name);
  const { [passphraseVariable]: passphrase, ...ofBackend } = backend.environment;
  return {
    // Types are checked before the commit (docs/pulumi-runs.md); a stack may ask for it here, too.
    PULUMI_NODEJS_TRANSPILE_ONLY: 'true',
    ...environment,
    ...ofBackend,
    ...programs.environment,
    PATH: [dirname(process.execPath), ...programs.path, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
    HOME: scratch.home,
    // The command asks who it is, also as a user that no /etc/passwd knows.
    USER: 'plumbline',
    TMPDIR: scratch.temporary,
    KUBECONFIG: scratch.kubeconfig,
    PULUMI_HOME: scratch.pulumiHome,
    PULUMI_BACKEND_URL: backend.url,
    // The program could read a variable; the file is out of its reach.
    ...(passphrase === undefined ? {} : { PULUMI_CONFIG_PASSPHRASE_FILE: scratch.passphrase }),
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: 'true',
    // A package could name any program on any server as its plugin.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    PULUMI_DISABLE_REGISTRY_RESOLVE: 'true',
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: 'true',
    PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: 'true',
    PULUMI_SUPPRESS_NEO_LINK: 'true',
    NO_UPDATE_NOTIFIER: '1',
    PLUMBLINE_STACK: `${stack.namespace}.${stack.name}`,
    PLUMBLINE_FIELD_MANAGER: 'plumbline',
    ...(request.keeps === undefined ? {} : { PLUMBLINE_KEEPS: scratch.keeps }),
    ...(request.heal === true ? { PLUMBLINE_HEAL: 'true' } : {}),
    // What admission would refuse is in the plan; beside a plan it fails the preview.
    ...(request.operation === 'preview' && request.planFile !== undefined ? { PLUMBLINE_PLAN: 'true' } : {}),
    ...(request.force === true ? { PULUMI_K8S_ENABLE_PATCH_FORCE: 'true' } : {}),
    [runVariable]: scratch.id,
  };
}

function assertFree(name: string): void {
  if (!reserved.test(name) || allowed.has(name)) return;
  throw failure('ConfigInvalid', {
    where: 'spec.pulumi.env',
    what: `${name} is set by the operator`,
    remedy: 'leave it out',
  });
}
