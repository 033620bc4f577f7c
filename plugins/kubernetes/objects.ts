/** Kubernetes objects as resources. */
import { check } from './check.ts';
import { create } from './create.ts';
import { deleteResource } from './delete.ts';
import { diff } from './diff.ts';
import { read } from './read.ts';
import type { Handler } from './requests.ts';
import { update } from './update.ts';

export const objects: Handler = { check, diff, create, update, read, delete: deleteResource };
