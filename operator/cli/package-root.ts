/** Where Plumbline's own files lie, be it run from source or from the built bundle. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failure } from '#runtime';

/** The nearest folder above this file that holds `charts/crds`. @throws Failure Internal */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'charts', 'crds'))) return folder;
  }
  throw failure('Internal', {
    what: 'the folder charts of this installation is missing',
    remedy: 'install Plumbline again',
  });
}
