/** Kubernetes objects as resources, one by one or as a list of them. */
import { check } from './check.ts';
import { inputsIn } from './checkpoint.ts';
import { create } from './create.ts';
import { deleteResource } from './delete.ts';
import { diff } from './diff.ts';
import { isListOfObjects, lists } from './lists.ts';
import type { ValueMap } from './property.ts';
import { read } from './read.ts';
import type { Handler } from './requests.ts';
import { update } from './update.ts';

const single: Handler = { check, diff, create, update, read, delete: deleteResource };

const of = (inputs: ValueMap): Handler => (isListOfObjects(inputs) ? lists : single);

export const objects: Handler = {
  check: (session, request) => of(request.news).check(session, request),
  diff: (session, request) => of(request.news).diff(session, request),
  create: (session, request) => of(request.inputs).create(session, request),
  update: (session, request) => of(request.news).update(session, request),
  read: (session, request) => of(inputsIn(request)).read(session, request),
  delete: (session, request) => of(inputsIn(request)).delete(session, request),
};
