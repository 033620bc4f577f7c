/** Between the checkpoint that the engine keeps and what `pulumi stack export` and `import` exchange. Pure. */
import { failure } from '#runtime';
import { replaceSecrets, storedSecret, type StoredSecret } from '../sealed.ts';
import type { Checkpoint, Deployment, Export } from './checkpoint.ts';
import type { StateFile } from './folder.ts';

export function exportOf({ version, features, checkpoint }: Checkpoint): Export {
  const some = features === undefined || features.length === 0 ? {} : { features };
  return { version, ...some, deployment: checkpoint.latest ?? {} };
}

/** `name`: `organization/project/stack` */
export function checkpointOf({ version, features, deployment }: Export, name: string): StateFile {
  const [, project = '', stack = ''] = name.split('/');
  const some = features === undefined || features.length === 0 ? {} : { features };
  const checkpoint: Checkpoint = { version, ...some, checkpoint: { stack: name, latest: deployment } };
  return { path: `${project}/${stack}.json`, bytes: Buffer.from(JSON.stringify(checkpoint)) };
}

/** The same with every secret changed; what is no secret stays. */
export const mapSecrets = (deployment: Deployment, change: (secret: StoredSecret) => StoredSecret): Deployment =>
  replaceSecrets(deployment, (secret) => storedSecret(change(secret))) as Deployment;

/** Whether secrets stand open in it, and whether some are sealed. */
export function secretsIn(deployment: Deployment): { readonly open: boolean; readonly sealed: boolean } {
  const found = { open: false, sealed: false };
  mapSecrets(deployment, (secret) => {
    if (secret.plaintext === undefined) found.sealed = true;
    else found.open = true;
    return secret;
  });
  return found;
}

const urnParts = /^urn:pulumi:([^:]+)::([^:]+)::/;

/**
 * Project and stack that all resources of a state are of; undefined when it holds none.
 * @throws Failure StateCorrupt when they are of several
 */
export function ownerOf({ resources }: Deployment, where: string): { project: string; stack: string } | undefined {
  const found = new Map<string, { project: string; stack: string }>();
  for (const { urn } of resources ?? []) {
    const [whole, stack = '', project = ''] = urnParts.exec(urn) ?? [];
    if (whole === undefined) throw failure('StateCorrupt', { where, what: 'a resource without a URN', found: urn });
    found.set(whole, { project, stack });
  }
  const [first, second] = found.values();
  if (first !== undefined && second !== undefined) {
    const said = `${first.project}/${first.stack} and ${second.project}/${second.stack}`;
    throw failure('StateCorrupt', { where, what: 'resources of several stacks', found: said });
  }
  return first;
}
