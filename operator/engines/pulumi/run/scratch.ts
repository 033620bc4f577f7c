/** The folder of one run: a copy of the commit, homes for Pulumi and the program, files that only this run can read. */
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface Scratch extends AsyncDisposable {
  readonly id: string;
  readonly folder: string;
  /** Copy of the exported commit. */
  readonly tree: string;
  readonly home: string;
  readonly temporary: string;
  readonly pulumiHome: string;
  readonly kubeconfig: string;
  readonly passphrase: string;
  /** The stack's config, secrets encrypted. */
  readonly config: string;
  /** What an update must not take away. */
  readonly keeps: string;
}

interface Making {
  /** Where the folders of all runs are. */
  readonly folder: string;
  /** The exported commit. */
  readonly source: string;
  /** Plugins that were installed for all runs. */
  readonly plugins: string;
}

/** Of a mode that other users of the machine cannot look into. */
const ownerOnly = 0o700;

export async function makeScratch({ folder: parent, source, plugins }: Making): Promise<Scratch> {
  await mkdir(parent, { recursive: true, mode: ownerOnly });
  const folder = await mkdtemp(join(parent, 'run-'));
  const at = (name: string): string => join(folder, name);
  const scratch: Scratch = {
    id: basename(folder),
    folder,
    tree: at('tree'),
    home: at('home'),
    temporary: at('tmp'),
    pulumiHome: at('pulumi'),
    kubeconfig: at('kubeconfig'),
    passphrase: at('passphrase'),
    config: at('config.yaml'),
    keeps: at('keeps.json'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  await using made = new AsyncDisposableStack();
  made.use(scratch);
  await Promise.all([scratch.home, scratch.temporary, scratch.pulumiHome].map((name) => mkdir(name)));
  await symlink(plugins, join(scratch.pulumiHome, 'plugins'));
  // A copy: what a program does to its files must not reach the exported commit, which other stacks read.
  await cp(source, scratch.tree, { recursive: true, verbatimSymlinks: true });
  made.move();
  return scratch;
}

/** Readable by this user alone. */
export const writePrivate = (file: string, text: string): Promise<void> => writeFile(file, text, { mode: 0o600 });

/** Removes what runs left behind that died with their operator. */
export async function clearScratch(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  await Promise.all(names.map((name) => rm(join(parent, name), { recursive: true, force: true })));
}
